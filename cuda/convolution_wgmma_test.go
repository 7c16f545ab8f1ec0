package cuda

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// openWindows opens the device with the kernels for sm_90a, with tf32 products.
func openWindows(tb testing.TB, options ptxsim.Options) *Device {
	return openWith(tb, options, Settings{Products: TF32})
}

var windowSuite = tileSuite(TF32)

// windowShapes have every edge of the kernels for sm_90a: tiles of 128 pixels and of 64, 128 and 256 channels, stages of 64 and 32
// channels, three and four of them, windows beside images and across them.
var windowShapes = []kerneltest.Geometry{
	shape(1, 1, 1, 16, 8, 1, 1, 1, 0, 1, 1),    // one pixel, a part of a stage
	shape(1, 1, 129, 64, 72, 1, 1, 1, 0, 1, 1), // a whole stage; the first pixel of a tile; a narrow tile and a part of one
	shape(3, 5, 5, 16, 104, 3, 3, 1, 1, 1, 1),  // images within a tile, windows beyond every edge
	shape(2, 9, 8, 80, 40, 3, 3, 1, 1, 1, 1),   // a stage and a part of one for each tap, more of them than the ring has; tiles across images
	shape(4, 7, 5, 16, 24, 3, 3, 2, 1, 1, 1),   // stride 2, phases of odd sizes
	shape(2, 11, 10, 16, 8, 3, 3, 3, 1, 1, 1),  // stride 3
	shape(1, 6, 7, 16, 200, 5, 5, 2, 2, 1, 1),  // a tile of 256 channels that ends within a warp's
	shape(1, 10, 9, 16, 16, 3, 3, 1, 2, 2, 1),  // dilation
	shape(1, 9, 9, 16, 16, 3, 3, 2, 3, 3, 1),   // dilation 3 at stride 2
	shape(1, 3, 3, 16, 8, 3, 5, 1, 4, 1, 1),    // windows beside the image
	shape(2, 6, 6, 48, 264, 1, 1, 2, 0, 1, 1),  // pixels that nothing reads; two tiles of channels
	shape(1, 12, 3, 16, 128, 2, 1, 1, 0, 1, 1), // filters that are not square
	shape(1, 1, 20, 16, 16, 1, 1, 9, 0, 1, 1),  // a stride beyond a tensor map, whose gradient is within
	shape(2, 2, 2, 592, 16, 1, 1, 1, 0, 1, 1),  // the ring several times
}

// beyondWindows go to the portable kernels: beyond what a tensor map sees, channels that are no whole instructions, groups, filters that
// do not fit.
var beyondWindows = []kerneltest.Geometry{
	shape(1, 1, 270, 16, 16, 1, 2, 1, 0, 260, 1), shape(1, 1, 150, 16, 16, 1, 2, 1, 0, 149, 1),
	shape(1, 5, 6, 12, 10, 3, 3, 1, 1, 1, 1), shape(1, 5, 5, 32, 32, 3, 3, 1, 1, 1, 2),
	shape(1, 4, 4, 16, 8, 3, 7, 1, 1, 1, 1), shape(2, 1, 9, 32, 16, 3, 3, 1, 0, 1, 1),
}

// sameBits reports whether the bits are the same.
func sameBits(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
}

