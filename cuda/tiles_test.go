package cuda

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// openTiles opens the device with the products of float32 tensors given and the kernels that every GPU has.
func openTiles(tb testing.TB, products Products, options ptxsim.Options) *Device {
	return openWith(tb, options, Settings{Products: products, Portable: true})
}

func openWith(tb testing.TB, options ptxsim.Options, settings Settings) *Device {
	tb.Helper()
	dev, err := Open(ptxsim.Open(options), settings)
	if err != nil {
		tb.Fatal(err)
	}
	dev.wideBlocks = 1 // so that few pixels reach all kernels
	return dev
}

// tensorRoundings is the error of a sum of products on tensor cores, in units of 2^-23 of the sum of the absolute products, at
// worst. Rounding to tf32 moves a factor by up to 2^-11 of it, a product by 2^-10 + 2^-22; bfloat16 factors are exact. An
// instruction aligns 8 products, of bfloat16 16, and the sum so far to the greatest exponent, cuts each two bits below the last
// of float32, that is by less than 2^-25 of the greatest term, then cuts the sum by less than 2^-23 of it. Two roundings more
// add what was there and store.
func tensorRoundings(depth int, half bool) float64 {
	terms, factors := 8, 0x1p13+2
	if half {
		terms, factors = 16, 0
	}
	steps := float64((depth + terms - 1) / terms)
	return factors + steps*(float64(terms+1)/4+1) + 2
}

// tileSuite is the suite for a device with the products given: exact ones are held to the bounds of float32.
func tileSuite(products Products) kerneltest.Suite {
	s := kerneltest.Suite{Allocates: true, Slow: true, Parts: []string{"Convolution", "Golden"}}
	if products == TF32 {
		s.Roundings = tensorRoundings
	}
	return s
}

// TestTensorCoreSuite: convolutions on tensor cores pass the suite, in tf32 and in bfloat16, and all golden operations and losses hold
// in tf32.
func TestTensorCoreSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute; TestTileShapes has every edge of the tiles")
	}
	suite := tileSuite(TF32)
	suite.Open = func(tb testing.TB) kernels.Device { return openTiles(tb, TF32, ptxsim.Options{}) }
	suite.Run(t)
}

// shape is a convolution of [n,h,w,c] with k filters of r x s, stride, pad, dilation, groups.
func shape(n, h, w, c, k, r, s, stride, pad, dilation, groups int) kerneltest.Geometry {
	return kerneltest.Geometry{
		N: n, H: h, W: w, C: c, K: k, R: r, S: s, Conv: kernels.Conv{Stride: stride, Pad: pad, Dilation: dilation, Groups: groups},
	}
}

// tileShapes have every edge of the tiles: 128 pixels, 64 and 128 channels, 16 and 32 terms, three stages; parts of pixels.
var tileShapes = []kerneltest.Geometry{
	shape(1, 1, 1, 8, 8, 1, 1, 1, 0, 1, 1),    // one pixel, half a stage
	shape(1, 1, 127, 8, 64, 1, 1, 1, 0, 1, 1), // the last pixel of a tile, all its channels
	shape(1, 1, 129, 16, 72, 1, 1, 1, 0, 1, 1),
	shape(2, 8, 8, 24, 136, 1, 1, 1, 0, 1, 1), // two tiles of 128 channels, a stage and a half
	shape(1, 5, 6, 8, 16, 3, 3, 1, 1, 1, 1),   // taps within a stage
	shape(1, 4, 5, 40, 8, 3, 3, 1, 1, 1, 1),   // stages across taps
	shape(2, 7, 5, 16, 80, 3, 3, 2, 1, 1, 1),  // phases of odd sizes
	shape(1, 6, 6, 8, 8, 1, 1, 2, 0, 1, 1),    // pixels that nothing reads
	shape(1, 9, 9, 3, 24, 7, 7, 2, 3, 1, 1),   // the stem
	shape(1, 6, 7, 12, 20, 3, 2, 1, 1, 1, 1),  // whole for tf32, not for bfloat16
	shape(1, 9, 9, 8, 16, 3, 3, 2, 3, 3, 1),   // dilation 3 at stride 2
	shape(1, 9, 8, 8, 8, 3, 3, 2, 2, 2, 1),    // dilation 2 at stride 2: phases without taps
	shape(1, 5, 5, 32, 48, 3, 3, 1, 1, 1, 2),  // groups
	shape(1, 4, 4, 6, 6, 3, 3, 1, 1, 1, 6),    // depthwise
	shape(1, 8, 8, 3, 5, 2, 2, 3, 0, 1, 1),    // odd columns, a stride beyond the kernel
	shape(2, 20, 20, 8, 8, 1, 1, 1, 0, 1, 1),  // several parts of the weight gradient
	shape(1, 3, 3, 8, 8, 3, 5, 1, 4, 1, 1),    // windows beside the image
	shape(1, 2, 2, 128, 8, 1, 1, 1, 0, 1, 1),  // more steps than stages
	shape(1, 12, 3, 8, 130, 2, 1, 1, 0, 1, 1), // odd channels in a tile of 128
	shape(3, 1, 1, 16, 200, 1, 1, 1, 0, 1, 1), // images of one pixel
	shape(1, 1, 2, 4, 4, 1, 2, 1, 0, 1, 1),    // one output pixel
	shape(0, 4, 4, 8, 8, 3, 3, 1, 1, 1, 1),    // no image
	shape(1, 2, 2, 8, 8, 3, 3, 1, 0, 1, 1),    // no output
	shape(1, 43, 45, 8, 8, 1, 1, 1, 0, 1, 1),  // parts that threads share
	shape(1, 3, 3, 12, 3, 1, 1, 1, 0, 1, 3),   // groups of 4 input channels and one output channel
}

