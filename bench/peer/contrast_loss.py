"""The other side of the contrastive loss: PyTorch's cross_entropy(q @ k.T / t) with autograd, float32, eager or compiled.

The process is long-lived. It prints one line that says what it is, then answers each line of its standard input:

    eager|compiled plain|symmetric N D TIMES      the seconds that so many losses with their gradients took
    loss eager|compiled plain|symmetric N D       the loss
    memory eager|compiled plain|symmetric N D     the bytes that one takes at its peak beyond what is there before it

Plain has N anchors and N keys, the key of an anchor's own row its positive, and gradients of both. Symmetric compares N
rows with each other, without themselves; the positive of row i is row i + N/2. The rows follow from their place alone, so
that the losses of both sides can be compared. What a line needs is built, and run once untimed, when it is first asked for.
"""

import argparse
import sys
import time

import numpy
import torch
from torch.nn import functional as F

TEMPERATURE = 0.2


def rows(seed, n, d):
    """Rows of length one from a hash of their place."""
    h = (numpy.arange(n * d, dtype=numpy.uint64) + seed * 0x9E3779B9).astype(numpy.uint32) * numpy.uint32(2654435761)
    h ^= h >> numpy.uint32(15)
    h *= numpy.uint32(2246822519)
    h ^= h >> numpy.uint32(13)
    x = (h >> numpy.uint32(8)).astype(numpy.float32) / 2**23 - 1
    return F.normalize(torch.from_numpy(x.reshape(n, d)))


def plain(q, k, target):
    return F.cross_entropy(q @ k.T / TEMPERATURE, target)


def symmetric(q, k, target):
    return F.cross_entropy((q @ q.T / TEMPERATURE).fill_diagonal_(float("-inf")), target)


class Loss:
    def __init__(self, how, form, n, d):
        torch._dynamo.reset()
        loss = {"plain": plain, "symmetric": symmetric}[form]
        self.loss = torch.compile(loss, dynamic=False) if how == "compiled" else loss
        self.q = rows(1, n, d).requires_grad_()
        self.k = rows(2, n, d).requires_grad_() if form == "plain" else None
        self.target = torch.arange(n) if form == "plain" else (torch.arange(n) + n // 2) % n

    def run(self):
        self.q.grad = None
        if self.k is not None:
            self.k.grad = None
        loss = self.loss(self.q, self.k, self.target)
        loss.backward()
        return loss.item()


def status(name):
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith(name))


def peak(loss):
    """The memory of one loss. clear_refs 5 sets the peak back to what is resident now."""
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")
    before = status("VmRSS")
    loss.run()
    return status("VmHWM") - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
    torch.set_num_threads(threads)
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"PyTorch {torch.__version__}, {capability}, float32, {threads} threads", flush=True)
    prepared = {}
    for line in sys.stdin:
        words = line.split()
        question = words.pop(0) if words[0] in ("loss", "memory") else None
        key = tuple(words[:4])
        if key not in prepared:
            if any(other[2:] != key[2:] for other in prepared):
                prepared.clear()
            prepared[key] = Loss(key[0], key[1], int(key[2]), int(key[3]))
            prepared[key].run()
        if question == "loss":
            print(prepared[key].run(), flush=True)
        elif question == "memory":
            print(peak(prepared[key]), flush=True)
        else:
            start = time.perf_counter()
            for _ in range(int(words[4])):
                prepared[key].run()
            print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
