package gaze

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestHeatMap(t *testing.T) {
	r := Recording{Width: 200, Height: 100, Fixations: []Fixation{{X: 50, Y: 30, Duration: 3}, {X: 150, Y: 70, Duration: 1}, {X: 1, Y: 1, Duration: .5}}}
	const rows, cols, sigma = 5, 8, .06
	got := make([]float32, rows*cols)
	if !HeatMap(got, r, rows, cols, Spread{Fraction: sigma}) {
		t.Fatal("no gaze")
	}
	// The map at a resolution of a quarter pixel, averaged over the cells.
	want, sum := make([]float64, rows*cols), 0.0
	const fine = 4
	for y := range 100 * fine {
		for x := range 200 * fine {
			px, py := (float64(x)+.5)/fine, (float64(y)+.5)/fine
			value := 0.0
			for _, f := range r.Fixations {
				dx, dy := (px-f.X)/(sigma*200), (py-f.Y)/(sigma*200)
				value += f.Duration * math.Exp(-(dx*dx+dy*dy)/2)
			}
			want[y*rows/(100*fine)*cols+x*cols/(200*fine)] += value
			sum += value
		}
	}
	total := 0.0
	for k := range want {
		total += float64(got[k])
		if !within(float64(got[k]), want[k]/sum, 1e-5) {
			t.Errorf("cell %d is %g, want %g", k, got[k], want[k]/sum)
		}
	}
	if !within(total, 1, 1e-6) {
		t.Errorf("the map sums to %g", total)
	}
	for _, empty := range []Recording{{}, {Width: 10, Height: 10, Fixations: []Fixation{{X: 5, Y: 5}}}, {Width: 10, Height: 10, Fixations: []Fixation{{X: 1e6, Y: 5, Duration: 1}}}} {
		if HeatMap(got, empty, rows, cols, Spread{Fraction: sigma}) || slices.Max(got) != 0 || slices.Min(got) != 0 {
			t.Errorf("%+v has a map", empty)
		}
	}
}

// A heat map in a file is averaged over areas and adds up with others.
func TestHeatMapMisuse(t *testing.T) {
	for want, call := range map[string]func(){
		"gaze: HeatMap: the map does not have rows x cols cells": func() { HeatMap(make([]float32, 5), Recording{}, 2, 2, Spread{Fraction: .1}) },
		"gaze: HeatMap: the spread is not positive":              func() { HeatMap(make([]float32, 4), Recording{}, 2, 2, Spread{Degrees: 1}) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			call()
		}()
	}
}

func TestMap(t *testing.T) {
	m := &Map{2, 4, []float32{1, 1, 0, 0, 0, 0, 2, 4}}
	got := make([]float32, 2)
	if !m.Average(got, 1, 2) || got[0] != .25 || got[1] != .75 {
		t.Errorf("%v", got)
	}
	wide := make([]float32, 3)
	if !m.Average(wide, 1, 3) || !within(float64(wide[0]), (1+1./3)/8, 1e-6) || !within(float64(wide[1]), (2./3+2*2./3)/8, 1e-6) {
		t.Errorf("%v", wide)
	}
	if (&Map{1, 1, []float32{0}}).Average(got, 1, 2) || got[0] != 0 {
		t.Errorf("%v", got)
	}
	r := Recording{Width: 4, Height: 2, Map: m}
	if !r.HasGaze() || !HeatMap(got, r, 1, 2, Spread{Fraction: .1}) || got[1] != .75 {
		t.Errorf("%v", got)
	}
	sum := Merge([]Recording{r, {}, {Width: 4, Height: 2, Map: &Map{1, 1, []float32{7}}}})
	if !HeatMap(got, sum, 1, 2, Spread{Fraction: .1}) || got[0] != .375 {
		t.Errorf("%v", got)
	}
}