// float32Only is a device without bfloat16, whose kernels another one has tried.
type float32Only struct{ *Device }

func (float32Only) Supports(t kernels.Type) bool { return t != kernels.BFloat16 }

// TestTileShapes compares every convolution at every edge of the tiles with the reference, aligned and not.
func TestTileShapes(t *testing.T) {
	SlowUnderRace(t)
	for i, g := range tileShapes {
		if testing.Short() && i%3 != 2 {
			continue
		}
		for _, products := range []Products{Float32, TF32} {
			t.Run(products.String()+"/"+g.String(), func(t *testing.T) {
				suite, dev := tileSuite(products), openTiles(t, products, ptxsim.Options{})
				defer dev.Close()
				var tried kernels.Device = dev
				if products == Float32 {
					tried = float32Only{dev}
				}
				suite.CheckConvolution(t, tried, g)
				if g.K > narrowTile {
					dev.wideBlocks = wideBlocks
					suite.CheckConvolution(t, tried, g)
				}
			})
		}
	}
}

// convolved is the results of all convolutions of one geometry, with activations of a type, of operands without ties.
func convolved(dev kernels.Device, g kerneltest.Geometry, typ kernels.Type) (results []float64, err error) {
	scope := kernels.NewScope(dev)
	defer scope.Close()
	filled := func(name string, typ kernels.Type, dims ...int) kernels.Tensor {
		x := scope.New(typ, dims...)
		kerneltest.Set(dev, x, untied(name, dims...))
		return x
	}
	xs, ws := []int{g.N, g.H, g.W, g.C}, []int{g.K, g.R, g.S, g.C / g.Groups}
	ys := []int{g.N, g.Out(g.H, g.R), g.Out(g.W, g.S), g.K}
	x, w, dy := filled("x", typ, xs...), filled("w", typ, ws...), filled("dy", typ, ys...)
	y, moments := scope.New(typ, ys...), scope.New(kernels.Float64, 2, g.K)
	dx, dw := filled("dx", typ, xs...), filled("dw", kernels.Float32, ws...)
	dev.Conv2DStats(y, moments, x, w, g.Conv)
	dev.Conv2DBackwardDataAdd(dx, dy, w, g.Conv)
	dev.Conv2DBackwardWeights(dw, dy, x, g.Conv)
	for _, r := range []kernels.Tensor{y, moments, dx, dw} {
		values := make([]float64, r.Len())
		if err := dev.ReadFloat64(values, r); err != nil {
			return nil, err
		}
		results = append(results, values...)
	}
	return results, nil
}

// numberings are the numbers that kernels in tiles come in: the name in theirs, and a device and tensors that choose it.
var numberings = []struct {
	name     string
	products Products
	typ      kernels.Type
}{{"f32", Float32, kernels.Float32}, {"tf32", TF32, kernels.Float32}, {"bf16", Float32, kernels.BFloat16}}

