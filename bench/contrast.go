package bench

import (
	"gzpt/asm"
	"gzpt/kernels"
)

// Contrast is a contrastive loss and its gradient over n rows of d numbers each, of length one: of anchors and keys, the
// key of an anchor's own row its positive, or, symmetric, of both views of n/2 items, whose other view is the positive.
type Contrast struct {
	N, D      int
	Symmetric bool

	dev          kernels.Device
	q, k, dq, dk kernels.Tensor
	loss, lse    kernels.Tensor
	labels       kernels.Labels
	form         kernels.Contrast
}

// Temperature is that of the contrastive losses in benchmarks.
const Temperature = 0.2

// NewContrast makes random rows and the labels.
func NewContrast(dev kernels.Device, n, d int, symmetric bool) *Contrast {
	c := &Contrast{N: n, D: d, Symmetric: symmetric, dev: dev, form: kernels.Contrast{Scale: 1 / Temperature}}
	c.q, c.dq = unit(dev, 1, n, d), dev.New(dev.Type(), n, d)
	c.loss, c.lse = dev.New(kernels.Float64, 1), dev.New(dev.Type(), n)
	positive := func(i int) int { return i }
	if symmetric {
		c.k, c.form.Keys = c.q, kernels.OtherKeys
		positive = func(i int) int { return (i + n/2) % n }
	} else {
		c.k, c.dk = unit(dev, 2, n, d), dev.New(dev.Type(), n, d)
	}
	offsets, columns := make([]int32, n+1), make([]int32, n)
	for i := range n {
		offsets[i+1], columns[i] = int32(i+1), int32(positive(i))
	}
	c.labels = kernels.Labels{Offsets: dev.New(kernels.Int32, n+1), Columns: dev.New(kernels.Int32, n), Weights: dev.New(dev.Type(), n)}
	dev.WriteInt32(c.labels.Offsets, offsets)
	dev.WriteInt32(c.labels.Columns, columns)
	dev.Fill(c.labels.Weights, 1)
	return c
}

// unit is rows of length one from a hash of their place, as the other side of a comparison makes them.
func unit(dev kernels.Device, seed uint32, n, d int) kernels.Tensor {
	x, norms := dev.New(dev.Type(), n, d), dev.New(dev.Type(), n)
	defer dev.Free(norms)
	values := make([]float32, n*d)
	for i := range values {
		h := (uint32(i) + seed*0x9E3779B9) * 2654435761
		h ^= h >> 15
		h *= 2246822519
		h ^= h >> 13
		values[i] = float32(h>>8)/(1<<23) - 1
	}
	dev.Write(x, values)
	dev.NormalizeRows(x, norms, x, 1e-12)
	return x
}

// Loss is the loss of the rows.
func (c *Contrast) Loss() (float64, error) {
	c.dev.Fill(c.loss, 0)
	c.Forward()
	loss := make([]float64, 1)
	err := c.dev.ReadFloat64(loss, c.loss)
	return loss[0], err
}

// Forward is the loss, which adds to that of the calls before.
func (c *Contrast) Forward() {
	c.dev.ContrastiveLoss(c.loss, c.lse, c.q, c.k, kernels.Tensor{}, c.labels, c.form, 1)
}

// Run is the loss, which adds to that of the calls before, with its gradient.
func (c *Contrast) Run() {
	c.dev.ContrastiveLossAndBackward(c.loss, c.lse, c.dq, c.dk, c.q, c.k, kernels.Tensor{}, c.labels, c.form, 1)
	if err := c.dev.Sync(); err != nil {
		panic("bench: Contrast.Run: " + err.Error())
	}
}

// Operations counts the products that Run carries out.
func (c *Contrast) Operations() float64 {
	return asm.ContrastProducts(c.N, c.Symmetric) * 2 * float64(c.N) * float64(c.N) * float64(c.D)
}

// Free gives the operands back.
func (c *Contrast) Free() {
	tensors := []kernels.Tensor{c.q, c.dq, c.dk, c.loss, c.lse, c.labels.Offsets, c.labels.Columns, c.labels.Weights}
	if !c.Symmetric {
		tensors = append(tensors, c.k)
	}
	for _, t := range tensors {
		c.dev.Free(t)
	}
}
