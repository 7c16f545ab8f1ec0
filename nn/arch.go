package nn

import "fmt"

// Arch is a residual network (He et al. 2016) in torchvision's form: the stride of a bottleneck sits on its 3x3
// convolution.
type Arch struct {
	// Depth is 18, 34, 50 or 101.
	Depth int `json:"depth"`
	// Width is the number of channels of the stem; 64 is the standard network.
	Width int `json:"width"`
	// Channels is the number of channels of the images, 1 or 3.
	Channels int `json:"channels"`
}

// stages is the number of residual blocks of each of the four stages by depth.
var stages = map[int][4]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}}

// Validate says what is wrong with the description of a network.
func (a Arch) Validate() error {
	if _, ok := stages[a.Depth]; !ok {
		return fmt.Errorf("nn: arch: depth is %d: expected 18, 34, 50 or 101", a.Depth)
	}
	if a.Width < 1 {
		return fmt.Errorf("nn: arch: width is %d: expected at least 1", a.Width)
	}
	if a.Channels != 1 && a.Channels != 3 {
		return fmt.Errorf("nn: arch: images with %d channels: expected 1 or 3", a.Channels)
	}
	return nil
}

// String is the name on the command line with what differs from the standard network: "resnet18",
// "resnet50 width 16 channels 1".
func (a Arch) String() string {
	s := fmt.Sprintf("resnet%d", a.Depth)
	if a.Width != 64 {
		s += fmt.Sprintf(" width %d", a.Width)
	}
	if a.Channels != 3 {
		s += fmt.Sprintf(" channels %d", a.Channels)
	}
	return s
}

func (a Arch) bottleneck() bool { return a.Depth >= 50 }

// Features is the number of features that the backbone gives for an image.
func (a Arch) Features() int {
	if a.bottleneck() {
		return 32 * a.Width
	}
	return 8 * a.Width
}

// convSpec is one convolution without bias and the batch normalisation that follows it.
type convSpec struct {
	conv, norm              string // names without ".weight"
	in, out, kernel, stride int
}

// blockSpec is one residual block: two 3x3 convolutions, or a bottleneck of three; down, where the shapes of input and
// output differ, is the 1x1 convolution of the shortcut.
type blockSpec struct {
	convs []convSpec
	down  *convSpec
}

// describe lists the convolutions of the network in torchvision's order and under its names.
func (a Arch) describe() (stem convSpec, blocks []blockSpec) {
	stem = convSpec{"conv1", "bn1", a.Channels, a.Width, 7, 2}
	in := a.Width
	for s, count := range stages[a.Depth] {
		for i := range count {
			stride := 1
			if s > 0 && i == 0 {
				stride = 2
			}
			b := a.block(fmt.Sprintf("layer%d.%d.", s+1, i), in, a.Width<<s, stride)
			blocks = append(blocks, b)
			in = b.convs[len(b.convs)-1].out
		}
	}
	return stem, blocks
}

func (a Arch) block(prefix string, in, width, stride int) blockSpec {
	var b blockSpec
	out := width
	add := func(in, out, kernel, stride int) {
		n := len(b.convs) + 1
		b.convs = append(b.convs, convSpec{fmt.Sprintf("%sconv%d", prefix, n), fmt.Sprintf("%sbn%d", prefix, n), in, out, kernel, stride})
	}
	if a.bottleneck() {
		out = 4 * width
		add(in, width, 1, 1)
		add(width, width, 3, stride)
		add(width, out, 1, 1)
	} else {
		add(in, width, 3, stride)
		add(width, width, 3, 1)
	}
	if stride != 1 || in != out {
		b.down = &convSpec{prefix + "downsample.0", prefix + "downsample.1", in, out, 1, stride}
	}
	return b
}
