package scanpaths

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure"
)

// naiveDBSCAN is the definition, in quadratic time and by repeated passes.
func naiveDBSCAN(n int, near func(i, j int) bool, least int) []int {
	labels := make([]int, n)
	core := make([]bool, n)
	for i := range n {
		labels[i] = noise
		count := 0
		for j := range n {
			if near(i, j) {
				count++
			}
		}
		core[i] = count >= least
	}
	cluster := 0
	for i := range n {
		if !core[i] || labels[i] != noise {
			continue
		}
		labels[i] = cluster
		for grown := true; grown; {
			grown = false
			for a := range n {
				for b := range n {
					if labels[a] == cluster && core[a] && labels[b] == noise && near(a, b) {
						labels[b], grown = cluster, true
					}
				}
			}
		}
		cluster++
	}
	return labels
}

// Distances are compared with eps as whole numbers, which know no rounding: many are just eps.
func TestDBSCAN(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		n, tenths, least := 1+r.IntN(60), []int{1, 2, 4}[r.IntN(3)], 1+r.IntN(8)
		samples, x, y := make([]sample, n), make([]int, n), make([]int, n)
		for i := range samples {
			x[i], y[i] = r.IntN(6), r.IntN(3)
			samples[i] = sample{float64(x[i]) / 10, float64(y[i]) / 10, float64(i) / float64(n)}
		}
		near := func(i, j int) bool {
			dx, dy, dt, eps := n*(x[i]-x[j]), n*(y[i]-y[j]), 10*(i-j), n*tenths
			return dx*dx+dy*dy+dt*dt <= eps*eps
		}
		labels := make([]int, n)
		dbscan(samples, float64(tenths)/10, least, labels)
		if want := naiveDBSCAN(n, near, least); !slices.Equal(labels, want) {
			t.Fatalf("eps 0.%d, at least %d: %v, want %v", tenths, least, labels, want)
		}
	}
}

// naiveDTW fills the whole table and walks back.
func naiveDTW(n, m int, local func(i, j int) float64) (float64, int) {
	d := make([][]float64, n+1)
	for i := range d {
		d[i] = make([]float64, m+1)
		for j := range d[i] {
			d[i][j] = math.Inf(1)
		}
	}
	d[0][0] = 0
	for i := 1; i <= n; i++ {
		for j := 1; j <= m; j++ {
			d[i][j] = local(i-1, j-1) + min(d[i-1][j-1], d[i-1][j], d[i][j-1])
		}
	}
	cells := 1
	for i, j := n, m; i > 1 || j > 1; cells++ {
		switch least := min(d[i-1][j-1], d[i-1][j], d[i][j-1]); {
		case d[i-1][j-1] == least:
			i, j = i-1, j-1
		case d[i-1][j] == least:
			i--
		default:
			j--
		}
	}
	return d[n][m], cells
}

func TestDTW(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	var scratch warping
	for range 300 {
		n, m := 1+r.IntN(6), 1+r.IntN(6)
		costs := make([]float64, n*m)
		for k := range costs {
			costs[k] = float64(r.IntN(3)) / 2 // many ties
		}
		scratch.reset(n, m, 0)
		for i := range n {
			for j := range scratch.row(i) {
				scratch.row(i)[j] = bits(costs[i*m+j])
			}
		}
		scratch.accumulate()
		cost, cells := scratch.cost(), scratch.cells()
		if wantCost, wantCells := naiveDTW(n, m, func(i, j int) float64 { return costs[i*m+j] }); cost != wantCost || cells != wantCells {
			t.Fatalf("%d x %d %v: %g in %d cells, want %g in %d", n, m, costs, cost, cells, wantCost, wantCells)
		}
	}
}

func TestSimilarityAllocatesNothing(t *testing.T) {
	a := []moment{{1000, .002}, {500, .004}, {2000, .001}}
	w, scratch := momentWeights{.7, .3}, &warping{}
	if n := testing.AllocsPerRun(100, func() { w.similarity(a, a[:2], scratch) }); n != 0 {
		t.Errorf("%g allocations for a pair", n)
	}
}

