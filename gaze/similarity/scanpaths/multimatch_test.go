package scanpaths

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure"
	"gzpt/gaze/similarity/internal/measure/measuretest"
)

// multimatchRow is a row that the reference implementation printed.
type multimatchRow struct {
	name    string
	a, b    gaze.Recording
	options MultiMatchOptions
	want    [5]float64
}

func multimatchRows(tb testing.TB) (rows []multimatchRow) {
	tb.Helper()
	dir := gazetest.Shared(tb, "data", "multimatch_reference")
	f, err := os.Open(filepath.Join(dir, "expected_multimatch_gaze_0.1.3.csv"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	table, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	number := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
	for _, line := range table[1:] { // scanpath1,scanpath2,screen_w,screen_h,grouping,TDir,TDur,TAmp and the five
		width, height := number(line[2]), number(line[3])
		row := multimatchRow{name: strings.Join(line[:5], " ")}
		row.a, row.b = fixvector(tb, dir, line[0], width, height), fixvector(tb, dir, line[1], width, height)
		row.options = MultiMatchOptions{
			Grouping: line[4] == "1", Direction: number(line[5]), Duration: number(line[6]),
			Amplitude: number(line[7]) / math.Hypot(width, height),
		}
		for k := range row.want {
			row.want[k] = number(line[8+k])
		}
		rows = append(rows, row)
	}
	return rows
}

// fixvector reads start_x, start_y, duration from one of the two folders.
func fixvector(tb testing.TB, dir, name string, width, height float64) gaze.Recording {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "fixvectors", name))
	if err != nil {
		if text, err = os.ReadFile(filepath.Join(dir, "tests", name)); err != nil {
			tb.Fatal(err)
		}
	}
	r := gaze.Recording{Width: width, Height: height}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		var v [3]float64
		for k, field := range strings.Fields(line) {
			if v[k], err = strconv.ParseFloat(field, 64); err != nil {
				tb.Fatal(err)
			}
		}
		r.Fixations = append(r.Fixations, gaze.Fixation{X: v[0], Y: v[1], Duration: v[2]})
	}
	return r
}

func TestMultiMatchReference(t *testing.T) {
	rows := multimatchRows(t)
	grouped := 0
	for _, row := range rows {
		if row.options.Grouping {
			grouped++
		}
		got, turned := MultiMatch(row.a, row.b, row.options), MultiMatch(row.b, row.a, row.options)
		for k := range got {
			if !gazetest.Within(got[k], row.want[k], 1e-9) || got[k] != turned[k] {
				t.Errorf("%s, dimension %d: %.12f, turned %.12f, want %.12f", row.name, k, got[k], turned[k], row.want[k])
			}
		}
	}
	if len(rows) != 105 || grouped != 50 {
		t.Errorf("%d rows, %d of them with grouping; want 105 and 50", len(rows), grouped)
	}
}

func TestGoldenMultiMatch(t *testing.T) {
	var g struct {
		Screen     [2]float64
		A, B       [][3]float64
		Similarity [5]float64
	}
	gazetest.Golden(t, "multimatch", &g)
	recording := func(rows [][3]float64) gaze.Recording {
		r := gaze.Recording{Width: g.Screen[0], Height: g.Screen[1]}
		for _, v := range rows {
			r.Fixations = append(r.Fixations, gaze.Fixation{X: v[0], Y: v[1], Duration: v[2]})
		}
		return r
	}
	got := MultiMatch(recording(g.A), recording(g.B), MultiMatchOptions{})
	for k := range got {
		if !gazetest.Within(got[k], g.Similarity[k], decimals8) {
			t.Errorf("dimension %d: %.10f, want %.10f", k, got[k], g.Similarity[k])
		}
	}
}

