//go:build amd64 && !noasm

package asm

import "gzpt/kernels"

// windows is the geometry of a max pool: an image h x w becomes one of oh x ow pixels.
type windows struct {
	kernels.Pool
	h, w, oh, ow, channels int
}

func windowsOf(x, y kernels.Tensor, p kernels.Pool) windows {
	return windows{p, x.Dim(1), x.Dim(2), y.Dim(1), y.Dim(2), x.Dim(3)}
}

// taps is the part of window number i along an axis of size in that lies inside.
func (w *windows) taps(i, in int) (first, count int) {
	start := i*w.Stride - w.Pad
	first = max(start, 0)
	return first, min(start+w.Size, in) - first
}

// alike is the columns of window ox and how many windows from there on have as many.
func (w *windows) alike(ox int) (first, columns, pixels int) {
	first, columns = w.taps(ox, w.w)
	if columns < w.Size {
		return first, columns, 1
	}
	return first, columns, min(w.ow-ox, (w.w-w.Size-first)/w.Stride+1)
}

// poolFloats is the floats of x that an item takes: as many of dx stay in L2 with them.
const poolFloats = 64 << 10

// band is the rows of x of one item, in whole strides.
func (w *windows) band() int {
	return ceil(max(poolFloats/max(w.w*w.channels, 1), 1), w.Stride) * w.Stride
}

func (d *device) MaxPool(y, x kernels.Tensor, p kernels.Pool) {
	d.check.MaxPool("MaxPool", y, x, p)
	if y.Len() == 0 {
		return
	}
	w := windowsOf(x, y, p)
	d.elem.maxPool = maxPoolJob{d: d, windows: w, y: y.Float32(), x: x.Float32(), rows: w.band() / w.Stride}
	d.pool.run(&d.elem.maxPool, x.Dim(0)*ceil(w.oh, d.elem.maxPool.rows))
}

// maxPoolJob computes rows of the output. An item is some of one image.
type maxPoolJob struct {
	d *device
	windows
	y, x []float32
	rows int
}

func (j *maxPoolJob) do(item, _ int) {
	bands := ceil(j.oh, j.rows)
	image, first := item/bands, item%bands*j.rows
	for oy := first; oy < min(first+j.rows, j.oh); oy++ {
		j.row(image, oy)
	}
}

func (j *maxPoolJob) row(image, oy int) {
	h, rows := j.taps(oy, j.h)
	for ox := 0; ox < j.ow; {
		w, columns, pixels := j.alike(ox)
		y := &j.y[((image*j.oh+oy)*j.ow+ox)*j.channels]
		x := &j.x[((image*j.h+h)*j.w+w)*j.channels]
		step, rowStep := 4*j.Stride*j.channels, 4*j.w*j.channels
		if j.d.avx512 {
			maxPoolAVX512(y, x, j.channels, pixels, step, rows, columns, rowStep)
		} else {
			maxPoolAVX2(y, x, j.channels, pixels, step, rows, columns, rowStep)
		}
		ox += pixels
	}
}

func (d *device) MaxPoolBackward(dx, dy, y, x kernels.Tensor, p kernels.Pool) {
	d.check.MaxPoolBackward(dx, dy, y, x, p)
	if dx.Len() == 0 {
		return
	}
	w := windowsOf(x, y, p)
	d.elem.maxPoolBackward = maxPoolBackwardJob{
		d: d, windows: w, dx: dx.Float32(), dy: dy.Float32(), y: y.Float32(), x: x.Float32(), rows: w.band(),
	}
	d.pool.run(&d.elem.maxPoolBackward, x.Dim(0)*ceil(w.h, d.elem.maxPoolBackward.rows))
}

// maxPoolBackwardJob computes rows of dx from all windows that reach them, so that no two items write the same element. An
// item is some rows of one image.
type maxPoolBackwardJob struct {
	d *device
	windows
	dx, dy, y, x []float32
	rows         int
}

func (j *maxPoolBackwardJob) do(item, _ int) {
	bands := ceil(j.h, j.rows)
	image, first := item/bands, item%bands*j.rows
	end := min(first+j.rows, j.h)
	row := j.w * j.channels
	clear(j.dx[(image*j.h+first)*row : (image*j.h+end)*row])
	for oy := max(ceil(first+j.Pad-j.Size+1, j.Stride), 0); oy < min(ceil(end+j.Pad, j.Stride), j.oh); oy++ {
		j.row(image, oy, first, end)
	}
}

