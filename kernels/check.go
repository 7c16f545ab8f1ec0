package kernels

// Check holds the operand checks of every operation. A device calls the check of an operation first and may then trust
// its operands; so a wrong call panics with the same text on every device.
type Check struct {
	// Type is the device's element type, Owner the device itself as its tensors name it.
	Type  Type
	Owner any
	// Host says that the device computes in host memory and takes tensors that lie there without an owner.
	Host bool
	// BFloat16 says that activations may have that type.
	BFloat16 bool
}

// most is the largest number of a geometry: places in an image that are computed from such numbers are far from overflowing.
const most = 1 << 30

// fail is out of line so that the checks stay small.
//
//go:noinline
func fail(op, text string) { panic("kernels: " + op + ": " + text) }

// own demands that the device can reach the tensors.
func (k Check) own(op string, ts ...Tensor) {
	for _, t := range ts {
		m := t.memory
		switch {
		case m == nil || m.owner == k.Owner && !m.released:
		case m.released:
			fail(op, "the memory of a tensor was given back")
		case m.owner != nil || !k.Host:
			fail(op, "tensor of another device")
		}
	}
}

// typed demands tensors of the device's type.
func (k Check) typed(op string, ts ...Tensor) {
	k.own(op, ts...)
	for _, t := range ts {
		if t.typ != k.Type && t.Len() > 0 {
			fail(op, "element type differs from the device's")
		}
	}
}

// active demands activations: tensors of one type, the device's or bfloat16 where it supports that.
func (k Check) active(op string, ts ...Tensor) {
	k.own(op, ts...)
	var typ Type
	for _, t := range ts {
		switch {
		case t.Len() == 0:
		case t.typ != k.Type && !(k.BFloat16 && t.typ == BFloat16):
			fail(op, "element type is none that activations have on the device")
		case typ != 0 && t.typ != typ:
			fail(op, "activations of more than one element type")
		default:
			typ = t.typ
		}
	}
}

func (k Check) float64s(op string, t Tensor, n int) {
	k.own(op, t)
	if t.typ != Float64 || t.Len() != n {
		fail(op, "sums, losses and norms are float64 tensors of fixed length")
	}
}

func same(op string, t Tensor, us ...Tensor) {
	for _, u := range us {
		if !t.SameShape(u) {
			fail(op, "shapes differ")
		}
	}
}

func rank(op string, n int, ts ...Tensor) {
	for _, t := range ts {
		if t.rank != n {
			fail(op, "wrong number of dimensions")
		}
	}
}

func length(op string, n int, ts ...Tensor) {
	for _, t := range ts {
		if t.Len() != n {
			fail(op, "per-channel or per-row vector has the wrong length")
		}
	}
}

// channels is the last dimension of t, which must have one.
func channels(op string, t Tensor) int {
	if t.rank == 0 {
		fail(op, "a tensor without dimensions has no channels")
	}
	return t.dims[t.rank-1]
}

// apart demands that out shares no memory with any of ins.
func apart(op string, out Tensor, ins ...Tensor) {
	for _, in := range ins {
		if touch(out, in) {
			fail(op, "operands overlap that must not")
		}
	}
}

// disjoint demands that no two of ts share memory.
func disjoint(op string, ts ...Tensor) {
	for i, t := range ts {
		apart(op, t, ts[:i]...)
	}
}

// inPlace demands that out is exactly one of ins or shares no memory with it.
func inPlace(op string, out Tensor, ins ...Tensor) {
	for _, in := range ins {
		if overlaps(out, in) {
			fail(op, "output overlaps an input in part")
		}
	}
}

// Memory and transfers.

// Free checks a tensor that is given back.
func (k Check) Free(t Tensor) {
	if t.memory != nil {
		checkFree(t, k.Owner)
	}
}

// New checks the type of a tensor that is to be made.
func (k Check) New(t Type) {
	if t != k.Type && t != Float64 && t != Int32 && !(k.BFloat16 && t == BFloat16) {
		fail("New", "element type that the device does not support")
	}
}

// Transfer checks Write, Read and their like with a host slice of n elements.
func (k Check) Transfer(op string, t Tensor, n int) {
	k.own(op, t)
	if t.Len() != n {
		fail(op, "length of the host slice differs from the tensor's")
	}
	if op == "WriteInt32" && t.typ != Int32 && n > 0 {
		fail(op, "not an int32 tensor")
	}
}

