package kerneltest

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest/internal/guard"
)

// placed is the operands of a call in the memory of a device.
type placed struct {
	tensors []kernels.Tensor
	damage  func() string // what the call wrote outside its operands, or ""
	release func()        // gives back memory that is not of the device
}

// placement puts the operands of a call, not yet their values, into memory; that of the device it takes from a scope.
type placement func(dev *kernels.Scope, c call) placed

// allocate is a tensor of the device for an operand.
func allocate(dev kernels.Device, o operand, dims ...int) kernels.Tensor {
	return dev.New(o.typeOn(dev), dims...)
}

// typeOn is the type of an operand on a device.
func (o operand) typeOn(dev kernels.Device) kernels.Type {
	switch {
	case o.sums:
		return kernels.Float64
	case o.half:
		return kernels.BFloat16
	case o.indices:
		return kernels.Int32
	}
	return dev.Type()
}

func noDamage() string { return "" }

// plain allocates every operand by itself.
func plain(dev *kernels.Scope, c call) placed {
	p := placed{damage: noDamage, release: func() {}}
	for _, o := range c.operands {
		p.tensors = append(p.tensors, allocate(dev, o, o.dims...))
	}
	return p
}

const (
	canary = 1232 // a number that no operation makes, and every type holds
	margin = 16   // elements of canary on each side, at least
)

// offset cuts operand i from a block of canaries, start+5*i elements (modulo 16) past a boundary of 64 bytes: for start
// 0..15 every operand meets every alignment.
func offset(start int) placement {
	return func(dev *kernels.Scope, c call) placed {
		p := placed{release: func() {}}
		var blocks []kernels.Tensor
		var before []int
		for i, o := range c.operands {
			block := allocate(dev, o, o.len()+16+2*margin)
			dev.Fill(block, canary)
			at := margin + (start+5*i+16-pastBoundary(block))%16
			blocks, before = append(blocks, block), append(before, at)
			p.tensors = append(p.tensors, block.Slice(at, o.dims...))
		}
		p.damage = func() string {
			for i, o := range c.operands {
				for j, v := range Get(dev, blocks[i]) {
					if (j < before[i] || j >= before[i]+o.len()) && v != canary {
						return fmt.Sprintf("%s: element %d beside the operand was overwritten", o.name, j-before[i])
					}
				}
			}
			return ""
		}
		return p
	}
}

// pastBoundary is how many elements, modulo 16, a tensor starts past a boundary of 64 bytes.
func pastBoundary(t kernels.Tensor) int {
	return int(t.Address()%64) / t.Type().Size()
}

// nearHost reports whether the device computes in host memory, so that operands may lie in memory of no device.
func nearHost(dev kernels.Device) bool {
	x := dev.New(dev.Type(), 1)
	defer dev.Free(x)
	return x.Host()
}

// guarded puts every operand flush against an unmapped page, the one after its last element or the one before its
// first: a load or store of one lane too many faults.
func guarded(atEnd bool) placement {
	return func(dev *kernels.Scope, c call) placed {
		p := placed{damage: noDamage}
		var free []func()
		for _, o := range c.operands {
			typ := o.typeOn(dev)
			from, release := guard.Page(o.len()*typ.Size(), atEnd)
			p.tensors, free = append(p.tensors, o.at(from, typ)), append(free, release)
		}
		p.release = func() {
			for _, release := range free {
				release()
			}
		}
		return p
	}
}

// at is an operand in memory of the host.
func (o operand) at(from unsafe.Pointer, typ kernels.Type) kernels.Tensor {
	switch typ {
	case kernels.Float64:
		return kernels.FromFloat64(unsafe.Slice((*float64)(from), o.len()), o.dims...)
	case kernels.Int32:
		return kernels.FromInt32(unsafe.Slice((*int32)(from), o.len()), o.dims...)
	}
	return kernels.FromFloat32(unsafe.Slice((*float32)(from), o.len()), o.dims...)
}

// aliased makes output number out the same tensor as input number in.
func aliased(out, in int) placement {
	return func(dev *kernels.Scope, c call) placed {
		p := plain(dev, c)
		p.tensors[out] = p.tensors[in]
		return p
	}
}

// result is the operands after a call, and what was wrong with the call beside their values.
type result struct {
	values [][]float64
	faults []string
}

// apply runs the call on a device with the operands placed. What the call has to write holds NaN before.
func (c call) apply(dev kernels.Device, place placement) result {
	scope := kernels.NewScope(dev)
	defer scope.Close()
	p := place(scope, c)
	defer p.release()
	for i, o := range c.operands { // outputs first: where one is an input's tensor, the input's values count
		if o.values == nil {
			dev.Fill(p.tensors[i], math.NaN())
		}
	}
	for i, o := range c.operands {
		if o.values != nil {
			Set(dev, p.tensors[i], o.values)
		}
	}
	c.run(dev, p.tensors)
	if err := dev.Sync(); err != nil {
		return result{values: make([][]float64, len(c.operands)), faults: []string{err.Error()}}
	}

	var r result
	for i, o := range c.operands {
		values := Get(dev, p.tensors[i])
		r.values = append(r.values, values)
		if !o.out && !c.written(p, i) && !sameBits(values, o.values) {
			r.faults = append(r.faults, o.name+": the call changed an input")
		}
	}
	if damage := p.damage(); damage != "" {
		r.faults = append(r.faults, damage)
	}
	return r
}

// written reports whether input i shares its tensor with an output.
func (c call) written(p placed, i int) bool {
	for j, o := range c.operands {
		if o.out && j != i && sameTensor(p.tensors[i], p.tensors[j]) {
			return true
		}
	}
	return false
}

func sameTensor(a, b kernels.Tensor) bool {
	return a.Type() == b.Type() && a.Len() == b.Len() && a.Len() > 0 && a.Address() == b.Address()
}

// sameBits reports whether two slices hold the same numbers, zeros with their signs, any NaN like any other.
func sameBits(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
			return false
		}
	}
	return true
}

// checkGuarded compares calls with the reference, with their operands apart and flush against unmapped pages.
func checkGuarded(tb testing.TB, dev kernels.Device, calls []call) {
	tb.Helper()
	for _, c := range calls {
		for _, fault := range c.guardedFaults(dev) {
			tb.Errorf("%s: %s", c.name(), fault)
		}
	}
}

func (c call) guardedFaults(dev kernels.Device) (faults []string) {
	c = c.remembering()
	for _, place := range []placement{plain, guarded(true), guarded(false)} {
		got := c.apply(dev, place)
		faults = append(faults, got.faults...)
		if err := dev.Sync(); err != nil { // there are no results
			return faults
		}
		if d := c.difference(dev.Type(), got.values, c.want(), leniency{}); d != "" {
			faults = append(faults, d)
		}
	}
	return faults
}
