package formats

import "fmt"

// between is the rectangle from a left and top to a right and bottom side.
func between(left, top, right, bottom float64) Rectangle {
	return Rectangle{left, top, right - left, bottom - top}
}

func (r Rectangle) String() string { return fmt.Sprintf("%g,%g,%g,%g", r.X, r.Y, r.Width, r.Height) }

// hasArea reports whether a rectangle can be filled; NaN cannot.
func (r Rectangle) hasArea() bool { return r.Width > 0 && r.Height > 0 }

// within reports whether a position lies strictly inside, off the border.
func (r Rectangle) within(x, y float64) bool {
	return x > r.X && x < r.X+r.Width && y > r.Y && y < r.Y+r.Height
}

// Into is the position in another rectangle that a position in this one has: the pixel of an image at a pixel of the
// screen, where this is the part of the screen that the part to of the image fills, and the other way round. Under zoom
// and pan, of which a [Placement] of a whole recording knows nothing, these change from sample to sample.
//
//	to.X + (x - r.X) to.Width / r.Width
//
// and so for y; outside the rectangle it goes on. Both must have an area.
func (r Rectangle) Into(to Rectangle, x, y float64) (float64, float64) {
	return to.X + (x-r.X)*(to.Width/r.Width), to.Y + (y-r.Y)*(to.Height/r.Height)
}
