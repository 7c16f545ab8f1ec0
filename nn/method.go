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
	// gradients takes one micro-batch through the networks: it adds the loss to loss, float64 of one element, and scale
	// times the gradient of the loss to the trained network's gradients. images are the two views, positives is A.
	gradients(loss kernels.Tensor, images [2]kernels.Tensor, positives kernels.Tensor, scale float64)
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
	// embeddingStd is how far the embeddings of the last micro-batch spread.
	embeddingStd() float64
}

type namedNetwork struct {
	name string
	*network
}

// methods makes the methods by name.
var methods = map[string]func(dev kernels.Device, c Config) method{}

// Methods is the names of the pre-training methods, sorted.
func Methods() []string { return slices.Sorted(maps.Keys(methods)) }

// spread measures collapse: the standard deviation over the batch of every dimension of the normalised embeddings,
// averaged over dimensions and views and multiplied by sqrt(d), so that 1 means spread over the sphere and 0 that all
// embeddings are one point (the measure of SimSiam, Chen & He 2021).
type spread struct {
	dev        kernels.Device
	unit, norm kernels.Tensor
	sums       [2]kernels.Tensor // float64 [2,d] per view
	host       []float64
}

func newSpread(dev kernels.Device, batch, width int) *spread {
	return &spread{
		dev: dev, unit: dev.New(batch, width), norm: dev.New(batch),
		sums: [2]kernels.Tensor{dev.NewFloat64(2, width), dev.NewFloat64(2, width)},
		host: make([]float64, 2*width),
	}
}

// add takes the embeddings z [B,d] of a view.
func (s *spread) add(view int, z kernels.Tensor) {
	s.dev.NormalizeRows(s.unit, s.norm, z, normalizeEps)
	s.dev.ChannelSums(s.sums[view], s.unit)
}

func (s *spread) std() float64 {
	n, d := float64(s.unit.Dim(0)), s.unit.Dim(1)
	var total float64
	for _, sums := range s.sums {
		s.dev.ReadFloat64(s.host, sums)
		for c, sum := range s.host[:d] {
			variance := (s.host[d+c] - sum*sum/n) / (n - 1)
			total += math.Sqrt(max(variance, 0))
		}
	}
	return total / float64(2*d) * math.Sqrt(float64(d))
}