// TestWindows: the kernels for sm_90a take what they can, agree with the reference at every edge of their tiles, and have the bits of
// the portable kernels, under every order of warps.
func TestWindows(t *testing.T) {
	SlowUnderRace(t)
	for i, g := range append(slices.Clone(windowShapes), beyondWindows...) {
		if testing.Short() && i%6 != 3 {
			continue
		}
		t.Run(g.String(), func(t *testing.T) {
			for _, typ := range windowTypes {
				portable := openTiles(t, TF32, ptxsim.Options{})
				want, err := convolved(portable, g, typ)
				portable.Close()
				if err != nil {
					t.Fatal(err)
				}
				want = want[:len(want)-g.K*g.R*g.S*g.C/g.Groups] // the pixels of the weight gradient may be cut in another way
				var first []float64
				taken, pairs := false, false
				for seed := range uint64(2) {
					dev := openWindows(t, ptxsim.Options{Seed: seed, Workers: 1 + int(seed), Observe: func(p *ptxsim.Profile) {
						taken = taken || strings.HasPrefix(p.Kernel, "convolve_wgmma_")
						pairs = pairs || strings.HasSuffix(p.Kernel, "_pair_pixels")
					}})
					if seed == 1 {
						dev.secondBytes = 1 // blocks bring windows in pairs where they can
					}
					got, err := convolved(dev, g, typ)
					dev.Close()
					if err != nil {
						t.Fatal(err)
					}
					if !sameBits(got[:len(want)], want) {
						t.Errorf("%v, seed %d: other bits than those of the portable kernels", typ, seed)
					}
					if first == nil {
						first = got
					}
					if !sameBits(got, first) {
						t.Errorf("%v, seed %d: other bits", typ, seed)
					}
				}
				if within := i < len(windowShapes); taken != within {
					t.Errorf("%v: taken by the kernels for sm_90a: %t, expected %t", typ, taken, within)
				} else if within && pairs != (evenTiles(g.K) || evenTiles(g.C)) {
					t.Errorf("%v: in pairs of blocks: %t", typ, pairs)
				}
			}
			dev := openWindows(t, ptxsim.Options{})
			defer dev.Close()
			windowSuite.CheckConvolution(t, dev, g)
		})
	}
}

// evenTiles reports whether so many channels are pairs of tiles of 128.
func evenTiles(channels int) bool { return divideUp(channels, 128)%2 == 0 }

// windowTypes are those that the kernels for sm_90a multiply.
var windowTypes = []kernels.Type{kernels.BFloat16, kernels.Float32}

// TestWindowsSuite: convolutions by the kernels for sm_90a, and those that fall to the portable ones beside them, pass the suite.
func TestWindowsSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of the interpreter; TestWindows has every edge of the tiles")
	}
	suite := windowSuite
	suite.Parts = []string{"Convolution"}
	suite.Open = func(tb testing.TB) kernels.Device { return openWindows(tb, ptxsim.Options{}) }
	suite.Run(t)
}

