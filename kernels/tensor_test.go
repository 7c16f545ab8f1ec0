package kernels

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func counted(dims ...int) Tensor {
	data := make([]float32, shaped(Float32, dims).Len())
	for i := range data {
		data[i] = float32(i)
	}
	return FromFloat32(data, dims...)
}

func TestTensorShape(t *testing.T) {
	x := counted(2, 3, 4, 5)
	if x.Rank() != 4 || x.Len() != 120 || x.Rows() != 24 || x.Channels() != 5 || x.Dim(1) != 3 || x.Dim(-2) != 4 || x.Type() != Float32 {
		t.Errorf("a [2,3,4,5] tensor has rank %d, length %d, %d rows, %d channels, type %v", x.Rank(), x.Len(), x.Rows(), x.Channels(), x.Type())
	}
	var zero Tensor
	if zero.Len() != 0 || zero.Type() != 0 || zero.Rank() != 0 {
		t.Error("the zero tensor holds something")
	}
	if empty := counted(0, 3); empty.Len() != 0 || empty.Rows() != 0 || empty.Channels() != 3 {
		t.Error("a tensor without rows lost its channels")
	}
	if !x.SameShape(counted(2, 3, 4, 5)) || x.SameShape(counted(2, 3, 20)) {
		t.Error("SameShape compares something else than rank and dimensions")
	}
}

func TestViewAndSliceShareTheElements(t *testing.T) {
	x := counted(4, 6)
	x.View(2, 12).Float32()[13] = -1
	if got := x.Slice(12, 2, 3).Float32(); !slices.Equal(got, []float32{12, -1, 14, 15, 16, 17}) {
		t.Errorf("elements 12 to 17 are %v", got)
	}
	if c := cap(x.Slice(0, 2).Float32()); c != 2 {
		t.Errorf("a slice of 2 elements reaches %d elements", c)
	}
}

// panics is the text that f panics with.
func panics(f func()) (text string) {
	defer func() { text, _ = recover().(string) }()
	f()
	return ""
}

func TestMistakesNameTheFunction(t *testing.T) {
	x := counted(2, 3)
	mistakes := map[string]func(){
		"kernels: FromFloat32: ":    func() { FromFloat32(make([]float32, 5), 2, 3) },
		"kernels: FromFloat64: ":    func() { FromFloat64(make([]float64, 5), 2, 3) },
		"kernels: Tensor: ":         func() { FromFloat32(nil, 1, 2, 3, 4, 5) },
		"kernels: Tensor: negative": func() { FromFloat32(nil, -1) },
		"kernels: Tensor: more":     func() { FromFloat32(nil, math.MaxInt/2, 8) },
		"kernels: Tensor: more e":   func() { x.View(math.MaxInt, math.MaxInt, 6) }, // a product of 6, but for what overflows
		"kernels: Tensor.Slice: o":  func() { x.Slice(math.MaxInt, 6) },
		"kernels: Tensor.Dim: ":     func() { x.Dim(2) },
		"kernels: Tensor.View: ":    func() { x.View(5) },
		"kernels: Tensor.Slice: ":   func() { x.Slice(4, 3) },
		"kernels: Tensor.Float64: ": func() { x.Float64() },
		"kernels: Tensor.Float32: ": func() { FromFloat64(make([]float64, 1), 1).Float32() },
	}
	for want, mistake := range mistakes {
		if got := panics(mistake); !strings.HasPrefix(got, want) {
			t.Errorf("panics with %q, want %q", got, want)
		}
	}
}

func TestConvOut(t *testing.T) {
	tests := []struct {
		conv          Conv
		in, k, expect int
	}{
		{Conv{Stride: 2, Pad: 3, Dilation: 1, Groups: 1}, 224, 7, 112},
		{Conv{Stride: 1, Pad: 1, Dilation: 1, Groups: 1}, 56, 3, 56},
		{Conv{Stride: 2, Pad: 0, Dilation: 1, Groups: 1}, 7, 1, 4},
		{Conv{Stride: 1, Pad: 2, Dilation: 2, Groups: 1}, 9, 3, 9},
		{Conv{Stride: 1, Pad: 0, Dilation: 1, Groups: 1}, 3, 3, 1},
		{Conv{Stride: 3, Pad: 0, Dilation: 1, Groups: 1}, 2, 3, 0}, // the kernel does not fit
	}
	for _, test := range tests {
		if got := test.conv.Out(test.in, test.k); got != test.expect {
			t.Errorf("%+v.Out(%d, %d) = %d, want %d", test.conv, test.in, test.k, got, test.expect)
		}
	}
}

func TestOverlapOfTensors(t *testing.T) {
	x := counted(10)
	tests := []struct {
		a, b                   Tensor
		touch, overlapsInParts bool
	}{
		{x.Slice(0, 5), x.Slice(5, 5), false, false},
		{x.Slice(0, 5), x.Slice(4, 5), true, true},
		{x.Slice(0, 5), x.Slice(0, 5), true, false},
		{x.Slice(0, 5), x.Slice(0, 4), true, true},
		{x.Slice(3, 0), x, false, false},
		{x, FromFloat64(make([]float64, 10), 10), false, false},
	}
	for i, test := range tests {
		if got := touch(test.a, test.b); got != test.touch {
			t.Errorf("case %d: touch = %v", i, got)
		}
		if got := overlaps(test.a, test.b); got != test.overlapsInParts {
			t.Errorf("case %d: overlaps = %v", i, got)
		}
	}
}

func TestHost(t *testing.T) {
	for _, x := range []Tensor{{}, FromFloat32(nil, 0, 3), FromFloat32(make([]float32, 2), 2), FromFloat64(make([]float64, 2), 2)} {
		if !x.Host() {
			t.Errorf("%v of %d elements is not in host memory", x.Type(), x.Len())
		}
	}
	if elsewhere := DeviceMemory(t, 0x1000, 8).Tensor(Float32, 0, 2); elsewhere.Host() { // as one of a device with memory of its own
		t.Error("a tensor without elements in host memory is in host memory")
	}
}
