package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/pflag"

	"gzpt/asm"
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

func (m machine) String() string {
	return fmt.Sprintf("%s %s, %d cores, CPU tiers %s", m.Go, m.System, m.Cores, strings.Join(m.Tiers, " "))
}

func buildVersion(*flags) work {
	return func(_ context.Context, e *environment, args []string) error {
		if len(args) > 0 {
			return usagef("version takes no arguments")
		}
		_, err := fmt.Fprintf(e.stdout, "%s %s\n%v\n", program, version(), thisMachine())
		return err
	}
}

// deviceName is the device that a verb computes on.
type deviceName string

// addFlag adds the flag of the device to a group.
func (d *deviceName) addFlag(f *flags, g *pflag.FlagSet) {
	f.choice(g, (*string)(d), "device", []string{"auto", "cpu", "cuda", "ptxsim"},
		"`DEVICE` to compute on; this build has no cuda, but ptxsim: an interpreter of its kernels, for tests")
}

// openFor opens the device for a training of some precision.
func (d deviceName) openFor(precision string) (kernels.Device, error) {
	dev, err := d.open()
	if err != nil {
		return nil, err
	}
	if err := nn.CheckPrecision(dev, precision); err != nil {
		dev.Close()
		return nil, usagef("--precision %s: the device %s lacks it; --device cpu and GZPT_CPU=reference choose one that has it", precision, dev.Name())
	}
	return dev, nil
}

// open opens the device.
func (d deviceName) open() (kernels.Device, error) {
	switch d {
	case "cuda":
		return nil, usagef("--device cuda: this build has the CPU alone: expected auto or cpu")
	case "ptxsim":
		return cuda.Open(ptxsim.Open(ptxsim.Options{}))
	}
	return asm.Open("")
}
