package kerneltest

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// Random is a check of random calls: any operation of the contract at any shape, with any values, in any place.
type Random struct {
	// Work is the most multiply-adds of a call; where there are none, it has an eighth as many elements.
	Work int
	// Same are devices whose results must have the same bits: with other workers, with another order of warps.
	Same []kernels.Device
	// Large says how often, one in so many times, a call may have 16 times as many; 0 is never.
	Large int
	// Spoil, where it is not nil, makes what earlier calls have left in the scratch of a device useless.
	Spoil func(dev kernels.Device)
}

// CheckRandom compares the call that is drawn from a seed with the reference, within the bounds of the suite; repeats it with the
// operands in another place, and on the devices that must have the same bits; and puts a NaN or an infinity into one of its operands.
// A failure prints the call and a smaller one that fails too.
func (s Suite) CheckRandom(tb testing.TB, dev kernels.Device, r Random, seed uint64) {
	tb.Helper()
	if fault := s.randomFault(dev, r, seed); fault != "" {
		tb.Errorf("%s: seed %d: %s", dev.Name(), seed, fault)
	}
}

func (s Suite) randomFault(dev kernels.Device, r Random, seed uint64) string {
	d := &draw{random: rand.New(rand.NewPCG(seed, 0)), work: r.Work}
	c, fault := s.random(dev, r, d)
	if fault == "" {
		return ""
	}
	text, last := c.name()+": "+fault, ""
	if dev.Sync() != nil { // it does nothing any more
		return text
	}
	smaller(d.made, func(choices []int) bool {
		c, fault := s.random(dev, r, &draw{given: choices, work: r.Work})
		if fault != "" {
			last = "\nsmaller: " + c.name() + ": " + fault
		}
		return fault != "" && dev.Sync() == nil
	})
	return text + last
}

// random is a call and what is wrong with it, or "".
func (s Suite) random(dev kernels.Device, r Random, d *draw) (c call, fault string) {
	if r.Large > 0 && d.one(r.Large) {
		d.work *= 16
	}
	d.coarse = s.Roundings != nil
	c = d.call(dev)
	c.roundings = s.Roundings
	if m, ok := c.mixed(); ok && dev.Supports(kernels.BFloat16) && d.below(2) == 1 {
		c = m
	}
	if run := c.run; r.Spoil != nil {
		c.run = func(on kernels.Device, t []kernels.Tensor) {
			if on.Name() == dev.Name() {
				r.Spoil(on)
			}
			run(on, t)
		}
	}
	c = c.remembering()
	for _, check := range []func(kernels.Device, call, *draw) string{checkPlain, r.checkPlaced, checkPoisoned} {
		if fault := check(dev, c, d); fault != "" {
			return c, fault
		}
	}
	return c, ""
}

// checkPlain compares a call with the reference. Views have the bits of the reference in float32.
func checkPlain(dev kernels.Device, c call, _ *draw) string {
	first := c.apply(dev, plain)
	if len(first.faults) > 0 {
		return first.faults[0]
	}
	if c.op == "Augment" && dev.Type() == kernels.Float32 && runtime.GOARCH == "amd64" {
		if d := c.changed(c.apply(reference.New(kernels.Float32), plain).values, first.values); d != "" {
			return "reference in float32: " + d
		}
	}
	c.known.first = first.values
	return c.difference(dev.Type(), first.values, c.want(), leniency{})
}

// checkPlaced repeats a call in another place, in place of an input, and on the devices that must have the same bits.
func (r Random) checkPlaced(dev kernels.Device, c call, d *draw) string {
	again := func(what string, dev kernels.Device, place placement) string {
		result := c.apply(dev, place)
		if len(result.faults) > 0 {
			return what + ": " + result.faults[0]
		}
		if changed := c.changed(c.known.first, result.values); changed != "" {
			return what + ": " + changed
		}
		return ""
	}
	start := d.below(16)
	where, place := fmt.Sprintf("offset %d", start), offset(start)
	if nearHost(dev) && !c.halves() && d.below(2) == 0 {
		atEnd := d.below(2) == 0
		where, place = fmt.Sprintf("at the end of a page: %t", atEnd), guarded(atEnd)
	}
	if fault := again(where, dev, place); fault != "" {
		return fault
	}
	if place, what := c.anyAlias(d); place != nil {
		if fault := again(what, dev, place); fault != "" {
			return fault
		}
	}
	for _, same := range r.Same {
		if fault := again("another device", same, plain); fault != "" {
			return fault
		}
	}
	return ""
}

// anyAlias is an output in the place of an input, nil where there is none.
func (c call) anyAlias(d *draw) (place placement, what string) {
	var places []placement
	var names []string
	for i, o := range c.operands {
		for j, in := range c.operands {
			if slices.Contains(o.inPlace, in.name) {
				places, names = append(places, aliased(i, j)), append(names, o.name+" in place of "+in.name)
			}
		}
	}
	if len(places) == 0 {
		return nil, ""
	}
	i := d.below(len(places))
	return places[i], names[i]
}

// checkPoisoned puts a NaN or an infinity into an operand, any of its elements.
func checkPoisoned(dev kernels.Device, c call, d *draw) string {
	i := d.below(len(c.operands))
	o := c.operands[i]
	if len(o.values) == 0 || o.derived || o.indices || c.poisoned() {
		return ""
	}
	v := math.NaN()
	if !c.finite {
		v = of(d, math.NaN(), math.Inf(1), math.Inf(-1))
	}
	return c.poisonFault(dev, i, d.below(len(o.values)), v)
}

