package formats

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
)

func init() {
	registerFormat(format{
		name:  "egd-cxr",
		about: "EGD-CXR, chest X-rays: fixations.csv, eye_gaze.csv",
		sniff: sniffEGD, read: readEGD, list: listEGD,
	})
}

// sniffEGD recognises the tables of EGD-CXR, Eye Gaze Data for Chest X-rays (Karargyris et al., Scientific Data 2021):
// fixations.csv with a row a fixation, and eye_gaze.csv with a row a sample, of the same columns,
//
//	SESSION_ID,MEDIA_ID,DICOM_ID,CNT,Time (in secs),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,BPOGX,...,
//	BKID,BKDUR,BKPMIN,...,X_ORIGINAL,Y_ORIGINAL
//
// a Gazepoint's, with the image, the session, which is the reader here, and the pixel of the original image at the end.
// That is negative off the image. Without X_ORIGINAL and Y_ORIGINAL the position is FPOGX and FPOGY, fractions of the
// screen of 1920 x 1080, less the paddings of the folder's master_sheet.csv,
//
//	dicom_id,...,image_top_pad,image_bottom_pad,image_left_pad,image_right_pad
//
// (in an older form without "_pad"), in the frame of the image as it was shown. With both, they tell how large the original
// is, see [original], so that the stored image may be smaller. Times are seconds; they are counted from
// the first row of a recording. A row with FPOGV 0 is invalid, a sample with a BKID a blink.
func sniffEGD(head []byte) bool {
	h := header(head)
	return h["dicom_id"] && h["session_id"] && h["fpogx"]
}

const egdWidth, egdHeight = 1920, 1080

// listEGD is the table of fixations, or that of samples if these are asked for or there are no fixations.
func listEGD(dir string, o ReadOptions) ([]string, error) {
	names := []string{"fixations.csv", "eye_gaze.csv"}
	if o.Samples {
		names = names[1:]
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		found, err := recognise(path)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if f.name == "egd-cxr" {
				return []string{path}, nil
			}
		}
	}
	return nil, nil
}

// egd is a table of EGD-CXR being read.
type egd struct {
	*table
	*collector
	samples  bool
	original bool // X_ORIGINAL and Y_ORIGINAL are there
	clock    clock
	pads     map[string]Rectangle // image -> where it was on the screen
	sizes    map[string]*original // image -> how large it is
}

func readEGD(s *source) error {
	text, err := readWhole(s.file, s.reader)
	if err != nil {
		return err
	}
	required := []string{"SESSION_ID", "DICOM_ID", "FPOGX", "FPOGY", "FPOGS", "FPOGD", "FPOGID", "FPOGV"}
	t, err := openTable(s.file, bytes.NewReader(text), required...)
	if err != nil {
		return err
	}
	r := &egd{table: t, collector: collect(s), clock: clock{}, sizes: map[string]*original{}, original: t.has("X_ORIGINAL") && t.has("Y_ORIGINAL")}
	if r.samples = rowsRepeat(text, "SESSION_ID", "DICOM_ID", "FPOGID"); r.samples {
		if err := t.require("Time (in secs)"); err != nil {
			return err
		}
	}
	if r.pads, err = s.egdPads(r.original); err != nil {
		return s.pass(err)
	}
	if err := s.rows(t, r.add); err != nil {
		return err
	}
	r.resize()
	return r.finish()
}

