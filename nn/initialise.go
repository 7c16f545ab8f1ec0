package nn

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"

	"gzpt/kernels"
)

func isVariance(name string) bool { return strings.HasSuffix(name, varianceSuffix) }

// initialise draws the weights of a network as PyTorch and torchvision do: convolutions normal with variance 2 / (K*R*S)
// (He et al. 2015, fan out), linear layers and their biases uniform within 1/sqrt(in), norm weights 1, norm biases 0.
// The numbers of a parameter follow from the seed and its name.
func initialise(dev kernels.Device, w arena, seed uint64) {
	for i, p := range w.parameters {
		var g rand.PCG
		g.Seed(derive(seed, p.name, 0))
		random := rand.New(&g)
		values := make([]float32, p.len())
		switch len(p.dims) {
		case 4:
			std := math.Sqrt(2 / float64(p.dims[0]*p.dims[1]*p.dims[2]))
			for j := range values {
				values[j] = float32(std * random.NormFloat64())
			}
		case 2:
			uniform(values, random, p.dims[1])
		case 1:
			if in, ok := linearInput(w, p.name); ok {
				uniform(values, random, in)
			} else if strings.HasSuffix(p.name, ".weight") {
				for j := range values {
					values[j] = 1
				}
			}
		}
		dev.Write(w.at(i), values)
	}
}

// linearInput is the number of inputs of the linear layer that the bias of the given name belongs to; the bias of a
// normalisation belongs to none.
func linearInput(w arena, bias string) (int, bool) {
	stem, ok := strings.CutSuffix(bias, ".bias")
	if !ok {
		return 0, false
	}
	weight := w.parameters[w.byName[stem+".weight"]]
	if len(weight.dims) != 2 {
		return 0, false
	}
	return weight.dims[1], true
}

func uniform(values []float32, random *rand.Rand, in int) {
	bound := 1 / math.Sqrt(float64(in))
	for j := range values {
		values[j] = float32(bound * (2*random.Float64() - 1))
	}
}

// derive hashes the run's seed, what the numbers are for and a counter into the two words that seed a PCG generator.
// Generators for different purposes or counters are independent, and none has a state to save.
func derive(seed uint64, purpose string, counter uint64) (uint64, uint64) {
	var b [80]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	binary.LittleEndian.PutUint64(b[8:], counter)
	n := 16 + copy(b[16:], purpose)
	if n-16 < len(purpose) {
		panic("nn: derive: purpose is too long")
	}
	h := sha256.Sum256(b[:n])
	return binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:])
}
