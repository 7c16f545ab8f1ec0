package reference

import "gzpt/kernels"

// geometry is the sizes of one convolution: x [n,h,w,c], w [k,r,s,cgroup], y [n,oh,ow,k].
type geometry struct {
	kernels.Conv
	n, h, w, c     int
	k, r, s        int
	oh, ow         int
	cgroup, kgroup int // input and output channels of one group
}

func geometryOf(y, x, w kernels.Tensor, c kernels.Conv) geometry {
	return geometry{
		Conv: c,
		n:    x.Dim(0), h: x.Dim(1), w: x.Dim(2), c: x.Dim(3),
		k: w.Dim(0), r: w.Dim(1), s: w.Dim(2),
		oh: y.Dim(1), ow: y.Dim(2),
		cgroup: w.Dim(3), kgroup: w.Dim(0) / c.Groups,
	}
}

// read is the input coordinate that tap t of output o reads; it may lie in the padding.
func (g geometry) read(o, t int) int { return o*g.Stride - g.Pad + t*g.Dilation }

// taps is the range [first, end) of the taps of output o, of taps in all, that read an image of the given size.
func (g geometry) taps(o, taps, size int) (first, end int) {
	for first < taps && g.read(o, first) < 0 {
		first++
	}
	for end = first; end < taps && g.read(o, end) < size; {
		end++
	}
	return first, end
}

// run is how many taps of a kernel row one dot product takes: all of them where they are neighbours in x as in w.
func (g geometry) run(taps int) int {
	if g.Dilation == 1 && g.Groups == 1 {
		return max(taps, 1)
	}
	return 1
}

func (d *device[T]) Conv2D(y, x, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2D", y, x, w, c)
	d.conv2D(y, x, w, c)
}

func (d *device[T]) Conv2DStats(y, moments, x, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DStats", y, x, w, c)
	d.check.ChannelMoments("Conv2DStats", moments, y, x, w)
	d.conv2D(y, x, w, c)
	d.channelMoments(moments, y)
}

func (d *device[T]) conv2D(y, x, w kernels.Tensor, c kernels.Conv) {
	g := geometryOf(y, x, w, c)
	ys, xs, ws := d.of(y), d.of(x), d.of(w)
	spread(g.n*g.oh, func(item int) {
		sums := make([]float64, g.k)
		for ow := range g.ow {
			clear(sums)
			g.eachRun(item/g.oh, item%g.oh, ow, func(xAt, wAt, run int) {
				for k := range sums {
					from, at := xAt+k/g.kgroup*g.cgroup, k*g.r*g.s*g.cgroup+wAt
					sums[k] += dot(xs[from:from+run], ws[at:at+run])
				}
			})
			convert(row(ys, item*g.ow+ow, g.k), sums)
		}
	})
	d.store(y, ys)
}

// eachRun calls visit for the runs of elements that output (n, oh, ow) reads: xAt is where the run starts in x for the
// first group, wAt where it starts in w for output channel 0.
func (g geometry) eachRun(n, oh, ow int, visit func(xAt, wAt, run int)) {
	r0, r1 := g.taps(oh, g.r, g.h)
	s0, s1 := g.taps(ow, g.s, g.w)
	step := g.run(s1 - s0)
	for r := r0; r < r1; r++ {
		for s := s0; s < s1; s += step {
			xAt := ((n*g.h+g.read(oh, r))*g.w + g.read(ow, s)) * g.c
			visit(xAt, (r*g.s+s)*g.cgroup, step*g.cgroup)
		}
	}
}

func (d *device[T]) Conv2DBackwardData(dx, dy, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DBackwardData", dy, dx, w, c)
	d.backwardData(dx, dy, w, c, false)
}

func (d *device[T]) Conv2DBackwardDataAdd(dx, dy, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DBackwardDataAdd", dy, dx, w, c)
	d.backwardData(dx, dy, w, c, true)
}

func (d *device[T]) backwardData(dx, dy, w kernels.Tensor, c kernels.Conv, add bool) {
	g := geometryOf(dy, dx, w, c)
	dxs, dys, ws := d.of(dx), d.of(dy), inputMajor(g, d.of(w))
	spread(g.n*g.h, func(item int) {
		n, h := item/g.h, item%g.h
		sums := make([]float64, g.c)
		for wi := range g.w {
			pixel := row(dxs, item*g.w+wi, g.c)
			clear(sums)
			if add {
				convert(sums, pixel)
			}
			g.eachReader(h, wi, func(oh, ow, tap int) {
				grad := row(dys, (n*g.oh+oh)*g.ow+ow, g.k)
				for ci := range sums {
					sums[ci] += dot(row(grad, ci/g.cgroup, g.kgroup), row(ws, ci*g.r*g.s+tap, g.kgroup))
				}
			})
			convert(pixel, sums)
		}
	})
	d.store(dx, dxs)
}

// eachReader calls visit for every output and tap r*S+s that read input (h, w).
func (g geometry) eachReader(h, w int, visit func(oh, ow, tap int)) {
	for r := range g.r {
		oh, ok := g.reader(h, r, g.oh)
		if !ok {
			continue
		}
		for s := range g.s {
			if ow, ok := g.reader(w, s, g.ow); ok {
				visit(oh, ow, r*g.s+s)
			}
		}
	}
}

// reader is the output coordinate whose tap t reads input i, and whether there is one among size outputs.
func (g geometry) reader(i, t, size int) (int, bool) {
	o := i + g.Pad - t*g.Dilation
	if o < 0 || o%g.Stride != 0 {
		return 0, false
	}
	return o / g.Stride, o/g.Stride < size
}

// inputMajor is the weights [k,r,s,cgroup] as [c,r,s,kgroup], so that the sum over output channels runs through memory.
func inputMajor[T float](g geometry, ws []T) []T {
	taps := g.r * g.s
	t := make([]T, len(ws))
	for k := range g.k {
		group, kg := k/g.kgroup, k%g.kgroup
		for tap := range taps {
			for cg, v := range row(ws, k*taps+tap, g.cgroup) {
				t[((group*g.cgroup+cg)*taps+tap)*g.kgroup+kg] = v
			}
		}
	}
	return t
}

func (d *device[T]) Conv2DBackwardWeights(dw, dy, x kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DBackwardWeights", dy, x, dw, c)
	g := geometryOf(dy, x, dw, c)
	dws, dys, xs := d.of(dw), d.of(dy), d.of(x)
	spread(g.k*g.r, func(item int) {
		k, r := item/g.r, item%g.r
		sums := make([]float64, g.s*g.cgroup)
		for pixel := range g.n * g.oh * g.ow {
			n, oh, ow := pixel/(g.oh*g.ow), pixel/g.ow%g.oh, pixel%g.ow
			h := g.read(oh, r)
			if h < 0 || h >= g.h {
				continue
			}
			s0, s1 := g.taps(ow, g.s, g.w)
			step := g.run(s1 - s0)
			for s := s0; s < s1; s += step {
				from := ((n*g.h+h)*g.w+g.read(ow, s))*g.c + k/g.kgroup*g.cgroup
				axpy(sums[s*g.cgroup:], float64(dys[pixel*g.k+k]), xs[from:from+step*g.cgroup])
			}
		}
		accumulate(row(dws, item, len(sums)), sums)
	})
}
