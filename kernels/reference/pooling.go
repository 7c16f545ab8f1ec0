package reference

import (
	"math"

	"gzpt/kernels"
)

// eachWindow calls visit for every output of a pool over x: out is its flat index, window the flat indices of the
// elements that it covers, in row order.
func eachWindow(y, x kernels.Tensor, p kernels.Pool, visit func(out int, window []int)) {
	h, w, channels := x.Dim(1), x.Dim(2), x.Dim(3)
	oh, ow := y.Dim(1), y.Dim(2)
	window := make([]int, 0, p.Size*p.Size)
	for out := range y.Len() {
		c, ox, oy, n := out%channels, out/channels%ow, out/channels/ow%oh, out/channels/ow/oh
		top, left := oy*p.Stride-p.Pad, ox*p.Stride-p.Pad
		window = window[:0]
		for r := max(top, 0); r < min(top+p.Size, h); r++ {
			for s := max(left, 0); s < min(left+p.Size, w); s++ {
				window = append(window, ((n*h+r)*w+s)*channels+c)
			}
		}
		visit(out, window)
	}
}

func (d *device[T]) MaxPool(y, x kernels.Tensor, p kernels.Pool) {
	d.check.MaxPool("MaxPool", y, x, p)
	ys, xs := d.of(y), d.of(x)
	eachWindow(y, x, p, func(out int, window []int) {
		largest := T(math.Inf(-1))
		for _, i := range window {
			largest = max(largest, xs[i]) // the builtin keeps a NaN
		}
		ys[out] = largest
	})
	d.store(y, ys)
}

func (d *device[T]) MaxPoolBackward(dx, dy, y, x kernels.Tensor, p kernels.Pool) {
	d.check.MaxPoolBackward(dx, dy, y, x, p)
	dys, ys, xs := d.of(dy), d.of(y), d.of(x)
	sums := make([]float64, len(xs))
	eachWindow(y, x, p, func(out int, window []int) {
		for _, i := range window {
			if xs[i] == ys[out] { // never for a NaN
				sums[i] += float64(dys[out])
				return
			}
		}
	})
	dxs := d.of(dx)
	convert(dxs, sums)
	d.store(dx, dxs)
}

func (d *device[T]) GlobalAveragePool(y, x kernels.Tensor) {
	d.check.GlobalAveragePool("GlobalAveragePool", y, x)
	ys, xs := d.of(y), d.of(x)
	pixels, channels := x.Dim(1)*x.Dim(2), x.Dim(3)
	sums := make([]float64, channels)
	for n := range x.Dim(0) {
		clear(sums)
		for i := range pixels {
			axpy(sums, 1, row(xs, n*pixels+i, channels))
		}
		for c, v := range sums {
			ys[n*channels+c] = T(v / float64(pixels))
		}
	}
}

func (d *device[T]) GlobalAveragePoolBackward(dx, dy kernels.Tensor) {
	d.check.GlobalAveragePool("GlobalAveragePoolBackward", dy, dx)
	dxs, dys := d.of(dx), d.of(dy)
	pixels, channels := dx.Dim(1)*dx.Dim(2), dx.Dim(3)
	for i := range dxs {
		dxs[i] = T(float64(dys[i/(pixels*channels)*channels+i%channels]) / float64(pixels))
	}
	d.store(dx, dxs)
}
