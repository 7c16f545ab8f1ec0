package cuda

import "gzpt/kernels"

// windows is tensors with the arguments of the kernels of a max pool that stand behind them.
func windows(tensors []argument, y, x kernels.Tensor, p kernels.Pool) []argument {
	return append(tensors,
		size(x.Dim(1)), size(x.Dim(2)), period(x.Dim(3)), size(y.Dim(1)), size(y.Dim(2)), size(p.Size), size(p.Stride), size(p.Pad))
}

// MaxPool: y = the largest x of the window, padding excluded.
func (d *Device) MaxPool(y, x kernels.Tensor, p kernels.Pool) {
	const op = "MaxPool"
	d.check.MaxPool(op, y, x, p)
	d.fits(op, x)
	d.each(op, "max_pool", y.Len(), windows(d.list(at(y), at(x)), y, x, p)...)
}

// MaxPoolBackward: dx = 0, then every dy goes to the first element of its window that equals y.
func (d *Device) MaxPoolBackward(dx, dy, y, x kernels.Tensor, p kernels.Pool) {
	const op = "MaxPoolBackward"
	d.check.MaxPoolBackward(dx, dy, y, x, p)
	d.fits(op, y)
	if p == (kernels.Pool{Size: 3, Stride: 2, Pad: 1}) { // that of ResNets
		d.each(op, "max_pool_backward_3x3", y.Len(), at(dx), at(dy), at(y), at(x),
			size(x.Dim(1)), size(x.Dim(2)), period(x.Dim(3)), size(y.Dim(1)), size(y.Dim(2)))
		return
	}
	d.each(op, "max_pool_backward", dx.Len(), windows(d.list(at(dx), at(dy), at(y), at(x)), y, x, p)...)
}

// GlobalAveragePool: y[n,c] = sum_{h,w} x[n,h,w,c] / (H*W).
func (d *Device) GlobalAveragePool(y, x kernels.Tensor) {
	const op = "GlobalAveragePool"
	d.check.GlobalAveragePool(op, y, x)
	d.fits(op, x)
	d.each(op, "average", y.Len(), at(y), at(x), size(x.Dim(1)*x.Dim(2)), period(x.Dim(3)))
}

// GlobalAveragePoolBackward: dx[n,h,w,c] = dy[n,c] / (H*W).
func (d *Device) GlobalAveragePoolBackward(dx, dy kernels.Tensor) {
	const op = "GlobalAveragePoolBackward"
	d.check.GlobalAveragePool(op, dy, dx)
	if dx.Len() == 0 {
		return
	}
	d.fits(op, dx)
	const most = 8 // pixels that a thread writes what it has read to
	area := dx.Dim(1) * dx.Dim(2)
	every := divideUp(area, most)
	d.each(op, "average_backward", dx.Dim(0)*every*dx.Dim(3), at(dx), at(dy), size(area), period(dx.Dim(3)), size(every))
}
