package trace

import "gzpt/kernels"

// Work is what an operation has to do by its definition, whatever a device makes of it.
type Work struct {
	// Operations are floating-point ones: an addition, a product, a comparison, an exponential are one each, so a
	// multiply-add is two. A convolution counts padded taps too; the moments that Conv2DStats takes on the way count nothing.
	Operations float64 `json:"operations"`
	// Bytes are those of every operand, once for each pass over it that the definition needs: twice where a sum over an
	// operand must end before the operand is used again, and twice where an operand is added to.
	Bytes float64 `json:"bytes"`
	// Results are those of Bytes that are only written.
	Results float64 `json:"-"`
}

// Add is the sum.
func (w Work) Add(v Work) Work {
	return Work{w.Operations + v.Operations, w.Bytes + v.Bytes, w.Results + v.Results}
}

// writing is the work, some tensors of which are results.
func (w Work) writing(results ...kernels.Tensor) Work {
	w.Results += work(0, results...).Bytes
	return w
}

// Intensity is operations a byte, 0 where no byte is moved.
func (w Work) Intensity() float64 {
	if w.Bytes == 0 {
		return 0
	}
	return w.Operations / w.Bytes
}

// over is the work of so many operations an element of x on all the tensors, a tensor named twice where two passes go over it.
func over(perElement float64, x kernels.Tensor, moved ...kernels.Tensor) Work {
	return work(perElement*float64(x.Len()), moved...)
}

func work(operations float64, moved ...kernels.Tensor) Work {
	w := Work{Operations: operations}
	for _, t := range moved {
		w.Bytes += float64(t.Bytes())
	}
	return w
}

// convolution is the work of a convolution in any direction: y has the output pixels, w the taps.
func convolution(y, w kernels.Tensor, moved ...kernels.Tensor) Work {
	taps := w.Dim(1) * w.Dim(2) * w.Dim(3)
	return work(2*float64(y.Len())*float64(taps), moved...)
}

// product is the work of c = A*B, with a's share of the depth.
func product(c, a, b kernels.Tensor, p kernels.Product) Work {
	depth := a.Dim(1)
	if p.TransA {
		depth = a.Dim(0)
	}
	w := work(2*float64(c.Len())*float64(depth), a, b, c)
	if p.Accumulate {
		w.Bytes += float64(c.Bytes())
	}
	return w
}

// The operations an element of batch normalisation: (x-mean)*invStd*gamma + beta, and of its gradient the two sums and dx.
const (
	normOperations         = 4
	normSumsOperations     = 5 // dbeta, xhat, dgamma
	normBackwardOperations = normSumsOperations + 6
)

// norms are the four vectors of a normalisation.
func norms(n kernels.Norm, more ...kernels.Tensor) []kernels.Tensor {
	return append([]kernels.Tensor{n.Gamma, n.Beta, n.Mean, n.InvStd}, more...)
}

// pairs is how many products of an anchor and a candidate a contrastive loss has.
func pairs(q, k, queue kernels.Tensor, keys kernels.Keys) float64 {
	columns := float64(k.Dim(0))
	switch keys {
	case kernels.OtherKeys:
		columns--
	case kernels.OwnKey:
		columns = 1
	}
	if queue.Rank() > 0 {
		columns += float64(queue.Dim(0))
	}
	return float64(q.Dim(0)) * columns
}

// softmaxOperations is those of an element of a row's softmax: scale, maximum, difference, exponential, sum.
const softmaxOperations = 5

// contrastive is the work of a contrastive loss: one product of every pair, half as many where anchors and keys are the same
// rows, since pair (i,j) is pair (j,i); or of its gradient, with the loss or without, where each pair has its product, its share
// of the gradient of the anchor, and its share of that of the key, which in the symmetric form is the same product.
func contrastive(backward, keysToo bool, q, k, queue kernels.Tensor, c kernels.Contrast, labels kernels.Labels, moved ...kernels.Tensor) Work {
	n := pairs(q, k, queue, c.Keys)
	products := 1.0
	symmetric := q.Address() == k.Address() && q.Dim(0) == k.Dim(0) // anchors may be some of the keys
	if symmetric {
		products = 0.5
	}
	if backward {
		products++
		if keysToo && !symmetric {
			products++
		}
	}
	moved = append(moved, q, queue, labels.Offsets, labels.Columns, labels.Weights)
	if !symmetric {
		moved = append(moved, k)
	}
	return work(n*(2*products*float64(q.Dim(1))+softmaxOperations), moved...)
}

// augmented is the work of an augmentation: for each value two taps in either direction, which a view of about the size of its image
// has, normalising, and a sum and a multiply-add for each weight of the blur in either direction. Steps of colours count nothing: they are as many as the
// table says.
func augmented(y, images, table kernels.Tensor) Work {
	radius := table.Dim(1) - kernels.ViewColumns(0)
	perValue := 2*2*2 + 2
	if radius > 0 {
		perValue += 2 * (1 + 3*radius)
	}
	return over(float64(perValue), y, y, images, table)
}
