package examine

import (
	"math"
	"strconv"
	"testing"
)

// A threshold as it is suggested can be passed on as text, and gives the pairs of the exact one, or hardly fewer; where
// many pairs share a similarity, it is never below it.
func TestShortThresholds(t *testing.T) {
	for _, levels := range []int{7, 64, 1 << 23} {
		r := random(150, levels, 6)
		exact := r.Pairs().TausForPositives([]float64{1, 5, 20})
		for k, tau := range shortest(r.Pairs(), exact) {
			written, err := strconv.ParseFloat(tauText(tau), 64)
			want, got := DiagnoseAt(r, exact[k], nil).Positives.Mean, DiagnoseAt(r, written, nil).Positives.Mean
			if err != nil || got > want || got < .99*want || written < exact[k] || len(tauText(tau)) > len("-0.1234") {
				t.Errorf("%d levels: %s for %.9g gives %g positives instead of %g", levels, tauText(tau), exact[k], got, want)
			}
		}
	}
	if got := roundedUp(.3, 1); got != .3 {
		t.Errorf(".3 is rounded up to %g", got)
	}
	for v := float32(-1); v < 1; v += .0137 {
		for decimals := 2; decimals <= mostDecimals; decimals++ {
			if got := roundedUp(float64(v), decimals); float32(got) < v || got-float64(v) > 1.001*math.Pow10(-decimals) {
				t.Fatalf("%.9g is rounded up to %.9g", v, got)
			}
		}
	}
}
