package examine

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity"
)

// random is a relation of n items with similarities out of levels steps; every ninth has no gaze.
func random(n, levels int, seed uint64) *relation.Relation {
	values, hasGaze := gazetest.Random(n, levels, seed)
	return &relation.Relation{N: n, Values: values, HasGaze: hasGaze}
}

// empty is a relation of n items without gaze.
func empty(n int) *relation.Relation { return relation.FromValues(n, make([]float32, n*n)) }

// labelsFor is labels of n items, some without.
func labelsFor(n, classes int, seed uint64) []string {
	g := rand.New(rand.NewPCG(seed, 2))
	labels := make([]string, n)
	for i := range labels {
		if i%10 != 7 {
			labels[i] = "class " + strconv.Itoa(g.IntN(classes))
		}
	}
	return labels
}

func TestAUCByPairs(t *testing.T) {
	for _, levels := range []int{8, 1 << 23} {
		r, labels := random(80, levels, 5), labelsFor(80, 3, 5)
		var same, other []float32
		r.Pairs().Each(func(i, j int, v float32) {
			switch {
			case labels[i] == "" || labels[j] == "":
			case labels[i] == labels[j]:
				same = append(same, v)
			default:
				other = append(other, v)
			}
		})
		wins := 0.0
		for _, x := range same {
			for _, y := range other {
				switch {
				case x > y:
					wins++
				case x == y:
					wins += .5
				}
			}
		}
		want := wins / float64(len(same)) / float64(len(other))
		if got := DiagnoseAt(r, 0, labels).Labels.AUC; !gazetest.Within(got, want, 1e-6) || levels == 8 && !gazetest.Within(got, want, 1e-12) {
			t.Errorf("%d levels: %.12g, want %.12g", levels, got, want)
		}
	}
}

// The precision is that of neighbours in random order among those that tie, on average over many orders.
func TestPrecisionByOrders(t *testing.T) {
	r, labels := random(30, 6, 8), labelsFor(30, 3, 8)
	a := DiagnoseAt(r, 0, labels).Labels
	g := rand.New(rand.NewPCG(1, 1))
	var rows []int
	for i, l := range labels {
		if l != "" && r.HasGaze[i] {
			rows = append(rows, i)
		}
	}
	const orders = 3000
	for _, p := range a.Precision {
		sum := 0.0
		for range orders {
			for _, i := range rows {
				others := slices.DeleteFunc(slices.Clone(rows), func(j int) bool { return j == i })
				g.Shuffle(len(others), func(a, b int) { others[a], others[b] = others[b], others[a] })
				slices.SortStableFunc(others, func(a, b int) int {
					return int(math.Copysign(1, float64(r.At(i, b)-r.At(i, a)))) * bool2int(r.At(i, a) != r.At(i, b))
				})
				for _, j := range others[:p.K] {
					if labels[i] == labels[j] {
						sum++
					}
				}
			}
		}
		if want := sum / orders / float64(len(rows)*p.K); !gazetest.Within(p.Share, want, .01) {
			t.Errorf("precision at %d is %.4f, by random orders %.4f", p.K, p.Share, want)
		}
	}
	if a.Neighbour != a.Precision[0].Share {
		t.Error("the nearest neighbour is not the precision at 1")
	}
}

func bool2int(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The interval holds the AUC of the population in about 95 % of samples whose pairs depend on their items, without a
// signal and with one.
func TestIntervalCovers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long under the race detector, which shows nothing new here")
	}
	const runs, n = 150, 120
	for _, amount := range []float64{0, .5, 2} {
		var found []Agreement
		truth := 0.0
		for run := range runs {
			g := rand.New(rand.NewPCG(uint64(run), 7))
			r, labels, offset := empty(n), make([]string, n), make([]float64, n)
			for i := range n {
				r.HasGaze[i], labels[i], offset[i] = true, strconv.Itoa(g.IntN(3)), g.NormFloat64()
			}
			for i := range n {
				for j := range i {
					v := offset[i] + offset[j] + .3*g.NormFloat64()
					if labels[i] == labels[j] {
						v += amount
					}
					r.Values[i*n+j], r.Values[j*n+i] = float32(v), float32(v)
				}
			}
			a := newLabelling(r, labels, nil).agreement()
			found = append(found, a)
			truth += a.AUC / runs
		}
		covered := 0
		for _, a := range found {
			if a.AUCLow <= truth && truth <= a.AUCHigh {
				covered++
			}
		}
		share := float64(covered) / runs
		t.Logf("%.1f %% of the intervals cover an AUC of %.3f", 100*share, truth)
		if share < .90 || share > .995 {
			t.Errorf("%.1f %% of the intervals cover the AUC of %.3f, want about 95 %%", 100*share, truth)
		}
	}
}

