package scanpaths

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// tied is n scanpaths on a coarse grid, of which some are the same: there are many alignments of one cost.
func tied(n int) []gaze.Recording {
	r := rand.New(rand.NewPCG(9, 9))
	out := make([]gaze.Recording, n)
	for i := range out {
		var fixations [][3]int
		for range 3 + r.IntN(6) {
			fixations = append(fixations, [3]int{r.IntN(3), r.IntN(3), 1 + r.IntN(2)})
		}
		out[i] = coarse(fixations)
	}
	out[n-1] = out[0]
	return out
}

// block compares all pairs and mirrors the result.
func block(tb testing.TB, spec string, paths []gaze.Recording) []float32 {
	tb.Helper()
	n := len(paths)
	dst := make([]float32, n*n)
	c := measuretest.Prepared(tb, spec, paths)
	if n > c.Side {
		tb.Fatalf("%d paths, a block has %d", n, c.Side)
	}
	if err := c.Compute(relation.Span{N: n}, relation.Span{N: n}, dst); err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		for j := range i {
			dst[i*n+j] = dst[j*n+i]
		}
	}
	return dst
}

// The order of the items changes no bit of a similarity, even among alignments of one cost.
func TestOrderOfItems(t *testing.T) {
	const n = 40
	p := tied(n)
	order := rand.New(rand.NewPCG(1, 2)).Perm(n)
	q := make([]gaze.Recording, n)
	for k, i := range order {
		q[k] = p[i]
	}
	for _, spec := range measuretest.Scanpaths {
		a, b := block(t, spec, p), block(t, spec, q)
		for k, i := range order {
			for l, j := range order {
				if i != j && a[i*n+j] != b[k*n+l] {
					t.Fatalf("%s: R of %v and %v is %g or %g, by the order of the items", spec, p[i].Fixations, p[j].Fixations, a[i*n+j], b[k*n+l])
				}
			}
		}
	}
}

// Two items of the same gaze have 1, as has each with itself.
func TestSameGaze(t *testing.T) {
	for _, r := range []gaze.Recording{gazetest.Path(1, 25, 640, 480), gazetest.Path(2, 12, 300, 900), gazetest.Path(3, 30, 1, 1)} {
		for _, spec := range measuretest.Scanpaths {
			if got := measuretest.Value(t, spec, r, r); !gazetest.Within(got, 1, 1e-6) {
				t.Errorf("%s: %g with the same gaze", spec, got)
			}
		}
	}
}

// A frame of another size with the same picture is the same gaze.
func TestFrameSize(t *testing.T) {
	a, b := gazetest.Path(1, 25, 640, 480), gazetest.Path(2, 20, 640, 480)
	for _, spec := range measuretest.Scanpaths {
		if slices.Contains([]string{"multimatch:width=1920,height=1080", "tima:resize=bilinear,order=lexical,share=20,clamp=800,screen=yes"}, spec) {
			continue // these are about pixels
		}
		tolerance := 1e-6
		if spec == "tima" { // draws whole pixels
			tolerance = .02
		}
		if got, want := measuretest.Value(t, spec, a.Scaled(1280, 960), b), measuretest.Value(t, spec, a, b); !gazetest.Within(got, want, tolerance) {
			t.Errorf("%s: %g, with a frame of twice the size %g", spec, want, got)
		}
	}
}

func TestNothingAllocatedForAPair(t *testing.T) {
	if testing.Short() {
		t.Skip("it counts memory, seconds under the race detector; run without -short")
	}
	p := gazetest.Paths(64, 20)
	dst := make([]float32, 64*64)
	for _, spec := range measuretest.Scanpaths {
		c := measuretest.Prepared(t, spec, p)
		if n := testing.AllocsPerRun(2, func() { c.Compute(relation.Span{N: 64}, relation.Span{N: 64}, dst) }); n > 100 { // 2016 pairs
			t.Errorf("%s: %g allocations for a block", spec, n)
		}
	}
}

// Recordings that are heat maps have no scanpath, and those that hold next to nothing are no problem.
func TestFewFixations(t *testing.T) {
	p := []gaze.Recording{
		gazetest.Path(1, 20, 640, 480),
		{Width: 640, Height: 480, Map: &gaze.Map{Rows: 2, Cols: 2, Values: []float32{1, 0, 0, 2}}},
		{Width: 640, Height: 480, Fixations: []gaze.Fixation{{X: 1, Y: 1, Duration: .1}}},
		{Width: 640, Height: 480, Fixations: []gaze.Fixation{{X: 1, Y: 1, Duration: .1}, {X: 600, Y: 1}}},
		{Width: 640, Height: 480, Fixations: []gaze.Fixation{{X: 1, Y: 1, Duration: .1}, {X: 1, Y: 1, Duration: .1}, {X: 1, Y: 1, Duration: .1}}},
		{},
	}
	for _, spec := range measuretest.Scanpaths {
		dst := block(t, spec, p)
		for k, v := range dst {
			i, j := k/len(p), k%len(p)
			if i != j && !(v >= -1 && v <= 1) {
				t.Errorf("%s: R[%d,%d] = %g", spec, i, j, v)
			}
			if i != j && (i == 1 || j == 1) && v != 0 && !strings.HasPrefix(spec, "moments") || j == 5 && v != 0 {
				t.Errorf("%s: R[%d,%d] = %g without fixations", spec, i, j, v)
			}
		}
	}
}

