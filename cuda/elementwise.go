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
	case kernels.BFloat16:
		half := uint32(kernels.ToBFloat16(v))
		if x.Len()%2 != 0 || x.Address()%4 != 0 {
			d.each(op, "fill16", x.Len(), argument{bits: uint64(x.Address()), address: true}, size(int(half)))
			return
		}
		d.words(op, x, half<<16|half, x.Len()/2)
		return
	case kernels.Float32:
		word = math.Float32bits(float32(v))
	case kernels.Int32:
		word = uint32(int32(v))
	}
	d.words(op, x, word, x.Len())
}

// words makes n words of a tensor the same.
func (d *Device) words(op string, x kernels.Tensor, word uint32, n int) {
	if n > 0 {
		d.do(op, driver.Work{Kind: driver.Fill, To: driver.Pointer(x.Address()), Value: word, Words: n})
	}
}

// Copy: y[i] = x[i].
func (d *Device) Copy(y, x kernels.Tensor) {
	d.check.Copy(y, x)
	d.copy("Copy", y, x)
}

func (d *Device) copy(op string, y, x kernels.Tensor) {
	if x.Len() > 0 && y.Address() != x.Address() {
		d.do(op, driver.Work{Kind: driver.Copy, To: driver.Pointer(y.Address()), From: driver.Pointer(x.Address()), Bytes: x.Bytes()})
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
	case x.Type() == kernels.Float64 && y.Type() == kernels.BFloat16:
		d.mapped(op, "narrow_odd", y.Len(), at(y), at(x))
	case x.Type() == kernels.Float64:
		d.mapped(op, "narrow", y.Len(), at(y), at(x))
	case y.Type() == kernels.Float64:
		d.mapped(op, "widen", y.Len(), at(y), at(x))
	case y.Type() == kernels.BFloat16:
		d.mapped(op, "round", y.Len(), at(y), at(x))
	default:
		d.mapped(op, "extend", y.Len(), at(y), at(x))
	}
}

// ReLU: y[i] = x[i] < 0 ? 0 : x[i].
func (d *Device) ReLU(y, x kernels.Tensor) {
	d.check.Map("ReLU", y, x)
	d.mapped("ReLU", "relu", y.Len(), at(y), at(x))
}

// ReLUBackward: dx[i] = y[i] <= 0 ? 0 : dy[i].
func (d *Device) ReLUBackward(dx, dy, y kernels.Tensor) {
	d.check.Map("ReLUBackward", dx, dy, y)
	d.mapped("ReLUBackward", "relu_backward", dx.Len(), at(dx), at(dy), at(y))
}

// AddBias: y[r,c] = x[r,c] + b[c].
func (d *Device) AddBias(y, x, b kernels.Tensor) {
	d.check.AddBias(y, x, b)
	d.each("AddBias", "add_bias", y.Len(), at(y), at(x), at(b), period(b.Len()))
}

// AddBiasBackward: db[c] += sum_r dy[r,c].
func (d *Device) AddBiasBackward(db, dy kernels.Tensor) {
	const op = "AddBiasBackward"
	d.check.AddBiasBackward(db, dy)
	d.fits(op, dy)
	rows, channels := dy.Rows(), dy.Channels()
	count, share := parts(rows, channels)
	partial := d.scratch(op, count*channels)
	d.each(op, "column_sums", count*channels, partial.argument(), at(dy), size(rows), period(channels), size(share))
	d.merge(op, db, partial, count)
}

// merge adds the partial sums [count, n] to out [n].
func (d *Device) merge(op string, out kernels.Tensor, partial scratch, count int) {
	d.each(op, "merge", out.Len(), at(out), partial.argument(), size(count))
}
