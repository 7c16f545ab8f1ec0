package kernels

// Check holds the operand checks of every operation. A device calls the check of an operation first and may then trust
// its operands; so a wrong call panics with the same text on every device. Check.Type is the device's element type.
type Check struct{ Type Type }

// fail is out of line so that the checks stay small.
//
//go:noinline
func fail(op, text string) { panic("kernels: " + op + ": " + text) }

func (k Check) typed(op string, ts ...Tensor) {
	for _, t := range ts {
		if t.Type() != k.Type && t.Len() > 0 {
			fail(op, "element type differs from the device's")
		}
	}
}

func (k Check) float64s(op string, t Tensor, n int) {
	if t.Type() != Float64 || t.Len() != n {
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

// touch reports whether two tensors share any memory.
func touch(a, b Tensor) bool { return sameBlock(a, b) || overlaps(a, b) }

// overlaps reports whether two tensors share memory without being the same block.
func overlaps(a, b Tensor) bool {
	switch {
	case len(a.f32) > 0 && len(b.f32) > 0:
		return overlap(a.f32, b.f32, 4)
	case len(a.f64) > 0 && len(b.f64) > 0:
		return overlap(a.f64, b.f64, 8)
	}
	return false
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

// Write and Read.

func (k Check) Transfer(op string, t Tensor, n int) {
	if t.Len() != n {
		fail(op, "length of the host slice differs from the tensor's")
	}
}

// Elementwise.

func (k Check) Copy(y, x Tensor) {
	same("Copy", x, y)
	if x.Type() != y.Type() {
		fail("Copy", "element types differ")
	}
	inPlace("Copy", y, x)
}

func (k Check) Map(op string, out Tensor, ins ...Tensor) {
	k.typed(op, out)
	k.typed(op, ins...)
	same(op, out, ins...)
	inPlace(op, out, ins...)
}

func (k Check) AddBias(y, x, b Tensor) {
	k.Map("AddBias", y, x)
	k.typed("AddBias", b)
	length("AddBias", y.Channels(), b)
	apart("AddBias", y, b)
}

func (k Check) AddBiasBackward(db, dy Tensor) {
	const op = "AddBiasBackward"
	k.typed(op, db, dy)
	length(op, dy.Channels(), db)
	apart(op, db, dy)
}

// Convolution.

// Conv2D checks the operands of Conv2D and, with dx, dy, dw in the places of x, y, w, of its gradients.
func (k Check) Conv2D(op string, y, x, w Tensor, c Conv) {
	k.typed(op, y, x, w)
	rank(op, 4, y, x, w)
	if c.Stride < 1 || c.Pad < 0 || c.Dilation < 1 || c.Groups < 1 {
		fail(op, "stride, dilation and groups are at least 1, padding at least 0")
	}
	if x.dims[3] != w.dims[3]*c.Groups || w.dims[0]%c.Groups != 0 {
		fail(op, "channels of x, w and the number of groups do not fit")
	}
	want := [maxRank]int{x.dims[0], c.Out(x.dims[1], w.dims[1]), c.Out(x.dims[2], w.dims[2]), w.dims[0]}
	if y.dims != want {
		fail(op, "y does not have the shape that x, w and the geometry give")
	}
	disjoint(op, y, x, w)
}

// Normalisation.

func (k Check) ChannelSums(op string, sums, x Tensor) {
	k.typed(op, x)
	k.float64s(op, sums, 2*x.Channels())
}

func (k Check) BatchNormStats(n Norm, runningMean, runningVar, sums Tensor, rows int) {
	const op = "BatchNormStats"
	k.typed(op, n.Mean, n.InvStd, runningMean, runningVar)
	length(op, n.Mean.Len(), n.InvStd, runningMean, runningVar)
	k.float64s(op, sums, 2*n.Mean.Len())
	disjoint(op, n.Mean, n.InvStd, runningMean, runningVar)
	if rows < 1 {
		fail(op, "no rows")
	}
}

func (k Check) InverseStd(invStd, variance Tensor) {
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
	k.norm(op, y.Channels(), n, y)
}

// BatchNormBackward checks the backward operations; ins is dy, x and where there is one y, which dx must not touch.
func (k Check) BatchNormBackward(op string, dx, dgamma, dbeta Tensor, n Norm, ins ...Tensor) {
	k.Map(op, dx, ins...)
	k.norm(op, dx.Channels(), n, dx, dgamma, dbeta)
	k.typed(op, dgamma, dbeta)
	length(op, dx.Channels(), dgamma, dbeta)
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
	k.typed(op, y, x)
	rank(op, 4, y, x)
	if p.Size < 1 || p.Stride < 1 || p.Pad < 0 || 2*p.Pad > p.Size {
		fail(op, "size and stride are at least 1, padding 0 to size/2")
	}
	want := [maxRank]int{x.dims[0], p.Out(x.dims[1]), p.Out(x.dims[2]), x.dims[3]}
	if y.dims != want {
		fail(op, "y does not have the shape that x and the geometry give")
	}
	apart(op, y, x)
}

func (k Check) MaxPoolBackward(dx, dy, y, x Tensor, p Pool) {
	const op = "MaxPoolBackward"
	k.MaxPool(op, y, x, p)
	k.typed(op, dx, dy)
	same(op, x, dx)
	same(op, y, dy)
	apart(op, dx, dy, y, x)
}

// GlobalAveragePool checks the pool and its gradient: y is [N,C], x is [N,H,W,C].
func (k Check) GlobalAveragePool(op string, y, x Tensor) {
	k.typed(op, y, x)
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
	k.typed(op, norms)
	length(op, x.Rows(), norms)
	apart(op, norms, x, y)
}

func (k Check) NormalizeRowsBackward(dx, dy, y, norms Tensor) {
	const op = "NormalizeRowsBackward"
	k.Map(op, dx, dy, y)
	k.typed(op, norms)
	length(op, y.Rows(), norms)
	apart(op, dx, norms, y)
}

func (k Check) Pairwise(op string, r, x Tensor) {
	k.typed(op, r, x)
	rank(op, 2, r, x)
	if r.dims[0] != x.dims[0] || r.dims[1] != x.dims[0] {
		fail(op, "r is [n,n] for x [n,d]")
	}
	apart(op, r, x)
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

func (k Check) LogSoftmaxBackward(dx, dy, y Tensor) {
	k.Map("LogSoftmaxBackward", dx, dy, y)
	apart("LogSoftmaxBackward", dx, y)
}

func (k Check) PositivesLoss(loss, logp, labels Tensor, normaliser Normaliser) {
	const op = "PositivesLoss"
	k.typed(op, logp, labels)
	same(op, logp, labels)
	k.float64s(op, loss, 1)
	if normaliser > Anchor {
		fail(op, "unknown normaliser")
	}
}

func (k Check) PositivesLossBackward(dx, logp, labels Tensor, normaliser Normaliser) {
	const op = "PositivesLossBackward"
	k.Map(op, dx, logp, labels)
	apart(op, dx, logp, labels)
	if normaliser > Anchor {
		fail(op, "unknown normaliser")
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

// Loss checks the float64 tensor of one element that losses and norms are added to.
func (k Check) Loss(op string, loss Tensor) { k.float64s(op, loss, 1) }

// Optimisers.

// Update checks an optimiser: p, which is written, and the blocks of the same length beside it.
func (k Check) Update(op string, p Tensor, others ...Tensor) {
	k.typed(op, p)
	k.typed(op, others...)
	length(op, p.Len(), others...)
	apart(op, p, others...)
	disjoint(op, others...)
}

// Reduce checks SumSquares and CountNonFinite.
func (k Check) Reduce(op string, out, x Tensor) {
	k.typed(op, x)
	k.float64s(op, out, 1)
}
