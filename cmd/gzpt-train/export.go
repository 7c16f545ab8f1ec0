package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"gzpt/asm"
	"gzpt/kernels"
	"gzpt/nn"
	"gzpt/nn/pretrain"
	"gzpt/nn/rundir"
)

const aboutExport = `
Writes the backbone of a run's last checkpoint as safetensors: torchvision's names, no prefix, no fc. Every checkpoint of a
run has already put it into RUN/exported/backbone.safetensors; with --out it goes elsewhere.
`

func buildExport(f *flags) work {
	var run, out string
	var device deviceName
	g := f.group("What")
	f.path(g, &run, "run", "run directory: `DIR`")
	f.path(g, &out, "out", "`FILE` to write (default: exported/backbone.safetensors of the run); an existing one is only replaced in the run")
	device.addFlag(f, g)
	return func(_ context.Context, e *environment, args []string) error {
		switch {
		case len(args) > 0:
			return usagef("unexpected argument %q", args[0])
		case run == "":
			return usagef("--run DIR is missing")
		}
		dir, err := rundir.Open(run)
		if err != nil {
			return err
		}
		if out == "" {
			out = dir.Backbone()
		} else if _, err := os.Lstat(out); err == nil {
			return fmt.Errorf("%s %w", out, rundir.ErrExists)
		}
		dev, err := device.open()
		if err != nil {
			return err
		}
		defer dev.Close()
		return export(e.stdout, dev, dir, out)
	}
}

// carrier opens a device that every machine has for the weights of a run of some precision.
func carrier(precision string) (kernels.Device, error) {
	if precision == "tf32" {
		return deviceName("ptxsim").openFor(precision)
	}
	return asm.Open("reference")
}

func export(w io.Writer, dev kernels.Device, dir rundir.Dir, out string) error {
	was, err := pretrain.ReadRecord(dir)
	if err != nil {
		return err
	}
	info, err := was.ReadCheckpoint(dir)
	if err != nil {
		return err
	}
	if info == nil {
		return fmt.Errorf("%s: there is no checkpoint yet", dir.Checkpoint())
	}
	if nn.CheckPrecision(dev, info.Config.Precision) != nil { // weights are carried over, nothing is computed
		if dev, err = carrier(info.Config.Precision); err != nil {
			return err
		}
		defer dev.Close()
	}
	trainer, err := nn.NewTrainer(dev, info.Config)
	if err != nil {
		return err
	}
	defer trainer.Close()
	if _, err := nn.LoadCheckpoint(dir.Checkpoint(), trainer); err != nil {
		return err
	}
	if err := rundir.MakeFolderOf(out); err != nil {
		return err
	}
	if err := nn.ExportBackbone(out, trainer); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: step %d of %d\n", out, info.Steps, info.Config.Steps)
	printLoading(w, info.Config.Arch, out)
	return nil
}

// printLoading prints the Python that loads a backbone, where torchvision has its network.
func printLoading(w io.Writer, a nn.Arch, path string) {
	if a.Width != torchvisionWidth {
		fmt.Fprintf(w, "a stem of %d channels is none of torchvision's networks; evaluate and embed take the file as --weights\n", a.Width)
		return
	}
	fmt.Fprintf(w, "import torch, torchvision, safetensors.torch\nmodel = torchvision.models.resnet%d()\n", a.Depth)
	if a.Channels == 1 {
		fmt.Fprintln(w, "model.conv1 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)")
	}
	fmt.Fprintf(w, "model.load_state_dict(safetensors.torch.load_file(%q), strict=False)  # misses only fc.weight and fc.bias\n", path)
}