// naiveMultiMatch tries every path from the first pair to the last one and takes the medians of the cheapest; it
// returns false where two paths cost the same.
func naiveMultiMatch(a, b *saccades) (values [5]float64, ok bool) {
	n, m := len(a.vectors), len(b.vectors)
	best, ties := math.Inf(1), 0
	var path [][2]int
	var walk func(i, j int, cost float64, so [][2]int)
	walk = func(i, j int, cost float64, so [][2]int) {
		so = append(so, [2]int{i, j})
		if i == n-1 && j == m-1 {
			switch {
			case math.Abs(cost-best) < 1e-9:
				ties++
			case cost < best:
				best, ties, path = cost, 0, slices.Clone(so)
			}
			return
		}
		for _, step := range [][2]int{{1, 1}, {1, 0}, {0, 1}} {
			if i, j := i+step[0], j+step[1]; i < n && j < m {
				walk(i, j, cost+math.Hypot(a.vectors[i].x-b.vectors[j].x, a.vectors[i].y-b.vectors[j].y), so)
			}
		}
	}
	walk(0, 0, 0, nil)
	var differences [5][]float64
	for _, p := range path {
		i, j := p[0], p[1]
		u, v := a.vectors[i], b.vectors[j]
		angle := math.Abs(math.Atan2(u.x*v.y-u.y*v.x, u.x*v.x+u.y*v.y))
		d, e := a.durations[i], b.durations[j]
		for k, v := range [5]float64{
			math.Hypot(u.x-v.x, u.y-v.y) / (2 * a.diagonal),
			angle / math.Pi,
			math.Abs(math.Hypot(u.x, u.y)-math.Hypot(v.x, v.y)) / a.diagonal,
			math.Hypot(a.starts[i].x-b.starts[j].x, a.starts[i].y-b.starts[j].y) / a.diagonal,
			math.Abs(d-e) / max(d, e),
		} {
			differences[k] = append(differences[k], v)
		}
	}
	for k, v := range differences {
		slices.Sort(v)
		values[k] = 1 - (v[len(v)/2]+v[(len(v)-1)/2])/2
	}
	return values, ties == 0
}

func TestMultiMatchByAllPaths(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	var m matcher
	tried := 0
	for seed := range uint64(200) {
		a, b := gazetest.Path(seed, 4+r.IntN(4), 640, 480), gazetest.Path(seed+1000, 4+r.IntN(4), 640, 480)
		s, u := saccadesOf(a, MultiMatchOptions{}), saccadesOf(b, MultiMatchOptions{})
		if s == nil || u == nil {
			continue
		}
		want, unique := naiveMultiMatch(s, u)
		if !unique {
			continue
		}
		tried++
		got, _ := m.compare(s, u)
		for k := range got {
			if !gazetest.Within(got[k], want[k], 1e-12) {
				t.Errorf("seed %d, dimension %d: %g, want %g", seed, k, got[k], want[k])
			}
		}
	}
	if tried < 150 {
		t.Errorf("only %d pairs tried", tried)
	}
}

// Coarse positions, and what the reference implementation (multimatch_gaze 0.1.3 with SciPy 1.17.1) printed of them: paths of one cost are common here.
func TestMultiMatchTies(t *testing.T) {
	for _, tc := range multimatchTies {
		a, b := coarse(tc.a), coarse(tc.b)
		var m matcher
		got, ok := m.compare(saccadesOf(a, MultiMatchOptions{}), saccadesOf(b, MultiMatchOptions{}))
		for k := range got {
			if !gazetest.Within(got[k], tc.want[k], 1e-9) || !ok {
				t.Errorf("%v, %v, dimension %d: %g, want %g", tc.a, tc.b, k, got[k], tc.want[k])
			}
		}
	}
}

// coarse is a scanpath from column, row and tenths of a second in a frame of 90 x 120 pixels with places 10 apart.
func coarse(fixations [][3]int) gaze.Recording {
	r := gaze.Recording{Width: 90, Height: 120}
	for _, f := range fixations {
		r.Fixations = append(r.Fixations, gaze.Fixation{X: 10 * float64(f[0]), Y: 10 * float64(f[1]), Duration: float64(f[2]) / 10})
	}
	return r
}

