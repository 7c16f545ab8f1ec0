package cuda

import (
	"fmt"
	"math"
	"slices"
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

// values are A [m,k], B [k,n] and c [m,n] before the product.
func (p productCase) values() (a, b, c []float64) {
	return kerneltest.Fill("product.a", -1, 1, p.m, p.depth), kerneltest.Fill("product.b", -1, 1, p.depth, p.n), kerneltest.Fill("product.c", -1, 1, p.m, p.n)
}

// run computes the product on a device.
func (p productCase) run(t *testing.T, dev *Device) []float64 {
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
	return kerneltest.Get(dev, c)
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
		productCase{9, 12, 290, 0, kernels.Product{TransB: true}}, productCase{1, 1, 1, 0, kernels.Product{}})
}

// TestProductsInTF32: products on tensor cores are those of operands rounded to tf32, wherever the operands lie and whatever the
// order of warps.
func TestProductsInTF32(t *testing.T) {
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	var devices []*Device
	for seed := range uint64(2) {
		dev, err := open(ptxsim.Open(ptxsim.Options{Seed: seed}), Settings{Products: TF32}, list)
		if err != nil {
			t.Fatal(err)
		}
		defer dev.Close()
		devices = append(devices, dev)
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
		if !slices.Equal(p.run(t, devices[1]), got) {
			t.Errorf("%v: another order of warps gives other bits", p)
		}
		p.offset = 0
		if first := bits[p.String()]; first != nil && !slices.Equal(first, got) {
			t.Errorf("%v: other bits at another place", p)
		}
		bits[p.String()] = got
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

// TestProductCounters: no access of a product to shared memory meets another in a bank, whichever operand is transposed; aligned
// operands are read, and sums stored, in whole sectors.
func TestProductCounters(t *testing.T) {
	if testing.Short() {
		t.Skip("counts what a kernel does, which other tests launch; run without -short")
	}
	for _, products := range []Products{Float32, TF32} {
		for form := range 4 {
			p := productCase{128, 128, 32, 0, kernels.Product{TransA: form&1 != 0, TransB: form&2 != 0}}
			found := profiles(t, Settings{Products: products}, func(dev *Device) { p.run(t, dev) })
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
