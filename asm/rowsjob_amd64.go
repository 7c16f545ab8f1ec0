//go:build amd64 && !noasm

package asm

import "unsafe"

// Channels are cut into vectors only when there are many of them: a matrix [rows, channels] is read as one with longer
// rows, of several of its own side by side, whose parameters repeat. The last row may then be short. So one loop serves any
// number of channels, and few pay no more than many.

// longRow is the floats of a row from which it is long enough.
const longRow = 256

// period is the length of the rows that a matrix with the given channels is read in.
func period(channels int) int { return ceil(longRow, channels) * channels }

// interleaved fills dst with the values of the columns of rows of length period, in the order that the kernels read them:
// for each vector of columns as many vectors as there are values. The values repeat from channel to channel.
func interleaved[T float32 | float64](dst []T, lanes, period int, values ...[]T) {
	for i, v := range values {
		for j := 0; j < period; j += len(v) {
			for c, x := range v {
				dst[((j+c)/lanes*len(values)+i)*lanes+(j+c)%lanes] = x
			}
		}
	}
}

// rowsJob carries out a kernel on whole operands, of which those without use are nil. An item is some rows.
type rowsJob struct {
	kernel       rowsKernel
	out, a, b, c []float32
	params       *float32
	period       int // floats of a row
}

// from is the address of element i of an operand, nil for one without use.
func from(s []float32, i int) *float32 {
	if s == nil {
		return nil
	}
	return &s[i]
}

// call carries out the kernel on rows that start at element first.
func (j *rowsJob) call(first, columns, rows int, sums *float32) {
	j.kernel(from(j.out, first), from(j.a, first), from(j.b, first), from(j.c, first), j.params, sums, columns, rows)
}

func (j *rowsJob) span(first, n, _ int) {
	rows, rest := n/j.period, n%j.period
	if rows > 0 {
		j.call(first, j.period, rows, nil)
	}
	if rest > 0 {
		j.call(first+n-rest, rest, 1, nil)
	}
}

// flat carries out a kernel without parameters.
func (d *device) flat(kernel rowsKernel, out, a, b, c []float32) {
	d.elem.rows = rowsJob{kernel: kernel, out: out, a: a, b: b, c: c, period: streamFloats}
	d.stream(&d.elem.rows, len(out), streamFloats)
}

// columnwise carries out a kernel whose parameters are values of each channel.
func (d *device) columnwise(kernel rowsKernel, out, a, b, c []float32, values ...[]float32) {
	d.elem.rows = rowsJob{kernel: kernel, out: out, a: a, b: b, c: c, period: period(len(values[0]))}
	d.elem.rows.params = d.params(values...)
	d.stream(&d.elem.rows, len(out), d.elem.rows.period)
}

// wideColumnwise is columnwise for values in doubles, which take two vectors each.
func (d *device) wideColumnwise(kernel rowsKernel, out, a, b, c []float32, values ...[]float64) {
	lanes, row := d.rows().lanes, period(len(values[0]))
	d.elem.wideParams = grow(d.elem.wideParams, len(values)*ceil(row, lanes)*lanes)
	interleaved(d.elem.wideParams, lanes, row, values...)
	d.elem.rows = rowsJob{kernel: kernel, out: out, a: a, b: b, c: c, period: row}
	d.elem.rows.params = (*float32)(unsafe.Pointer(&d.elem.wideParams[0]))
	d.stream(&d.elem.rows, len(out), row)
}

// params is the values of each channel in the order of the kernels, until the next call.
func (d *device) params(values ...[]float32) *float32 {
	lanes, row := d.rows().lanes, period(len(values[0]))
	d.elem.params = growFloats(d.elem.params, len(values)*ceil(row, lanes)*lanes)
	interleaved(d.elem.params, lanes, row, values...)
	return &d.elem.params[0]
}

// sumsJob adds up the columns of a matrix: floats over a few rows, then doubles over a span, then the spans in their order.
type sumsJob struct {
	rowsJob
	widen    func(wide *float64, sums *float32, n int)
	lanes    int
	channels int
	count    int       // sums of each channel
	partial  []float64 // count x channels of each span
	workers  []sumsScratch
}

// sumsScratch is the sums of one worker, in the order of interleaved. The floats are 0 between calls.
type sumsScratch struct {
	sums []float32
	wide []float64
}

// floatRows is the rows that are added up in float32, so that their sums lose less than the products do.
const floatRows = 32

func (j *sumsJob) span(first, n, worker int) {
	size := j.count * j.channels
	j.add(j.partial[first/spanOf(j.period)*size:][:size], first, n, worker)
}

// add overwrites totals with the sums of the channels over the n elements from first on.
func (j *sumsJob) add(totals []float64, first, n, worker int) {
	columns := min(j.period, n)
	size := j.count * ceil(columns, j.lanes) * j.lanes
	scratch := &j.workers[worker]
	clear(scratch.wide[:size])
	for end := first + n; first < end; {
		width, rows := j.period, min((end-first)/j.period, floatRows)
		if rows == 0 {
			width, rows = end-first, 1
		}
		j.call(first, width, rows, &scratch.sums[0])
		j.widen(&scratch.wide[0], &scratch.sums[0], size)
		first += width * rows
	}
	clear(totals)
	for i := range j.count {
		j.fold(totals[i*j.channels:][:j.channels], scratch.wide[i*j.lanes:], columns)
	}
}

// fold adds the sums of the columns to those of their channels.
func (j *sumsJob) fold(totals, wide []float64, columns int) {
	c := 0
	for v := 0; v < columns; v += j.lanes {
		for _, sum := range wide[v*j.count:][:min(j.lanes, columns-v)] {
			totals[c] += sum
			if c++; c == len(totals) {
				c = 0
			}
		}
	}
}

// prepareSums sets up the sums of a matrix in the given number of parts.
func (d *device) prepareSums(kernel rowsKernel, count, channels, parts int) *sumsJob {
	j, k := &d.elem.sums, d.rows()
	j.rowsJob = rowsJob{kernel: kernel, period: period(channels)}
	j.widen, j.lanes, j.channels, j.count = k.widen, k.lanes, channels, count
	j.partial = grow(j.partial, parts*count*channels)
	j.workers = grow(j.workers, d.pool.workers)
	for w := range j.workers {
		size := count * ceil(j.period, j.lanes) * j.lanes
		j.workers[w].sums = growFloats(j.workers[w].sums, size)
		j.workers[w].wide = grow(j.workers[w].wide, size)
	}
	return j
}

// columnSums is the count sums that kernel makes of each channel of a, with the channels of the first before those of the
// second. They are valid until the next call. mean is the parameter of the kernel, or nil.
func (d *device) columnSums(kernel rowsKernel, count, channels int, out, a, b, c, mean []float32) []float64 {
	size := count * channels
	spans := ceil(len(a), spanOf(period(channels)))
	j := d.prepareSums(kernel, count, channels, spans+1)
	j.out, j.a, j.b, j.c = out, a, b, c
	if mean != nil {
		j.params = d.params(mean)
	}
	d.stream(j, len(a), j.period)
	totals := j.partial[spans*size:][:size]
	clear(totals)
	for s := range spans {
		for i, v := range j.partial[s*size:][:size] {
			totals[i] += v
		}
	}
	return totals
}
