package kernels

import "cmp"

// Device carries out operations on tensors in its own memory.
//
// Operations run in the order of their calls, perhaps after the calls have returned; Read, ReadFloat64 and Sync wait for
// them. A device belongs to one goroutine at a time.
//
// Operations return nothing. A device that fails stays failed: every later operation does nothing, and Read, ReadFloat64
// and Sync return the error, which names the operation that failed. So what was computed is good if a Read or Sync after
// it returned no error.
//
// Below, every tensor has the element type Type() unless the text says otherwise; x[i] on a flat index, x[r,c] on the
// matrix [Rows, Channels]. An activation, and the gradient of one, may have the type BFloat16 where the device supports
// it: the operation then computes as with float32 and rounds to nearest even as it stores. All activations of a call have
// one type.
type Device interface {
	// Name says what runs, for logs: "reference/float64", "cpu/avx2", "cpu/avx512".
	Name() string
	// Type is the element type of weights, their gradients, moments, statistics, embeddings: Float32, or Float64 on the
	// float64 reference.
	Type() Type
	// Supports reports whether tensors of a type can be made and taken where the contract allows it. Every device has
	// Type(), Float64 and Int32.
	Supports(t Type) bool

	// New allocates a zeroed tensor, aligned for the device's widest load. Where memory runs out the device fails: the
	// error is an [OutOfMemory], and the tensor must not be read.
	New(t Type, dims ...int) Tensor
	// Free gives the memory of a tensor of New back; no view of it may be used afterwards. Operations that were issued before
	// still have it.
	Free(t Tensor)
	// InUse is the bytes of all tensors that were made and not given back.
	InUse() int64
	// NewBuffer allocates host memory of n floats that Write and Read transfer fastest; FreeBuffer gives it back, behind the
	// operations that were issued before.
	NewBuffer(n int) []float32
	FreeBuffer(b []float32)

	// Write copies host values into dst, of any type, converting to it; len(src) == dst.Len(). src may be used again when
	// Write returns; if it lies in a buffer of NewBuffer, after the next Read, ReadFloat64 or Sync.
	Write(dst Tensor, src []float32)
	// WriteFloat64 is Write from float64, rounding once; src may be used again when it returns.
	WriteFloat64(dst Tensor, src []float64)
	// WriteInt32 is Write into a tensor of type Int32. A buffer of NewBuffer is one of int32 by [Int32s].
	WriteInt32(dst Tensor, src []int32)
	// Read waits for the operations issued so far and copies src, of any type, to the host, converting to float32.
	Read(dst []float32, src Tensor) error
	// ReadFloat64 is Read into float64.
	ReadFloat64(dst []float64, src Tensor) error
	// Sync waits for all operations issued so far.
	Sync() error
	// Close releases the device's workers and memory. Its tensors must not be used afterwards.
	Close()

	Elementwise
	Convolution
	Normalisation
	Pooling
	Algebra
	Losses
	Optimisers
	Augmentation
}

// Multiplier is a device that can be made to multiply tensors of its type with fewer digits than they have. Products names what
// it multiplies in: "float32", or "tf32" where operands are rounded to 10 binary digits behind the point first.
type Multiplier interface {
	Device
	Products() string
}

// Elementwise operations. All work in place: an output may be the same tensor as an input.
type Elementwise interface {
	// Fill: x[i] = v. x may be of any type.
	Fill(x Tensor, v float64)
	// Copy: y[i] = x[i]. Same shape, same type (any).
	Copy(y, x Tensor)
	// Convert: y[i] = x[i], rounded to nearest even where the type of y is the narrower one. Same shape, any floating-point
	// types; y and x share no memory.
	Convert(y, x Tensor)
	// ReLU: y[i] = x[i] < 0 ? 0 : x[i]. NaN stays NaN; -0 may become +0.
	ReLU(y, x Tensor)
	// ReLUBackward: dx[i] = y[i] <= 0 ? 0 : dy[i], for y the output of ReLU.
	ReLUBackward(dx, dy, y Tensor)
	// AddBias: y[r,c] = x[r,c] + b[c].
	AddBias(y, x, b Tensor)
	// AddBiasBackward: db[c] += sum_r dy[r,c].
	AddBiasBackward(db, dy Tensor)
}

