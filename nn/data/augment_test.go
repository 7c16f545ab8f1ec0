package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/augment"
	"gzpt/nn/data/picture"
)

// unscaled is a normalisation that changes nothing, but for rounding: 0 is subtracted, 1 divides.
var unscaled = Normalisation{Std: [3]float64{1, 1, 1}}

// randomSquare is an image of random fractions of full scale, smooth enough that places can be told.
func randomSquare(side, channels int) []float32 {
	r := rand.New(rand.NewPCG(uint64(side), uint64(channels)))
	image := make([]float32, side*side*channels)
	for i := range image {
		image[i] = r.Float32()
	}
	return image
}

// steps are augmentations with one step each, always.
var steps = map[string]Augmentation{
	"crop":       {CropProbability: 1, CropScale: [2]float64{0.2, 0.6}, CropRatio: [2]float64{0.5, 2}},
	"flip":       {FlipProbability: 1},
	"brightness": {JitterProbability: 1, Brightness: 0.5},
	"contrast":   {JitterProbability: 1, Contrast: 0.5},
	"saturation": {JitterProbability: 1, Saturation: 0.5},
	"hue":        {JitterProbability: 1, Hue: 0.3},
	"grey":       {GreyProbability: 1},
	"blur":       {BlurProbability: 1, BlurSigma: [2]float64{5, 9}},
	"solarize":   {SolarizeProbability: 1, SolarizeThreshold: 0.5},
}

// off switches an augmentation's steps off and keeps their settings.
func off(a Augmentation) Augmentation {
	a.CropProbability, a.FlipProbability, a.JitterProbability, a.GreyProbability = 0, 0, 0, 0
	a.BlurProbability, a.SolarizeProbability = 0, 0
	return a
}

// TestEachStepCanBeSwitchedOff: a step that is on changes the view, and one that is off leaves the resized image as it is.
func TestEachStepCanBeSwitchedOff(t *testing.T) {
	const side, size = 37, 32
	for _, channels := range []int{1, 3} {
		image, want := randomSquare(side, channels), make([]float32, size*size*channels)
		augment.NewSampler[float32](side, size, channels).Sample(want, image, kernels.Part(whole))
		for name, a := range steps {
			a.Normalisation = unscaled
			colour := name == "saturation" || name == "hue" || name == "grey"
			for _, on := range []bool{true, false} {
				if !on {
					a = off(a)
				}
				got := make([]float32, len(want))
				shown := NewAugmenter(a, side, size, channels).View(got, image, 1, 2, 3, 1)
				if same := slices.Equal(got, want); same == (on && !(colour && channels == 1)) {
					t.Errorf("%s, %d channels: on %v, the same view %v", name, channels, on, same)
				}
				if name != "crop" && name != "flip" && shown != whole {
					t.Errorf("%s: shows %+v", name, shown)
				}
			}
		}
	}
}

// TestViewsFollowFromTheCounters: seed, epoch, item and view, and nothing that was made before.
func TestViewsFollowFromTheCounters(t *testing.T) {
	const side, size = 37, 32
	a := Medical()
	a.GreyProbability, a.SolarizeProbability, a.Hue = 0.5, 0.5, 0.1
	image := randomSquare(side, 3)
	view := func(g *Augmenter, seed uint64, epoch, item, view int) ([]float32, Transform) {
		dst := make([]float32, size*size*3)
		return dst, g.View(dst, image, seed, epoch, item, view)
	}
	old := NewAugmenter(a, side, size, 3)
	want, shown := view(old, 1, 2, 3, 0)
	for k, c := range [][4]int{{2, 2, 3, 0}, {1, 3, 3, 0}, {1, 2, 4, 0}, {1, 2, 3, 1}} {
		got, _ := view(old, uint64(c[0]), c[1], c[2], c[3])
		if slices.Equal(got, want) {
			t.Errorf("counter %d does not matter", k)
		}
	}
	for _, g := range []*Augmenter{old, NewAugmenter(a, side, size, 3)} {
		if got, t2 := view(g, 1, 2, 3, 0); !slices.Equal(got, want) || t2 != shown {
			t.Error("the same counters give another view")
		}
	}
}