// TestTileSchedules: the same bits whatever the order that warps and blocks run in.
func TestTileSchedules(t *testing.T) {
	geometries, seeds := []kerneltest.Geometry{shape(2, 12, 12, 24, 72, 3, 3, 2, 1, 1, 1), shape(2, 14, 14, 3, 8, 3, 3, 1, 1, 1, 1)}, uint64(4)
	if testing.Short() {
		geometries, seeds = geometries[1:], 2
	}
	for _, g := range geometries {
		for _, number := range numberings {
			var first []float64
			for seed := range seeds {
				dev := openTiles(t, number.products, ptxsim.Options{Seed: seed, Workers: 1 + int(seed)%3})
				got, err := convolved(dev, g, number.typ)
				dev.Close()
				if err != nil {
					t.Fatal(err)
				}
				if seed == 0 {
					first = got
				}
				if !slices.EqualFunc(got, first, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }) {
					t.Errorf("%s, %s: seed %d gives other bits", g, number.name, seed)
				}
			}
		}
	}
}

// TestTileBits: tiles of 64 and of 128 channels give the same bits, which one it is depends on how many blocks there are.
func TestTileBits(t *testing.T) {
	SlowUnderRace(t)
	for _, number := range numberings {
		g := shape(1, 6, 7, 72, 80, 3, 3, 1, 1, 1, 1)
		launched := map[string]bool{}
		dev := openTiles(t, number.products, ptxsim.Options{Observe: func(p *ptxsim.Profile) { launched[p.Kernel] = true }})
		wide, err := convolved(dev, g, number.typ)
		if err != nil {
			t.Fatal(err)
		}
		dev.wideBlocks = math.MaxInt
		narrow, err := convolved(dev, g, number.typ)
		dev.Close()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(wide, narrow) {
			t.Errorf("%s: other bits", number.name)
		}
		for _, tile := range []string{"_128x64", "_128x128"} {
			if !launched["convolve_"+number.name+tile] {
				t.Errorf("%s: no launch of %s", number.name, tile)
			}
		}
	}
}

// TestTileCounters holds the kernels to their headers: no access of shared memory meets a bank twice, and those for aligned operands
// touch global memory in whole sectors of 32 bytes. A warp multiplies so often for each barrier and for so many loads of shared
// memory.
func TestTileCounters(t *testing.T) {
	if testing.Short() {
		t.Skip("counts what a kernel does, which other tests launch; run without -short")
	}
	steps := map[string]tileStep{
		"convolve_f32_128x64": {1024, 64}, "convolve_f32_128x128": {1024, 64},
		"convolve_tf32_128x64": {64, 16}, "convolve_tf32_128x128": {64, 16}, "convolve_bf16_128x64": {64, 16}, "convolve_bf16_128x128": {64, 16},
		"convolve_weights_f32_64x128": {1024, 64}, "convolve_weights_f32_128x128": {1024, 64},
		"convolve_weights_tf32_64x128": {64, 64}, "convolve_weights_tf32_128x128": {64, 64},
		"convolve_weights_bf16_64x128": {64, 16}, "convolve_weights_bf16_128x128": {64, 16},
	}
	seen := map[string]bool{}
	for _, number := range numberings {
		var g kerneltest.Geometry
		dev := openTiles(t, number.products, ptxsim.Options{Observe: func(p *ptxsim.Profile) {
			step, known := steps[p.Kernel]
			if known || strings.HasPrefix(p.Kernel, "transpose_") || strings.HasSuffix(p.Kernel, "_f32_narrow") {
				checkBanks(t, p)
			}
			if known || strings.HasPrefix(p.Kernel, "transpose_") && g.C%32 == 0 {
				checkSectors(t, p)
			}
			if !known {
				return
			}
			seen[p.Kernel] = true
			step.check(t, p)
		}})
		for _, g = range []kerneltest.Geometry{ // whole tiles, and the stem
			shape(1, 8, 16, 128, 64, 3, 3, 1, 1, 1, 1), shape(1, 16, 32, 64, 128, 2, 2, 2, 0, 1, 1), shape(1, 16, 16, 3, 64, 7, 7, 2, 3, 1, 1),
		} {
			if _, err := convolved(dev, g, number.typ); err != nil {
				t.Fatal(err)
			}
		}
		dev.Close()
	}
	for kernel := range steps {
		if !seen[kernel] {
			t.Errorf("%s was not launched", kernel)
		}
	}
}