// Convolution operations. x is [N,H,W,C], w is [K,R,S,C/Groups], y is [N,OH,OW,K] with OH = c.Out(H, R), OW = c.Out(W, S).
// Input channels c of group g are g*C/Groups ..., output channels g*K/Groups ...; h = oh*Stride - Pad + r*Dilation;
// pixels outside the image add nothing. A device may take them for products with 0: what is not finite, in w or for dw in dy, may then
// make a NaN of any sum that it belongs to by its channels. w has the type of the activations, dw that of the device.
type Convolution interface {
	// Conv2D: y[n,oh,ow,k] = sum_{r,s,c} x[n,h,w,c] * w[k,r,s,c].
	Conv2D(y, x, w Tensor, c Conv)
	// Conv2DStats is Conv2D followed by ChannelMoments of y: moments is float64 [2,K], overwritten.
	Conv2DStats(y, moments, x, w Tensor, c Conv)
	// Conv2DBackwardData: dx[n,h,w,c] = sum over all (oh,ow,r,s,k) that read x[n,h,w,c] of dy[n,oh,ow,k] * w[k,r,s,c].
	Conv2DBackwardData(dx, dy, w Tensor, c Conv)
	// Conv2DBackwardDataAdd is Conv2DBackwardData with dx += instead of =: where two paths of a block meet.
	Conv2DBackwardDataAdd(dx, dy, w Tensor, c Conv)
	// Conv2DBackwardWeights: dw[k,r,s,c] += sum_{n,oh,ow} dy[n,oh,ow,k] * x[n,h,w,c].
	Conv2DBackwardWeights(dw, dy, x Tensor, c Conv)
}

// Normalisation operations: batch normalisation over the rows of [M, C] (Ioffe & Szegedy 2015), in separate steps so
// that the moments can come from Conv2DStats. xhat[r,c] = (x[r,c] - Mean[c]) * InvStd[c].
//
// The forward operations work in place. In the backward ones dx may be dy or x, and dr may be dy or y, but dx is not dr.
type Normalisation interface {
	// ChannelMoments: moments[0,c] = mean = sum_r x[r,c]/M, moments[1,c] = sum_r (x[r,c]-mean)^2 over the M rows, never below
	// 0; both are 0 without rows. moments is float64 [2,C], overwritten. Their error follows the spread of a channel, not
	// its mean: a device never subtracts the square of a mean from the mean of squares.
	ChannelMoments(moments, x Tensor)
	// BatchNormStats turns the moments of rows rows into Mean = moments[0] and InvStd = 1/sqrt(var+eps), var =
	// moments[1]/rows, and moves the running statistics as PyTorch does: running = (1-momentum)*running +
	// momentum*(Mean, var*rows/(rows-1)); with rows == 1 the running variance takes var. A NaN carries through.
	BatchNormStats(n Norm, runningMean, runningVar, moments Tensor, rows int, eps, momentum float64)
	// InverseStd: invStd[c] = 1/sqrt(variance[c]+eps); with Mean = running mean it makes the Norm of eval mode.
	InverseStd(invStd, variance Tensor, eps float64)
	// BatchNorm: y[r,c] = xhat[r,c]*Gamma[c] + Beta[c].
	BatchNorm(y, x Tensor, n Norm)
	// BatchNormReLU is BatchNorm, then ReLU.
	BatchNormReLU(y, x Tensor, n Norm)
	// BatchNormAddReLU is BatchNorm, then Add of r (same shape as x), then ReLU: the end of a residual block.
	BatchNormAddReLU(y, x, r Tensor, n Norm)
	// BatchNormBackward is the gradient of BatchNorm with Mean and InvStd taken from x itself (train mode):
	// dbeta[c] += sum_r dy[r,c]; dgamma[c] += sum_r dy[r,c]*xhat[r,c]; with B and G these two sums of this call and M rows,
	// dx[r,c] = Gamma[c]*InvStd[c]*(dy[r,c] - B/M - xhat[r,c]*G/M).
	BatchNormBackward(dx, dgamma, dbeta, dy, x Tensor, n Norm)
	// BatchNormReLUBackward is ReLUBackward with y, then BatchNormBackward.
	BatchNormReLUBackward(dx, dgamma, dbeta, dy, y, x Tensor, n Norm)
	// BatchNormAddReLUBackward is the gradient of BatchNormAddReLU: g = ReLUBackward(dy, y); dr = g; dx from g.
	BatchNormAddReLUBackward(dx, dr, dgamma, dbeta, dy, y, x Tensor, n Norm)
}

