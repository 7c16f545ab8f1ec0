package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gzpt/asm"
	"gzpt/cmd/gzpt-train/internal/gpu"
	"gzpt/cmd/gzpt-train/internal/profilepage"
	"gzpt/cuda"
	"gzpt/cuda/predict"
	"gzpt/kernels"
	"gzpt/nn"
	"gzpt/nn/profile"
	"gzpt/nn/rundir"
)

const aboutProfile = `
Runs a training step on made-up images, operation by operation, and says for each how long it takes, how many operations and
bytes its definition asks for, and what share of the device's ceilings that is: a multiply-add loop in registers and a copy,
measured in the same process. With several devices it puts them side by side; the ratio is the time of the first over that of
the other. Where no GPU can be timed its times are predicted, and marked so.

  gzpt-train profile --arch resnet18 --image-size 224 --batch 16 --gpu h200
  gzpt-train profile --device cpu/avx2,cpu/avx512 --by operation --html profile.html
  gzpt-train profile --trace profile.trace.json             # opens in https://ui.perfetto.dev
`

// profileSettings is what the flags of profile say.
type profileSettings struct {
	network                   networkSettings
	data                      dataSettings // image size and channels alone
	devices                   listValue
	by, gpu                   string
	steps, top                int
	jsonFile, traceFile, page string
}

func (s *profileSettings) addFlags(f *flags) {
	g := f.group("Network")
	s.network.addBackbone(f, g)
	g.IntVar(&s.data.ImageSize, "image-size", 224, "side of the square views in pixels: `N`")
	g.IntVar(&s.data.Channels, "channels", 3, "channels of the views: `N`, 3 for colour, 1 for grey")
	s.network.methodSettings.addFlags(f)
	g = f.group("Training")
	s.network.addBatch(g)
	s.network.addOptimiser(f, g)
	s.network.addPrecision(f, g)
	g = f.group("Profile")
	s.devices = listValue{"cpu", "cuda"}
	g.Var(&s.devices, "device", "`DEVICES` with commas between: "+strings.Join(profiledDevices(), ", "))
	f.choice(g, &s.gpu, "gpu", gpuNames(), "`GPU` whose times are predicted where none can be timed")
	g.IntVar(&s.steps, "steps", 5, "steps to take the median of: `N`")
	f.choice(g, &s.by, "by", []string{string(profile.ByShape), string(profile.ByLayer), string(profile.ByOperation)}, "one row for each `WHAT`")
	g.IntVar(&s.top, "top", 30, "rows of the table: `N`; the rest is one more row (0: all)")
	f.path(g, &s.jsonFile, "json", "write all figures to `FILE`")
	f.path(g, &s.traceFile, "trace", "write every operation with its time to `FILE`, for Perfetto or chrome://tracing")
	f.path(g, &s.page, "html", "write a page with the roofline to `FILE`; it needs no network")
}

func buildProfile(f *flags) work {
	s := &profileSettings{}
	s.addFlags(f)
	return func(ctx context.Context, e *environment, args []string) error {
		if len(args) > 0 {
			return usagef("unexpected argument %q", args[0])
		}
		c, err := s.config(f)
		if err != nil {
			return err
		}
		report := &profile.Report{Version: version(), Command: e.commandLine(), Machine: thisMachine().String(), Date: time.Now().Format(time.DateOnly),
			Settings: c, Steps: s.steps}
		for _, name := range s.devices {
			step, err := profileDevice(ctx, e, name, s.gpu, c, s.steps)
			if err != nil {
				return err
			}
			report.Devices = append(report.Devices, step)
		}
		return s.write(e, report)
	}
}

// config is the settings of the training that is profiled.
func (s *profileSettings) config(f *flags) (nn.Config, error) {
	switch {
	case s.steps < 1:
		return nn.Config{}, usagef("--steps %d: expected at least 1", s.steps)
	case s.top < 0:
		return nn.Config{}, usagef("--top %d: expected at least 0", s.top)
	case len(s.devices) == 0:
		return nn.Config{}, usagef("--device: expected at least one of %s", strings.Join(profiledDevices(), ", "))
	}
	if err := cmp.Or(ready("json", s.jsonFile, "{\n  \"version\": "), ready("trace", s.traceFile, `{"traceEvents":`),
		ready("html", s.page, "<!DOCTYPE html>")); err != nil {
		return nn.Config{}, err
	}
	usual := nn.DefaultConfig(nn.Arch{})
	n := &s.network
	n.epochs, n.lr, n.schedule = 1, usual.LR, usual.Schedule
	if err := n.resolve(f); err != nil {
		return nn.Config{}, err
	}
	t, err := n.settings(&s.data)
	if err != nil {
		return nn.Config{}, err
	}
	c := t.Network
	if c.MoCo.QueueStart == "random" {
		c.MoCo.Items = c.Batch
	}
	c.Steps = c.Accumulate
	return c, inFlags(c.Validate())
}

// write prints the table and writes the files that were asked for.
func (s *profileSettings) write(e *environment, r *profile.Report) error {
	e.console.Finish()
	by := profile.Grouping(s.by)
	if err := profilepage.WriteTable(e.stdout, r, by, s.top); err != nil {
		return err
	}
	for _, file := range []struct {
		path  string
		write func(io.Writer) error
	}{
		{s.jsonFile, r.WriteJSON},
		{s.traceFile, r.WriteTrace},
		{s.page, func(w io.Writer) error { return profilepage.WritePage(w, r, by) }},
	} {
		if file.path == "" {
			continue
		}
		if err := rundir.WriteAside(file.path, file.write); err != nil {
			return err
		}
		if !e.quiet {
			e.console.Info("written", "file", file.path)
		}
	}
	return nil
}

