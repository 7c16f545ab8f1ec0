"""Checks an exported backbone against torchvision.

    check_export.py RUN/exported/backbone.safetensors                  loads it into torchvision.models.resnet*
    check_export.py ... --features DIR --images DIR --size N           and compares features

With --features, DIR holds what `gzpt-train embed` wrote (features.npy and items.csv); the same images are decoded by PIL,
resized and normalised by torchvision, encoded by torchvision's network in eval mode, and must agree within 1e-4 of the
norm of the features. Exit status: 0 agreement, 1 disagreement, 77 skipped because a Python package is missing.
"""

import argparse
import csv
import os
import sys

try:
    import numpy
    import torch
    import torchvision
    from PIL import Image
    from safetensors.torch import load_file
    from torchvision.transforms import functional as transforms
except ImportError as missing:
    print(f"skipped: {missing}: the check needs torch, torchvision, safetensors, numpy and pillow")
    sys.exit(77)

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of ImageNet, as torchvision's transforms use them
TOLERANCE = 1e-4


def network(state):
    """The torchvision network that the names and shapes of a state dictionary belong to."""
    blocks = [len({k.split(".")[1] for k in state if k.startswith(f"layer{i}.")}) for i in (1, 2, 3, 4)]
    bottleneck = "layer1.0.conv3.weight" in state
    depth = {(2, 2, 2, 2): 18, (3, 4, 6, 3): 50 if bottleneck else 34, (3, 4, 23, 3): 101}[tuple(blocks)]
    model = getattr(torchvision.models, f"resnet{depth}")()
    stem = state["conv1.weight"]
    if stem.shape[1] != 3:
        model.conv1 = torch.nn.Conv2d(stem.shape[1], 64, 7, stride=2, padding=3, bias=False)
    result = model.load_state_dict(state, strict=False)
    if set(result.missing_keys) != {"fc.weight", "fc.bias"} or result.unexpected_keys:
        sys.exit(f"resnet{depth}: missing {result.missing_keys}, unexpected {result.unexpected_keys}: expected only fc.*")
    print(f"loads into torchvision.models.resnet{depth}(), misses only fc.weight and fc.bias")
    model.fc = torch.nn.Identity()
    return model.eval(), stem.shape[1]


def pixels(path, size, channels):
    image = Image.open(path).convert("RGB" if channels == 3 else "L")
    x = transforms.to_tensor(image)
    x = transforms.resize(x, [size, size], antialias=True)
    return transforms.normalize(x, MEAN, STD) if channels == 3 else transforms.normalize(x, [0.449], [0.226])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backbone")
    parser.add_argument("--features", help="directory with features.npy and items.csv of gzpt-train embed")
    parser.add_argument("--images", help="directory that the image names of items.csv are relative to")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--limit", type=int, default=64, help="compare the first LIMIT images, 0 for all")
    arguments = parser.parse_args()
    model, channels = network(load_file(arguments.backbone))
    if not arguments.features:
        return
    features = numpy.load(os.path.join(arguments.features, "features.npy"))
    with open(os.path.join(arguments.features, "items.csv"), newline="") as file:
        names = [row["image"] for row in csv.DictReader(file)]
    if len(names) != len(features):
        sys.exit(f"{len(features)} rows of features, {len(names)} items")
    worst = 0.0
    for name, ours in list(zip(names, features))[: arguments.limit or None]:
        with torch.no_grad():
            theirs = model(pixels(os.path.join(arguments.images, name), arguments.size, channels)[None])[0].numpy()
        difference = numpy.linalg.norm(ours - theirs) / numpy.linalg.norm(theirs)
        if not difference <= TOLERANCE:
            sys.exit(f"{name}: features differ by {difference:.2e} of their norm: expected at most {TOLERANCE}")
        worst = max(worst, difference)
    print(f"features agree: at most {worst:.1e} of their norm apart")


if __name__ == "__main__":
    main()
