package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// Random is a check of random calls: any operation of the contract at any shape, with any values, in any place.
type Random struct {
	// Work is the most multiply-adds of a call; where there are none, it has an eighth as many elements.
	Work int
	// Same are devices whose results must have the same bits: with other workers, with another order of warps.
	Same []kernels.Device
	// Large says how often, one in so many times, a call may have 16 times as many; 0 is never.
	Large int
	// Spoil, where it is not nil, makes what earlier calls have left in the scratch of a device useless.
	Spoil func(dev kernels.Device)
}

// CheckRandom compares the call that is drawn from a seed with the reference, within the bounds of the suite; repeats it with the
// operands in another place, and on the devices that must have the same bits; and puts a NaN or an infinity into one of its operands.
// A failure prints the call and a smaller one that fails too.
func (s Suite) CheckRandom(tb testing.TB, dev kernels.Device, r Random, seed uint64) {
	tb.Helper()
	if fault := s.randomFault(dev, r, seed); fault != "" {
		tb.Errorf("%s: seed %d: %s", dev.Name(), seed, fault)
	}
}

func (s Suite) randomFault(dev kernels.Device, r Random, seed uint64) string {
	d := &draw{random: rand.New(rand.NewPCG(seed, 0)), work: r.Work}
	c, fault := s.random(dev, r, d)
	if fault == "" {
		return ""
	}
	text, last := c.name()+": "+fault, ""
	if dev.Sync() != nil { // it does nothing any more
		return text
	}
	smaller(d.made, func(choices []int) bool {
		c, fault := s.random(dev, r, &draw{given: choices, work: r.Work})
		if fault != "" {
			last = "\nsmaller: " + c.name() + ": " + fault
		}
		return fault != "" && dev.Sync() == nil
	})
	return text + last
}

// random is a call and what is wrong with it, or "".
func (s Suite) random(dev kernels.Device, r Random, d *draw) (c call, fault string) {
	if r.Large > 0 && d.one(r.Large) {
		d.work *= 16
	}
	d.coarse = s.Roundings != nil
	c = d.call(dev)
	c.roundings = s.Roundings
	if m, ok := c.mixed(); ok && dev.Supports(kernels.BFloat16) && d.below(2) == 1 {
		c = m
	}
	if run := c.run; r.Spoil != nil {
		c.run = func(on kernels.Device, t []kernels.Tensor) {
			if on.Name() == dev.Name() {
				r.Spoil(on)
			}
			run(on, t)
		}
	}
	c = c.remembering()
	for _, check := range []func(kernels.Device, call, *draw) string{checkPlain, r.checkPlaced, checkPoisoned} {
		if fault := check(dev, c, d); fault != "" {
			return c, fault
		}
	}
	return c, ""
}

// checkPlain compares a call with the reference. Views have the bits of the reference in float32.
func checkPlain(dev kernels.Device, c call, _ *draw) string {
	first := c.apply(dev, plain)
	if len(first.faults) > 0 {
		return first.faults[0]
	}
	if c.op == "Augment" && dev.Type() == kernels.Float32 && runtime.GOARCH == "amd64" {
		if d := c.changed(c.apply(reference.New(kernels.Float32), plain).values, first.values); d != "" {
			return "reference in float32: " + d
		}
	}
	c.known.first = first.values
	return c.difference(dev.Type(), first.values, c.want(), leniency{})
}

// checkPlaced repeats a call in another place, in place of an input, and on the devices that must have the same bits.
func (r Random) checkPlaced(dev kernels.Device, c call, d *draw) string {
	again := func(what string, dev kernels.Device, place placement) string {
		result := c.apply(dev, place)
		if len(result.faults) > 0 {
			return what + ": " + result.faults[0]
		}
		if changed := c.changed(c.known.first, result.values); changed != "" {
			return what + ": " + changed
		}
		return ""
	}
	start := d.below(16)
	where, place := fmt.Sprintf("offset %d", start), offset(start)
	if nearHost(dev) && !c.halves() && d.below(2) == 0 {
		atEnd := d.below(2) == 0
		where, place = fmt.Sprintf("at the end of a page: %t", atEnd), guarded(atEnd)
	}
	if fault := again(where, dev, place); fault != "" {
		return fault
	}
	if place, what := c.anyAlias(d); place != nil {
		if fault := again(what, dev, place); fault != "" {
			return fault
		}
	}
	for _, same := range r.Same {
		if fault := again("another device", same, plain); fault != "" {
			return fault
		}
	}
	return ""
}

// anyAlias is an output in the place of an input, nil where there is none.
func (c call) anyAlias(d *draw) (place placement, what string) {
	var places []placement
	var names []string
	for i, o := range c.operands {
		for j, in := range c.operands {
			if slices.Contains(o.inPlace, in.name) {
				places, names = append(places, aliased(i, j)), append(names, o.name+" in place of "+in.name)
			}
		}
	}
	if len(places) == 0 {
		return nil, ""
	}
	i := d.below(len(places))
	return places[i], names[i]
}

// checkPoisoned puts a NaN or an infinity into an operand, any of its elements.
func checkPoisoned(dev kernels.Device, c call, d *draw) string {
	i := d.below(len(c.operands))
	o := c.operands[i]
	if len(o.values) == 0 || o.derived || o.indices || c.poisoned() {
		return ""
	}
	v := math.NaN()
	if !c.finite {
		v = of(d, math.NaN(), math.Inf(1), math.Inf(-1))
	}
	return c.poisonFault(dev, i, d.below(len(o.values)), v)
}

// poisoned reports whether an operand has something that is not finite.
func (c call) poisoned() bool {
	return slices.ContainsFunc(c.operands, func(o operand) bool {
		return slices.ContainsFunc(o.values, func(v float64) bool { return !isFinite(v) })
	})
}

// call is a call of any operation that the device can carry out.
func (d *draw) call(dev kernels.Device) call {
	op := of(d, randomOperations()...)
	if !op.products {
		d.work /= 8 // which an element takes about
		d.coarse = false
	}
	calls := slices.DeleteFunc(op.calls(d), func(c call) bool {
		return c.op != op.name || c.halves() && !dev.Supports(kernels.BFloat16)
	})
	c := of(d, calls...)
	c.operands = slices.Clone(c.operands)
	for i, o := range c.operands {
		if o.values == nil || o.sums || !slices.Contains(op.values, o.name) {
			continue
		}
		c.operands[i].values = d.values(o.len())
		if o.half {
			c.operands[i] = half(c.operands[i])
		}
		if o.indices {
			c.operands[i].values = mapped(func(v float64) float64 { return math.Round(v) + 0 }, c.operands[i].values) // -0 is 0
		}
	}
	return c
}
