package formats

import (
	"math"

	"gzpt/gaze"
)

// original is how large an original image of EGD-CXR can be, which no table says. The data set has computed its pixels
// from the part of the screen, shown pixels wide, on which the image was,
//
//	X_ORIGINAL = floor(width (FPOGX 1920 - left) / shown)
//
// and so for the height, so that every row bounds the width from both sides. A few rows tell it to about a pixel.
type original struct{ width, height bounds }

type bounds struct{ least, most float64 }

// fpogRounding is by how many pixels of the screen its position may be off, as fractions are written with 5 decimals.
const fpogRounding = 0.01

// narrow takes the bounds of one row.
func (b *bounds) narrow(pixel, onScreen, shown float64) {
	b.least = max(b.least, pixel*shown/(onScreen+fpogRounding))
	if onScreen > fpogRounding {
		b.most = min(b.most, (pixel+1)*shown/(onScreen-fpogRounding))
	}
}

// maxDoubt is how far apart bounds may be, as a share, to tell a size.
const maxDoubt = 0.01

// size is what the bounds tell, if they do.
func (b bounds) size() (v float64, ok bool) {
	v = math.Round((b.least + b.most) / 2)
	return v, b.least <= b.most && b.most-b.least <= maxDoubt*b.least && v >= 1 && v <= maxFrame
}

// measure takes what a row with a position on the original says of the image's size.
func (r *egd) measure(v gaze.Sample) error {
	image := r.text("DICOM_ID")
	part, ok := r.pads[image]
	if !ok {
		return nil
	}
	x, err := r.position("FPOGX")
	if err != nil {
		return err
	}
	y, err := r.position("FPOGY")
	if err != nil {
		return err
	}
	x, y = x*egdWidth, y*egdHeight
	if !part.within(x, y) {
		return nil
	}
	if r.sizes[image] == nil {
		r.sizes[image] = &original{bounds{0, math.Inf(1)}, bounds{0, math.Inf(1)}}
	}
	r.sizes[image].width.narrow(v.X, x-part.X, part.Width)
	r.sizes[image].height.narrow(v.Y, y-part.Y, part.Height)
	return nil
}

// resize gives the recordings the sizes of the original images.
func (r *egd) resize() {
	if !r.original {
		return
	}
	unknown := 0
	for i := range r.recordings {
		recording := &r.recordings[i]
		if size := r.sizes[recording.Image]; size != nil {
			width, ok := size.width.size()
			height, too := size.height.size()
			if ok && too {
				recording.Width, recording.Height = width, height
				continue
			}
		}
		unknown++
	}
	if unknown > 0 {
		r.source.set.note("egd-cxr: %d of %d recordings do not tell the size of the original image, for which the paddings in master_sheet.csv are needed; "+
			"their positions are taken as pixels of the stored image", unknown, len(r.recordings))
	}
}
