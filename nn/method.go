package nn

import (
	"maps"
	"math"
	"slices"

	"gzpt/kernels"
)

// recipe is one way to pre-train: its settings and how to make it. A further method is one new file whose init adds its
// recipe to methods.
type recipe struct {
	// defaults sets what GzPT trains with: the widths of the heads and the settings of the method's own.
	defaults func(c *Config)
	// validate demands of the widths and the method's own settings what the method needs.
	validate func(c Config, demand demand)
	// build plans the networks for the settings.
	build func(dev kernels.Device, c Config, r *report) method
}

// methods is the recipes by name.
var methods = map[string]recipe{}

// Methods is the names of the pre-training methods, sorted.
func Methods() []string { return slices.Sorted(maps.Keys(methods)) }

// method is the networks with their heads, the order of the passes through them, and the loss.
type method interface {
	// gradients takes one micro-batch through the networks: it adds the loss and the spread of the embeddings to the report,
	// and the gradient of the micro-batch's share of the update's loss to the trained network's gradients.
	gradients(b *microBatch) outcome
	// follow is called after the update that ends micro-batch k of n, k from 0.
	follow(k, n int)
	// restart makes everything that follows the trained network equal to it, as at the start of a run.
	restart()
	// trained is the network whose gradients are computed; its parameters under backbonePrefix are the backbone.
	trained() *network
	// networks is every network with its name in a checkpoint.
	networks() []namedNetwork
	// keepsViews reports whether the pixels of an update's micro-batches are kept on the host until its end.
	keepsViews() bool
	// state is what a checkpoint holds besides networks and moments when the first n micro-batches of an update are done.
	state(n int) []block
}

type namedNetwork struct {
	name string
	*network
}

// microBatch is what a step gives its method.
type microBatch struct {
	views    [2][]float32      // the pixels on the host, nil where the device makes them
	images   [2]kernels.Tensor // and on the device
	items    []int
	pairs    pairs
	step     int // micro-batches done before
	index, n int // this is micro-batch index of the n of an update
}

// outcome is what a method says of a micro-batch besides the report.
type outcome struct {
	// chance is the loss of unrelated embeddings.
	chance float64
	// positives is the mean number of positives of a row besides its own other view.
	positives float64
}

// report is what a micro-batch tells the host. It is one block, so that a step waits for the device once.
type report struct {
	dev   kernels.Device
	block kernels.Tensor // float64: all that follows
	host  []float64      // the block as it was read

	loss, squares kernels.Tensor // of one element
	spread        [2]spread      // of the embeddings of the two views
}

func newReport(dev kernels.Device, batch, width int) *report {
	r := &report{dev: dev, block: dev.New(kernels.Float64, 2+4*width), host: make([]float64, 2+4*width)}
	r.loss, r.squares = r.block.Slice(0, 1), r.block.Slice(1, 1)
	unit, norms := dev.New(dev.Type(), batch, width), dev.New(dev.Type(), batch)
	for v := range r.spread {
		at := 2 + 2*width*v
		r.spread[v] = spread{unit: unit, norms: norms, moments: r.block.Slice(at, 2, width), host: r.host[at : at+2*width]}
	}
	return r
}

// read waits for the micro-batch and brings the block to the host.
func (r *report) read() error { return r.dev.ReadFloat64(r.host, r.block) }

// embeddingStd is the spread of both views; see [Metrics].
func (r *report) embeddingStd() float64 { return (r.spread[0].std() + r.spread[1].std()) / 2 }

// spread measures collapse: the standard deviation over the batch of every dimension of the normalised embeddings,
// averaged over dimensions and multiplied by sqrt(d), so that 1 means spread over the sphere and 0 that all embeddings are
// one point (the measure of SimSiam, Chen & He 2021).
type spread struct {
	unit, norms kernels.Tensor
	moments     kernels.Tensor // float64 [2,d]
	host        []float64      // the moments as they were read
}

// take takes the embeddings z [B,d] of a view.
func (s *spread) take(dev kernels.Device, z kernels.Tensor) {
	dev.NormalizeRows(s.unit, s.norms, z, normalizeEps)
	dev.ChannelMoments(s.moments, s.unit)
}

func (s *spread) std() float64 {
	n, d := float64(s.unit.Dim(0)), s.unit.Dim(1)
	var total float64
	for _, squares := range s.host[d:] {
		total += math.Sqrt(squares / (n - 1))
	}
	return total / float64(d) * math.Sqrt(float64(d))
}
