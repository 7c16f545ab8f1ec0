"""Checks an exported backbone against torchvision.

    check_export.py RUN/exported/backbone.safetensors       loads it into torchvision.models.resnet*
    check_export.py ... --features DIR                      and compares features on the same pixels
    check_export.py ... --features DIR --images DIR         and compares the pixels with Pillow's

With --features, DIR holds what `gzpt-train embed --pixels` wrote: torchvision's network in eval mode encodes the pixels
of pixels.npy, and its features must agree with features.npy within 1e-4 of their norm. With --images, the same images are
decoded by Pillow and prepared by torchvision's Compose([Resize((N, N)), ToTensor(), Normalize(mean, std)]), whose pixels
must agree within a few of the 256 levels, since decoders of JPEG may round differently. Exit status: 0 agreement,
1 disagreement, 77 skipped because a Python package is missing.
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
GREY = [0.449], [0.226]  # the means of both, for one channel
TOLERANCE = 1e-4  # of the norm of the features
LEVELS = 2  # of 256, by which a pixel may differ from Pillow's


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
    return model.eval()


def prepared(path, size, channels):
    """The pixels of an image file as torchvision prepares them, [C,H,W]."""
    image = Image.open(path).convert("RGB" if channels == 3 else "L")
    x = transforms.to_tensor(transforms.resize(image, [size, size]))
    return transforms.normalize(x, MEAN, STD) if channels == 3 else transforms.normalize(x, *GREY)


def compare_features(model, pixels, features):
    """The largest difference of a row of features, relative to its norm."""
    worst = 0.0
    for first in range(0, len(pixels), 32):
        x = torch.from_numpy(pixels[first : first + 32]).permute(0, 3, 1, 2)
        with torch.no_grad():
            theirs = model(x).numpy()
        ours = features[first : first + 32]
        difference = numpy.linalg.norm(ours - theirs, axis=1) / numpy.linalg.norm(theirs, axis=1)
        worst = max(worst, difference.max())
        if not difference.max() <= TOLERANCE:
            sys.exit(f"features of row {first + difference.argmax()} differ by {worst:.2e} of their norm: expected {TOLERANCE}")
    print(f"features of {len(pixels)} images agree: at most {worst:.1e} of their norm apart")


def compare_pixels(folder, names, pixels):
    """The largest difference of a pixel, in levels of 256."""
    channels, worst = pixels.shape[3], 0.0
    scale = 255 * torch.tensor(STD if channels == 3 else GREY[1])[:, None, None]
    for name, ours in zip(names, pixels):
        theirs = prepared(os.path.join(folder, name), pixels.shape[1], channels)
        difference = ((torch.from_numpy(ours).permute(2, 0, 1) - theirs) * scale).abs().max().item()
        if not difference <= LEVELS:
            sys.exit(f"{name}: a pixel is {difference:.1f} levels of 256 away from Pillow's: expected at most {LEVELS}")
        worst = max(worst, difference)
    print(f"pixels of {len(pixels)} images agree: at most {worst:.1f} levels of 256 away from Pillow's")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backbone")
    parser.add_argument("--features", help="directory with features.npy, pixels.npy and items.csv of gzpt-train embed --pixels")
    parser.add_argument("--images", help="directory that the image names of items.csv are relative to")
    parser.add_argument("--limit", type=int, default=64, help="compare the first LIMIT images, 0 for all")
    arguments = parser.parse_args()
    model = network(load_file(arguments.backbone))
    if not arguments.features:
        return
    limit = arguments.limit or None
    features, pixels = (
        numpy.load(os.path.join(arguments.features, name), mmap_mode="r") for name in ("features.npy", "pixels.npy")
    )
    with open(os.path.join(arguments.features, "items.csv"), newline="") as file:
        names = [row["image"] for row in csv.DictReader(file)]
    if not len(names) == len(features) == len(pixels):
        sys.exit(f"{len(features)} rows of features, {len(pixels)} of pixels, {len(names)} items")
    pixels = numpy.array(pixels[:limit])
    compare_features(model, pixels, features[:limit])
    if arguments.images:
        compare_pixels(arguments.images, names, pixels)


if __name__ == "__main__":
    main()