// TestWindowsCounters holds the kernels for sm_90a to their headers: copies bring a stage for 4 products of each warp, no access of shared
// memory meets a bank twice, threads touch no stages, each sum goes through shared memory once, and global memory is touched in whole sectors.
// Full tiles have the bits of the portable kernels.
func TestWindowsCounters(t *testing.T) {
	SlowUnderRace(t)
	stage, tiles, warps := map[string]uint64{}, map[string]int{}, map[string]uint64{} // bytes of a stage and of a tile; warps that multiply
	for size, kernels := range map[int][]windowKernel{4: tf32Windows, 2: slices.Concat(bf16Windows, turnedWindows)} {
		for _, k := range kernels {
			stage[k.kernel], tiles[k.kernel], warps[k.kernel] = uint64(windowRowBytes*(k.pixels+k.channels)), size*k.pixels*k.channels, 8
		}
	}
	for _, k := range weightsWindows {
		stage[k.kernel], warps[k.kernel] = uint64(windowRowBytes*(k.columns+k.filters)), uint64(4*k.groups)
	}
	seen := map[string]bool{}
	dev := openWindows(t, ptxsim.Options{Observe: func(p *ptxsim.Profile) {
		bytes := stage[p.Kernel]
		if bytes == 0 {
			return
		}
		seen[p.Kernel] = true
		checkAccess(t, p)
		var filled, stored, put, loaded uint64
		for _, l := range p.Lines {
			switch {
			case strings.Contains(l.Text, ".shared::cluster.global."):
				mbarriers := l.Instructions
				if strings.Contains(l.Text, ".multicast") {
					mbarriers *= 2
				}
				filled += l.SharedBytes - 8*mbarriers
			case strings.Contains(l.Text, ".global.shared::cta."):
				stored += l.SharedBytes
			case l.Class == ptxsim.SharedStore && !strings.HasPrefix(l.Text, "mbarrier"):
				put += l.SharedBytes
			case l.Class == ptxsim.SharedLoad:
				loaded += l.SharedBytes
			}
		}
		if loaded > 0 { // what lies in out already
			filled -= stored
		}
		products := p.Class[ptxsim.Tensor].Instructions
		if products == 0 || products*bytes != 4*warps[p.Kernel]*filled {
			t.Errorf("%s: %d products of %d warps, %d bytes copied, expected %d for 4 of each", p.Kernel, products, warps[p.Kernel], filled, bytes)
		}
		if tile := uint64(p.Ran * tiles[p.Kernel]); stored != tile || put != tile || loaded != 0 && loaded != tile {
			t.Errorf("%s: %d bytes put down, %d stored, %d loaded, expected those of the tile, %d", p.Kernel, put, stored, loaded, tile)
		}
	}})
	defer dev.Close()
	portable := openTiles(t, TF32, ptxsim.Options{})
	defer portable.Close()
	for _, typ := range windowTypes {
		for _, g := range windowTiles {
			got, err := convolved(dev, g, typ)
			if err != nil {
				t.Fatal(err)
			}
			want, err := convolved(portable, g, typ)
			if err != nil {
				t.Fatal(err)
			}
			if whole := len(want) - g.K*g.R*g.S*g.C; !sameBits(got[:whole], want[:whole]) {
				t.Errorf("%v, %v: other bits than those of the portable kernels", g, typ)
			}
		}
	}
	for kernel := range stage {
		if !seen[kernel] {
			t.Errorf("%s was not launched", kernel)
		}
	}
}

// windowTiles fill each tile.
var windowTiles = []kerneltest.Geometry{
	shape(1, 8, 16, 64, 64, 3, 3, 1, 1, 1, 1), shape(1, 8, 16, 128, 128, 1, 1, 1, 0, 1, 1), shape(2, 16, 16, 64, 64, 1, 1, 1, 0, 1, 1),
	shape(2, 16, 8, 256, 128, 1, 1, 1, 0, 1, 1), shape(3, 16, 8, 16, 128, 1, 1, 1, 0, 1, 1), shape(1, 16, 12, 32, 128, 1, 1, 1, 0, 1, 1),
	shape(2, 8, 16, 32, 64, 1, 1, 1, 0, 1, 1), shape(1, 16, 12, 128, 32, 1, 1, 1, 0, 1, 1),
	shape(1, 8, 15, 64, 64, 3, 2, 1, 1, 1, 1), shape(2, 16, 8, 128, 256, 1, 1, 1, 0, 1, 1), shape(1, 16, 12, 256, 256, 1, 1, 1, 0, 1, 1),
	shape(2, 16, 16, 128, 128, 1, 1, 1, 0, 1, 1),
}

const (
	windowsFile = "convolution_wgmma_"
	turnedFile  = "convolution_wgmma_turned_bf16.ptx"
)