// signal is a relation in which items of one label are more alike by some amount, and the labels.
func signal(n int, amount float32, seed uint64) (*relation.Relation, []string) {
	g := rand.New(rand.NewPCG(seed, 3))
	r, labels := empty(n), make([]string, n)
	for i := range n {
		r.HasGaze[i], labels[i], r.Values[i*n+i] = true, strconv.Itoa(i%3), 1
		for j := range i {
			v := g.Float32() * .5
			if labels[i] == labels[j] {
				v += amount
			}
			r.Values[i*n+j], r.Values[j*n+i] = v, v
		}
	}
	return r, labels
}

func TestExamine(t *testing.T) {
	for _, c := range []struct {
		amount  float32
		verdict string
	}{{.3, VerdictSignal}, {0, VerdictNone}} {
		r, labels := signal(120, c.amount, 4)
		p := r.Positives(relation.Rule{PerItem: 5}, nil, nil)
		x, err := Positives(context.Background(), p, Options{Labels: labels, Permutations: 10, Pairs: 3})
		if err != nil {
			t.Fatal(err)
		}
		x.Conclude()
		if x.Conclusion.Verdict != c.verdict {
			t.Errorf("amount %g: %+v, want %s", c.amount, x.Conclusion, c.verdict)
		}
		if s := x.Labels.Control; s.Permutations != 10 || !gazetest.Within(s.AUC.Mean, .5, .02) || !gazetest.Within(s.Precision[1].Mean, .33, .05) || s.AUC.SD <= 0 || s.AUC.Least > s.AUC.Mean || s.AUC.Most < s.AUC.Mean {
			t.Errorf("control %+v", s)
		}
		pairs, same, items := 0, 0, 0
		for k, n := range x.Histogram.Pairs {
			pairs += n
			same += x.Histogram.Same[k]
		}
		for _, b := range x.PositivesCounted {
			items += b.Items
		}
		if pairs != 120*119/2 || same != 3*40*39/2 || items != 120 {
			t.Errorf("%d pairs, %d of one label, %d items in the histograms", pairs, same, items)
		}
		if x.Closest[0].Similarity != x.Quantiles[8] || x.Furthest[0].Similarity != x.Quantiles[0] || len(x.Closest) != 3 || len(x.Furthest) != 3 {
			t.Errorf("closest %+v, furthest %+v", x.Closest, x.Furthest)
		}
		chosen, suggested := 0, 0
		for k, candidate := range x.Candidates {
			d := DiagnoseAt(r, candidate.Tau, labels)
			if d.Positives != candidate.Positives || d.Labels.Positives != candidate.Labels {
				t.Errorf("candidate %+v, diagnosed %+v", candidate, d)
			}
			if k > 0 && candidate.Tau >= x.Candidates[k-1].Tau {
				t.Error("the candidates are not in order")
			}
			if candidate.Chosen {
				chosen++
			}
			if candidate.Suggested {
				suggested++
			}
		}
		if chosen != 1 || c.verdict == VerdictSignal && (suggested != 1 || x.Conclusion.Tau == 0) || c.verdict == VerdictNone && suggested != 0 {
			t.Errorf("%d chosen, %d suggested: %+v", chosen, suggested, x.Conclusion)
		}
		x.Labels.Control = nil
		if x.Conclude(); x.Conclusion.Verdict != VerdictUnknown || !strings.Contains(x.Conclusion.Signal, "permuted gaze was not tried") || strings.Contains(x.Conclusion.Signal, "Without labels") {
			t.Errorf("without permuted gaze: %+v", x.Conclusion)
		}
		x.Labels = nil
		if x.Conclude(); x.Conclusion.Verdict != VerdictUnknown || !strings.Contains(x.Conclusion.Threshold, "number of positives") {
			t.Errorf("without labels: %+v", x.Conclusion)
		}
	}
}

// The extremes are those of taking the most extreme pair and all pairs of its two items away, again and again; also where
// one item is the furthest from all.
func TestExtremes(t *testing.T) {
	for seed := range uint64(6) {
		r := random(31, []int{3, 1 << 20}[seed%2], seed)
		if seed > 3 {
			for j := range 31 {
				r.Values[2*31+j], r.Values[j*31+2] = -1, -1
			}
		}
		closest, furthest := extremes(r, 9)
		for sign, got := range map[float32][]Pair{1: closest, -1: furthest} {
			used := map[int]bool{}
			for k := range 9 {
				best, found := float32(-2), 0
				r.Pairs().Each(func(i, j int, v float32) {
					if !used[i] && !used[j] {
						best, found = max(best, sign*v), found+1
					}
				})
				if p := got[k]; found == 0 || used[p.I] || used[p.J] || r.At(p.I, p.J) != sign*best || float32(p.Similarity) != sign*best || p.I >= p.J {
					t.Fatalf("seed %d, sign %g: pair %d is %+v, want one of %g", seed, sign, k, p, sign*best)
				}
				used[got[k].I], used[got[k].J] = true, true
			}
		}
		if all, _ := extremes(r, 100); len(all) != 14 {
			t.Errorf("%d disjoint pairs of the 28 items with gaze", len(all))
		}
	}
}