func FuzzScanpathMeasures(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef0123456789abcdef"), 640., 480.)
	f.Add(make([]byte, 100), 1., 1.)
	f.Add([]byte{255, 127, 0, 128, 3, 0, 9, 9, 9, 9, 9, 9}, 1e9, 1e-3)
	f.Fuzz(func(t *testing.T, data []byte, width, height float64) {
		if !(min(width, height) >= 1e-3 && max(width, height) <= 1e9) {
			return
		}
		var r [2]gaze.Recording
		for k := range r {
			r[k] = gaze.Recording{Width: width, Height: height}
			width, height = height, width // one upright, one lying
		}
		for k := 0; len(data) >= 6 && k < 60; k++ { // coordinates from -16 to 16 frames, durations up to 65 s
			v := func(at int) float64 { return float64(int16(binary.LittleEndian.Uint16(data[at:]))) / 2048 }
			to := &r[k%2]
			x, y := v(0)*to.Width, v(2)*to.Height
			to.Fixations = append(to.Fixations, gaze.Fixation{X: x, Y: y, Duration: math.Abs(v(4)) * 4})
			data = data[6:]
		}
		for _, spec := range measuretest.Scanpaths {
			if strings.HasPrefix(spec, "tima") || strings.HasSuffix(spec, "released") {
				continue // they draw large pictures: TestTIMAExtremes
			}
			a, b := measuretest.Value(t, spec, r[0], r[1]), measuretest.Value(t, spec, r[1], r[0])
			if !(a >= -1 && a <= 1) || a != b {
				t.Errorf("%s: %g, turned %g", spec, a, b)
			}
		}
	})
}

func TestCells(t *testing.T) {
	r := gaze.Recording{Width: 80, Height: 60, Fixations: []gaze.Fixation{{X: 0, Y: 0}, {X: 79.9, Y: 59.9}, {X: 10, Y: 10}, {X: -5, Y: 1e30}, {X: 9.99, Y: 10}}}
	if got, want := cells(r, 8, 6, 100), []int{0, 507, 101, 500, 100}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Files that give fractions of an image, of whole pixels of a screen, put many fixations on the border of two cells or pixels: in
// the second, whatever the size of the image and rounding make of it.
func TestCellsOfFractions(t *testing.T) {
	for _, size := range []int{332, 529, 621, 800, 1024, 1070, 1348, 1920} {
		for screen := range 1921 {
			at := float64(screen) / 1920 * float64(size)
			r := gaze.Recording{Width: float64(size), Height: float64(size), Fixations: []gaze.Fixation{{X: at, Y: at}}}
			for _, n := range []int{5, 7, 8, 12, 32} {
				if got, want := cells(r, n, 1, n)[0], min(screen*n/1920, n-1); got != want {
					t.Errorf("%d of 1920 on %d pixels is in cell %d of %d, want %d", screen, size, got, n, want)
				}
			}
			if got, want := pixel(at), screen*size/1920; got != want {
				t.Errorf("%d of 1920 on %d pixels is pixel %d, want %d", screen, size, got, want)
			}
		}
	}
	for v, want := range map[float64]int{-.5: -1, 3.9999: 3, math.Inf(1): 1e9, -1e300: -1e9} {
		if got := pixel(v); got != want {
			t.Errorf("%g is pixel %d, want %d", v, got, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	// Opposite corners are a diagonal apart, in one frame and in frames of two shapes.
	wide := gaze.Recording{Width: 400, Height: 300, Fixations: []gaze.Fixation{{X: 0, Y: 0}, {X: 400, Y: 300}}}
	tall := gaze.Recording{Width: 30, Height: 400, Fixations: []gaze.Fixation{{X: 0, Y: 400}}}
	w := measure.Work{Paths: []gaze.Recording{wide, tall}}
	p := scanpaths(&w)
	if got := p[0][0].distance(p[0][1]); !gazetest.Within(got, 1, 1e-15) {
		t.Errorf("opposite corners are %g apart", got)
	}
	for _, q := range p[0] {
		if got := q.distance(p[1][0]); got > 1 {
			t.Errorf("corners of two frames are %g apart", got)
		}
	}
	if got := limit(math.Inf(1)); got != 1e9 {
		t.Errorf("no limit: %g", got)
	}
}

// randomPlaces is n places in the unit square, drawn from few enough that some coincide.
func randomPlaces(r *rand.Rand, n int) []point {
	out := make([]point, n)
	for i := range out {
		out[i] = point{float64(r.IntN(5)) / 4, float64(r.IntN(5)) / 4}
	}
	return out
}
