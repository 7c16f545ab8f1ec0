//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gzpt/kernels"
)

// bandwidth times run against a copy of the same memory by the same workers, turn by turn, and reports the median rate and
// share of the copy. floats is those that one run must read or write at least once.
func bandwidth(b *testing.B, d *device, floats int, run func()) {
	to, src := d.New(kernels.Float32, copied/2), d.New(kernels.Float32, copied/2)
	d.Fill(src, 1)
	var rates, shares []float64
	run()
	for b.Loop() {
		start := time.Now()
		d.Copy(to, src)
		roof := copied / time.Since(start).Seconds()
		start = time.Now()
		run()
		rate := float64(floats) / time.Since(start).Seconds()
		rates, shares = append(rates, 4e-9*rate), append(shares, 100*rate/roof)
	}
	slices.Sort(rates)
	slices.Sort(shares)
	b.ReportMetric(rates[len(rates)/2], "GB/s")
	b.ReportMetric(shares[len(shares)/2], "%copy")
	b.ReportMetric(0, "ns/op")
}

// copied is the floats that a copy reads and writes: as much as the largest layer below has in one tensor.
const copied = 16 * 112 * 112 * 64

// BenchmarkRows times the operations that memory bounds, on activations of ResNet-18 at batch 16; -cpu 1,2 says on how many
// cores.
func BenchmarkRows(b *testing.B) {
	for _, tier := range assemblyTiers() {
		d := openAssembly(tier).(*device)
		defer d.Close()
		for _, s := range []struct{ h, c int }{{112, 64}, {56, 64}, {28, 128}, {14, 256}, {7, 512}} {
			x, y, r, z := d.New(kernels.Float32, 16, s.h, s.h, s.c), d.New(kernels.Float32, 16, s.h, s.h, s.c), d.New(kernels.Float32, 16, s.h, s.h, s.c), d.New(kernels.Float32, 16, s.h, s.h, s.c)
			n := kernels.Norm{Gamma: d.New(kernels.Float32, s.c), Beta: d.New(kernels.Float32, s.c), Mean: d.New(kernels.Float32, s.c), InvStd: d.New(kernels.Float32, s.c)}
			dgamma, dbeta, moments := d.New(kernels.Float32, s.c), d.New(kernels.Float32, s.c), d.New(kernels.Float64, 2, s.c)
			for _, op := range []struct {
				name    string
				tensors int // read and written
				run     func()
			}{
				{"Copy", 2, func() { d.Copy(y, x) }},
				{"ReLU", 2, func() { d.ReLU(y, x) }},
				{"ReLUBackward", 3, func() { d.ReLUBackward(z, x, y) }},
				{"ChannelMoments", 1, func() { d.ChannelMoments(moments, x) }},
				{"BatchNorm", 2, func() { d.BatchNorm(y, x, n) }},
				{"BatchNormReLU", 2, func() { d.BatchNormReLU(y, x, n) }},
				{"BatchNormReLUInPlace", 2, func() { d.BatchNormReLU(x, x, n) }},
				{"BatchNormAddReLU", 3, func() { d.BatchNormAddReLU(y, x, r, n) }},
				{"BatchNormBackward", 5, func() { d.BatchNormBackward(z, dgamma, dbeta, r, x, n) }},
				{"BatchNormReLUBackward", 7, func() { d.BatchNormReLUBackward(z, dgamma, dbeta, r, y, x, n) }},
				{"BatchNormReLUBackwardInPlace", 7, func() { d.BatchNormReLUBackward(r, dgamma, dbeta, r, y, x, n) }},
				{"BatchNormAddReLUBackward", 7, func() { d.BatchNormAddReLUBackward(z, r, dgamma, dbeta, r, y, x, n) }},
			} {
				for _, t := range []kernels.Tensor{x, y, r, z, n.Gamma, n.InvStd} {
					d.Fill(t, 0.5) // no run may leave NaN or denormals to the next
				}
				b.Run(fmt.Sprintf("%s/%s/16x%dx%dx%d", tier, op.name, s.h, s.h, s.c), func(b *testing.B) { bandwidth(b, d, op.tensors*x.Len(), op.run) })
			}
		}
	}
}

// BenchmarkPools times the pools of ResNet-18 at batch 16: that of the stem, and the average at the end.
func BenchmarkPools(b *testing.B) {
	stem := kernels.Pool{Size: 3, Stride: 2, Pad: 1}
	for _, tier := range assemblyTiers() {
		d := openAssembly(tier).(*device)
		defer d.Close()
		x, dx, y, dy := d.New(kernels.Float32, 16, 112, 112, 64), d.New(kernels.Float32, 16, 112, 112, 64), d.New(kernels.Float32, 16, 56, 56, 64), d.New(kernels.Float32, 16, 56, 56, 64)
		for i := range x.Float32() {
			x.Float32()[i] = float32(i * 7919 % 1013)
		}
		last, mean := d.New(kernels.Float32, 16, 7, 7, 512), d.New(kernels.Float32, 16, 512)
		for _, op := range []struct {
			name   string
			floats int
			run    func()
		}{
			{"MaxPool", x.Len() + y.Len(), func() { d.MaxPool(y, x, stem) }},
			{"MaxPoolBackward", 2*x.Len() + 2*y.Len(), func() { d.MaxPoolBackward(dx, dy, y, x, stem) }},
			{"GlobalAveragePool", last.Len(), func() { d.GlobalAveragePool(mean, last) }},
			{"GlobalAveragePoolBackward", last.Len(), func() { d.GlobalAveragePoolBackward(last, mean) }},
		} {
			b.Run(tier+"/"+op.name, func(b *testing.B) { bandwidth(b, d, op.floats, op.run) })
		}
	}
}
