package cuda

import "gzpt/kernels"

// ChannelMoments: the mean of every channel and the sum of the squared distances from it.
func (d *Device) ChannelMoments(moments, x kernels.Tensor) {
	const op = "ChannelMoments"
	d.check.ChannelMoments(op, moments, x)
	d.moments(op, moments, x)
}

func (d *Device) moments(op string, moments, x kernels.Tensor) {
	d.fits(op, x)
	rows, channels := x.Rows(), x.Channels()
	if rows == 0 {
		d.fill(op, moments, 0)
		return
	}
	count, share := parts(rows, channels)
	partial := d.scratch(op, d.scratchOfParts(count, channels))
	d.each(op, "moments_parts", count*channels, partial.argument(), at(x), size(rows), period(channels), size(share))
	d.mergeMoments(op, moments, partial, rows, share, count)
}

// groupParts is how many parts of a sum for each channel a block merges, and blockChannels for how many channels.
const groupParts, blockChannels = 512, 8

// scratchOfParts is the float64 numbers of two parts of sums for each channel, count of them, and of groups of these.
func (d *Device) scratchOfParts(count, channels int) int {
	return 2 * (count + divideUp(count, d.groupParts)) * channels
}

// mergeBlocks is the blocks that merge count parts of sums for each channel.
func (d *Device) mergeBlocks(count, channels int) int {
	return divideUp(count, d.groupParts) * divideUp(channels, blockChannels)
}

// mergers merges count parts of sums for each channel, which lie in scratchOfParts, group by group until one is left. merge does so from
// parts that lie at from: without counters to groups, or to the result where there is one group; with them to groups, and these to the result.
func (d *Device) mergers(op string, partial scratch, count, channels int, merge func(groups, from argument, count int, counters argument)) {
	groups := partial.from(2 * count * channels)
	for ; divideUp(count, d.groupParts) > d.groupParts; partial, groups = groups, partial {
		merge(groups.argument(), partial.argument(), count, argument{})
		count = divideUp(count, d.groupParts)
	}
	counters := argument{}
	if count > d.groupParts {
		counters = d.counters(op, divideUp(channels, blockChannels))
	}
	merge(groups.argument(), partial.argument(), count, counters)
}

// mergeMoments is the moments of rows in count parts of share rows.
func (d *Device) mergeMoments(op string, moments kernels.Tensor, partial scratch, rows, share, count int) {
	channels := moments.Len() / 2
	d.mergers(op, partial, count, channels, func(groups, from argument, count int, counters argument) {
		to := at(moments)
		if count > d.groupParts && counters.bits == 0 {
			to = groups
		}
		d.launch(op, instance{kernel: "moments_merge"}, d.mergeBlocks(count, channels), blockThreads,
			d.list(to, from, size(rows), size(share), size(count), size(channels), size(d.groupParts), groups, counters)...)
		share *= d.groupParts
	})
}

// BatchNormStats turns the moments of rows rows into Mean and InvStd and moves the running statistics.
func (d *Device) BatchNormStats(n kernels.Norm, runningMean, runningVar, moments kernels.Tensor, rows int, eps, momentum float64) {
	d.check.BatchNormStats(n, runningMean, runningVar, moments, rows)
	correction := 1.0
	if rows > 1 {
		correction = float64(rows) / float64(rows-1)
	}
	d.each("BatchNormStats", "norm_stats", n.Mean.Len(), at(n.Mean), at(n.InvStd), at(runningMean), at(runningVar), at(moments),
		number(float64(rows)), number(correction), number(eps), number(momentum))
}

// InverseStd: invStd[c] = 1/sqrt(variance[c]+eps).
func (d *Device) InverseStd(invStd, variance kernels.Tensor, eps float64) {
	d.check.InverseStd(invStd, variance)
	d.each("InverseStd", "inverse_std", invStd.Len(), at(invStd), at(variance), number(eps))
}

// BatchNorm: y[r,c] = xhat[r,c]*Gamma[c] + Beta[c].
func (d *Device) BatchNorm(y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNorm("BatchNorm", y, n, x)
	d.norm("BatchNorm", y, x, kernels.Tensor{}, n, false)
}

