package kerneltest

import (
	"math"
	"slices"
	"testing"

	"gzpt/kernels"
)

// checkTransfer carries values through tensors of both types, and checks what New promises.
func checkTransfer(t *testing.T, dev kernels.Device) {
	host := []float32{1, -0.5, float32(math.Inf(1)), 1e-40, float32(math.Copysign(0, -1)), 3e38, 7}
	for _, tensor := range []kernels.Tensor{dev.New(dev.Type(), 7), dev.New(kernels.Float64, 7), dev.New(dev.Type(), 20).Slice(13, 7)} {
		if got := Get(dev, tensor); !slices.Equal(got, make([]float64, 7)) {
			t.Errorf("a new tensor holds %v", got)
		}
		dev.Write(tensor, host)
		back := make([]float32, 7)
		dev.Read(back, tensor)
		if !slices.Equal(back, host) {
			t.Errorf("wrote %v, read %v", host, back)
		}
		for i, v := range Get(dev, tensor) {
			if v != float64(host[i]) {
				t.Errorf("wrote %v, read %v as float64", host[i], v)
			}
		}
		for op, run := range map[string]func(){
			"Write":       func() { dev.Write(tensor, host[1:]) },
			"Read":        func() { dev.Read(back[1:], tensor) },
			"ReadFloat64": func() { dev.ReadFloat64(make([]float64, 6), tensor) },
		} {
			if fault := refusal(op, "a short slice", run); fault != "" {
				t.Errorf("%s: %s", op, fault)
			}
		}
	}
	if got := dev.New(dev.Type(), 2, 3).Type(); got != dev.Type() {
		t.Errorf("New makes a tensor of type %v on a device of type %v", got, dev.Type())
	}
	if got := dev.New(kernels.Float64, 2).Type(); got != kernels.Float64 {
		t.Errorf("NewFloat64 makes a tensor of type %v", got)
	}
}
