"""Checks that gzpt-train reads PyTorch's weights: torchvision's features of the same pixels from torchvision's files.

    check_weights.py --program ./gzpt-train [--depths 18,34,50,101] [--size 64] [--images 3]

For each ResNet of torchvision, with random weights and statistics, torch.save writes a plain state dictionary in the zip
and in the legacy form, and a training checkpoint whose names have a prefix. `gzpt-train embed --weights FILE --pixels`
encodes random pictures, torchvision's network in eval mode encodes the pixels that it saw, and the features must agree
within 1e-4 of their norm. Exit status: 0 agreement, 1 disagreement, 77 skipped because a Python package is missing.
"""

import argparse
import os
import subprocess
import sys
import tempfile

try:
    import numpy
    import torch
    import torchvision
    from PIL import Image
except ImportError as missing:
    print(f"skipped: {missing}: the check needs torch, torchvision, numpy and pillow")
    sys.exit(77)

TOLERANCE = 1e-4  # of the norm of the features


def network(depth):
    """A torchvision network whose statistics are those of no initialisation."""
    model = getattr(torchvision.models, f"resnet{depth}")()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.uniform_(0.8, 1.2)
    return model.eval()


def files(model, folder):
    """The files of a network by what they are."""
    state = model.state_dict()
    checkpoint = {"epoch": 1, "state_dict": {"module.encoder_q." + k: v for k, v in state.items()}, "optimizer": {"state": {}, "param_groups": []}}
    ways = {
        "zip": (state, {}),
        "legacy": (state, {"_use_new_zipfile_serialization": False}),
        "checkpoint": (checkpoint, {}),
    }
    for name, (value, options) in ways.items():
        path = os.path.join(folder, name + ".pth")
        torch.save(value, path, **options)
        yield name, path
        os.remove(path)


def worst(model, features, pixels):
    """The largest difference of a row of features from torchvision's, relative to its norm."""
    with torch.no_grad():
        theirs = model(torch.from_numpy(pixels).permute(0, 3, 1, 2)).numpy()
    return (numpy.linalg.norm(features - theirs, axis=1) / numpy.linalg.norm(theirs, axis=1)).max()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the gzpt-train to check")
    parser.add_argument("--depths", default="18,34,50,101")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--images", type=int, default=3)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        os.mkdir(data)
        random = numpy.random.default_rng(0)
        for i in range(arguments.images):
            picture = random.integers(0, 256, (arguments.size, arguments.size, 3), dtype=numpy.uint8)
            Image.fromarray(picture).save(os.path.join(data, f"{i}.png"))
        for depth in arguments.depths.split(","):
            model = network(depth)
            head, model.fc = model.fc, torch.nn.Identity()
            whole = network(depth)
            whole.load_state_dict(model.state_dict() | {"fc." + k: v for k, v in head.state_dict().items()})
            for name, path in files(whole, folder):
                out = os.path.join(folder, f"{depth}-{name}")
                command = [arguments.program, "embed", "--weights", path, "--data", data, "--image-size", str(arguments.size), "--pixels", "--quiet"]
                subprocess.run(command + ["--out", out], check=True, stdout=subprocess.DEVNULL)
                features, pixels = (numpy.load(os.path.join(out, f + ".npy")) for f in ("features", "pixels"))
                difference = worst(model, features, pixels)
                if not difference <= TOLERANCE:
                    sys.exit(f"resnet{depth}, {name}: features differ by {difference:.2e} of their norm: expected {TOLERANCE}")
                print(f"resnet{depth}, {name}: features of {len(features)} images agree: at most {difference:.1e} of their norm apart")


if __name__ == "__main__":
    main()
