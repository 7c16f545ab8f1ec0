package nn

import (
	"cmp"
	"strings"

	"gzpt/kernels"
)

// group says where in the arena a parameter lies. The order makes two things one operation each: the encoder, which a
// target network mirrors, is a prefix; and the vectors (biases and normalisations), which weight decay may spare, are
// one range.
type group uint8

const (
	encoderWeights group = iota
	encoderVectors
	headVectors
	headWeights
	groups
)

// parameter is one named tensor of a network: a weight, a bias, or a statistic of a batch normalisation.
type parameter struct {
	name   string
	dims   []int // in memory: KRSC, [out,in] or [C]
	group  group
	offset int // in elements of the arena
}

func (p parameter) len() int {
	n := 1
	for _, d := range p.dims {
		n *= d
	}
	return n
}

// layout is where every parameter of a network lies in a block.
type layout struct {
	parameters []parameter // in the order of the forward pass, which is torchvision's
	byName     map[string]int
	begin      [groups + 1]int // first element of every group, and the size of the block
}

// padding starts every parameter on a cache line. The elements between parameters stay 0: with a zero gradient no
// optimiser moves them.
const padding = 16

// add appends a parameter to the definition of a network.
func (l *layout) add(g group, name string, dims ...int) {
	l.parameters = append(l.parameters, parameter{name: name, dims: dims, group: g})
}

// place assigns the offsets once all parameters are defined.
func (l *layout) place() {
	l.byName = make(map[string]int, len(l.parameters))
	end := 0
	for g := range groups {
		l.begin[g] = end
		for i := range l.parameters {
			p := &l.parameters[i]
			if p.group != g {
				continue
			}
			l.byName[p.name] = i
			p.offset = end
			end += (p.len() + padding - 1) / padding * padding
		}
	}
	l.begin[groups] = end
}

// size is the number of elements of a block.
func (l *layout) size() int { return l.begin[groups] }

// count is the number of elements of the parameters whose name has the prefix.
func (l *layout) count(prefix string) int {
	n := 0
	for _, p := range l.parameters {
		if len(p.name) >= len(prefix) && p.name[:len(prefix)] == prefix {
			n += p.len()
		}
	}
	return n
}

// arena is one contiguous block that holds a value for every parameter of a layout.
type arena struct {
	*layout
	block kernels.Tensor
}

func newArena(dev kernels.Device, l *layout) arena { return arena{l, dev.New(dev.Type(), l.size())} }

// at is parameter i as a view of the block.
func (a arena) at(i int) kernels.Tensor {
	p := a.parameters[i]
	return a.block.Slice(p.offset, p.dims...)
}

// named is the view of the parameter of that name.
func (a arena) named(name string) kernels.Tensor {
	i, ok := a.byName[name]
	if !ok {
		panic("nn: arena: no parameter of that name")
	}
	return a.at(i)
}

// has reports whether there is a parameter of that name.
func (l *layout) has(name string) bool {
	_, ok := l.byName[name]
	return ok
}

// layer is the name of the layer that the parameter at a view of the block belongs to, "" where the view is none.
func (a arena) layer(v kernels.Tensor) string {
	if a.layout == nil || a.block.Memory() != v.Memory() || v.Address() < a.block.Address() {
		return ""
	}
	offset := int(v.Address()-a.block.Address()) / v.Type().Size()
	for _, p := range a.parameters {
		if p.offset == offset && p.len() == v.Len() {
			return p.name[:strings.LastIndexByte(p.name, '.')]
		}
	}
	return ""
}

// network is the state of one network: its weights, their gradients, and the running statistics of its batch
// normalisations.
type network struct {
	activations kernels.Type // of the backbone, and of the gradients of its activations
	// shadow is the weights of the encoder in the type of the activations, which its convolutions read; without a block where
	// that is the type of the weights.
	shadow     arena
	weights    arena
	gradients  arena // without a block in a network that is not trained by gradients
	statistics arena
	tracked    int64 // batches that went into the statistics, PyTorch's num_batches_tracked
}

// definition lists what a network consists of.
type definition struct {
	weights, statistics layout
	activations         kernels.Type // of the backbone; 0 for the type of the device
}

// newNetwork allocates the blocks of a network: zero weights, and statistics of mean 0 and variance 1.
func newNetwork(dev kernels.Device, d *definition, trained bool) *network {
	d.weights.place()
	d.statistics.place()
	n := &network{weights: newArena(dev, &d.weights), statistics: newArena(dev, &d.statistics), activations: cmp.Or(d.activations, dev.Type())}
	if n.activations != dev.Type() {
		n.shadow = arena{&d.weights, dev.New(n.activations, d.weights.begin[encoderVectors])}
	}
	if trained {
		n.gradients = newArena(dev, &d.weights)
	}
	for i, p := range d.statistics.parameters {
		if isVariance(p.name) {
			dev.Fill(n.statistics.at(i), 1)
		}
	}
	return n
}

// renew brings the shadow up to date, after every change of the weights.
func (n *network) renew(dev kernels.Device) {
	if n.shadow.layout != nil {
		dev.Convert(n.shadow.block, n.weights.block.Slice(0, n.shadow.block.Len()))
	}
}

// convolution is the weight of a convolution as activations meet it.
func (n *network) convolution(name string) kernels.Tensor {
	if n.shadow.layout != nil {
		return n.shadow.named(name)
	}
	return n.weights.named(name)
}

const (
	meanSuffix     = ".running_mean"
	varianceSuffix = ".running_var"
	trackedSuffix  = ".num_batches_tracked"
)

// addNorm defines a batch normalisation over the given channels.
func (d *definition) addNorm(g group, name string, channels int) {
	d.weights.add(g, name+".weight", channels)
	d.weights.add(g, name+".bias", channels)
	d.addStatistics(g, name, channels)
}

// addStatistics defines what a batch normalisation has without gamma and beta.
func (d *definition) addStatistics(g group, name string, channels int) {
	d.statistics.add(g, name+meanSuffix, channels)
	d.statistics.add(g, name+varianceSuffix, channels)
}

// addBackbone defines the residual network under torchvision's names after the prefix.
func (d *definition) addBackbone(prefix string, a Arch) {
	add := func(s convSpec) {
		d.weights.add(encoderWeights, prefix+s.conv+".weight", s.out, s.kernel, s.kernel, s.in)
		d.addNorm(encoderVectors, prefix+s.norm, s.out)
	}
	stem, blocks := a.describe()
	add(stem)
	for _, b := range blocks {
		for _, s := range b.convs {
			add(s)
		}
		if b.down != nil {
			add(*b.down)
		}
	}
}