// TestAugmentationStatistics: probabilities and ranges are those of the settings. The bounds are five standard deviations.
func TestAugmentationStatistics(t *testing.T) {
	const n = 4000
	a := Augmentation{CropProbability: 0.7, CropScale: [2]float64{0.3, 0.6}, CropRatio: [2]float64{3. / 4, 4. / 3}, FlipProbability: 0.3, Normalisation: unscaled}
	g := NewAugmenter(a, 4, 2, 1)
	image, dst := randomSquare(4, 1), make([]float32, 4)
	crops, flips := 0.0, 0.0
	var areas, logRatios, placesX, placesY []float64
	for i := range n {
		p := g.View(dst, image, 7, 0, i, 0)
		if p.Flip {
			flips++
		}
		if p.Width == 1 && p.Height == 1 {
			continue
		}
		crops++
		areas, logRatios = append(areas, p.Width*p.Height), append(logRatios, math.Log(p.Width/p.Height))
		placesX, placesY = append(placesX, p.X/(1-p.Width)), append(placesY, p.Y/(1-p.Height))
		if p.X < 0 || p.Y < 0 || p.X+p.Width > 1+1e-12 || p.Y+p.Height > 1+1e-12 {
			t.Fatalf("a crop leaves the image: %+v", p)
		}
	}
	share := func(name string, got, want float64) {
		if d := 5 * math.Sqrt(want*(1-want)/n); math.Abs(got/n-want) > d {
			t.Errorf("%s: %v of all, expected %v within %v", name, got/n, want, d)
		}
	}
	share("crops", crops, 0.7)
	share("flips", flips, 0.3)
	// At these scales and ratios every crop fits, so that no draw is repeated and all are uniform.
	uniform := func(name string, values []float64, from, to float64) {
		mean, square := 0.0, 0.0
		for _, v := range values {
			u := (v - from) / (to - from)
			if u < -1e-9 || u > 1+1e-9 {
				t.Fatalf("%s: %v is outside [%v,%v]", name, v, from, to)
			}
			mean, square = mean+u/crops, square+u*u/crops
		}
		if math.Abs(mean-1./2) > 5*math.Sqrt(1./12/crops) || math.Abs(square-1./3) > 5*math.Sqrt(4./45/crops) {
			t.Errorf("%s: mean %v and mean square %v of the range, expected 1/2 and 1/3", name, mean, square)
		}
	}
	uniform("area", areas, 0.3, 0.6)
	uniform("ratio", logRatios, math.Log(3./4), math.Log(4./3))
	uniform("X", placesX, 0, 1)
	uniform("Y", placesY, 0, 1)
}

// TestCropsThatDoNotFit: where no crop of the ratio has the area, the largest part in the middle is taken.
func TestCropsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		ratio [2]float64
		want  Transform
	}{
		{[2]float64{4, 4}, Transform{X: 0, Y: 0.375, Width: 1, Height: 0.25}},
		{[2]float64{0.25, 0.25}, Transform{X: 0.375, Y: 0, Width: 0.25, Height: 1}},
	} {
		a := Augmentation{CropProbability: 1, CropScale: [2]float64{1, 1}, CropRatio: c.ratio, Normalisation: unscaled}
		if got := NewAugmenter(a, 4, 2, 1).View(make([]float32, 4), randomSquare(4, 1), 1, 0, 0, 0); got != c.want {
			t.Errorf("ratio %v: shows %+v, expected %+v", c.ratio, got, c.want)
		}
	}
}

// TestGazeGoesWithTheImage: a bright spot of the image is found in the view where Map says, whatever the crop and flip.
func TestGazeGoesWithTheImage(t *testing.T) {
	const side, size = 64, 64
	a := Augmentation{CropProbability: 1, CropScale: [2]float64{0.3, 0.9}, CropRatio: [2]float64{0.5, 2}, FlipProbability: 0.5, Normalisation: unscaled}
	g := NewAugmenter(a, side, size, 1)
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[bool]int{}
	for i := range 200 {
		fx, fy := 0.1+0.8*r.Float64(), 0.1+0.8*r.Float64()
		image := make([]float32, side*side)
		for y := range side {
			for x := range side {
				dx, dy := (float64(x)+0.5)/side-fx, (float64(y)+0.5)/side-fy
				image[y*side+x] = float32(math.Exp(-(dx*dx + dy*dy) / (2 * 0.03 * 0.03)))
			}
		}
		view := make([]float32, size*size)
		shown := g.View(view, image, 1, 0, i, 0)
		u, v := shown.Map(fx, fy)
		if u < 0.2 || u > 0.8 || v < 0.2 || v > 0.8 {
			continue // part of the spot may be cut off
		}
		sum, x, y := 0.0, 0.0, 0.0
		for k, w := range view {
			sum += float64(w)
			x, y = x+float64(w)*(float64(k%size)+0.5)/size, y+float64(w)*(float64(k/size)+0.5)/size
		}
		if math.Abs(x/sum-u) > 0.003 || math.Abs(y/sum-v) > 0.003 {
			t.Fatalf("%+v: the spot is at (%.3f,%.3f), Map says (%.3f,%.3f)", shown, x/sum, y/sum, u, v)
		}
		seen[shown.Flip]++
	}
	if seen[true] < 20 || seen[false] < 20 {
		t.Errorf("only %d flipped and %d other spots were checked", seen[true], seen[false])
	}
}

