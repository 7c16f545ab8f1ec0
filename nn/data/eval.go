package data

import (
	"context"

	"gzpt/kernels"
	"gzpt/kernels/augment"
)

// EvalOptions says how images are prepared for a trained encoder.
type EvalOptions struct {
	// ImageSize is the side in pixels.
	ImageSize     int
	Normalisation Normalisation
	// Cached takes the source's squares, resized once more, instead of decoding the images: much faster and close, for
	// figures during training. What is compared with other programs is made without it.
	Cached bool
	// Workers is the number of goroutines, 0 for one per processor.
	Workers int
}

// Eval writes the pixels of the items with the given indices to dst [len(items),ImageSize,ImageSize,Channels]: the whole
// image, resized to a square and normalised, without anything random. Unless Cached it is what torchvision gives for
//
//	Compose([Resize((S, S)), ToTensor(), Normalize(mean, std)])
//
// on the image file opened by PIL as RGB, or L for one channel: for 8-bit files whose decoding leaves no choice (PNG)
// bit for bit, for JPEG as far as decoders agree. 16-bit files keep their range, which PIL does not. An error names the
// image.
func Eval(ctx context.Context, dst []float32, source Source, items []int, o EvalOptions) error {
	values := o.ImageSize * o.ImageSize * source.Channels()
	if o.ImageSize < 1 || len(dst) != len(items)*values {
		panic("data: Eval: dst is not [len(items),ImageSize,ImageSize,Channels]")
	}
	return Each(ctx, len(items), o.Workers, func(k int) error {
		out := dst[k*values : (k+1)*values]
		var err error
		if o.Cached {
			err = cachedPixels(out, source, items[k], o.ImageSize)
		} else {
			err = originalPixels(out, source, items[k], o.ImageSize)
		}
		if err != nil {
			return source.Items()[items[k]].problem(err)
		}
		o.Normalisation.apply(out, source.Channels())
		return nil
	})
}

func originalPixels(dst []float32, source Source, item, size int) error {
	m, err := source.Image(item)
	if err != nil {
		return err
	}
	m.Square(size, source.Channels()).Fractions(dst, source.Channels())
	return nil
}

func cachedPixels(dst []float32, source Source, item, size int) error {
	side, channels := source.Side(), source.Channels()
	image := make([]float32, side*side*channels)
	if err := source.Pixels(image, item); err != nil {
		return err
	}
	augment.NewSampler[float32](side, size, channels).Sample(dst, image, kernels.Part(whole))
	return nil
}
