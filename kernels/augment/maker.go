// Package augment is [kernels.Device.Augment] in host memory: the loops that define it, in float32 or float64. Nothing is drawn
// here, and nothing allocated once a [Maker] is there.
package augment

import "gzpt/kernels"

// Float is the type that views are computed in.
type Float interface{ float32 | float64 }

// Maker makes views [size,size,channels] of images [side,side,channels]. It belongs to one goroutine.
type Maker[T Float] struct {
	side, size, channels int
	sampler              *Sampler[T]
	blur                 blur[T]
	image                []T // of an image that is stored
}

// NewMaker makes views whose blur reaches up to radius pixels.
func NewMaker[T Float](side, size, channels, radius int) *Maker[T] {
	return &Maker[T]{
		side: side, size: size, channels: channels,
		sampler: NewSampler[T](side, size, channels), blur: newBlur[T](size, channels, radius), image: make([]T, side*side*channels),
	}
}

// Fits reports whether the maker is for views of the given shape.
func (m *Maker[T]) Fits(side, size, channels, radius int) bool {
	return m.side == side && m.size == size && m.channels == channels && len(m.blur.weights) == radius+1
}

// View writes the view of an image, whose values are fractions of its window.
func (m *Maker[T]) View(dst, image []T, v *kernels.View, mean, std [3]float64) {
	if len(dst) != m.size*m.size*m.channels || len(image) != len(m.image) || len(v.Blur) > len(m.blur.weights) {
		panic("augment: Maker.View: expected a view [size,size,channels], an image [side,side,channels], and a blur of the radius at most")
	}
	m.sampler.Sample(dst, image, v.Part)
	m.colour(dst, &v.Steps)
	if weights := m.weights(v.Blur); len(weights) > 1 || weights[0] != 1 {
		m.blur.apply(dst, weights)
	}
	if v.Threshold < kernels.NoThreshold {
		solarize(dst, T(v.Threshold))
	}
	Normalise(dst, m.channels, mean, std)
}

// colour makes the steps.
func (m *Maker[T]) colour(dst []T, steps *[kernels.Steps]kernels.Step) {
	mean, known := 0.0, false
	for _, s := range steps {
		f := T(s.Amount)
		switch {
		case s.Kind == kernels.StepBrightness:
			brighten(dst, f)
		case s.Kind == kernels.StepContrast:
			if !known {
				mean, known = meanLuma(dst, m.channels), true
			}
			contrast(dst, mean, f)
		case s.Kind == kernels.StepSaturation && m.channels == 3:
			saturate(dst, f)
		case s.Kind == kernels.StepHue && m.channels == 3:
			turnHue(dst, f)
		}
	}
}

// weights is those of a blur in the maker's type, without the zeros behind them.
func (m *Maker[T]) weights(blur []float64) []T {
	n := len(blur)
	for n > 1 && blur[n-1] == 0 {
		n--
	}
	weights := m.blur.weights[:max(n, 1)]
	weights[0] = 1
	for k, w := range blur[:n] {
		weights[k] = T(w)
	}
	return weights
}

// Stored writes the view that row of the table of Augment says of an image that is stored in words.
func (m *Maker[T]) Stored(dst []T, words []int32, row []float64, views kernels.Views) {
	var v kernels.View
	v.Decode(row)
	decode(m.image, words, views.Bits, T(v.Low), T(v.High))
	m.View(dst, m.image, &v, views.Mean, views.Std)
}

// decode makes stored values fractions of their window.
func decode[T Float](dst []T, words []int32, bits int, low, high T) {
	if !(high > low) {
		clear(dst)
		return
	}
	each, mask := 32/bits, uint32(1)<<bits-1
	for i := range dst {
		stored := T(uint32(words[i/each]) >> (i % each * bits) & mask)
		dst[i] = (min(max(stored, low), high) - low) / (high - low)
	}
}
