package cuda

import (
	"math"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// TestCellsOfPool: the kernel for the pool of ResNets gives the bits of that for any pool, for images of every parity, with equal
// elements, zeros of both signs, infinities and NaN.
func TestCellsOfPool(t *testing.T) {
	dev, err := Open(ptxsim.Open(ptxsim.Options{}), Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	special := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0, 1, 2}
	p := kernels.Pool{Size: 3, Stride: 2, Pad: 1}
	for _, typ := range []kernels.Type{kernels.Float32, kernels.BFloat16} {
		for _, g := range [][4]int{{1, 1, 1, 8}, {2, 2, 3, 8}, {1, 5, 4, 3}, {1, 6, 7, 16}, {1, 9, 2, 1}} {
			h, w := (g[1]+1)/2, (g[2]+1)/2
			x, dx, other := dev.New(typ, g[:]...), dev.New(typ, g[:]...), dev.New(typ, g[:]...)
			y, dy := dev.New(typ, g[0], h, w, g[3]), dev.New(typ, g[0], h, w, g[3])
			values := kerneltest.Fill("x", 0, 1, g[:]...)
			for i, v := range values {
				values[i] = special[min(int(v*9), len(special)-1)]
			}
			kerneltest.Set(dev, x, values)
			kerneltest.Set(dev, dy, kerneltest.Fill("dy", -1, 1, g[0], h, w, g[3]))
			dev.MaxPool(y, x, p)
			dev.MaxPoolBackward(dx, dy, y, x, p)
			dev.each("MaxPoolBackward", "max_pool_backward", x.Len(), windows(dev.list(at(other), at(dy), at(y), at(x)), y, x, p)...)
			got, want := kerneltest.Get(dev, dx), kerneltest.Get(dev, other)
			for i := range want {
				if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
					t.Fatalf("%v %v: dx[%d] = %v, want %v", typ, g, i, got[i], want[i])
				}
			}
			if err := dev.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
