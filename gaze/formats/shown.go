package formats

// Rectangle is a part of a screen or of an image in pixels, from the left and top to the right and bottom side.
type Rectangle struct{ Left, Top, Right, Bottom float64 }

// Contains reports whether a position lies in the rectangle, its border included.
func (r Rectangle) Contains(x, y float64) bool {
	return x >= r.Left && x <= r.Right && y >= r.Top && y <= r.Bottom
}

// Empty reports whether it has no area.
func (r Rectangle) Empty() bool { return !(r.Right > r.Left && r.Bottom > r.Top) }

// Shown says which part of an image fills which part of a screen: under zoom and pan, between paddings. Both must have an
// area.
//
//	image = Image.Left + (screen - Screen.Left) (Image.Right - Image.Left) / (Screen.Right - Screen.Left)
//
// and so for y.
type Shown struct{ Image, Screen Rectangle }

// ToImage is the pixel of the image at a pixel of the screen; beside the part shown it is where the image would go on.
func (s Shown) ToImage(x, y float64) (float64, float64) { return through(s.Screen, s.Image, x, y) }

// ToScreen is the pixel of the screen at a pixel of the image.
func (s Shown) ToScreen(x, y float64) (float64, float64) { return through(s.Image, s.Screen, x, y) }

func through(from, to Rectangle, x, y float64) (float64, float64) {
	return to.Left + (x-from.Left)*((to.Right-to.Left)/(from.Right-from.Left)),
		to.Top + (y-from.Top)*((to.Bottom-to.Top)/(from.Bottom-from.Top))
}