var brokenWindows = []brokenTile{
	{"a stage not waited for", windowsFile, []string{"@!%p bra STEP; // until the stage is full", ""}, "shared memory"},
	{"room not waited for", windowsFile, []string{"@!%p bra CHANNELS; // until there is room", ""}, "shared memory"},
	{"products not waited for", windowsFile, []string{"wgmma.wait_group.sync.aligned 1;", ""}, "shared memory"},
	{"the last products not waited for", windowsFile, []string{"wgmma.wait_group.sync.aligned 0;", ""}, "wgmma"},
	{"no fence before products", windowsFile, []string{"wgmma.fence.sync.aligned;", ""}, "fence"},
	{"a stage handed back while it is read", windowsFile, []string{"[%empty];", "[%barrier+8];", "setp.ne.and.u32 %p, %step, 0,", "setp.ge.and.u32 %p, %step, 0,"}, "shared memory"},
	{"the wrong parity of room", windowsFile, []string{"mov.u32 %parity, 1;", "mov.u32 %parity, 0;"}, "deadlock"},
	{"a parity that does not turn", windowsFile, []string{"@%p xor.b32 %parity, %parity, 1;", ""}, ""},
	{"too few bytes expected", windowsFile, []string{"[%barrier], 49152;", "[%barrier], 16384;", "[%barrier], 40960;", "[%barrier], 8192;", "[%barrier], 32768;", "[%barrier], 16384;"}, ""},
	{"too many bytes expected", windowsFile, []string{"[%barrier], 49152;", "[%barrier], 49168;", "[%barrier], 40960;", "[%barrier], 40976;", "[%barrier], 32768;", "[%barrier], 32784;"}, "deadlock"},
	{"too many warps expected", windowsFile, []string{"+8], 8;", "+8], 9;", "+24], 8;", "+24], 9;", "+40], 8;", "+40], 9;"}, "deadlock"},
	{"another swizzle", windowsFile, []string{"0x4000004000010000", "0x8000004000010000"}, ""},
	{"another distance of rows", windowsFile, []string{"0x4000004000010000", "0x4000002000010000"}, "bits"},
	{"the rows of the other warpgroup", windowsFile, []string{"shl.b32 %filters_at, %warpgroup, 13;", "mov.u32 %filters_at, 0;"}, "bits"},
	{"terms of filters skipped", windowsFile, []string{"add.u64 %db, %db, 2;", "add.u64 %db, %db, 4;"}, ""},
	{"the sum of nothing not 0", windowsFile, []string{"setp.ne.u32 %begun, %lane, %lane;", "setp.eq.u32 %begun, %lane, %lane;"}, "uninitialised"},
	{"every product alone", windowsFile, []string{"setp.eq.u32 %begun, %lane, %lane;", ""}, "bits"},
	{"another corner", windowsFile, []string{"mad.lo.u32 %w, %j, %step_in, %w0;", "mul.lo.u32 %w, %j, %step_in;"}, ""},
	{"the first tap of filters", turnedFile, []string{"mov.u32 %move_h, %tap_h;", "mov.u32 %move_h, 0;"}, ""},
	{"the first tap of a phase", turnedFile, []string{"mov.u32 %tap_at, %tap_first;", "mov.u32 %tap_at, 0;"}, "bits"},
	{"rows of taps that a phase leaves out", turnedFile, []string{"add.u32 %tap_first, %tap_first, %tap_row;", "add.u32 %tap_first, %tap_first, 1;"}, "bits"},
	{"taps that a phase leaves out", turnedFile, []string{"add.u32 %tap_at, %tap_at, %tap_column;", "add.u32 %tap_at, %tap_at, 1;"}, "bits"},
	{"filters along their rows", turnedFile, []string{"%begun, 1, 1, 1, 0;", "%begun, 1, 1, 0, 0;"}, ""},
	{"terms of turned filters skipped", turnedFile, []string{"add.u64 %da, %da, 128;", "add.u64 %da, %da, 64;"}, ""},
	{"filters of the next 64", turnedFile, []string{"add.u32 %at_n1, %at_n, 64;", "add.u32 %at_n1, %at_n, 128;"}, "bits"},
	{"a stage of turned filters not waited for", turnedFile, []string{"@!%p bra STEP; // until the stage is full", ""}, "shared memory"},
	{"steps left out", windowsFile, []string{"mad.lo.u32 %h, %i, %step_in, %h0;", "add.u32 %h, %i, %h0;"}, ""},
	{"the first tap of a turned filter", windowsFile + "tf32.ptx", []string{"mov.u32 %move_h, %tap_h;", "mov.u32 %move_h, 0;"}, ""},
	{"taps of one row only", windowsFile, []string{"add.u32 %move_h, %move_h, %tap;", ""}, "bits"},
	{"a stage of channels too many", windowsFile, []string{"setp.lt.u32 %p, %c, %channels;", "setp.le.u32 %p, %c, %channels;"}, ""},
	{"filters of another tile", windowsFile, []string{"%tap_at, %at_n}", "%tap_at, %at_m}"}, ""},
	{"moments of a pixel too many", windowsFile, []string{"setp.gt.s32 %p, %left,", "setp.ge.s32 %p, %left,"}, ""},
	{"moments of the pixels of another lane", windowsFile, []string{"mad.lo.s32 %left, %quad, -2, %live;", "mad.lo.s32 %left, %quad, -1, %live;"}, ""},
	{"moments of 64 pixels where there are fewer", windowsFile, []string{"setp.lt.u32 %p, %live, 64;", "setp.lt.u32 %p, %live, 1;"}, ""},
	{"moments of no pixel", windowsFile, []string{"setp.ge.or.u32 %p, %t, %rows, %silent;", "setp.gt.or.u32 %p, %t, %rows, %silent;"}, ""},
	{"moments of a channel too many", windowsFile, []string{"setp.lt.u32 %told, %channel, %ng;", "setp.le.u32 %told, %channel, %ng;"}, ""},
	{"moments of the next pixels", windowsFile, []string{"shr.u32 %t, %first_pixel, 6;", "shr.u32 %t, %at_m, 6;"}, ""},
	{"moments of a lane alone", windowsFile, []string{"shfl.sync.bfly.b32 %bits, %bits, 2,", "shfl.sync.bfly.b32 %bits, %bits, 1,"}, ""},
	{"distances from different pixels", windowsFile, []string{"and.b32 %first_lane, %lane, 28;", "and.b32 %first_lane, %lane, 30;"}, ""},
	{"squares that are means", windowsFile, []string{"selp.f32 %mean0, %squares0, %mean0, %upper;", ""}, ""},
	{"squares from a pivot", windowsFile, []string{"selp.f32 %pivot0, 0f00000000, %pivot0, %upper;", ""}, ""},
	{"the other channel's moments", windowsFile, []string{"selp.f32 %mean0, %mean1, %mean0, %odd;", ""}, ""},
	{"sums put down on stages that are read", windowsFile, []string{"bar.sync 1, 256; // both warpgroups", "// both warpgroups"}, "shared memory"},
	{"sums not waited for", windowsFile, []string{"bar.sync 1, 256; // all sums", "// all sums"}, "shared memory"},
	{"no fence between sums and their copy", windowsFile, []string{"fence.proxy.async.shared::cta;", ""}, "fence"},
	{"a copy that is not waited for", windowsFile, []string{"cp.async.bulk.wait_group.read 0;", ""}, ""},
	{"parts of sums not exchanged", windowsFile, []string{"xor.b32 %t, %t, %u;\n\tshl.b32 %t, %t, 4;", "shl.b32 %t, %t, 4;"}, ""},
	{"sums of the other warpgroup", windowsFile, []string{"mad.lo.u32 %first_pixel, %warpgroup,", "mad.lo.u32 %first_pixel, %warp,"}, ""},
	{"a tile stored at its column", windowsFile, []string{"[%out_map, {%t, %j, %i, %image}], [%ring", "[%out_map, {%t, %i, %j, %image}], [%ring"}, ""},
	{"channels stored on those before", windowsFile, []string{"add.u32 %t, %at_n, 64;\n\tcp.async.bulk.tensor.4d.global", "add.u32 %t, %at_n, 0;\n\tcp.async.bulk.tensor.4d.global"}, ""},
	{"what is added to not waited for", windowsFile + "tf32.ptx", []string{"@!%p bra OLD; // until", "// until"}, "shared memory"},
	{"what is added to not waited for", turnedFile, []string{"@!%p bra OLD; // until", "// until"}, "shared memory"},
	{"what is added to left out", turnedFile, []string{"@!%adds bra PUT_DOWN;", "bra PUT_DOWN;"}, "bits"},
	{"room of the other block not waited for", windowsFile, []string{"+8], 16;", "+8], 8;", "+24], 16;", "+24], 8;", "+40], 16;", "+40], 8;", "+56], 16;", "+56], 8;", "+72], 16;", "+72], 8;"}, ""},
	{"a stage not handed back to the other block", windowsFile, []string{"@%p mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%t];", ""}, "deadlock"},
	{"a stage handed back to the own block twice", windowsFile, []string{"xor.b32 %peer, %rank, 1;", "mov.u32 %peer, %rank;"}, ""},
	{"pixels for the own block alone", windowsFile, []string{"mov.u16 %both, 3;", "mov.u16 %both, 1;"}, ""},
	{"the first half of the pixels twice", windowsFile, []string{"mad.lo.u32 %at_m, %rank,", "mad.lo.u32 %at_m, 0,"}, "bits"},
	{"the first half of the filters twice", windowsFile, []string{"mad.lo.u32 %at_n, %rank,", "mad.lo.u32 %at_n, 0,"}, "bits"},
	{"the first half of turned filters twice", turnedFile, []string{"mad.lo.u32 %at_n, %rank,", "mad.lo.u32 %at_n, 0,"}, "bits"},
	{"both halves at the same place", windowsFile, []string{"add.u32 %t, %to, %half;", "mov.u32 %t, %to;"}, ""},
	{"mbarriers of the other block not waited for", windowsFile, []string{"barrier.cluster.arrive.release.aligned;\n\tbarrier.cluster.wait.acquire.aligned;", "bar.sync 0;"}, ""},
	{"a block that leaves before the other", windowsFile, []string{"barrier.cluster.arrive.release; // nothing", "// nothing", "barrier.cluster.wait.acquire;\n", "\n"}, ""},
	{"halves of a pair swapped", turnedFile, []string{"mov.b32 %old0, %t;", "mov.b32 %old1, %t;", "mov.b32 %old1, %t;\n\tadd", "mov.b32 %old0, %t;\n\tadd"}, ""},
}