func TestMultiMatchShort(t *testing.T) {
	long, short := gazetest.Path(1, 20, 640, 480), gazetest.Path(2, 20, 640, 480)
	short.Fixations = short.Fixations[:2]
	if got := MultiMatch(long, short, MultiMatchOptions{}); got != [5]float64{} {
		t.Errorf("two fixations: %v", got)
	}
	if got := MultiMatch(short, short, MultiMatchOptions{ShortNaN: true}); !math.IsNaN(got[0]) || !math.IsNaN(got[4]) {
		t.Errorf("two fixations, NaN asked for: %v", got)
	}
	if got := MultiMatch(long, gaze.Recording{}, MultiMatchOptions{Grouping: true}); got != [5]float64{} {
		t.Errorf("no fixation: %v", got)
	}
	if got := measuretest.Value(t, "multimatch", long, short); got != 0 {
		t.Errorf("as a measure: %g", got)
	}
}

func TestMultiMatchOptions(t *testing.T) {
	a, b := gazetest.Path(1, 20, 640, 480), gazetest.Path(2, 25, 640, 480)
	five := MultiMatch(a, b, MultiMatchOptions{})
	for spec, want := range map[string]float64{
		"multimatch": (five[0] + five[1] + five[2] + five[3] + five[4]) / 5,
		"multimatch:vector=.1,direction=.1,length=.1,position=.1,duration=.6": .1*(five[0]+five[1]+five[2]+five[3]) + .6*five[4],
		"multimatch:vector=0,direction=0,length=0,duration=0":                 five[3],
	} {
		if got := measuretest.Value(t, spec, a, b); !gazetest.Within(got, want, 1e-6) {
			t.Errorf("%s: %g, want %g", spec, got, want)
		}
	}
	// On a larger screen the same pixels are closer; a frame of another size with the same picture changes nothing.
	wide := MultiMatch(a, b, MultiMatchOptions{Width: 1280, Height: 960})
	for _, k := range []int{0, 2, 3} {
		if !gazetest.Within(1-wide[k], (1-five[k])/2, 1e-12) {
			t.Errorf("dimension %d on a screen of twice the size: %g, was %g", k, wide[k], five[k])
		}
	}
	double := MultiMatch(a.Scaled(1280, 960), b, MultiMatchOptions{})
	for k := range double {
		if !gazetest.Within(double[k], five[k], 1e-12) {
			t.Errorf("dimension %d with a frame of twice the size: %g, was %g", k, double[k], five[k])
		}
	}
	grouped := MultiMatch(a, b, MultiMatchOptions{Grouping: true, Direction: 45, Duration: .3, Amplitude: .1})
	if got, want := measuretest.Value(t, "multimatch:grouping=yes", a, b), (grouped[0]+grouped[1]+grouped[2]+grouped[3]+grouped[4])/5; !gazetest.Within(got, want, 1e-6) || grouped == five {
		t.Errorf("grouped %g, want %g: %v, %v", got, want, grouped, five)
	}
	for settings, want := range map[string]string{
		"vector=0,direction=0,length=0,position=0,duration=0": "all weights are 0, expected at least one that is not",
		"width=1920": "a screen needs both width and height",
	} {
		m, s, err := measure.Parse("multimatch:" + settings)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Prepare(&measure.Work{Ctx: t.Context(), Paths: gazetest.Paths(3, 9), Settings: s}); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %q", settings, err, want)
		}
	}
	defer func() {
		if recover() != "scanpaths: MultiMatch: a screen needs a width and a height" {
			t.Error("half a screen is accepted")
		}
	}()
	MultiMatch(a, b, MultiMatchOptions{Width: 1920})
}

