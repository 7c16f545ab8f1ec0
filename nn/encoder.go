package nn

import (
	"fmt"

	"gzpt/kernels"
)

// Encoder turns images into features with a backbone in eval mode: every image alone, normalised by the running
// statistics.
type Encoder struct {
	dev   *kernels.Scope
	arch  Arch
	net   *network
	x     kernels.Tensor // [B,H,W,C]
	pass  *resnet
	found *FoundBackbone
}

// LoadEncoder is [LoadEncoderIn] float32.
func LoadEncoder(dev kernels.Device, path string, batch, height, width int) (*Encoder, error) {
	return LoadEncoderIn(dev, float32Precision, path, batch, height, width)
}

// LoadEncoderIn reads a backbone from a file of weights, such as [ExportBackbone] writes and others that [OpenWeightFile] and
// [WeightFile.Backbone] describe; which network it is follows from the file, and [Encoder.Found] says what was found there.
// The encoder takes images of height x width pixels, up to batch at once. Activations are of the precision, "float32" or
// "bfloat16"; features are float32 in both. The error names the file and, in at most ten lines, what does not fit; a weight
// that is not finite is an error too.
func LoadEncoderIn(dev kernels.Device, precision, path string, batch, height, width int) (*Encoder, error) {
	if err := CheckPrecision(dev, precision); err != nil {
		return nil, err
	}
	found, weights, err := readBackbone(path, func(found *FoundBackbone) (Arch, error) { return found.Arch, found.unknown })
	if err != nil {
		return nil, err
	}
	e := newEncoder(dev, activationType(dev, precision), found.Arch, batch, height, width)
	e.found = found
	weights.write(e.dev, e.net, "")
	if err := advised(e.dev.Sync()); err != nil {
		e.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// Close gives the memory of the encoder back to its device, which stays open.
func (e *Encoder) Close() { e.dev.Close() }

func newEncoder(dev kernels.Device, activations kernels.Type, a Arch, batch, height, width int) *Encoder {
	if batch < 1 || height < 1 || width < 1 {
		panic("nn: Encoder: batch and image size are at least 1")
	}
	d := definition{activations: activations}
	d.addBackbone("", a)
	scope := kernels.NewScope(dev)
	e := &Encoder{dev: scope, arch: a, net: newNetwork(scope, &d, false), x: scope.New(activations, batch, height, width, a.Channels)}
	e.pass = newResnet(&plan{dev: scope, net: e.net, mode: evaluating}, "", a, batch, height, width)
	return e
}

// Encoder is an encoder with the trainer's backbone as it is now, for up to batch images of the trainer's size at once. Should
// the device fail, Encode says so.
func (t *Trainer) Encoder(batch int) *Encoder {
	e := newEncoder(t.dev.Device, t.config.activations(t.dev), t.config.Arch, batch, t.config.Height, t.config.Width)
	e.Follow(t)
	return e
}

// Follow copies the backbone of a trainer of the same architecture on the same device, after further steps.
func (e *Encoder) Follow(t *Trainer) {
	if e.arch != t.config.Arch || e.dev.Device != t.dev.Device {
		panic("nn: Encoder.Follow: the trainer has another architecture or device")
	}
	from := t.method.trained()
	for i, p := range e.net.weights.parameters {
		e.dev.Copy(e.net.weights.at(i), from.weights.named(backbonePrefix+p.name))
	}
	for i, p := range e.net.statistics.parameters {
		e.dev.Copy(e.net.statistics.at(i), from.statistics.named(backbonePrefix+p.name))
	}
	e.net.renew(e.dev)
}

// Found is what [LoadEncoder] found in the file, nil for an encoder of a trainer.
func (e *Encoder) Found() *FoundBackbone { return e.found }

// Arch is the network.
func (e *Encoder) Arch() Arch { return e.arch }

// Encode writes the features [n,F], F = Arch().Features(), of the pixels [n,H,W,C] of n images into features. Any number
// of images goes, in batches. The error is the device's. It panics if the lengths do not fit, and allocates nothing.
func (e *Encoder) Encode(features, pixels []float32) error {
	batch, image, width := e.x.Dim(0), e.x.Len()/e.x.Dim(0), e.arch.Features()
	n := len(pixels) / image
	if len(pixels) != n*image || len(features) != n*width {
		panic("nn: Encoder.Encode: expected pixels [n,H,W,C] and features [n,F]")
	}
	for i := 0; i < n; i += batch {
		m := min(batch, n-i)
		e.dev.Write(e.x.Slice(0, m*image), pixels[i*image:(i+m)*image]) // older images behind them are computed in vain
		e.pass.forward(e.dev, e.x)
		if err := e.dev.Read(features[i*width:(i+m)*width], e.pass.features.Slice(0, m*width)); err != nil {
			return fmt.Errorf("nn: encoder: %w", advised(err))
		}
	}
	return nil
}

// String is the architecture and the image size, for logs.
func (e *Encoder) String() string {
	return fmt.Sprintf("%s on %d x %d", e.arch, e.x.Dim(1), e.x.Dim(2))
}
