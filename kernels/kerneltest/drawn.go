package kerneltest

import (
	"math"
	"slices"
	"strings"

	"gzpt/kernels"
)

// randomOperation is how random calls of an operation are made: by the suite's own calls of a random shape, and with other values of
// some of their operands.
type randomOperation struct {
	name   string
	values []string
	calls  func(d *draw) []call
	// products says that it is sums of products, of which there are more than elements.
	products bool
}

// randomOperations is all operations of the contract.
func randomOperations() []randomOperation {
	var all []randomOperation
	for _, family := range []struct {
		names, values string
		calls         func(d *draw) []call
	}{
		{"Fill Copy Convert", "x", (*draw).typed},
		{"ReLU ReLUBackward", "x y", (*draw).flat},
		{"AddBias AddBiasBackward", "x b dy db", func(d *draw) []call { m := d.sizes(2, 1); return biasCalls(d.rows(m[0]), m[1]) }},
		{"Conv2D Conv2DStats Conv2DBackwardData Conv2DBackwardDataAdd Conv2DBackwardWeights", "x w dy dx dw",
			func(d *draw) []call { return d.geometry().calls() }},
		{"ChannelMoments BatchNorm BatchNormReLU BatchNormAddReLU", "x r", func(d *draw) []call { return normForwardCalls(d.matrix()...) }},
		{"BatchNormBackward BatchNormReLUBackward BatchNormAddReLUBackward", "x dy y dgamma dbeta",
			func(d *draw) []call { return normBackwardCalls(d.matrix()...) }},
		{"BatchNormStats InverseStd", "runningMean", func(d *draw) []call { return normStatsCalls(d.size(d.work)) }},
		{"MaxPool MaxPoolBackward", "dy", (*draw).pool},
		{"GlobalAveragePool GlobalAveragePoolBackward", "x dy", func(d *draw) []call { return averagePoolCalls(d.image(1)) }},
		{"MatMul", "a b c", (*draw).product},
		{"PairwiseMinimum", "a b", func(d *draw) []call { return minimumCalls(d.productSize()) }},
		{"NormalizeRows NormalizeRowsBackward", "x dy", func(d *draw) []call { m := d.sizes(2, 1); return normalizeCalls(d.rows(m[0]), m[1]) }},
		{"LogSoftmax LogSoftmaxBackward", "dy", func(d *draw) []call { m := d.sizes(2, 1); return softmaxCalls(d.rows(m[0]), m[1]) }},
		{"PositivesLoss PositivesLossBackward", "", (*draw).positives},
		{"ContrastiveLoss ContrastiveLossBackward ContrastiveLossAndBackward", "", (*draw).contrast},
		{"AlignmentLoss AlignmentLossBackward", "o t", (*draw).alignment},
		{"SGD AdamW LARS EMA", "p g m t o", func(d *draw) []call { return blockCalls(d.rows(d.size(d.work))) }},
		{"SumSquares CountNonFinite", "x", (*draw).reduction},
		{"Augment", "", (*draw).augment},
	} {
		for _, name := range strings.Fields(family.names) {
			products := slices.Contains([]string{"Conv2D", "MatMul", "PairwiseMinimum", "ContrastiveLoss", "AlignmentLoss"}, strings.Fields(family.names)[0])
			all = append(all, randomOperation{name, strings.Fields(family.values), family.calls, products})
		}
	}
	return all
}

func (d *draw) flat() []call {
	n := d.rows(d.size(d.work))
	return append(flatCalls(n), zeroCall())
}

// typed are Fill, Copy and Convert of all types, with numbers that a type rounds, and those that have no digits to spare.
func (d *draw) typed() []call {
	n := d.rows(d.size(d.work))
	return append(flatCalls(n), typedCalls(n)...)
}

// matrix is rows of channels, or an image of as many.
func (d *draw) matrix() []int {
	if d.one(4) {
		return d.image(1)
	}
	m := d.sizes(2, 1)
	return []int{d.rows(m[0]), m[1]}
}