// naiveBlob draws the whole canvas pixel by pixel and reduces it by walking over sub-pixels of a common grid.
func naiveBlob(r gaze.Recording, weights []float64) []float64 {
	width, height := int(r.Width), int(r.Height)
	side := height / 10
	canvas := make([]float64, width*height)
	low, high := math.Inf(1), 0.0
	for k := range canvas {
		for i, f := range r.Fixations {
			// The patch's column and row under this pixel.
			u, v := k%width-(int(f.X)-side/2), k/width-(int(f.Y)-side/2)
			if u < 0 || v < 0 || u >= side || v >= side {
				continue
			}
			sd := float64(side) / 6
			dx, dy := float64(u)-float64(side)/2, float64(v)-float64(side)/2
			canvas[k] += weights[i] * math.Exp(-(dx*dx+dy*dy)/(2*sd*sd))
		}
		low, high = min(low, canvas[k]), max(high, canvas[k])
	}
	out := make([]float64, momentGrid*momentGrid)
	for y := range height * momentGrid { // each pixel is momentGrid sub-pixels high and wide, each cell height x width
		for x := range width * momentGrid {
			value := (canvas[y/momentGrid*width+x/momentGrid] - low) / (high - low) * 255
			out[y/height*momentGrid+x/width] += value / float64(width*height)
		}
	}
	return out
}

func TestBlob(t *testing.T) {
	for _, size := range [][2]float64{{90, 70}, {64, 96}, {40, 33}} {
		r := gazetest.Path(uint64(size[0]), 9, size[0], size[1])
		r.Fixations = append(r.Fixations, gaze.Fixation{X: 0, Y: 0, Duration: 1}, gaze.Fixation{X: size[0] - .5, Y: size[1] - .5, Duration: 1})
		weights := make([]float64, len(r.Fixations))
		for i := range weights {
			weights[i] = float64(i % 4)
		}
		got, want := drawBlob(r, weights).reduce(false), naiveBlob(r, weights)
		for k := range want {
			if !gazetest.Within(got[k], want[k], 1e-9) {
				t.Fatalf("%v: cell %d is %g, want %g", size, k, got[k], want[k])
			}
		}
	}
}

// The two reductions agree where the canvas is the grid, and bilinear reduction reads between pixel centres.
func TestBilinear(t *testing.T) {
	r := gazetest.Path(5, 9, momentGrid, momentGrid)
	weights := slices.Repeat([]float64{1}, len(r.Fixations))
	area, bilinear := drawBlob(r, weights).reduce(false), drawBlob(r, weights).reduce(true)
	for k := range area {
		if !gazetest.Within(area[k], bilinear[k], 1e-9) {
			t.Fatalf("cell %d: %g and %g", k, area[k], bilinear[k])
		}
	}
	b := &blob{width: 64, height: 64, cols: 64, rows: 64, pixels: make([]float64, 64*64)}
	for k := range b.pixels {
		b.pixels[k] = float64(k%64) + 10*float64(k/64)
	}
	for k, v := range b.reduce(true) { // cell (i, j) has its centre at pixel coordinate 2i + 0.5
		if want := 2*float64(k%32) + .5 + 10*(2*float64(k/32)+.5); !gazetest.Within(v, want, 1e-9) {
			t.Fatalf("cell %d is %g, want %g", k, v, want)
		}
	}
}

func TestResample(t *testing.T) {
	fixations := []gaze.Fixation{{Duration: .1}, {Duration: 0}, {Duration: .3}, {Duration: .2}}
	got := resample(fixations, 6)
	if want := []int{0, 2, 2, 2, 3, 3}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Durations are decimals: how many samples there are, and of which fixation each is, follows from whole milliseconds, also where
// the middle of a sample is the end of a fixation and the sum of the durations is half a sample off.
func TestSamplesOfDecimals(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 3))
	halves, ends := 0, 0
	for range 3000 {
		r, total := gaze.Recording{}, 0
		var until []int
		for range 1 + g.IntN(40) {
			ms := 10 + g.IntN(900)
			total += ms
			until = append(until, total)
			r.Fixations = append(r.Fixations, gaze.Fixation{Duration: float64(ms) / 1000})
		}
		n := sampleCount(r, 50)
		if want := (total + 10) / 20; n != want {
			t.Fatalf("%d samples in %d ms, want %d", n, total, want)
		}
		if total%20 == 10 {
			halves++
		}
		for k, i := range resample(r.Fixations, n) {
			want := slices.IndexFunc(until, func(end int) bool { return (2*k+1)*total < 2*n*end })
			if i != want {
				t.Fatalf("sample %d of %d in %d ms is of fixation %d, want %d; they end at %v", k, n, total, i, want, until)
			}
			if i > 0 && (2*k+1)*total == 2*n*until[i-1] {
				ends++
			}
		}
	}
	if halves == 0 || ends == 0 {
		t.Errorf("%d sums half a sample off, %d samples at the end of a fixation", halves, ends)
	}
}

