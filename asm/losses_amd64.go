//go:build amd64 && !noasm

package asm

import (
	"iter"
	"math"

	"gzpt/kernels"
)

// The losses and row norms work row by row: sums in float64 first, then one pass that writes. An item is some rows.

// lossState is the scratch of the losses.
type lossState struct {
	job     lossJob
	sums    []float64 // of rows
	product []float32 // of a matrix of positives with the targets
}

// lossJob does row for the rows 0, ..., rows-1 of matrices of channels columns.
type lossJob struct {
	row            func(j *lossJob, r int)
	k              *lossKernels
	rows, channels int
	share          int // rows of an item
	out, a, b      []float32
	norms          []float32 // one of each row
	sums           []float64 // two of each row
	scale          float64   // the divisor or the eps of the job
}

// rowFloats is the floats of an item: some 5 to 20 microseconds, because losses are small and all workers should have some.
const rowFloats = 8 << 10

// eachRow runs a job whose rows, channels, row and operands are set.
func (d *device) eachRow(j lossJob) {
	j.k, j.share = d.losses(), max(rowFloats/max(j.channels, 1), 1)
	d.elem.losses.job = j
	d.pool.run(&d.elem.losses.job, ceil(j.rows, j.share))
}

func (j *lossJob) do(item, _ int) {
	for r := item * j.share; r < min((item+1)*j.share, j.rows); r++ {
		j.row(j, r)
	}
}

// of is row r of x.
func (j *lossJob) of(x []float32, r int) []float32 { return x[r*j.channels:][:j.channels] }

// pieces yields the starts and lengths of the pieces of n floats that one call of a kernel may take: the collector waits
// for a call to end.
func pieces(n int) iter.Seq2[int, int] {
	return func(yield func(first, length int) bool) {
		for first := 0; first < n; first += streamFloats {
			if !yield(first, min(streamFloats, n-first)) {
				return
			}
		}
	}
}

func (j *lossJob) total(x []float32) (sum float64) {
	for i, n := range pieces(len(x)) {
		sum += j.k.total(&x[i], n)
	}
	return sum
}

func (j *lossJob) dot(x, y []float32) (sum float64) {
	for i, n := range pieces(len(x)) {
		sum += j.k.dot(&x[i], &y[i], n)
	}
	return sum
}

// rowSums is scratch for two sums of each row.
func (d *device) rowSums(rows int) []float64 {
	d.elem.losses.sums = grow(d.elem.losses.sums, 2*rows)
	return d.elem.losses.sums[:2*rows]
}

func (d *device) LogSoftmax(y, x kernels.Tensor) {
	d.check.LogSoftmax(y, x)
	d.eachRow(lossJob{row: (*lossJob).logSoftmax, rows: x.Rows(), channels: x.Channels(), out: y.Float32(), a: x.Float32()})
}

// A NaN may get lost in the maximum, but not in the sum.
func (j *lossJob) logSoftmax(r int) {
	x, y := j.of(j.a, r), j.of(j.out, r)
	largest := float32(math.Inf(-1))
	for i, n := range pieces(len(x)) {
		largest = max(largest, j.k.largest(&x[i], n))
	}
	var sum float64
	for i, n := range pieces(len(x)) {
		sum += j.k.exponentials(&x[i], n, largest)
	}
	logarithm := float32(math.Log(sum))
	for i, n := range pieces(len(x)) {
		j.k.subtract(&y[i], &x[i], n, largest, logarithm)
	}
}

func (d *device) LogSoftmaxBackward(dx, dy, y kernels.Tensor) {
	d.check.LogSoftmaxBackward(dx, dy, y)
	d.eachRow(lossJob{row: (*lossJob).logSoftmaxBackward, rows: y.Rows(), channels: y.Channels(),
		out: dx.Float32(), a: dy.Float32(), b: y.Float32()})
}

func (j *lossJob) logSoftmaxBackward(r int) {
	dx, dy, y := j.of(j.out, r), j.of(j.a, r), j.of(j.b, r)
	sum := float32(j.total(dy))
	for i, n := range pieces(len(y)) {
		j.k.softmaxGradient(&dx[i], &dy[i], &y[i], n, sum)
	}
}

func (d *device) PositivesLoss(loss, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	d.check.PositivesLoss(loss, logp, labels, normaliser)
	rows := logp.Rows()
	sums := d.rowSums(rows)
	d.eachRow(lossJob{row: (*lossJob).positives, rows: rows, channels: logp.Channels(), a: logp.Float32(), b: labels.Float32(), sums: sums})
	all := everyOther(sums)
	var sum float64
	for r := range rows {
		sum += rowWeight(normaliser, sums[2*r], all, rows) * sums[2*r+1]
	}
	loss.Float64()[0] -= scale * sum
}

func (j *lossJob) positives(r int) {
	logp, labels := j.of(j.a, r), j.of(j.b, r)
	var labelled float64
	for i, n := range pieces(len(logp)) {
		labelled += j.k.labelled(&logp[i], &labels[i], n)
	}
	j.sums[2*r], j.sums[2*r+1] = j.total(labels), labelled
}

// everyOther is sums[0] + sums[2] + ...
func everyOther(sums []float64) (all float64) {
	for i := 0; i < len(sums); i += 2 {
		all += sums[i]
	}
	return all
}

