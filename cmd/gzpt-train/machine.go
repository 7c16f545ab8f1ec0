package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"gzpt/asm"
	"gzpt/cmd/gzpt-train/internal/gpu"
	"gzpt/cmd/gzpt-train/internal/memory"
	"gzpt/cuda"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/input"
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

// memorySize is the memory that a verb may take: what a flag says, or that of the machine.
type memorySize int64

func (m *memorySize) addFlag(f *flags, g *pflag.FlagSet) {
	g.Var(m, "memory", "memory to keep within: `SIZE` as in 8GiB (default: all there is)")
}

func (m *memorySize) String() string {
	if *m == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*m), 10)
}

func (m *memorySize) Type() string { return "string" }

func (m *memorySize) Set(text string) error {
	if text == "" {
		*m = 0
		return nil
	}
	v, err := memory.Parse(text)
	if err == nil {
		*m = memorySize(v)
	}
	return err
}

// bytes is the memory in bytes.
func (m memorySize) bytes() int64 {
	if m > 0 {
		return int64(m)
	}
	return memory.OfMachine()
}

// inFlight is the part of it that images take while they are decoded: a little of a machine, so that much is left for the
// network, and what usual images need in any case.
func (m memorySize) inFlight() int64 {
	const usual = 256 << 20
	most := m.bytes()
	return min(max(most/64, usual), most/2)
}

// check refuses settings that take more memory than there is, and names the flag of the largest part.
func (m memorySize) check(f *flags, parts []nn.Part) error {
	total, largest := 0.0, nn.Part{}
	for _, p := range parts {
		if total += p.Bytes; p.Bytes > largest.Bytes {
			largest = p
		}
	}
	if total <= float64(m.bytes()) {
		return nil
	}
	name := map[string]string{"image size": "image-size"}[largest.Setting]
	if name == "" {
		name = largest.Setting
	}
	value := ""
	if flag := f.all.Lookup(name); flag != nil {
		value = " " + flag.Value.String()
	}
	return usagef("--%s%s: %s would take at least %s of memory, expected at most %s in all (--memory)", name, value, largest.What, sizeText(largest.Bytes), sizeText(float64(m.bytes())))
}

// sizeText is a number of bytes that may be beyond those that an int64 counts.
func sizeText(bytes float64) string {
	if bytes >= math.MaxInt64 {
		return fmt.Sprintf("%.3g EiB", bytes/(1<<60))
	}
	return input.Bytes(int64(bytes))
}