// sequenceOf is the moments of a recording under a measure's text.
func sequenceOf(t *testing.T, spec string, r gaze.Recording) []moment {
	t.Helper()
	_, s, err := measure.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return newTIMA(s).regions(r)
}

// similarityOf compares two recordings by TIMA with its default weights.
func similarityOf(a, b []moment) float64 {
	return momentWeights{.7, .3}.similarity(a, b, &warping{})
}

func TestTIMAProperties(t *testing.T) {
	dwell := func(x, y, width, height float64, n int) (fixations []gaze.Fixation) {
		for i := range n {
			fixations = append(fixations, gaze.Fixation{X: x + width*float64(i%3), Y: y + height*float64(i%2), Duration: .3})
		}
		return fixations
	}
	make := func(parts ...[]gaze.Fixation) gaze.Recording {
		return gaze.Recording{Width: 640, Height: 480, Fixations: slices.Concat(parts...)}
	}
	a := make(dwell(100, 100, 10, 10, 6), dwell(500, 300, 30, 30, 6))
	moved := make(dwell(400, 300, 10, 10, 6), dwell(100, 100, 30, 30, 6))
	reversed := make(dwell(500, 300, 30, 30, 6), dwell(100, 100, 10, 10, 6))
	sa, sm, sr := sequenceOf(t, "tima", a), sequenceOf(t, "tima", moved), sequenceOf(t, "tima", reversed)
	if len(sa) != 2 || len(sm) != 2 || len(sr) != 2 {
		t.Fatalf("%d, %d, %d regions, want 2 each", len(sa), len(sm), len(sr))
	}
	if got := similarityOf(sa, sa); got != 1 {
		t.Errorf("with itself: %g", got)
	}
	if got := similarityOf(sa, sm); got < .99 {
		t.Errorf("the same regions elsewhere: %g, want nearly 1: the measure does not see places", got)
	}
	if got := similarityOf(sa, sr); got > .95 {
		t.Errorf("the regions in reverse order: %g, want less", got)
	}
	if got := similarityOf(sa, nil); got != 0 {
		t.Errorf("with nothing: %g", got)
	}
	// A single point is a blob of known mass: a Gaussian of sd 48/6 pixels, truncated at 3 sd.
	point := sequenceOf(t, "tima", make(dwell(320, 240, 0, 0, 1)))
	if want := 255 * 2 * math.Pi * 8 * 8 / (640. / 32 * 480. / 32); len(point) != 1 || math.Abs(point[0].mass/want-1) > .01 {
		t.Errorf("one point: %+v, want mass %g", point, want)
	}
	// A frame of twice the size, the same picture.
	double := a.Scaled(1280, 960)
	if got := similarityOf(sa, sequenceOf(t, "tima", double)); got < .99 {
		t.Errorf("in a frame of twice the size: %g", got)
	}
}

