//go:build amd64 && !noasm

package asm

import (
	"math"

	"gzpt/kernels"
)

func (d *device) ChannelMoments(moments, x kernels.Tensor) {
	d.check.ChannelMoments("ChannelMoments", moments, x)
	d.columnMoments(moments.Float64(), x.Float32())
}

func (d *device) BatchNormStats(n kernels.Norm, runningMean, runningVar, moments kernels.Tensor, rows int, eps, momentum float64) {
	d.check.BatchNormStats(n, runningMean, runningVar, moments, rows)
	means, invStds := n.Mean.Float32(), n.InvStd.Float32()
	runMeans, runVars, m := runningMean.Float32(), runningVar.Float32(), moments.Float64()
	count, unbiased := float64(rows), 1.0
	if rows > 1 {
		unbiased = count / (count - 1)
	}
	for c := range means {
		mean, variance := m[c], m[len(means)+c]/count
		means[c], invStds[c] = float32(mean), float32(1/math.Sqrt(variance+eps))
		runMeans[c] = float32((1-momentum)*float64(runMeans[c]) + momentum*mean)
		runVars[c] = float32((1-momentum)*float64(runVars[c]) + momentum*variance*unbiased)
	}
}

func (d *device) InverseStd(invStd, variance kernels.Tensor, eps float64) {
	d.check.InverseStd(invStd, variance)
	out := invStd.Float32()
	for c, v := range variance.Float32() {
		out[c] = float32(1 / math.Sqrt(float64(v)+eps))
	}
}

func (d *device) BatchNorm(y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNorm("BatchNorm", y, n, x)
	d.normalise(d.rows().norm, y, x, nil, n)
}

func (d *device) BatchNormReLU(y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNorm("BatchNormReLU", y, n, x)
	d.normalise(d.rows().normReLU, y, x, nil, n)
}

func (d *device) BatchNormAddReLU(y, x, r kernels.Tensor, n kernels.Norm) {
	d.check.BatchNorm("BatchNormAddReLU", y, n, x, r)
	d.normalise(d.rows().normAddReLU, y, x, r.Float32(), n)
}

// normalise is a batch normalisation in one pass: (x - Mean) * (Gamma*InvStd) + Beta, in float64 until y.
func (d *device) normalise(kernel rowsKernel, y, x kernels.Tensor, r []float32, n kernels.Norm) {
	if y.Len() == 0 {
		return
	}
	gamma, beta, invStd := n.Gamma.Float32(), n.Beta.Float32(), n.InvStd.Float32()
	channels := len(gamma)
	d.elem.affine = grow(d.elem.affine, 3*channels)
	mean, scale, shift := d.elem.affine[:channels], d.elem.affine[channels:2*channels], d.elem.affine[2*channels:3*channels]
	for c, m := range n.Mean.Float32() {
		mean[c], scale[c], shift[c] = float64(m), float64(gamma[c])*float64(invStd[c]), float64(beta[c])
	}
	d.wideColumnwise(kernel, y.Float32(), x.Float32(), r, nil, mean, scale, shift)
}

// The gradients take two passes, one for the sums and one for dx. The sum of g*xhat is that of g*(x-mean), times InvStd.

func (d *device) BatchNormBackward(dx, dgamma, dbeta, dy, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNormBackward("BatchNormBackward", dx, dgamma, dbeta, n, dy, x)
	k := d.rows()
	d.normBackward(k.sumProducts, k.normBackward, dx, dgamma, dbeta, nil, dy, x, nil, n)
}

func (d *device) BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNormBackward("BatchNormReLUBackward", dx, dgamma, dbeta, n, dy, x, y)
	k := d.rows()
	d.normBackward(k.sumGated, k.normReLUBackward, dx, dgamma, dbeta, nil, dy, x, y.Float32(), n)
}

func (d *device) BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNormBackward("BatchNormAddReLUBackward", dx, dgamma, dbeta, n, dy, x, y)
	d.check.BatchNormResidual(dr, dx, dy, y, x, dgamma, dbeta, n.Gamma, n.Beta, n.Mean, n.InvStd)
	k := d.rows()
	d.normBackward(k.sumStoreGated, k.normBackward, dx, dgamma, dbeta, dr.Float32(), dy, x, y.Float32(), n)
}

// normBackward takes the sums with one kernel and dx with the other. Where there is a dr, the first fills it with the
// gradient and the second reads that.
func (d *device) normBackward(sum, apply rowsKernel, dx, dgamma, dbeta kernels.Tensor, dr []float32, dy, x kernels.Tensor, y []float32, n kernels.Norm) {
	if dx.Len() == 0 {
		return
	}
	g := dy.Float32()
	sums, products := d.normSums(sum, dr, g, x, y, n)
	accumulate(dbeta.Float32(), sums)
	accumulate(dgamma.Float32(), products)
	if dr != nil {
		g, y = dr, nil
	}
	gamma, invStd, rows := n.Gamma.Float32(), n.InvStd.Float32(), float64(dx.Rows())
	channels := len(gamma)
	d.elem.affine = grow(d.elem.affine, 4*channels)
	affine := func(i int) []float64 { return d.elem.affine[i*channels:][:channels] }
	mean, scale, shift, slope := affine(0), affine(1), affine(2), affine(3)
	for c, m := range n.Mean.Float32() {
		mean[c], scale[c] = float64(m), float64(gamma[c])*float64(invStd[c])
		shift[c], slope[c] = scale[c]*sums[c]/rows, scale[c]*products[c]*float64(invStd[c])/rows
	}
	d.wideColumnwise(apply, dx.Float32(), g, x.Float32(), y, mean, scale, shift, slope)
}

// normSums is the sums of g and of g*xhat for each channel, until the next call.
func (d *device) normSums(kernel rowsKernel, dr, dy []float32, x kernels.Tensor, y []float32, n kernels.Norm) (sums, products []float64) {
	channels := x.Channels()
	both := d.columnSums(kernel, 2, channels, dr, dy, x.Float32(), y, n.Mean.Float32())
	sums, products = both[:channels], both[channels:]
	for c, invStd := range n.InvStd.Float32() {
		products[c] *= float64(invStd)
	}
	return sums, products
}
