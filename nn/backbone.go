package nn

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"gzpt/kernels"
	"gzpt/kernels/atomicfile"
	"gzpt/nn/safetensors"
)

// ExportBackbone writes the trained backbone to a safetensors file under torchvision's names, without prefix and without
// the classifier fc, convolution weights as OIHW: torchvision's model of the same depth loads it and misses only fc. The
// file is written aside, flushed and renamed.
func ExportBackbone(path string, t *Trainer) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		if t.failed != nil {
			return fmt.Errorf("nn: backbone: not written: %w", t.failed)
		}
		tensors, err := backboneTensors(t.dev, t.method.trained(), backbonePrefix)
		if err != nil {
			return err
		}
		return safetensors.Write(w, tensors)
	})
}

// LoadBackbone gives a trainer that has not made a step the backbone of a safetensors file; what follows the backbone,
// such as a target network, starts from it too. The classifier fc.* is ignored. A tensor that is missing, that the
// network does not have or that has another shape is an error that names the file and every such tensor; the trainer is
// then unchanged.
func LoadBackbone(path string, t *Trainer) error {
	if t.steps > 0 {
		panic("nn: LoadBackbone: the trainer has made steps")
	}
	if err := openWeights(path, func(f *safetensors.File) error {
		return readBackbone(t.dev, f, t.method.trained(), backbonePrefix)
	}); err != nil {
		return err
	}
	t.method.restart()
	t.renew()
	return nil
}

// openWeights opens a safetensors file for read, whose error it puts the path before.
func openWeights(path string, read func(*safetensors.File) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := safetensors.Open(file, stat.Size())
	if err == nil {
		err = read(f)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
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

// readBackbone fills the parameters and statistics under the prefix from a file, or changes nothing and says what does
// not fit or cannot be read.
func readBackbone(dev kernels.Device, f *safetensors.File, n *network, prefix string) error {
	if err := fits(f, n, prefix); err != nil {
		return err
	}
	var writes []func()
	for _, a := range []arena{n.weights, n.statistics} {
		for i, p := range a.parameters {
			name, ok := strings.CutPrefix(p.name, prefix)
			if !ok {
				continue
			}
			info, _ := f.Lookup(name)
			values, err := f.Floats(info)
			if err != nil {
				return err
			}
			writes = append(writes, func() { dev.Write(a.at(i), fromFile(values, p.dims)) })
		}
	}
	tracked := []int64{0}
	if info, ok := f.Lookup("bn1" + trackedSuffix); ok {
		var err error
		if tracked, err = f.Ints(info); err != nil {
			return err
		}
	}
	for _, write := range writes {
		write()
	}
	n.tracked = tracked[0]
	n.renew(dev)
	return dev.Sync()
}

// fits compares the names and shapes of a file with those of the network.
func fits(f *safetensors.File, n *network, prefix string) error {
	var faults []error
	expected := map[string]bool{}
	for _, a := range []arena{n.weights, n.statistics} {
		for _, p := range a.parameters {
			name, ok := strings.CutPrefix(p.name, prefix)
			if !ok {
				continue
			}
			expected[name] = true
			info, ok := f.Lookup(name)
			switch want := fileShape(p.dims); {
			case !ok:
				faults = append(faults, fmt.Errorf("tensor %s is missing", name))
			case info.DType != safetensors.Float32 || !slices.Equal(info.Shape, want):
				faults = append(faults, fmt.Errorf("tensor %s is %s %v, expected %s %v", name, info.DType, info.Shape, safetensors.Float32, want))
			}
		}
	}
	for _, info := range f.Tensors() {
		norm, tracked := strings.CutSuffix(info.Name, trackedSuffix) // files of old versions of PyTorch lack it
		switch {
		case expected[info.Name] || strings.HasPrefix(info.Name, "fc."):
		case tracked && expected[norm+varianceSuffix] && info.DType == safetensors.Int64 && info.Len() == 1:
		default:
			faults = append(faults, fmt.Errorf("tensor %s (%s %v) is not expected", info.Name, info.DType, info.Shape))
		}
	}
	return errors.Join(faults...)
}

// backboneArch recognises the network that a file holds by the names and shapes of its convolutions.
func backboneArch(f *safetensors.File) (Arch, error) {
	stem, ok := f.Lookup("conv1.weight")
	if !ok || len(stem.Shape) != 4 {
		return Arch{}, errors.New("not a backbone: conv1.weight of a residual network is missing")
	}
	var counts [4]int
	for s := range counts {
		for {
			if _, ok := f.Lookup(fmt.Sprintf("layer%d.%d.conv1.weight", s+1, counts[s])); !ok {
				break
			}
			counts[s]++
		}
	}
	_, bottleneck := f.Lookup("layer1.0.conv3.weight")
	for depth, blocks := range stages {
		a := Arch{Depth: depth, Width: stem.Shape[0], Channels: stem.Shape[1]}
		if blocks == counts && a.bottleneck() == bottleneck {
			return a, a.Validate()
		}
	}
	return Arch{}, fmt.Errorf("not a known backbone: its stages have %v blocks", counts)
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
