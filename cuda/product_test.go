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

// productCase is a product of matrices; offset is where its operands begin, in elements past a boundary of 16 bytes.
type productCase struct {
	m, n, depth, offset int
	kernels.Product
}

func (p productCase) String() string {
	return fmt.Sprintf("%dx%dx%d_offset%d_%+v", p.m, p.n, p.depth, p.offset, p.Product)
}

// values are A [m,k], B [k,n] and c [m,n] before the product, none halfway between two numbers of tf32.
func (p productCase) values() (a, b, c []float64) {
	return untied("product.a", p.m, p.depth), untied("product.b", p.depth, p.n), untied("product.c", p.m, p.n)
}

// untied is values of which none lies halfway between two numbers of tf32.
func untied(name string, dims ...int) []float64 {
	values := kerneltest.Fill(name, -1, 1, dims...)
	for i, v := range values {
		if bits := math.Float32bits(float32(v)); bits&0x1fff == 0x1000 {
			values[i] = float64(math.Float32frombits(bits | 1))
		}
	}
	return values
}

// run computes the product on a device.
func (p productCase) run(t *testing.T, dev *Device) []float64 {
	t.Helper()
	c, err := p.try(t, dev)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// try is run on a device that may fail.
func (p productCase) try(t *testing.T, dev *Device) ([]float64, error) {
	t.Helper()
	scope := kernels.NewScope(dev)
	defer scope.Close()
	place := func(values []float64, rows, columns int, transposed bool) kernels.Tensor {
		if transposed {
			turned := make([]float64, len(values))
			for i, v := range values {
				turned[i%columns*rows+i/columns] = v
			}
			values, rows, columns = turned, columns, rows
		}
		x := scope.New(kernels.Float32, p.offset+len(values)).Slice(p.offset, len(values)).View(rows, columns)
		kerneltest.Set(dev, x, values)
		return x
	}
	av, bv, cv := p.values()
	c := place(cv, p.m, p.n, false)
	dev.MatMul(c, place(av, p.m, p.depth, p.TransA), place(bv, p.depth, p.n, p.TransB), p.Product)
	values := make([]float64, c.Len())
	return values, dev.ReadFloat64(values, c)
}

// rounded is v in tf32, ties away from zero.
func rounded(v float64) float64 {
	bits := math.Float32bits(float32(v))
	return float64(math.Float32frombits((bits + 1<<12) &^ (1<<13 - 1)))
}

// want is the product of operands rounded by round, and what the roundings of its sums may add up to: one of two units of the
// last place for every eight products, as tensor cores cut off, and one for each merged part.
func (p productCase) want(round func(float64) float64) (want, allowed []float64) {
	a, b, c := p.values()
	for i := range p.m * p.n {
		var sum, size float64
		for k := range p.depth {
			product := round(float64(float32(a[i/p.n*p.depth+k]))) * round(float64(float32(b[k*p.n+i%p.n])))
			sum, size = sum+product, size+math.Abs(product)
		}
		if p.Accumulate {
			sum, size = sum+float64(float32(c[i])), size+math.Abs(c[i])
		}
		want = append(want, sum)
		allowed = append(allowed, float64(p.depth/8+4)*0x1p-22*size)
	}
	return want, allowed
}

// productCases have tails in every size, all transposes, tiles side by side and sums in parts.
func productCases() []productCase {
	var cases []productCase
	for form := range 4 {
		p := kernels.Product{TransA: form&1 != 0, TransB: form&2 != 0}
		cases = append(cases, productCase{33, 44, 20, 0, p}, productCase{7, 13, 33, 0, p}, productCase{33, 44, 20, 1, p})
		p.Accumulate = true
		cases = append(cases, productCase{5, 8, 18, 0, p})
	}
	return append(cases, productCase{130, 132, 8, 0, kernels.Product{TransB: true}}, productCase{9, 12, 290, 0, kernels.Product{TransA: true, Accumulate: true}},
		productCase{9, 12, 290, 0, kernels.Product{TransB: true}}, productCase{1, 1, 1, 0, kernels.Product{}}, productCase{129, 1, 4, 0, kernels.Product{}},
		productCase{131, 390, 212, 0, kernels.Product{TransB: true}}, productCase{67, 130, 272, 0, kernels.Product{TransA: true, Accumulate: true}},
		productCase{1, 270, 272, 0, kernels.Product{TransB: true}})
}

// TestProductsInTF32: products on tensor cores are those of operands rounded to tf32, wherever the operands lie, whatever the order
// of warps and however tensor cores are told to multiply: by warps, or by warpgroups with wide or narrow tiles.
func TestProductsInTF32(t *testing.T) {
	SlowUnderRace(t)
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	launched := map[string]bool{}
	var devices []*Device
	for seed := range uint64(2) {
		for _, target := range []int{80, 90, 90} {
			options := ptxsim.Options{Target: target, Seed: seed, Observe: func(p *ptxsim.Profile) { launched[p.Kernel] = true }}
			dev, err := open(ptxsim.Open(options), Settings{Products: TF32}, list)
			if err != nil {
				t.Fatal(err)
			}
			defer dev.Close()
			dev.leastTurned = 0
			devices = append(devices, dev)
		}
		devices[len(devices)-1].wideBlocks = 1
	}
	bits := map[string][]float64{} // by the case without its offset
	for _, p := range productCases() {
		want, allowed := p.want(rounded)
		got := p.run(t, devices[0])
		for i, w := range want {
			if !(math.Abs(got[i]-w) <= allowed[i]) {
				t.Fatalf("%v: c[%d] = %.9g, want %.9g, allowed difference %.3g", p, i, got[i], w, allowed[i])
			}
		}
		for n, dev := range devices[1:] {
			if !slices.Equal(p.run(t, dev), got) {
				t.Errorf("%v: device %d gives other bits", p, n+1)
			}
		}
		p.offset = 0
		if first := bits[p.String()]; first != nil && !slices.Equal(first, got) {
			t.Errorf("%v: other bits at another place", p)
		}
		bits[p.String()] = got
	}
	for _, kernel := range []instance{productTF32, wideProduct.kernel, narrowProduct.kernel} {
		if !launched[kernel.String()] {
			t.Errorf("no launch of %s", kernel)
		}
	}
}

// TestTies: of two neighbours that are as near, warps take the one away from zero and warpgroups the even one.
func TestTies(t *testing.T) {
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		target int
		x      float64
		want   float64
	}{{80, 1 + 0x1p-11, 1 + 0x1p-10}, {90, 1 + 0x1p-11, 1}, {80, -1 - 3*0x1p-11, -1 - 0x1p-9}, {90, -1 - 3*0x1p-11, -1 - 0x1p-9}} {
		dev, err := open(ptxsim.Open(ptxsim.Options{Target: test.target}), Settings{Products: TF32}, list)
		if err != nil {
			t.Fatal(err)
		}
		defer dev.Close()
		a, b, c := dev.New(kernels.Float32, 1, 4), dev.New(kernels.Float32, 1, 4), dev.New(kernels.Float32, 1, 1)
		kerneltest.Set(dev, a, []float64{test.x, 0, 0, 0})
		kerneltest.Set(dev, b, []float64{1, 0, 0, 0})
		dev.MatMul(c, a, b, kernels.Product{TransB: true})
		if got := kerneltest.Get(dev, c)[0]; got != test.want {
			t.Errorf("capability %d: %v is %v, expected %v", test.target, test.x, got, test.want)
		}
	}
}

