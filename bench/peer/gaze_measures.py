"""The other side of the comparison of gaze measures: what a Python user computes them with, on one thread.

The process is long-lived. It prints one line that says what it is, then answers each line of its standard input with
the seconds that the work took:

    load FILE 1                 recordings: a JSON list of scanpaths, each a list of [x, y, seconds], and the frame
    MEASURE ITEMS TIMES         every pair of the first ITEMS scanpaths or maps
    value MEASURE I J           not a time: the measure of two scanpaths, to check that both sides compute the same
"""

import argparse
import json
import os
import sys
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=1)
threads = parser.parse_args().threads
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(threads)

import dtw  # noqa: E402
import multimatch_gaze  # noqa: E402
import numpy as np  # noqa: E402
import scipy  # noqa: E402
from scipy.spatial.distance import directed_hausdorff, jensenshannon  # noqa: E402


class Data:
    """The scanpaths, and on demand what each measure starts from."""

    def __init__(self, path):
        with open(path) as file:
            content = json.load(file)
        self.frame = content["frame"]
        self.paths = [np.array(path) for path in content["scanpaths"]]
        self.records = [
            np.rec.fromarrays(path.T, names="start_x,start_y,duration") for path in self.paths
        ]
        self.maps = np.array(content["maps"], dtype=np.float32)


def pairs(n):
    return ((i, j) for i in range(n) for j in range(i + 1, n))


def multimatch(data, i, j):
    return multimatch_gaze.docomparison(data.records[i], data.records[j], screensize=data.frame)


def warp(data, i, j):
    a, b = data.paths[i][:, :2], data.paths[j][:, :2]
    cost, _, _, path = dtw.accelerated_dtw(a, b, "euclidean")
    return 1 - cost / (len(path[0]) * np.hypot(*data.frame))


def hausdorff(data, i, j):
    a, b = data.paths[i][:, :2], data.paths[j][:, :2]
    return max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0])


def divergence(data, i, j):
    return jensenshannon(data.maps[i], data.maps[j], 2)


def correlation(maps):
    return np.corrcoef(maps)


def cosine(maps):
    unit = maps / np.linalg.norm(maps, axis=1, keepdims=True)
    return unit @ unit.T


def intersection(maps):
    return np.stack([np.minimum(row, maps).sum(axis=1) for row in maps])


ONE_BY_ONE = {"multimatch": multimatch, "dtw": warp, "hausdorff": hausdorff, "jsd": divergence}
AT_ONCE = {"heatmap-cc": correlation, "cosine": cosine, "sim": intersection}


def run(data, measure, n):
    if measure in AT_ONCE:
        AT_ONCE[measure](data.maps[:n])
        return
    for i, j in pairs(n):
        ONE_BY_ONE[measure](data, i, j)


def value(data, measure, i, j):
    if measure in AT_ONCE:
        return AT_ONCE[measure](data.maps[[i, j]])[0, 1]
    return float(np.mean(ONE_BY_ONE[measure](data, i, j)))


def main():
    print(
        f"Python {sys.version.split()[0]}, multimatch-gaze {multimatch_gaze.__version__}, dtw 1.x accelerated, "
        f"NumPy {np.__version__}, SciPy {scipy.__version__}, {threads} thread",
        flush=True,
    )
    data = None
    for line in sys.stdin:
        first, *rest = line.split()
        if first == "load":
            data = Data(rest[0])
            print(0.0, flush=True)
            continue
        if first == "value":
            print(value(data, rest[0], int(rest[1]), int(rest[2])), flush=True)
            continue
        start = time.perf_counter()
        for _ in range(int(rest[1])):
            run(data, first, int(rest[0]))
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
