package reference

import (
	"math"

	"gzpt/kernels"
)

// contrast is the operands of a contrastive loss and what follows from its labels.
type contrast[T float] struct {
	kernels.Contrast
	q, keys, queue []float64
	anchors, depth int
	batch, columns int // keys, keys and queue
	offsets        []int32
	labelled       []int32
	labels         []T
	sums, weights  []float64 // L_i and w_i of every anchor
}

func (d *device[T]) contrast(q, keys, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast) *contrast[T] {
	j := &contrast[T]{
		Contrast: c, q: d.wide(q), keys: d.wide(keys),
		anchors: q.Dim(0), depth: q.Dim(1), batch: keys.Dim(0), columns: keys.Dim(0),
		offsets: labels.Offsets.Int32(), labelled: labels.Columns.Int32(), labels: d.of(labels.Weights),
	}
	if queue.Rank() != 0 {
		j.queue, j.columns = d.wide(queue), j.columns+queue.Dim(0)
	}
	j.sums = make([]float64, j.anchors)
	for i := range j.sums {
		j.eachLabel(i, func(_ int, label float64) { j.sums[i] += label })
	}
	j.weights = anchorWeights(j.sums, c.Normaliser)
	return j
}

// admits reports whether column is one of those of anchor i.
func (j *contrast[T]) admits(i, column int) bool {
	if column >= j.batch || j.Keys == kernels.AllKeys {
		return 0 <= column && column < j.columns
	}
	return 0 <= column && (column == i) == (j.Keys == kernels.OwnKey)
}

// eachLabel calls do for the labels of anchor i that are not 0.
func (j *contrast[T]) eachLabel(i int, do func(column int, label float64)) {
	from, to := max(int(j.offsets[i]), 0), min(int(j.offsets[i+1]), len(j.labelled), len(j.labels))
	for e := from; e < to; e++ {
		if column := int(j.labelled[e]); j.labels[e] != 0 && j.admits(i, column) {
			do(column, float64(j.labels[e]))
		}
	}
}

// candidate is the row of a column.
func (j *contrast[T]) candidate(column int) []float64 {
	if column < j.batch {
		return row(j.keys, column, j.depth)
	}
	return row(j.queue, column-j.batch, j.depth)
}

// logit is z[i,column], -Inf where the anchor does not have the column.
func (j *contrast[T]) logit(i, column int) float64 {
	if !j.admits(i, column) {
		return math.Inf(-1)
	}
	return j.Scale * dot(row(j.q, i, j.depth), j.candidate(column))
}

func (d *device[T]) ContrastiveLoss(loss, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	d.check.ContrastiveLoss(loss, lse, q, k, queue, labels, c)
	j, lses := d.contrast(q, k, queue, labels, c), d.of(lse)
	losses := make([]float64, j.anchors)
	spread(j.anchors, func(i int) {
		z := make([]float64, j.columns)
		for column := range z {
			z[column] = j.logit(i, column)
		}
		shift := logSumExp(z)
		lses[i] = T(shift)
		j.eachLabel(i, func(column int, label float64) { losses[i] += j.weights[i] * label * (z[column] - shift) })
	})
	loss.Float64()[0] -= scale * total(losses)
}

func (d *device[T]) ContrastiveLossBackward(dq, dk, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	symmetric := d.check.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c)
	j, lses, dqs := d.contrast(q, k, queue, labels, c), d.of(lse), d.of(dq)
	sums := make([]float64, len(dqs)) // of dq, for both roles to meet in
	spread(j.anchors, func(i int) {
		g := make([]float64, j.columns)
		j.gradient(g, i, 0, float64(lses[i]), scale)
		for column, v := range g {
			if j.admits(i, column) {
				axpy(row(sums, i, j.depth), v, j.candidate(column))
			}
		}
	})
	if symmetric || dk.Rank() != 0 {
		keySums := sums
		if !symmetric {
			keySums = make([]float64, dk.Len())
		}
		j.keyGradient(keySums, lses, scale)
		if !symmetric {
			convert(d.of(dk), keySums)
		}
	}
	convert(dqs, sums)
}

func (d *device[T]) ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	d.check.ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue, labels, c)
	d.ContrastiveLoss(loss, lse, q, k, queue, labels, c, scale)
	d.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c, scale)
}

// keyGradient adds the gradient of the keys to sums. An item is some keys, all anchors of which come in order.
func (j *contrast[T]) keyGradient(sums []float64, lses []T, scale float64) {
	const share = 64
	spread((j.batch+share-1)/share, func(item int) {
		first := item * share
		g := make([]float64, min(share, j.batch-first))
		for i, lse := range lses {
			j.gradient(g, i, first, float64(lse), scale)
			for n, v := range g {
				if j.admits(i, first+n) {
					axpy(row(sums, first+n, j.depth), v, row(j.q, i, j.depth))
				}
			}
		}
	})
}

// gradient fills g with Scale*g[i,first], Scale*g[i,first+1], ... of the doc comment.
func (j *contrast[T]) gradient(g []float64, i, first int, lse, scale float64) {
	factor := j.Scale * scale * j.weights[i]
	for n := range g {
		g[n] = 0
		if j.admits(i, first+n) {
			g[n] = factor * math.Exp(j.logit(i, first+n)-lse) * j.sums[i]
		}
	}
	j.eachLabel(i, func(column int, label float64) {
		if n := column - first; 0 <= n && n < len(g) {
			g[n] -= factor * label
		}
	})
}
