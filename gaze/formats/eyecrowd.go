package formats

import (
	"math"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "eyecrowd",
		about: "long table of EyeCrowd and OSIE, several readers an image, pixels of the original frame",
		sniff: sniffEyeCrowd, read: readEyeCrowd,
	})
}

// sniffEyeCrowd recognises the long table of free-viewing sets with many readers per image, EyeCrowd (Jiang et al., ECCV
// 2014) and OSIE (Xu et al., Journal of Vision 2014):
//
//	image,subject,fix_index,x,y,duration_ms,image_width,image_height
//
// Positions are pixels of the original image, whose size the last two columns give; the stored image may be smaller.
// There are no start times.
func sniffEyeCrowd(head []byte) bool {
	h := header(head)
	return h["image"] && h["subject"] && h["fix_index"] && h["duration_ms"]
}

func readEyeCrowd(s *source) error {
	t, err := openTable(s.file, s.reader, "image", "subject", "fix_index", "x", "y", "duration_ms", "image_width", "image_height")
	if err != nil {
		return err
	}
	c := collect(s)
	if err := s.rows(t, func() error { return c.eyeCrowd(t) }); err != nil {
		return err
	}
	t.noteUnread(s.set)
	return c.finish()
}

func (c *collector) eyeCrowd(t *table) (err error) {
	e := entry{image: t.text("image"), reader: t.text("subject"), fixation: gaze.Fixation{Start: math.NaN()}}
	if e.image == "" {
		return t.at("image", "the name of an image")
	}
	if e.width, e.height, err = t.frame("image_width", "image_height"); err != nil {
		return err
	}
	if e.order, err = t.number("fix_index", "the number of the fixation", math.Inf(-1)); err != nil {
		return err
	}
	if e.fixation.X, err = t.position("x"); err != nil {
		return err
	}
	if e.fixation.Y, err = t.position("y"); err != nil {
		return err
	}
	if e.fixation.Duration, err = t.milliseconds("duration_ms", 0); err != nil {
		return err
	}
	return c.add(t.place(), e)
}