// A scanpath of one short saccade, of which the reference implementation cannot make anything, stays as it is.
func TestGroupingToNothing(t *testing.T) {
	still := coarse([][3]int{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}})
	s := saccadesOf(still, MultiMatchOptions{Grouping: true, Direction: 45, Duration: .3, Amplitude: .1})
	if len(s.vectors) != 1 || s.vectors[0] != (point{}) {
		t.Errorf("%+v", s.vectors)
	}
	for n := range 12 {
		r := gazetest.Path(uint64(n), n, 640, 480)
		s := saccadesOf(r, MultiMatchOptions{Grouping: true, Direction: 180, Duration: 1e6, Amplitude: 1})
		if len(r.Fixations) >= 3 && (len(s.vectors) == 0 || len(s.starts) != len(s.vectors) || len(s.durations) <= len(s.vectors)) {
			t.Errorf("%d fixations: %+v", n, s)
		}
	}
}

func TestSelect(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 2))
	for range 2000 {
		values := make([]int64, 1+r.IntN(40))
		for i := range values {
			values[i] = int64(r.IntN(1 + r.IntN(50)))
		}
		sorted := slices.Sorted(slices.Values(values))
		low, high := middle(values)
		if n := len(values); low != sorted[(n-1)/2] || high != sorted[n/2] {
			t.Fatalf("%v: middle %d and %d", sorted, low, high)
		}
	}
}

// BenchmarkMultiMatch compares the scanpaths of the reference data, of 31 fixations on average, on one core.
func BenchmarkMultiMatch(b *testing.B) {
	var list []*saccades
	fixations := 0
	for _, row := range multimatchRows(b) {
		if !row.options.Grouping {
			list = append(list, saccadesOf(row.a, row.options), saccadesOf(row.b, row.options))
			fixations += len(row.a.Fixations) + len(row.b.Fixations)
		}
	}
	var m matcher
	b.ReportAllocs()
	count := 0
	for b.Loop() {
		for i, s := range list {
			for _, u := range list[:i] {
				m.compare(s, u)
				count++
			}
		}
	}
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "pairs/s")
	b.ReportMetric(float64(fixations)/float64(len(list)), "fixations")
}

