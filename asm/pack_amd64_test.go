//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestPackRows covers full, partial and empty registers, and rows of 6 that overwrite the end of the one before.
func TestPackRows(t *testing.T) {
	const srcStep = 40
	checkPack(t, []int{6, 8, 16, 32}, []int{0, 1, 3, 4, 9}, func(r, j int) int { return r*srcStep + j }, func(dst, src []float32, columns, n, width int) int {
		packRows(&dst[0], columns, &src[0], srcStep, n, width)
		return n * columns // the last row may write behind its end
	})
}

// TestPackColumns covers whole blocks of 8 x 8 and both rests.
func TestPackColumns(t *testing.T) {
	const srcStep = 23
	checkPack(t, []int{16, 32}, []int{0, 1, 7, 8, 19}, func(r, j int) int { return j*srcStep + r }, func(dst, src []float32, columns, n, width int) int {
		packColumns(&dst[0], columns, &src[0], srcStep, n, width)
		return len(dst)
	})
}

// checkPack compares what pack makes of n rows of width numbers, at(r, j) in src, with rows of columns that have zeros behind them.
// pack returns how many of dst are as they should be: it may write behind them.
func checkPack(t *testing.T, columns, n []int, at func(r, j int) int, pack func(dst, src []float32, columns, n, width int) int) {
	g := rand.New(rand.NewPCG(7, 8))
	for _, columns := range columns {
		for width := 1; width <= columns; width++ {
			for _, n := range n {
				src := integers(g, 40*32)
				dst, want := filled(max(n, 1)*columns+lanes), filled(max(n, 1)*columns+lanes) // no rows have a place as well
				for r := range n {
					for j := range columns {
						want[r*columns+j] = 0
						if j < width {
							want[r*columns+j] = src[at(r, j)]
						}
					}
				}
				defined := pack(dst, src, columns, n, width)
				same(t, fmt.Sprintf("%d of %d columns, %d rows", width, columns, n), dst[:defined], want[:defined])
			}
		}
	}
}

// TestPacking packs channels lo to hi of some pixels into panels and looks every float up.
func TestPacking(t *testing.T) {
	g := rand.New(rand.NewPCG(11, 12))
	const channels, total = 70, 9
	src := integers(g, channels*total)
	for _, width := range []int{6, 8, 16, 32} {
		for _, lo := range []int{0, 3} {
			for hi := lo + 1; hi <= channels; hi++ {
				k := packing{from: &src[0], lo: lo, hi: hi, width: width, total: total}
				panels := ceil(hi-lo, width)
				dst := filled(panels*k.panel() + lanes)
				k.to = &dst[0]
				k.rows(0, channels, 0, 4)
				k.rows(4*channels, channels, 4, total-4)
				for pixel := range total {
					for c := lo; c < hi; c++ {
						panel, j := (c-lo)/width, (c-lo)%width
						if got := dst[panel*k.panel()+pixel*width+j]; got != src[pixel*channels+c] {
							t.Fatalf("width %d, channels %d to %d: channel %d of pixel %d is %v", width, lo, hi, c, pixel, got)
						}
					}
				}
			}
		}
	}
}

func TestTranspose(t *testing.T) {
	g := rand.New(rand.NewPCG(13, 14))
	for _, size := range [][2]int{{1, 1}, {7, 9}, {8, 8}, {16, 24}, {23, 17}} {
		n, width := size[0], size[1]
		src := integers(g, width*30)
		dst, want := filled(n*31), filled(n*31)
		for k := range n {
			for j := range width {
				want[k*31+j] = src[j*30+k]
			}
		}
		transpose(&dst[0], 31, &src[0], 30, n, width)
		same(t, fmt.Sprint(size), dst, want)
	}
}

func TestAddFloats(t *testing.T) {
	g := rand.New(rand.NewPCG(15, 16))
	for n := range 70 {
		dst, src := integers(g, n+1), integers(g, n+1)
		want := append([]float32(nil), dst...)
		for i := range n {
			want[i] += src[i]
		}
		addFloats(&dst[0], &src[0], n)
		same(t, fmt.Sprint(n), dst, want)
	}
}
