package nn

import (
	"fmt"
	"slices"
	"testing"
)

// TestArch compares every network with torchvision's model of that name: the number of its parameters without fc, and
// names and shapes of the places where depths differ. Shapes are OIHW.
func TestArch(t *testing.T) {
	for _, c := range []struct {
		depth, features, parameters, tensors int
		shapes                               map[string][]int
	}{
		{18, 512, 11_176_512, 60, map[string][]int{
			"conv1.weight": {64, 3, 7, 7}, "layer1.1.conv2.weight": {64, 64, 3, 3}, "layer2.0.conv1.weight": {128, 64, 3, 3},
			"layer4.0.downsample.0.weight": {512, 256, 1, 1}, "layer4.0.downsample.1.bias": {512}}},
		{34, 512, 21_284_672, 108, map[string][]int{
			"layer1.2.conv1.weight": {64, 64, 3, 3}, "layer3.5.bn2.weight": {256}, "layer4.2.conv2.weight": {512, 512, 3, 3}}},
		{50, 2048, 23_508_032, 159, map[string][]int{
			"layer1.0.conv1.weight": {64, 64, 1, 1}, "layer1.0.downsample.0.weight": {256, 64, 1, 1},
			"layer2.0.conv2.weight": {128, 128, 3, 3}, "layer4.2.conv3.weight": {2048, 512, 1, 1}}},
		{101, 2048, 42_500_160, 312, map[string][]int{
			"layer3.22.conv1.weight": {256, 1024, 1, 1}, "layer3.22.bn3.bias": {1024}}},
	} {
		t.Run(fmt.Sprintf("resnet%d", c.depth), func(t *testing.T) {
			a := Arch{c.depth, 64, 3}
			var d definition
			d.addBackbone("", a)
			if n := d.weights.count(""); n != c.parameters || len(d.weights.parameters) != c.tensors || a.Features() != c.features {
				t.Errorf("%d parameters in %d tensors and %d features, expected %d in %d and %d", n, len(d.weights.parameters), a.Features(), c.parameters, c.tensors, c.features)
			}
			for name, want := range c.shapes {
				i := slices.IndexFunc(d.weights.parameters, func(p parameter) bool { return p.name == name })
				if i < 0 || !slices.Equal(fileShape(d.weights.parameters[i].dims), want) {
					t.Errorf("%s of shape %v is missing", name, want)
				}
			}
			var grey definition
			grey.addBackbone("", Arch{c.depth, 64, 1})
			if n := grey.weights.count(""); n != c.parameters-2*64*49 {
				t.Errorf("%d parameters with one channel, expected two planes of conv1 less", n)
			}
		})
	}
}

// TestStride: the second to fourth stage halve the image in their first block, on a 3x3 convolution and the shortcut.
func TestStride(t *testing.T) {
	for depth := range stages {
		_, blocks := Arch{depth, 64, 3}.describe()
		halved := 0
		for i, b := range blocks {
			for _, s := range b.convs {
				if s.stride == 1 {
					continue
				}
				halved++
				if s.stride != 2 || s.kernel != 3 || b.down == nil || b.down.stride != 2 || i == 0 {
					t.Errorf("resnet%d: %s has stride %d and kernel %d", depth, s.conv, s.stride, s.kernel)
				}
			}
		}
		if halved != 3 {
			t.Errorf("resnet%d: %d strides after the stem, expected 3", depth, halved)
		}
	}
}

// TestHeads: projector and predictor have the widths of the method, a bias and a normalisation in the first layer and
// neither in the last.
func TestHeads(t *testing.T) {
	for depth, hidden := range map[int]int{18: 1024, 34: 1024, 50: 4096, 101: 4096} {
		c := DefaultConfig(Arch{depth, 64, 3})
		if c.ProjectorHidden != hidden || c.PredictorHidden != 4096 || c.Embedding != 256 {
			t.Errorf("resnet%d: projector %d -> %d, predictor %d", depth, c.ProjectorHidden, c.Embedding, c.PredictorHidden)
		}
	}
	var d definition
	d.addHead(encoderWeights, encoderVectors, "", 5, []layerSpec{linear(7, true), norm, relu, linear(3, false)})
	var got []string
	for _, p := range d.weights.parameters {
		got = append(got, fmt.Sprint(p.name, p.dims))
	}
	if want := []string{"0.weight[7 5]", "0.bias[7]", "1.weight[7]", "1.bias[7]", "3.weight[3 7]"}; !slices.Equal(got, want) {
		t.Errorf("a head has %v, expected %v", got, want)
	}
}