// multimatchTies are pairs of coarse scanpaths whose cheapest path is not the only one.
var multimatchTies = []struct {
	a, b [][3]int
	want [5]float64
}{
	{[][3]int{{2, 3, 2}, {0, 3, 1}, {0, 0, 2}, {0, 0, 1}, {1, 0, 4}, {1, 0, 4}},
		[][3]int{{3, 3, 5}, {3, 1, 4}, {2, 2, 1}, {2, 2, 2}, {2, 2, 4}, {3, 3, 3}},
		[5]float64{0.966666666667, 0.75, 0.972385762508, 0.811438191684, 0.5}},
	{[][3]int{{3, 4, 5}, {0, 3, 5}, {3, 3, 2}, {0, 4, 1}, {0, 0, 4}, {2, 1, 3}},
		[][3]int{{2, 1, 4}, {4, 1, 3}, {1, 4, 3}, {2, 4, 1}, {1, 3, 2}, {3, 3, 4}},
		[5]float64{0.913962038997, 0.801208191175, 0.925245310429, 0.831183496592, 0.733333333333}},
	{[][3]int{{5, 0, 1}, {1, 5, 1}, {1, 3, 5}, {2, 2, 4}, {2, 0, 5}, {5, 5, 5}, {0, 0, 1}, {1, 0, 5}, {5, 1, 4}},
		[][3]int{{5, 5, 3}, {2, 2, 5}, {3, 3, 4}, {2, 4, 4}, {5, 0, 3}, {3, 0, 1}, {4, 1, 4}, {2, 2, 5}, {4, 0, 3}},
		[5]float64{0.879814957485, 0.60241638235, 0.87810485835, 0.811438191684, 0.75}},
	{[][3]int{{5, 6, 3}, {5, 4, 1}, {1, 3, 5}, {6, 0, 2}, {6, 6, 5}, {3, 5, 2}, {0, 4, 1}, {0, 2, 1}, {5, 2, 1}},
		[][3]int{{5, 5, 5}, {1, 5, 2}, {5, 0, 5}, {5, 0, 3}, {3, 2, 2}, {5, 6, 5}, {3, 2, 1}},
		[5]float64{0.872759773081, 0.573791808825, 0.963332120414, 0.813148290818, 0.45}},
	{[][3]int{{6, 5, 2}, {5, 4, 3}, {7, 4, 2}, {0, 3, 2}, {7, 1, 2}, {7, 4, 3}, {2, 6, 4}, {5, 4, 5}},
		[][3]int{{0, 1, 1}, {4, 2, 4}, {3, 1, 4}, {0, 4, 2}, {6, 5, 1}, {1, 0, 3}, {2, 6, 1}, {0, 6, 1}},
		[5]float64{0.850154731957, 0.47741638235, 0.815422693734, 0.695896479146, 0.5}},
	{[][3]int{{3, 3, 2}, {1, 3, 5}, {2, 3, 2}, {0, 1, 5}, {1, 3, 1}, {0, 2, 3}, {1, 3, 1}},
		[][3]int{{3, 2, 1}, {0, 2, 3}, {2, 2, 4}, {3, 3, 5}, {0, 0, 2}},
		[5]float64{0.936192881254, 0.948791808825, 0.919526214588, 0.886192881254, 0.55}},
	{[][3]int{{2, 3, 4}, {1, 1, 1}, {2, 4, 5}, {0, 4, 4}, {2, 1, 4}, {4, 0, 2}, {1, 3, 3}, {0, 0, 3}, {3, 3, 5}},
		[][3]int{{0, 0, 4}, {4, 1, 3}, {1, 4, 5}, {1, 4, 4}, {2, 1, 4}, {2, 1, 5}, {4, 0, 5}, {1, 4, 1}},
		[5]float64{0.873240812076, 0.545167235301, 0.901086644164, 0.8509288015, 0.8}},
	{[][3]int{{2, 5, 3}, {3, 1, 2}, {2, 4, 1}, {1, 1, 4}, {4, 1, 3}, {5, 4, 3}, {3, 1, 3}, {2, 4, 2}, {0, 3, 2}},
		[][3]int{{1, 3, 2}, {0, 0, 2}, {3, 4, 4}, {1, 3, 5}, {5, 4, 3}},
		[5]float64{0.896065533708, 0.762218625986, 0.922322957886, 0.858797734083, 0.666666666667}},
	{[][3]int{{2, 4, 2}, {2, 4, 2}, {2, 4, 4}, {5, 3, 2}},
		[][3]int{{0, 0, 2}, {1, 2, 3}, {0, 6, 1}, {1, 3, 3}, {4, 0, 1}, {0, 0, 3}, {4, 4, 4}, {4, 1, 5}},
		[5]float64{0.866666666667, 0.60241638235, 0.789181489322, 0.811438191684, 0.666666666667}},
	{[][3]int{{1, 3, 2}, {0, 2, 1}, {4, 0, 4}, {3, 6, 3}, {0, 7, 4}, {7, 3, 4}, {1, 6, 5}, {0, 5, 5}, {0, 2, 4}},
		[][3]int{{0, 2, 4}, {5, 0, 4}, {6, 1, 2}, {6, 4, 5}, {6, 7, 5}},
		[5]float64{0.810247253214, 0.477934800526, 0.81812439899, 0.745958907179, 0.875}},
	{[][3]int{{2, 0, 1}, {2, 1, 3}, {1, 1, 5}, {3, 1, 1}, {2, 1, 5}},
		[][3]int{{1, 1, 2}, {1, 3, 4}, {0, 0, 2}, {3, 1, 1}, {0, 1, 3}, {1, 2, 2}, {3, 3, 3}, {1, 2, 4}, {3, 0, 2}},
		[5]float64{0.943096440627, 0.801208191175, 0.897850163258, 0.886192881254, 0.45}},
	{[][3]int{{0, 4, 5}, {1, 2, 1}, {2, 1, 3}, {3, 0, 3}},
		[][3]int{{0, 2, 2}, {0, 0, 2}, {2, 1, 2}, {1, 3, 1}, {0, 4, 5}},
		[5]float64{0.915591748296, 0.35241638235, 0.964735920246, 0.858797734083, 0.45}},
	{[][3]int{{1, 0, 3}, {0, 3, 4}, {3, 1, 4}, {4, 1, 4}, {3, 1, 5}},
		[][3]int{{0, 5, 1}, {2, 3, 4}, {2, 4, 5}, {0, 4, 1}, {1, 4, 1}, {3, 5, 2}, {3, 1, 2}, {5, 4, 5}},
		[5]float64{0.92642977396, 0.5, 0.940762528309, 0.774405702146, 0.416666666667}},
	{[][3]int{{1, 0, 2}, {6, 3, 1}, {5, 4, 1}, {2, 1, 2}, {0, 6, 3}},
		[][3]int{{6, 2, 3}, {1, 5, 3}, {5, 1, 2}, {1, 1, 4}, {3, 1, 3}, {2, 2, 5}, {3, 6, 3}, {3, 4, 1}},
		[5]float64{0.887202851073, 0.508031304434, 0.839052429175, 0.692595828693, 0.333333333333}},
	{[][3]int{{4, 2, 2}, {3, 2, 3}, {2, 2, 5}, {6, 3, 2}, {0, 6, 3}, {5, 1, 3}, {1, 3, 5}, {1, 7, 5}, {0, 6, 1}},
		[][3]int{{7, 3, 2}, {2, 0, 4}, {1, 0, 2}, {2, 3, 1}, {3, 0, 1}, {0, 0, 5}, {1, 4, 4}},
		[5]float64{0.865371879492, 0.840197756363, 0.860632399392, 0.789181489322, 0.875}},
	{[][3]int{{1, 1, 3}, {0, 0, 5}, {1, 1, 4}, {3, 1, 4}, {0, 2, 5}},
		[][3]int{{1, 1, 2}, {1, 1, 4}, {3, 3, 1}, {2, 2, 1}, {2, 2, 5}, {0, 3, 1}, {2, 3, 2}, {2, 3, 4}, {1, 1, 4}},
		[5]float64{0.943096440627, 0.64758361765, 0.921985891832, 0.8509288015, 0.583333333333}},
	{[][3]int{{3, 0, 1}, {3, 1, 1}, {4, 1, 2}, {4, 1, 2}, {3, 1, 4}, {1, 3, 4}},
		[][3]int{{1, 0, 3}, {2, 4, 2}, {1, 3, 2}, {1, 4, 4}, {2, 3, 3}, {0, 1, 5}, {1, 1, 2}},
		[5]float64{0.92546440075, 0.625, 0.891911977096, 0.794590744661, 0.583333333333}},
	{[][3]int{{2, 0, 4}, {1, 2, 1}, {5, 2, 5}, {4, 5, 1}, {5, 4, 4}, {0, 1, 2}, {2, 1, 5}, {1, 0, 1}},
		[][3]int{{2, 2, 3}, {0, 3, 4}, {0, 2, 1}, {4, 3, 4}},
		[5]float64{0.862563145813, 0.672020869623, 0.855848155989, 0.8509288015, 0.5}},
	{[][3]int{{5, 6, 5}, {1, 1, 3}, {5, 3, 1}, {1, 6, 5}, {0, 4, 2}, {2, 5, 4}},
		[][3]int{{3, 0, 3}, {0, 2, 5}, {3, 5, 5}, {2, 3, 4}, {0, 1, 3}, {6, 6, 3}, {2, 0, 2}, {3, 4, 2}},
		[5]float64{0.811438191684, 0.725562748028, 0.815737865167, 0.789181489322, 0.666666666667}},
	{[][3]int{{5, 6, 4}, {1, 5, 1}, {3, 4, 3}, {1, 4, 3}, {3, 2, 4}, {4, 7, 2}},
		[][3]int{{6, 1, 2}, {0, 4, 2}, {7, 7, 1}, {0, 2, 3}, {2, 5, 2}, {3, 1, 1}, {3, 3, 4}, {5, 7, 3}, {6, 2, 3}},
		[5]float64{0.842131067417, 0.788502854342, 0.870674106408, 0.878323948671, 0.583333333333}},
	{[][3]int{{1, 3, 5}, {0, 1, 5}, {1, 3, 5}, {1, 3, 3}},
		[][3]int{{3, 2, 1}, {0, 3, 2}, {0, 3, 2}, {0, 2, 3}},
		[5]float64{0.92546440075, 0.545167235301, 0.933333333333, 0.866666666667, 0.4}},
	{[][3]int{{2, 0, 5}, {0, 3, 4}, {3, 1, 2}, {3, 0, 5}, {3, 1, 2}, {4, 4, 3}},
		[][3]int{{0, 2, 2}, {1, 3, 5}, {4, 1, 2}, {2, 4, 3}, {0, 4, 5}, {0, 0, 5}, {1, 3, 3}},
		[5]float64{0.902639679117, 0.531416479095, 0.89362207623, 0.800309840503, 0.7}},
	{[][3]int{{2, 5, 5}, {1, 3, 5}, {5, 3, 4}, {3, 3, 4}, {3, 1, 5}, {2, 1, 4}, {0, 1, 5}, {0, 5, 1}, {5, 2, 5}},
		[][3]int{{3, 2, 1}, {1, 4, 3}, {5, 1, 3}, {3, 1, 5}, {0, 4, 4}, {3, 5, 4}, {2, 1, 4}},
		[5]float64{0.9, 0.75, 0.960509390184, 0.8, 0.75}},
	{[][3]int{{0, 3, 2}, {2, 0, 1}, {2, 1, 2}, {0, 1, 4}, {1, 1, 3}, {6, 6, 2}, {0, 0, 3}, {2, 1, 1}},
		[][3]int{{5, 0, 2}, {2, 4, 2}, {0, 0, 1}, {3, 0, 2}, {2, 2, 4}, {5, 4, 1}, {3, 5, 4}},
		[5]float64{0.873240812076, 0.625, 0.886851709182, 0.8509288015, 1}},
}

