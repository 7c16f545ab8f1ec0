package data

import (
	"math"
	"math/rand/v2"
)

// Transform is the part of an image that a view shows: the rectangle from (X, Y) of the given width and height, in
// fractions of the image's width and height, and whether left and right are exchanged.
type Transform struct {
	X, Y, Width, Height float64
	Flip                bool
}

// whole shows all of an image.
var whole = Transform{Width: 1, Height: 1}

// Map is where a place of the image, in fractions of its width and height, lies in the view, in fractions of the view's;
// outside [0,1] it is not in the view.
func (t Transform) Map(x, y float64) (u, v float64) {
	u, v = (x-t.X)/t.Width, (y-t.Y)/t.Height
	if t.Flip {
		u = 1 - u
	}
	return u, v
}

// Augmenter makes random views. It holds the room that this takes and belongs to one goroutine.
type Augmenter struct {
	augmentation   Augmentation
	side           int // of the images
	size, channels int // of the views
	generator      rand.PCG
	random         *rand.Rand
	sampler        sampler
	blur           blur
}

// NewAugmenter makes views of size x size pixels from images of side x side pixels. It panics if the augmentation is not
// valid.
func NewAugmenter(a Augmentation, side, size, channels int) *Augmenter {
	if side < 1 || size < 1 || channels != 1 && channels != 3 {
		panic("data: NewAugmenter: sizes are at least 1, and channels 1 or 3")
	}
	if a.Validate() != nil {
		panic("data: NewAugmenter: the augmentation is not valid")
	}
	g := &Augmenter{augmentation: a, side: side, size: size, channels: channels}
	g.random = rand.New(&g.generator)
	g.sampler = newSampler(side, size, channels)
	if a.BlurProbability > 0 {
		g.blur = newBlur(size, channels, a.BlurSigma[1]*float64(size)/blurReference)
	}
	return g
}

// View writes a view [size,size,channels] of the image [side,side,channels], whose values are fractions of full scale, to
// dst, and returns what part of the image it shows. Seed, epoch, item and view determine it. It allocates nothing.
func (g *Augmenter) View(dst, image []float32, seed uint64, epoch, item, view int) Transform {
	if len(dst) != g.size*g.size*g.channels || len(image) != g.side*g.side*g.channels {
		panic("data: Augmenter.View: expected a view [size,size,channels] and an image [side,side,channels]")
	}
	g.generator.Seed(Derive(seed, "view", uint64(epoch), uint64(item), uint64(view)))
	a := &g.augmentation
	t := whole
	if g.happens(a.CropProbability) {
		t = g.crop()
	}
	t.Flip = g.happens(a.FlipProbability)
	g.sampler.sample(dst, image, t)
	if g.happens(a.JitterProbability) {
		g.jitter(dst)
	}
	if g.happens(a.GreyProbability) && g.channels == 3 {
		saturate(dst, 0)
	}
	if g.happens(a.BlurProbability) {
		g.blur.apply(dst, g.between(a.BlurSigma)*float64(g.size)/blurReference)
	}
	if g.happens(a.SolarizeProbability) {
		solarize(dst, float32(a.SolarizeThreshold))
	}
	a.Normalisation.apply(dst, g.channels)
	return t
}

// happens draws for a step, unless it is switched off.
func (g *Augmenter) happens(probability float64) bool {
	return probability > 0 && g.random.Float64() < probability
}

// between is uniform between two bounds, neither of which rounding passes.
func (g *Augmenter) between(bounds [2]float64) float64 {
	return min(bounds[0]+g.random.Float64()*(bounds[1]-bounds[0]), bounds[1])
}

// cropAttempts is how often a crop that does not fit is drawn again, as in torchvision.
const cropAttempts = 10

// crop draws the part of the image that is kept. In fractions of a square, area and ratio give width and height.
func (g *Augmenter) crop() Transform {
	a := &g.augmentation
	logarithms := [2]float64{math.Log(a.CropRatio[0]), math.Log(a.CropRatio[1])}
	for range cropAttempts {
		area, ratio := g.between(a.CropScale), math.Exp(g.between(logarithms))
		width, height := math.Sqrt(area*ratio), math.Sqrt(area/ratio)
		if width <= 1 && height <= 1 {
			return Transform{X: g.random.Float64() * (1 - width), Y: g.random.Float64() * (1 - height), Width: width, Height: height}
		}
	}
	ratio := min(max(1, a.CropRatio[0]), a.CropRatio[1]) // the largest part in the middle
	width, height := min(1, ratio), min(1, 1/ratio)
	return Transform{X: (1 - width) / 2, Y: (1 - height) / 2, Width: width, Height: height}
}

// jitter changes the colours in a random order.
func (g *Augmenter) jitter(pixels []float32) {
	a := &g.augmentation
	order := [4]int{0, 1, 2, 3}
	for i := len(order) - 1; i > 0; i-- {
		j := g.random.IntN(i + 1)
		order[i], order[j] = order[j], order[i]
	}
	for _, step := range order {
		switch {
		case step == 0 && a.Brightness > 0:
			brighten(pixels, g.factor(a.Brightness))
		case step == 1 && a.Contrast > 0:
			contrast(pixels, g.channels, g.factor(a.Contrast))
		case step == 2 && a.Saturation > 0:
			if f := g.factor(a.Saturation); g.channels == 3 {
				saturate(pixels, f)
			}
		case step == 3 && a.Hue > 0:
			if turn := g.between([2]float64{-a.Hue, a.Hue}); g.channels == 3 {
				turnHue(pixels, float32(turn))
			}
		}
	}
}

// factor is uniform in [max(0, 1-x), 1+x].
func (g *Augmenter) factor(x float64) float32 {
	return float32(g.between([2]float64{max(0, 1-x), 1 + x}))
}
