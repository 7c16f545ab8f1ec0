package nn

import (
	"fmt"
	"math"

	"gzpt/kernels"
)

// Contrast is the settings that the contrastive methods share.
type Contrast struct {
	// Temperature divides the cosines of the embeddings.
	Temperature float64 `json:"temperature"`
	// Normaliser is what the loss divides by: "global", the number of positives of all anchors together, as GzPT does, so
	// that an item with many positives weighs more; or "anchor", the mean over anchors of the mean over the anchor's
	// positives (SupCon's L_out, Khosla et al. 2020).
	Normaliser string `json:"normaliser"`
}

var normalisers = map[string]kernels.Normaliser{"global": kernels.Global, "anchor": kernels.Anchor}

func (s Contrast) validate(demand demand) {
	demand(s.Temperature > 0 && s.Temperature <= math.MaxFloat32, "temperature is %v: expected a finite number above 0", s.Temperature)
	_, ok := normalisers[s.Normaliser]
	demand(ok, "unknown normaliser %q: expected global or anchor", s.Normaliser)
}

// contrast compares rows with candidates: with ^ for rows normalised to length 1, q the embeddings of anchors, k those of their
// candidates and T the temperature,
//
//	z[i,j] = <q_i^, k_j^> / T,  L = -sum_ij w_i*label[i,j]*log softmax(z_i)_j
//
// Labels are 1 for another view of the anchor's item, and the weight of the pair for items that count as alike; w_i is that of
// the normaliser. Embeddings that are all the same have the loss log(candidates), the chance level.
//
// The loss is that of all rows of an update. Where the update has several micro-batches, their embeddings are gathered, the
// loss and its gradient by the embeddings are computed over all of them, and every micro-batch goes through the network a
// second time to take its part of that gradient back: GradCache (Gao et al. 2021). Up to batch normalisation, which sees the
// micro-batch, the update is that of one large batch.
type contrast struct {
	dev    kernels.Device
	report *report
	form   kernels.Contrast
	labels labels
	rows   unitRows       // q^ of the whole update
	dq     kernels.Tensor // the gradient of q^, then of q
	lse    kernels.Tensor
}

func newContrast(dev kernels.Device, c Config, s Contrast, keys kernels.Keys, rows int, r *report) *contrast {
	return &contrast{
		dev: dev, report: r, form: kernels.Contrast{Scale: 1 / s.Temperature, Keys: keys, Normaliser: normalisers[s.Normaliser]},
		labels: newLabels(dev, rows), rows: newUnitRows(dev, rows, c.Embedding),
		dq: dev.New(dev.Type(), rows, c.Embedding), lse: dev.New(dev.Type(), rows),
	}
}

// loss adds the loss of the first n rows to the report. keys are theirs, or the rows themselves; queue may be the zero Tensor.
// The labels are those of the n rows.
func (c *contrast) loss(n int, keys, queue kernels.Tensor) {
	c.dev.ContrastiveLoss(c.report.loss, c.lse.Slice(0, n), c.rows.part(0, n).rows, keys, queue, c.labels.onDevice(), c.form, 1)
}

// lossAndGradient adds the loss of all rows to the report and leaves its gradient by their embeddings, before they were
// normalised, in dq.
func (c *contrast) lossAndGradient(keys, queue kernels.Tensor) {
	c.dev.ContrastiveLossAndBackward(c.report.loss, c.lse, c.dq, kernels.Tensor{}, c.rows.rows, keys, queue, c.labels.onDevice(), c.form, 1)
	c.rows.backward(c.dev, c.dq)
}

// gradientOf is the n rows of dq from the given one.
func (c *contrast) gradientOf(from, n int) kernels.Tensor {
	width := c.dq.Dim(1)
	return c.dq.Slice(from*width, n, width)
}

// outcome is that of rows with the given number of candidates each, whose labels have been made.
func (c *contrast) outcome(candidates int) outcome {
	return outcome{chance: math.Log(float64(candidates)), positives: c.labels.sum/float64(len(c.labels.offsets)-1) - 1}
}

