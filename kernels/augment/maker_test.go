package augment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gzpt/kernels"
)

// randomSquare is an image of random fractions.
func randomSquare(side, channels int) []float32 {
	r := rand.New(rand.NewPCG(uint64(side), uint64(channels)))
	image := make([]float32, side*side*channels)
	for i := range image {
		image[i] = r.Float32()
	}
	return image
}

// TestBlurIsTheFormula: the sum over both directions in float64, cut at three standard deviations, reflected.
func TestBlurIsTheFormula(t *testing.T) {
	for _, c := range []struct {
		size, channels int
		sigma          float64
	}{{1, 1, 2}, {2, 3, 3}, {9, 1, 0.05}, {9, 1, 0.4}, {16, 3, 1}, {16, 1, 2.5}, {7, 1, 20}} {
		image := randomSquare(c.size, c.channels)
		got := slices.Clone(image)
		reach := min(int(math.Ceil(3*c.sigma)), c.size-1)
		weights, sum := make([]float64, 2*reach+1), 0.0
		for k := range weights {
			d := float64(k - reach)
			weights[k] = math.Exp(-d * d / (2 * c.sigma * c.sigma))
			sum += weights[k]
		}
		half := make([]float32, reach+1)
		for k := range half {
			half[k] = float32(weights[reach+k] / sum)
		}
		b := newBlur[float32](c.size, c.channels, reach)
		b.apply(got, half)
		mirrored := func(i int) int {
			for i < 0 || i >= c.size {
				if i < 0 {
					i = -i
				} else {
					i = 2*(c.size-1) - i
				}
			}
			return i
		}
		for y := range c.size {
			for x := range c.size {
				for k := range c.channels {
					want := 0.0
					for j, v := range weights {
						for i, u := range weights {
							at := mirrored(y+j-reach)*c.size + mirrored(x+i-reach)
							want += v * u / sum / sum * float64(image[at*c.channels+k])
						}
					}
					if v := got[(y*c.size+x)*c.channels+k]; math.Abs(float64(v)-want) > 2e-6 {
						t.Fatalf("%+v: value %d of pixel (%d,%d) is %v, expected %v", c, k, x, y, v, want)
					}
				}
			}
		}
	}
}

// TestColourSteps: single pixels, worked out by hand; the hue of pure colours goes around.
func TestColourSteps(t *testing.T) {
	for _, c := range []struct {
		name     string
		step     func(p []float32)
		in, want []float32
	}{
		{"brighter", func(p []float32) { brighten(p, 1.5) }, []float32{0.2, 0.5, 0.8}, []float32{0.3, 0.75, 1}},
		{"black", func(p []float32) { brighten(p, 0) }, []float32{0.2, 0.5, 0.8}, []float32{0, 0, 0}},
		{"contrast of grey", func(p []float32) { contrast(p, meanLuma(p, 1), 0.5) }, []float32{0.2, 0.4, 0.6}, []float32{0.3, 0.4, 0.5}},
		{"more contrast, clamped", func(p []float32) { contrast(p, meanLuma(p, 1), 3) }, []float32{0.2, 0.4, 0.9}, []float32{0, 0.2, 1}},
		{"contrast of colour", func(p []float32) { contrast(p, meanLuma(p, 3), 0) }, []float32{1, 0, 0, 0, 1, 0}, []float32{0.443, 0.443, 0.443, 0.443, 0.443, 0.443}},
		{"grey", func(p []float32) { saturate(p, 0) }, []float32{1, 0.5, 0}, []float32{0.5925, 0.5925, 0.5925}},
		{"half the colour", func(p []float32) { saturate(p, 0.5) }, []float32{1, 0, 0}, []float32{0.6495, 0.1495, 0.1495}},
		{"red to green", func(p []float32) { turnHue(p, 1./3) }, []float32{0.9, 0.1, 0.1}, []float32{0.1, 0.9, 0.1}},
		{"red to blue", func(p []float32) { turnHue(p, -1./3) }, []float32{0.9, 0.1, 0.1}, []float32{0.1, 0.1, 0.9}},
		{"blue to yellow", func(p []float32) { turnHue(p, 0.5) }, []float32{0, 0, 1}, []float32{1, 1, 0}},
		{"green to cyan", func(p []float32) { turnHue(p, 1./6) }, []float32{0, 1, 0}, []float32{0, 1, 1}},
		{"grey has no hue", func(p []float32) { turnHue(p, 0.2) }, []float32{0.4, 0.4, 0.4}, []float32{0.4, 0.4, 0.4}},
		{"solarize", func(p []float32) { solarize(p, 0.5) }, []float32{0.2, 0.5, 0.9}, []float32{0.2, 0.5, 0.1}},
	} {
		got := slices.Clone(c.in)
		c.step(got)
		for i := range got {
			if math.Abs(float64(got[i]-c.want[i])) > 2e-6 {
				t.Errorf("%s: %v, expected %v", c.name, got, c.want)
				break
			}
		}
	}
}

// TestAnyRow: whatever a row of the table holds, no memory beside the view is touched, and a row that a View wrote is read as
// that view.
func TestAnyRow(t *testing.T) {
	const side, size, radius = 5, 7, 6
	r := rand.New(rand.NewPCG(1, 2))
	for _, channels := range []int{1, 3} {
		views := kernels.Views{Side: side, Bits: 8, Std: [3]float64{1, 1, 1}}
		m, words := NewMaker[float32](side, size, channels, radius), make([]int32, views.Row(channels))
		dst, row := make([]float32, size*size*channels), make([]float64, kernels.ViewColumns(radius))
		odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, 1, -1, 3, 1e300, -1e300, 0.5, 1e-300}
		for range 3000 {
			for i := range row {
				row[i] = odd[r.IntN(len(odd))]
			}
			m.Stored(dst, words, row, views)
		}
	}
	want := kernels.View{
		Low: 3, High: 9, Part: kernels.Part{X: 0.25, Y: 0.5, Width: 0.5, Height: 0.125, Flip: true}, Threshold: 0.5, Blur: []float64{0.5, 0.25, 0},
		Steps: [kernels.Steps]kernels.Step{{}, {Kind: kernels.StepHue, Amount: 0.1}, {Kind: kernels.StepContrast, Amount: 2}, {Kind: kernels.StepSaturation}},
	}
	var got kernels.View
	row := make([]float64, kernels.ViewColumns(2))
	want.Encode(row)
	got.Decode(row)
	if !slices.Equal(got.Blur, want.Blur) || got.Part != want.Part || got.Steps != want.Steps || got.Low != 3 || got.High != 9 || got.Threshold != 0.5 {
		t.Errorf("read as %+v, written as %+v", got, want)
	}
}
