package bench

import (
	"fmt"

	"gzpt/kernels"
)

// Shape is one convolution: N items of H x H pixels and C channels, K filters of R x R, stride and padding. Count is how
// often a network has it.
type Shape struct {
	N, C, K, H, R, Stride, Pad int
	Count                      int
}

// String is the name of a benchmark, for example "n16_c64_k64_h56_r3_s1".
func (s Shape) String() string {
	return fmt.Sprintf("n%d_c%d_k%d_h%d_r%d_s%d", s.N, s.C, s.K, s.H, s.R, s.Stride)
}

// Geometry is the shape's stride and padding for a device.
func (s Shape) Geometry() kernels.Conv {
	return kernels.Conv{Stride: s.Stride, Pad: s.Pad}
}

// Out is the output size along either axis.
func (s Shape) Out() int { return s.Geometry().Out(s.H, s.R) }

// Operations is 2*N*OH*OW*K*C*R*S, padded taps included: the floating-point operations of one convolution, the same
// forward, backward to the data and backward to the weights.
func (s Shape) Operations() float64 {
	o := s.Out()
	return 2 * float64(s.N) * float64(o*o) * float64(s.K) * float64(s.C) * float64(s.R*s.R)
}

// ResNet18 lists the convolutions of ResNet-18 on batch images of size x size pixels, the stem first.
func ResNet18(size, batch int) []Shape {
	conv := func(c, k, h, r, stride, count int) Shape {
		return Shape{N: batch, C: c, K: k, H: h, R: r, Stride: stride, Pad: r / 2, Count: count}
	}
	stem := conv(3, 64, size, 7, 2, 1)
	h := kernels.Pool{Size: 3, Stride: 2, Pad: 1}.Out(stem.Out())
	shapes := []Shape{stem, conv(64, 64, h, 3, 1, 4)}
	for c := 64; c < 512; c *= 2 {
		first := conv(c, 2*c, h, 3, 2, 1)
		shortcut := conv(c, 2*c, h, 1, 2, 1)
		h = first.Out()
		shapes = append(shapes, first, shortcut, conv(2*c, 2*c, h, 3, 1, 3))
	}
	return shapes
}

// Others are shapes that ResNet-18 lacks: wide and narrow 1x1 convolutions of a bottleneck, few channels, a small stem.
func Others() []Shape {
	return []Shape{
		{N: 16, C: 64, K: 256, H: 56, R: 1, Stride: 1},
		{N: 16, C: 256, K: 512, H: 28, R: 1, Stride: 1},
		{N: 64, C: 32, K: 32, H: 32, R: 3, Stride: 1, Pad: 1},
		{N: 64, C: 16, K: 16, H: 32, R: 3, Stride: 1, Pad: 1},
		{N: 64, C: 3, K: 32, H: 64, R: 3, Stride: 1, Pad: 1},
	}
}

// Heads are the linear layers of the ResNet-18 BYOL heads (projector 512-1024-256, predictor 256-4096-256) in pairs of
// input and output width.
var Heads = [][2]int{{512, 1024}, {1024, 256}, {256, 4096}, {4096, 256}}

// StepOperations is the floating-point operations of one BYOL step of ResNet-18 on batch items of size x size pixels,
// counting convolutions and linear layers: for each of two views one pass forward through the online network, two
// backward (the stem needs no gradient of its input) and one forward through the target network, which has no predictor.
func StepOperations(size, batch int) float64 {
	var total float64
	for i, s := range ResNet18(size, batch) {
		passes := 4.0
		if i == 0 {
			passes = 3
		}
		total += 2 * passes * float64(s.Count) * s.Operations()
	}
	for i, h := range Heads {
		passes := 4.0
		if i >= 2 {
			passes = 3
		}
		total += 2 * passes * 2 * float64(batch) * float64(h[0]) * float64(h[1])
	}
	return total
}
