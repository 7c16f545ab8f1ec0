package nn

import "gzpt/kernels"

// alignment is what BYOL and SimSiam compare: predictions of one view with targets of the other. With ^ for rows normalised
// to length 1, g(o) the predictions, t the targets and A the positives matrix,
//
//	h(o,t,A) = -sum_ij A[i,j] <g(o_i)^, t_j^> / sum_ij A[i,j]
//
// without a gradient through t. Orthogonal embeddings have h = 0, the smallest h is -1. Positives stay within a micro-batch.
type alignment struct {
	dev       kernels.Device
	report    *report
	scale     float64 // of h in the loss
	host      []float32
	positives kernels.Tensor // A
	predicted unitRows       // g(o)^
	d         kernels.Tensor // gradient of g(o)^, then of g(o)
	targets   [2]unitRows    // t^ of both views
}

func newAlignment(dev kernels.Device, c Config, r *report, scale float64) *alignment {
	a := &alignment{
		dev: dev, report: r, scale: scale, host: make([]float32, c.Batch*c.Batch), positives: dev.New(dev.Type(), c.Batch, c.Batch),
		predicted: newUnitRows(dev, c.Batch, c.Embedding), d: dev.New(dev.Type(), c.Batch, c.Embedding),
	}
	for v := range a.targets {
		a.targets[v] = newUnitRows(dev, c.Batch, c.Embedding)
	}
	return a
}

// begin draws the positives of a micro-batch.
func (a *alignment) begin(b *microBatch) outcome {
	b.pairs.matrix(a.host, b.items, b.step)
	a.dev.Write(a.positives, a.host)
	var positives float64
	for _, v := range a.host {
		positives += float64(v)
	}
	return outcome{positives: positives/float64(len(b.items)) - 1}
}

// half adds scale times h(o,t,A) to the loss, for o what the branch has made of a view and t the targets of the other view,
// and takes the n-th part of the gradient back through the branch.
func (a *alignment) half(view int, b *branch, n int) {
	a.report.spread[view].take(a.dev, b.projected())
	a.predicted.take(a.dev, b.predicted())
	targets := a.targets[1-view].rows
	a.dev.AlignmentLoss(a.report.loss, a.predicted.rows, targets, a.positives, a.scale)
	a.dev.AlignmentLossBackward(a.d, targets, a.positives, a.scale*(1/float64(n)))
	a.predicted.backward(a.dev, a.d)
	b.backward(a.d)
}

// gradientsSoFar is the state inside an update of a method whose micro-batches add their gradients one by one.
func gradientsSoFar(n *network, done int) []block {
	if done == 0 {
		return nil
	}
	return []block{onDevice("gradients", n.gradients.block)}
}