// brokenWindowShapes have more stages than the ring, windows beyond the edges, phases, each tile, one with whole parts of moments alone,
// and pairs of blocks with more stages than the ring.
var brokenWindowShapes = []kerneltest.Geometry{
	shape(1, 6, 7, 80, 80, 3, 3, 1, 1, 1, 1), shape(3, 17, 15, 16, 16, 3, 3, 2, 1, 1, 1), shape(1, 3, 3, 64, 200, 3, 2, 1, 0, 1, 1),
	shape(1, 1, 129, 16, 144, 1, 1, 1, 0, 1, 1), shape(1, 199, 5, 16, 80, 1, 1, 2, 0, 1, 1), shape(2, 8, 16, 16, 128, 1, 1, 1, 0, 1, 1),
	shape(1, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1), shape(1, 8, 25, 80, 256, 1, 3, 1, 1, 1, 1), shape(2, 16, 14, 80, 80, 1, 3, 1, 1, 1, 1),
}

// TestWindowsBroken: a mistake in a file for sm_90a is found by what a few small convolutions show.
func TestWindowsBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of the interpreter")
	}
	for _, typ := range windowTypes {
		name := map[kernels.Type]string{kernels.Float32: "tf32", kernels.BFloat16: "bf16"}[typ]
		t.Run(name, func(t *testing.T) {
			mistakes := slices.DeleteFunc(filesOf(name, brokenWindows), func(b brokenTile) bool { return !strings.Contains(b.file, name) })
			checkBroken(t, mistakes, func(t *testing.T, list []family, known []float64) ([]float64, string) {
				return shown(t, list, brokenWindowShapes, Settings{Products: TF32}, typ, known)
			})
		})
	}
}

