"""Makes the files of this folder with PyTorch's torch.save: python make.py, beside it.

views.*       a dictionary around tensors that are views, share storages and have other types; values are counters
resnet18.*    a residual network of width 1 for one channel with half-precision values, and resnet18.features.json, what
              PyTorch computes of the image that is described there. The zip is a training checkpoint in float32 with the
              names of a momentum-contrast run, the legacy file a plain state dictionary in float16.
"""

import collections
import json

import torch
import torch.nn.functional as functional

BLOCKS = {1: 2, 2: 2, 3: 2, 4: 2}
SIZE = 32


def views():
    base = torch.arange(24, dtype=torch.float32)
    return {
        "epoch": 3,
        "best": 0.5,
        "done": True,
        "note": None,
        "history": [1, 2, (3, 4)],
        "state_dict": collections.OrderedDict(
            whole=base.reshape(2, 3, 4),
            transposed=base.reshape(4, 6).t(),
            offset=base[5:8],
            strided=base.reshape(4, 6)[1::2, ::3],
            channels_last=base.reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
            scalar=torch.tensor(7.0),
            empty=torch.zeros(0, 3),
            expanded=torch.ones(1).expand(5),
            parameter=torch.nn.Parameter(torch.tensor([-1.5])),
            half=torch.tensor([1.0, -2.0], dtype=torch.float16),
            bfloat=torch.tensor([1.5], dtype=torch.bfloat16),
            double=torch.tensor([0.25, 3.0], dtype=torch.float64),
            counter=torch.tensor(-9),
            mask=torch.tensor([True, False]),
        ),
    }


def normalisation(state, name, channels):
    state[name + ".weight"] = torch.rand(channels) + 0.5
    state[name + ".bias"] = torch.rand(channels)
    state[name + ".running_mean"] = torch.randn(channels) / 4
    state[name + ".running_var"] = torch.rand(channels) + 0.5
    state[name + ".num_batches_tracked"] = torch.tensor(5)


def resnet18():
    state, channels = collections.OrderedDict(), 1
    state["conv1.weight"] = torch.randn(1, 1, 7, 7) / 4
    normalisation(state, "bn1", 1)
    for stage, blocks in BLOCKS.items():
        width = 2 ** (stage - 1)
        for block in range(blocks):
            name = f"layer{stage}.{block}."
            state[name + "conv1.weight"] = torch.randn(width, channels, 3, 3) / 3
            normalisation(state, name + "bn1", width)
            state[name + "conv2.weight"] = torch.randn(width, width, 3, 3) / 3
            normalisation(state, name + "bn2", width)
            if channels != width:
                state[name + "downsample.0.weight"] = torch.randn(width, channels, 1, 1)
                normalisation(state, name + "downsample.1", width)
            channels = width
    for name, value in state.items():
        if value.is_floating_point():
            state[name] = value.half().float()
    return state


def features(state, x):
    def norm(x, name):
        p = [state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return functional.batch_norm(x, *p, eps=1e-5)

    def convolve(x, name, stride):
        w = state[name + ".weight"]
        return functional.conv2d(x, w, stride=stride, padding=w.shape[-1] // 2)

    x = functional.relu(norm(convolve(x, "conv1", 2), "bn1"))
    x = functional.max_pool2d(x, 3, 2, 1)
    for stage, blocks in BLOCKS.items():
        for block in range(blocks):
            name, stride = f"layer{stage}.{block}.", 2 if stage > 1 and block == 0 else 1
            y = functional.relu(norm(convolve(x, name + "conv1", stride), name + "bn1"))
            y = norm(convolve(y, name + "conv2", 1), name + "bn2")
            if name + "downsample.0.weight" in state:
                x = norm(convolve(x, name + "downsample.0", stride), name + "downsample.1")
            x = functional.relu(x + y)
    return x.mean(dim=(2, 3))[0]


def main():
    torch.manual_seed(1)
    torch.save(views(), "views.pth")
    torch.save(views(), "views.legacy.pth", _use_new_zipfile_serialization=False)
    state = resnet18()
    half = collections.OrderedDict((k, v.half() if v.is_floating_point() else v) for k, v in state.items())
    half["fc.weight"], half["fc.bias"] = torch.zeros(2, 8).half(), torch.zeros(2).half()
    torch.save(half, "resnet18.legacy.pth", _use_new_zipfile_serialization=False)
    prefixed = collections.OrderedDict(("module.encoder_q." + k, v) for k, v in state.items())
    prefixed["module.encoder_q.fc.0.weight"] = torch.zeros(2, 8)
    prefixed["module.encoder_k.conv1.weight"] = torch.zeros(1, 1, 7, 7)
    prefixed["module.encoder_k.layer1.0.conv1.weight"] = torch.zeros(1, 1, 3, 3)
    prefixed["module.queue"] = torch.zeros(2, 4)
    optimizer = {"state": {0: {"momentum_buffer": torch.zeros(2)}}, "param_groups": [{"lr": 0.03, "params": [0]}]}
    torch.save({"epoch": 7, "arch": "resnet18", "state_dict": prefixed, "optimizer": optimizer}, "resnet18.pth")
    i = torch.arange(SIZE * SIZE, dtype=torch.float32).reshape(1, 1, SIZE, SIZE)
    with torch.no_grad():
        values = features(state, (i * 37 % 101) / 50 - 1).tolist()
    description = f"pixel i of a {SIZE} x {SIZE} image is (37 * i mod 101) / 50 - 1"
    with open("resnet18.features.json", "w") as file:
        json.dump({"pytorch": torch.__version__, "image": description, "features": values}, file, indent=1)


main()
