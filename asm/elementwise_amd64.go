//go:build amd64 && !noasm

package asm

import "gzpt/kernels"

func (d *device) Fill(x kernels.Tensor, v float64) {
	d.check.Fill(x)
	switch x.Type() {
	case kernels.Float32:
		d.elem.fill = fillJob{x: x.Float32(), v: float32(v)}
		d.stream(&d.elem.fill, x.Len(), 1)
	case kernels.Float64:
		fill(x.Float64(), v)
	case kernels.Int32:
		fill(x.Int32(), int32(v))
	}
}

// fillJob fills a block with one number.
type fillJob struct {
	x []float32
	v float32
}

func (j *fillJob) span(first, n, _ int) { fill(j.x[first:first+n], j.v) }

// fill writes a pattern that stays in L1 and copies it on.
func fill[T float32 | float64 | int32](x []T, v T) {
	pattern := x[:min(len(x), 1024)]
	for i := range pattern {
		pattern[i] = v
	}
	for done := len(pattern); done < len(x); {
		done += copy(x[done:], pattern)
	}
}

func (d *device) Copy(y, x kernels.Tensor) {
	d.check.Copy(y, x)
	switch x.Type() {
	case kernels.Float32:
		d.transfer(y.Float32(), x.Float32())
	case kernels.Float64:
		copy(y.Float64(), x.Float64())
	case kernels.Int32:
		copy(y.Int32(), x.Int32())
	}
}

// Convert is Copy between the two types of floating-point numbers that the device has.
func (d *device) Convert(y, x kernels.Tensor) {
	d.check.Convert(y, x)
	switch {
	case y.Type() == x.Type():
		d.Copy(y, x)
	case y.Type() == kernels.Float64:
		kernels.HostWrite(y, x.Float32())
	default:
		kernels.HostWrite(y, x.Float64())
	}
}

// copyJob copies a block.
type copyJob struct{ y, x []float32 }

func (j *copyJob) span(first, n, _ int) { copy(j.y[first:first+n], j.x[first:first+n]) }

func (d *device) ReLU(y, x kernels.Tensor) {
	d.check.Map("ReLU", y, x)
	d.flat(d.rows().relu, y.Float32(), x.Float32(), nil, nil)
}

func (d *device) ReLUBackward(dx, dy, y kernels.Tensor) {
	d.check.Map("ReLUBackward", dx, dy, y)
	d.flat(d.rows().reluBackward, dx.Float32(), dy.Float32(), nil, y.Float32())
}

func (d *device) AddBias(y, x, b kernels.Tensor) {
	d.check.AddBias(y, x, b)
	if y.Len() > 0 {
		d.columnwise(d.rows().addBias, y.Float32(), x.Float32(), nil, nil, b.Float32())
	}
}

func (d *device) AddBiasBackward(db, dy kernels.Tensor) {
	d.check.AddBiasBackward(db, dy)
	if dy.Len() > 0 {
		accumulate(db.Float32(), d.columnSums(d.rows().sum, 1, dy.Channels(), nil, dy.Float32(), nil, nil, nil))
	}
}

// accumulate adds sums to the gradient of a parameter.
func accumulate(grad []float32, sums []float64) {
	for i, v := range sums {
		grad[i] = float32(float64(grad[i]) + v)
	}
}
