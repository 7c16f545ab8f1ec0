package data

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gzpt/kernels"
	"gzpt/kernels/atomicfile"
	"gzpt/kernels/augment"
)

// Fixation is where a reader's gaze rested: X and Y in pixels of its Gaze's frame, Start and Duration in seconds.
type Fixation struct {
	X, Y, Start, Duration float64
}

// Gaze is the fixations of one reader on one image in the order of time, in a frame of Width x Height pixels that covers
// the whole image.
type Gaze struct {
	Width, Height float64
	Fixations     []Fixation
}

// DumpOptions says which views are written.
type DumpOptions struct {
	// Items are the indices of the items in the source.
	Items        []int
	ImageSize    int
	Augmentation Augmentation
	// Seed and Epoch are the training's: the views are those that it sees in that epoch.
	Seed  uint64
	Epoch int
	// Gaze gives the gaze of item i, one entry a reader; nil draws none.
	Gaze func(i int) []Gaze
}

// panel is the least side of a picture of a view in pixels; smaller views are enlarged by a whole number.
const panel = 192

// DumpViews writes one PNG file per item into the folder, which it makes if need be: the whole image, its first and its
// second view side by side, with the fixations as circles whose area is the duration, joined by the scanpath. It
// returns the paths.
func DumpViews(folder string, source Source, o DumpOptions) ([]string, error) {
	if err := o.Augmentation.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	d := &dumper{source: source, options: o, augmenter: NewAugmenter(o.Augmentation, source.Side(), o.ImageSize, source.Channels())}
	var paths []string
	for k, item := range o.Items {
		canvas, err := d.draw(item)
		if err != nil {
			return paths, err
		}
		path := filepath.Join(folder, fmt.Sprintf("%03d-%s.png", k, fileName(source.Items()[item].Name)))
		if err := writePNG(path, canvas); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// fileName is a name without what file systems or shells take for more than a letter, its end if it is long.
func fileName(name string) string {
	name = strings.TrimSuffix(name, filepath.Ext(name))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}, name)
	return name[max(0, len(name)-100):]
}

func writePNG(path string, m image.Image) error {
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, m) })
}

type dumper struct {
	source    Source
	options   DumpOptions
	augmenter *Augmenter
}

// draw draws an item's panels.
func (d *dumper) draw(item int) (image.Image, error) {
	o, channels, side := &d.options, d.source.Channels(), d.source.Side()
	square := make([]float32, side*side*channels)
	if err := d.source.Pixels(square, item); err != nil {
		return nil, err
	}
	var gaze []Gaze
	if o.Gaze != nil {
		gaze = o.Gaze(item)
	}
	size := o.ImageSize
	zoom := (panel + size - 1) / size
	canvas := image.NewNRGBA(image.Rect(0, 0, 3*size*zoom+2*zoom, size*zoom))
	draw.Draw(canvas, canvas.Bounds(), image.White, image.Point{}, draw.Src)
	view := make([]float32, size*size*channels)
	for k := range 3 {
		t := whole
		if k == 0 {
			augment.NewSampler[float32](side, size, channels).Sample(view, square, kernels.Part(whole))
		} else {
			t = d.augmenter.View(view, square, o.Seed, o.Epoch, item, k-1)
			o.Augmentation.Normalisation.undo(view, channels)
		}
		origin := k * (size + 1) * zoom
		part := canvas.SubImage(image.Rect(origin, 0, origin+size*zoom, size*zoom)).(*image.NRGBA)
		enlarge(part, view, size, channels, zoom)
		for reader, g := range gaze {
			drawGaze(part, g, t, readerColours[reader%len(readerColours)])
		}
	}
	return canvas, nil
}

// undo brings normalised values back to fractions of full scale.
func (n Normalisation) undo(pixels []float32, channels int) {
	mean, std := n.channels(channels)
	for i, v := range pixels {
		c := i % channels
		pixels[i] = min(max(v*float32(std[c])+float32(mean[c]), 0), 1)
	}
}

// enlarge paints every pixel of a view as a block.
func enlarge(dst *image.NRGBA, view []float32, size, channels, zoom int) {
	b := dst.Bounds()
	for y := range size * zoom {
		for x := range size * zoom {
			p := view[((y/zoom)*size+x/zoom)*channels:]
			level := func(c int) uint8 { return uint8(p[c%channels]*255 + 0.5) }
			dst.SetNRGBA(b.Min.X+x, b.Min.Y+y, color.NRGBA{level(0), level(1), level(2), 255})
		}
	}
}
