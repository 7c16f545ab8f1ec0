package kerneltest

import (
	"math"
	"testing"

	"gzpt/kernels"
)

// The oracles of the contrastive loss beside the reference: finite differences, PyTorch's golden values, and the dense
// operations that it stands for.

// contrastPairs are the cases whose gradient is compared with finite differences.
var contrastPairs = []contrastCase{
	{anchors: 4, keys: 6, queue: 3, depth: 5, form: kernels.Contrast{Scale: 2}},
	{anchors: 5, keys: 5, queue: 3, depth: 4, form: kernels.Contrast{Scale: 2, Keys: kernels.OtherKeys, Normaliser: kernels.Anchor}},
	{anchors: 5, keys: 5, queue: 6, depth: 4, form: kernels.Contrast{Scale: 2, Keys: kernels.OwnKey}},
	{anchors: 6, keys: 6, queue: -1, depth: 4, form: kernels.Contrast{Scale: 2, Keys: kernels.OtherKeys}, symmetric: true},
	{anchors: 6, keys: 6, queue: 4, depth: 4, form: kernels.Contrast{Scale: 2, Normaliser: kernels.Anchor}, symmetric: true},
}

// contrastTensors is the operands of a case on a device.
type contrastTensors struct {
	q, k, queue, lse, loss kernels.Tensor
	labels                 kernels.Labels
}

// place makes the tensors of a case from q, k, which is not used where it is q, and queue.
func (s contrastCase) place(b workbench, q, k, queue []float64) contrastTensors {
	t := contrastTensors{q: b.tensor(q, s.anchors, s.depth), lse: b.New(b.Type(), s.anchors), loss: b.New(kernels.Float64, 1)}
	t.k = t.q
	if !s.symmetric {
		t.k = b.tensor(k, s.keys, s.depth)
	}
	if s.queue >= 0 {
		t.queue = b.tensor(queue, s.queue, s.depth)
	}
	offsets, columns, weights := s.contrastLabels()
	t.labels = b.labels(offsets, columns, rounded(weights))
	return t
}

// labels is sparse rows on a device.
func (b workbench) labels(offsets, columns, weights []float64) kernels.Labels {
	l := kernels.Labels{Offsets: b.New(kernels.Int32, len(offsets)), Columns: b.New(kernels.Int32, len(columns)), Weights: b.tensor(weights, len(weights))}
	Set(b, l.Offsets, offsets)
	Set(b, l.Columns, columns)
	return l
}

func (s contrastCase) pair() pair {
	inputs := [][]float64{Fill("grad.q", -1, 1, s.anchors, s.depth)}
	if !s.symmetric {
		inputs = append(inputs, Fill("grad.k", -1, 1, s.keys, s.depth))
	}
	run := func(b workbench, x [][]float64) contrastTensors {
		t := s.place(b, x[0], x[len(x)-1], Fill("grad.queue", -1, 1, max(s.queue, 0), s.depth))
		b.ContrastiveLoss(t.loss, t.lse, t.q, t.k, t.queue, t.labels, s.form, 1.5)
		return t
	}
	return pair{"ContrastiveLoss/" + s.label(), inputs,
		func(b workbench, x [][]float64) []float64 { return Get(b, run(b, x).loss) },
		func(b workbench, x [][]float64, dy []float64) [][]float64 {
			t := run(b, x)
			dq, dk := b.New(b.Type(), s.anchors, s.depth), kernels.Tensor{}
			grads := []kernels.Tensor{dq}
			if !s.symmetric {
				dk = b.New(b.Type(), s.keys, s.depth)
				grads = append(grads, dk)
			}
			b.ContrastiveLossBackward(dq, dk, t.lse, t.q, t.k, t.queue, t.labels, s.form, 1.5*dy[0])
			var values [][]float64
			for _, g := range grads {
				values = append(values, Get(b, g))
			}
			return values
		}}
}

// sparse is the rows of a matrix of labels with what is not 0, column c of it at columns[row][c].
func sparse(dense []float64, rows int, column func(row, c int) int) (offsets, columns, weights []float64) {
	offsets = []float64{0}
	for r := range rows {
		for c, label := range dense[r*len(dense)/rows : (r+1)*len(dense)/rows] {
			if label != 0 {
				columns, weights = append(columns, float64(column(r, c))), append(weights, label)
			}
		}
		offsets = append(offsets, float64(len(columns)))
	}
	return offsets, columns, weights
}

// goldenContrastMoCo is goldenMoCo by ContrastiveLoss.
func (b workbench) goldenContrastMoCo(want LossGolden, normaliser kernels.Normaliser) {
	q, norms := b.unit("loss.q", lossBatch)
	k, _ := b.unit("loss.k", lossBatch)
	queue, _ := b.unit("loss.queue", lossQueue)
	dense := make([]float64, 0, lossBatch*(1+lossQueue))
	for i := range lossBatch {
		dense = append(dense, 1)
		for _, share := range Uniform("loss.qpos", lossBatch*lossQueue)[i*lossQueue:][:lossQueue] {
			dense = append(dense, map[bool]float64{true: 1}[share < 0.1])
		}
	}
	labels := b.labels(sparse(dense, lossBatch, func(row, c int) int {
		if c == 0 {
			return row
		}
		return lossBatch + c - 1
	}))
	c := kernels.Contrast{Scale: 1 / want.Temperature, Keys: kernels.OwnKey, Normaliser: normaliser}
	dq := b.goldenContrast(want, q, k, queue, norms, labels, c)
	b.golden("dq", want.DQ, dq, b.lossBound(want.Temperature))
}

