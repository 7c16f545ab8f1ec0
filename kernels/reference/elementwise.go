package reference

import "gzpt/kernels"

func (d *device[T]) Fill(x kernels.Tensor, v float64) {
	d.check.Fill(x)
	switch x.Type() {
	case kernels.Float32:
		fill(x.Float32(), float32(v))
	case kernels.Float64:
		fill(x.Float64(), v)
	case kernels.BFloat16:
		fill(x.BFloat16(), kernels.ToBFloat16(v))
	case kernels.Int32:
		fill(x.Int32(), int32(v))
	}
}

func fill[E any](x []E, v E) {
	for i := range x {
		x[i] = v
	}
}

func (d *device[T]) Copy(y, x kernels.Tensor) {
	d.check.Copy(y, x)
	switch x.Type() {
	case kernels.Float32:
		copy(y.Float32(), x.Float32())
	case kernels.Float64:
		copy(y.Float64(), x.Float64())
	case kernels.BFloat16:
		copy(y.BFloat16(), x.BFloat16())
	case kernels.Int32:
		copy(y.Int32(), x.Int32())
	}
}

func (d *device[T]) Convert(y, x kernels.Tensor) {
	d.check.Convert(y, x)
	values := make([]float64, x.Len())
	kernels.HostRead(values, x)
	kernels.HostWrite(y, values)
}

func (d *device[T]) ReLU(y, x kernels.Tensor) {
	d.check.Map("ReLU", y, x)
	ys := d.of(y)
	for i, v := range d.of(x) {
		ys[i] = relu(v)
	}
	d.store(y, ys)
}

// relu keeps a NaN: it is not below zero.
func relu[T float](v T) T {
	if v < 0 {
		return 0
	}
	return v
}

func (d *device[T]) ReLUBackward(dx, dy, y kernels.Tensor) {
	d.check.Map("ReLUBackward", dx, dy, y)
	dxs, dys, ys := d.of(dx), d.of(dy), d.of(y)
	for i := range dxs {
		dxs[i] = reluGradient(dys[i], ys[i])
	}
	d.store(dx, dxs)
}

func reluGradient[T float](dy, y T) T {
	if y <= 0 {
		return 0
	}
	return dy
}

func (d *device[T]) AddBias(y, x, b kernels.Tensor) {
	d.check.AddBias(y, x, b)
	ys, xs, bs := d.of(y), d.of(x), d.of(b)
	for i := range ys {
		ys[i] = xs[i] + bs[i%len(bs)]
	}
	d.store(y, ys)
}

func (d *device[T]) AddBiasBackward(db, dy kernels.Tensor) {
	d.check.AddBiasBackward(db, dy)
	dbs, dys := d.of(db), d.of(dy)
	sums := make([]float64, len(dbs))
	for r := range dy.Rows() {
		axpy(sums, 1, row(dys, r, len(sums)))
	}
	accumulate(dbs, sums)
}

// accumulate adds float64 sums to the gradient of a parameter.
func accumulate[T float](grad []T, sums []float64) {
	for i, v := range sums {
		grad[i] = T(float64(grad[i]) + v)
	}
}
