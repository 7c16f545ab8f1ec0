package bench

import (
	"math/rand/v2"

	"gzpt/kernels"
)

// Convolution is the operands of one convolution shape on a device.
type Convolution struct {
	Shape      Shape
	dev        kernels.Device
	x, w, y    kernels.Tensor
	dx, dw, dy kernels.Tensor
	moments    kernels.Tensor
}

// Passes are the names that Run takes.
var Passes = []string{"forward", "forward-stats", "backward-data", "backward-weights"}

// NewConvolution allocates the operands and fills them with numbers of mean 0.
func NewConvolution(dev kernels.Device, s Shape) *Convolution {
	o := s.Out()
	c := &Convolution{Shape: s, dev: dev}
	c.x, c.dx = Random(dev, 1, s.N, s.H, s.H, s.C), dev.New(dev.Type(), s.N, s.H, s.H, s.C)
	c.w, c.dw = Random(dev, 2, s.K, s.R, s.R, s.C), dev.New(dev.Type(), s.K, s.R, s.R, s.C)
	c.dy, c.y = Random(dev, 3, s.N, o, o, s.K), dev.New(dev.Type(), s.N, o, o, s.K)
	c.moments = dev.New(kernels.Float64, 2, s.K)
	return c
}

// On is the same convolution carried out by another device that takes the same operands, such as a recorder.
func (c *Convolution) On(dev kernels.Device) *Convolution {
	other := *c
	other.dev = dev
	return &other
}

// Run carries out the convolution once in one of Passes.
func (c *Convolution) Run(pass string) {
	g := c.Shape.Geometry()
	switch pass {
	case "forward":
		c.dev.Conv2D(c.y, c.x, c.w, g)
	case "forward-stats":
		c.dev.Conv2DStats(c.y, c.moments, c.x, c.w, g)
	case "backward-data":
		c.dev.Conv2DBackwardData(c.dx, c.dy, c.w, g)
	case "backward-weights":
		c.dev.Conv2DBackwardWeights(c.dw, c.dy, c.x, g)
	default:
		panic("bench: Convolution.Run: unknown pass")
	}
	if err := c.dev.Sync(); err != nil {
		panic("bench: Convolution.Run: " + err.Error())
	}
}

// Random is a tensor of numbers uniform in [-1, 1) that follow from seed.
func Random(dev kernels.Device, seed uint64, dims ...int) kernels.Tensor {
	t := dev.New(dev.Type(), dims...)
	values := make([]float32, t.Len())
	g := rand.New(rand.NewPCG(seed, 0))
	for i := range values {
		values[i] = 2*g.Float32() - 1
	}
	dev.Write(t, values)
	return t
}
