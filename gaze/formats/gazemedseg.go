package formats

import (
	"bytes"
	"math"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "gazemedseg",
		about: "tables of the GazeMedSeg project: fractions of the image, milliseconds",
		sniff: sniffGazeMedSeg, read: readGazeMedSeg,
	})
}

// sniffGazeMedSeg recognises the tables of the GazeMedSeg project (Zhong et al., MICCAI 2024), EyeLink Data Viewer
// fixation reports with the image's size:
//
//	IMAGE,CURRENT_FIX_INDEX,CURRENT_FIX_X,CURRENT_FIX_Y,CURRENT_FIX_DURATION,CURRENT_FIX_PUPIL,CURRENT_FIX_START,IMAGE_HEIGHT,IMAGE_WIDTH
//
// and the older one of its prostate images from NCI-ISBI, which names the session instead, here the reader:
//
//	images,RECORDING_SESSION_LABEL,CURRENT_FIX_INDEX,CURRENT_FIX_X,CURRENT_FIX_Y,CURRENT_FIX_DURATION,CURRENT_FIX_PUPIL,CURRENT_FIX_START
//
// Index from 1, positions in fractions of the image, duration and start in milliseconds from the start of the trial.
func sniffGazeMedSeg(head []byte) bool {
	h := header(head)
	return h["current_fix_x"] && (h["image"] && h["image_width"] || h["images"] && h["recording_session_label"] && separator(head) == ',')
}

func readGazeMedSeg(s *source) error {
	text, err := readWhole(s.file, s.reader)
	if err != nil {
		return err
	}
	image, size := "IMAGE", []string{"IMAGE_HEIGHT", "IMAGE_WIDTH"}
	if h := header(text); h["images"] && !h["image"] {
		image, size = "images", nil
	}
	t, err := openTable(s.file, bytes.NewReader(text), append([]string{image, "CURRENT_FIX_INDEX", "CURRENT_FIX_X", "CURRENT_FIX_Y",
		"CURRENT_FIX_DURATION", "CURRENT_FIX_START"}, size...)...)
	if err != nil {
		return err
	}
	c := collect(s)
	if err := s.rows(t, func() error { return c.gazeMedSeg(t, image) }); err != nil {
		return err
	}
	t.noteUnread(s.set)
	return c.finish()
}

func (c *collector) gazeMedSeg(t *table, image string) (err error) {
	e := entry{image: t.text(image), reader: t.text("RECORDING_SESSION_LABEL"), width: 1, height: 1}
	if e.image == "" {
		return t.at(image, "the name of an image")
	}
	if t.has("IMAGE_WIDTH") && t.has("IMAGE_HEIGHT") {
		if e.width, e.height, err = t.frame("IMAGE_WIDTH", "IMAGE_HEIGHT"); err != nil {
			return err
		}
	}
	if e.order, e.fixation, err = t.currentFixation(); err != nil {
		return err
	}
	e.fixation.X, e.fixation.Y = e.fixation.X*e.width, e.fixation.Y*e.height
	return c.add(t.place(), e)
}

// currentFixation is the fixation of a row under the Data Viewer's names, with its number.
func (t *table) currentFixation() (index float64, f gaze.Fixation, err error) {
	if index, err = t.number("CURRENT_FIX_INDEX", "the number of the fixation", math.Inf(-1)); err != nil {
		return 0, f, err
	}
	if f.X, err = t.position("CURRENT_FIX_X"); err != nil {
		return 0, f, err
	}
	if f.Y, err = t.position("CURRENT_FIX_Y"); err != nil {
		return 0, f, err
	}
	if f.Duration, err = t.milliseconds("CURRENT_FIX_DURATION", 0); err != nil {
		return 0, f, err
	}
	f.Start, err = t.milliseconds("CURRENT_FIX_START", math.Inf(-1))
	return index, f, err
}