// Pooling operations. x is [N,H,W,C], y is [N,OH,OW,C] (max) or [N,C] (global average).
type Pooling interface {
	// MaxPool: y = the largest x of the window, padding excluded. A NaN in the window gives NaN.
	MaxPool(y, x Tensor, p Pool)
	// MaxPoolBackward: dx = 0, then every dy goes to the first element of its window, in row order, that equals y; the
	// gradient of a window with a NaN goes nowhere.
	MaxPoolBackward(dx, dy, y, x Tensor, p Pool)
	// GlobalAveragePool: y[n,c] = sum_{h,w} x[n,h,w,c] / (H*W). x and dx are activations, y and dy have the device's type.
	GlobalAveragePool(y, x Tensor)
	// GlobalAveragePoolBackward: dx[n,h,w,c] = dy[n,c] / (H*W).
	GlobalAveragePoolBackward(dx, dy Tensor)
}

// Algebra operations on matrices.
type Algebra interface {
	// MatMul: c[i,j] = sum_k A[i,k]*B[k,j] (+ c[i,j] with p.Accumulate), where A is a or its transpose, B is b or its
	// transpose. A linear layer, PyTorch's weight w [out,in]: y = MatMul(x, w, TransB); dx = MatMul(dy, w);
	// dw += MatMul(dy, x, TransA, Accumulate).
	MatMul(c, a, b Tensor, p Product)
	// PairwiseMinimum: c[i,j] = sum_k min(a[i,k], b[j,k]) for the rows of a [m,d] and b [n,d]; c is [m,n]. The minimum with
	// a NaN is NaN. The histogram intersection of rows that are not negative. a and b may be the same tensor.
	PairwiseMinimum(c, a, b Tensor)
	// NormalizeRows: norms[r] = max(sqrt(sum_c x[r,c]^2), eps); y[r,c] = x[r,c] / norms[r]. In place. norms is [Rows].
	NormalizeRows(y, norms, x Tensor, eps float64)
	// NormalizeRowsBackward: dx[r,c] = (dy[r,c] - y[r,c]*sum_j y[r,j]*dy[r,j]) / norms[r]. dx may be dy. (Rows shorter than
	// eps are treated as if they were normalised.)
	NormalizeRowsBackward(dx, dy, y, norms Tensor)
}

// Losses, each added to loss, a float64 tensor of one element.
type Losses interface {
	// LogSoftmax: y[r,c] = x[r,c] - log(sum_j exp(x[r,j])), computed with the row maximum taken out. In place. -Inf is a
	// legal input (a masked column) unless the whole row is -Inf.
	LogSoftmax(y, x Tensor)
	// LogSoftmaxBackward: dx[r,c] = dy[r,c] - exp(y[r,c]) * sum_j dy[r,j]. dx may be dy.
	LogSoftmaxBackward(dx, dy, y Tensor)
	// PositivesLoss is the cross-entropy with several positives (InfoNCE, SupCon's L_out): loss += scale * -sum_{r,c}
	// w_r*labels[r,c]*logp[r,c] for logp of LogSoftmax and labels >= 0. Global: w_r = 1/sum(labels), 0 without any labels.
	// Anchor: w_r = 1/(Rows*sum_c labels[r,c]), 0 for a row without labels. Entries with label 0 count 0, also at logp = -Inf.
	PositivesLoss(loss, logp, labels Tensor, normaliser Normaliser, scale float64)
	// PositivesLossBackward: dx[r,c] = scale*w_r*(exp(logp[r,c])*sum_j labels[r,j] - labels[r,c]), the gradient of
	// PositivesLoss with respect to the input of LogSoftmax.
	PositivesLossBackward(dx, logp, labels Tensor, normaliser Normaliser, scale float64)
	// ContrastiveLoss is PositivesLoss of LogSoftmax of the products of q [N,d] with its candidates, without the matrix of
	// them: the memory is O((N+M) d) whatever N and M are. The candidates of anchor i are the rows of k [M,d] that c.Keys
	// admits, then all rows of queue, which is [Q,d] or the zero Tensor; column j < M is row j of k, column M+j row j of
	// queue. With z[i,j] = c.Scale * <q_i, candidate_j> for the columns of anchor i:
	//
	//	lse[i] = log sum_j exp(z[i,j]), with the row maximum taken out; -Inf for an anchor without columns
	//	loss += scale * -sum_{i,j} w_i*label[i,j]*(z[i,j] - lse[i]), w_i that of PositivesLoss
	//
	// loss is float64 of one element, lse is [N]. k may be the tensor q.
	ContrastiveLoss(loss, lse, q, k, queue Tensor, labels Labels, c Contrast, scale float64)
	// ContrastiveLossBackward is the gradient of ContrastiveLoss for its lse. With L_i the sum of the labels of row i:
	//
	//	g[i,j] = scale*w_i * (exp(z[i,j] - lse[i])*L_i - label[i,j]), for the columns of anchor i
	//	dq[i,:] = c.Scale * sum_j g[i,j]*candidate_j; dk[j,:] = c.Scale * sum_i g[i,j]*q_i
	//
	// Both are overwritten. dk may be the zero Tensor where no gradient of the keys is wanted; the queue has none. Where k is
	// the tensor q, dq is the gradient of both roles together, the sum of the two, and dk must be the zero Tensor. A column
	// that Keys takes out may count as a product with 0: a NaN in row i of k may reach dq[i,:], and one in q_i or in a label of
	// anchor i dk[i,:].
	ContrastiveLossBackward(dq, dk, lse, q, k, queue Tensor, labels Labels, c Contrast, scale float64)
	// ContrastiveLossAndBackward is ContrastiveLoss and then ContrastiveLossBackward for its lse and the same scale, rounded
	// otherwise. A device may keep what both need from one to the other, if it is some tens of MB whatever N and M are.
	ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue Tensor, labels Labels, c Contrast, scale float64)
	// AlignmentLoss is one half of the BYOL loss with a positives matrix (GzPT): loss += -scale * sum_{i,j} a[i,j] <o_i,t_j>
	// / sum(a), for o and t [B,d] of normalised rows and a [B,B] of 0 and 1.
	AlignmentLoss(loss, o, t, a Tensor, scale float64)
	// AlignmentLossBackward: do[i,:] = -scale/sum(a) * sum_j a[i,j]*t[j,:].
	AlignmentLossBackward(do, t, a Tensor, scale float64)
}