// Elementwise.

func (k Check) Fill(x Tensor) { k.own("Fill", x) }

func (k Check) Copy(y, x Tensor) {
	k.own("Copy", y, x)
	same("Copy", x, y)
	if x.typ != y.typ {
		fail("Copy", "element types differ")
	}
	inPlace("Copy", y, x)
}

func (k Check) Convert(y, x Tensor) {
	const op = "Convert"
	k.own(op, y, x)
	same(op, x, y)
	for _, t := range []Tensor{y, x} {
		if t.Len() > 0 && !t.typ.Float() {
			fail(op, "element type is no floating-point type")
		}
	}
	apart(op, y, x)
}

func (k Check) Map(op string, out Tensor, ins ...Tensor) {
	k.active(op, ins...)
	k.active(op, out, ins[0])
	same(op, out, ins...)
	inPlace(op, out, ins...)
}

func (k Check) AddBias(y, x, b Tensor) {
	k.Map("AddBias", y, x)
	k.typed("AddBias", b)
	length("AddBias", channels("AddBias", y), b)
	apart("AddBias", y, b)
}

func (k Check) AddBiasBackward(db, dy Tensor) {
	const op = "AddBiasBackward"
	k.typed(op, db)
	k.active(op, dy)
	length(op, channels(op, dy), db)
	apart(op, db, dy)
}

// Convolution.

// Conv2D checks the operands of Conv2D and, with dx, dy, dw in the places of x, y, w, of its gradients.
// It returns the geometry with its defaults filled in. The weights have the type of the activations, their gradient dw
// has that of the device.
func (k Check) Conv2D(op string, y, x, w Tensor, c Conv) Conv {
	c = c.Resolved()
	if op == "Conv2DBackwardWeights" {
		k.active(op, y, x)
		k.typed(op, w)
	} else {
		k.active(op, y, x, w)
	}
	rank(op, 4, y, x, w)
	if c.Stride < 1 || c.Pad < 0 || c.Dilation < 1 || c.Groups < 1 {
		fail(op, "stride, dilation and groups are at least 1, padding at least 0")
	}
	if max(c.Stride, c.Pad, c.Dilation) > most {
		fail(op, "stride, dilation or padding beyond 2^30")
	}
	if x.dims[3] != w.dims[3]*c.Groups || w.dims[0]%c.Groups != 0 {
		fail(op, "channels of x, w and the number of groups do not fit")
	}
	want := [maxRank]int{x.dims[0], c.Out(x.dims[1], w.dims[1]), c.Out(x.dims[2], w.dims[2]), w.dims[0]}
	if y.dims != want {
		fail(op, "y does not have the shape that x, w and the geometry give")
	}
	disjoint(op, y, x, w)
	return c
}

// Normalisation.

// ChannelMoments checks the moments of x, which others, the operands beside them, must not touch either.
func (k Check) ChannelMoments(op string, moments, x Tensor, others ...Tensor) {
	k.active(op, x)
	k.float64s(op, moments, 2*channels(op, x))
	apart(op, moments, x)
	apart(op, moments, others...)
}

func (k Check) BatchNormStats(n Norm, runningMean, runningVar, moments Tensor, rows int) {
	const op = "BatchNormStats"
	k.typed(op, n.Mean, n.InvStd, runningMean, runningVar)
	length(op, n.Mean.Len(), n.InvStd, runningMean, runningVar)
	k.float64s(op, moments, 2*n.Mean.Len())
	disjoint(op, n.Mean, n.InvStd, runningMean, runningVar, moments)
	if rows < 1 {
		fail(op, "no rows")
	}
}

func (k Check) InverseStd(invStd, variance Tensor) {
	k.typed("InverseStd", invStd, variance)
	k.Map("InverseStd", invStd, variance)
}

// norm checks the vectors of n, which none of outs may touch.
func (k Check) norm(op string, channels int, n Norm, outs ...Tensor) {
	k.typed(op, n.Gamma, n.Beta, n.Mean, n.InvStd)
	length(op, channels, n.Gamma, n.Beta, n.Mean, n.InvStd)
	for _, out := range outs {
		apart(op, out, n.Gamma, n.Beta, n.Mean, n.InvStd)
	}
}