// rowWeight is w_r of PositivesLoss for a row whose labels add up to positives, those of all rows to all.
func rowWeight(normaliser kernels.Normaliser, positives, all float64, rows int) float64 {
	switch {
	case normaliser == kernels.Global && all != 0:
		return 1 / all
	case normaliser == kernels.Anchor && positives != 0:
		return 1 / (float64(rows) * positives)
	}
	return 0
}

func (d *device) PositivesLossBackward(dx, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	d.check.PositivesLossBackward(dx, logp, labels, normaliser)
	rows, channels := logp.Rows(), logp.Channels()
	sums := d.rowSums(rows)
	d.eachRow(lossJob{row: (*lossJob).totals, rows: rows, channels: channels, a: labels.Float32(), sums: sums})
	all := everyOther(sums)
	for r := range rows {
		sums[2*r+1] = scale * rowWeight(normaliser, sums[2*r], all, rows)
	}
	d.eachRow(lossJob{row: (*lossJob).positivesBackward, rows: rows, channels: channels,
		out: dx.Float32(), a: logp.Float32(), b: labels.Float32(), sums: sums})
}

func (j *lossJob) totals(r int) { j.sums[2*r] = j.total(j.of(j.a, r)) }

func (j *lossJob) positivesBackward(r int) {
	dx, logp, labels := j.of(j.out, r), j.of(j.a, r), j.of(j.b, r)
	positives, weight := float32(j.sums[2*r]), float32(j.sums[2*r+1])
	for i, n := range pieces(len(dx)) {
		j.k.positivesGradient(&dx[i], &logp[i], &labels[i], n, positives, weight)
	}
}

// AlignmentLoss multiplies a by t first, because a product with a matrix is faster than the dot products.
func (d *device) AlignmentLoss(loss, o, t, a kernels.Tensor, scale float64) {
	d.check.Loss("AlignmentLoss", loss, o, t, a)
	d.check.Alignment("AlignmentLoss", o, t, a)
	batch, depth := o.Dim(0), o.Dim(1)
	d.elem.losses.product = growFloats(d.elem.losses.product, batch*depth)
	product := d.elem.losses.product[:batch*depth]
	d.backward(product, a.Float32(), t.Float32(), pixelwise(batch, depth, batch), false)
	sums := d.rowSums(batch)
	all := d.totalOf(a)
	d.eachRow(lossJob{row: (*lossJob).dots, rows: batch, channels: depth, a: o.Float32(), b: product, sums: sums})
	loss.Float64()[0] -= scale * everyOther(sums) / all
}

func (j *lossJob) dots(r int) { j.sums[2*r] = j.dot(j.of(j.a, r), j.of(j.b, r)) }

// totalOf is the sum of the elements of x.
func (d *device) totalOf(x kernels.Tensor) float64 {
	sums := d.rowSums(x.Rows())
	d.eachRow(lossJob{row: (*lossJob).totals, rows: x.Rows(), channels: x.Channels(), a: x.Float32(), sums: sums})
	return everyOther(sums)
}

func (d *device) AlignmentLossBackward(do, t, a kernels.Tensor, scale float64) {
	d.check.Alignment("AlignmentLossBackward", do, t, a)
	batch, depth := do.Dim(0), do.Dim(1)
	d.backward(do.Float32(), a.Float32(), t.Float32(), pixelwise(batch, depth, batch), false)
	d.eachRow(lossJob{row: (*lossJob).divide, rows: batch, channels: depth, out: do.Float32(), scale: d.totalOf(a) / -scale})
}

func (j *lossJob) divide(r int) {
	out := j.of(j.out, r)
	for i, n := range pieces(len(out)) {
		j.k.divide(&out[i], &out[i], n, float32(j.scale))
	}
}

func (d *device) NormalizeRows(y, norms, x kernels.Tensor, eps float64) {
	d.check.NormalizeRows(y, norms, x)
	d.eachRow(lossJob{row: (*lossJob).normalize, rows: x.Rows(), channels: x.Channels(),
		out: y.Float32(), a: x.Float32(), norms: norms.Float32(), scale: eps})
}

func (j *lossJob) normalize(r int) {
	x, y := j.of(j.a, r), j.of(j.out, r)
	norm := float32(max(math.Sqrt(j.dot(x, x)), j.scale))
	j.norms[r] = norm
	for i, n := range pieces(len(x)) {
		j.k.divide(&y[i], &x[i], n, norm)
	}
}

func (d *device) NormalizeRowsBackward(dx, dy, y, norms kernels.Tensor) {
	d.check.NormalizeRowsBackward(dx, dy, y, norms)
	d.eachRow(lossJob{row: (*lossJob).normalizeBackward, rows: y.Rows(), channels: y.Channels(),
		out: dx.Float32(), a: dy.Float32(), b: y.Float32(), norms: norms.Float32()})
}

func (j *lossJob) normalizeBackward(r int) {
	dx, dy, y := j.of(j.out, r), j.of(j.a, r), j.of(j.b, r)
	along := float32(j.dot(y, dy))
	for i, n := range pieces(len(y)) {
		j.k.normalizeGradient(&dx[i], &dy[i], &y[i], n, along, j.norms[r])
	}
}
