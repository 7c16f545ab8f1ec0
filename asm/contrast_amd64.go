//go:build amd64 && !noasm

package asm

import (
	"math"

	"gzpt/kernels"
)

// contrast is the operands of a contrastive loss and what follows from its labels.
type contrast struct {
	kernels.Contrast
	q, keys, queue []float32
	anchors, depth int
	batch, columns int // keys, keys and queue
	offsets        []int32
	labelled       []int32
	labels         []float32
	sums           []float64 // the sum of the labels of an anchor, and its weight
	z              []float64 // logits of one anchor, then the coefficients of its gradient
	partial        []float64 // gradients
}

func (d *device) contrast(q, keys, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast) *contrast {
	j := &d.elem.contrast
	j.Contrast, j.q, j.keys, j.queue = c, q.Float32(), keys.Float32(), nil
	j.anchors, j.depth, j.batch, j.columns = q.Dim(0), q.Dim(1), keys.Dim(0), keys.Dim(0)
	j.offsets, j.labelled, j.labels = labels.Offsets.Int32(), labels.Columns.Int32(), labels.Weights.Float32()
	if queue.Rank() != 0 {
		j.queue, j.columns = queue.Float32(), j.columns+queue.Dim(0)
	}
	j.sums = grow(j.sums, 2*j.anchors)
	j.z, j.partial = grow(j.z, j.columns), grow(j.partial, len(j.q)+len(j.keys))
	clear(j.partial)
	all := 0.0
	for i := range j.anchors {
		from, to := j.labelsOf(i)
		j.sums[2*i] = 0
		for e := from; e < to; e++ {
			if j.admits(i, int(j.labelled[e])) {
				j.sums[2*i] += float64(j.labels[e])
			}
		}
		all += j.sums[2*i]
	}
	for i := range j.anchors {
		j.sums[2*i+1] = rowWeight(c.Normaliser, j.sums[2*i], all, j.anchors)
	}
	return j
}

// admits reports whether column is one of those of anchor i.
func (j *contrast) admits(i, column int) bool {
	if column >= j.batch || j.Keys == kernels.AllKeys {
		return 0 <= column && column < j.columns
	}
	return 0 <= column && (column == i) == (j.Keys == kernels.OwnKey)
}

// labelsOf is the range of the labels of anchor i.
func (j *contrast) labelsOf(i int) (from, to int) {
	return max(int(j.offsets[i]), 0), min(int(j.offsets[i+1]), len(j.labelled), len(j.labels))
}

// candidate is the row of a column.
func (j *contrast) candidate(column int) []float32 {
	if column < j.batch {
		return j.keys[column*j.depth:][:j.depth]
	}
	return j.queue[(column-j.batch)*j.depth:][:j.depth]
}

// logits fills z with the logits of anchor i.
func (j *contrast) logits(i int) {
	for column := range j.columns {
		j.z[column] = math.Inf(-1)
		if j.admits(i, column) {
			var sum float64
			for n, v := range j.candidate(column) {
				sum += float64(v) * float64(j.q[i*j.depth+n])
			}
			j.z[column] = j.Scale * sum
		}
	}
}

func (d *device) ContrastiveLoss(loss, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	d.check.ContrastiveLoss(loss, lse, q, k, queue, labels, c)
	j := d.contrast(q, k, queue, labels, c)
	var all float64
	for i := range j.anchors {
		j.logits(i)
		largest, sum := math.Inf(-1), 0.0
		for _, z := range j.z[:j.columns] {
			largest = max(largest, z)
		}
		for _, z := range j.z[:j.columns] {
			if z != math.Inf(-1) {
				sum += math.Exp(z - largest)
			}
		}
		shift := largest + math.Log(sum)
		if math.IsInf(largest, -1) {
			shift = largest
		}
		lse.Float32()[i] = float32(shift)
		from, to := j.labelsOf(i)
		for e := from; e < to; e++ {
			if column := int(j.labelled[e]); j.labels[e] != 0 && j.admits(i, column) {
				all += j.sums[2*i+1] * float64(j.labels[e]) * (j.z[column] - shift)
			}
		}
	}
	loss.Float64()[0] -= scale * all
}

func (d *device) ContrastiveLossBackward(dq, dk, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	symmetric := d.check.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c)
	j := d.contrast(q, k, queue, labels, c)
	sums, keySums := j.partial[:len(j.q)], j.partial[len(j.q):][:len(j.keys)]
	if symmetric {
		keySums = sums
	}
	for i := range j.anchors {
		j.gradient(i, float64(lse.Float32()[i]), scale)
		for column := range j.columns {
			if !j.admits(i, column) {
				continue
			}
			for n, v := range j.candidate(column) {
				sums[i*j.depth+n] += j.z[column] * float64(v)
				if column < j.batch {
					keySums[column*j.depth+n] += j.z[column] * float64(j.q[i*j.depth+n])
				}
			}
		}
	}
	for i, v := range sums {
		dq.Float32()[i] = float32(v)
	}
	for i := range dk.Float32() {
		dk.Float32()[i] = float32(keySums[i])
	}
}

// gradient turns the logits of anchor i into the coefficients of its gradient.
func (j *contrast) gradient(i int, lse, scale float64) {
	j.logits(i)
	factor := j.Scale * scale * j.sums[2*i+1]
	for column, z := range j.z[:j.columns] {
		if j.admits(i, column) {
			j.z[column] = factor * math.Exp(z-lse) * j.sums[2*i]
		}
	}
	from, to := j.labelsOf(i)
	for e := from; e < to; e++ {
		if column := int(j.labelled[e]); j.labels[e] != 0 && j.admits(i, column) {
			j.z[column] -= factor * float64(j.labels[e])
		}
	}
}