const weightsWindowsFile = "convolution_weights_wgmma.ptx"

var brokenWeightsWindows = []brokenTile{
	{"a stage not waited for", weightsWindowsFile, []string{"@!%p bra STEP; // until the stage is full", ""}, "shared memory"},
	{"room not waited for", weightsWindowsFile, []string{"@!%p bra ROOM; // until there is room", ""}, "shared memory"},
	{"products not waited for", weightsWindowsFile, []string{"wgmma.wait_group.sync.aligned 1;", ""}, "shared memory"},
	{"the last products not waited for", weightsWindowsFile, []string{"wgmma.wait_group.sync.aligned 0;", ""}, "wgmma"},
	{"a stage handed back while it is read", weightsWindowsFile, []string{"[%empty];", "[%barrier+8];", "setp.ne.and.u32 %p, %step, 0,", "setp.ge.and.u32 %p, %step, 0,"}, "shared memory"},
	{"the wrong parity of stages", weightsWindowsFile, []string{"mov.u32 %parity, 0;", "mov.u32 %parity, 1;"}, ""},
	{"too many bytes expected", weightsWindowsFile, []string{"[%barrier], 49152;", "[%barrier], 49168;", "[%barrier], 32768;", "[%barrier], 32784;", "[%barrier], 57344;", "[%barrier], 57360;", "[%barrier], 81920;", "[%barrier], 81936;"}, "deadlock"},
	{"another distance of pixels", weightsWindowsFile, []string{"0x4000004002000000", "0x4000002002000000"}, ""},
	{"another distance of columns", weightsWindowsFile, []string{"0x4000004002000000", "0x4000004001000000"}, "bits"},
	{"another swizzle", weightsWindowsFile, []string{"0x4000004002000000", "0x8000004002000000"}, ""},
	{"factors along their rows", weightsWindowsFile, []string{"%begun, 1, 1, 1, 1;", "%begun, 1, 1, 0, 1;"}, "bits"},
	{"pixels skipped", weightsWindowsFile, []string{"add.u64 %db, %db, 128;", "add.u64 %db, %db, 64;"}, ""},
	{"the filters of the other warpgroup", weightsWindowsFile, []string{"shl.b32 %filters_at, %warpgroup, 13;", "mov.u32 %filters_at, 0;"}, "bits"},
	{"filters of the next tile", weightsWindowsFile, []string{"add.u32 %at_k1, %at_k, 64;", "add.u32 %at_k1, %at_k, 128;"}, "bits"},
	{"pixels of the next part", weightsWindowsFile, []string{"add.u32 %steps, %steps, 63;", "add.u32 %steps, %steps, 127;"}, "bits"},
	{"the first pixel of every part", weightsWindowsFile, []string{"mul.lo.u32 %from, %part, %share;", "mov.u32 %from, 0;"}, "bits"},
	{"another corner", weightsWindowsFile, []string{"mad.lo.u32 %w, %j, %step_in, %w0;", "mul.lo.u32 %w, %j, %step_in;"}, ""},
	{"taps of one column", weightsWindowsFile, []string{"selp.b32 %t, %s, 0, %p;", "mov.u32 %t, 0;"}, "bits"},
	{"channels of the next tap", weightsWindowsFile, []string{"sub.u32 %left, %C, %c;", "mov.u32 %left, 64;"}, ""},
	{"columns that are none", weightsWindowsFile, []string{"selp.b32 %left, %left, 0, %p;", ""}, ""},
	{"a filter too many", weightsWindowsFile, []string{"setp.lt.u32 %row1, %t, %K;", "setp.le.u32 %row1, %t, %K;"}, ""},
	{"rows swapped", weightsWindowsFile, []string{"mul.wide.u32 %row_bytes, %depth, 32;", "mul.wide.u32 %row_bytes, %depth, 36;"}, ""},
}

