//go:build amd64 && !noasm

package asm

import (
	"fmt"
	"testing"

	"gzpt/kernels"
)

// plannedGeometries have padding on all sides, none, more than the kernel, strides that leave pixels unread, dilation and
// groups.
var plannedGeometries = []geometry{
	{Conv: kernels.Conv{Stride: 1, Pad: 1, Dilation: 1, Groups: 1}, n: 2, h: 9, w: 7, c: 3, k: 5, r: 3, s: 3},
	{Conv: kernels.Conv{Stride: 2, Pad: 3, Dilation: 1, Groups: 1}, n: 3, h: 17, w: 12, c: 3, k: 40, r: 7, s: 7},
	{Conv: kernels.Conv{Stride: 3, Pad: 0, Dilation: 1, Groups: 1}, n: 1, h: 11, w: 10, c: 2, k: 3, r: 2, s: 1},
	{Conv: kernels.Conv{Stride: 2, Pad: 4, Dilation: 3, Groups: 2}, n: 2, h: 8, w: 9, c: 4, k: 6, r: 3, s: 3},
	{Conv: kernels.Conv{Stride: 1, Pad: 1, Dilation: 1, Groups: 1}, n: 70, h: 2, w: 2, c: 8, k: 8, r: 3, s: 3},
	{Conv: kernels.Conv{Stride: 1, Pad: 0, Dilation: 1, Groups: 1}, n: 1, h: 1, w: 1000, c: 3000, k: 8, r: 1, s: 1},
}

// TestPlanCovers shows that the chunks of a plan write every output pixel once, and that the runs of a pixel read exactly
// the inputs, through the weights, that the definition of the convolution names.
func TestPlanCovers(t *testing.T) {
	for _, g := range plannedGeometries {
		g.oh, g.ow = g.Out(g.h, g.r), g.Out(g.w, g.s)
		for _, backward := range []bool{false, true} {
			for _, b := range []*blocking{&blockingAVX2, &blockingAVX512} {
				t.Run(fmt.Sprintf("%+v/backward=%v/rows=%d", g, backward, b.rows), func(t *testing.T) {
					p := newPlan(g, backward, b)
					in, out := make([]int, p.pixels+b.rows), make([]int, p.pixels+b.rows)
					seen := map[int]bool{}
					for _, c := range p.chunks {
						p.offsets(c, in, out, b.rows)
						for q := range c.pixels {
							if at := out[q] / 4; seen[at] {
								t.Fatalf("pixel at %d written twice", at)
							} else {
								seen[at] = true
								checkTaps(t, g, backward, b, p, in[q], at, p.regions[c.region].blocks)
							}
						}
					}
					pixels := g.n * g.oh * g.ow
					if backward {
						pixels = g.n * g.h * g.w
					}
					if len(seen) != pixels {
						t.Fatalf("%d pixels written of %d", len(seen), pixels)
					}
				})
			}
		}
	}
}

// checkTaps compares the runs of the output pixel at float out with the taps that the definition gives it.
func checkTaps(t *testing.T, g geometry, backward bool, b *blocking, p *plan, in, out int, blocks [][]run) {
	t.Helper()
	want := map[[2]int]bool{} // input float and step of the packed weights of the first channel of a tap
	n, row, col := out/p.out.image, out%p.out.image/p.out.row, out%p.out.row/p.out.pixel
	for r := range g.r {
		for s := range g.s {
			h, w, ok := row*g.Stride-g.Pad+r*g.Dilation, col*g.Stride-g.Pad+s*g.Dilation, true
			limitH, limitW := g.h, g.w
			if backward {
				h, w = row+g.Pad-r*g.Dilation, col+g.Pad-s*g.Dilation
				ok = h >= 0 && w >= 0 && h%g.Stride == 0 && w%g.Stride == 0
				h, w, limitH, limitW = h/g.Stride, w/g.Stride, g.oh, g.ow
			}
			if ok && h >= 0 && w >= 0 && h < limitH && w < limitW {
				want[[2]int{n*p.in.image + h*p.in.row + w*p.in.pixel, packedTap(g, r, s, backward)}] = true
			}
		}
	}
	steps := 0
	for _, block := range blocks {
		depth := 0
		for _, r := range block {
			depth += r.n
			for k := range r.n {
				step := r.b/4/b.columns + k
				if step%p.inGroup == 0 && !want[[2]int{(in+r.a)/4 + k, step / p.inGroup}] {
					t.Fatalf("output at %d reads input %d through tap %d", out, (in+r.a)/4+k, step/p.inGroup)
				}
			}
		}
		if depth > b.depth {
			t.Fatalf("a block of %d steps", depth)
		}
		steps += depth
	}
	if steps != len(want)*p.inGroup {
		t.Fatalf("output at %d sums %d steps, want %d", out, steps, len(want)*p.inGroup)
	}
}

// TestPlansAreBounded shows that shapes that never repeat do not fill memory.
func TestPlansAreBounded(t *testing.T) {
	each(t, func(t *testing.T, d *device) {
		for m := range 2 * maxPlans {
			d.plan(pixelwise(m+1, 1, 1), false)
			d.gradPlan(pixelwise(m+1, 1, 1))
			if len(d.conv.plans) > maxPlans || len(d.conv.gradPlans) > maxPlans {
				t.Fatalf("%d and %d plans kept", len(d.conv.plans), len(d.conv.gradPlans))
			}
		}
	})
}
