package cuda

import (
	"math"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

// Fill: x[i] = v.
func (d *Device) Fill(x kernels.Tensor, v float64) {
	d.check.Fill(x)
	d.fits("Fill", x)
	d.fill("Fill", x, v)
}

func (d *Device) fill(op string, x kernels.Tensor, v float64) {
	var word uint32
	switch x.Type() {
	case kernels.Float64:
		d.each(op, "fill64", x.Len(), at(x), number(v))
		return
	case kernels.Float32:
		word = math.Float32bits(float32(v))
	case kernels.Int32:
		word = uint32(int32(v))
	}
	if x.Len() > 0 && d.err == nil {
		d.fail(op, d.stream.Fill(driver.Pointer(x.Address()), word, x.Len()))
	}
}

// Copy: y[i] = x[i].
func (d *Device) Copy(y, x kernels.Tensor) {
	d.check.Copy(y, x)
	d.copy("Copy", y, x)
}

func (d *Device) copy(op string, y, x kernels.Tensor) {
	if x.Len() > 0 && y.Address() != x.Address() && d.err == nil {
		d.fail(op, d.stream.Copy(driver.Pointer(y.Address()), driver.Pointer(x.Address()), x.Bytes()))
	}
}

// Convert: y[i] = x[i], rounded to nearest even.
func (d *Device) Convert(y, x kernels.Tensor) {
	const op = "Convert"
	d.check.Convert(y, x)
	d.fits(op, y)
	switch {
	case y.Type() == x.Type():
		d.copy(op, y, x)
	case y.Type() == kernels.Float32:
		d.each(op, "narrow", y.Len(), at(y), at(x))
	default:
		d.each(op, "widen", y.Len(), at(y), at(x))
	}
}

// ReLU: y[i] = x[i] < 0 ? 0 : x[i].
func (d *Device) ReLU(y, x kernels.Tensor) {
	d.check.Map("ReLU", y, x)
	d.each("ReLU", "relu", y.Len(), at(y), at(x))
}

// ReLUBackward: dx[i] = y[i] <= 0 ? 0 : dy[i].
func (d *Device) ReLUBackward(dx, dy, y kernels.Tensor) {
	d.check.Map("ReLUBackward", dx, dy, y)
	d.each("ReLUBackward", "relu_backward", dx.Len(), at(dx), at(dy), at(y))
}

// AddBias: y[r,c] = x[r,c] + b[c].
func (d *Device) AddBias(y, x, b kernels.Tensor) {
	d.check.AddBias(y, x, b)
	d.each("AddBias", "add_bias", y.Len(), at(y), at(x), at(b), size(b.Len()))
}

// AddBiasBackward: db[c] += sum_r dy[r,c].
func (d *Device) AddBiasBackward(db, dy kernels.Tensor) {
	const op = "AddBiasBackward"
	d.check.AddBiasBackward(db, dy)
	d.fits(op, dy)
	rows, channels := dy.Rows(), dy.Channels()
	count, share := parts(rows, channels)
	partial := d.scratch(op, count*channels)
	d.each(op, "column_sums", count*channels, argument(partial), at(dy), size(rows), size(channels), size(share))
	d.merge(op, db, partial, count)
}

// merge adds the partial sums [count, n] to out [n].
func (d *Device) merge(op string, out kernels.Tensor, partial scratch, count int) {
	d.each(op, "merge", out.Len(), at(out), argument(partial), size(count))
}