// Optimisers update a block of parameters p from its gradients g; all tensors have the same length and any rank.
type Optimisers interface {
	// SGD: d = g + WeightDecay*p; m = Momentum*m + d; p -= LR*m.
	SGD(p, g, m Tensor, o SGD)
	// AdamW (Loshchilov & Hutter 2019): p *= 1 - LR*WeightDecay; m = Beta1*m + (1-Beta1)*g; v = Beta2*v + (1-Beta2)*g^2;
	// p -= LR/(1-Beta1^Step) * m / (sqrt(v)/sqrt(1-Beta2^Step) + Eps). Step counts from 1.
	AdamW(p, g, m, v Tensor, o AdamW)
	// LARS (You et al. 2017) for one parameter tensor: if |p| > 0 and |g| > 0, d = (g + WeightDecay*p) *
	// Trust*|p|/(|g| + WeightDecay*|p| + Eps), otherwise d = g; m = Momentum*m + d; p -= LR*m.
	LARS(p, g, m Tensor, o LARS)
	// EMA: t[i] = momentum*t[i] + (1-momentum)*o[i]: the target network follows the online one.
	EMA(t, o Tensor, momentum float64)
	// SumSquares: out[0] = sum x[i]^2; out is float64 of one element. NaN and Inf carry through, and a finite float32 block
	// never overflows.
	SumSquares(out, x Tensor)
	// CountNonFinite: out[0] = how many x[i] are NaN or infinite; out is float64 of one element.
	CountNonFinite(out, x Tensor)
}

// Augmentation makes what a network sees of stored images.
type Augmentation interface {
	// Augment makes views y [N,S,S,C], C 1 or 3, of images that are stored as whole numbers: images is Int32 [M,v.Row(C)], N a
	// multiple of M, each row the values of [v.Side,v.Side,C] in v.Bits bits, the first in the lowest ones; view n is of image
	// n%M. How is told by row n of table, Float64 [N,ViewColumns(r)], as [View] writes it. y is an activation. With t =
	// table[n], and A the side of the image:
	//
	//	f[h,w,c] = (min(max(stored, Low), High) - Low) / (High - Low), 0 where High <= Low
	//	s[y,x,c] = sum_k across[k] * (sum_j down[j] * f[first_y+j,first_x+k,c]), left and right exchanged with Flip
	//	s = Steps[i] of s, one after the other; luma is 0.299 R + 0.587 G + 0.114 B, or the value of a grey view
	//	b[y,x,c] = Blur[0]*s[y,x,c] + sum_k Blur[k]*(s[y,x-k,c] + s[y,x+k,c]), then the same down the columns of b
	//	z = b >= Threshold ? 1-b : b
	//	y[n,y,x,c] = (z[y,x,c] - Mean[c]) / Std[c]
	//
	// down and first_y are those of a triangle, antialiased as Pillow resizes, in float64; across and first_x likewise:
	//
	//	scale = Height*A/S; reach = max(scale, 1); centre = Y*A + (y+0.5)*scale
	//	first = max(int(centre-reach+0.5), 0); end = min(int(centre+reach+0.5), A)
	//	u[j] = max(0, 1 - |first+j+0.5 - centre|/reach), first+j < end; down[j] = u[j] / sum u
	//
	// Pixels beyond the border of a blur are reflected at it, which is not repeated: -1 is 1. Images of another size than the
	// views', parts of less than a pixel, the values of the amounts: all are legal. What a table holds that no [View] of parts within
	// the image gives makes values that nobody knows, but touches no memory beside the operands.
	//
	// A device of type Float32 computes in float32 what is not said to be float64, each product and each sum rounded, sums in
	// the order above; the mean luma is a float64 sum in the order of the pixels. So it has the bits of package augment, on
	// processors where Go does not fuse products and sums (amd64).
	Augment(y, images, table Tensor, v Views)
}

