package kerneltest

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// Shared is the folder of golden values and real data beside the project root, the folder that holds go.mod. Where the
// project was cloned without it, the test is skipped.
func Shared(tb testing.TB) string {
	tb.Helper()
	root, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			tb.Fatal("kerneltest: Shared: no go.mod in this folder or any above it")
		}
		root = filepath.Dir(root)
	}
	shared := filepath.Join(filepath.Dir(root), "shared")
	if _, err := os.Stat(shared); err != nil {
		tb.Skipf("no folder of shared data beside the project: %v", err)
	}
	return shared
}

// LoadGolden reads a file of the shared golden folder into v.
func LoadGolden(tb testing.TB, name string, v any) {
	tb.Helper()
	path := filepath.Join(Shared(tb), "golden", name)
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
}

// Hash is the 32-bit FNV-1a hash of a name.
func Hash(name string) uint32 {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return h
}

// Uniform is n numbers in [0,1), a hash of the name and the index: any language repeats them.
func Uniform(name string, n int) []float64 {
	seed := Hash(name) * 40503
	u := make([]float64, n)
	for i := range u {
		h := uint32(i+1)*2654435761 + seed
		h ^= h >> 15
		h *= 2246822519
		h ^= h >> 13
		h *= 3266489917
		h ^= h >> 16
		u[i] = float64(h) / (1 << 32)
	}
	return u
}

// Fill is the elements of a tensor of the given dimensions, uniform in [lo,hi). The golden values take their inputs and
// weights from it in PyTorch's layout; [ChannelsLast] converts them to the layout of a device.
func Fill(name string, lo, hi float64, dims ...int) []float64 {
	n := 1
	for _, d := range dims {
		n *= d
	}
	x := Uniform(name, n)
	for i, u := range x {
		x[i] = lo + (hi-lo)*u
	}
	return x
}

// Positives is the golden positives matrix [b,b]: symmetric, 0 or 1, with a unit diagonal; the pair i < j is positive
// where element i*b+j of Uniform(name) is below share.
func Positives(name string, b int, share float64) []float64 {
	u := Uniform(name, b*b)
	a := make([]float64, b*b)
	for i := range b {
		a[i*b+i] = 1
		for j := i + 1; j < b; j++ {
			if u[i*b+j] < share {
				a[i*b+j], a[j*b+i] = 1, 1
			}
		}
	}
	return a
}

// ChannelsLast turns x [n,c,h,w] into [n,h,w,c]: PyTorch's images (NCHW) into NHWC, its convolution weights (OIHW) into
// KRSC.
func ChannelsLast(x []float64, n, c, h, w int) []float64 { return swapInner(x, n, c, h*w) }

// ChannelsFirst turns x [n,h,w,c] into [n,c,h,w]: the inverse of [ChannelsLast].
func ChannelsFirst(x []float64, n, h, w, c int) []float64 { return swapInner(x, n, h*w, c) }

// swapInner turns x [n,a,b] into [n,b,a].
func swapInner(x []float64, n, a, b int) []float64 {
	y := make([]float64, len(x))
	for i := range n {
		for j := range a {
			for k := range b {
				y[(i*b+k)*a+j] = x[(i*a+j)*b+k]
			}
		}
	}
	return y
}

// Probe is what a golden file keeps of a tensor in PyTorch's layout. Sample is the sum, the sum of absolute values, the
// square root of the sum of squares, and the 16 elements at the flat indices floor(j*(n-1)/15).
type Probe struct {
	Shape  []int       `json:"shape"`
	Sample [19]float64 `json:"sample"`
}

// ProbeOf is the probe of x with the given shape.
func ProbeOf(x []float64, shape ...int) Probe {
	p := Probe{Shape: shape}
	var squares float64
	for _, v := range x {
		p.Sample[0] += v
		p.Sample[1] += math.Abs(v)
		squares += v * v
	}
	p.Sample[2] = math.Sqrt(squares)
	for j := range 16 {
		p.Sample[3+j] = x[j*(len(x)-1)/15]
	}
	return p
}

// Deviation is how far x, in the layout of the golden, lies from the probed tensor, as a fraction of the tensor's norm:
// the largest difference of the norm and of the 16 elements, and of the two sums over the square root of the number of
// elements. Each of them is at most |x-golden| / |golden|.
func (p Probe) Deviation(x []float64) float64 {
	q := ProbeOf(x)
	root := math.Sqrt(float64(len(x)))
	deviation := max(math.Abs(p.Sample[0]-q.Sample[0]), math.Abs(p.Sample[1]-q.Sample[1])) / root
	for i := 2; i < len(p.Sample); i++ {
		deviation = max(deviation, math.Abs(p.Sample[i]-q.Sample[i]))
	}
	return deviation / p.Sample[2]
}

// Check fails the test where x does not have the golden's number of elements or deviates by more than bound.
func (p Probe) Check(tb testing.TB, what string, x []float64, bound float64) {
	tb.Helper()
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	if n != len(x) {
		tb.Errorf("%s: %d elements, the golden tensor %v has %d", what, len(x), p.Shape, n)
		return
	}
	if deviation := p.Deviation(x); !(deviation <= bound) {
		tb.Errorf("%s: deviates by %.3g of the norm, allowed %.3g", what, deviation, bound)
	}
}
