package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gzpt/kernels"
	"gzpt/nn"
	"gzpt/nn/data"
)

// EncodeOptions says how items are shown to an encoder.
type EncodeOptions struct {
	// ImageSize is the side in pixels of the squares that the encoder takes.
	ImageSize int
	// Normalisation is that of the views that the encoder was trained on; the zero value is ImageNet's.
	Normalisation data.Normalisation
	// Workers is the number of goroutines that decode images, 0 for one per processor.
	Workers int
	// Seen, if not nil, is given what the encoder saw, [n,ImageSize,ImageSize,Channels], some items after the other. It must
	// not keep it.
	Seen func(pixels []float32) error
	// Progress, if not nil, is told how many items are encoded.
	Progress func(done, total int)
}

// pixelsAtOnce bounds the memory that decoded images take before they are encoded, in values.
const pixelsAtOnce = 1 << 25

// Encode is the features of all items of a source, resized to squares and normalised as [data.Eval] says. A feature that is
// not finite is an error.
func Encode(ctx context.Context, encoder *nn.Encoder, source data.Source, o EncodeOptions) (Features, error) {
	return encode(ctx, encoder, source, o, pixelsAtOnce/(o.ImageSize*o.ImageSize*source.Channels()))
}

// encode is Encode with at most so many images decoded before they are encoded, one at least.
func encode(ctx context.Context, encoder *nn.Encoder, source data.Source, o EncodeOptions, atOnce int) (Features, error) {
	n, dim := len(source.Items()), encoder.Arch().Features()
	values := o.ImageSize * o.ImageSize * source.Channels()
	shown := data.EvalOptions{ImageSize: o.ImageSize, Normalisation: cmp.Or(o.Normalisation, data.ImageNet()), Workers: o.Workers}
	chunk := max(1, min(n, atOnce))
	f := Features{Rows: n, Dim: dim, Values: make([]float32, n*dim)}
	pixels, items := make([]float32, chunk*values), make([]int, chunk)
	for from := 0; from < n; from += chunk {
		m := min(chunk, n-from)
		for k := range items[:m] {
			items[k] = from + k
		}
		part := pixels[:m*values]
		err := data.Eval(ctx, part, source, items[:m], shown)
		if err != nil {
			return f, err
		}
		features := f.Values[from*dim : (from+m)*dim]
		if err := encoder.Encode(features, part); err != nil {
			return f, err
		}
		if i := notFinite(features); i >= 0 {
			return f, fmt.Errorf("image %q: feature %d is %v: the network does not fit such images, or its weights are damaged",
				source.Items()[from+i/dim].Name, i%dim, features[i])
		}
		if o.Seen != nil {
			if err := o.Seen(part); err != nil {
				return f, err
			}
		}
		if err := ctx.Err(); err != nil {
			return f, err
		}
		if o.Progress != nil {
			o.Progress(from+m, n)
		}
	}
	return f, nil
}

// notFinite is the first number that is NaN or infinite, or -1.
func notFinite(values []float32) int {
	return slices.IndexFunc(values, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) })
}

// ErrChannels says that a backbone and images do not fit each other.
var ErrChannels = errors.New("other channels than the images have")

// OpenEncoder opens a backbone for the images of a source, batch at a time, of imageSize x imageSize pixels.
func OpenEncoder(dev kernels.Device, weights string, source data.Source, batch, imageSize int) (*nn.Encoder, error) {
	encoder, err := nn.LoadEncoder(dev, weights, batch, imageSize, imageSize)
	if err != nil {
		return nil, err
	}
	if has := encoder.Arch().Channels; has != source.Channels() {
		encoder.Close()
		return nil, fmt.Errorf("%s: a backbone for %d channels, %w: %d", weights, has, ErrChannels, source.Channels())
	}
	return encoder, nil
}

// BackboneOptions says how a backbone is judged.
type BackboneOptions struct {
	EncodeOptions
	// Batch is the number of images that are encoded at a time.
	Batch int
	KNN   KNN
	// Labels says where the labels come from, for the report.
	Labels string
}

// Backbone judges a backbone in a file of weights, which [nn.LoadEncoder] opens, by its features of the items of a source, which
// must have labels and a split.
func Backbone(ctx context.Context, dev kernels.Device, weights string, source data.Source, o BackboneOptions) (*Report, error) {
	encoder, err := OpenEncoder(dev, weights, source, o.Batch, o.ImageSize)
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	f, err := Encode(ctx, encoder, source, o.EncodeOptions)
	if err != nil {
		return nil, err
	}
	r, err := Judge(f, source.Items(), o.KNN)
	if err != nil {
		return nil, err
	}
	r.Backbone, r.Network, r.Labels, r.Found = weights, encoder.String(), o.Labels, encoder.Found()
	r.Date = time.Now().Format(time.RFC3339)
	return r, nil
}
