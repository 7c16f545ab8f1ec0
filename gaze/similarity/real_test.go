package similarity_test

import (
	"context"
	"encoding/csv"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"gzpt/asm"
	"gzpt/gaze"
	"gzpt/gaze/examine"
	"gzpt/gaze/formats"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity"
)

// long skips what real data add minutes to under the race detector, without a line of code that other tests do not race.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: all pairs of real data by every measure")
	}
}

// column is one column of a CSV file.
func column(tb testing.TB, path, name string) []string {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	i := slices.Index(rows[0], name)
	var values []string
	for _, row := range rows[1:] {
		values = append(values, row[i])
	}
	return values
}

// load reads a folder of shared data, its recordings in the order of labels.csv.
func load(tb testing.TB, folder, format string) (set *formats.Set, items [][]gaze.Recording) {
	tb.Helper()
	dir := gazetest.Shared(tb, "data", folder)
	set, err := formats.Load(dir, formats.ReadOptions{Format: format})
	if err != nil {
		tb.Fatal(err)
	}
	var images []formats.Image
	for _, name := range column(tb, dir+"/labels.csv", "image") {
		images = append(images, formats.Image{Name: name})
	}
	items, _, err = set.Align(images, formats.AlignOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return set, items
}

// relate computes a relation of real data, whose products take minutes under the race detector on the reference device.
func relate(tb testing.TB, items [][]gaze.Recording, o similarity.RelateOptions) *relation.Relation {
	tb.Helper()
	dev, err := asm.Open("")
	if err != nil {
		tb.Fatal(err)
	}
	defer dev.Close()
	start := time.Now()
	r, err := similarity.Relate(context.Background(), dev, items, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Logf("%s: %d items in %v", o.Measure, len(items), time.Since(start).Round(time.Millisecond))
	return r
}

// neighbourFloors is for every measure how often the nearest neighbour must share the polyp's size class in the data of
// TestKvasir, where chance is .33: what was measured, rounded down.
var neighbourFloors = map[string]float64{
	"dtw": .68, "eyenalysis": .72, "frechet": .51, "hausdorff": .73, "heatmap-cc": .70, "levenshtein": .57, "moments": .79,
	"multimatch": .55, "scanmatch": .63, "ss": .65, "stde": .64, "tde": .69, "tima": .70,
}

// readerFloors is for every measure with what AUC readers of one image must rank above others in TestEyeCrowd.
var readerFloors = map[string]float64{
	"dtw": .68, "eyenalysis": .81, "frechet": .53, "hausdorff": .61, "heatmap-cc": .77, "levenshtein": .70, "moments": .54,
	"multimatch": .59, "scanmatch": .67, "ss": .74, "stde": .67, "tde": .71, "tima": .52,
}

// floor is that of a measure; a measure without one fails the test, so that none is forgotten.
func floor(t *testing.T, floors map[string]float64, measure string) float64 {
	t.Helper()
	v, ok := floors[measure]
	if !ok {
		t.Errorf("%s has no floor in the table: measure it and add it", measure)
	}
	return v
}

func TestKvasir(t *testing.T) {
	long(t)
	set, items := load(t, "kvasir_gaze", "auto")
	fixations := 0
	for _, r := range set.Recordings {
		fixations += len(r.Fixations)
	}
	if len(set.Recordings) != 1000 || fixations != 26832 || set.Dropped.Any() {
		t.Errorf("%d recordings, %d fixations, %d missing, %d outside; want 1000, 26832, none", len(set.Recordings), fixations, set.Dropped.Missing, set.Dropped.Outside)
	}
	labels := column(t, gazetest.Shared(t, "data", "kvasir_gaze", "labels.csv"), "area_tercile")
	for name := range neighbourFloors { // chance is .33
		r := relate(t, items, similarity.RelateOptions{Measure: name})
		d := examine.DiagnoseAt(r, r.Pairs().TausForPositives([]float64{5})[0], labels)
		if d.WithGaze != 1000 || d.Labels.Neighbour < floor(t, neighbourFloors, name) || !gazetest.Within(d.Labels.Chance, .333, .001) {
			t.Errorf("%s: the nearest neighbour shares the label in %.3f, chance %.3f", name, d.Labels.Neighbour, d.Labels.Chance)
		}
		lower := positivesPerItem(r, float64(math.Nextafter32(float32(d.Tau), -2)))
		if d.Positives.Mean > 5 || lower <= 5 { // one item more has as much similarity as tau, or several
			t.Errorf("%s: %g positives per item at tau %g, below it %g, asked for 5", name, d.Positives.Mean, d.Tau, lower)
		}
		control := examine.DiagnoseAt(r.Permuted(1), d.Tau, labels)
		if !gazetest.Within(control.Labels.Neighbour, .333, .05) || !gazetest.Within(control.Labels.AUC, .5, .01) {
			t.Errorf("%s: with permuted gaze neighbours share the label in %.3f, AUC %.3f", name, control.Labels.Neighbour, control.Labels.AUC)
		}
		t.Logf("%s: neighbour %.3f (permuted %.3f), AUC %.3f (permuted %.3f)", name, d.Labels.Neighbour, control.Labels.Neighbour, d.Labels.AUC, control.Labels.AUC)
	}
}

// positivesPerItem counts the positives of an item on average, of a relation in which all items have gaze.
func positivesPerItem(r *relation.Relation, tau float64) float64 {
	count := 0
	for i := range r.N {
		for j := range r.N {
			if i != j && r.At(i, j) > float32(tau) {
				count++
			}
		}
	}
	return float64(count) / float64(r.N)
}

// Recordings of different readers are more alike on the same image.
func TestEyeCrowd(t *testing.T) {
	long(t)
	set, items := load(t, "eyecrowd", "auto")
	if len(set.Recordings) != 7997 || set.Dropped.Outside != 3 || set.Dropped.Missing != 0 {
		t.Errorf("%d recordings, %d fixations outside, %d missing; want 7997, 3, none", len(set.Recordings), set.Dropped.Outside, set.Dropped.Missing)
	}
	const images = 40
	var alone [][]gaze.Recording
	var image []string
	for _, readers := range items[:images] {
		for _, r := range readers {
			alone, image = append(alone, []gaze.Recording{r}), append(image, r.Image)
		}
	}
	for name := range readerFloors {
		d := examine.DiagnoseAt(relate(t, alone, similarity.RelateOptions{Measure: name}), .9, image)
		if least := floor(t, readerFloors, name); d.Labels.AUC < least {
			t.Errorf("%s: same-image readers rank above others with AUC %.3f, want %.2f", name, d.Labels.AUC, least)
		}
		t.Logf("%s: AUC %.3f, nearest neighbour %.3f (chance %.3f)", name, d.Labels.AUC, d.Labels.Neighbour, d.Labels.Chance)
	}
	for _, readers := range []string{"merge", "mean"} {
		if d := examine.DiagnoseAt(relate(t, items[:15], similarity.RelateOptions{Measure: "heatmap-cc", Readers: readers}), .5, nil); d.WithGaze != 15 {
			t.Errorf("%s: %+v", readers, d)
		}
	}
}

func BenchmarkTIMA(b *testing.B) {
	_, items := load(b, "kvasir_gaze", "auto")
	for b.Loop() {
		if _, err := similarity.Relate(context.Background(), gazetest.Device(b), items, similarity.RelateOptions{Measure: "tima"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(items)*(len(items)-1)/2)*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
}
