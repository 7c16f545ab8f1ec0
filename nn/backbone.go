package nn

import (
	"fmt"
	"io"
	"strings"

	"gzpt/kernels"
	"gzpt/kernels/atomicfile"
	"gzpt/nn/safetensors"
)

// ExportBackbone writes the trained backbone to a safetensors file under torchvision's names, without prefix and without
// the classifier fc, convolution weights as OIHW: torchvision's model of the same depth loads it and misses only fc. The
// file is written aside, flushed and renamed. It has a checksum, and says where it comes from, see [Provenance].
func ExportBackbone(path string, t *Trainer) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		if t.failed != nil {
			return fmt.Errorf("nn: backbone: not written: %w", t.failed)
		}
		tensors, err := backboneTensors(t.dev, t.method.trained(), backbonePrefix)
		if err != nil {
			return err
		}
		return safetensors.WriteSealed(w, tensors, Provenance{Step: t.steps, Steps: t.config.Steps, State: t.checkpoint}.metadata())
	})
}

// LoadBackbone gives a trainer that has not made a step the backbone of a file of weights, which [OpenWeightFile] and
// [WeightFile.Backbone] describe; what follows the backbone, such as a target network, starts from it too. It says what it
// found in the file. Another network, a tensor that is missing, that the network does not have or that has another shape,
// and a weight that is not finite are errors of at most ten lines that name the file; the trainer is then unchanged.
func LoadBackbone(path string, t *Trainer) (*FoundBackbone, error) {
	if t.steps > 0 {
		panic("nn: LoadBackbone: the trainer has made steps")
	}
	n := t.method.trained()
	found, weights, err := readBackbone(path, func(found *FoundBackbone) (Arch, error) {
		want := t.config.Arch
		if has := found.Arch; has != want && has != (Arch{}) {
			return want, fmt.Errorf("it holds a backbone %v, expected %v", has, want)
		}
		return want, nil
	})
	if err != nil {
		return nil, err
	}
	weights.write(t.dev, n, backbonePrefix)
	t.method.restart()
	t.checkpoint = ""
	t.renew()
	if err := t.dev.Sync(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return found, nil
}

// readBackbone reads the backbone of a file for the network that choose says. Nothing is allocated for a network before
// all of it has been read, so that a small file cannot ask for a large one.
func readBackbone(path string, choose func(*FoundBackbone) (Arch, error)) (*FoundBackbone, *backboneWeights, error) {
	file, err := OpenWeightFile(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	if err := file.Verify(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	found, weights, err := file.read(choose)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return found, weights, nil
}

// backboneTensors is the parameters and statistics of a network under the prefix, as a file holds them.
func backboneTensors(dev kernels.Device, n *network, prefix string) ([]safetensors.Tensor, error) {
	var tensors []safetensors.Tensor
	for _, a := range []arena{n.weights, n.statistics} {
		for i, p := range a.parameters {
			name, ok := strings.CutPrefix(p.name, prefix)
			if !ok {
				continue
			}
			values := make([]float32, p.len())
			if err := dev.Read(values, a.at(i)); err != nil {
				return nil, err
			}
			tensors = append(tensors, safetensors.Tensor{Name: name, Shape: fileShape(p.dims), Floats: toFile(values, p.dims)})
			if norm, ok := strings.CutSuffix(name, varianceSuffix); ok {
				tensors = append(tensors, safetensors.Tensor{Name: norm + trackedSuffix, Ints: []int64{n.tracked}})
			}
		}
	}
	return tensors, nil
}

// fileShape is the shape of a parameter in a file: OIHW for KRSC.
func fileShape(dims []int) []int {
	if len(dims) == 4 {
		return []int{dims[0], dims[3], dims[1], dims[2]}
	}
	return dims
}

// toFile turns the elements of a parameter, KRSC for a convolution, into the order of files, OIHW.
func toFile(x []float32, dims []int) []float32 {
	if len(dims) != 4 {
		return x
	}
	return swapInner(x, dims[0], dims[1]*dims[2], dims[3])
}

// fromFile is the inverse of toFile.
func fromFile(x []float32, dims []int) []float32 {
	if len(dims) != 4 {
		return x
	}
	return swapInner(x, dims[0], dims[3], dims[1]*dims[2])
}

// swapInner turns x [n,a,b] into [n,b,a].
func swapInner(x []float32, n, a, b int) []float32 {
	y := make([]float32, len(x))
	for i := range n {
		for j := range a {
			for k := range b {
				y[(i*b+k)*a+j] = x[(i*a+j)*b+k]
			}
		}
	}
	return y
}
