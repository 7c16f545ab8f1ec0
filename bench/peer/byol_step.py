"""The other side of the comparison: the BYOL step of ResNet-18 in PyTorch, float32, eager, channels_last.

A step is two views through the online network forward and backward, two through the target network forward, one AdamW
update and one moving average: the work that the gzpt step does on the same shapes. The process is long-lived. It prints
one line that says what it is, then answers each line of its standard input with the seconds that the work took:

    byol SIZE BATCH STEPS             whole training steps
    parameters                        nothing: answers with the number of trained parameters instead
    forward|backward-data|backward-weights N C K H R STRIDE PAD TIMES     one convolution

What a line needs is built, and run once untimed, when it is first asked for.
"""

import argparse
import copy
import sys
import time

import torch
import torchvision
from torch import nn
from torch.nn import functional as F


def mlp(inputs, hidden, outputs):
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, outputs, bias=False)
    )


def adamw(parameters):
    """The fastest AdamW that this PyTorch has: one fused pass, or before 2.4 a pass for each term."""
    settings = dict(lr=8e-4, betas=(0.9, 0.95), weight_decay=1e-6)
    try:
        return torch.optim.AdamW(parameters, fused=True, **settings)
    except RuntimeError:
        return torch.optim.AdamW(parameters, **settings)


class Step:
    """One BYOL step with a positives matrix on fixed random pixels."""

    def __init__(self, size, batch):
        backbone = torchvision.models.resnet18()
        backbone.fc = nn.Identity()
        self.online = nn.Sequential(backbone, mlp(512, 1024, 256)).to(memory_format=torch.channels_last)
        self.target = copy.deepcopy(self.online)
        self.target.requires_grad_(False)
        self.predictor = mlp(256, 4096, 256)
        self.parameters = [*self.online.parameters(), *self.predictor.parameters()]
        self.optimiser = adamw(self.parameters)
        self.views = [
            torch.randn(batch, 3, size, size).contiguous(memory_format=torch.channels_last) for _ in range(2)
        ]
        item = torch.arange(batch)
        self.positives = ((item[:, None] == item) | (item[:, None] == item ^ 1)).float()

    def half(self, prediction, target):
        similarity = F.normalize(prediction) @ F.normalize(target).T
        return -(similarity * self.positives).sum() / self.positives.sum()

    def run(self):
        online = [self.predictor(self.online(v)) for v in self.views]
        with torch.no_grad():
            target = [self.target(v) for v in self.views]
        loss = 2 * (self.half(online[0], target[1]) + self.half(online[1], target[0]))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.target.parameters()), list(self.online.parameters()), 0.01)
        return loss.item()


class Convolution:
    """One convolution in one direction."""

    def __init__(self, direction, n, c, k, h, r, stride, pad):
        last = torch.channels_last
        self.x = torch.randn(n, c, h, h).contiguous(memory_format=last)
        self.w = torch.randn(k, c, r, r).contiguous(memory_format=last)
        self.dy = torch.randn_like(F.conv2d(self.x, self.w, stride=stride, padding=pad)).contiguous(memory_format=last)
        self.geometry = dict(stride=[stride] * 2, padding=[pad] * 2, dilation=[1, 1])
        self.mask = [direction == "backward-data", direction == "backward-weights", False]

    def run(self):
        if not any(self.mask):
            with torch.no_grad():
                F.conv2d(self.x, self.w, **self.geometry)
            return
        torch.ops.aten.convolution_backward(
            self.dy, self.x, self.w, None, **self.geometry, transposed=False, output_padding=[0, 0], groups=1,
            output_mask=self.mask,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"PyTorch {torch.__version__}, {capability}, float32 eager channels_last, {threads} threads", flush=True)
    prepared = {}
    for line in sys.stdin:
        if line.strip() == "parameters":
            print(sum(p.numel() for p in Step(32, 2).parameters), flush=True)
            continue
        *key, times = line.split()
        key = tuple(key)
        if key not in prepared:
            numbers = [int(v) for v in key[1:]]
            prepared[key] = Step(*numbers) if key[0] == "byol" else Convolution(key[0], *numbers)
            prepared[key].run()
        start = time.perf_counter()
        for _ in range(int(times)):
            prepared[key].run()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
