package kerneltest

import (
	"math"
	"testing"

	"gzpt/kernels"
)

// The batch of losses.json: 12 embeddings of 32 numbers and, for MoCo, a queue of 40.
const (
	lossBatch = 12
	lossDepth = 32
	lossQueue = 40
)

func (s Suite) checkGoldenLosses(t *testing.T, dev kernels.Device) {
	var golden map[string]LossGolden
	LoadGolden(t, "losses.json", &golden)
	normalisers := []struct {
		name       string
		normaliser kernels.Normaliser
	}{{"global", kernels.Global}, {"anchor", kernels.Anchor}}
	check := func(name string, check func(b workbench, want LossGolden)) {
		want, ok := golden[name]
		if !ok {
			t.Fatalf("losses.json has no %q", name)
		}
		t.Run(name, func(t *testing.T) { check(s.workbench(dev, t), want) })
	}
	check("byol_gzpt", workbench.goldenBYOL)
	for _, n := range normalisers {
		check("moco_gzpt_"+n.name, func(b workbench, want LossGolden) { b.goldenMoCo(want, n.normaliser) })
		check("simclr_gzpt_view1_"+n.name, func(b workbench, want LossGolden) { b.goldenSimCLR(want, n.normaliser, false) })
		check("simclr_gzpt_allblocks_"+n.name, func(b workbench, want LossGolden) { b.goldenSimCLR(want, n.normaliser, true) })
		check("moco_gzpt_"+n.name, func(b workbench, want LossGolden) { b.goldenContrastMoCo(want, n.normaliser) })
		check("simclr_gzpt_view1_"+n.name, func(b workbench, want LossGolden) { b.goldenContrastSimCLR(want, n.normaliser, false) })
		check("simclr_gzpt_allblocks_"+n.name, func(b workbench, want LossGolden) { b.goldenContrastSimCLR(want, n.normaliser, true) })
	}
}

// lossBound allows the errors of a product of unit rows, which the temperature magnifies in the exponent.
func (b workbench) lossBound(temperature float64) float64 {
	return b.productBound(4/temperature, lossDepth)
}

// unit is the golden embeddings of a name with rows of length one, and the lengths they had.
func (b workbench) unit(name string, rows int) (unit, norms kernels.Tensor) {
	unit, norms = b.uniform(name, -1, 1, rows, lossDepth), b.New(b.Type(), rows)
	b.NormalizeRows(unit, norms, unit, 1e-12)
	return unit, norms
}

// scaled is a new tensor of factor times x.
func (b workbench) scaled(x kernels.Tensor, factor float64) kernels.Tensor {
	return b.tensor(mapped(func(v float64) float64 { return factor * v }, Get(b, x)), x.Dim(0), x.Dim(1))
}

func (b workbench) goldenBYOL(want LossGolden) {
	positives := Positives("gaze.pos", lossBatch, 0.2)
	a, loss := b.tensor(positives, lossBatch, lossBatch), b.New(kernels.Float64, 1)
	half := func(online, target string) kernels.Tensor {
		o, norms := b.unit(online, lossBatch)
		t, _ := b.unit(target, lossBatch)
		grad := b.New(b.Type(), lossBatch, lossDepth)
		b.AlignmentLoss(loss, o, t, a, 2)
		b.AlignmentLossBackward(grad, t, a, 2)
		b.NormalizeRowsBackward(grad, grad, o, norms)
		return grad
	}
	do1, do2 := half("loss.o1", "loss.t2"), half("loss.o2", "loss.t1")
	var count int
	for _, v := range positives {
		count += int(v)
	}
	if count != want.Positives {
		b.t.Errorf("%d positives, want %d", count, want.Positives)
	}
	bound := b.goldenBound(4, lossDepth) // of no product of matrices
	// The loss is a small difference of products as large as one.
	b.goldenLoss(want.Loss, loss, bound/math.Abs(want.Loss))
	b.golden("do1", want.DO1, do1, bound)
	b.golden("do2", want.DO2, do2, bound)
}

// positivesLoss is the loss of logits, which become log-probabilities, and its gradient.
func (b workbench) positivesLoss(want LossGolden, logits, labels kernels.Tensor, normaliser kernels.Normaliser) kernels.Tensor {
	loss, grad := b.New(kernels.Float64, 1), b.New(b.Type(), logits.Dim(0), logits.Dim(1))
	b.LogSoftmax(logits, logits)
	b.PositivesLoss(loss, logits, labels, normaliser, 1)
	b.PositivesLossBackward(grad, logits, labels, normaliser, 1)
	b.goldenLoss(want.Loss, loss, b.lossBound(want.Temperature))
	return grad
}

