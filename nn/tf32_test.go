package nn

import (
	"bytes"
	"math"
	"testing"

	"gzpt/cuda"
	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// roundedFactors is a reference whose convolutions and matrix products multiply factors rounded to tf32: what a device with tf32 products computes,
// but for the order of its sums.
type roundedFactors struct{ kernels.Device }

func (roundedFactors) Products() string { return "tf32" }

func (d roundedFactors) round(x kernels.Tensor) kernels.Tensor {
	rounded := make([]float32, x.Len())
	for i, v := range x.Float32() {
		rounded[i] = math.Float32frombits((math.Float32bits(v) + 0x1000) &^ 0x1fff) // to nearest, half away from 0
	}
	var dims []int
	for i := range x.Rank() {
		dims = append(dims, x.Dim(i))
	}
	return kernels.FromFloat32(rounded, dims...)
}

func (d roundedFactors) Conv2D(y, x, w kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2D(y, d.round(x), d.round(w), c)
}

func (d roundedFactors) Conv2DStats(y, moments, x, w kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2DStats(y, moments, d.round(x), d.round(w), c)
}

func (d roundedFactors) Conv2DBackwardData(dx, dy, w kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2DBackwardData(dx, d.round(dy), d.round(w), c)
}

func (d roundedFactors) Conv2DBackwardDataAdd(dx, dy, w kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2DBackwardDataAdd(dx, d.round(dy), d.round(w), c)
}

func (d roundedFactors) Conv2DBackwardWeights(dw, dy, x kernels.Tensor, c kernels.Conv) {
	d.Device.Conv2DBackwardWeights(dw, d.round(dy), d.round(x), c)
}

func (d roundedFactors) MatMul(c, a, b kernels.Tensor, p kernels.Product) {
	d.Device.MatMul(c, d.round(a), d.round(b), p)
}

// TestTF32Trains: a training in tf32 has the losses of a reference that rounds the factors of its products, and the same bits
// under every order of warps. Both round factors that are apart by the roundings of float32, so one in a thousand to another
// neighbour, which moves a loss by the root of that, 3 %, of what the rounding of all factors moves it by: a twentieth is allowed.
func TestTF32Trains(t *testing.T) {
	if testing.Short() {
		t.Skip("five seconds of the interpreter; run without -short")
	}
	c := tiny(18)
	c.Optimiser, c.LR = DefaultOptimiser("adamw"), 1e-5
	exact := trained(t, reference.New(kernels.Float64), c, 2)
	c.Precision = "tf32"
	want := trained(t, roundedFactors{reference.New(kernels.Float32)}, c, 2)
	var first []byte
	for seed := range uint64(2) {
		got := trained(t, openCUDA(t, seed, cuda.Settings{Products: cuda.TF32}), c, 2)
		for k, loss := range got.losses {
			moved := math.Abs(want.losses[k] - exact.losses[k])
			if off := math.Abs(loss - want.losses[k]); !(off <= moved/20) {
				t.Errorf("step %d: the loss is %.9f, that of rounded factors %.9f, in float64 %.9f", k, loss, want.losses[k], exact.losses[k])
			}
		}
		if seed == 0 {
			first = got.blocks
		}
		if !bytes.Equal(got.blocks, first) {
			t.Errorf("seed %d: the checkpoint has other bits", seed)
		}
	}
}