// A signal that is sure, but hardly shows among the nearest, is called weak.
func TestWeakSignal(t *testing.T) {
	const n = 400
	for amount, weak := range map[float64]bool{.05: true, .5: false} {
		g := rand.New(rand.NewPCG(8, 8))
		r, labels := signal(n, 0, 2)
		for i := range n {
			for j := range i {
				v := .1 * g.NormFloat64()
				if labels[i] == labels[j] {
					v += .1 * amount
				}
				r.Values[i*n+j], r.Values[j*n+i] = float32(v), float32(v)
			}
		}
		x, err := Positives(context.Background(), r.Positives(relation.Rule{PerItem: 2}, nil, nil), Options{Labels: labels, Permutations: 10})
		if err != nil {
			t.Fatal(err)
		}
		x.Conclude()
		if c := x.Conclusion; c.Verdict != VerdictSignal || c.Weak != weak || strings.Contains(c.Signal, "a weak signal") != weak {
			t.Errorf("%g: %+v", amount, c)
		}
	}
}

// Only the nearest share the label: far pairs do not.
func TestSignalAmongTheNearest(t *testing.T) {
	r, labels := signal(150, 0, 6)
	for i := range 150 {
		j := (i + 3) % 150
		r.Values[i*150+j], r.Values[j*150+i] = .9, .9
	}
	x, err := Positives(context.Background(), r.Positives(relation.Rule{PerItem: 2}, nil, nil), Options{Labels: labels, Permutations: 20})
	if err != nil {
		t.Fatal(err)
	}
	if x.Conclude(); x.Conclusion.Verdict != VerdictNear || !gazetest.Within(x.Conclusion.Tau, x.Candidates[1].Tau, 0) {
		t.Errorf("%+v of %+v", x.Conclusion, x.Candidates)
	}
}

// Labels of which all pairs are the same, or none, say nothing of gaze.
func TestExamineLabelsThatTellNothing(t *testing.T) {
	r, labels := signal(30, .3, 4)
	for want, of := range map[string]func(i int) string{
		"of the 30 images that have both, all have the same label.": func(int) string { return "x" },
		"of the 30 images that have both, no two share a label.":    func(i int) string { return strings.Repeat("x", i+1) },
	} {
		for i := range labels {
			labels[i] = of(i)
		}
		x, err := Positives(context.Background(), r.Positives(relation.Rule{PerItem: 2}, nil, nil), Options{Labels: labels, Permutations: 3})
		if err != nil {
			t.Fatal(err)
		}
		if x.Conclude(); x.Conclusion.Verdict != VerdictUnknown || !strings.HasSuffix(x.Conclusion.Signal, want) || !strings.Contains(x.Conclusion.Threshold, "number of positives") {
			t.Errorf("%+v, expected %q", x.Conclusion, want)
		}
	}
}

func TestExamineLittle(t *testing.T) {
	for _, n := range []int{0, 1, 2} {
		r := relation.FromLabels(make([]string, n))
		x, err := Positives(context.Background(), r.Positives(relation.Rule{PerItem: 1}, nil, nil), Options{Labels: make([]string, n), Permutations: 3, Pairs: 2})
		if err != nil {
			t.Fatal(err)
		}
		if x.Conclude(); x.Items != n || x.Conclusion.Verdict != VerdictUnknown || len(x.Closest) != n/2 {
			t.Errorf("%d items: %+v", n, x)
		}
	}
	r, labels := signal(9, 0, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Positives(ctx, r.Positives(relation.Rule{}, nil, nil), Options{Labels: labels, Permutations: 3}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestCompareReaders(t *testing.T) {
	at := func(x, y float64) gaze.Recording {
		return gaze.Recording{Width: 100, Height: 100, Fixations: []gaze.Fixation{{X: x, Y: y, Duration: .3}}}
	}
	items := [][]gaze.Recording{{at(10, 10), at(15, 12)}, {at(80, 80)}, nil, {at(50, 90), at(55, 85), at(52, 88), {}}, {at(90, 10), at(88, 13)}}
	a, err := CompareReaders(context.Background(), gazetest.Device(t), items, similarity.RelateOptions{Measure: "heatmap-cc"}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if a.Images != 3 || a.OfImages != 3 || a.Recordings != 7 || a.AUC != 1 || !gazetest.Within(a.Neighbour, 1, 1e-12) {
		t.Errorf("%+v", a)
	}
	if a, err = CompareReaders(context.Background(), gazetest.Device(t), items, similarity.RelateOptions{Measure: "heatmap-cc"}, 4); err != nil || a.Images != 2 || a.OfImages != 3 {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := CompareReaders(context.Background(), gazetest.Device(t), items[:3], similarity.RelateOptions{Measure: "heatmap-cc"}, 4); err != nil || a != nil {
		t.Errorf("one image with several readers: %+v, %v", a, err)
	}
}

func BenchmarkExamine(b *testing.B) {
	r, labels := signal(2000, .1, 1)
	p := r.Positives(relation.Rule{PerItem: 5}, nil, nil)
	for b.Loop() {
		if _, err := Positives(context.Background(), p, Options{Labels: labels, Permutations: 20, Pairs: 6}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(2000*1999/2)*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
}
