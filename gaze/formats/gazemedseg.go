package formats

import "math"

func init() { registerFormat(format{name: "gazemedseg", sniff: sniffGazeMedSeg, read: readGazeMedSeg}) }

// sniffGazeMedSeg recognises the table of the GazeMedSeg project (Zhong et al., MICCAI 2024), an EyeLink Data Viewer
// fixation report with the image's size:
//
//	IMAGE,CURRENT_FIX_INDEX,CURRENT_FIX_X,CURRENT_FIX_Y,CURRENT_FIX_DURATION,CURRENT_FIX_PUPIL,CURRENT_FIX_START,IMAGE_HEIGHT,IMAGE_WIDTH
//
// Index from 1, positions in fractions of the image, duration and start in milliseconds from the start of the trial.
func sniffGazeMedSeg(head []byte) bool {
	h := header(head)
	return h["image"] && h["current_fix_x"] && h["image_width"]
}

func readGazeMedSeg(s *source) error {
	t, err := openTable(s.file, s.reader, "IMAGE", "CURRENT_FIX_INDEX", "CURRENT_FIX_X", "CURRENT_FIX_Y", "CURRENT_FIX_DURATION",
		"CURRENT_FIX_START", "IMAGE_HEIGHT", "IMAGE_WIDTH")
	if err != nil {
		return err
	}
	c := collect(s)
	if err := s.rows(t, func() error { return c.gazeMedSeg(t) }); err != nil {
		return err
	}
	return c.finish()
}

func (c *collector) gazeMedSeg(t *table) (err error) {
	e := entry{image: t.text("IMAGE")}
	if e.image == "" {
		return t.at("IMAGE", "the name of an image")
	}
	if e.width, e.height, err = t.frame("IMAGE_WIDTH", "IMAGE_HEIGHT"); err != nil {
		return err
	}
	if e.order, err = t.number("CURRENT_FIX_INDEX", "the number of the fixation", math.Inf(-1)); err != nil {
		return err
	}
	if e.fixation.X, err = t.position("CURRENT_FIX_X"); err != nil {
		return err
	}
	if e.fixation.Y, err = t.position("CURRENT_FIX_Y"); err != nil {
		return err
	}
	e.fixation.X, e.fixation.Y = e.fixation.X*e.width, e.fixation.Y*e.height
	if e.fixation.Duration, err = t.milliseconds("CURRENT_FIX_DURATION", 0); err != nil {
		return err
	}
	if e.fixation.Start, err = t.milliseconds("CURRENT_FIX_START", math.Inf(-1)); err != nil {
		return err
	}
	return c.add(t.place(), e)
}