// profiles runs work on a device and returns the counters of its launches by kernel.
func profiles(t *testing.T, settings Settings, work func(dev *Device)) map[string]*ptxsim.Profile {
	t.Helper()
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*ptxsim.Profile{}
	dev, err := open(ptxsim.Open(ptxsim.Options{Observe: func(p *ptxsim.Profile) { found[p.Kernel] = p }}), settings, list)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	work(dev)
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestWarpgroupSuite: products by warpgroups, and those that fall to the portable kernels beside them, pass the suite.
func TestWarpgroupSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("ten seconds of the interpreter; TestProductsInTF32 has every edge of the tiles")
	}
	suite := tileSuite(TF32)
	suite.Parts = []string{"Algebra"}
	suite.Open = func(tb testing.TB) kernels.Device {
		dev := openWindows(tb, ptxsim.Options{})
		dev.leastTurned = 0
		return dev
	}
	suite.Run(t)
}

// TestWarpgroupCounters holds products by warpgroups to their header: four wgmma of each warp for a stage, and one wait of each for it;
// whole sectors; only copies and tensor cores touch operands in shared memory, so that nothing meets in a bank.
func TestWarpgroupCounters(t *testing.T) {
	const depth, stages, warps = 160, 5, 8
	for _, columns := range []int{128, 256} {
		p := productCase{128, columns, depth, 0, kernels.Product{TransB: true}}
		found := profiles(t, Settings{Products: TF32}, func(dev *Device) {
			dev.wideBlocks = 1
			p.run(t, dev)
		})
		c := found[fmt.Sprintf("product_wgmma_128x%d", columns)]
		if c == nil {
			t.Fatalf("%v: other kernels: %v", p, found)
		}
		checkAccess(t, c)
		var filled, multiplied uint64
		for _, l := range c.Lines {
			switch {
			case l.Class == ptxsim.Tensor:
				multiplied += l.Instructions
				if want := l.Instructions * uint64(16*32+columns*32/4); l.SharedBytes != want {
					t.Errorf("%v: %s reads %d bytes of shared memory, expected %d", p, l.Text, l.SharedBytes, want)
				}
			case strings.HasPrefix(l.Text, "cp.async.bulk.tensor"):
				filled += l.SharedBytes - 8*l.Instructions // those of the mbarrier
			case l.Class == ptxsim.SharedLoad || l.Class == ptxsim.SharedStore:
				t.Errorf("%v: line %d touches shared memory: %s", p, l.Line, l.Text)
			}
		}
		if multiplied != stages*4*warps || filled != stages*128*uint64(128+columns) {
			t.Errorf("%v: %d wgmma, %d bytes copied, expected %d and %d", p, multiplied, filled, stages*4*warps, stages*128*(128+columns))
		}
	}
}

