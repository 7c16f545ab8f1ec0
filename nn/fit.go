package nn

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gzpt/kernels"
	"gzpt/nn/tensorfile"
)

// backboneWeights is the parameters and statistics of a backbone as a file holds them, by torchvision's names.
type backboneWeights struct {
	values  map[string][]float32
	tracked int64
}

// read finds the backbone of the file and reads it for the network that choose says, after all names and shapes have been
// compared.
func (w *WeightFile) read(choose func(*FoundBackbone) (Arch, error)) (*FoundBackbone, *backboneWeights, error) {
	b, err := w.find()
	if err != nil {
		return nil, nil, err
	}
	a, err := choose(b)
	if err != nil {
		return nil, nil, err
	}
	var d definition
	d.addBackbone("", a)
	parameters := slices.Concat(d.weights.parameters, d.statistics.parameters)
	if err := b.fits(parameters); err != nil {
		return nil, nil, err
	}
	weights := &backboneWeights{values: map[string][]float32{}}
	for _, p := range parameters {
		if weights.values[p.name], err = b.floats(p.name); err != nil {
			return nil, nil, err
		}
	}
	if i, ok := b.index["bn1"+trackedSuffix]; ok {
		tracked, err := b.file.Ints(i)
		if err != nil {
			return nil, nil, err
		}
		if len(tracked) != 1 {
			return nil, nil, fmt.Errorf("bn1%s has %d elements, expected 1", trackedSuffix, len(tracked))
		}
		weights.tracked = tracked[0]
	}
	b.Arch = a
	return b, weights, nil
}

// floats reads a tensor whose numbers are finite and, for variances, not negative.
func (b *FoundBackbone) floats(name string) ([]float32, error) {
	i := b.index[name]
	values, err := b.file.Floats(i)
	if err != nil {
		return nil, err
	}
	for k, v := range values {
		switch {
		case math.IsNaN(float64(v)) || math.IsInf(float64(v), 0):
			return nil, fmt.Errorf("tensor %s: element %d is %v, expected a finite number", b.file.Tensors()[i].Name, k, v)
		case v < 0 && isVariance(name):
			return nil, fmt.Errorf("tensor %s: element %d is %v, expected a variance", b.file.Tensors()[i].Name, k, v)
		}
	}
	return values, nil
}

// fits compares the names and shapes of a file with the parameters of a network.
func (b *FoundBackbone) fits(parameters []parameter) error {
	var faults []error
	expected := map[string]bool{}
	for _, p := range parameters {
		expected[p.name] = true
		t, ok := b.lookup(p.name)
		switch want := fileShape(p.dims); {
		case !ok:
			faults = append(faults, fmt.Errorf("tensor %s%s is missing", b.Prefix, p.name))
		case !t.Type.Floating() || !slices.Equal(t.Shape, want):
			faults = append(faults, fmt.Errorf("tensor %s is %s %v, expected %s %v", t.Name, t.Type, t.Shape, tensorfile.Float32, want))
		}
	}
	for i, t := range b.file.Tensors() {
		name, ok := strings.CutPrefix(t.Name, b.Prefix)
		own := b.names.torchvision(name)
		if k, indexed := b.index[own]; !ok || !indexed || k != i || expected[own] {
			continue
		}
		norm, tracked := strings.CutSuffix(own, trackedSuffix) // files of old versions of PyTorch lack it
		if !tracked || !expected[norm+varianceSuffix] || t.Type != tensorfile.Int64 || t.Len() != 1 {
			faults = append(faults, fmt.Errorf("tensor %v is not expected", t))
		}
	}
	return atMost(faults)
}

// maxFaults bounds the lines of an error.
const maxFaults = 10

func atMost(faults []error) error {
	if more := len(faults) - maxFaults + 1; more > 1 {
		faults = append(faults[:maxFaults-1:maxFaults-1], fmt.Errorf("and %d more tensors", more))
	}
	return errors.Join(faults...)
}

// write gives the backbone under the prefix the weights.
func (w *backboneWeights) write(dev kernels.Device, n *network, prefix string) {
	for _, a := range []arena{n.weights, n.statistics} {
		for i, p := range a.parameters {
			if name, ok := strings.CutPrefix(p.name, prefix); ok {
				dev.Write(a.at(i), fromFile(w.values[name], p.dims))
			}
		}
	}
	n.tracked = w.tracked
	n.renew(dev)
}