// row passes on the gradient of one row of windows to the rows first, ..., end-1 of dx.
func (j *maxPoolBackwardJob) row(image, oy, first, end int) {
	h, rows := j.taps(oy, j.h)
	skip := max(first-h, 0)
	rows = min(h+rows, end) - h - skip
	if rows <= 0 {
		return
	}
	for ox := 0; ox < j.ow; {
		w, columns, pixels := j.alike(ox)
		out := ((image*j.oh+oy)*j.ow + ox) * j.channels
		in := ((image*j.h+h)*j.w + w) * j.channels
		dx, dy, y, x := &j.dx[in], &j.dy[out], &j.y[out], &j.x[in]
		step, rowStep := 4*j.Stride*j.channels, 4*j.w*j.channels
		if j.d.avx512 {
			maxPoolBackwardAVX512(dx, dy, y, x, j.channels, pixels, step, skip, rows, columns, rowStep)
		} else {
			maxPoolBackwardAVX2(dx, dy, y, x, j.channels, pixels, step, skip, rows, columns, rowStep)
		}
		ox += pixels
	}
}

func (d *device) GlobalAveragePool(y, x kernels.Tensor) {
	d.check.GlobalAveragePool("GlobalAveragePool", y, x)
	if y.Len() == 0 {
		return
	}
	images, channels := y.Dim(0), y.Dim(1)
	sums := d.prepareSums(d.rows().sum, 1, channels, images)
	sums.a = x.Float32()
	d.elem.average = averageJob{sums: sums, y: y.Float32(), pixels: x.Dim(1) * x.Dim(2)}
	d.pool.run(&d.elem.average, images)
}

// averageJob is the mean over the pixels of each channel. An item is an image.
type averageJob struct {
	sums   *sumsJob
	y      []float32
	pixels int
}

func (j *averageJob) do(item, worker int) {
	channels := j.sums.channels
	totals := j.sums.partial[item*channels:][:channels]
	j.sums.add(totals, item*j.pixels*channels, j.pixels*channels, worker)
	for c, v := range totals {
		j.y[item*channels+c] = float32(v / float64(j.pixels))
	}
}

func (d *device) GlobalAveragePoolBackward(dx, dy kernels.Tensor) {
	d.check.GlobalAveragePool("GlobalAveragePoolBackward", dy, dx)
	d.elem.spread = spreadJob{dx: dx.Float32(), dy: dy.Float32(), pixels: dx.Dim(1) * dx.Dim(2), channels: dx.Dim(3)}
	if dx.Len() > 0 {
		d.pool.run(&d.elem.spread, dx.Dim(0))
	}
}

// spreadJob gives every pixel of an image the same share of a gradient. An item is an image.
type spreadJob struct {
	dx, dy           []float32
	pixels, channels int
}

func (j *spreadJob) do(item, _ int) {
	dx := j.dx[item*j.pixels*j.channels:][:j.pixels*j.channels]
	for c, v := range j.dy[item*j.channels:][:j.channels] {
		dx[c] = float32(float64(v) / float64(j.pixels))
	}
	for done := j.channels; done < len(dx); {
		done += copy(dx[done:], dx[:min(done, spanOf(j.channels))])
	}
}

// maxPoolAVX512 is the largest element of windows of rows x columns pixels, steps in bytes, NaN if any is NaN:
//
//	for p := range pixels { for c := range channels {
//		y[p*channels+c] = max over r, s of x[p*step+r*rowStep+s*channels+c]
//	}}
//
//go:noescape
func maxPoolAVX512(y, x *float32, channels, pixels, step, rows, columns, rowStep int)

// maxPoolAVX2 is the same with 8 floats a vector.
//
//go:noescape
func maxPoolAVX2(y, x *float32, channels, pixels, step, rows, columns, rowStep int)

// maxPoolBackwardAVX512 passes the gradients of windows of skip+rows x columns pixels on to their first element that equals
// y, unless it is in the first skip rows; steps are in bytes:
//
//	for p := range pixels { for c := range channels {
//		for the first r, s with x[p*step+r*rowStep+s*channels+c] == y[p*channels+c] {
//			if r >= skip { dx[p*step+r*rowStep+s*channels+c] += dy[p*channels+c] }
//		}
//	}}
//
//go:noescape
func maxPoolBackwardAVX512(dx, dy, y, x *float32, channels, pixels, step, skip, rows, columns, rowStep int)

// maxPoolBackwardAVX2 is the same with 8 floats a vector.
//
//go:noescape
func maxPoolBackwardAVX2(dx, dy, y, x *float32, channels, pixels, step, skip, rows, columns, rowStep int)
