package formats

import (
	"cmp"
	"fmt"
	"strings"

	"gzpt/gaze"
)

// Rectangle is a part of a screen or of an image in pixels.
type Rectangle struct{ X, Y, Width, Height float64 }

func (r Rectangle) empty() bool { return r.Width == 0 && r.Height == 0 }

// Placement is where on the tracker's screen an image was shown, and which part of it. The zero value is the whole image,
// as large as fits. Each recording has its own screen and each image its own size; the placement is the rule for all.
type Placement struct {
	// How is "fit" or "" (as large as fits without a change of shape, centred: letterboxed), "centre" (a pixel of the
	// image is a pixel of the screen, centred) or "fill" (stretched over the whole screen). It is not looked at where Screen
	// is given.
	How string
	// Screen, unless empty, is the rectangle of the screen that the image, or the part that was shown, filled.
	Screen Rectangle
	// Shown, unless empty, is the rectangle of the image that was shown: zoom and pan.
	Shown Rectangle
}

// given reports whether anything was said, be it the default.
func (p Placement) given() bool { return p.How != "" || !p.Screen.empty() || !p.Shown.empty() }

// String is the form that ParsePlacement reads.
func (p Placement) String() string {
	text := cmp.Or(p.How, "fit")
	if !p.Screen.empty() {
		text = p.Screen.String()
	}
	if !p.Shown.empty() {
		text += "@" + p.Shown.String()
	}
	return text
}

const placementForm = "fit, centre, fill or x,y,w,h in pixels of the screen, and then @x,y,w,h where only that part of the image was shown"

// ParsePlacement reads a placement: "fit", "centre", "fill" or "x,y,w,h", the rectangle of the screen; after it, "@x,y,w,h"
// is the part of the image that was shown. "" is "fit".
func ParsePlacement(text string) (Placement, error) {
	var p Placement
	how, shown, zoomed := strings.Cut(text, "@")
	fail := func(err error) (Placement, error) {
		return Placement{}, fmt.Errorf("placement %q: %w; expected %s", text, err, placementForm)
	}
	switch how {
	case "", "fit", "centre", "fill":
		p.How = how
	case "center":
		p.How = "centre"
	default:
		var err error
		if p.Screen, err = parseRectangle(how); err != nil {
			return fail(err)
		}
	}
	if zoomed {
		var err error
		if p.Shown, err = parseRectangle(shown); err != nil {
			return fail(err)
		}
	}
	return p, nil
}

func parseRectangle(text string) (Rectangle, error) {
	fields := strings.Split(text, ",")
	if len(fields) != 4 {
		return Rectangle{}, fmt.Errorf("%q is no rectangle", text)
	}
	var v [4]float64
	for i, field := range fields {
		var err error
		v[i], err = parseNumber(strings.TrimSpace(field))
		if err != nil || !finite(v[i]) || v[i] > maxFrame || v[i] < -maxFrame {
			return Rectangle{}, fmt.Errorf("%q is no number of pixels", field)
		}
	}
	if v[2] <= 0 || v[3] <= 0 {
		return Rectangle{}, fmt.Errorf("%q has no area", text)
	}
	return Rectangle{v[0], v[1], v[2], v[3]}, nil
}

// rectangles are the part of the image that was shown and where on a screen it was.
func (p Placement) rectangles(screenWidth, screenHeight, width, height float64) (shown, place Rectangle) {
	shown = p.Shown
	if shown.empty() {
		shown = Rectangle{0, 0, width, height}
	}
	if !p.Screen.empty() {
		return shown, p.Screen
	}
	place = Rectangle{0, 0, screenWidth, screenHeight}
	if p.How == "fill" {
		return shown, place
	}
	scale := 1.0
	if p.How != "centre" {
		scale = min(screenWidth/shown.Width, screenHeight/shown.Height)
	}
	place.Width, place.Height = shown.Width*scale, shown.Height*scale
	place.X, place.Y = (screenWidth-place.Width)/2, (screenHeight-place.Height)/2
	return shown, place
}

// onImage is a recording of a screen in the frame of the image shown there, width x height pixels:
//
//	image = shown_min + (screen - place_min) * shown / place
//
// for x and y apart, and the resolution times shown / place.
func (p Placement) onImage(r gaze.Recording, width, height float64) gaze.Recording {
	shown, place := p.rectangles(r.Width, r.Height, width, height)
	sx, sy := shown.Width/place.Width, shown.Height/place.Height
	r = r.Scaled(r.Width*sx, r.Height*sy)
	dx, dy := shown.X-place.X*sx, shown.Y-place.Y*sy
	for i := range r.Fixations {
		r.Fixations[i].X += dx
		r.Fixations[i].Y += dy
	}
	for i := range r.Samples {
		r.Samples[i].X += dx
		r.Samples[i].Y += dy
	}
	r.Width, r.Height, r.Screen = width, height, false
	return r
}
