// Package predict says how long the kernels of the GPU device would take on a GPU that nobody has here. It runs a few blocks
// of every launch on the interpreter, counts what they do, and compares that with what is published of the GPU. Nothing is
// computed: memory has no contents, and every number that is read back is 0.
//
// The time of a launch is the longest of: its bytes over the bandwidth of memory and of the second cache; its instructions of each
// kind over the rate of their unit; its tensor operations over theirs; its requests over the rate of the first cache; the
// loads that its warps wait for, wave by wave of the blocks that fit at a time; and the start of a kernel. docs/gpu-model.md tells
// what that leaves out.
package predict

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"gzpt/cuda"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/trace"
)

// sampledBlocks of every launch are run.
const sampledBlocks = 2

// Device is the GPU device on a GPU that is predicted. It is its own clock.
type Device struct {
	*cuda.Device
	gpu       GPU
	registers map[string]int
	launches  []*ptxsim.Profile // of the operation at hand
	now       time.Duration
	// Operations are the launches of each operation since Reset.
	Operations [][]Launch
}

var _ trace.Clock = (*Device)(nil)

// Open makes the device for trainings of a precision. Its kernels have the registers that `make ptx` has recorded.
func Open(gpu GPU, precision string) (*Device, error) {
	var all Registers
	if err := json.Unmarshal(recorded, &all); err != nil {
		return nil, fmt.Errorf("predict: registers.json: %w", err)
	}
	return OpenWith(gpu, precision, all, Samples{})
}

// Samples are the launches that were sampled, which predictions for all GPUs share: a kernel does the same on each.
type Samples map[string]*ptxsim.Profile

// OpenWith is Open with the registers of the kernels, and with samples that it uses and adds to. The registers of a kernel that is
// not among them limit nothing.
func OpenWith(gpu GPU, precision string, all Registers, samples Samples) (*Device, error) {
	d := &Device{gpu: gpu, registers: map[string]int{}}
	for _, target := range gpu.Targets {
		maps.Copy(d.registers, all[target])
	}
	var err error
	d.Device, err = cuda.Open(ptxsim.Open(ptxsim.Options{
		Target: gpu.Capability, MemoryBytes: gpu.MemoryBytes, Sample: sampledBlocks, Known: samples,
		Observe: func(p *ptxsim.Profile) { d.launches = append(d.launches, p) },
	}), settingsOf(precision))
	if err != nil {
		return nil, fmt.Errorf("predict: %s: %w", gpu.Name, err)
	}
	if precision == "bfloat16" && !d.Supports(kernels.BFloat16) {
		d.Close()
		return nil, fmt.Errorf("predict: %w: %s", ErrPrecision, precision)
	}
	return d, nil
}

// settingsOf is what the device is told for a precision.
func settingsOf(precision string) (s cuda.Settings) {
	if precision == cuda.TF32.String() {
		s.Products = cuda.TF32
	}
	return s
}

// ErrPrecision says that the kernels lack a precision.
var ErrPrecision = errors.New("the GPU device has no such precision")

// Reset begins a recording.
func (d *Device) Reset() { d.now, d.Operations = 0, nil }

// Start begins an operation.
func (d *Device) Start() { d.launches = d.launches[:0] }

// Stop predicts it: the sum of its launches. What launches nothing moves bytes, between host and device or inside the memory.
func (d *Device) Stop(operation string, w trace.Work) trace.Reading {
	var launches []Launch
	var seconds float64
	limits := map[string]float64{}
	between, before := -w.Results, 0.0 // bytes that launches write for others; those of the launches before
	for _, p := range d.launches {
		between += written(p)
	}
	for _, p := range d.launches {
		l := predict(d.gpu, p, d.registers[p.Kernel], w.Bytes-w.Results+max(min(before, between), 0))
		launches = append(launches, l)
		before += written(p)
		seconds += l.Seconds
		limits[l.Limit] += l.Seconds
	}
	if len(launches) == 0 {
		t := Term{memoryTerm, w.Bytes / d.gpu.Bandwidth}
		if strings.HasPrefix(operation, "Write") || strings.HasPrefix(operation, "Read") {
			t = Term{linkTerm, w.Bytes / d.gpu.Link}
		}
		if t.Seconds < launchSeconds {
			t = Term{launchTerm, launchSeconds}
		}
		seconds, limits[t.Name] = t.Seconds, t.Seconds
	}
	d.Operations = append(d.Operations, launches)
	r := trace.Reading{Began: d.now, Took: time.Duration(seconds * float64(time.Second)), Limit: most(limits)}
	d.now += r.Took
	return r
}

// most is the limit with the most seconds; of equals the first by name.
func most(limits map[string]float64) (name string) {
	for other, seconds := range limits {
		if name == "" || seconds > limits[name] || seconds == limits[name] && other < name {
			name = other
		}
	}
	return name
}

// Registers is how many a thread of a kernel has, as ptxas says: by target and kernel.
type Registers map[string]map[string]int

//go:embed registers.json
var recorded []byte
