package cuda

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// brokenTile is a shipped file of convolutions with one mistake, everywhere in it: pairs of old and new text. What shows it is
// part of a fault of the interpreter, "bits" for a wrong result, "conflicts" for accesses that meet a bank twice, "" for any of them.
type brokenTile struct {
	name, file string
	change     []string
	shows      string
}

const (
	gatherFile  = "convolution_gather_"
	weightsFile = "convolution_weights_"
)

// brokenTiles are mistakes in the files of every number.
var brokenTiles = []brokenTile{
	{"no barrier", gatherFile, []string{"bar.sync 0; // for all threads", "// for all threads"}, "shared memory"},
	{"no barrier", weightsFile, []string{"bar.sync 0; // for all threads", "// for all threads"}, "shared memory"},
	{"no wait", gatherFile, []string{"cp.async.wait_group 1;", ""}, "asynchronous"},
	{"a wait too short", gatherFile, []string{"cp.async.wait_group 1;", "cp.async.wait_group 2;"}, "asynchronous"},
	{"a wait too short", weightsFile, []string{"cp.async.wait_group 1;", "cp.async.wait_group 2;"}, "asynchronous"},
	{"a group not committed", gatherFile, []string{"FILLED:\n\tcp.async.commit_group;", "FILLED:"}, "asynchronous"},
	{"two stages of three", gatherFile, []string{"add.u32 %t, %step, 2;", "add.u32 %t, %step, 3;"}, ""},
	{"no way back to the first stage", gatherFile, []string{"@%p mov.u32 %fill, %stages;", ""}, "out of bounds"},
	{"parts not exchanged as they are written", gatherFile, []string{"xor.b32 %u, %u, %part;", "mov.b32 %u, %part;"}, "bits"},
	{"a term too many", gatherFile, []string{"setp.lt.u32 %in_depth, %k, %depth;", "setp.le.u32 %in_depth, %k, %depth;"}, ""},
	{"a pixel too many", gatherFile, []string{"setp.ge.u32 %p, %t, %rows;\n\t@%p mov", "setp.gt.u32 %p, %t, %rows;\n\t@%p mov"}, "out of bounds"},
	{"a row of the image too many", gatherFile, []string{"setp.lt.and.u32 %p, %h, %H,", "setp.le.and.u32 %p, %h, %H,"}, ""},
	{"a column of the image too many", weightsFile, []string{"setp.lt.and.u32 %p, %w, %W, %p;", "setp.le.and.u32 %p, %w, %W, %p;"}, ""},
	{"padding not filled with zeros", gatherFile, []string{"selp.b32 %bytes, 16, 0, %p;", "mov.b32 %bytes, 16;"}, ""},
	{"a channel too many", gatherFile, []string{"setp.lt.u32 %column0, %t, %ng;", "setp.le.u32 %column0, %t, %ng;"}, ""},
	{"pixels of the next part", weightsFile, []string{"setp.lt.and.u32 %p, %t, %end,", "setp.le.and.u32 %p, %t, %end,"}, ""},
	{"a channel k too many", weightsFile, []string{"setp.ge.u32 %p, %t, %kg;", "setp.gt.u32 %p, %t, %kg;"}, ""},
	{"what was there left out", gatherFile, []string{"setp.ne.u32 %adds, %add, 0;", "setp.eq.u32 %adds, %add, %add;\n\tnot.pred %adds, %adds;"}, "bits"},
	{"filters not turned", "convolution_filters.ptx", []string{"mad.lo.u32 %s, %b, %every, %s0;", "mov.u32 %s, %s0;"}, "bits"},
	{"columns of the filters in one bank", "convolution_filters.ptx", []string{", 132, ", ", 128, ", "add.u32 %at, %at, 1056;", "add.u32 %at, %at, 1024;"}, "conflicts"},
	{"no barrier between rows and columns", "convolution_filters.ptx", []string{"bar.sync 0;", ""}, "race"},
	{"threads that take each other's parts", "convolution_filters.ptx", []string{"mul.lo.u32 %t, %every, %stride;", "mov.u32 %t, %stride;"}, "bits"},
	{"a thread's sum twice", "convolution_filters.ptx", []string{"add.u32 %at, %at, %t;", ""}, "bits"},
	{"a result too many", "convolution_filters.ptx", []string{"setp.lt.u32 %live, %i, %n;", "setp.le.u32 %live, %i, %n;"}, ""},
}

