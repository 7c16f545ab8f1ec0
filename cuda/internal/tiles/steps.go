package tiles

import (
	"strconv"
	"strings"
	"text/template"

	"gzpt/cuda/internal/ring"
)

// step is a ring in a part of its source that has a label, or the name of registers, and how far descriptors have gone into a stage.
type step struct {
	ring.Ring
	Label string
	Gone  int
}

// fill is a step that brings two boxes: their maps with the coordinates.
type fill struct {
	step
	A, B string
}

var ringFunctions = template.FuncMap{
	"step":        func(r ring.Ring, label string, gone int) step { return step{r, label, gone} },
	"fill":        func(r ring.Ring, label, a, b string) fill { return fill{step{r, label, 0}, a, b} },
	"digit":       strconv.Itoa,
	"exponential": exponential,
}

// exponential is a register of x made e^x as the function of functions.ptx does it: a call would end what wgmma has under way. Unless
// any is true, x is at most 88 or NaN.
func exponential(x string, any bool) string {
	upper, infinite := "", ""
	if any {
		upper, infinite = "setp.gt.f32 %q, %x, 0f42B17217;\n\t", "\n\tselp.f32 %x, 0f7F800000, %x, %q;"
	}
	return strings.ReplaceAll(`mul.rn.f32 %u, %x, 0f3FB8AA3B; // e^x
	setp.lt.f32 %p, %x, 0fC2AEAC50;
	`+upper+`cvt.rni.f32.f32 %u, %u;
	fma.rn.f32 %x, %u, 0fBF317200, %x;
	fma.rn.f32 %x, %u, 0fB5BFBE8E, %x;
	cvt.rni.s32.f32 %bits, %u;
	fma.rn.f32 %u, %x, 0f39500D01, 0f3AB60B61;
	fma.rn.f32 %u, %u, %x, 0f3C088889;
	fma.rn.f32 %u, %u, %x, 0f3D2AAAAB;
	fma.rn.f32 %u, %u, %x, 0f3E2AAAAB;
	fma.rn.f32 %u, %u, %x, 0f3F000000;
	mul.rn.f32 %square, %x, %x;
	fma.rn.f32 %x, %u, %square, %x;
	add.rn.f32 %x, %x, 0f3F800000;
	shl.b32 %bits, %bits, 23;
	mov.b32 %power, %x;
	add.s32 %bits, %bits, %power;
	mov.b32 %x, %bits;
	selp.f32 %x, 0f00000000, %x, %p;`+infinite, "%x", x)
}