// brokenWeightsShapes have each tile, more stages than the ring, a part of a block of channels, parts of pixels.
var brokenWeightsShapes = []kerneltest.Geometry{
	shape(2, 13, 14, 80, 144, 1, 2, 1, 1, 1, 1), shape(3, 10, 11, 24, 136, 1, 1, 1, 0, 1, 1), shape(2, 15, 14, 16, 40, 3, 3, 1, 1, 1, 1), shape(2, 15, 14, 16, 40, 3, 2, 1, 1, 1, 1),
}

// TestWeightsWindowsBroken: a mistake in the weight gradient for sm_90a is found by what a few small ones show, whole and in parts.
func TestWeightsWindowsBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("ten seconds of the interpreter")
	}
	launched := map[string]bool{}
	checkBroken(t, brokenWeightsWindows, func(t *testing.T, list []family, known []float64) (results []float64, found string) {
		for _, wideBlocks := range []int{1, wideBlocks} {
			dev, err := open(ptxsim.Open(ptxsim.Options{BlockInstructions: 1 << 17, Observe: func(p *ptxsim.Profile) { launched[p.Kernel] = true }}), Settings{}, list)
			if err != nil {
				t.Fatal(err)
			}
			defer dev.Close()
			dev.wideBlocks = wideBlocks
			for _, g := range brokenWeightsShapes {
				values, err := weightGradient(dev, g)
				if err != nil {
					return nil, err.Error()
				}
				if results = append(results, values...); known != nil && differs(results, known) >= 0 {
					return results, ""
				}
			}
		}
		return results, ""
	})
	for _, k := range weightsWindows {
		if !launched[k.kernel] {
			t.Errorf("%s was not launched", k.kernel)
		}
	}
}