// goldenContrastSimCLR is goldenSimCLR by ContrastiveLoss.
func (b workbench) goldenContrastSimCLR(want LossGolden, normaliser kernels.Normaliser, allBlocks bool) {
	const n = 2 * lossBatch
	z, norms := b.New(b.Type(), n, lossDepth), b.New(b.Type(), n)
	Set(b, z, append(Fill("loss.z1", -1, 1, lossBatch, lossDepth), Fill("loss.z2", -1, 1, lossBatch, lossDepth)...))
	b.NormalizeRows(z, norms, z, 1e-12)
	labels := b.labels(sparse(simCLRLabels(allBlocks), n, func(_, c int) int { return c }))
	c := kernels.Contrast{Scale: 1 / want.Temperature, Keys: kernels.OtherKeys, Normaliser: normaliser}
	dz := b.goldenContrast(want, z, z, kernels.Tensor{}, norms, labels, c)
	b.golden("dz1", want.DZ1, dz.Slice(0, lossBatch, lossDepth), b.lossBound(want.Temperature))
	b.golden("dz2", want.DZ2, dz.Slice(lossBatch*lossDepth, lossBatch, lossDepth), b.lossBound(want.Temperature))
}

// goldenContrast compares the loss of normalised rows and returns the gradient of the rows before.
func (b workbench) goldenContrast(want LossGolden, q, k, queue, norms kernels.Tensor, labels kernels.Labels, c kernels.Contrast) kernels.Tensor {
	loss, lse, dq := b.New(kernels.Float64, 1), b.New(b.Type(), q.Dim(0)), b.New(b.Type(), q.Dim(0), q.Dim(1))
	b.ContrastiveLoss(loss, lse, q, k, queue, labels, c, 1)
	b.goldenLoss(want.Loss, loss, b.lossBound(want.Temperature))
	b.ContrastiveLossBackward(dq, kernels.Tensor{}, lse, q, k, queue, labels, c, 1)
	b.NormalizeRowsBackward(dq, dq, q, norms)
	return dq
}

// checkContrast compares the contrastive loss with the dense operations on the same device.
func checkContrast(t *testing.T, dev kernels.Device) {
	for _, s := range contrastCases() {
		if !s.large && s.anchors > 1 && !s.detached {
			t.Run(s.label(), func(t *testing.T) { s.compareDense(Suite{}.workbench(dev, t)) })
		}
	}
}

// compareDense takes the logits of all columns, masks those that an anchor does not have, and goes through LogSoftmax.
func (s contrastCase) compareDense(b workbench) {
	c, n := s.lossCall(), s.columns()
	q, candidates := c.named("q"), s.terms(c).candidates
	masked := make([]int, 0, s.anchors*n)
	for i := range s.anchors {
		row := len(masked)
		for j := range n {
			if !s.admits(i, j) {
				masked = append(masked, i*n+j)
			}
		}
		if len(masked)-row == n {
			b.t.Skip("LogSoftmax has no row without columns")
		}
	}
	var queue []float64
	if s.queue >= 0 {
		queue = c.named("queue")
	}
	x := s.place(b, q, s.keyValues(c), queue)
	logits, ds := b.New(b.Type(), s.anchors, n), b.New(b.Type(), s.anchors, n)
	hot := b.scaled(b.tensor(candidates, n, s.depth), s.form.Scale)
	b.MatMul(logits, x.q, hot, kernels.Product{TransB: true})
	values := Get(b, logits)
	for _, i := range masked {
		values[i] = math.Inf(-1)
	}
	Set(b, logits, values)
	b.LogSoftmax(logits, logits)
	dense, labels := b.New(kernels.Float64, 1), b.tensor(s.denseLabels(c), s.anchors, n)
	b.PositivesLoss(dense, logits, labels, s.form.Normaliser, contrastScale)
	b.PositivesLossBackward(ds, logits, labels, s.form.Normaliser, contrastScale)

	b.ContrastiveLoss(x.loss, x.lse, x.q, x.k, x.queue, x.labels, s.form, contrastScale)
	allowed := b.New(kernels.Float64, 1)
	Set(b, allowed, s.lossBound(c, 0))
	b.close("loss", x.loss, dense, allowed, 2)

	dq, wantDQ := b.New(b.Type(), s.anchors, s.depth), b.New(b.Type(), s.anchors, s.depth)
	dk, wantDK := kernels.Tensor{}, b.New(b.Type(), n, s.depth)
	if !s.symmetric {
		dk = b.New(b.Type(), s.keys, s.depth)
	}
	b.MatMul(wantDQ, ds, hot, kernels.Product{})
	b.MatMul(wantDK, ds, b.scaled(x.q, s.form.Scale), kernels.Product{TransA: true})
	wantDK = wantDK.Slice(0, s.keys, s.depth)
	if s.symmetric {
		b.add(wantDQ, wantDK)
	}
	b.ContrastiveLossBackward(dq, dk, x.lse, x.q, x.k, x.queue, x.labels, s.form, contrastScale)
	backward := s.backwardCall(Get(b, x.lse))
	b.close("dq", dq, wantDQ, b.tensor(s.backwardBound(backward, 0), s.anchors, s.depth), 4)
	if !s.symmetric {
		b.close("dk", dk, wantDK, b.tensor(s.backwardBound(backward, 1), s.keys, s.depth), 4)
	}
}
