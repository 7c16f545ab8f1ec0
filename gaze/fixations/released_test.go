package fixations

import (
	"reflect"
	"testing"

	"gzpt/gaze"
)

// naiveFilter is the released filter as its description has it: a list of kept points and of their counts, the last run
// never written.
func naiveFilter(points [][2]float64, reach float64) (kept [][2]float64, counts []int) {
	at, count := 0, 0
	for i, p := range points {
		dx, dy := p[0]-points[at][0], p[1]-points[at][1]
		if dx >= reach || dx <= -reach || dy >= reach || dy <= -reach {
			kept, counts = append(kept, points[at]), append(counts, count)
			at, count = i, 0
		}
		count++
	}
	return kept, counts
}

func TestReleasedFilter(t *testing.T) {
	points := [][2]float64{{100, 100}, {139.9, 139}, {60.1, 61}, {140, 100}, {150, 120}, {140, 139}, {140, 140}, {500, 300}, {510, 300}, {500, 340}, {501, 341}}
	r := gaze.Recording{Width: 1200, Height: 800}
	for i, p := range points {
		r.Samples = append(r.Samples, gaze.Sample{X: p[0], Y: p[1], Time: float64(i) / 64})
	}
	kept, counts := naiveFilter(points, .05*800)
	dropped := detected(t, r, "released:drop-last=yes")
	if len(dropped) != len(kept) || len(kept) != 4 {
		t.Fatalf("%+v, want %v", dropped, kept)
	}
	for i, f := range dropped {
		if f.X != kept[i][0] || f.Y != kept[i][1] || f.Duration != float64(counts[i])/64 {
			t.Errorf("fixation %d is %+v, want %v, %d samples", i, f, kept[i], counts[i])
		}
	}
	all := detected(t, r, "released")
	if last := (gaze.Fixation{X: 500, Y: 340, Start: 9. / 64, Duration: 2. / 64}); len(all) != 5 || !reflect.DeepEqual(all[:4], dropped) || all[4] != last {
		t.Errorf("the last run: %+v", all)
	}
	if mean := detected(t, r, "released:position=mean"); mean[4].X != 500.5 || mean[4].Y != 340.5 || mean[4].Duration != all[4].Duration {
		t.Errorf("%+v", mean[4])
	}
	if long := detected(t, r, "released:duration=0.04"); len(long) != 2 || long[0] != all[0] || long[1] != all[1] {
		t.Errorf("three samples or more: %+v", long)
	}
	if wide := detected(t, r, "released:box=0.5"); len(wide) != 2 || wide[1].X != 500 {
		t.Errorf("a box of 400 pixels: %+v", wide)
	}
	// In fractions of the image, the same box.
	scaled := r.Scaled(1.5, 1)
	if got := detected(t, scaled, "released"); len(got) != 5 {
		t.Errorf("in fractions: %+v", got)
	}
}
