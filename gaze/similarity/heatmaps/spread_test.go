package heatmaps

import (
	"slices"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure"
)

// The parameters of the maps are degrees where a recording has its resolution, a share of the width where it has not.
func TestMapSpread(t *testing.T) {
	plain := gazetest.Path(3, 12, 800, 600)
	known := plain
	known.Resolution = gaze.Resolution{X: 40, Y: 60}
	mapsOf := func(spec string) (ofPlain, ofKnown []float32) {
		_, s, err := measure.Parse("heatmap-cc:grid=8," + spec)
		if err != nil {
			t.Fatal(err)
		}
		maps, err := mapsOf(&measure.Work{Ctx: t.Context(), Paths: []gaze.Recording{plain, known}, Settings: s})
		if err != nil {
			t.Fatal(err)
		}
		return maps[:64], maps[64:]
	}
	want := func(r gaze.Recording, spread gaze.Spread) []float32 {
		m := make([]float32, 64)
		gaze.HeatMap(m, r, 8, 8, spread)
		return m
	}
	for spec, spread := range map[string]gaze.Spread{
		"":                      {Degrees: 1, Fraction: .05},
		"degrees=2,sigma=0.1":   {Degrees: 2, Fraction: .1},
		"degrees=0,sigma=0.025": {Fraction: .025},
	} {
		a, b := mapsOf(spec)
		if !slices.Equal(a, want(plain, spread)) || !slices.Equal(b, want(known, spread)) {
			t.Errorf("%q: not the maps of %+v", spec, spread)
		}
		if slices.Equal(a, b) != (spread.Degrees == 0) {
			t.Errorf("%q: the resolution matters: %v", spec, !slices.Equal(a, b))
		}
	}
}
