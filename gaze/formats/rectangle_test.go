package formats

import (
	"math"
	"testing"
)

// The middle of an image, shown four times as large on the right half of a screen.
func TestIntoARectangle(t *testing.T) {
	image, screen := between(1000, 400, 1240, 600), between(960, 100, 1920, 900)
	for _, tc := range []struct{ screenX, screenY, imageX, imageY float64 }{
		{960, 100, 1000, 400}, {1920, 900, 1240, 600}, {1440, 500, 1120, 500}, {964, 104, 1001, 401}, {0, 0, 760, 375},
	} {
		if x, y := screen.Into(image, tc.screenX, tc.screenY); !within(x, tc.imageX, 1e-9) || !within(y, tc.imageY, 1e-9) {
			t.Errorf("the screen's (%g, %g) is (%g, %g) of the image, want (%g, %g)", tc.screenX, tc.screenY, x, y, tc.imageX, tc.imageY)
		}
		if x, y := image.Into(screen, tc.imageX, tc.imageY); !within(x, tc.screenX, 1e-9) || !within(y, tc.screenY, 1e-9) {
			t.Errorf("the image's (%g, %g) is (%g, %g) of the screen, want (%g, %g)", tc.imageX, tc.imageY, x, y, tc.screenX, tc.screenY)
		}
	}
}

func TestRectangle(t *testing.T) {
	if r := between(1, 2, 4, 8); r != (Rectangle{1, 2, 3, 6}) || !r.hasArea() || !r.within(2, 3) || r.within(1, 3) || r.within(2, 8) || r.within(math.NaN(), 3) {
		t.Errorf("%+v", r)
	}
	for _, r := range []Rectangle{{}, between(1, 1, 1, 5), between(1, 5, 2, 1), between(math.NaN(), 1, 2, 3)} {
		if r.hasArea() {
			t.Errorf("%+v has an area", r)
		}
	}
}