// BatchNormReLU is BatchNorm, then ReLU.
func (d *Device) BatchNormReLU(y, x kernels.Tensor, n kernels.Norm) {
	d.check.BatchNorm("BatchNormReLU", y, n, x)
	d.norm("BatchNormReLU", y, x, kernels.Tensor{}, n, true)
}

// BatchNormAddReLU is BatchNorm, then the sum with r, then ReLU.
func (d *Device) BatchNormAddReLU(y, x, r kernels.Tensor, n kernels.Norm) {
	d.check.BatchNorm("BatchNormAddReLU", y, n, x, r)
	d.norm("BatchNormAddReLU", y, x, r, n, true)
}

func (d *Device) norm(op string, y, x, r kernels.Tensor, n kernels.Norm, relu bool) {
	d.fits(op, y)
	d.each(op, "norm", d.normThreads(y), at(y), at(x), at(r), at(n.Gamma), at(n.Beta), at(n.Mean), at(n.InvStd), period(y.Channels()), flag(relu), size(y.Len()))
}

// rowsOfThread is how many rows a thread of a normalisation serves with the vectors that it loads, where threads begin with
// beginning elements all the same.
const rowsOfThread, beginning = 8, 1 << 21

// normThreads is how many elements the threads of a normalisation of x begin with: whole rows.
func (d *Device) normThreads(x kernels.Tensor) int {
	return x.Channels() * divideUp(x.Rows(), min(max(x.Len()/d.beginning, 1), rowsOfThread))
}

// BatchNormBackward is the gradient of BatchNorm in train mode.
func (d *Device) BatchNormBackward(dx, dgamma, dbeta, dy, x kernels.Tensor, n kernels.Norm) {
	const op = "BatchNormBackward"
	d.check.BatchNormBackward(op, dx, dgamma, dbeta, n, dy, x)
	d.normBackward(op, dx, kernels.Tensor{}, dgamma, dbeta, dy, kernels.Tensor{}, x, n)
}

// BatchNormReLUBackward is ReLUBackward with y, then BatchNormBackward.
func (d *Device) BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	const op = "BatchNormReLUBackward"
	d.check.BatchNormBackward(op, dx, dgamma, dbeta, n, dy, x, y)
	d.normBackward(op, dx, kernels.Tensor{}, dgamma, dbeta, dy, y, x, n)
}

// BatchNormAddReLUBackward is the gradient of BatchNormAddReLU.
func (d *Device) BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	const op = "BatchNormAddReLUBackward"
	d.check.BatchNormBackward(op, dx, dgamma, dbeta, n, dy, x, y)
	d.check.BatchNormResidual(dr, dx, dy, y, x, dgamma, dbeta, n.Gamma, n.Beta, n.Mean, n.InvStd)
	d.normBackward(op, dx, dr, dgamma, dbeta, dy, y, x, n)
}

// normBackward sums the gradient g and g*xhat over the rows in parts, merges the parts, then makes dx of the coefficients that follow
// and, where it is one, dr. Without y there is no ReLU.
func (d *Device) normBackward(op string, dx, dr, dgamma, dbeta, dy, y, x kernels.Tensor, n kernels.Norm) {
	rows, channels := x.Rows(), x.Channels()
	if x.Len() == 0 {
		return
	}
	d.fits(op, x)
	count, share := parts(rows, channels)
	coefficients := d.scratch(op, 2*channels+d.scratchOfParts(count, channels))
	partial := coefficients.from(2 * channels)
	d.each(op, "norm_parts", count*channels, partial.argument(), at(dy), at(y), at(x), at(n.Mean), at(n.InvStd),
		size(rows), period(channels), size(share))
	d.mergers(op, partial, count, channels, func(groups, from argument, count int, counters argument) {
		out, all := coefficients.argument(), dgamma
		if count > d.groupParts && counters.bits == 0 {
			out, all = groups, kernels.Tensor{}
		}
		d.launch(op, instance{kernel: "norm_sums"}, d.mergeBlocks(count, channels), blockThreads,
			d.list(out, at(all), at(dbeta), at(n.Gamma), at(n.InvStd), from, size(count), size(channels),
				size(d.groupParts), number(float64(rows)), groups, counters)...)
	})
	d.each(op, "norm_data", d.normThreads(x), at(dx), at(dr), at(dy), at(y), at(x), at(n.Mean), coefficients.argument(), period(channels), size(x.Len()))
}