// brokenCores are mistakes in the files of tensor cores, brokenLanes in those of exact products.
var (
	brokenCores = []brokenTile{
		{"rows of packed filters one after the other", "convolution_filters.ptx", []string{"mul.lo.u32 %t, %t, %terms;", "mul.lo.u32 %t, %t, %row;"}, "bits"},
		{"pixels of packed filters one after the other", "convolution_filters.ptx", []string{"mad.lo.u32 %t, %u, %pixel, %t;", "mad.lo.u32 %t, %u, %C, %t;"}, "bits"},
		{"a piece too few of a window", gatherFile, []string{"sub.u32 %bytes, %run, %c;", "sub.u32 %bytes, %cg, %c;\n\tsub.u32 %bytes, %bytes, 8;"}, "bits"},
		{"one row of packed taps", gatherFile, []string{"mul.lo.u32 %dh, %t, %tap;", "mov.u32 %dh, 0;"}, "bits"},
		{"packed windows without a step", gatherFile, []string{"mul.lo.u32 %w, %j, %C;", "mov.u32 %w, 0;"}, "bits"},
		{"packed windows beyond the last pixel", gatherFile, []string{"selp.b32 %base, %base, 0, %p;", ""}, ""},
		{"one row of packed taps", weightsFile, []string{"mul.lo.u32 %dh, %t, %dilation;", "mov.u32 %dh, 0;"}, "bits"},
		{"packed windows of one row", weightsFile, []string{"mad.lo.u32 %h, %image, %H, %h;\n\tmul.lo", "mov.u32 %h, 0;\n\tmul.lo"}, "bits"},
		{"an image not moved by its padding", "convolution_pack.ptx", []string{"sub.u32 %h, %h, %pad;", ""}, "bits"},
		{"columns beside the image", "convolution_pack.ptx", []string{"setp.lt.and.u32 %p, %w, %W, %p;", ""}, ""},
		{"channels of the next pixel", "convolution_pack.ptx", []string{"setp.lt.and.u32 %q, %t, %C, %p;", "and.pred %q, %p, %p;"}, ""},
		{"pixels of a part of moments", gatherFile, []string{"min.u32 %t, %t, 64;", "mov.u32 %t, 64;"}, "bits"},
		{"half of a part of moments", gatherFile, []string{"%bits, %bits, 16, 31", "%bits, %bits, 8, 31"}, "bits"},
		{"moments of pixels that are none", gatherFile, []string{"setp.lt.u32 %live7,", "setp.ge.u32 %live7,"}, "bits"},
		{"parts not exchanged as they are read", gatherFile, []string{"xor.b32 %a1, %a0, 32;", "add.u32 %a1, %a0, 32;"}, "bits"},
		{"parts exchanged nowhere", gatherFile, []string{"xor.b32 %u, %u, %part;", "mov.b32 %u, %part;", "xor.b32 %u, %u, %v;", ""}, "conflicts"},
		{"parts of pixels not exchanged", weightsFile, []string{"xor.b32 %u, %u, %part;", "mov.b32 %u, %part;"}, "bits"},
		{"fragments of the left factor swapped", gatherFile, []string{"{%fa0,%fa1,%fa2,%fa3}, {%fb", "{%fa0,%fa2,%fa1,%fa3}, {%fb"}, "bits"},
		{"fragments of the filters swapped", gatherFile, []string{"{%fb0,%fb1},", "{%fb1,%fb0},"}, "bits"},
		{"fragments of gradients swapped", weightsFile, []string{"{%fa4,%fa5,%fa6,%fa7}, {%fb", "{%fa5,%fa4,%fa6,%fa7}, {%fb"}, "bits"},
	}
	brokenHalves = []brokenTile{
		{"pixels beside a window", gatherFile, []string{"min.u32 %bytes, %bytes, 16;", "mov.u32 %bytes, 16;"}, "bits"},
	}
	brokenRoundings = []brokenTile{
		{"factors cut instead of rounded", gatherFile, []string{"cvt.rna.tf32.f32 %fa0, %fa0;", ""}, "bits"},
	}
	brokenLanes = []brokenTile{
		{"parts not exchanged as they are read", gatherFile, []string{"xor.b32 %b1, %b0, %t;", "add.u32 %b1, %b0, %t;"}, ""},
		{"parts exchanged nowhere", gatherFile, []string{"xor.b32 %u, %u, %part;", "mov.b32 %u, %part;",
			"shr.u32 %u, %lane, 3;\n\tshl.b32 %u, %u, 4;", "mov.u32 %u, 0;", "shl.b32 %u, %u, 4;\n\tmad.lo.u32 %read_b, %t, 64, %u;", "mul.lo.u32 %read_b, %t, 64;"}, "conflicts"},
		{"a lane's first channel", gatherFile, []string{"mad.lo.u32 %t, %u, 4, %warp_n;", "mad.lo.u32 %t, %u, 8, %warp_n;"}, ""},
		{"four terms of eight", gatherFile, []string{"add.u32 %term, %term, 4;", "add.u32 %term, %term, 8;"}, "bits"},
		{"the last terms", gatherFile, []string{"sub.u32 %terms, %depth, %terms;", "sub.u32 %terms, %depth, %terms;\n\tsub.u32 %terms, %terms, 4;"}, ""},
		{"terms in another order", gatherFile, []string{"%fa0, %fb0, %sum0;", "FIRST", "%fa1, %fb1, %sum0;", "%fa0, %fb0, %sum0;", "FIRST", "%fa1, %fb1, %sum0;"}, "bits"},
		{"a column of the neighbour", weightsFile, []string{"fma.rn.f32 %sum63, %fa7, %fb7, %sum63;", "fma.rn.f32 %sum63, %fa7, %fb6, %sum63;"}, "bits"},
		{"a warp too idle", gatherFile, []string{"setp.ge.or.u32 %idle, %t, %ng, %idle;", "setp.gt.or.u32 %idle, %ng, %t, %idle;"}, "bits"},
		{"a warp too idle", weightsFile, []string{"setp.ge.or.u32 %idle, %t, %depth, %idle;", "setp.gt.or.u32 %idle, %depth, %t, %idle;"}, ""},
		{"the second pixel of two", weightsFile, []string{"add.u32 %term, %term, 2;", "add.u32 %term, %term, 3;"}, "bits"},
		{"odd channels of elements", gatherFile, []string{"xor.b32 %own_b1, %own_b, 32;", "mov.b32 %own_b1, %own_b;"}, "bits"},
		{"the first pixel for all", gatherFile, []string{"add.u32 %line, %line, %table;", "mov.u32 %line, %table;"}, "bits"},
		{"no barrier behind the table", weightsFile, []string{"setp.lt.u32 %tells, %thread, 16;\n\tbar.sync 0;", "setp.lt.u32 %tells, %thread, 16;"}, "shared memory"},
		{"a table of the wrong stage", weightsFile, []string{"add.u32 %line, %line, 256;", "add.u32 %line, %line, 512;"}, ""},
		{"a table that does not turn", weightsFile, []string{"and.b32 %turn, %turn, 1023;", ""}, ""},
		{"a pixel of the table too many", weightsFile, []string{"setp.ge.u32 %p, %told, %end;", "setp.gt.u32 %p, %told, %end;"}, ""},
	}
)