// Fixations that last just the threshold are not shorter, though the difference of two times may be: no saccades around them are
// merged.
func TestGroupingOfDecimals(t *testing.T) {
	for k := range 500 {
		start := float64(k) / 250
		duration := (start + .3) - start // .3 but for rounding, as a detector has it
		r := gaze.Recording{Width: 300, Height: 400}
		for _, x := range []float64{0, 100, 200, 300} { // saccades of one direction
			r.Fixations = append(r.Fixations, gaze.Fixation{X: x, Y: 1, Duration: duration})
		}
		o := MultiMatchOptions{Grouping: true, Direction: 45, Duration: .3, Amplitude: .3}
		if got := len(saccadesOf(r, o).vectors); got != 3 {
			t.Fatalf("%d saccades between fixations of %.17g s, want 3", got, duration)
		}
		r.Fixations = r.Fixations[:3] // and saccades of just the amplitude are not short
		for i := range r.Fixations {
			r.Fixations[i].X, r.Fixations[i].Y = start+50*float64(i), []float64{1, 21, 1}[i]+start
			r.Fixations[i].Duration = .1
		}
		o.Direction, o.Amplitude = 1, math.Hypot(50, 20)/500
		if got := len(saccadesOf(r, o).vectors); got != 2 {
			t.Fatalf("%d saccades of just the amplitude from %g, want 2", got, start)
		}
	}
}
