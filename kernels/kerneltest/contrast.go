package kerneltest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gzpt/kernels"
)

// contrastCase is the sizes and the form of a contrastive loss.
type contrastCase struct {
	anchors, keys, queue, depth int // a queue below 0 is the zero Tensor
	form                        kernels.Contrast
	symmetric                   bool // the keys are the anchors themselves
	detached                    bool // no gradient of the keys is wanted
	large                       bool
}

// contrastCases are the tails of all tiles, several blocks of columns and anchors, and the smallest sizes.
func contrastCases() []contrastCase {
	var cases []contrastCase
	add := func(anchors, keys, queue, depth int, form kernels.Contrast) {
		c := contrastCase{anchors: anchors, keys: keys, queue: queue, depth: depth, form: form, large: anchors*(keys+max(queue, 0)) > 1<<14}
		cases = append(cases, c)
	}
	for _, s := range [][4]int{{3, 5, 4, 6}, {1, 1, -1, 1}, {0, 3, 2, 4}, {2, 0, 3, 3}, {2, 0, -1, 3}, {3, 4, 2, 0}, {7, 33, -1, 13}, {13, 17, 31, 33}, {70, 65, 0, 20}, {33, 150, 260, 64}} {
		add(s[0], s[1], s[2], s[3], kernels.Contrast{Scale: 2.5})
		add(s[0], s[1], s[2], s[3], kernels.Contrast{Scale: 2.5, Normaliser: kernels.Anchor})
	}
	for _, keys := range []kernels.Keys{kernels.OtherKeys, kernels.OwnKey} {
		for _, s := range [][3]int{{4, 5, 3}, {1, -1, 2}, {1, 2, 2}, {0, -1, 3}, {9, 70, 31}, {65, -1, 40}, {130, 33, 17}} {
			add(s[0], s[0], s[1], s[2], kernels.Contrast{Scale: 1 / .3, Keys: keys})
			add(s[0], s[0], s[1], s[2], kernels.Contrast{Scale: 1 / .3, Keys: keys, Normaliser: kernels.Anchor})
		}
	}
	add(300, 700, 900, 128, kernels.Contrast{Scale: 1.5})
	add(520, 520, -1, 128, kernels.Contrast{Scale: 1.5, Keys: kernels.OtherKeys, Normaliser: kernels.Anchor})
	add(200, 200, 2000, 65, kernels.Contrast{Scale: 1.5, Keys: kernels.OwnKey, Normaliser: kernels.Anchor})
	// And a queue of as many rows as there are anchors, in the place of the keys that an anchor does not have.
	add(3, 3, 3, 6, kernels.Contrast{Scale: 1.25, Keys: kernels.OwnKey})
	// And logits that the lengths of the rows bound, which a device may take without their maxima, and some that they do not.
	add(300, 700, 900, 128, kernels.Contrast{Scale: .5})
	add(520, 520, -1, 128, kernels.Contrast{Scale: .5, Keys: kernels.OtherKeys, Normaliser: kernels.Anchor})
	add(200, 200, 2000, 65, kernels.Contrast{Scale: -.5, Keys: kernels.OwnKey, Normaliser: kernels.Anchor})
	add(9, 70, -1, 31, kernels.Contrast{Scale: 60})
	for _, c := range cases {
		symmetric, detached := c, c
		symmetric.symmetric, detached.detached = true, true
		if c.keys == c.anchors {
			cases = append(cases, symmetric)
		}
		if !c.large {
			cases = append(cases, detached)
		}
	}
	return cases
}

func (s contrastCase) columns() int { return s.keys + max(s.queue, 0) }

// admits reports whether a column is one of those of anchor i.
func (s contrastCase) admits(i, column int) bool {
	switch {
	case column < 0 || column >= s.columns():
		return false
	case column >= s.keys || s.form.Keys == kernels.AllKeys:
		return true
	}
	return (column == i) == (s.form.Keys == kernels.OwnKey)
}

func (s contrastCase) label() string {
	label := shapeName(s.anchors, s.keys, max(s.queue, 0), s.depth)
	label += []string{"/all", "/other", "/own"}[s.form.Keys] + []string{"/global", "/anchor"}[s.form.Normaliser]
	if s.queue < 0 {
		label += "/no-queue"
	}
	if s.symmetric {
		label += "/symmetric"
	}
	if s.detached {
		label += "/detached"
	}
	return label
}

// contrastLabels is sparse rows with everything that the contract allows: rows without labels, columns twice, without
// order, of no anchor and beyond all, weights of 0, and elements behind the last row.
func (s contrastCase) contrastLabels() (offsets, columns, weights []float64) {
	u := Uniform("contrast.labels", 4*s.anchors*(s.columns()+1)+3)
	next := func() float64 {
		v := u[0]
		u = u[1:]
		return v
	}
	offsets = []float64{0}
	for i := range s.anchors {
		labelled := 0
		if i%5 != 1 {
			labelled = min(s.columns(), 1+i%4)
		}
		for n := range labelled {
			column, weight := math.Floor(next()*float64(s.columns())), 0.5+next()
			columns, weights = append(columns, column), append(weights, weight)
			if (i+n)%3 == 0 {
				columns, weights = append(columns, column), append(weights, 0.25)
			}
		}
		if s.keys == s.anchors && i%5 != 1 {
			columns, weights = append(columns, float64(i)), append(weights, 1)
		}
		if i%7 == 2 {
			columns, weights = append(columns, -1, float64(s.columns()), 1<<30), append(weights, 1, 2, 3)
		}
		if i%3 == 0 {
			columns, weights = append(columns, 0), append(weights, 0)
		}
		offsets = append(offsets, float64(len(columns)))
	}
	return offsets, append(columns, 0, 0, 0), append(weights, 5, 6, 7)
}