// TestJitterDraws: factors fill their ranges, and every order of the steps comes about.
func TestJitterDraws(t *testing.T) {
	a := Augmentation{JitterProbability: 1, Brightness: 0.4, Normalisation: unscaled}
	g := NewAugmenter(a, 2, 2, 1)
	least, most := 2.0, 0.0
	dst := make([]float32, 4)
	for i := range 2000 {
		g.View(dst, []float32{0.5, 0.5, 0.5, 0.5}, 1, 0, i, 0)
		f := float64(dst[0]) / 0.5
		least, most = min(least, f), max(most, f)
	}
	if least < 0.6-1e-6 || least > 0.61 || most > 1.4+1e-6 || most < 1.39 {
		t.Errorf("brightness changes by %v to %v, expected 0.6 to 1.4", least, most)
	}
	// With contrast taken away the mean remains; before or after, brightness that clamps changes it: orders show.
	a = Augmentation{JitterProbability: 1, Brightness: 1, Contrast: 1, Normalisation: unscaled}
	g = NewAugmenter(a, 2, 2, 1)
	before, after := 0, 0
	for i := range 400 {
		g.View(dst, []float32{0, 0, 0, 1}, 1, 0, i, 0)
		first, second := g.replay(1, i)
		want := [2][]float32{
			changed([]float32{0, 0, 0, 1}, kernels.Step{Kind: kernels.StepBrightness, Amount: first}, kernels.Step{Kind: kernels.StepContrast, Amount: second}),
			changed([]float32{0, 0, 0, 1}, kernels.Step{Kind: kernels.StepContrast, Amount: first}, kernels.Step{Kind: kernels.StepBrightness, Amount: second}),
		}
		switch {
		case slices.Equal(want[0], want[1]): // the order does not show
		case slices.Equal(dst, want[0]):
			before++
		case slices.Equal(dst, want[1]):
			after++
		default:
			t.Fatalf("view %d is %v, expected one of %v", i, dst, want)
		}
	}
	if before < 50 || after < 50 {
		t.Errorf("brightness came first %d times, contrast %d times", before, after)
	}
}

// changed is a grey view of 2 x 2 pixels after two steps.
func changed(image []float32, first, second kernels.Step) []float32 {
	dst := make([]float32, len(image))
	v := kernels.View{Part: kernels.Part(whole), Steps: [kernels.Steps]kernels.Step{first, second}, Threshold: kernels.NoThreshold}
	augment.NewMaker[float32](2, 2, 1, 0).View(dst, image, &v, [3]float64{}, [3]float64{1})
	return dst
}

// replay is the first two factors of range 0 to 2 that the view of an item draws after the order of its steps.
func (g *Augmenter) replay(seed uint64, item int) (first, second float64) {
	g.generator.Seed(Derive(seed, "view", 0, uint64(item), 0))
	g.random.Float64() // whether there is jitter
	for i := 3; i > 0; i-- {
		g.random.IntN(i + 1)
	}
	return g.factor(1), g.factor(1)
}

// TestBlurIsInProportion: the weights of a blur are those of a Gaussian whose sigma, meant for views of 224 pixels, is scaled to
// the view's size, and which is cut at three of them.
func TestBlurIsInProportion(t *testing.T) {
	a := Augmentation{BlurProbability: 1, BlurSigma: [2]float64{1.6, 1.6}, Normalisation: unscaled}
	for _, size := range []int{28, 112, 224, 448} {
		g := NewAugmenter(a, size, size, 1)
		row := make([]float64, g.Columns())
		g.Row(row, picture.Window{High: 255}, 1, 0, 0, 0)
		var v kernels.View
		v.Decode(row)
		sigma := 1.6 * float64(size) / 224
		reach, sum := int(math.Ceil(3*sigma)), 0.0
		for k := -reach; k <= reach; k++ {
			sum += math.Exp(-float64(k*k) / (2 * sigma * sigma))
		}
		if len(v.Blur) != reach+1 {
			t.Errorf("size %d: a blur of %d pixels to a side, expected %d", size, len(v.Blur)-1, reach)
			continue
		}
		for k, got := range v.Blur {
			if want := math.Exp(-float64(k*k)/(2*sigma*sigma)) / sum; math.Abs(got-want) > 1e-6 {
				t.Errorf("size %d: weight %d is %v, expected %v", size, k, got, want)
			}
		}
	}
}

// TestNormalisation: grey views take the mean of the three channels.
func TestNormalisation(t *testing.T) {
	for channels, want := range map[int][]float32{1: {-0.449 / 0.226, 0, 0.551 / 0.226}, 3: {0, -0.456 / 0.224, 0.594 / 0.225}} {
		got := map[int][]float32{1: {0, 0.449, 1}, 3: {0.485, 0, 1}}[channels]
		ImageNet().apply(got, channels)
		for i := range got {
			if math.Abs(float64(got[i]-want[i])) > 2e-6 {
				t.Errorf("%d channels: %v, expected %v", channels, got, want)
			}
		}
	}
}

