//go:build amd64 && !noasm

package asm

import (
	"math"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// contrastResult is the loss, lse and gradients of random rows, in float64. The key of an anchor's own row and its
// neighbour's are its positives.
func contrastResult(dev kernels.Device, anchors, keys, queue, depth int, symmetric bool, c kernels.Contrast) [4][]float64 {
	rows := func(name string, n int) kernels.Tensor {
		x := dev.New(dev.Type(), n, depth)
		kerneltest.Set(dev, x, kerneltest.Fill(name, -1, 1, n, depth))
		return x
	}
	q, dq := rows("groups.q", anchors), dev.New(dev.Type(), anchors, depth)
	k, dk := q, kernels.Tensor{}
	if !symmetric {
		k, dk = rows("groups.k", keys), dev.New(dev.Type(), keys, depth)
	}
	labels := kernels.Labels{Offsets: dev.New(kernels.Int32, anchors+1), Columns: dev.New(kernels.Int32, 2*anchors), Weights: dev.New(dev.Type(), 2*anchors)}
	offsets, columns := make([]int32, anchors+1), make([]int32, 2*anchors)
	for i := range anchors {
		offsets[i+1] = int32(2*i + 2)
		columns[2*i], columns[2*i+1] = int32(i%keys), int32((i+1)%keys)
	}
	dev.WriteInt32(labels.Offsets, offsets)
	dev.WriteInt32(labels.Columns, columns)
	dev.Fill(labels.Weights, 1)
	loss, lse, candidates := dev.New(kernels.Float64, 1), dev.New(dev.Type(), anchors), rows("groups.queue", queue)
	dev.ContrastiveLoss(loss, lse, q, k, candidates, labels, c, 1)
	dev.ContrastiveLossBackward(dq, dk, lse, q, k, candidates, labels, c, 1)
	return [4][]float64{kerneltest.Get(dev, loss), kerneltest.Get(dev, lse), kerneltest.Get(dev, dq), kerneltest.Get(dev, dk)}
}

// TestContrastGroups gives small work groups of several bands, which the suite is too small for, with fewer and with more
// bands than blocks, and in numbers that are odd and even.
func TestContrastGroups(t *testing.T) {
	defer func(before int) { contrastGroups = before }(contrastGroups)
	contrastGroups = 2
	for _, s := range []struct {
		name                 string
		anchors, keys, queue int
		symmetric            bool
		keysOf               kernels.Keys
	}{
		{"square", 700, 700, 300, false, kernels.OtherKeys}, {"wide", 520, 1500, 0, false, kernels.AllKeys},
		{"high", 1500, 520, 600, false, kernels.AllKeys}, {"own", 700, 700, 900, false, kernels.OwnKey},
		{"symmetric", 700, 700, 0, true, kernels.OtherKeys}, {"symmetric-odd", 1100, 1100, 100, true, kernels.AllKeys},
	} {
		c := kernels.Contrast{Scale: 1.5, Keys: s.keysOf, Normaliser: kernels.Anchor}
		want := contrastResult(reference.New(kernels.Float64), s.anchors, s.keys, s.queue, 8, s.symmetric, c)
		for _, tier := range assemblyTiers() {
			t.Run(s.name+"/"+tier, func(t *testing.T) {
				dev := openAssembly(tier)
				defer dev.Close()
				got := contrastResult(dev, s.anchors, s.keys, s.queue, 8, s.symmetric, c)
				for i, name := range []string{"loss", "lse", "dq", "dk"} {
					var largest, off float64
					for n, v := range want[i] {
						largest, off = max(largest, math.Abs(v)), max(off, math.Abs(got[i][n]-v))
					}
					if !(off <= 1e-5*largest) {
						t.Errorf("%s: %g off, of %g", name, off, largest)
					}
				}
			})
		}
	}
}