// brokenShapes have two tiles of channels, padding and more stages than there are at a time; phases; parts of the weight gradient, and
// so many that threads share them; odd channels.
var brokenShapes = []kerneltest.Geometry{
	shape(1, 6, 7, 24, 72, 3, 3, 1, 1, 1, 1), shape(1, 5, 5, 8, 8, 3, 3, 2, 1, 1, 1), shape(2, 12, 12, 8, 8, 1, 1, 1, 0, 1, 1),
	shape(1, 43, 43, 8, 8, 1, 1, 1, 0, 1, 1), shape(1, 9, 10, 3, 13, 3, 3, 1, 1, 1, 1),
}

// brokenPacked is packed. In one run a NaN stands in the column beside the first window.
var brokenPacked = shape(2, 7, 9, 3, 8, 3, 5, 2, 1, 1, 1)

// TestTilesBroken: a mistake in a file of convolutions is found by what a few small ones show, in every number.
func TestTilesBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("ten seconds of the interpreter")
	}
	own := map[string][]brokenTile{"f32": brokenLanes, "tf32": slices.Concat(brokenCores, brokenRoundings), "bf16": slices.Concat(brokenCores, brokenHalves)}
	for _, number := range numberings {
		t.Run(number.name, func(t *testing.T) {
			mistakes := filesOf(number.name, slices.Concat(brokenTiles, own[number.name]))
			checkBroken(t, mistakes, func(t *testing.T, list []family, known []float64) ([]float64, string) {
				return shown(t, list, append(brokenShapes, brokenPacked), Settings{Products: number.products, Portable: true}, number.typ, known)
			})
		})
	}
}

