package formats

import "testing"

// An image of 2000 x 1000, of which the middle was shown four times as large on the right half of a screen.
func TestShown(t *testing.T) {
	s := Shown{Image: Rectangle{1000, 400, 1240, 600}, Screen: Rectangle{960, 100, 1920, 900}}
	for _, tc := range []struct{ screenX, screenY, imageX, imageY float64 }{
		{960, 100, 1000, 400}, {1920, 900, 1240, 600}, {1440, 500, 1120, 500}, {964, 104, 1001, 401}, {0, 0, 760, 375},
	} {
		if x, y := s.ToImage(tc.screenX, tc.screenY); !within(x, tc.imageX, 1e-9) || !within(y, tc.imageY, 1e-9) {
			t.Errorf("the screen's (%g, %g) is (%g, %g) of the image, want (%g, %g)", tc.screenX, tc.screenY, x, y, tc.imageX, tc.imageY)
		}
		if x, y := s.ToScreen(tc.imageX, tc.imageY); !within(x, tc.screenX, 1e-9) || !within(y, tc.screenY, 1e-9) {
			t.Errorf("the image's (%g, %g) is (%g, %g) of the screen, want (%g, %g)", tc.imageX, tc.imageY, x, y, tc.screenX, tc.screenY)
		}
	}
	if s.Image.Empty() || !(Rectangle{1, 1, 1, 5}).Empty() || !(Rectangle{1, 5, 2, 1}).Empty() || !(Rectangle{}).Empty() {
		t.Error("which rectangles have an area")
	}
	if !s.Image.Contains(1000, 600) || s.Image.Contains(999.9, 500) || s.Image.Contains(1100, 600.1) {
		t.Error("what a rectangle contains")
	}
}
