package cuda

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// brokenTensor is a shipped file of tensor cores with one mistake, everywhere in it: pairs of old and new text. What shows it is
// part of a fault of the interpreter, "bits" for a wrong result, "conflicts" for accesses that meet a bank twice, "" for any of them.
type brokenTensor struct {
	name, file string
	change     []string
	shows      string
}

const (
	gatherFile  = "convolution_gather_"
	weightsFile = "convolution_weights_"
)

var brokenTensors = []brokenTensor{
	{"no barrier", gatherFile, []string{"bar.sync 0; // for all threads", "// for all threads"}, "shared memory"},
	{"no barrier", weightsFile, []string{"bar.sync 0; // for all threads", "// for all threads"}, "shared memory"},
	{"no wait", gatherFile, []string{"cp.async.wait_group 1;", ""}, "asynchronous"},
	{"a wait too short", gatherFile, []string{"cp.async.wait_group 1;", "cp.async.wait_group 2;"}, "asynchronous"},
	{"a wait too short", weightsFile, []string{"cp.async.wait_group 1;", "cp.async.wait_group 2;"}, "asynchronous"},
	{"a group not committed", gatherFile, []string{"FILLED:\n\tcp.async.commit_group;", "FILLED:"}, "asynchronous"},
	{"two stages of three", gatherFile, []string{"add.u32 %t, %step, 2;", "add.u32 %t, %step, 3;"}, ""},
	{"no way back to the first stage", gatherFile, []string{"@%p mov.u32 %fill, %stages;", ""}, "out of bounds"},
	{"parts not exchanged as they are written", gatherFile, []string{"xor.b32 %u, %u, %part;", "mov.b32 %u, %part;"}, "bits"},
	{"parts not exchanged as they are read", gatherFile, []string{"xor.b32 %a1, %a0, 32;", "add.u32 %a1, %a0, 32;"}, "bits"},
	{"parts exchanged nowhere", gatherFile, []string{"xor.b32 %u, %u, %part;", "mov.b32 %u, %part;", "xor.b32 %u, %u, %v;", ""}, "conflicts"},
	{"parts of pixels not exchanged", weightsFile, []string{"xor.b32 %u, %u, %part;", "mov.b32 %u, %part;"}, "bits"},
	{"fragments of the left factor swapped", gatherFile, []string{"{%fa0,%fa1,%fa2,%fa3}, {%fb", "{%fa0,%fa2,%fa1,%fa3}, {%fb"}, "bits"},
	{"fragments of the filters swapped", gatherFile, []string{"{%fb0,%fb1},", "{%fb1,%fb0},"}, "bits"},
	{"fragments of gradients swapped", weightsFile, []string{"{%fa4,%fa5,%fa6,%fa7}, {%fb", "{%fa5,%fa4,%fa6,%fa7}, {%fb"}, "bits"},
	{"a term too many", gatherFile, []string{"setp.lt.u32 %in_depth, %k, %depth;", "setp.le.u32 %in_depth, %k, %depth;"}, ""},
	{"a pixel too many", gatherFile, []string{"setp.ge.u32 %p, %t, %rows;\n\t@%p mov", "setp.gt.u32 %p, %t, %rows;\n\t@%p mov"}, "out of bounds"},
	{"a row of the image too many", gatherFile, []string{"setp.lt.and.u32 %p, %h, %H,", "setp.le.and.u32 %p, %h, %H,"}, ""},
	{"a column of the image too many", weightsFile, []string{"setp.lt.and.u32 %p, %w, %W, %p;", "setp.le.and.u32 %p, %w, %W, %p;"}, ""},
	{"padding not filled with zeros", gatherFile, []string{"selp.b32 %bytes, 16, 0, %p;", "mov.b32 %bytes, 16;"}, ""},
	{"a channel too many", gatherFile, []string{"setp.lt.u32 %column0, %t, %ng;", "setp.le.u32 %column0, %t, %ng;"}, ""},
	{"pixels of the next part", weightsFile, []string{"setp.lt.and.u32 %p, %t, %end,", "setp.le.and.u32 %p, %t, %end,"}, ""},
	{"a channel k too many", weightsFile, []string{"setp.ge.u32 %p, %t, %kg;", "setp.gt.u32 %p, %t, %kg;"}, ""},
	{"pixels of a part of moments", gatherFile, []string{"min.u32 %t, %t, 64;", "mov.u32 %t, 64;"}, "bits"},
	{"half of a part of moments", gatherFile, []string{"%bits, %bits, 16, 31", "%bits, %bits, 8, 31"}, "bits"},
	{"moments of pixels that are none", gatherFile, []string{"setp.lt.u32 %live7,", "setp.ge.u32 %live7,"}, "bits"},
	{"what was there left out", gatherFile, []string{"setp.ne.u32 %adds, %add, 0;", "setp.eq.u32 %adds, %add, %add;\n\tnot.pred %adds, %adds;"}, "bits"},
	{"factors cut instead of rounded", gatherFile + "tf32.ptx", []string{"cvt.rna.tf32.f32 %fa0, %fa0;", ""}, "bits"},
	{"filters not turned", "convolution_filters.ptx", []string{"mad.lo.u32 %s, %b, %every, %s0;", "mov.u32 %s, %s0;"}, "bits"},
	{"columns of the filters in one bank", "convolution_filters.ptx", []string{", 132, ", ", 128, ", "add.u32 %at, %at, 1056;", "add.u32 %at, %at, 1024;"}, "conflicts"},
	{"no barrier between rows and columns", "convolution_filters.ptx", []string{"bar.sync 0;", ""}, "uninitialised"},
	{"threads that take each other's parts", "convolution_filters.ptx", []string{"mul.lo.u32 %t, %every, %stride;", "mov.u32 %t, %stride;"}, "bits"},
	{"a thread's sum twice", "convolution_filters.ptx", []string{"add.u32 %at, %at, %t;", ""}, "bits"},
	{"a result too many", "convolution_filters.ptx", []string{"setp.lt.u32 %live, %i, %n;", "setp.le.u32 %live, %i, %n;"}, ""},
	{"rows of packed filters one after the other", "convolution_filters.ptx", []string{"mul.lo.u32 %t, %t, %terms;", "mul.lo.u32 %t, %t, %row;"}, "bits"},
	{"pixels of packed filters one after the other", "convolution_filters.ptx", []string{"mad.lo.u32 %t, %u, %pixel, %t;", "mad.lo.u32 %t, %u, %C, %t;"}, "bits"},
	{"pixels beside a window", gatherFile + "bf16.ptx", []string{"min.u32 %bytes, %bytes, 16;", "mov.u32 %bytes, 16;"}, "bits"},
	{"a piece too few of a window", gatherFile, []string{"sub.u32 %bytes, %run, %c;", "sub.u32 %bytes, %cg, %c;\n\tsub.u32 %bytes, %bytes, 8;"}, "bits"},
	{"one row of packed taps", gatherFile, []string{"mul.lo.u32 %dh, %t, %tap;", "mov.u32 %dh, 0;"}, "bits"},
	{"packed windows without a step", gatherFile, []string{"mul.lo.u32 %w, %j, %C;", "mov.u32 %w, 0;"}, "bits"},
	{"packed windows beyond the last pixel", gatherFile, []string{"selp.b32 %base, %base, 0, %p;", ""}, ""},
	{"one row of packed taps", weightsFile, []string{"mul.lo.u32 %dh, %t, %dilation;", "mov.u32 %dh, 0;"}, "bits"},
	{"packed windows of one row", weightsFile, []string{"mad.lo.u32 %h, %image, %H, %h;\n\tmul.lo", "mov.u32 %h, 0;\n\tmul.lo"}, "bits"},
	{"an image not moved by its padding", "convolution_pack.ptx", []string{"sub.u32 %h, %h, %pad;", ""}, "bits"},
	{"columns beside the image", "convolution_pack.ptx", []string{"setp.lt.and.u32 %p, %w, %W, %p;", ""}, ""},
	{"channels of the next pixel", "convolution_pack.ptx", []string{"setp.lt.and.u32 %q, %t, %C, %p;", "and.pred %q, %p, %p;"}, ""},
}

