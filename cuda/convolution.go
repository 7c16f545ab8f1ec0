package cuda

import "gzpt/kernels"

// Conv2D: y[n,oh,ow,k] = sum_{r,s,c} x[n,h,w,c] * w[k,r,s,c]. As its gradients it is exact float32 on ordinary cores, or, with tf32
// products and for bfloat16 tensors, on tensor cores; see tiles.go.
func (d *Device) Conv2D(y, x, w kernels.Tensor, c kernels.Conv) {
	const op = "Conv2D"
	d.convolve(op, y, x, w, d.check.Conv2D(op, y, x, w, c))
}

// Conv2DStats is Conv2D followed by ChannelMoments of y.
func (d *Device) Conv2DStats(y, moments, x, w kernels.Tensor, c kernels.Conv) {
	const op = "Conv2DStats"
	c = d.check.Conv2D(op, y, x, w, c)
	d.check.ChannelMoments(op, moments, y, x, w)
	if d.kernelsFor(x.Type()).moments && y.Len() > 0 && w.Len() > 0 {
		d.fits(op, y, x, w)
		d.gatherForward(op, y, moments, x, w, c)
		return
	}
	// Exact products have exact sums: normalisations of few rows magnify what those of an epilogue in float32 lack.
	d.convolve(op, y, x, w, c)
	d.moments(op, moments, y)
}

func (d *Device) convolve(op string, y, x, w kernels.Tensor, c kernels.Conv) {
	d.fits(op, y, x, w)
	if w.Len() == 0 { // sums of nothing
		d.fill(op, y, 0)
		return
	}
	d.gatherForward(op, y, kernels.Tensor{}, x, w, c)
}

// Conv2DBackwardData: dx is the gradient of Conv2D for x.
func (d *Device) Conv2DBackwardData(dx, dy, w kernels.Tensor, c kernels.Conv) {
	const op = "Conv2DBackwardData"
	d.convolveData(op, dx, dy, w, d.check.Conv2D(op, dy, dx, w, c), false)
}

// Conv2DBackwardDataAdd is Conv2DBackwardData with dx += instead of =.
func (d *Device) Conv2DBackwardDataAdd(dx, dy, w kernels.Tensor, c kernels.Conv) {
	const op = "Conv2DBackwardDataAdd"
	d.convolveData(op, dx, dy, w, d.check.Conv2D(op, dy, dx, w, c), true)
}

func (d *Device) convolveData(op string, dx, dy, w kernels.Tensor, c kernels.Conv, add bool) {
	d.fits(op, dx, dy, w)
	if w.Len() == 0 {
		if !add {
			d.fill(op, dx, 0)
		}
		return
	}
	d.gatherData(op, dx, dy, w, c, add)
}

// Conv2DBackwardWeights: dw[k,r,s,c] += sum_{n,oh,ow} dy[n,oh,ow,k] * x[n,h,w,c].
func (d *Device) Conv2DBackwardWeights(dw, dy, x kernels.Tensor, c kernels.Conv) {
	const op = "Conv2DBackwardWeights"
	c = d.check.Conv2D(op, dy, x, dw, c)
	d.fits(op, dw, dy, x)
	if dy.Rows() > 0 && dw.Len() > 0 {
		d.gatherWeights(op, dw, dy, x, c)
	}
}
