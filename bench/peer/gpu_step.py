"""The BYOL step of ResNet-18 and its convolutions in PyTorch on a GPU, as lines of Go benchmarks: float32 with and without TF32.

Every figure is the median of five turns after a warm-up, each of which waits for the GPU.
"""

import statistics
import sys
import time

import torch

DEVICE = sys.argv[1] if len(sys.argv) > 1 else "cuda"
SMALL = len(sys.argv) > 2  # a trial on the CPU
torch.set_default_device(DEVICE)

from byol_step import Convolution, Step  # noqa: E402: what it makes lies on the default device


def wait():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def seconds(work, times):
    for _ in range(2):
        work.run()
    turns = []
    for _ in range(5):
        wait()
        start = time.perf_counter()
        for _ in range(times):
            work.run()
        wait()
        turns.append((time.perf_counter() - start) / times)
    return statistics.median(turns)


def main():
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    print(f"PyTorch {torch.__version__}, eager channels_last")
    sizes = [(32, 4)] if SMALL else [(224, 16), (224, 128), (56, 256)]
    shapes = [(2, 8, 8, 8, 3, 1, 1)] if SMALL else [
        (64, 64, 64, 56, 3, 1, 1), (64, 128, 128, 28, 3, 1, 1), (64, 256, 256, 14, 3, 1, 1), (64, 512, 512, 7, 3, 1, 1),
    ]
    for tf32 in (False, True):
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cuda.matmul.allow_tf32 = tf32
        kind = "tf32" if tf32 else "float32"
        for size, batch in sizes:
            s = seconds(Step(size, batch), 5)
            print(f"BenchmarkStep/{kind}/size={size}/batch={batch} 25 {s * 1e9:.0f} ns/op {batch / s:.2f} pairs/s", flush=True)
        for n, c, k, h, r, stride, pad in shapes:
            out = (h + 2 * pad - r) // stride + 1
            operations = 2 * n * out * out * k * c * r * r
            for direction in ("forward", "backward-data", "backward-weights"):
                s = seconds(Convolution(direction, n, c, k, h, r, stride, pad), 20)
                name = f"n{n}_c{c}_k{k}_h{h}_r{r}_s{stride}"
                print(f"BenchmarkConvolution/{kind}/shape={name}/{direction} 100 {s * 1e9:.0f} ns/op {operations / s / 1e9:.1f} GFLOP/s", flush=True)


if __name__ == "__main__":
    main()