// contrastOperands is the operands of a contrastive loss behind its outputs.
func (s contrastCase) contrastOperands(outputs ...operand) []operand {
	own := func(at, out int) bool { return s.form.Keys == kernels.OtherKeys && at/s.depth == out/s.depth }
	operands := append(outputs, reaching(uniform("q", -1, 1, s.anchors, s.depth), own))
	if !s.symmetric {
		operands = append(operands, reaching(uniform("k", -1, 1, s.keys, s.depth), own))
	}
	if s.queue >= 0 {
		operands = append(operands, uniform("queue", -1, 1, s.queue, s.depth))
	}
	offsets, columns, weights := s.contrastLabels()
	labelOfOwn := func(at, out int) bool {
		i := out / max(s.depth, 1)
		return s.form.Keys == kernels.OtherKeys && i < s.anchors && offsets[i] <= float64(at) && float64(at) < offsets[i+1]
	}
	return append(operands, indices(in("offsets", offsets, len(offsets))),
		free(indices(in("columns", columns, len(columns)))), reaching(free(in("weights", weights, len(weights))), labelOfOwn))
}

// CheckContrast compares the contrastive loss of a device and its gradient with the reference on one size, with the operands
// flush against unmapped pages: the body of a fuzz test. A queue below 0 is the zero Tensor. There are as many keys as
// anchors where the form demands it or, symmetric, the anchors are the keys.
func CheckContrast(tb testing.TB, dev kernels.Device, anchors, keys, queue, depth int, form kernels.Contrast, symmetric bool) {
	tb.Helper()
	checkGuarded(tb, dev, contrastCallsOf(anchors, keys, queue, depth, form, symmetric))
}

// CheckContrast compares the contrastive loss of the suite's device and its gradient with the reference on one size, wherever the
// operands lie.
func (s Suite) CheckContrast(tb testing.TB, dev kernels.Device, anchors, keys, queue, depth int, form kernels.Contrast, symmetric bool) {
	tb.Helper()
	for _, c := range s.rounding(contrastCallsOf(anchors, keys, queue, depth, form, symmetric)) {
		for _, fault := range s.faults(dev, c) {
			tb.Errorf("%s: %s", c.name(), fault)
		}
	}
}

// contrastCallsOf is the loss, its gradient for the lse of the loss, and both.
func contrastCallsOf(anchors, keys, queue, depth int, form kernels.Contrast, symmetric bool) []call {
	if form.Keys != kernels.AllKeys || symmetric {
		keys = anchors
	}
	s := contrastCase{anchors: anchors, keys: keys, queue: queue, depth: depth, form: form, symmetric: symmetric && anchors*depth > 0}
	loss := s.lossCall()
	return []call{loss, s.backwardCall(loss.want()[1]), s.bothCall()}
}

const contrastScale = 1.7

// contrastCalls is the loss of every case, and its gradient for the lse of the loss.
func contrastCalls() []call {
	var calls []call
	for _, s := range contrastCases() {
		loss := s.lossCall()
		calls = append(calls, s.backwardCall(loss.want()[1]), s.bothCall())
		if !s.detached {
			calls = append(calls, loss)
		}
	}
	return append(calls, wildLabelsCalls()...)
}

func (s contrastCase) lossCall() call {
	c := call{op: "ContrastiveLoss", label: s.label(), bound: s.lossBound, large: s.large,
		operands: s.contrastOperands(sums(inout(in("loss", []float64{0.25}, 1))), out("lse", []int{s.anchors}))}
	at := picker(c.operands, s.symmetric)
	c.run = func(dev kernels.Device, t []kernels.Tensor) {
		dev.ContrastiveLoss(t[0], t[1], at(t, "q"), at(t, "k"), at(t, "queue"),
			kernels.Labels{Offsets: at(t, "offsets"), Columns: at(t, "columns"), Weights: at(t, "weights")}, s.form, contrastScale)
	}
	return c
}

func (s contrastCase) backwardCall(lse []float64) call {
	outputs := []operand{out("dq", []int{s.anchors, s.depth})}
	if !s.symmetric && !s.detached {
		outputs = append(outputs, out("dk", []int{s.keys, s.depth}))
	}
	c := call{op: "ContrastiveLossBackward", label: s.label(), bound: s.backwardBound, large: s.large,
		operands: append(s.contrastOperands(outputs...), derived(in("lse", lse, s.anchors)))}
	at := picker(c.operands, s.symmetric)
	c.run = func(dev kernels.Device, t []kernels.Tensor) {
		dev.ContrastiveLossBackward(t[0], at(t, "dk"), at(t, "lse"), at(t, "q"), at(t, "k"), at(t, "queue"),
			kernels.Labels{Offsets: at(t, "offsets"), Columns: at(t, "columns"), Weights: at(t, "weights")}, s.form, contrastScale)
	}
	return c
}

