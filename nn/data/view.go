package data

import (
	"math"
	"math/rand/v2"

	"gzpt/kernels"
	"gzpt/kernels/augment"
	"gzpt/nn/data/picture"
)

// Transform is the part of an image that a view shows: the rectangle from (X, Y) of the given width and height, in
// fractions of the image's width and height, and whether left and right are exchanged.
type Transform kernels.Part

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

// Augmenter makes random views, or says how they are to be made. It holds the room that this takes and belongs to one
// goroutine.
type Augmenter struct {
	augmentation   Augmentation
	side           int // of the images
	size, channels int // of the views
	generator      rand.PCG
	random         *rand.Rand
	view           kernels.View // the last one drawn
	blur           []float64    // room for its weights
	maker          *augment.Maker[float32]
	mean, std      [3]float64
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
	g := &Augmenter{augmentation: a, side: side, size: size, channels: channels, blur: make([]float64, 1+a.reach(size))}
	g.random = rand.New(&g.generator)
	g.mean, g.std = a.Normalisation.channels(channels)
	g.maker = augment.NewMaker[float32](side, size, channels, len(g.blur)-1)
	return g
}

// reach is how many pixels away a blur takes values from at most, on views of a size.
func (a *Augmentation) reach(size int) int {
	if a.BlurProbability == 0 {
		return 0
	}
	return radius(scaled(a.BlurSigma[1], size), size)
}

// scaled is a sigma on views of a size.
func scaled(sigma float64, size int) float64 { return sigma * float64(size) / blurReference }

// Views is what all views have in common for images whose values are stored in so many bits.
func (g *Augmenter) Views(bits int) kernels.Views {
	return kernels.Views{Side: g.side, Bits: bits, Mean: g.mean, Std: g.std}
}

// View writes a view [size,size,channels] of the image [side,side,channels], whose values are fractions of full scale, to
// dst, and returns what part of the image it shows. Seed, epoch, item and view determine it. It allocates nothing.
func (g *Augmenter) View(dst, image []float32, seed uint64, epoch, item, view int) Transform {
	g.draw(seed, epoch, item, view)
	g.maker.View(dst, image, &g.view, g.mean, g.std)
	return Transform(g.view.Part)
}

// Columns is how many numbers Row writes.
func (g *Augmenter) Columns() int { return kernels.ViewColumns(len(g.blur) - 1) }

// Row writes how the view that View makes of an image of a window is made, a row of the table of [kernels.Augmentation].
func (g *Augmenter) Row(dst []float64, w picture.Window, seed uint64, epoch, item, view int) {
	g.draw(seed, epoch, item, view)
	g.view.Low, g.view.High = float64(w.Low), float64(w.High)
	g.view.Encode(dst)
}

// draw draws how a view is made.
func (g *Augmenter) draw(seed uint64, epoch, item, view int) {
	g.generator.Seed(Derive(seed, "view", uint64(epoch), uint64(item), uint64(view)))
	a := &g.augmentation
	g.blur[0] = 1
	g.view = kernels.View{Threshold: kernels.NoThreshold, Blur: g.blur[:1]}
	t := whole
	if g.happens(a.CropProbability) {
		t = g.crop()
	}
	t.Flip = g.happens(a.FlipProbability)
	g.view.Part = kernels.Part(t)
	if g.happens(a.JitterProbability) {
		g.jitter()
	}
	if g.happens(a.GreyProbability) {
		g.view.Steps[jitterSteps] = kernels.Step{Kind: kernels.StepSaturation}
	}
	if g.happens(a.BlurProbability) {
		g.view.Blur = gaussian(g.blur, scaled(g.between(a.BlurSigma), g.size), g.size)
	}
	if g.happens(a.SolarizeProbability) {
		g.view.Threshold = float64(float32(a.SolarizeThreshold))
	}
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

// jitterSteps is how many changes of colours jitter has.
const jitterSteps = 4

// jitter changes the colours in a random order.
func (g *Augmenter) jitter() {
	a := &g.augmentation
	order := [jitterSteps]int{0, 1, 2, 3}
	for i := len(order) - 1; i > 0; i-- {
		j := g.random.IntN(i + 1)
		order[i], order[j] = order[j], order[i]
	}
	for i, step := range order {
		switch {
		case step == 0 && a.Brightness > 0:
			g.view.Steps[i] = kernels.Step{Kind: kernels.StepBrightness, Amount: g.factor(a.Brightness)}
		case step == 1 && a.Contrast > 0:
			g.view.Steps[i] = kernels.Step{Kind: kernels.StepContrast, Amount: g.factor(a.Contrast)}
		case step == 2 && a.Saturation > 0:
			g.view.Steps[i] = kernels.Step{Kind: kernels.StepSaturation, Amount: g.factor(a.Saturation)}
		case step == 3 && a.Hue > 0:
			g.view.Steps[i] = kernels.Step{Kind: kernels.StepHue, Amount: float64(float32(g.between([2]float64{-a.Hue, a.Hue})))}
		}
	}
}

// factor is uniform in [max(0, 1-x), 1+x], a number of float32.
func (g *Augmenter) factor(x float64) float64 {
	return float64(float32(g.between([2]float64{max(0, 1-x), 1 + x})))
}