// image is [N,H,W,C].
func (d *draw) image(share int) []int {
	all := d.sizes(4, share)
	return []int{d.rows(all[0]), all[1], all[2], all[3]}
}

// geometry has any stride, padding, dilation and groups, and many pixels or channels or taps.
func (d *draw) geometry() Geometry {
	r, s := of(d, 1, 3, 1, 3, 7, 2, 5, 4, 11), 0
	if s = r; d.one(4) {
		s = of(d, 1, 3, 2, 5, 7, 11)
	}
	groups := 1
	if d.one(4) {
		groups = d.size(64)
	}
	conv := kernels.Conv{Stride: of(d, 1, 2, 1, 1, 2, 3, 4, 9), Pad: of(d, r/2, 0, r/2, 1, r/2, 2, 3, 5, 13), Dilation: 1, Groups: groups}
	if d.one(5) {
		conv.Dilation = of(d, 2, 3, 1, 5, 17)
	}
	left := float64(d.work / (r * s * groups))
	ofChannels := math.Pow(left, of(d, .5, .35, .65, .2))
	channels, pixels := d.within(int(ofChannels), 2), d.within(int(left/ofChannels), 3)
	c, k := channels[0], channels[1]
	if d.one(6) {
		c = of(d, 1, 3, 2, 4, 5)
	}
	if d.below(2) == 1 { // whole vectors, which tensor cores want
		c, k = divide(c, 16)*16, divide(k, 8)*8
	}
	g := Geometry{N: d.rows(pixels[0]), H: pixels[1], W: pixels[2], C: groups * c, K: groups * k, R: r, S: s, Conv: conv}
	if d.below(2) == 1 { // a layer's image is square
		side := int(math.Sqrt(float64(g.H * g.W)))
		g.H, g.W = side, side
	}
	if !d.one(10) { // and its kernel fits
		g.H, g.W = max(g.H, conv.Dilation*(r-1)+1-2*conv.Pad), max(g.W, conv.Dilation*(s-1)+1-2*conv.Pad)
	}
	if g.products() > 2*d.work { // most of them in the padding
		g.Pad = min(g.Pad, 1)
	}
	for g.products() > 2*d.work && g.N > 1 {
		g.N /= 2
	}
	for g.products() > 2*d.work && g.K > g.Groups {
		g.K = g.K / g.Groups / 2 * g.Groups
	}
	return g
}

// products is how many multiply-adds a convolution has.
func (g Geometry) products() int {
	return g.N * g.Out(g.H, g.R) * g.Out(g.W, g.S) * g.K * g.R * g.S * g.C / g.Groups
}

func (d *draw) pool() []call {
	p := kernels.Pool{Size: of(d, 3, 2, 1, 3, 4, 5, 7), Stride: of(d, 2, 1, 2, 3, 4)}
	p.Pad = d.below(p.Size/2 + 1)
	x := d.image(p.Size * p.Size)
	values := d.values(x[0] * x[1] * x[2] * x[3])
	for i := range values {
		if d := d.below(2); len(values) < 100 && d == 1 || i > 100 {
			break
		}
		values[d.below(len(values))] = of(d, math.NaN(), math.Inf(-1), math.Inf(1), math.Copysign(0, -1), 0)
	}
	return maxPoolCall(shapeName(x...), values, x, p)
}

func (d *draw) productSize() [3]int {
	all := d.sizes(3, 1)
	for i := range all {
		all[i] = d.rows(all[i])
	}
	return [3]int(all)
}

func (d *draw) product() []call {
	return []call{matMulCall(d.productSize(), kernels.Product{TransA: d.below(2) == 1, TransB: d.below(2) == 1, Accumulate: d.below(2) == 1})}
}

func (d *draw) positives() []call {
	m := d.sizes(2, 1)
	calls := positivesCalls(m[0], m[1])
	slices.SortStableFunc(calls, func(a, b call) int { return strings.Compare(a.label, b.label) })
	return calls
}

