package reference

import (
	"math"

	"gzpt/kernels"
)

func (d *device[T]) LogSoftmax(y, x kernels.Tensor) {
	d.check.LogSoftmax(y, x)
	ys, xs := d.of(y), d.of(x)
	for r := range x.Rows() {
		in, out := row(xs, r, x.Channels()), row(ys, r, x.Channels())
		largest := math.Inf(-1)
		for _, v := range in {
			largest = max(largest, float64(v))
		}
		var sum float64
		for _, v := range in {
			sum += math.Exp(float64(v) - largest)
		}
		shift := largest + math.Log(sum)
		for c, v := range in {
			out[c] = T(float64(v) - shift)
		}
	}
}

func (d *device[T]) LogSoftmaxBackward(dx, dy, y kernels.Tensor) {
	d.check.LogSoftmaxBackward(dx, dy, y)
	dxs, dys, ys := d.of(dx), d.of(dy), d.of(y)
	for r := range y.Rows() {
		grad, out := row(dys, r, y.Channels()), row(dxs, r, y.Channels())
		sum := total(grad)
		for c, v := range row(ys, r, y.Channels()) {
			out[c] = T(float64(grad[c]) - math.Exp(float64(v))*sum)
		}
	}
}

// rowWeights is w_r of PositivesLoss for every row of the labels.
func rowWeights[T float](labels []T, rows, channels int, normaliser kernels.Normaliser) []float64 {
	weights := make([]float64, rows)
	if normaliser == kernels.Global {
		fill(weights, 1/total(labels))
		return weights
	}
	for r := range weights {
		if positives := total(row(labels, r, channels)); positives != 0 {
			weights[r] = 1 / (float64(rows) * positives)
		}
	}
	return weights
}

func (d *device[T]) PositivesLoss(loss, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	d.check.PositivesLoss(loss, logp, labels, normaliser)
	logps, ls, channels := d.of(logp), d.of(labels), logp.Channels()
	var sum float64
	for r, w := range rowWeights(ls, logp.Rows(), channels, normaliser) {
		for c, label := range row(ls, r, channels) {
			if label != 0 { // logp may be -Inf where the label is 0
				sum += w * float64(label) * float64(logps[r*channels+c])
			}
		}
	}
	loss.Float64()[0] -= scale * sum
}

func (d *device[T]) PositivesLossBackward(dx, logp, labels kernels.Tensor, normaliser kernels.Normaliser, scale float64) {
	d.check.PositivesLossBackward(dx, logp, labels, normaliser)
	dxs, logps, ls, channels := d.of(dx), d.of(logp), d.of(labels), logp.Channels()
	for r, w := range rowWeights(ls, logp.Rows(), channels, normaliser) {
		positives := total(row(ls, r, channels))
		for i := r * channels; i < (r+1)*channels; i++ {
			dxs[i] = T(scale * w * (math.Exp(float64(logps[i]))*positives - float64(ls[i])))
		}
	}
}

func (d *device[T]) AlignmentLoss(loss, o, t, a kernels.Tensor, scale float64) {
	d.check.Loss("AlignmentLoss", loss, o, t, a)
	d.check.Alignment("AlignmentLoss", o, t, a)
	os, ts, as := d.of(o), d.of(t), d.of(a)
	batch, depth := o.Dim(0), o.Dim(1)
	var sum float64
	for i := range batch {
		for j := range batch {
			sum += float64(as[i*batch+j]) * dot(row(os, i, depth), row(ts, j, depth))
		}
	}
	loss.Float64()[0] -= scale * sum / total(as)
}

func (d *device[T]) AlignmentLossBackward(do, t, a kernels.Tensor, scale float64) {
	d.check.Alignment("AlignmentLossBackward", do, t, a)
	dos, ts, as := d.of(do), d.of(t), d.of(a)
	batch, depth := do.Dim(0), do.Dim(1)
	factor := -scale / total(as)
	sums := make([]float64, depth)
	for i := range batch {
		clear(sums)
		for j := range batch {
			axpy(sums, factor*float64(as[i*batch+j]), row(ts, j, depth))
		}
		convert(row(dos, i, depth), sums)
	}
}