// profileDevice profiles one device by its name.
func profileDevice(ctx context.Context, e *environment, name, gpu string, c nn.Config, steps int) (*profile.Step, error) {
	target, err := openProfiled(name, chosenGPU(gpu), c.Precision)
	if err != nil {
		return nil, err
	}
	defer target.Device.Close()
	if err := nn.CheckPrecision(target.Device, c.Precision); err != nil {
		return nil, usagef("--precision %s: the device %s lacks it", c.Precision, target.Name)
	}
	e.console.Progress(0, target.Name)
	return profile.Run(ctx, target, c, steps)
}

const (
	// peakTime is how long the peak is measured at a time; the fastest of peakTries counts, so that a machine with other work is
	// caught in a moment without.
	peakTime  = 10 * time.Millisecond
	peakTries = 10
	// The sizes of the copies, in bytes that they move: from those that fit into a cache to those that fit into none but the
	// last.
	leastCopy = 128 << 10
	mostCopy  = 128 << 20
)

// profiledDevices is the names that profile takes for devices.
func profiledDevices() []string {
	names := []string{"cpu"}
	for _, tier := range asm.Tiers() {
		names = append(names, "cpu/"+tier)
	}
	return append(names, "cuda", "ptxsim")
}

// openProfiled opens a device by its name, with its ceilings. What cannot be timed here is predicted for the GPU of the flag
// --gpu: cuda where this build or machine has none, and always ptxsim, whose time is that of an interpreter.
func openProfiled(name string, model predict.GPU, precision string) (profile.Target, error) {
	switch {
	case name == "ptxsim":
		return openPredicted(model, precision, "ptxsim, the interpreter of its kernels, has no time of its own")
	case name == "cuda":
		var settings cuda.Settings
		if precision == cuda.TF32.String() {
			settings.Products = cuda.TF32
		}
		dev, err := gpu.Any(settings)
		if err != nil {
			return profile.Target{}, fmt.Errorf("--device cuda: %w", err)
		}
		if dev == nil {
			return openPredicted(model, precision, "no GPU was timed, as this build or machine has none")
		}
		return profile.Target{Name: dev.Name(), Device: dev, Ceilings: func() profile.Ceilings { return gpuCeilings(dev, model, precision) }}, nil
	case name == "auto":
		name = "cpu"
	case !slices.Contains(profiledDevices(), name):
		return profile.Target{}, usagef("--device %s: expected %s", name, strings.Join(profiledDevices(), ", "))
	}
	_, tier, _ := strings.Cut(name, "/")
	dev, err := asm.Open(tier)
	if err != nil {
		return profile.Target{}, err
	}
	return profile.Target{Name: dev.Name(), Device: dev, Ceilings: func() profile.Ceilings { return cpuCeilings(dev.Name()) }}, nil
}

// openPredicted is a GPU whose times are predicted, with the reason.
func openPredicted(model predict.GPU, precision, reason string) (profile.Target, error) {
	dev, err := predict.Open(model, precision)
	if errors.Is(err, predict.ErrPrecision) {
		return profile.Target{}, usagef("--precision %s: the device %s lacks it", precision, model.Name)
	} else if err != nil {
		return profile.Target{}, err
	}
	return profile.Target{
		Name: model.Name, Device: dev, Clock: dev, Predicted: true,
		Note:     "Predicted from instructions, bytes and published rates as docs/gpu-model.md tells: " + reason,
		Ceilings: func() profile.Ceilings { return publishedCeilings(model, precision) },
	}, nil
}

// publishedCeilings are those of a GPU for a training of a precision.
func publishedCeilings(model predict.GPU, precision string) profile.Ceilings {
	return profile.Ceilings{Peak: model.Peak(precision) / 1e9, Copies: []profile.Copy{{Rate: model.Bandwidth / 1e9}}, Source: "published"}
}

// gpuCeilings are the published peak of a GPU and the rate of a copy in its memory, measured.
func gpuCeilings(dev kernels.Device, model predict.GPU, precision string) profile.Ceilings {
	c := publishedCeilings(model, precision)
	c.Copies = []profile.Copy{{Bytes: mostCopy, Rate: profile.MeasureCopy(dev, mostCopy)}}
	c.Source = "peak of " + model.Name + " as published, copy measured in this process"
	return c
}

// chosenGPU is the GPU of a name that --gpu takes.
func chosenGPU(name string) (chosen predict.GPU) {
	for _, gpu := range predict.GPUs() {
		if strings.EqualFold(gpu.Name, name) {
			chosen = gpu
		}
	}
	return chosen
}

// gpuNames is what --gpu takes.
func gpuNames() (names []string) {
	for _, gpu := range slices.Backward(predict.GPUs()) {
		names = append(names, strings.ToLower(gpu.Name))
	}
	return names
}

// cpuCeilings measures the ceilings of a tier of the CPU.
func cpuCeilings(device string) profile.Ceilings {
	_, tier, _ := strings.Cut(device, "/")
	c := profile.Ceilings{Source: "measured in this process"}
	for range peakTries {
		c.Peak = max(c.Peak, asm.Peak(tier, peakTime))
	}
	for bytes := leastCopy; bytes <= mostCopy; bytes *= 4 {
		c.Copies = append(c.Copies, profile.Copy{Bytes: float64(bytes), Rate: asm.Copy(bytes / 2)})
	}
	return c
}
