//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"os"
	"testing"
	"time"
	"gzpt/kernels"
)

// minimum time of f over many short bursts
func mintime(f func()) float64 {
	best := 1e9
	for i := 0; i < 1500; i++ {
		t := time.Now()
		f()
		best = min(best, time.Since(t).Seconds())
	}
	return best
}

func TestMicro(t *testing.T) {
	if os.Getenv("MICRO") == "" {
		t.Skip()
	}
	for _, tier := range assemblyTiers() {
		d := openAssembly(tier).(*device)
		for _, size := range []int{128,192} {
		n, depth := size, 128
		q, k := d.New(kernels.Float32, n, depth), d.New(kernels.Float32, n, depth)
		d.Fill(q, 0.05)
		d.Fill(k, 0.04)
		l := kernels.Labels{Offsets: d.New(kernels.Int32, n+1), Columns: d.New(kernels.Int32, n), Weights: d.New(kernels.Float32, n)}
		j := d.contrast(q, k, kernels.Tensor{}, l, kernels.Contrast{Scale: 1}, false, true)
		j.size, j.keys.size = size, size
		j.stride = size + 16
		j.scratch()
		j.packSegment(&j.keys, true)
		j.bands = growFloats(j.bands, j.anchors*j.wide)
		j.each(j.bandCount(), (*contrastJob).packBand)
		j.dq, j.dk = make([]float32, n*depth), make([]float32, n*depth)
		j.shifts, j.factors = make([]float32, n), make([]float32, n)
		ws := &j.workers[0]
		band := span{0, n}
		peakOne := float64(2*16*16*peakBurst)
		loop := peakAVX512
		if tier == "avx2" {
			peakOne, loop = float64(2*8*12*peakBurst), peakAVX2
		}
		flops := 2 * float64(n) * float64(n) * float64(depth)
		peak := peakOne / mintime(func() { loop(peakBurst) })
		m := func(name string, f func()) {
			s := mintime(f)
			fmt.Printf("%s %d %s: %.1f%% of peak, %.1f us, %.3f ns/element\n", tier, size, name, 100*flops/s/peak, s*1e6, s*1e9/float64(n*n))
		}
		fmt.Printf("peak %.1f\n", peak/1e9)
		m("products", func() { j.products(ws, band, &j.keys, band) })
		m("anchors", func() { j.addAnchors(ws, j.dq, band, &j.keys, band) })
		m("keys", func() { j.addKeys(ws, j.dk, j.bands, band, band) })
		m("stats", func() { j.k.largestAndSum(&ws.z[0], 4*j.stride, n, n, &ws.stats[0]) })
		j.products(ws, band, &j.keys, band)
		m("gradient", func() { clear(j.factors); j.k.gradientRows(&ws.z[0], 4*j.stride, n, n, &j.shifts[0], &j.factors[0]) })
		m("symmetric", func() { j.k.symmetricRows(&ws.z[0], 4*j.stride, n, n, &j.shifts[0], &j.factors[0], &j.shifts[0], &j.factors[0]) })
		m("transpose", func() { transpose(&ws.turned[0], j.stride, &ws.z[0], j.stride, n, n) })
		m("packAcross", func() { j.packAcross(&j.keys, 0) })
		m("packAlong", func() { j.packAlong(j.keys.along, j.keys.rows, band) })
		}
		d.Close()
	}
}
