package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"gzpt/asm"
	"gzpt/cmd/gzpt-train/internal/gpu"
	"gzpt/cuda"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/nn"
)

// version is the module's version and, where the program was built from a checkout, its revision.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	words := []string{info.Main.Version}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if r := settings["vcs.revision"]; r != "" {
		words = append(words, "revision "+r)
	}
	if settings["vcs.modified"] == "true" {
		words = append(words, "modified")
	}
	return strings.Join(words, ", ")
}

// machine is what the speed and the last bits of a run depend on.
type machine struct {
	System string   `json:"system"`
	Cores  int      `json:"cores"`
	Procs  int      `json:"gomaxprocs"`
	Tiers  []string `json:"tiers"`
	Go     string   `json:"go"`
}

func thisMachine() machine {
	return machine{
		System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Procs: runtime.GOMAXPROCS(0), Tiers: asm.Tiers(),
		Go: runtime.Version(),
	}
}

func buildVersion(*flags) work {
	return func(_ context.Context, e *environment, args []string) error {
		if len(args) > 0 {
			return usagef("version takes no arguments")
		}
		m := thisMachine()
		_, err := fmt.Fprintf(e.stdout, "%s %s\n%s %s, %d cores, CPU tiers %s\n", program, version(), m.Go, m.System, m.Cores, strings.Join(m.Tiers, " "))
		return err
	}
}

// deviceName is the device that a verb computes on.
type deviceName string

// addFlag adds the flag of the device to a group.
func (d *deviceName) addFlag(f *flags, g *pflag.FlagSet) {
	f.choice(g, (*string)(d), "device", []string{"auto", "cpu", "cuda", "ptxsim"}, "`DEVICE` to compute on; "+gpu.About+"; ptxsim interprets its kernels, for tests")
	g.Lookup("device").Value.(*choiceValue).numbered = "cuda" // cuda:1 is the second GPU
}

// openFor opens the device for a training of some precision.
func (d deviceName) openFor(precision string) (kernels.Device, error) {
	var settings cuda.Settings
	advice := "--device cpu and GZPT_CPU=reference choose one that has it"
	if precision == "tf32" {
		settings.Products = cuda.TF32
		advice = "only a GPU has it"
	}
	dev, err := d.openWith(settings)
	if err != nil {
		return nil, err
	}
	if err := nn.CheckPrecision(dev, precision); err != nil {
		dev.Close()
		return nil, usagef("--precision %s: the device %s lacks it; %s", precision, dev.Name(), advice)
	}
	return dev, nil
}

// open opens the device with exact products.
func (d deviceName) open() (kernels.Device, error) { return d.openWith(cuda.Settings{}) }

// openWith opens the device; the settings are for a GPU alone.
func (d deviceName) openWith(settings cuda.Settings) (kernels.Device, error) {
	name, number, _ := strings.Cut(string(d), ":")
	switch name {
	case "cuda":
		ordinal, _ := strconv.Atoi(number) // the flag takes nothing but numbers, and none is the first
		dev, err := gpu.Open(ordinal, settings)
		if errors.Is(err, gpu.ErrNotBuilt) {
			return nil, usagef("--device %s: %v", d, err)
		}
		if err != nil {
			return nil, fmt.Errorf("--device %s: %w", d, err)
		}
		return dev, nil
	case "ptxsim":
		return cuda.Open(ptxsim.Open(ptxsim.Options{}), settings)
	case "auto":
		if dev, err := gpu.Any(settings); dev != nil || err != nil {
			return dev, err
		}
	}
	return asm.Open("")
}