// BatchNorm checks the forward operations; ins is x, or x and r.
func (k Check) BatchNorm(op string, y Tensor, n Norm, ins ...Tensor) {
	k.Map(op, y, ins...)
	k.norm(op, channels(op, y), n, y)
}

// BatchNormBackward checks the backward operations; ins is dy, x and where there is one y, which dx must not touch.
func (k Check) BatchNormBackward(op string, dx, dgamma, dbeta Tensor, n Norm, ins ...Tensor) {
	k.Map(op, dx, ins...)
	k.norm(op, channels(op, dx), n, dx, dgamma, dbeta)
	k.typed(op, dgamma, dbeta)
	length(op, channels(op, dx), dgamma, dbeta)
	disjoint(op, dx, dgamma, dbeta)
	apart(op, dgamma, ins...)
	apart(op, dbeta, ins...)
	if len(ins) > 2 {
		apart(op, dx, ins[2:]...)
	}
}

// BatchNormResidual checks dr of BatchNormAddReLUBackward, which may be dy or y and touches none of others: the
// remaining operands.
func (k Check) BatchNormResidual(dr, dx, dy, y Tensor, others ...Tensor) {
	const op = "BatchNormAddReLUBackward"
	k.Map(op, dr, dy, y)
	apart(op, dr, dx)
	apart(op, dr, others...)
}

// Pooling.

// MaxPool checks y, x and the geometry of MaxPool and of its gradient.
func (k Check) MaxPool(op string, y, x Tensor, p Pool) {
	k.active(op, y, x)
	rank(op, 4, y, x)
	if p.Size < 1 || p.Stride < 1 || p.Pad < 0 || p.Pad > p.Size/2 {
		fail(op, "size and stride are at least 1, padding 0 to size/2")
	}
	if max(p.Size, p.Stride) > most {
		fail(op, "size or stride beyond 2^30")
	}
	want := [maxRank]int{x.dims[0], p.Out(x.dims[1]), p.Out(x.dims[2]), x.dims[3]}
	if y.dims != want {
		fail(op, "y does not have the shape that x and the geometry give")
	}
	if x.Len() == 0 && y.Len() > 0 {
		fail(op, "windows of an image without pixels have no largest")
	}
	apart(op, y, x)
}

func (k Check) MaxPoolBackward(dx, dy, y, x Tensor, p Pool) {
	const op = "MaxPoolBackward"
	k.MaxPool(op, y, x, p)
	k.active(op, dx, dy, y, x)
	same(op, x, dx)
	same(op, y, dy)
	apart(op, dx, dy, y, x)
}

// GlobalAveragePool checks the pool and its gradient: y is [N,C], x is [N,H,W,C].
func (k Check) GlobalAveragePool(op string, y, x Tensor) {
	k.typed(op, y)
	k.active(op, x)
	rank(op, 2, y)
	rank(op, 4, x)
	if y.dims[0] != x.dims[0] || y.dims[1] != x.dims[3] {
		fail(op, "y is [N,C] for x [N,H,W,C]")
	}
	apart(op, y, x)
}

// Algebra.

// MatMul returns the sizes m, n, k of c [m,n] = A [m,k] * B [k,n].
func (k Check) MatMul(c, a, b Tensor, p Product) (m, n, depth int) {
	const op = "MatMul"
	k.typed(op, c, a, b)
	rank(op, 2, c, a, b)
	am, ak := a.dims[0], a.dims[1]
	if p.TransA {
		am, ak = ak, am
	}
	bk, bn := b.dims[0], b.dims[1]
	if p.TransB {
		bk, bn = bn, bk
	}
	if am != c.dims[0] || bn != c.dims[1] || ak != bk {
		fail(op, "sizes do not fit")
	}
	apart(op, c, a, b)
	return am, bn, ak
}

func (k Check) NormalizeRows(y, norms, x Tensor) {
	const op = "NormalizeRows"
	k.Map(op, y, x)
	k.typed(op, norms, y, x)
	length(op, x.Rows(), norms)
	apart(op, norms, x, y)
}

