package reference

import (
	"math"

	"gzpt/kernels"
)

func (d *device[T]) MatMul(c, a, b kernels.Tensor, p kernels.Product) {
	m, n, depth := d.check.MatMul(c, a, b, p)
	cs, left, right := d.of(c), d.of(a), d.of(b)
	if p.TransA {
		left = transpose(left, depth, m)
	}
	if !p.TransB {
		right = transpose(right, depth, n)
	}
	spread(m, func(i int) {
		out := row(cs, i, n)
		for j := range out {
			sum := dot(row(left, i, depth), row(right, j, depth))
			if p.Accumulate {
				sum += float64(out[j])
			}
			out[j] = T(sum)
		}
	})
}

func (d *device[T]) PairwiseMinimum(c, a, b kernels.Tensor) {
	m, n, depth := d.check.PairwiseMinimum(c, a, b)
	cs, left, right := d.of(c), d.of(a), d.of(b)
	spread(m, func(i int) {
		for j := range n {
			sum, other := 0.0, row(right, j, depth)
			for k, v := range row(left, i, depth) {
				sum += float64(min(v, other[k]))
			}
			cs[i*n+j] = T(sum)
		}
	})
}

func (d *device[T]) NormalizeRows(y, norms, x kernels.Tensor, eps float64) {
	d.check.NormalizeRows(y, norms, x)
	ys, ns, xs := d.of(y), d.of(norms), d.of(x)
	for r := range ns {
		in, out := row(xs, r, x.Channels()), row(ys, r, x.Channels())
		norm := max(math.Sqrt(dot(in, in)), eps)
		ns[r] = T(norm)
		for c, v := range in {
			out[c] = T(float64(v) / norm)
		}
	}
}

func (d *device[T]) NormalizeRowsBackward(dx, dy, y, norms kernels.Tensor) {
	d.check.NormalizeRowsBackward(dx, dy, y, norms)
	dxs, dys, ys := d.of(dx), d.of(dy), d.of(y)
	for r, norm := range d.of(norms) {
		unit, grad, out := row(ys, r, y.Channels()), row(dys, r, y.Channels()), row(dxs, r, y.Channels())
		along := dot(unit, grad)
		for c := range out {
			out[c] = T((float64(grad[c]) - float64(unit[c])*along) / float64(norm))
		}
	}
}
