//go:build amd64 && !noasm

package asm

import (
	"math"
	"runtime"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// FuzzCalls compares random calls of all operations of every tier with the reference; they have the same bits for any number of workers,
// whatever earlier calls have left. A seed is a call.
func FuzzCalls(f *testing.F) {
	defer func(groups, floats, anchors, whole int) {
		contrastGroups, keptFloats, ownAnchors, wholeFloats = groups, floats, anchors, whole
	}(contrastGroups, keptFloats, ownAnchors, wholeFloats)
	var devices [][]kernels.Device
	for _, tier := range assemblyTiers() {
		var same []kernels.Device
		for _, workers := range []int{2, 1, 5} {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
			same = append(same, openAssembly(tier))
		}
		devices = append(devices, same)
	}
	seeds := uint64(200)
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		contrastGroups, keptFloats, ownAnchors, wholeFloats = []int{16, 2}[seed%2], []int{6 << 20, 1 << 16}[seed/2%2], []int{512, 0}[seed/4%2], []int{3 << 20, 0}[seed/8%2]
		for _, same := range devices {
			r := kerneltest.Random{Work: 1 << 17, Large: 8, Same: same[1:], Spoil: func(dev kernels.Device) { dev.(*device).spoil() }}
			kerneltest.Suite{}.CheckRandom(t, same[0], r, seed)
		}
	})
}

// spoil fills what earlier calls have left in the scratch of the device with NaN.
func (d *device) spoil() {
	e, c, j := &d.elem, &d.conv, &d.elem.contrast
	floats := [][]float32{c.packed, c.partial, e.params, e.losses.product, j.keys.across, j.keys.along, j.queue.across, j.queue.along,
		j.bands, j.partial, j.shifts, j.factors, j.labelFactors, j.kept}
	doubles := [][]float64{c.moments, e.affine, e.wideParams, e.losses.sums, e.sums.partial, e.moments.partial, e.optimisers.reduction.parts,
		j.norms, j.losses, j.pairSums, j.pairLabelled}
	for _, w := range c.workers {
		floats = append(floats, w.x, w.dy)
	}
	for _, w := range e.sums.workers {
		doubles = append(doubles, w.wide)
	}
	doubles = append(doubles, e.moments.workers...)
	for _, w := range j.workers {
		floats, doubles = append(floats, w.z, w.turned, w.columnSums, w.lanes, w.keys.across, w.keys.along, w.queue.across, w.queue.along), append(doubles, w.sums, w.labelled)
	}
	for _, s := range floats {
		for i := range s {
			s[i] = float32(math.NaN())
		}
	}
	for _, s := range doubles {
		for i := range s {
			s[i] = math.NaN()
		}
	}
}
