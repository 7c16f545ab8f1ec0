package kerneltest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"gzpt/kernels"
)

// checkRecorder demands the same values of operations that are recorded and of operations that are not, whatever happens during a
// recording: lists like those of before with other numbers, lists like no other, waits, memory that comes and goes, host memory
// that is used again as early as it may be. On a device that does not record it holds by itself.
func checkRecorder(t *testing.T, dev kernels.Device) {
	for seed := range uint64(3) {
		want := newDeeds(t, dev, seed, false).run()
		if got := newDeeds(t, dev, seed, true).run(); !slices.Equal(got, want) {
			t.Errorf("seed %d: recorded operations give other values", seed)
		}
	}
}

// deeds are operations that follow from a seed.
type deeds struct {
	testing.TB
	dev              kernels.Device
	random           *rand.Rand
	record           bool
	x, narrow, sums  kernels.Tensor
	buffer, ordinary []float32
	values           []float64 // that were read
}

const deedLength = 64

func newDeeds(t *testing.T, dev kernels.Device, seed uint64, record bool) *deeds {
	typ := kernels.Float64
	if dev.Supports(kernels.BFloat16) {
		typ = kernels.BFloat16
	}
	return &deeds{
		TB: t, dev: dev, random: rand.New(rand.NewPCG(seed, 0)), record: record,
		x: dev.New(dev.Type(), deedLength), narrow: dev.New(typ, deedLength), sums: dev.New(kernels.Float64, 2, 4),
		buffer: dev.NewBuffer(deedLength), ordinary: make([]float32, deedLength),
	}
}

// begin records from now on, if these deeds are to be recorded.
func (d *deeds) begin() {
	if d.record {
		kernels.Record(d.dev)
	}
}

func (d *deeds) read(v kernels.Tensor) { d.values = append(d.values, Get(d.dev, v)...) }

func (d *deeds) fill(host []float32) {
	for i := range host {
		host[i] = d.random.Float32()
	}
}

// list is operations on n elements, a multiple of 4.
func (d *deeds) list(n int) {
	x, dev := d.x.Slice(0, n), d.dev
	d.fill(d.ordinary)
	dev.Write(x, d.ordinary[:n])
	clear(d.ordinary) // which is allowed
	dev.Convert(d.narrow.Slice(0, n), x)
	dev.ChannelMoments(d.sums, d.x.Slice(0, n/4, 4))
	dev.Fill(d.x.Slice(n/2, n/2), d.random.Float64())
	dev.Copy(d.x.Slice(0, n/4), d.x.Slice(n/2, n/4))
	dev.AddBiasBackward(d.x.Slice(deedLength-4, 4), d.x.Slice(0, n/4, 4))
}

func (d *deeds) run() []float64 {
	dev := d.dev
	d.begin()
	for range 120 {
		switch d.random.IntN(8) {
		case 0, 1:
			d.list(16)
		case 2:
			d.list(8 + 4*d.random.IntN(10))
		case 3: // which wants more of a device for the length of the operation
			large := dev.New(dev.Type(), 64*(1+d.random.IntN(8)), 4)
			dev.Fill(large, d.random.Float64())
			dev.ChannelMoments(d.sums, large)
			dev.Free(large)
		case 4:
			d.fill(d.buffer)
			dev.Write(d.x, d.buffer)
			d.read(d.x) // after which the buffer may change
		case 5:
			d.read(d.narrow)
			d.read(d.sums)
		case 6:
			kernels.Issue(dev)
		case 7:
			kernels.Stop(dev)
			dev.Fill(d.x, d.random.Float64())
			d.begin()
		}
		if d.random.IntN(4) == 0 {
			if err := dev.Sync(); err != nil {
				d.Fatal(err)
			}
		}
	}
	kernels.Stop(dev)
	for _, v := range []kernels.Tensor{d.x, d.narrow, d.sums} {
		d.read(v)
		dev.Free(v)
	}
	dev.FreeBuffer(d.buffer)
	return d.values
}
