package bench

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"gzpt/asm"
	"gzpt/kernels"
	"gzpt/kernels/trace"
)

// products are the sizes m, n, k of matrix products: squares, the linear layers of the heads at batch 64, a similarity
// matrix.
var products = [][3]int{
	{256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024},
	{64, 1024, 512}, {64, 256, 1024}, {64, 4096, 256}, {64, 256, 4096}, {1024, 1024, 128},
}

// BenchmarkMatMul is c = a*b^T, the form of a linear layer.
func BenchmarkMatMul(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		for _, p := range products {
			b.Run(fmt.Sprintf("pass=forward/shape=m%d_n%d_k%d", p[0], p[1], p[2]), func(b *testing.B) {
				x, w := Random(dev, 1, p[0], p[2]), Random(dev, 2, p[1], p[2])
				y := dev.New(dev.Type(), p[0], p[1])
				timed(b, dev, func(dev kernels.Device) { dev.MatMul(y, x, w, kernels.Product{TransB: true}) })
			})
		}
	})
}

// BenchmarkGonum is the same products by gonum's pure Go and SSE matrix product, the yardstick that every machine with
// Go has; its share is of the fastest tier's peak.
func BenchmarkGonum(b *testing.B) {
	for _, p := range products {
		b.Run(fmt.Sprintf("device=cpu/pass=forward/shape=m%d_n%d_k%d", p[0], p[1], p[2]), func(b *testing.B) {
			matrix := func(rows, cols int) blas32.General {
				data := make([]float32, rows*cols)
				for i := range data {
					data[i] = float32(i%17) - 8
				}
				return blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: data}
			}
			x, w, y := matrix(p[0], p[2]), matrix(p[1], p[2]), matrix(p[0], p[1])
			dev, err := asm.Open("")
			if err != nil {
				b.Fatal(err)
			}
			defer dev.Close()
			work := trace.Work{Operations: 2 * float64(p[0]) * float64(p[1]) * float64(p[2])}
			roof := func() float64 { return Peak(fastest(), peakTime) }
			below(b, device{Device: dev}, roof, work, func() { blas32.Gemm(blas.NoTrans, blas.Trans, 1, x, w, 0, y) })
		})
	}
}

// BenchmarkPairwiseMinimum is all pairs of m and n maps of 32 x 32 values. %peak is the share of a minimum and an addition
// in registers, PeakMinimum, instead of a multiply-add.
func BenchmarkPairwiseMinimum(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		for _, p := range [][3]int{{256, 256, 1024}, {1056, 1056, 1024}} {
			b.Run(fmt.Sprintf("pass=forward/shape=m%d_n%d_k%d", p[0], p[1], p[2]), func(b *testing.B) {
				x, y, c := Random(dev, 1, p[0], p[2]), Random(dev, 2, p[1], p[2]), dev.New(dev.Type(), p[0], p[1])
				work := trace.Work{Operations: 2 * float64(p[0]) * float64(p[1]) * float64(p[2])}
				below(b, dev, dev.minimum, work, func() { dev.PairwiseMinimum(c, x, y) })
			})
		}
	})
}