// goldenMoCo has one column for the key of the anchor and one for every entry of the queue.
func (b workbench) goldenMoCo(want LossGolden, normaliser kernels.Normaliser) {
	const columns = 1 + lossQueue
	q, norms := b.unit("loss.q", lossBatch)
	k, _ := b.unit("loss.k", lossBatch)
	queue, _ := b.unit("loss.queue", lossQueue)
	kHot, queueHot := b.scaled(k, 1/want.Temperature), b.scaled(queue, 1/want.Temperature)
	qk, qQueue := b.New(b.Type(), lossBatch, lossBatch), b.New(b.Type(), lossBatch, lossQueue)
	b.MatMul(qk, q, kHot, kernels.Product{TransB: true})
	b.MatMul(qQueue, q, queueHot, kernels.Product{TransB: true})

	logits, labels := make([]float64, lossBatch*columns), make([]float64, lossBatch*columns)
	pairs, others, share := Get(b, qk), Get(b, qQueue), Uniform("loss.qpos", lossBatch*lossQueue)
	for i := range lossBatch {
		logits[i*columns], labels[i*columns] = pairs[i*lossBatch+i], 1
		for j := range lossQueue {
			logits[i*columns+1+j] = others[i*lossQueue+j]
			if share[i*lossQueue+j] < 0.1 {
				labels[i*columns+1+j] = 1
			}
		}
	}
	grad := Get(b, b.positivesLoss(want, b.tensor(logits, lossBatch, columns), b.tensor(labels, lossBatch, columns), normaliser))
	pairGrad, otherGrad := make([]float64, lossBatch*lossBatch), make([]float64, 0, lossBatch*lossQueue)
	for i := range lossBatch {
		pairGrad[i*lossBatch+i] = grad[i*columns]
		otherGrad = append(otherGrad, grad[i*columns+1:(i+1)*columns]...)
	}
	dq := b.New(b.Type(), lossBatch, lossDepth)
	b.MatMul(dq, b.tensor(pairGrad, lossBatch, lossBatch), kHot, kernels.Product{})
	b.MatMul(dq, b.tensor(otherGrad, lossBatch, lossQueue), queueHot, kernels.Product{Accumulate: true})
	b.NormalizeRowsBackward(dq, dq, q, norms)
	b.golden("dq", want.DQ, dq, b.lossBound(want.Temperature))
}

// goldenSimCLR compares every embedding of both views with all the others; its own column is masked.
func (b workbench) goldenSimCLR(want LossGolden, normaliser kernels.Normaliser, allBlocks bool) {
	const n = 2 * lossBatch
	z, norms := b.New(b.Type(), n, lossDepth), b.New(b.Type(), n)
	Set(b, z, append(Fill("loss.z1", -1, 1, lossBatch, lossDepth), Fill("loss.z2", -1, 1, lossBatch, lossDepth)...))
	b.NormalizeRows(z, norms, z, 1e-12)
	zHot, s := b.scaled(z, 1/want.Temperature), b.New(b.Type(), n, n)
	b.MatMul(s, z, zHot, kernels.Product{TransB: true})
	logits := Get(b, s)
	for i := range n {
		logits[i*n+i] = math.Inf(-1)
	}
	ds := b.positivesLoss(want, b.tensor(logits, n, n), b.tensor(simCLRLabels(allBlocks), n, n), normaliser)
	dz := b.New(b.Type(), n, lossDepth)
	b.MatMul(dz, ds, zHot, kernels.Product{})
	b.MatMul(dz, ds, zHot, kernels.Product{TransA: true, Accumulate: true})
	b.NormalizeRowsBackward(dz, dz, z, norms)
	b.golden("dz1", want.DZ1, dz.Slice(0, lossBatch, lossDepth), b.lossBound(want.Temperature))
	b.golden("dz2", want.DZ2, dz.Slice(lossBatch*lossDepth, lossBatch, lossDepth), b.lossBound(want.Temperature))
}

// simCLRLabels are the positives among the embeddings of both views: the other view of an item, and items with like
// gaze in the first view only or in all blocks.
func simCLRLabels(allBlocks bool) []float64 {
	const n = 2 * lossBatch
	positives, labels := Positives("gaze.pos", lossBatch, 0.2), make([]float64, n*n)
	for i := range n {
		for j := range n {
			item, other := i%lossBatch, j%lossBatch
			switch {
			case item == other:
				if i != j {
					labels[i*n+j] = 1
				}
			case allBlocks || i < lossBatch && j < lossBatch:
				labels[i*n+j] = positives[item*lossBatch+other]
			}
		}
	}
	return labels
}