// labels are made row by row on the host. The device's memory for them grows to the most that a step has needed.
type labels struct {
	dev     kernels.Device
	offsets []int32
	columns []int32
	weights []float32
	sum     float64
	tensors kernels.Labels
}

func newLabels(dev kernels.Device, rows int) labels {
	l := labels{dev: dev, offsets: make([]int32, 0, rows+1)}
	l.tensors.Offsets = dev.New(kernels.Int32, rows+1)
	l.reserve(4 * rows)
	return l
}

// reserve gives the device room for n labels.
func (l *labels) reserve(n int) {
	if l.tensors.Columns.Len() >= n {
		return
	}
	if l.tensors.Columns.Len() > 0 {
		l.dev.Free(l.tensors.Columns)
		l.dev.Free(l.tensors.Weights)
	}
	l.tensors.Columns, l.tensors.Weights = l.dev.New(kernels.Int32, n), l.dev.New(l.dev.Type(), n)
}

// begin forgets the rows of before. The device works while the host makes the next ones.
func (l *labels) begin() {
	kernels.Issue(l.dev)
	l.offsets, l.columns, l.weights, l.sum = append(l.offsets[:0], 0), l.columns[:0], l.weights[:0], 0
}

// add puts a label into the row that is being made; columns ascend.
func (l *labels) add(column int, weight float32) {
	if weight != 0 {
		l.columns, l.weights = append(l.columns, int32(column)), append(l.weights, weight)
		l.sum += float64(weight)
	}
}

// end ends a row.
func (l *labels) end() { l.offsets = append(l.offsets, int32(len(l.columns))) }

// upload takes the rows to the device.
func (l *labels) upload() {
	if n := len(l.columns); n > l.tensors.Columns.Len() {
		l.reserve(2 * n)
	}
	l.dev.WriteInt32(l.tensors.Offsets.Slice(0, len(l.offsets)), l.offsets)
	l.dev.WriteInt32(l.tensors.Columns.Slice(0, len(l.columns)), l.columns)
	l.dev.Write(l.tensors.Weights.Slice(0, len(l.weights)), l.weights)
}

// onDevice is the uploaded rows.
func (l *labels) onDevice() kernels.Labels {
	t := l.tensors
	t.Offsets = t.Offsets.Slice(0, len(l.offsets))
	return t
}

// gathering holds the items of the micro-batches of one update and, where there are several, their views in the memory of the
// host: Accumulate * Batch views of Height * Width * Channels numbers of four bytes, 77 MB for each 128 of 224 x 224 x 3.
type gathering struct {
	dev    kernels.Device
	items  []int32
	views  [][]float32 // by view, for those that go through the network twice; empty with one micro-batch
	pixels int         // of a view of a micro-batch
}

func newGathering(dev kernels.Device, c Config, views int) gathering {
	g := gathering{dev: dev, items: make([]int32, c.Batch*c.Accumulate), pixels: c.Batch * c.Height * c.Width * c.Arch.Channels}
	if c.Accumulate > 1 {
		for range views {
			g.views = append(g.views, dev.NewBuffer(c.Accumulate*g.pixels))
		}
	}
	return g
}

// take adds a micro-batch and returns the items so far.
func (g *gathering) take(b *microBatch) []int32 {
	for i, item := range b.items {
		g.items[b.index*len(b.items)+i] = int32(item)
	}
	for v, pixels := range g.views {
		copy(pixels[b.index*g.pixels:], b.views[v])
	}
	return g.items[:(b.index+1)*len(b.items)]
}

func (g *gathering) keepsViews() bool { return len(g.views) > 0 }

// again writes a view of micro-batch m of the update to the images on the device.
func (g *gathering) again(images kernels.Tensor, m, view int) {
	g.dev.Write(images, g.views[view][m*g.pixels:][:g.pixels])
}

// state is what is gathered after n micro-batches of an update.
func (g *gathering) state(n, batch int) []block {
	all := []block{{name: "update.items", ints: g.items[:n*batch], most: math.MaxInt32}}
	for v, pixels := range g.views {
		all = append(all, block{name: fmt.Sprintf("update.view%d", v+1), floats: pixels[:n*g.pixels]})
	}
	return all
}