// brokenShapes have two tiles of channels, padding and more stages than there are at a time; phases; parts of the weight gradient, and
// so many that threads share them.
var brokenShapes = []kerneltest.Geometry{
	shape(1, 6, 7, 24, 72, 3, 3, 1, 1, 1, 1), shape(1, 5, 5, 8, 8, 3, 3, 2, 1, 1, 1), shape(2, 12, 12, 8, 8, 1, 1, 1, 0, 1, 1),
	shape(1, 43, 43, 8, 8, 1, 1, 1, 0, 1, 1),
}

// brokenPacked is packed. In one run a NaN stands in the column beside the first window.
var brokenPacked = shape(2, 7, 9, 3, 8, 3, 5, 2, 1, 1, 1)

// TestTensorCoresBroken: a mistake in a file of tensor cores is found by what a few small convolutions show, in both types.
func TestTensorCoresBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("ten seconds of the interpreter")
	}
	whole, err := families()
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []struct {
		name string
		typ  kernels.Type
	}{{"tf32", kernels.Float32}, {"bf16", kernels.BFloat16}} {
		want, found := shown(t, whole, number.typ)
		if found != "" {
			t.Fatalf("%s: without a mistake: %s", number.name, found)
		}
		for _, b := range brokenTensors {
			file := b.file
			switch {
			case strings.HasSuffix(file, "_"):
				file += number.name + ".ptx"
			case strings.HasPrefix(file, gatherFile) && !strings.Contains(file, number.name):
				continue
			}
			b.file = file
			t.Run(number.name+"/"+file+"/"+b.name, func(t *testing.T) {
				b.check(t, whole, want, func(t *testing.T, list []family) ([]float64, string) { return shown(t, list, number.typ) })
			})
		}
	}
}

