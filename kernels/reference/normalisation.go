package reference

import (
	"math"

	"gzpt/kernels"
)

func (d *device[T]) ChannelMoments(moments, x kernels.Tensor) {
	d.check.ChannelMoments("ChannelMoments", moments, x)
	d.channelMoments(moments, x)
}

func (d *device[T]) channelMoments(moments, x kernels.Tensor) {
	xs, channels := d.of(x), x.Channels()
	mean, squares := moments.Float64()[:channels], moments.Float64()[channels:]
	clear(mean)
	clear(squares)
	for r := range x.Rows() {
		for c, v := range row(xs, r, channels) {
			mean[c] += float64(v)
		}
	}
	for c := range mean {
		mean[c] /= float64(max(x.Rows(), 1))
	}
	for r := range x.Rows() {
		for c, v := range row(xs, r, channels) {
			squares[c] += (float64(v) - mean[c]) * (float64(v) - mean[c])
		}
	}
}

func (d *device[T]) BatchNormStats(n kernels.Norm, runningMean, runningVar, moments kernels.Tensor, rows int, eps, momentum float64) {
	d.check.BatchNormStats(n, runningMean, runningVar, moments, rows)
	means, invStds := d.of(n.Mean), d.of(n.InvStd)
	runMean, runVar, m := d.of(runningMean), d.of(runningVar), moments.Float64()
	unbiased := 1.0
	if rows > 1 {
		unbiased = float64(rows) / float64(rows-1)
	}
	for c := range means {
		mean, variance := m[c], m[len(means)+c]/float64(rows)
		means[c], invStds[c] = T(mean), T(1/math.Sqrt(variance+eps))
		runMean[c] = T((1-momentum)*float64(runMean[c]) + momentum*mean)
		runVar[c] = T((1-momentum)*float64(runVar[c]) + momentum*variance*unbiased)
	}
}

func (d *device[T]) InverseStd(invStd, variance kernels.Tensor, eps float64) {
	d.check.InverseStd(invStd, variance)
	out := d.of(invStd)
	for c, v := range d.of(variance) {
		out[c] = T(1 / math.Sqrt(float64(v)+eps))
	}
}

// affine is a batch normalisation seen by channel.
type affine[T float] struct{ gamma, beta, mean, invStd []T }

func (d *device[T]) affine(n kernels.Norm) affine[T] {
	return affine[T]{d.of(n.Gamma), d.of(n.Beta), d.of(n.Mean), d.of(n.InvStd)}
}

// xhat is the normalised value of an element of channel c.
func (a affine[T]) xhat(x T, c int) float64 {
	return (float64(x) - float64(a.mean[c])) * float64(a.invStd[c])
}

func (a affine[T]) apply(x T, c int) T {
	return T(a.xhat(x, c)*float64(a.gamma[c]) + float64(a.beta[c]))
}

// eachRow calls do with the first element of every row of n and the row of x.
func eachRow[T float](x []T, n int, do func(at int, row []T)) {
	for at := 0; at < len(x); at += n {
		do(at, x[at:at+n])
	}
}

func (d *device[T]) BatchNorm(y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNorm("BatchNorm", y, n, x)
	a, ys := d.affine(n), d.of(y)
	eachRow(d.of(x), len(a.mean), func(at int, x []T) {
		for c, v := range x {
			ys[at+c] = a.apply(v, c)
		}
	})
	d.store(y, ys)
}

func (d *device[T]) BatchNormReLU(y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNorm("BatchNormReLU", y, n, x)
	a, ys := d.affine(n), d.of(y)
	eachRow(d.of(x), len(a.mean), func(at int, x []T) {
		for c, v := range x {
			ys[at+c] = relu(a.apply(v, c))
		}
	})
	d.store(y, ys)
}

func (d *device[T]) BatchNormAddReLU(y, x, r kernels.Tensor, n kernels.Norm) {
	d.check.BatchNorm("BatchNormAddReLU", y, n, x, r)
	a, ys, rs := d.affine(n), d.of(y), d.of(r)
	eachRow(d.of(x), len(a.mean), func(at int, x []T) {
		for c, v := range x {
			ys[at+c] = relu(a.apply(v, c) + rs[at+c])
		}
	})
	d.store(y, ys)
}

func (d *device[T]) BatchNormBackward(dx, dgamma, dbeta, dy, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNormBackward("BatchNormBackward", dx, dgamma, dbeta, n, dy, x)
	d.normBackward(dx, dgamma, dbeta, x, n, d.of(dy))
}

func (d *device[T]) BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNormBackward("BatchNormReLUBackward", dx, dgamma, dbeta, n, dy, x, y)
	grads, ys := make([]T, dy.Len()), d.of(y)
	for i, v := range d.of(dy) {
		grads[i] = reluGradient(v, ys[i])
	}
	d.normBackward(dx, dgamma, dbeta, x, n, grads)
}

func (d *device[T]) BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNormBackward("BatchNormAddReLUBackward", dx, dgamma, dbeta, n, dy, x, y)
	d.check.BatchNormResidual(dr, dx, dy, y, x, dgamma, dbeta, n.Gamma, n.Beta, n.Mean, n.InvStd)
	dys, ys, drs := d.of(dy), d.of(y), d.of(dr)
	for i := range drs {
		drs[i] = reluGradient(dys[i], ys[i])
	}
	d.store(dr, drs)
	d.normBackward(dx, dgamma, dbeta, x, n, drs)
}

// normBackward is the gradient of a batch normalisation whose output has the gradient grads. dx may be grads: an element is
// read before it is written.
func (d *device[T]) normBackward(dx, dgamma, dbeta, x kernels.Tensor, n kernels.Norm, grads []T) {
	a, dxs, xs := d.affine(n), d.of(dx), d.of(x)
	channels := len(a.mean)
	sums, products := make([]float64, channels), make([]float64, channels)
	eachRow(xs, channels, func(at int, x []T) {
		for c, v := range x {
			grad := float64(grads[at+c])
			sums[c] += grad
			products[c] += grad * a.xhat(v, c)
		}
	})
	rows := float64(x.Rows())
	eachRow(xs, channels, func(at int, x []T) {
		for c, v := range x {
			grad := float64(grads[at+c]) - sums[c]/rows - a.xhat(v, c)*products[c]/rows
			dxs[at+c] = T(float64(a.gamma[c]) * float64(a.invStd[c]) * grad)
		}
	})
	d.store(dx, dxs)
	accumulate(d.of(dbeta), sums)
	accumulate(d.of(dgamma), products)
}