// weightGradient is that of one geometry in bfloat16.
func weightGradient(dev kernels.Device, g kerneltest.Geometry) ([]float64, error) {
	scope := kernels.NewScope(dev)
	defer scope.Close()
	xs, ws := []int{g.N, g.H, g.W, g.C}, []int{g.K, g.R, g.S, g.C}
	ys := []int{g.N, g.Out(g.H, g.R), g.Out(g.W, g.S), g.K}
	x, dy, dw := scope.New(kernels.BFloat16, xs...), scope.New(kernels.BFloat16, ys...), scope.New(kernels.Float32, ws...)
	kerneltest.Set(dev, x, kerneltest.Fill("x", -1, 1, xs...))
	kerneltest.Set(dev, dy, kerneltest.Fill("dy", -1, 1, ys...))
	dev.Conv2DBackwardWeights(dw, dy, x, g.Conv)
	values := make([]float64, dw.Len())
	return values, dev.ReadFloat64(values, dw)
}

// TestWindowsAllocateNothing: convolutions by the kernels for sm_90a take no host memory once they have seen their shape.
func TestWindowsAllocateNothing(t *testing.T) {
	r := newRecorder()
	dev, err := Open(r, Settings{Products: TF32})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	dev.wideBlocks = 1
	for _, typ := range windowTypes {
		x, w, dw := dev.New(typ, 2, 6, 6, 16), dev.New(typ, 32, 3, 3, 16), dev.New(kernels.Float32, 32, 3, 3, 16)
		y, moments := dev.New(typ, 2, 6, 6, 32), dev.New(kernels.Float64, 2, 32)
		c := kernels.Conv{Stride: 1, Pad: 1}
		step := func() {
			dev.Conv2DStats(y, moments, x, w, c)
			dev.Conv2DBackwardDataAdd(x, y, w, c)
			dev.Conv2DBackwardWeights(dw, y, x, c)
		}
		if n := testing.AllocsPerRun(2, step); n != 0 {
			t.Errorf("%v: %v allocations", typ, n)
		}
	}
	for _, kernel := range []string{"convolve_wgmma_bf16_128x128", "convolve_wgmma_turned_bf16_128x128", "convolve_weights_wgmma_bf16_64x576", "convolve_wgmma_tf32_128x128"} {
		if r.launches[kernel] == 0 {
			t.Errorf("no launch of %s", kernel)
		}
	}
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
}
