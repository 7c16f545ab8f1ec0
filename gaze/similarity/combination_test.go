package similarity

import (
	"context"
	"slices"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
)

// The weighted mean of two relations, whether their blocks are of one size or of two, and whatever the weights add up to.
func TestCombination(t *testing.T) {
	items := append(gazetest.Some(90), gazetest.Varied()...)
	of := func(measure string) *relation.Relation {
		r, err := Relate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: measure})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for spec, parts := range map[string][2]string{
		"0.25*heatmap-cc+0.75*tima":                 {"heatmap-cc", "tima"},
		"1*tima:eps=2e-1,rate=50+3*kl:grid=16":      {"tima:eps=0.2,rate=50", "kl:grid=16"},
		"1e+1*nss:sigma=1e-1,grid=8+30*ahash":       {"nss:sigma=0.1,grid=8", "ahash"},
		"2.5*tima:area=0.2+7.5*tima:area=0.9":       {"tima:area=0.2", "tima:area=0.9"},
		"0.1*dhash+0.3*ig:baseline=uniform,grid=32": {"dhash", "ig:baseline=uniform"},
	} {
		got, a, b := of(spec), of(parts[0]), of(parts[1])
		if !slices.Equal(got.HasGaze, a.HasGaze) {
			t.Errorf("%s: %v have gaze", spec, got.HasGaze)
		}
		for k, v := range got.Values {
			if want := .25*float64(a.Values[k]) + .75*float64(b.Values[k]); !gazetest.Within(float64(v), want, 1e-6) {
				t.Fatalf("%s: element %d is %g, want %g", spec, k, v, want)
			}
		}
	}
}

func TestCombinationText(t *testing.T) {
	got, err := ResolveMeasure("0.3*heatmap-cc:grid=16+.7*dhash")
	if want := "0.3*heatmap-cc:degrees=1,sigma=0.05,grid=16+0.7*dhash:degrees=1,sigma=0.05"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if again, err := ResolveMeasure(got); err != nil || again != got {
		t.Errorf("%q resolves to %q, %v", got, again, err)
	}
	for spec, want := range map[string]string{
		"0.5*tima+dhash":       `gaze measure "0.5*tima+dhash": "dhash", expected weight*measure`,
		"tima+0.5*dhash":       `gaze measure "tima+0.5*dhash": "tima", expected weight*measure`,
		"0.5*":                 `gaze measure "0.5*": "0.5*", expected weight*measure`,
		"0.5*tima+":            `gaze measure "0.5*tima+": "", expected weight*measure`,
		"1*2*tima":             `gaze measure "1*2*tima": "1*2*tima", expected weight*measure`,
		"x*tima":               `gaze measure "x*tima": weight "x", expected a number above 0`,
		"0*tima+1*dhash":       `gaze measure "0*tima+1*dhash": weight "0", expected a number above 0`,
		"-1*tima":              `gaze measure "-1*tima": weight "-1", expected a number above 0`,
		"NaN*tima":             `gaze measure "NaN*tima": weight "NaN", expected a number above 0`,
		"inf*tima":             `gaze measure "inf*tima": weight "inf", expected a number above 0`,
		"1*tima:sigma=1":       `gaze measure tima has no parameter "sigma"; it has eps, share, area, shape, rate, canvas, clamp, screen, resize, order, axes`,
		"1*dhash:sigma=-1e+00": `gaze measure dhash: sigma is "-1e+00", expected a number from 0.001 to 1`,
	} {
		_, err := Relate(context.Background(), gazetest.Device(t), [][]gaze.Recording{{gazetest.Path(1, 5, 100, 100)}}, RelateOptions{Measure: spec})
		if err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", spec, err, want)
		}
		if _, err := ResolveMeasure(spec); err == nil || err.Error() != want {
			t.Errorf("resolving %q: error %v, want %s", spec, err, want)
		}
	}
}

// What is resolved from any text resolves to itself.
func FuzzCombination(f *testing.F) {
	for _, spec := range []string{"0.3*tima:eps=1e-1+0.7*dhash", "1e+3*kl", "1*tima+", "2*ig:baseline=mean+1e-3*ig", "heatmap-cc"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		first, err := ResolveMeasure(spec)
		if err != nil {
			return
		}
		if second, err := ResolveMeasure(first); err != nil || second != first {
			t.Errorf("%q resolves to %q, and that to %q, %v", spec, first, second, err)
		}
	})
}