func (d *draw) contrast() []call {
	all := d.sizes(3, 1)
	keep := kernels.Keys(d.below(3))
	form := kernels.Contrast{Scale: of(d, 1.5, .5, -.5, 1/.07, 0, 4, 60), Keys: keep, Normaliser: kernels.Normaliser(d.below(2))}
	s := contrastCase{anchors: d.rows(all[0]), keys: d.rows(all[1]), queue: -1, depth: min(all[2], 700), form: form, detached: d.one(4)}
	if s.symmetric = s.anchors*s.depth > 0 && d.one(3); s.symmetric || keep != kernels.AllKeys {
		s.anchors = min(s.anchors, int(math.Sqrt(float64(d.work/max(s.depth, 1)))))
		s.keys = s.anchors
	}
	if d.below(2) == 1 {
		s.queue = d.rows(d.size(d.work / max(s.anchors*s.depth, 1)))
	}
	loss := s.lossCall()
	for _, name := range []string{"q", "k", "queue"} {
		for i, o := range loss.operands {
			if o.name == name {
				loss.operands[i].values = d.rowsOf(o.len(), s.depth)
			}
		}
	}
	backward, both := s.backwardCall(loss.want()[1]), s.bothCall()
	for _, c := range []call{backward, both} {
		for i, o := range c.operands {
			for _, shared := range loss.operands {
				if o.name == shared.name && shared.values != nil && !o.out {
					c.operands[i].values = shared.values
				}
			}
		}
	}
	return []call{loss, backward, both}
}

// rowsOf is rows of any lengths, or of length 1.
func (d *draw) rowsOf(n, depth int) []float64 {
	values := Fill("random.rows"+shapeName(d.below(100)), -1, 1, n)
	unit := d.below(2) == 0
	for r := 0; r < n; r += depth {
		var square float64
		for _, v := range values[r : r+depth] {
			square += v * v
		}
		for i := r; unit && i < r+depth; i++ {
			values[i] /= math.Sqrt(square)
		}
	}
	return rounded(values)
}

func (d *draw) alignment() []call {
	m := d.sizes(2, 1)
	batch := int(math.Sqrt(float64(m[0]))) + 1
	weights := Uniform("random.a"+shapeName(d.below(100)), batch*batch)
	for i, soft := range weights {
		if d.made[len(d.made)-1]%2 == 0 {
			weights[i] = math.Floor(soft * 1.3)
		}
	}
	weights[0] = 1
	return alignmentOf(batch, m[1], weights, shapeName(batch, m[1]))
}

// reduction may have numbers whose squares float32 does not hold.
func (d *draw) reduction() []call {
	n := d.size(d.work)
	if d.one(4) {
		values := Fill("reduce.x", -3e38, 3e38, n)
		for range d.below(4) {
			values[d.below(n)] = of(d, math.NaN(), math.Inf(1), math.Inf(-1), 0)
		}
		calls := reductionCalls(shapeName(n)+"_large", values)
		for i := range calls {
			calls[i].operands[1].name = "large"
		}
		return calls
	}
	return reductionCalls(shapeName(n), Fill("reduce.x", -1, 1, n))
}

func (d *draw) augment() []call {
	all := d.sizes(3, 20)
	a := augmentation{side: min(all[0], 300), size: min(all[1], 100), channels: of(d, 3, 1), bits: of(d, 8, 16)}
	a.to = d.below(min(a.size, 16))
	repeats := 1 + d.below(2)
	a.images = 1 + d.below(3)
	changes := switches(a.bits, a.to)
	for range a.images * repeats {
		v := changes[d.below(len(changes))]
		if d.below(2) == 1 {
			v.Part = kernels.Part{X: d.share(), Y: d.share(), Flip: d.below(2) == 1}
			v.Width, v.Height = (1-v.X)*d.share(), (1-v.Y)*d.share()
		}
		a.views = append(a.views, v)
	}
	a.label = shapeName(a.images, repeats, a.side, a.size, a.channels, a.bits, a.to)
	return []call{a.call()}
}

// share is a number from 0 to 1.
func (d *draw) share() float64 { return float64(d.below(1001)) / 1000 }