func (k Check) NormalizeRowsBackward(dx, dy, y, norms Tensor) {
	const op = "NormalizeRowsBackward"
	k.Map(op, dx, dy, y)
	k.typed(op, norms, dx, dy, y)
	length(op, y.Rows(), norms)
	apart(op, dx, norms, y)
}

func (k Check) PairwiseMinimum(c, a, b Tensor) (m, n, depth int) {
	const op = "PairwiseMinimum"
	k.typed(op, c, a, b)
	rank(op, 2, c, a, b)
	m, n, depth = a.dims[0], b.dims[0], a.dims[1]
	if c.dims[0] != m || c.dims[1] != n || b.dims[1] != depth {
		fail(op, "c is [m,n] for a [m,d] and b [n,d]")
	}
	apart(op, c, a, b)
	return m, n, depth
}

// Losses.

func (k Check) LogSoftmax(y, x Tensor) {
	k.typed("LogSoftmax", y, x)
	k.Map("LogSoftmax", y, x)
}

func (k Check) LogSoftmaxBackward(dx, dy, y Tensor) {
	k.typed("LogSoftmaxBackward", dx, dy, y)
	k.Map("LogSoftmaxBackward", dx, dy, y)
	apart("LogSoftmaxBackward", dx, y)
}

func (k Check) PositivesLoss(loss, logp, labels Tensor, normaliser Normaliser) {
	const op = "PositivesLoss"
	k.typed(op, logp, labels)
	same(op, logp, labels)
	k.Loss(op, loss, logp, labels)
	if normaliser > Anchor {
		fail(op, "unknown normaliser")
	}
}

func (k Check) PositivesLossBackward(dx, logp, labels Tensor, normaliser Normaliser) {
	const op = "PositivesLossBackward"
	k.typed(op, dx, logp, labels)
	k.Map(op, dx, logp, labels)
	apart(op, dx, logp, labels)
	if normaliser > Anchor {
		fail(op, "unknown normaliser")
	}
}

// ContrastiveLoss reports whether k is the tensor q.
func (k Check) ContrastiveLoss(loss, lse, q, keys, queue Tensor, labels Labels, c Contrast) (symmetric bool) {
	return k.contrastiveLoss("ContrastiveLoss", loss, lse, q, keys, queue, labels, c)
}

// ContrastiveLossBackward reports whether k is the tensor q.
func (k Check) ContrastiveLossBackward(dq, dk, lse, q, keys, queue Tensor, labels Labels, c Contrast) (symmetric bool) {
	return k.contrastiveLossBackward("ContrastiveLossBackward", dq, dk, lse, q, keys, queue, labels, c)
}

// ContrastiveLossAndBackward reports whether k is the tensor q.
func (k Check) ContrastiveLossAndBackward(loss, lse, dq, dk, q, keys, queue Tensor, labels Labels, c Contrast) (symmetric bool) {
	const op = "ContrastiveLossAndBackward"
	k.contrastiveLoss(op, loss, lse, q, keys, queue, labels, c)
	apart(op, loss, dq, dk)
	return k.contrastiveLossBackward(op, dq, dk, lse, q, keys, queue, labels, c)
}

func (k Check) contrastiveLoss(op string, loss, lse, q, keys, queue Tensor, labels Labels, c Contrast) (symmetric bool) {
	k.contrast(op, lse, q, keys, queue, labels, c)
	k.Loss(op, loss, lse, q, keys, queue, labels.Offsets, labels.Columns, labels.Weights)
	apart(op, lse, q, keys, queue, labels.Offsets, labels.Columns, labels.Weights)
	return sameBlock(q, keys)
}

func (k Check) contrastiveLossBackward(op string, dq, dk, lse, q, keys, queue Tensor, labels Labels, c Contrast) (symmetric bool) {
	k.contrast(op, lse, q, keys, queue, labels, c)
	k.typed(op, dq, dk)
	same(op, dq, q)
	symmetric = sameBlock(q, keys)
	switch {
	case dk.rank == 0:
	case symmetric:
		fail(op, "dk is the zero Tensor where k is the tensor q: dq has the gradient of both")
	default:
		same(op, dk, keys)
	}
	for _, out := range []Tensor{dq, dk} {
		apart(op, out, lse, q, keys, queue, labels.Offsets, labels.Columns, labels.Weights)
	}
	apart(op, dq, dk)
	return symmetric
}