func TestTIMAParameters(t *testing.T) {
	a := gazetest.Path(3, 40, 1000, 600)
	base := sequenceOf(t, "tima", a)
	for spec, changes := range map[string]bool{
		"tima:eps=0.2,share=10":    false,
		"tima:eps=0.02":            true,
		"tima:share=40":            true,
		"tima:canvas=400":          true,
		"tima:resize=bilinear":     true,
		"tima:order=lexical":       false, // fewer than 11 regions
		"tima:area=0.5,shape=0.5":  false, // moments are what they were
		"tima:rate=1000,eps=0.199": false,
		"tima:clamp=1000":          false,
		"tima:clamp=400":           true,
		"tima:screen=yes":          true,
	} {
		got := sequenceOf(t, spec, a)
		same := len(got) == len(base)
		for k := range got {
			same = same && math.Abs(got[k].mass/base[k].mass-1) < .02
		}
		if same == changes {
			t.Errorf("%s: %v, default %v", spec, got, base)
		}
	}
	// Two places .15 of the width apart are one region, 1.5 times the height apart they are two.
	flat := gaze.Recording{Width: 1000, Height: 100, Fixations: []gaze.Fixation{{X: 100, Y: 50, Duration: 1}, {X: 250, Y: 50, Duration: 1}}}
	if own, swapped := sequenceOf(t, "tima:eps=0.4", flat), sequenceOf(t, "tima:eps=0.4,axes=swapped", flat); len(own) != 1 || len(swapped) != 2 {
		t.Errorf("%d regions, %d with swapped axes, want 1 and 2", len(own), len(swapped))
	}
	numbered := make([]moment, 12)
	for i := range numbered {
		numbered[i].mass = float64(i)
	}
	var order []float64
	for _, m := range lexical(numbered) {
		order = append(order, m.mass)
	}
	if want := []float64{0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(order, want) {
		t.Errorf("lexical order %v", order)
	}
}

// As the released code treats knees: positions of an 800 x 800 frame, limited to it, drawn on 1920 x 1080 pixels.
func TestTIMAOnAScreen(t *testing.T) {
	const released = "tima:clamp=800,screen=yes,share=20"
	dwell := func(x, y float64) gaze.Recording {
		return gaze.Recording{Width: 800, Height: 800, Fixations: []gaze.Fixation{{X: x, Y: y, Duration: 1}}}
	}
	got := sequenceOf(t, released, dwell(400, 300))
	// A blob of sd 108/6 pixels in cells of 60 x 33.75, truncated at 3 sd.
	if want := 255 * 2 * math.Pi * 18 * 18 / (60 * 33.75); len(got) != 1 || math.Abs(got[0].mass/want-1) > .01 {
		t.Errorf("one point: %+v, want mass %g", got, want)
	}
	beyond, edge := sequenceOf(t, released, dwell(1e4, 900)), sequenceOf(t, released, dwell(800, 800))
	if !slices.Equal(beyond, edge) || len(edge) != 1 {
		t.Errorf("a point beyond the edge: %+v, at the edge %+v", beyond, edge)
	}
	// Of 100 samples, 7 in another place are more than a twentieth, not more than a tenth.
	two := gaze.Recording{Width: 800, Height: 800, Fixations: []gaze.Fixation{{X: 10, Y: 10, Duration: 1.86}, {X: 790, Y: 790, Duration: .14}}}
	if a, b := sequenceOf(t, released, two), sequenceOf(t, "tima", two); len(a) != 2 || len(b) != 1 {
		t.Errorf("%d regions with share 20, %d with 10; want 2 and 1", len(a), len(b))
	}
}

// Recordings at the edges of what the readers let through are no problem.
func TestTIMAExtremes(t *testing.T) {
	for name, r := range map[string]gaze.Recording{
		"a huge frame":       gazetest.Path(1, 20, 100_000, 100_000),
		"a flat frame":       gazetest.Path(1, 20, 100_000, 1),
		"a frame of a pixel": gazetest.Path(1, 20, 1, 1),
		"a very long dwell":  {Width: 100, Height: 100, Fixations: []gaze.Fixation{{X: 1, Y: 1, Duration: 1e9}, {X: 90, Y: 90, Duration: 1e9}}},
		"a very short dwell": {Width: 100, Height: 100, Fixations: []gaze.Fixation{{X: 1, Y: 1, Duration: 1e-6}}},
		"outside":            {Width: 100, Height: 100, Fixations: []gaze.Fixation{{X: -1e6, Y: 1e7, Duration: 1}}},
	} {
		for _, m := range sequenceOf(t, "tima", r) {
			if total := m.mass + m.spread; math.IsNaN(total) || math.IsInf(total, 0) || m.mass < 0 {
				t.Errorf("%s: %+v", name, m)
			}
		}
	}
}
