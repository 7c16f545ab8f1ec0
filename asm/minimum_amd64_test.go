//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gzpt/kernels"
)

// TestMinimumTile compares every number of rows and columns of the tile of minima with its loop, as TestTile does.
func TestMinimumTile(t *testing.T) {
	each(t, func(t *testing.T, d *device) {
		b, g := d.blocking(), rand.New(rand.NewPCG(1, 3))
		const far = 40
		for rows := 1; rows <= b.rows; rows++ {
			for columns := 1; columns <= b.columns; columns++ {
				lengths := runLengths[(rows+columns)%len(runLengths)]
				add := (rows*columns)%2 == 0
				a, w := integers(g, far*maxRows), integers(g, 64*b.columns)
				c := integers(g, far*maxRows)
				var in, out [maxRows]int
				for i, p := range g.Perm(maxRows) {
					in[i], out[i] = 4*far*p, 4*far*(maxRows-1-p)
				}
				var runs []run
				for i, n := range lengths {
					runs = append(runs, run{4 * 5 * i, 4 * b.columns * 3 * i, n})
				}
				want := append([]float32(nil), c...)
				for i := range rows {
					for j := range columns {
						at := out[i]/4 + j
						if !add {
							want[at] = 0
						}
						for _, r := range runs {
							for k := range r.n {
								want[at] += min(a[(in[i]+r.a)/4+k], w[r.b/4+b.columns*k+j])
							}
						}
					}
				}
				d.minimumTile(&a[0], &in[0], runs, &w[0], &c[0], &out[0], rows, columns, add)
				same(t, fmt.Sprintf("%d rows, %d columns, runs %v, add %v", rows, columns, lengths, add), c, want)
			}
		}
	})
}

// A NaN is found at every place of every length, and nothing else is taken for one.
func TestHasNaN(t *testing.T) {
	if !hasAVX2 {
		t.Skip("no AVX2")
	}
	nan := float32(math.NaN())
	for n := 1; n <= 67; n++ {
		x := make([]float32, n+1)
		x[n] = nan // beyond the end
		for i := range n {
			x[i] = []float32{0, float32(math.Inf(1)), -1, float32(math.Inf(-1)), math.MaxFloat32}[i%5]
		}
		if hasNaN(&x[0], n) {
			t.Fatalf("%d numbers: a NaN that is not there", n)
		}
		for i := range n {
			v := x[i]
			if x[i] = nan; !hasNaN(&x[0], n) {
				t.Fatalf("%d numbers: the NaN at %d is not found", n, i)
			}
			x[i] = v
		}
	}
}

// TestMinimumSpans has several items, panels and blocks of depth, beside the reference.
func TestMinimumSpans(t *testing.T) {
	each(t, func(t *testing.T, d *device) {
		for _, size := range [][3]int{{500, 300, 70}, {65, 130, 2500}} {
			devices := [2]kernels.Device{d, oracle}
			a, b := beside(devices, "a", size[0], size[2]), beside(devices, "b", size[1], size[2])
			c := beside(devices, "c", size[0], size[1])
			d.PairwiseMinimum(c[0], a[0], b[0])
			oracle.PairwiseMinimum(c[1], a[1], b[1])
			agree(t, devices, fmt.Sprint(size), c, 0)
		}
	})
}