// egdPads reads where the images were on the screen, nil where that is not known but optional.
func (s *source) egdPads(optional bool) (map[string]Rectangle, error) {
	path := filepath.Join(filepath.Dir(s.file), "master_sheet.csv")
	file, err := input.Open(path)
	if errors.Is(err, fs.ErrNotExist) && optional {
		return nil, nil
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil, gaze.Problem{File: s.file, Line: 1, Reason: "the header lacks X_ORIGINAL and Y_ORIGINAL; expected them, or " + path + " with the paddings"}
	} else if err != nil {
		return nil, err
	}
	defer file.Close()
	t, err := openTable(path, file, "dicom_id")
	if err != nil {
		return nil, err
	}
	columns := []string{"image_left", "image_top", "image_right", "image_bottom"}
	for i := range columns {
		if t.has(columns[i] + "_pad") {
			columns[i] += "_pad"
		}
	}
	if err := t.require(columns...); err != nil && optional {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	pads := map[string]Rectangle{}
	err = s.rows(t, func() (err error) {
		var pad [4]float64
		for i, column := range columns {
			if pad[i], err = t.number(column, "a padding in pixels", 0); err != nil {
				return err
			}
		}
		r := between(pad[0], pad[1], egdWidth-pad[2], egdHeight-pad[3])
		if !r.hasArea() {
			return t.problem(fmt.Sprintf("paddings of %g, %g, %g, %g leave nothing of the screen, expected an image on it", pad[0], pad[1], pad[2], pad[3]))
		}
		pads[t.text("dicom_id")] = r
		return nil
	})
	return pads, err
}

// add adds the fixation or the sample of the present row.
func (r *egd) add() (err error) {
	e := entry{image: r.text("DICOM_ID"), reader: r.text("SESSION_ID")}
	if e.image == "" {
		return r.at("DICOM_ID", "the name of an image")
	}
	v := gaze.Sample{}
	var outside bool
	if r.original {
		v, outside, err = r.originalPosition()
	} else {
		v, outside, err = r.paddedPosition(&e)
	}
	if err != nil {
		return err
	}
	dropped := &r.source.set.Dropped
	switch {
	case r.samples && !missing(r.text("BKID")) && strings.Trim(r.text("BKID"), "0.") != "":
		e.reason = &dropped.Blinks
	case strings.Trim(r.text("FPOGV"), "0.") == "":
		e.reason = &dropped.Invalid
	case outside:
		e.reason = &dropped.Outside
	}
	if e.reason != nil || v.Lost() {
		v.X, v.Y = math.NaN(), math.NaN()
	}
	if !r.samples {
		return r.fixation(e, v)
	}
	if v.Time, err = r.time("Time (in secs)", e); err != nil {
		return err
	}
	e.sample = &v
	return r.collector.add(r.place(), e)
}

func (r *egd) fixation(e entry, v gaze.Sample) (err error) {
	e.fixation = gaze.Fixation{X: v.X, Y: v.Y}
	if e.fixation.Start, err = r.time("FPOGS", e); err != nil {
		return err
	}
	if e.fixation.Duration, err = r.number("FPOGD", "a time in seconds that is not negative", 0); err != nil {
		return err
	}
	e.order = e.fixation.Start
	return r.collector.add(r.place(), e)
}

// time is a time since the first row of the recording.
func (r *egd) time(column string, e entry) (float64, error) {
	v, err := r.instant(column, "a time in seconds")
	if err != nil {
		return 0, err
	}
	return r.clock.since(e, v), nil
}

// originalPosition is the pixel of the original image.
func (r *egd) originalPosition() (v gaze.Sample, outside bool, err error) {
	if v.X, err = r.position("X_ORIGINAL"); err != nil {
		return v, false, err
	}
	if v.Y, err = r.position("Y_ORIGINAL"); err != nil {
		return v, false, err
	}
	if outside = v.X < 0 || v.Y < 0; !outside && !v.Lost() {
		err = r.measure(v)
	}
	return v, outside, err
}

// paddedPosition is the pixel of the image as it was shown, which is the frame.
func (r *egd) paddedPosition(e *entry) (v gaze.Sample, outside bool, err error) {
	part, ok := r.pads[e.image]
	if !ok {
		return v, false, r.at("DICOM_ID", "an image that is listed in master_sheet.csv")
	}
	e.width, e.height = part.Width, part.Height
	if v.X, err = r.position("FPOGX"); err != nil {
		return v, false, err
	}
	if v.Y, err = r.position("FPOGY"); err != nil {
		return v, false, err
	}
	x, y := v.X*egdWidth, v.Y*egdHeight
	outside = !v.Lost() && !part.within(x, y)
	v.X, v.Y = part.Into(Rectangle{0, 0, e.width, e.height}, x, y)
	return v, outside, nil
}