// TestProductCounters: no access of a product to shared memory meets another in a bank, whichever operand is transposed; aligned
// operands are read, and sums stored, in whole sectors.
func TestProductCounters(t *testing.T) {
	if testing.Short() {
		t.Skip("counts what a kernel does, which other tests launch; run without -short")
	}
	for _, products := range []Products{Float32, TF32} {
		for form := range 4 {
			p := productCase{128, 128, 32, 0, kernels.Product{TransA: form&1 != 0, TransB: form&2 != 0}}
			found := profiles(t, Settings{Products: products, Portable: true}, func(dev *Device) { p.run(t, dev) })
			kernel := map[Products]string{Float32: "product", TF32: "product_tf32"}[products]
			c := found[kernel]
			if c == nil || c.Total.SharedRequests == 0 {
				t.Fatalf("%v %v: no kernel %s, or no shared memory: %v", products, p, kernel, found)
			}
			if c.Total.SharedConflicts != 0 {
				t.Errorf("%v %v: %d conflicts of %d requests", products, p, c.Total.SharedConflicts, c.Total.SharedRequests)
			}
			if sectors := float64(c.Total.GlobalSectors) / float64(c.Total.GlobalBytes); sectors > 4./128 {
				t.Errorf("%v %v: %.3g sectors for 128 bytes, expected 4 at most", products, p, 128*sectors)
			}
		}
	}
}
