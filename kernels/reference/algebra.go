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

func (d *device[T]) PairwiseCosine(r, x kernels.Tensor) {
	d.check.Pairwise("PairwiseCosine", r, x)
	rows := make([]float64, x.Len())
	convert(rows, d.of(x))
	cosines(d.of(r), rows, x.Dim(0), x.Dim(1))
}

func (d *device[T]) PairwiseCorrelation(r, x kernels.Tensor) {
	d.check.Pairwise("PairwiseCorrelation", r, x)
	n, depth := x.Dim(0), x.Dim(1)
	rows := make([]float64, x.Len())
	convert(rows, d.of(x))
	for i := range n {
		centre(row(rows, i, depth))
	}
	cosines(d.of(r), rows, n, depth)
}

// centre takes the mean out of x. An x of equal numbers becomes exactly zero, whatever its mean rounds to.
func centre(x []float64) {
	constant := true
	for _, v := range x {
		constant = constant && v-x[0] == 0 // not for infinities
	}
	if constant {
		clear(x)
		return
	}
	mean := total(x) / float64(len(x))
	for i := range x {
		x[i] -= mean
	}
}

// cosines sets r[i,j] to the cosine between rows i and j of x [n,depth]. A zero row has 0 with every row that is a
// number; a row with a NaN has NaN with every row.
func cosines[T float](r []T, x []float64, n, depth int) {
	norms := make([]float64, n)
	for i := range norms {
		norms[i] = math.Sqrt(dot(row(x, i, depth), row(x, i, depth)))
	}
	spread(n, func(i int) {
		for j := range i + 1 {
			v := dot(row(x, i, depth), row(x, j, depth)) / (norms[i] * norms[j])
			switch {
			case norms[i]*norms[j] == 0:
				v = 0
			case i == j && !math.IsNaN(v):
				v = 1
			}
			v = min(max(v, -1), 1)
			r[i*n+j], r[j*n+i] = T(v), T(v)
		}
	})
}