// naiveHeatMap is the definition, with math.Erf and in float64.
func naiveHeatMap(r Recording, rows, cols int, s Spread) []float64 {
	cells, sum := make([]float64, rows*cols), 0.0
	mass := func(from, to, centre, sigma float64) float64 {
		return (math.Erf((to-centre)/sigma/math.Sqrt2) - math.Erf((from-centre)/sigma/math.Sqrt2)) / 2
	}
	for _, f := range r.Fixations {
		sx, sy := s.Fraction*r.Width, s.Fraction*r.Width // pixels
		if resolution := f.Resolution.Or(r.Resolution); s.Degrees > 0 && resolution.Known() {
			sx, sy = s.Degrees*resolution.X, s.Degrees*resolution.Y
		}
		for k := range cells {
			i, j := float64(k/cols), float64(k%cols)
			v := f.Duration * mass(j*r.Width/float64(cols), (j+1)*r.Width/float64(cols), f.X, sx) *
				mass(i*r.Height/float64(rows), (i+1)*r.Height/float64(rows), f.Y, sy)
			cells[k] += v
			sum += v
		}
	}
	for k := range cells {
		cells[k] /= sum
	}
	return cells
}

// The factored, tabulated and blocked sum is the definition, whatever the number of fixations, the grid and the spread,
// with the resolution of the recording, of the fixation, or none.
func TestHeatMapByDefinition(t *testing.T) {
	g := rand.New(rand.NewPCG(7, 7))
	for n := range 60 {
		r := Recording{Width: 1 + 2000*g.Float64(), Height: 1 + 2000*g.Float64()}
		if n%3 == 0 {
			r.Resolution = Resolution{20 + 20*g.Float64(), 20 + 20*g.Float64()}
		}
		for range 1 + n%11 {
			f := Fixation{X: r.Width * g.Float64(), Y: r.Height * g.Float64(), Duration: g.Float64()}
			if g.IntN(3) == 0 {
				f.Resolution = Resolution{5 + 50*g.Float64(), 5 + 50*g.Float64()}
			}
			r.Fixations = append(r.Fixations, f)
		}
		rows, cols := 1+g.IntN(40), 1+g.IntN(40)
		spread := Spread{Degrees: float64(n % 4), Fraction: math.Pow(10, -2*g.Float64())}
		got, want := make([]float32, rows*cols), naiveHeatMap(r, rows, cols, spread)
		if !HeatMap(got, r, rows, cols, spread) {
			t.Fatal("no gaze")
		}
		for k := range want { // float32 keeps 24 bits
			if !within(float64(got[k]), want[k], 1e-9+want[k]*0x1p-24) {
				t.Fatalf("map %d, %d x %d, %+v: cell %d is %g, want %g", n, rows, cols, spread, k, got[k], want[k])
			}
		}
	}
}

// A degree is so many pixels along x and so many along y; under zoom a fixation covers less of the image.
func TestSpread(t *testing.T) {
	r := Recording{Width: 1000, Height: 500, Resolution: Resolution{30, 40}}
	zoomed := Fixation{Resolution: Resolution{10, 20}}
	for _, tc := range []struct {
		s    Spread
		f    Fixation
		x, y float64
	}{
		{Spread{1, .05}, Fixation{}, .03, .08},
		{Spread{2, .05}, zoomed, .02, .08},
		{Spread{0, .05}, zoomed, .05, .1},
	} {
		if x, y := tc.s.of(r, tc.f); !within(x, tc.x, 1e-12) || !within(y, tc.y, 1e-12) {
			t.Errorf("%+v: %g, %g, want %g, %g", tc.s, x, y, tc.x, tc.y)
		}
	}
	r.Resolution = Resolution{30, 0} // half known is not known
	if x, y := (Spread{1, .05}).of(r, Fixation{}); x != .05 || y != .1 {
		t.Errorf("unknown resolution: %g, %g", x, y)
	}
	// Merged recordings keep the resolution that each had.
	other := Recording{Width: 2000, Height: 1000, Resolution: Resolution{100, 100}, Fixations: []Fixation{{Duration: 1}}}
	r.Resolution, r.Fixations = Resolution{30, 40}, []Fixation{{Duration: 1}}
	all := Merge([]Recording{r, other})
	for i, want := range []float64{.03, .05} {
		if x, _ := (Spread{1, .05}).of(all, all.Fixations[i]); !within(x, want, 1e-12) {
			t.Errorf("fixation %d of two readers: %g, want %g", i, x, want)
		}
	}
}

