"""The other side of the comparison of gaze measures: what a Python user computes them with, on one thread.

The process is long-lived. It prints one line that says what it is, then answers each line of its standard input with
the seconds that the work took:

    load FILE 1                 recordings: a JSON list of scanpaths, each a list of [x, y, seconds], the frame, and
                                for each of the grids the maps of all scanpaths
    MEASURE ITEMS TIMES         every pair of the first ITEMS scanpaths or maps
    value MEASURE I J           not a time: the measure of two scanpaths, to check that both sides compute the same

It needs dtw 1.4, ImageHash, multimatch-gaze, POT, RapidFuzz, scikit-image, SciPy and similaritymeasures.
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

from importlib.metadata import version  # noqa: E402

import dtw  # noqa: E402
import imagehash  # noqa: E402
import multimatch_gaze  # noqa: E402
import numpy as np  # noqa: E402
import ot  # noqa: E402
import similaritymeasures  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402
from rapidfuzz.distance import Levenshtein  # noqa: E402
from scipy.spatial.distance import cdist, directed_hausdorff, jensenshannon  # noqa: E402
from skimage.metrics import structural_similarity  # noqa: E402

LIBRARIES = [
    "multimatch-gaze", "dtw", "NumPy", "SciPy", "similaritymeasures", "RapidFuzz", "scikit-image", "POT", "ImageHash",
]


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
        self.words = [list(cells(path[:, :2] / self.frame, 5)) for path in self.paths]
        grids = zip(content["grids"], content["maps"])
        self.grids = {tuple(grid): np.array(maps, dtype=np.float32) for grid, maps in grids}
        self.maps = self.grids[32, 32]
        self.pictures = self.maps / self.maps.max(axis=1, keepdims=True)
        places = np.indices((8, 8)).reshape(2, -1).T
        self.distances = cdist(places, places)


def cells(places, grid):
    columns, rows = np.clip((places * grid).astype(int), 0, grid - 1).T
    return rows * grid + columns


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


def frechet(data, i, j):
    return similaritymeasures.frechet_dist(data.paths[i][:, :2], data.paths[j][:, :2])


def edit(data, i, j):
    return Levenshtein.normalized_similarity(data.words[i], data.words[j])


def divergence(data, i, j):
    return jensenshannon(data.maps[i], data.maps[j], 2)


def structure(data, i, j):
    a, b = data.pictures[i].reshape(32, 32), data.pictures[j].reshape(32, 32)
    return structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0
    )


def earth(data, i, j):
    a, b = data.grids[8, 8][i].astype(float), data.grids[8, 8][j].astype(float)
    return ot.emd2(a / a.sum(), b / b.sum(), data.distances)


def correlation(maps):
    return np.corrcoef(maps)


def cosine(maps):
    unit = maps / np.linalg.norm(maps, axis=1, keepdims=True)
    return unit @ unit.T


def intersection(maps):
    return np.stack([np.minimum(row, maps).sum(axis=1) for row in maps])


def image(cells, rows):
    grey = np.rint(cells / cells.max() * 255).astype(np.uint8)
    return Image.fromarray(grey.reshape(rows, -1))


def differences(maps):
    """ImageHash has a bit where a pixel is darker than its right neighbour: on the mirror image, brighter."""
    bits = [imagehash.dhash(ImageOps.mirror(image(row, 8))).hash.ravel() for row in maps]
    return cosine(np.array(bits, dtype=np.float32))


def equal_bits(hash_of, rows):
    def similarity(maps):
        hashes = [hash_of(image(row, rows)) for row in maps]
        equal = np.ones((len(maps), len(maps)))
        for i, j in pairs(len(maps)):
            equal[i, j] = equal[j, i] = 1 - (hashes[i] - hashes[j]) / 64
        return equal

    return similarity


ONE_BY_ONE = {
    "multimatch": multimatch,
    "dtw": warp,
    "hausdorff": hausdorff,
    "frechet": frechet,
    "levenshtein": edit,
    "jsd": divergence,
    "ssim": structure,
    "emd": earth,
}
AT_ONCE = {  # with the grid of the maps
    "heatmap-cc": (correlation, (32, 32)),
    "cosine": (cosine, (32, 32)),
    "sim": (intersection, (32, 32)),
    "dhash": (differences, (8, 9)),
    "ahash": (equal_bits(imagehash.average_hash, 8), (8, 8)),
    "phash": (equal_bits(imagehash.phash, 32), (32, 32)),
}


def run(data, measure, n):
    if measure in AT_ONCE:
        compare, grid = AT_ONCE[measure]
        compare(data.grids[grid][:n])
        return
    for i, j in pairs(n):
        ONE_BY_ONE[measure](data, i, j)


def value(data, measure, i, j):
    if measure in AT_ONCE:
        compare, grid = AT_ONCE[measure]
        return compare(data.grids[grid][[i, j]])[0, 1]
    return float(np.mean(ONE_BY_ONE[measure](data, i, j)))


def main():
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    print(f"Python {sys.version.split()[0]}, {libraries}, {threads} thread", flush=True)
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