// check demands that shown, which runs what a mistake can change, finds it in the way that is expected.
func (b brokenTensor) check(t *testing.T, whole []family, want []float64, shown func(*testing.T, []family) ([]float64, string)) {
	t.Helper()
	got, found := shown(t, b.applied(t, whole))
	for i := range want {
		if found == "" && math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			found = fmt.Sprintf("other bits of result %d: %g, want %g", i, got[i], want[i])
		}
	}
	if found == "" || !strings.Contains(found, b.shows) {
		t.Errorf("found by %q, expected %q", found, b.shows)
	}
}

// applied is all files with the mistake in one.
func (b brokenTensor) applied(t *testing.T, whole []family) (list []family) {
	for _, f := range whole {
		if f.name == b.file {
			for i := 0; i < len(b.change); i += 2 {
				if !strings.Contains(f.text, b.change[i]) {
					t.Fatalf("%s has no %q", b.file, b.change[i])
				}
				f.text = strings.ReplaceAll(f.text, b.change[i], b.change[i+1])
			}
		}
		list = append(list, f)
	}
	return list
}

// shown is the results of convolutions on the given kernels, and the fault or the bank conflicts that they show.
func shown(t *testing.T, list []family, typ kernels.Type) (results []float64, found string) {
	t.Helper()
	conflicts := ""
	dev, err := open(ptxsim.Open(ptxsim.Options{Observe: func(p *ptxsim.Profile) {
		if p.Total.SharedConflicts != 0 && conflicts == "" {
			conflicts = fmt.Sprintf("%s: %d conflicts", p.Kernel, p.Total.SharedConflicts)
		}
	}}), Settings{Products: TF32}, list)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	dev.wideBlocks = 1
	// First, while scratch memory holds no more than the operation at hand takes.
	results, err = besideWindows(dev, brokenPacked, typ, brokenPacked.H+4, math.NaN())
	if err != nil {
		return nil, err.Error()
	}
	for _, g := range append(brokenShapes, brokenPacked) {
		values, err := convolved(dev, g, typ)
		if err != nil {
			return nil, err.Error()
		}
		results = append(results, values...)
	}
	return results, conflicts
}
