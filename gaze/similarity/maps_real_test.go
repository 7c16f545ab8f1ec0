package similarity_test

import (
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/examine"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity"
)

// mapNeighbourFloors and mapReaderFloors are the floors of the measures of maps: what was measured, rounded down. emd and
// ssim are too slow for all pairs of kvasir.
var (
	mapNeighbourFloors = map[string]float64{
		"cosine": .74, "dhash": .57, "ahash": .65, "phash": .52, "ig": .69, "sim": .77, "kl": .75, "jsd": .76,
		// These see where the gaze is rather than how far it spreads.
		"nss": .38, "auc-judd": .41, "iou": .44,
	}
	mapReaderFloors = map[string]float64{
		"heatmap-cc": .78, "cosine": .77, "dhash": .71, "ahash": .75, "phash": .7, "nss": .82, "ig": .72, "sim": .78,
		"kl": .71, "jsd": .78, "auc-judd": .78, "iou": .79, "emd": .66, "ssim": .8, "0.5*heatmap-cc+0.5*jsd": .78,
	}
)

// A new measure must be measured on real gaze.
func TestEveryMeasureHasAFloor(t *testing.T) {
	for _, m := range similarity.Measures() {
		if readerFloors[m.Name] == 0 && mapReaderFloors[m.Name] == 0 {
			t.Errorf("%s has no floor", m.Name)
		}
	}
}

// TestKvasirMaps: the gaze of annotators on polyps tells their size in thirds (area_tercile, chance .33) by every measure of
// maps, and permuted gaze tells nothing.
func TestKvasirMaps(t *testing.T) {
	long(t)
	_, items := load(t, "kvasir_gaze", "auto")
	labels := column(t, gazetest.Shared(t, "data", "kvasir_gaze", "labels.csv"), "area_tercile")
	for measure, least := range mapNeighbourFloors {
		r := relate(t, items, similarity.RelateOptions{Measure: measure})
		d := examine.DiagnoseAt(r, r.Pairs().TausForPositives([]float64{5})[0], labels)
		control := examine.DiagnoseAt(r.Permuted(1), d.Tau, labels)
		t.Logf("%s: neighbour %.3f (permuted %.3f), AUC %.3f (permuted %.3f), %g positives", measure, d.Labels.Neighbour, control.Labels.Neighbour, d.Labels.AUC, control.Labels.AUC, d.Positives.Mean)
		if d.WithGaze != 1000 || d.Labels.Neighbour < least {
			t.Errorf("%s: the nearest neighbour shares the label in %.3f, want %.2f", measure, d.Labels.Neighbour, least)
		}
		if d.Positives.Mean > 5 {
			t.Errorf("%s: %g positives per item at tau %g, asked for 5", measure, d.Positives.Mean, d.Tau)
		}
		if !gazetest.Within(control.Labels.Neighbour, .333, .05) || !gazetest.Within(control.Labels.AUC, .5, .01) {
			t.Errorf("%s: with permuted gaze neighbours share the label in %.3f, AUC %.3f", measure, control.Labels.Neighbour, control.Labels.AUC)
		}
	}
}

// TestEyeCrowdMaps: readers of one photograph look alike by every measure of maps. Chance is .5.
func TestEyeCrowdMaps(t *testing.T) {
	long(t)
	_, items := load(t, "eyecrowd", "auto")
	const images = 20
	var alone [][]gaze.Recording
	var image []string
	for _, readers := range items[:images] {
		for _, r := range readers {
			alone, image = append(alone, []gaze.Recording{r}), append(image, r.Image)
		}
	}
	for measure, least := range mapReaderFloors {
		items, names := alone, image
		if measure == "emd" { // a fifth of a millisecond a pair
			items, names = alone[:len(alone)/2], image[:len(image)/2]
		}
		d := examine.DiagnoseAt(relate(t, items, similarity.RelateOptions{Measure: measure}), .9, names)
		t.Logf("%s: AUC %.3f, nearest neighbour %.3f (chance %.3f)", measure, d.Labels.AUC, d.Labels.Neighbour, d.Labels.Chance)
		if d.Labels.AUC < least {
			t.Errorf("%s: same-image readers rank above others with AUC %.3f, want %.2f", measure, d.Labels.AUC, least)
		}
	}
}
