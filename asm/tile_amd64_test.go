//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// each runs a test on a device of every assembly tier of this machine.
func each(t *testing.T, test func(t *testing.T, d *device)) {
	for _, tier := range assemblyTiers() {
		t.Run(tier, func(t *testing.T) {
			d := openAssembly(tier).(*device)
			defer d.Close()
			test(t, d)
		})
	}
}

// integers are n floats that are small whole numbers, whose sums of products are exact in any order.
func integers(g *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(g.IntN(9) - 4)
	}
	return x
}

// untouched is what tests fill memory with that a kernel must leave alone.
const untouched = 12345

func filled(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = untouched
	}
	return x
}

func same(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: element %d is %v, want %v", name, i, got[i], want[i])
		}
	}
}

// runLengths reach the loop of four steps, its rest and both together, and a run of nothing.
var runLengths = [][]int{{}, {0}, {1}, {3}, {4}, {5, 2}, {8, 1, 7}, {3, 0, 12}}

func TestTile(t *testing.T) {
	checkTile(t, func(a, w float32) float32 { return a * w },
		func(d *device, a *float32, in *int, runs []run, w, c *float32, out *int, rows, columns int, add bool) {
			d.tileAhead(a, in, runs, w, c, out, rows, columns, add, ahead(rows, columns))
		})
}

// checkTile compares every number of rows, up to three tiles, and columns of a tile with its loop, on scattered pixels; the
// columns past the last must stay untouched.
func checkTile(
	t *testing.T, step func(a, w float32) float32,
	tile func(d *device, a *float32, in *int, runs []run, w, c *float32, out *int, rows, columns int, add bool),
) {
	each(t, func(t *testing.T, d *device) {
		b, g := d.blocking(), rand.New(rand.NewPCG(1, 2))
		const (
			far  = 40 // floats from one pixel to the next, in any order
			most = 3 * maxRows
		)
		for rows := 1; rows <= 2*b.rows+1; rows++ {
			for columns := 1; columns <= b.columns; columns++ {
				lengths := runLengths[(rows+columns)%len(runLengths)]
				add := (rows*columns)%2 == 0
				a, w := integers(g, far*most), integers(g, 64*b.columns)
				c := integers(g, far*most)
				var in, out [most]int
				for i, p := range g.Perm(most) {
					in[i], out[i] = 4*far*p, 4*far*(most-1-p)
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
								want[at] += step(a[(in[i]+r.a)/4+k], w[r.b/4+b.columns*k+j])
							}
						}
					}
				}
				tile(d, &a[0], &in[0], runs, &w[0], &c[0], &out[0], rows, columns, add)
				same(t, fmt.Sprintf("%d rows, %d columns, runs %v, add %v", rows, columns, lengths, add), c, want)
			}
		}
	})
}

// ahead is nothing to fetch, or what is no memory, which must not matter.
func ahead(rows, columns int) fetch {
	return [...]fetch{{}, {from: alignment, lines: 1}, {from: 1 << 60, lines: 20}}[(rows+columns)%3]
}

// TestGradTile does the same as checkTile for the tile of weight gradients.
func TestGradTile(t *testing.T) {
	each(t, func(t *testing.T, d *device) {
		b, g := d.blocking(), rand.New(rand.NewPCG(3, 4))
		const cStep = 40
		for rows := 1; rows <= 2*b.rows+1; rows++ {
			for columns := 1; columns <= b.columns; columns++ {
				lengths := runLengths[(rows+2*columns)%len(runLengths)]
				add := (rows+columns)%2 == 0
				aStep, bStep := rows+rows%3, b.columns*(1+columns%2)
				a, x := integers(g, 64*aStep), integers(g, 64*bStep)
				c := integers(g, cStep*3*maxRows)
				var runs []run
				for i, n := range lengths {
					runs = append(runs, run{4 * aStep * i, 4 * bStep * 2 * i, n})
				}
				want := append([]float32(nil), c...)
				for i := range rows {
					for j := range columns {
						at := i*cStep + j
						if !add {
							want[at] = 0
						}
						for _, r := range runs {
							for k := range r.n {
								want[at] += a[r.a/4+k*aStep+i] * x[r.b/4+k*bStep+j]
							}
						}
					}
				}
				d.gradTileAhead(&a[0], 4*aStep, &x[0], 4*bStep, runs, &c[0], 4*cStep, rows, columns, add, ahead(rows, columns))
				same(t, fmt.Sprintf("%d rows, %d columns, runs %v, add %v", rows, columns, lengths, add), c, want)
			}
		}
	})
}

// TestTileMoments shows that only rows and columns of the tile count, and that moments go on from what is there.
func TestTileMoments(t *testing.T) {
	each(t, func(t *testing.T, d *device) {
		b, lanes, g := d.blocking(), d.rows().lanes, rand.New(rand.NewPCG(5, 6))
		for rows := 1; rows <= b.rows; rows++ {
			for columns := 1; columns <= b.columns; columns++ {
				c := integers(g, 40*maxRows)
				var out [maxRows]int
				for i, p := range g.Perm(maxRows) {
					out[i] = 4 * 40 * p
				}
				moments := make([]float64, 2*b.columns)
				at := func(j int) int { return j/lanes*2*lanes + j%lanes }
				for j := range columns { // of j-1, j, j+1
					moments[at(j)], moments[at(j)+lanes] = float64(j), 2
				}
				d.tileMoments(&moments[0], &c[0], &out[0], 3, rows, columns)
				for j := range columns {
					values := []float64{float64(j - 1), float64(j), float64(j + 1)}
					for _, o := range out[:rows] {
						values = append(values, float64(c[o/4+j]))
					}
					mean, squares := twoPasses(values)
					if got := moments[at(j):]; !(math.Abs(got[0]-mean) <= 4e-6) || !(math.Abs(got[lanes]-squares) <= 1e-6*squares) {
						t.Fatalf("%d rows, %d columns: moments of column %d are %v and %v, want %v and %v", rows, columns, j, got[0], got[lanes], mean, squares)
					}
				}
			}
		}
	})
}

// twoPasses is the mean of values and the sum of the squares of their deviations from it.
func twoPasses(values []float64) (mean, squares float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return mean, squares
}
