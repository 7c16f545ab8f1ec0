package nn

import (
	"maps"
	"math"
	"slices"

	"gzpt/kernels"
)

// backbonePrefix is what the names of the backbone's parameters begin with inside a pre-training network.
const backbonePrefix = "backbone."

// method is one way to pre-train: the networks with their heads, and the loss. A further method is one new file whose init
// adds its constructor to methods.
type method interface {
	// gradients takes one micro-batch through the networks: it adds the loss and the spread of the embeddings to the report,
	// and scale times the gradient of the loss to the trained network's gradients. images are the two views, positives is A.
	gradients(images [2]kernels.Tensor, positives kernels.Tensor, scale float64)
	// follow is called after the update that ends micro-batch k of n, k from 0.
	follow(k, n int)
	// restart makes everything that follows the trained network equal to it, as at the start of a run.
	restart()
	// trained is the network whose gradients are computed; its parameters under backbonePrefix are the backbone.
	trained() *network
	// networks is every network with its name in a checkpoint.
	networks() []namedNetwork
	// chance is the loss of unrelated embeddings.
	chance() float64
}

type namedNetwork struct {
	name string
	*network
}

// methods makes the methods by name.
var methods = map[string]func(dev kernels.Device, c Config, r *report) method{}

// Methods is the names of the pre-training methods, sorted.
func Methods() []string { return slices.Sorted(maps.Keys(methods)) }

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