// poisoned reports whether an operand has something that is not finite.
func (c call) poisoned() bool {
	return slices.ContainsFunc(c.operands, func(o operand) bool {
		return slices.ContainsFunc(o.values, func(v float64) bool { return !isFinite(v) })
	})
}

// call is a call of any operation that the device can carry out.
func (d *draw) call(dev kernels.Device) call {
	op := of(d, randomOperations()...)
	if !op.products {
		d.work /= 8 // which an element takes about
		d.coarse = false
	}
	calls := slices.DeleteFunc(op.calls(d), func(c call) bool {
		return c.op != op.name || c.halves() && !dev.Supports(kernels.BFloat16)
	})
	c := of(d, calls...)
	c.operands = slices.Clone(c.operands)
	for i, o := range c.operands {
		if o.values == nil || o.sums || !slices.Contains(op.values, o.name) {
			continue
		}
		c.operands[i].values = d.values(o.len())
		if o.half {
			c.operands[i] = half(c.operands[i])
		}
		if o.indices {
			c.operands[i].values = mapped(func(v float64) float64 { return math.Round(v) + 0 }, c.operands[i].values) // -0 is 0
		}
	}
	return c
}

// draw is the choices that a random call is made of: those that are given, then others of a generator, or without one zeros. A call that
// fails is made smaller by making its choices smaller, whatever they mean.
type draw struct {
	random *rand.Rand
	given  []int
	made   []int
	work   int  // the most multiply-adds, or elements, of a call
	coarse bool // the call multiplies numbers of fewer digits, of which subnormal ones have none
}

// below is a number from 0 to n-1.
func (d *draw) below(n int) int {
	v := 0
	switch at := len(d.made); {
	case at < len(d.given):
		v = d.given[at] % n
	case d.random != nil:
		v = d.random.IntN(n)
	}
	d.made = append(d.made, v)
	return v
}

// one in n times it is true.
func (d *draw) one(n int) bool { return d.below(n) == n-1 }

// of is one of some things.
func of[T any](d *draw, things ...T) T { return things[d.below(len(things))] }

// size is a number from 1 to most: a small one, some whole vectors, one beside a power of two or three times one, where tiles end, or
// any of any magnitude.
func (d *draw) size(most int) int {
	most = max(most, 1)
	magnitude := 1 << d.below(bits.Len(uint(most)))
	n := 1
	switch d.below(4) {
	case 0:
		n += d.below(9)
	case 1:
		n = 8 * (1 + d.below(divide(magnitude, 8)))
	case 2:
		n = magnitude*of(d, 2, 3)/2 + of(d, 0, 1, -1)
	case 3:
		n += d.below(2 * magnitude)
	}
	return min(max(n, 1), most)
}

func divide(a, by int) int { return (a + by - 1) / by }

// sizes is n numbers whose product times share is at most the work.
func (d *draw) sizes(n, share int) []int { return d.within(d.work/max(share, 1), n) }

// within is n numbers whose product is at most a number.
func (d *draw) within(left, n int) []int {
	var all []int
	for range n {
		all = append(all, d.size(left))
		left /= all[len(all)-1]
	}
	for i := range all { // any of them may be the one that has most of the room
		j := i + d.below(n-i)
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// rows is a size that now and then is 0.
func (d *draw) rows(n int) int {
	if d.one(40) {
		return 0
	}
	return n
}

// values is n numbers, all of one kind: as the suite has them, with many zeros, whole numbers with many ties, far from zero beside
// their spread, small or large, of all magnitudes, those that drift, subnormal.
func (d *draw) values(n int) []float64 {
	kinds := 9
	if d.coarse {
		kinds--
	}
	kind, magnitude := d.below(kinds), math.Ldexp(1, d.below(81)-60)
	random := rand.New(rand.NewPCG(uint64(d.below(1<<20)), 0))
	values := make([]float64, n)
	for i := range values {
		u := 2*random.Float64() - 1
		switch kind {
		case 2:
			u = u * float64(random.IntN(2))
		case 3:
			u = math.Round(4 * u)
		case 4:
			u += 1000
		case 5:
			u *= magnitude
		case 6:
			u = math.Ldexp(u, random.IntN(40)-20)
		case 7:
			u += 4 * float64(i) / float64(n)
		case 8:
			u = math.Ldexp(u, -126-random.IntN(23))
		}
		values[i] = u
	}
	return rounded(values)
}

// mostTries is how often a failing call is tried again.
const mostTries = 300

// smaller makes choices that fail smaller until none can be made so alone, or mostTries are over; those that failed last are the smallest.
func smaller(choices []int, fails func(choices []int) bool) {
	tries := 0
	lower := func(i, v int) bool {
		if tries++; v < 0 || v >= choices[i] || tries > mostTries {
			return false
		}
		fewer := slices.Clone(choices)
		fewer[i] = v
		if !fails(fewer) {
			return false
		}
		choices = fewer
		return true
	}
	for changed := true; changed; {
		changed = false
		for i := len(choices) - 1; i >= 0; i-- {
			v := choices[i]
			changed = lower(i, 0) || lower(i, v/2) || lower(i, v-1) || changed
		}
	}
}

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