// filesOf is mistakes with the names of their files made those of a number: some end with a _ where its name follows.
func filesOf(number string, mistakes []brokenTile) []brokenTile {
	mistakes = slices.Clone(mistakes)
	for i, b := range mistakes {
		if strings.HasSuffix(b.file, "_") {
			mistakes[i].file += number + ".ptx"
		}
	}
	return mistakes
}

// checkBroken demands that shown finds every mistake in the way that is expected, and nothing without one. It gives the results of
// what a mistake can change, on the given kernels, and the fault that they show; where all results are known, it may end with the
// first others.
func checkBroken(t *testing.T, mistakes []brokenTile, shown func(t *testing.T, list []family, known []float64) (results []float64, found string)) {
	t.Helper()
	whole, err := families()
	if err != nil {
		t.Fatal(err)
	}
	want, found := shown(t, whole, nil)
	if found != "" {
		t.Fatalf("without a mistake: %s", found)
	}
	for _, b := range mistakes {
		t.Run(b.file+"/"+b.name, func(t *testing.T) {
			got, found := shown(t, changed(t, whole, b.file, b.change...), b.known(want))
			if i := differs(got, want); found == "" && i >= 0 {
				found = fmt.Sprintf("other bits of result %d: %g, want %g", i, got[i], want[i])
			}
			if found == "" || !strings.Contains(found, b.shows) {
				t.Errorf("found by %q, expected %q", found, b.shows)
			}
		})
	}
}

// differs is the first of some results that has other bits than it should, -1 where none has.
func differs(got, want []float64) int {
	for i, x := range got {
		if math.Float64bits(x) != math.Float64bits(want[i]) {
			return i
		}
	}
	return -1
}

// known is the results without the mistake, where it is enough to find any other.
func (b brokenTile) known(want []float64) []float64 {
	if b.shows == "" || b.shows == "bits" {
		return want
	}
	return nil
}

// changed is all files, with pairs of old and new text changed in one.
func changed(t *testing.T, whole []family, file string, pairs ...string) (list []family) {
	t.Helper()
	for _, f := range whole {
		if f.name == file {
			for i := 0; i < len(pairs); i += 2 {
				if !strings.Contains(f.text, pairs[i]) {
					t.Fatalf("%s has no %q", file, pairs[i])
				}
				f.text = strings.ReplaceAll(f.text, pairs[i], pairs[i+1])
			}
		}
		list = append(list, f)
	}
	return list
}

// shown is the results of convolutions on the given kernels, and the fault or the bank conflicts that they show. Where all results are
// known it ends with the first convolution that has others.
func shown(t *testing.T, list []family, shapes []kerneltest.Geometry, settings Settings, typ kernels.Type, known []float64) (results []float64, found string) {
	t.Helper()
	conflicts := ""
	dev, err := open(ptxsim.Open(ptxsim.Options{BlockInstructions: 1 << 17, Observe: func(p *ptxsim.Profile) {
		if p.Total.SharedConflicts != 0 && conflicts == "" {
			conflicts = fmt.Sprintf("%s: %d conflicts", p.Kernel, p.Total.SharedConflicts)
		}
	}}), settings, list)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	dev.wideBlocks = 1
	if settings.Portable { // first, while scratch memory holds no more than the operation at hand takes
		if results, err = besideWindows(dev, brokenPacked, typ, brokenPacked.H+4, math.NaN()); err != nil {
			return nil, err.Error()
		}
	}
	for _, g := range shapes {
		values, err := convolved(dev, g, typ)
		if err != nil {
			return nil, err.Error()
		}
		if results = append(results, values...); known != nil && differs(results, known) >= 0 {
			break
		}
	}
	return results, conflicts
}
