//go:build cuda

package nn

import (
	"testing"

	"gzpt/cuda"
	"gzpt/cuda/mumax"
	"gzpt/kernels"
)

func init() {
	openGPU = func(t testing.TB) kernels.Device {
		t.Helper()
		gpu, err := mumax.Open(0)
		if err != nil {
			t.Fatal(err)
		}
		dev, err := cuda.Open(gpu, cuda.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		return dev
	}
}
