package reference

import "gzpt/kernels"

// geometry is the sizes of one convolution: x [n,h,w,c], w [k,r,s,cgroup], y [n,oh,ow,k].
type geometry struct {
	kernels.Conv
	n, h, w, c     int
	k, r, s        int
	oh, ow         int
	cgroup, kgroup int // input and output channels of one group
	rows, columns  []taps
}

// taps is the range [first, end) of taps.
type taps struct{ first, end int }

func geometryOf(y, x, w kernels.Tensor, c kernels.Conv) geometry {
	g := geometry{
		Conv: c,
		n:    x.Dim(0), h: x.Dim(1), w: x.Dim(2), c: x.Dim(3),
		k: w.Dim(0), r: w.Dim(1), s: w.Dim(2),
		oh: y.Dim(1), ow: y.Dim(2),
		cgroup: w.Dim(3), kgroup: w.Dim(0) / c.Groups,
	}
	g.rows, g.columns = g.inside(g.oh, g.r, g.h), g.inside(g.ow, g.s, g.w)
	return g
}

// read is the input coordinate that tap t of output o reads; it may lie in the padding.
func (g geometry) read(o, t int) int { return o*g.Stride - g.Pad + t*g.Dilation }

// inside is, of every output, the taps among count that read an image of the given size.
func (g geometry) inside(outputs, count, size int) []taps {
	all := make([]taps, outputs)
	for o := range all {
		t := &all[o]
		for t.first < count && g.read(o, t.first) < 0 {
			t.first++
		}
		for t.end = t.first; t.end < count && g.read(o, t.end) < size; {
			t.end++
		}
	}
	return all
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

// An item is a line of outputs.
func (d *device[T]) conv2D(y, x, w kernels.Tensor, c kernels.Conv) {
	g := geometryOf(y, x, w, c)
	ys, xs, ws := d.of(y), d.wide(x), d.wide(w)
	filter := g.r * g.s * g.cgroup
	spread(g.n*g.oh, func(item int) {
		runs, sums := g.runs(item/g.oh, item%g.oh), make([]float64, g.ow*g.k)
		addRuns(sums, xs, ws, runs, g.k, g.kgroup, g.cgroup, filter)
		convert(row(ys, item, g.ow*g.k), sums)
	})
	d.store(y, ys)
}

// run is neighbours in memory that one dot product takes: length elements from an element on, times those of a filter from at on, added to
// what belongs to an output or input pixel of a line.
type run struct{ to, from, at, length int }

// addRuns adds the products of runs to a line of pixels of so many channels, some filters at a time, so that their weights stay in the
// cache: channels of a group come from as many of x as inGroup says.
func addRuns(sums, x, w []float64, runs []run, channels, outGroup, inGroup, filter int) {
	for k := 0; k < channels; {
		group := k / outGroup
		some := min(dotsBeside, (group+1)*outGroup-k)
		for _, r := range runs {
			dots(sums[r.to*channels+k:][:some], x[r.from+group*inGroup:][:r.length], w[k*filter+r.at:], filter)
		}
		k += some
	}
}

// runs is all runs of the outputs of line (n, oh), of each in the order of the taps: from is the element of x for the first group, at that
// of w for output channel 0.
func (g geometry) runs(n, oh int) []run {
	rows := g.rows[oh]
	runs := make([]run, 0, g.ow*(rows.end-rows.first)*(g.s/g.run(g.s)))
	for ow, columns := range g.columns {
		step := g.run(columns.end - columns.first)
		for r := rows.first; r < rows.end; r++ {
			for s := columns.first; s < columns.end; s += step {
				from := ((n*g.h+g.read(oh, r))*g.w + g.read(ow, s)) * g.c
				runs = append(runs, run{ow, from, (r*g.s + s) * g.cgroup, step * g.cgroup})
			}
		}
	}
	return runs
}

func (d *device[T]) Conv2DBackwardData(dx, dy, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DBackwardData", dy, dx, w, c)
	d.backwardData(dx, dy, w, c, false)
}

func (d *device[T]) Conv2DBackwardDataAdd(dx, dy, w kernels.Tensor, c kernels.Conv) {
	c = d.check.Conv2D("Conv2DBackwardDataAdd", dy, dx, w, c)
	d.backwardData(dx, dy, w, c, true)
}

// An item is a line of inputs, as in conv2D of outputs.
func (d *device[T]) backwardData(dx, dy, w kernels.Tensor, c kernels.Conv, add bool) {
	g := geometryOf(dy, dx, w, c)
	dxs, dys, ws := d.of(dx), d.wide(dy), inputMajor(g, d.wide(w))
	filter := g.r * g.s * g.kgroup
	spread(g.n*g.h, func(item int) {
		line, sums := row(dxs, item, g.w*g.c), make([]float64, g.w*g.c)
		if add {
			convert(sums, line)
		}
		addRuns(sums, dys, ws, g.readers(item/g.h, item%g.h), g.c, g.cgroup, g.kgroup, filter)
		convert(line, sums)
	})
	d.store(dx, dxs)
}

// readers is the outputs that read the inputs of line (n, h), of each in the order of the taps: from is the element of dy for the first
// group, at that of the input major weights for input channel 0.
func (g geometry) readers(n, h int) []run {
	runs := make([]run, 0, g.w*g.r*g.s)
	for w := range g.w {
		for r := range g.r {
			oh, ok := g.reader(h, r, g.oh)
			if !ok {
				continue
			}
			for s := range g.s {
				if ow, ok := g.reader(w, s, g.ow); ok {
					runs = append(runs, run{w, ((n*g.oh+oh)*g.ow + ow) * g.k, (r*g.s + s) * g.kgroup, g.kgroup})
				}
			}
		}
	}
	return runs
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
func inputMajor(g geometry, ws []float64) []float64 {
	taps := g.r * g.s
	t := make([]float64, len(ws))
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
	dws, dys, xs := d.of(dw), d.wide(dy), d.wide(x)
	const share = 8 // input channels of an item
	shares := (g.cgroup + share - 1) / share
	spread(g.Groups*shares*g.r*g.s, func(item int) {
		tap, group, first := item%(g.r*g.s), item/(g.r*g.s)/shares, item/(g.r*g.s)%shares*share
		channels := min(share, g.cgroup-first)
		sums := make([]float64, channels*g.kgroup) // of every input channel for all outputs
		var in, grads [4][]float64
		held := 0
		g.eachReading(tap, func(input, output int) {
			in[held], grads[held] = xs[input*g.c+group*g.cgroup+first:][:channels], row(row(dys, output, g.k), group, g.kgroup)
			if held++; held == len(in) {
				outers(sums, &in, &grads)
				held = 0
			}
		})
		for i := range held {
			outer(sums, in[i], grads[i])
		}
		for i, v := range sums {
			channel, k := i/g.kgroup, group*g.kgroup+i%g.kgroup
			at := &dws[(k*g.r*g.s+tap)*g.cgroup+first+channel]
			*at = T(float64(*at) + v)
		}
	})
}

// eachReading calls visit for the pixels of the inputs that tap r*S+s reads inside the images, and for what output, in its order.
func (g geometry) eachReading(tap int, visit func(input, output int)) {
	r, s := tap/g.s, tap%g.s
	for line := range g.n * g.oh {
		n, oh := line/g.oh, line%g.oh
		if taps := g.rows[oh]; r < taps.first || r >= taps.end {
			continue
		}
		from := (n*g.h + g.read(oh, r)) * g.w
		for ow, taps := range g.columns {
			if taps.first <= s && s < taps.end {
				visit(from+g.read(ow, s), line*g.ow+ow)
			}
		}
	}
}
