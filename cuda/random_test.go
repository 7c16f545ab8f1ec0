package cuda

import (
	"math"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// randomDevice is a way in which the device takes calls: the products of float32, and what the GPU can do.
type randomDevice struct {
	products Products
	target   int
}

// randomDevices has those more often that have more ways.
var randomDevices = []randomDevice{{Float32, 80}, {Float32, 90}, {TF32, 90}, {TF32, 80}, {TF32, 90}, {Float32, 90}, {TF32, 90}, {TF32, 100}}

func (r randomDevice) open(tb testing.TB, options ptxsim.Options) *Device {
	options.Target = r.target
	dev, err := Open(ptxsim.Open(options), Settings{Products: r.products})
	if err != nil {
		tb.Fatal(err)
	}
	return dev
}

// roundings are those of the products of the device: float32 tensors have exact ones, bfloat16 tensors those of tensor cores.
func (r randomDevice) roundings(depth int, half bool) float64 {
	if half || r.products == TF32 {
		return tensorRoundings(depth, half)
	}
	return 4 * math.Sqrt(float64(max(depth, 1)))
}

// small gives the device other sizes at which it changes its way than a GPU's.
func (d *Device) small(seed uint64) {
	choose := func(sizes ...int) int {
		n := uint64(len(sizes))
		defer func() { seed /= n }()
		return sizes[seed%n]
	}
	d.wideBlocks, d.groupParts = choose(1, wideBlocks, 4), choose(groupParts, 2, 7)
	d.beginning, d.leastTurned = choose(beginning, 1, 100), choose(0, leastTurned)
	d.secondBytes = choose(secondBytes, 1)
}

// freshScratch gives the scratch memory back, so that the next call gets what it asks for and no more, and the interpreter sees what
// it reads there without having written it.
func freshScratch(dev kernels.Device) {
	d := dev.(*Device)
	if d.memory.scratchBytes > 0 {
		d.release("Test", d.memory.scratch)
		d.memory.scratchBytes = 0
	}
}

// FuzzCalls compares random calls of all operations with the reference, in all precisions and on GPUs of all kinds; they have the same
// bits under every order of warps. A seed is a call.
func FuzzCalls(f *testing.F) {
	if raceEnabled {
		f.Skip("minutes under the race detector; other tests launch kernels there")
	}
	seeds := uint64(len(randomDevices))
	if !testing.Short() {
		seeds *= 20
	}
	for seed := range seeds {
		f.Add(seed)
	}
	devices := map[randomDevice][2]*Device{}
	f.Fuzz(func(t *testing.T, seed uint64) {
		n := uint64(len(randomDevices))
		way := randomDevices[seed%n]
		pair, ok := devices[way]
		if !ok {
			pair = [2]*Device{way.open(t, ptxsim.Options{}), way.open(t, ptxsim.Options{Seed: 1, Workers: 2})}
			devices[way] = pair
		}
		for _, dev := range pair {
			dev.small(seed / n)
		}
		s, r := kerneltest.Suite{Roundings: way.roundings}, kerneltest.Random{Work: 1 << 13, Large: 8, Same: []kernels.Device{pair[1]}, Spoil: freshScratch}
		s.CheckRandom(t, pair[0], r, seed)
		if t.Failed() { // a device that has failed does nothing any more
			delete(devices, way)
		}
	})
}
