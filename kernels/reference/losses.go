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
		shift := logSumExp(in)
		for c, v := range in {
			out[c] = T(float64(v) - shift)
		}
	}
}

// logSumExp is log(sum_i exp(x[i])), with the largest x taken out; -Inf without any x above that.
func logSumExp[T float](x []T) float64 {
	largest := math.Inf(-1)
	for _, v := range x {
		largest = max(largest, float64(v))
	}
	if math.IsInf(largest, -1) {
		return largest
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(float64(v) - largest)
	}
	return largest + math.Log(sum)
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
	sums := make([]float64, rows)
	for r := range sums {
		sums[r] = total(row(labels, r, channels))
	}
	return anchorWeights(sums, normaliser)
}

// anchorWeights is w_r for rows whose labels have the given sums.
func anchorWeights(sums []float64, normaliser kernels.Normaliser) []float64 {
	weights, all := make([]float64, len(sums)), total(sums)
	for r, positives := range sums {
		switch {
		case normaliser == kernels.Global && all != 0:
			weights[r] = 1 / all
		case normaliser == kernels.Anchor && positives != 0:
			weights[r] = 1 / (float64(len(sums)) * positives)
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
