package measure

import (
	"testing"

	"gzpt/gaze"
)

// Two recordings that differ in anything that is compared have an order, which is not that of the items.
func TestCompare(t *testing.T) {
	fixation := gaze.Fixation{X: 1, Y: 2, Duration: .3}
	base := gaze.Recording{Width: 4, Height: 4, Fixations: []gaze.Fixation{fixation}}
	zoomed := fixation
	zoomed.Resolution = gaze.Resolution{X: 1, Y: 2}
	longer := fixation
	longer.Duration = 1
	of := func(f ...gaze.Fixation) gaze.Recording { return gaze.Recording{Width: 4, Height: 4, Fixations: f} }
	mapped := func(rows, cols int, values ...float32) gaze.Recording {
		return gaze.Recording{Width: 4, Height: 4, Map: &gaze.Map{Rows: rows, Cols: cols, Values: values}}
	}
	wide, dense := base, base
	wide.Width = 5
	dense.Resolution = gaze.Resolution{X: 3, Y: 3}
	all := []gaze.Recording{base, of(zoomed), of(longer), of(fixation, fixation), wide, dense, of(),
		mapped(1, 2, 1, 0), mapped(1, 2, 0, 1), mapped(2, 1, 0, 1)}
	for i, a := range all {
		for j, b := range all {
			if c, turned := Compare(a, b), Compare(b, a); c != -turned || (c == 0) != (i == j) {
				t.Errorf("recordings %d and %d: %d, turned %d", i, j, c, turned)
			}
		}
	}
}