func (s contrastCase) bothCall() call {
	outputs := []operand{sums(inout(in("loss", []float64{0.25}, 1))), out("lse", []int{s.anchors}), out("dq", []int{s.anchors, s.depth})}
	if !s.symmetric && !s.detached {
		outputs = append(outputs, out("dk", []int{s.keys, s.depth}))
	}
	c := call{op: "ContrastiveLossAndBackward", label: s.label(), bound: s.bothBound, large: s.large, finite: true, operands: s.contrastOperands(outputs...)}
	at := picker(c.operands, s.symmetric)
	c.run = func(dev kernels.Device, t []kernels.Tensor) {
		dev.ContrastiveLossAndBackward(t[0], t[1], t[2], at(t, "dk"), at(t, "q"), at(t, "k"), at(t, "queue"),
			kernels.Labels{Offsets: at(t, "offsets"), Columns: at(t, "columns"), Weights: at(t, "weights")}, s.form, contrastScale)
	}
	return c
}

// picker finds the tensor of an operand, the zero Tensor where the call has none; with symmetric, k is q.
func picker(operands []operand, symmetric bool) func(t []kernels.Tensor, name string) kernels.Tensor {
	return func(t []kernels.Tensor, name string) kernels.Tensor {
		if name == "k" && symmetric {
			name = "q"
		}
		for i, o := range operands {
			if o.name == name {
				return t[i]
			}
		}
		return kernels.Tensor{}
	}
}

// wildLabelsCalls have offsets that descend, begin below 0 and end behind the labels, and no labels at all.
func wildLabelsCalls() []call {
	var calls []call
	for name, offsets := range map[string][]float64{"wild": {-7, 2, 1, 3, 1 << 20}, "none": {0, 0, 0, 0, 0}} {
		for _, normaliser := range []kernels.Normaliser{kernels.Global, kernels.Anchor} {
			s := contrastCase{anchors: 4, keys: 6, queue: 5, depth: 9, form: kernels.Contrast{Scale: 2, Normaliser: normaliser}}
			loss := s.lossCall()
			for _, c := range []call{loss, s.backwardCall(loss.want()[1]), s.bothCall()} {
				c.label = fmt.Sprintf("%s/offsets-%s", c.label, name)
				for i, o := range c.operands {
					if o.name == "offsets" {
						c.operands[i].values = offsets
					}
				}
				calls = append(calls, c)
			}
		}
	}
	return calls
}

// contrastExponentials is one anchor whose key j gives the logit x[j], for an lse of 0: dk of another key than the first is
// exp(x).
func contrastExponentials(x []float64) call {
	n := len(x)
	return call{op: "ContrastiveLossBackward", operands: []operand{
		out("dk", []int{n, 1}), out("dq", []int{1, 1}), in("x", x, n, 1), in("q", []float64{1}, 1, 1), in("lse", []float64{0}, 1),
		indices(in("offsets", []float64{0, 1}, 2)), indices(in("columns", []float64{0}, 1)), in("weights", []float64{1}, 1),
	}, run: func(dev kernels.Device, t []kernels.Tensor) {
		dev.ContrastiveLossBackward(t[1], t[0], t[4], t[3], t[2], kernels.Tensor{},
			kernels.Labels{Offsets: t[5], Columns: t[6], Weights: t[7]}, kernels.Contrast{Scale: 1}, 1)
	}}
}

// keptExponentials is contrastExponentials without an lse: x are lowered so that it is 0, which adds no rounding. Logits of that
// size are kept where a device keeps any.
func keptExponentials(x []float64) call {
	n, lse := len(x), math.Log(sumOfExponentials(x))
	x = slices.Clone(x)
	for i := range x {
		x[i] -= lse
	}
	return call{op: "ContrastiveLossAndBackward", operands: []operand{
		out("dk", []int{n, 1}), out("dq", []int{1, 1}), in("x", x, n, 1), in("q", []float64{1}, 1, 1), out("lse", []int{1}), sums(out("loss", []int{1})),
		indices(in("offsets", []float64{0, 1}, 2)), indices(in("columns", []float64{0}, 1)), in("weights", []float64{1}, 1),
	}, run: func(dev kernels.Device, t []kernels.Tensor) {
		dev.ContrastiveLossAndBackward(t[5], t[4], t[1], t[0], t[3], t[2], kernels.Tensor{},
			kernels.Labels{Offsets: t[6], Columns: t[7], Weights: t[8]}, kernels.Contrast{Scale: 1}, 1)
	}}
}

func sumOfExponentials(x []float64) (sum float64) {
	for _, v := range x {
		sum += math.Exp(v)
	}
	return sum
}