func TestNormalTail(t *testing.T) {
	worst, share := 0.0, 0.0
	for k := -900_000; k <= 900_000; k++ {
		z := float64(k) / 100_000
		want := math.Erfc(math.Abs(z)/math.Sqrt2) / 2
		off := math.Abs(normalTail(z) - want)
		worst, share = max(worst, off), max(share, off/want)
		if off > 1e-10 || off > 1.001e-6*want && math.Abs(z) < normalReach {
			t.Fatalf("P(-|%g|) is %g, want %g", z, normalTail(z), want)
		}
	}
	t.Logf("wrong by %g at most, and by %g of the value", worst, share)
	for z, want := range map[float64]float64{math.Inf(-1): 0, math.Inf(1): 0, math.NaN(): 0, -normalReach: 0, normalReach: 0, 0: .5} {
		if got := normalTail(z); got != want {
			t.Errorf("P(-|%g|) is %g, want %g", z, got, want)
		}
	}
}

// The far tails of a map are as exact as its middle, on either side of a fixation: of a fixation off the frame there is nothing
// else, and measures that take the logarithm of a map, or rank its cells, see them.
func TestHeatMapTails(t *testing.T) {
	for _, off := range []float64{-.42, -.3, -.1, .02, .5, .98, 1.1, 1.3, 1.42} { // up to 8.4 standard deviations
		r := Recording{Width: 100, Height: 100, Fixations: []Fixation{{X: 100 * off, Y: 50, Duration: 1}}}
		const cells, sigma = 32, .05
		got, want, sum := make([]float32, cells), make([]float64, cells), 0.0
		HeatMap(got, r, 1, cells, Spread{Fraction: sigma})
		tail := func(edge float64) float64 { return math.Erfc(math.Abs(edge-off)/sigma/math.Sqrt2) / 2 }
		for k := range want {
			left, right := float64(k)/cells, float64(k+1)/cells
			if want[k] = math.Abs(tail(left) - tail(right)); left < off && off < right {
				want[k] = 1 - tail(left) - tail(right)
			}
			sum += want[k]
		}
		for k, v := range got {
			if want[k] /= sum; !within(float64(v), want[k], 4e-6*want[k]+2e-19/sum) {
				t.Errorf("cell %d of a fixation at %g is %g, want %g", k, off, v, want[k])
			}
		}
	}
}

// A map sums to 1 and is not negative, for whatever numbers a recording holds.
func FuzzHeatMap(f *testing.F) {
	f.Add(100.0, 50.0, 10.0, 20.0, 1.0, 30.0, 1.0, 0.05)
	f.Add(1.0, 1.0, 0.999, 0.0, 1e-9, 0.0, 0.0, 1.0)
	f.Add(1e5, 1.0, -3.0, 1e6, 1e9, 1e-300, 45.0, 1e-3)
	f.Fuzz(func(t *testing.T, width, height, x, y, duration, resolution, degrees, fraction float64) {
		if !(width > 0 && width < 1e6 && height > 0 && height < 1e6 && duration >= 0 && duration < 1e9 && degrees >= 0 && degrees < 1e3 && fraction > 1e-3 && fraction < 1) {
			return
		}
		r := Recording{Width: width, Height: height, Resolution: Resolution{resolution, resolution}, Fixations: []Fixation{{X: x, Y: y, Duration: duration}}}
		dst, sum := make([]float32, 6*7), 0.0
		ok := HeatMap(dst, r, 6, 7, Spread{degrees, fraction})
		for _, v := range dst {
			if !(v >= 0) {
				t.Fatalf("a cell of %g", v)
			}
			sum += float64(v)
		}
		if ok && !within(sum, 1, 1e-6) || !ok && sum != 0 {
			t.Errorf("the map sums to %g, has gaze: %v", sum, ok)
		}
	})
}

func BenchmarkHeatMap(b *testing.B) {
	g := rand.New(rand.NewPCG(1, 1))
	r := Recording{Width: 800, Height: 600, Resolution: Resolution{40, 40}}
	for range 25 {
		r.Fixations = append(r.Fixations, Fixation{X: 800 * g.Float64(), Y: 600 * g.Float64(), Duration: .1 + g.Float64()})
	}
	dst := make([]float32, 32*32)
	b.ReportAllocs()
	for b.Loop() {
		HeatMap(dst, r, 32, 32, Spread{Degrees: 1, Fraction: .05})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "maps/s")
}
