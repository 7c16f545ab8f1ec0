package similarity

import "testing"

// FuzzMeasure: whatever follows --gaze, it is refused or is a measure whose text, written out, means the same.
func FuzzMeasure(f *testing.F) {
	for _, m := range Measures() {
		f.Add(m.Name)
	}
	for _, text := range []string{"tima:eps=0.1,area=1e-300", "heatmap-cc:side=1e9", "tima:eps=nan", "tima:eps=0x1p-2", "mean(tima,dtw)", "0.5*tima+0.5*heatmap-cc", "tima:,,", "a:b=c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := ResolveMeasure(text)
		if err != nil {
			return
		}
		again, err := ResolveMeasure(spec)
		if err != nil || again != spec {
			t.Fatalf("%q is %q, and that %q, %v", text, spec, again, err)
		}
		brief, err := ResolveMeasure(BriefMeasure(spec))
		if err != nil || brief != spec {
			t.Fatalf("%q in brief is %q, which means %q, %v", spec, BriefMeasure(spec), brief, err)
		}
	})
}