func TestPresets(t *testing.T) {
	if got, want := Presets(), []string{"medical", "none", "released-dental", "released-knee", "released-mammography"}; !slices.Equal(got, want) {
		t.Errorf("presets %q, expected %q", got, want)
	}
	for _, name := range Presets() {
		a, err := Preset(name)
		if err != nil {
			t.Error(err)
		}
		if err := a.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if a, _ := Preset("none"); off(a) != a {
		t.Error("none does something")
	}
	if a, _ := Preset("medical"); a.Hue != 0 || a.SolarizeProbability != 0 || a.GreyProbability != 0 || a.CropScale[0] < 0.5 {
		t.Errorf("medical is not safe: %+v", a)
	}
	if _, err := Preset("x"); err == nil || !strings.Contains(err.Error(), `augmentation "x", expected medical, none`) {
		t.Errorf("error %v", err)
	}
}

func TestBadAugmentations(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		change func(a *Augmentation)
		want   string
	}{
		{func(a *Augmentation) { a.FlipProbability = 1.1 }, "flip probability is 1.1, expected 0 to 1"},
		{func(a *Augmentation) { a.BlurProbability = nan }, "blur probability is NaN"},
		{func(a *Augmentation) { a.SolarizeProbability = -1 }, "solarize probability is -1"},
		{func(a *Augmentation) { a.CropScale = [2]float64{0, 1} }, "crop scale is [0 1]"},
		{func(a *Augmentation) { a.CropScale = [2]float64{0.6, 0.5} }, "crop scale"},
		{func(a *Augmentation) { a.CropRatio = [2]float64{1, math.Inf(1)} }, "crop ratio is [1 +Inf]"},
		{func(a *Augmentation) { a.Brightness = -0.1 }, "brightness is -0.1, expected at least 0"},
		{func(a *Augmentation) { a.Contrast = nan }, "contrast is NaN"},
		{func(a *Augmentation) { a.Hue = 0.6 }, "hue is 0.6, expected 0 to 0.5"},
		{func(a *Augmentation) { a.BlurSigma = [2]float64{1e-200, 1} }, "blur sigma is [1e-200 1]"},
		{func(a *Augmentation) { a.BlurSigma[1] = 51 }, "blur sigma"},
		{func(a *Augmentation) { a.SolarizeThreshold = 128 }, "solarize threshold is 128, expected 0 to 1"},
		{func(a *Augmentation) { a.Normalisation.Std[1] = 0 }, "normalisation of channel 1 is mean 0.456, std 0"},
		{func(a *Augmentation) { a.Normalisation = Normalisation{} }, "normalisation of channel 2"},
	} {
		a := Medical()
		c.change(&a)
		if err := a.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, expected %q", err, c.want)
		}
	}
	a := Medical()
	a.Hue, a.FlipProbability = 2, 2
	if err := a.Validate(); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two faults give error %v", err)
	}
}

// TestExtremes: every step at the end of its range, at small and odd sizes, gives finite values.
func TestExtremes(t *testing.T) {
	a := Augmentation{
		CropProbability: 1, CropScale: [2]float64{1e-6, 1}, CropRatio: [2]float64{0.01, 100}, FlipProbability: 0.5,
		JitterProbability: 1, Brightness: 3, Contrast: 3, Saturation: 3, Hue: 0.5, GreyProbability: 0.1,
		BlurProbability: 1, BlurSigma: [2]float64{minSigma, maxSigma}, SolarizeProbability: 0.5, Normalisation: ImageNet(),
	}
	for _, size := range []int{1, 2, 3, 33} {
		for _, channels := range []int{1, 3} {
			t.Run(fmt.Sprintf("%dx%dx%d", size, size, channels), func(t *testing.T) {
				side := Side(size)
				g, image, dst := NewAugmenter(a, side, size, channels), randomSquare(side, channels), make([]float32, size*size*channels)
				for i := range 300 {
					g.View(dst, image, 1, 0, i, 0)
					for _, v := range dst {
						if !(v > -3 && v < 3) {
							t.Fatalf("view %d holds %v", i, v)
						}
					}
				}
			})
		}
	}
}

func TestViewsAllocateNothing(t *testing.T) {
	a := Medical()
	a.JitterProbability, a.BlurProbability, a.Hue, a.SolarizeProbability, a.GreyProbability = 1, 1, 0.1, 1, 0.5
	g, image, dst := NewAugmenter(a, 37, 32, 3), randomSquare(37, 3), make([]float32, 32*32*3)
	i := 0
	if n := testing.AllocsPerRun(20, func() { i++; g.View(dst, image, 1, 2, i, 1) }); n > 0 {
		t.Errorf("%v allocations a view", n)
	}
}