// contrast checks what the contrastive loss and its gradient share.
func (k Check) contrast(op string, lse, q, keys, queue Tensor, labels Labels, c Contrast) {
	k.typed(op, lse, q, keys, queue, labels.Weights)
	k.own(op, labels.Offsets, labels.Columns)
	rank(op, 2, q, keys)
	length(op, q.dims[0], lse)
	switch {
	case keys.dims[1] != q.dims[1]:
		fail(op, "the rows of q and k differ in length")
	case queue.rank != 0 && (queue.rank != 2 || queue.dims[1] != q.dims[1]):
		fail(op, "the queue is [Q,d] for q [N,d], or the zero Tensor")
	case c.Keys > OwnKey || c.Normaliser > Anchor:
		fail(op, "unknown choice of keys, or unknown normaliser")
	case c.Keys != AllKeys && keys.dims[0] != q.dims[0]:
		fail(op, "an anchor has a key of its own only among as many keys as anchors")
	case labels.Offsets.typ != Int32 || labels.Columns.typ != Int32 && labels.Columns.Len() > 0:
		fail(op, "offsets and columns of labels are int32")
	case labels.Offsets.Len() != q.dims[0]+1:
		fail(op, "labels have one offset more than there are anchors")
	}
}

// Alignment checks AlignmentLoss and, with do in the place of o, its gradient.
func (k Check) Alignment(op string, o, t, a Tensor) {
	k.typed(op, o, t, a)
	rank(op, 2, o, t, a)
	same(op, o, t)
	if a.dims[0] != o.dims[0] || a.dims[1] != o.dims[0] {
		fail(op, "a is [B,B] for o and t [B,d]")
	}
	apart(op, o, t, a)
}

// Loss checks the float64 tensor of one element that a loss of ins is added to.
func (k Check) Loss(op string, loss Tensor, ins ...Tensor) {
	k.float64s(op, loss, 1)
	apart(op, loss, ins...)
}

// Optimisers.

// Update checks an optimiser: p, which is written, and the blocks of the same length beside it.
func (k Check) Update(op string, p Tensor, others ...Tensor) {
	k.typed(op, p)
	k.typed(op, others...)
	length(op, p.Len(), others...)
	apart(op, p, others...)
	disjoint(op, others...)
}

func (k Check) AdamW(p, g, m, v Tensor, o AdamW) {
	k.Update("AdamW", p, g, m, v)
	if o.Step < 1 {
		fail("AdamW", "steps count from 1")
	}
}

// Reduce checks SumSquares and CountNonFinite.
func (k Check) Reduce(op string, out, x Tensor) {
	k.typed(op, x)
	k.float64s(op, out, 1)
	apart(op, out, x)
}

// Augmentation.

// Augment checks y [N,S,S,C], images [M,words] and table [N,columns].
func (k Check) Augment(y, images, table Tensor, v Views) {
	const op = "Augment"
	k.active(op, y)
	k.own(op, images, table)
	rank(op, 4, y)
	rank(op, 2, images, table)
	side, channels, columns := y.dims[1], y.dims[3], table.dims[1]
	switch {
	case images.typ != Int32 || table.typ != Float64:
		fail(op, "images are int32, the table float64")
	case side != y.dims[2] || side < 1 || channels != 1 && channels != 3:
		fail(op, "views are squares of one channel or three")
	case v.Side < 1 || v.Bits != 8 && v.Bits != 16:
		fail(op, "images have a side of at least 1, and 8 or 16 bits a value")
	case v.Side > 1<<24: // the bits of an image are a number
		fail(op, "images have a side beyond 2^24")
	case images.dims[1] != v.Row(channels):
		fail(op, "a row of images is not as long as an image is")
	case images.dims[0] == 0 && y.dims[0] > 0 || images.dims[0] > 0 && y.dims[0]%images.dims[0] != 0:
		fail(op, "the views are no multiple of the images")
	case table.dims[0] != y.dims[0] || columns < ViewColumns(0) || columns > ViewColumns(side-1):
		fail(op, "the table has a row for each view, with one weight of the blur or more and no more than a view is wide")
	}
	apart(op, y, images, table)
}
