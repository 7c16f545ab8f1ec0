package data

import (
	"image"
	"image/color"
	"math"
)

// readerColours tell the readers of one image apart, on dark and on light pixels.
var readerColours = []color.NRGBA{{255, 210, 0, 255}, {0, 200, 255, 255}, {255, 80, 160, 255}, {90, 230, 90, 255}, {255, 140, 60, 255}}

// drawGaze draws a scanpath as a view shows it: thin lines, and circles whose area is proportional to the duration, one
// second having a radius of a twelfth of the view. What lies outside the view is cut off.
func drawGaze(dst *image.NRGBA, g Gaze, t Transform, c color.NRGBA) {
	side := float64(dst.Bounds().Dx())
	place := func(f Fixation) (x, y float64) {
		u, v := t.Map(f.X/g.Width, f.Y/g.Height)
		return u * side, v * side
	}
	for i, f := range g.Fixations {
		x, y := place(f)
		if i > 0 {
			fromX, fromY := place(g.Fixations[i-1])
			paint(dst, c, 0.6, box(fromX, fromY, x, y, 2), func(px, py float64) float64 {
				return 0.75 - toSegment(px, py, fromX, fromY, x, y)
			})
		}
		radius := max(2, side/12*math.Sqrt(f.Duration))
		paint(dst, c, 1, box(x, y, x, y, radius+2), func(px, py float64) float64 {
			return 1 - math.Abs(math.Hypot(px-x, py-y)-radius)
		})
	}
}

// box is the pixels within reach of a rectangle given by two corners.
func box(x0, y0, x1, y1, reach float64) image.Rectangle {
	limit := func(v float64) int { return int(min(max(v, -1e6), 1e6)) }
	return image.Rect(limit(min(x0, x1)-reach), limit(min(y0, y1)-reach), limit(max(x0, x1)+reach)+1, limit(max(y0, y1)+reach)+1)
}

// paint lays a colour over the pixels of a box; inside says how far within a shape a pixel's centre lies, in pixels,
// which fades the shape's border over one pixel.
func paint(dst *image.NRGBA, c color.NRGBA, opacity float64, within image.Rectangle, inside func(x, y float64) float64) {
	b := dst.Bounds()
	within = within.Add(b.Min).Intersect(b)
	for y := within.Min.Y; y < within.Max.Y; y++ {
		for x := within.Min.X; x < within.Max.X; x++ {
			cover := inside(float64(x-b.Min.X)+0.5, float64(y-b.Min.Y)+0.5) + 0.5
			if !(cover > 0) {
				continue
			}
			a := opacity * min(cover, 1)
			old := dst.NRGBAAt(x, y)
			mix := func(from, to uint8) uint8 { return uint8(float64(from)*(1-a) + float64(to)*a + 0.5) }
			dst.SetNRGBA(x, y, color.NRGBA{mix(old.R, c.R), mix(old.G, c.G), mix(old.B, c.B), 255})
		}
	}
}

// toSegment is the distance of a point from the segment between two others.
func toSegment(x, y, x0, y0, x1, y1 float64) float64 {
	dx, dy := x1-x0, y1-y0
	length := dx*dx + dy*dy
	if length == 0 {
		return math.Hypot(x-x0, y-y0)
	}
	s := min(max(((x-x0)*dx+(y-y0)*dy)/length, 0), 1)
	return math.Hypot(x-x0-s*dx, y-y0-s*dy)
}