// tileStep is what a warp does between two barriers.
type tileStep struct{ products, loads uint64 }

func (s tileStep) check(t *testing.T, p *ptxsim.Profile) {
	t.Helper()
	count := map[string]uint64{}
	for _, l := range p.Lines {
		count[l.Class.String()] += l.Instructions
	}
	if count["tensor"] == 0 { // exact products
		for _, l := range p.Lines {
			if l.Text == "fma.rn.f32" {
				count["tensor"] += l.Instructions
			}
		}
	}
	products, loads, barriers := count["tensor"], count["shared load"], count["barrier"]
	if products == 0 || products != s.products*barriers || loads != s.loads*barriers {
		t.Errorf("%s: %d products, %d loads of shared memory, %d barriers, expected %d : %d : 1", p.Kernel, products, loads, barriers, s.products, s.loads)
	}
}

// checkBanks demands no bank conflicts.
func checkBanks(t *testing.T, p *ptxsim.Profile) {
	t.Helper()
	for _, l := range p.Lines {
		if l.SharedConflicts != 0 {
			t.Errorf("%s, line %d: %s: %d bank conflicts in %d requests", p.Kernel, l.Line, l.Text, l.SharedConflicts, l.SharedRequests)
		}
	}
}

// checkAccess demands no bank conflicts, and no sector of global memory touched in part.
func checkAccess(t *testing.T, p *ptxsim.Profile) {
	t.Helper()
	checkBanks(t, p)
	checkSectors(t, p)
}

// checkSectors demands that no sector of global memory is touched in part.
func checkSectors(t *testing.T, p *ptxsim.Profile) {
	t.Helper()
	for _, l := range p.Lines {
		if strings.Contains(l.Text, "tensor") { // by the map, not by threads
			continue
		}
		if l.GlobalSectors*32 > l.GlobalBytes && !strings.Contains(l.Text, "f64") { // moments are a few numbers a block
			t.Errorf("%s, line %d: %s: %d sectors for %d bytes", p.Kernel, l.Line, l.Text, l.GlobalSectors, l.GlobalBytes)
		}
	}
}

// TestWeightParts: the parts of a weight gradient cover its pixels, none is empty, and for the layers of ResNets the multiprocessor with
// the most blocks has at most a quarter more pixels than all have on average.
func TestWeightParts(t *testing.T) {
	for _, c := range []struct{ pixels, tiles, count int }{
		{802816, 5, 105}, {3211264, 2, 264}, {200704, 9, 58}, {50176, 36, 14}, {12544, 144, 4}, {802816, 1, 523}, {1, 1, 1}, {400, 700, 1}, {257, 1, 2},
	} {
		count, share := weightParts(c.pixels, c.tiles)
		if count != c.count || share%stagePixels != 0 || count*share < c.pixels || (count-1)*share >= c.pixels {
			t.Errorf("%d pixels, %d tiles: %d parts of %d, expected %d", c.pixels, c.tiles, count, share, c.count)
		}
		most := divideUp(count*c.tiles, weightMultiprocessors) * share
		if mean := float64(c.pixels*c.tiles) / weightMultiprocessors; c.pixels > 1000 && float64(most) > 1.3*mean {
			t.Errorf("%d pixels, %d tiles: %d pixels on one multiprocessor, %.0f on average", c.pixels, c.tiles, most, mean)
		}
	}
}

// TestReciprocal: what kernels make of a reciprocal is the quotient, for every size that they can count.
func TestReciprocal(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	sizes := []uint32{1, 2, 3, 5, 7, 49, 64, 3136, 12544, 1<<16 - 1, 1 << 16, 1<<30 + 1, math.MaxInt32 - 1, math.MaxInt32}
	for range 200 {
		sizes = append(sizes, random.Uint32()>>(1+random.IntN(31))|1)
	}
	for _, by := range sizes {
		r := reciprocal(int(by))
		quotient := func(n uint32) uint32 {
			upper, _ := bits.Mul32(2*n, uint32(r))
			return upper >> (r >> 32)
		}
		for _, base := range sizes {
			for _, n := range []uint32{0, base - 1, base, base / by * by, base/by*by - min(1, base/by*by), math.MaxInt32} {
				if got := quotient(n); got != n/by {
					t.Fatalf("%d / %d gives %d", n, by, got)
				}
			}
		}
	}
}