// Conv is the geometry of a convolution, the same for rows and columns. A Dilation or Groups of 0 means 1. No number of a geometry is
// above 2^30.
type Conv struct {
	Stride, Pad, Dilation, Groups int
}

// Resolved is the geometry with 1 where 0 means it.
func (c Conv) Resolved() Conv {
	c.Dilation, c.Groups = cmp.Or(c.Dilation, 1), cmp.Or(c.Groups, 1)
	return c
}

// Out is the output size along an axis of size in under a kernel of size k: floor((in + 2 Pad - Dilation (k-1) - 1) / Stride)
// + 1, or 0 where the kernel does not fit.
func (c Conv) Out(in, k int) int {
	span := in + 2*c.Pad - cmp.Or(c.Dilation, 1)*(k-1) - 1
	if span < 0 {
		return 0
	}
	return span/c.Stride + 1
}

// Pool is the geometry of a max pool, the same for rows and columns. Pad is at most Size/2, so that every window of an image with pixels
// has one.
type Pool struct {
	Size, Stride, Pad int
}

// Out is the output size along an axis of size in.
func (p Pool) Out(in int) int { return Conv{Stride: p.Stride, Pad: p.Pad}.Out(in, p.Size) }

// Norm is the per-channel vectors of one batch normalisation, each of length C.
type Norm struct {
	Gamma, Beta, Mean, InvStd Tensor
}

// Product is the form of a matrix product.
type Product struct {
	TransA, TransB, Accumulate bool
}

// Labels are the positives of a contrastive loss as sparse rows: row i has the label Weights[e] >= 0 at column Columns[e]
// for e in Offsets[i], ..., Offsets[i+1]-1. Labels of one column add up. A label at a column that is not one of the
// anchor's, or outside all columns, is none: it counts nowhere, not in the sums of labels either. So no content of these
// tensors is an error, and a device need not look at it first. Columns that ascend within a row are found fastest.
//
// Offsets is Int32 [N+1]; Columns, Int32, and Weights, of the device's type, hold at least Offsets[N] elements. What lies
// beyond is not read; an e outside Columns or Weights is no label.
type Labels struct {
	Offsets, Columns, Weights Tensor
}

// Keys says which of the keys of a batch an anchor is compared with.
type Keys uint8

const (
	// AllKeys compares every anchor with every key.
	AllKeys Keys = iota
	// OtherKeys leaves out the key of the anchor's own row (SimCLR): there are as many keys as anchors.
	OtherKeys
	// OwnKey takes the key of the anchor's own row alone (MoCo): there are as many keys as anchors.
	OwnKey
)

// Contrast is the form of a contrastive loss.
type Contrast struct {
	Scale      float64 // of the products: 1/temperature
	Keys       Keys
	Normaliser Normaliser
}

// Normaliser says what PositivesLoss divides by.
type Normaliser uint8

const (
	// Global divides once by the number of positives of the whole batch, as the GzPT method does.
	Global Normaliser = iota
	// Anchor takes the mean over anchors of the mean over the anchor's positives (SupCon, L_out).
	Anchor
)

// SGD is the settings of stochastic gradient descent with momentum.
type SGD struct {
	LR, Momentum, WeightDecay float64
}

// AdamW is the settings of AdamW; Step is the number of this update, from 1.
type AdamW struct {
	LR, Beta1, Beta2, Eps, WeightDecay float64
	Step                               int
}

// LARS is the settings of layer-wise adaptive rate scaling.
type LARS struct {
	LR, Momentum, WeightDecay, Trust, Eps float64
}
