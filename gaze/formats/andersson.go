package formats

import (
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
		name:  "andersson",
		about: "raw samples of Andersson et al. 2017, with recordings.csv",
		sniff: sniffAndersson, read: readAndersson, list: listAndersson,
	})
}

// sniffAndersson recognises raw samples of Andersson et al. (Behavior Research Methods 2017) as a table, with the labels
// of two coders:
//
//	t_us,x_px,y_px,pupil_x,pupil_y,label_MN,label_RA
//
// Times in microseconds, positions in pixels of the screen, which the stimulus fills; x = y = 0 is a lost sample. The
// folder's recordings.csv, beside the file or above it, names the stimulus and says how the screen stood:
//
//	recording,subject,stimulus,n_samples,sample_hz,screen_w_px,screen_h_px,screen_w_m,screen_h_m,view_dist_m
//
// The sampling rate is that of the time stamps.
func sniffAndersson(head []byte) bool {
	h := header(head)
	return h["t_us"] && h["x_px"] && h["y_px"]
}

const anderssonTable = "recordings.csv"

// listAndersson is the files of the folder gaze beside a recordings.csv.
func listAndersson(dir string, _ ReadOptions) ([]string, error) {
	if _, err := os.Stat(filepath.Join(dir, anderssonTable)); err != nil {
		return nil, nil
	}
	files, err := filesIn(filepath.Join(dir, "gaze"), isCSV)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	found, err := recognise(files[0])
	if err != nil || len(found) != 1 || found[0].name != "andersson" {
		return nil, err
	}
	return files, nil
}

func readAndersson(s *source) error {
	t, err := openTable(s.file, s.reader, "t_us", "x_px", "y_px")
	if err != nil {
		return err
	}
	e, err := s.anderssonSession()
	if err != nil {
		return s.pass(err)
	}
	c, begin := collect(s), math.NaN()
	c.alone = &entry{image: e.image, reader: e.reader, width: e.width, height: e.height, resolution: e.resolution}
	err = s.rows(t, func() error {
		sample, err := t.lostAtZero("x_px", "y_px")
		if err != nil {
			return err
		}
		if sample.Time, err = t.instant("t_us", "a time in microseconds"); err != nil {
			return err
		}
		if math.IsNaN(begin) {
			begin = sample.Time
		}
		sample.Time = (sample.Time - begin) / 1e6
		e.sample = &sample
		return c.add(t.place(), e)
	})
	if err != nil {
		return err
	}
	return c.finish()
}

// lostAtZero is the sample of the row, lost where both its coordinates are 0 or one is missing.
func (t *table) lostAtZero(x, y string) (v gaze.Sample, err error) {
	if v.X, err = t.position(x); err != nil {
		return v, err
	}
	if v.Y, err = t.position(y); err != nil {
		return v, err
	}
	if v.X == 0 && v.Y == 0 || v.Lost() {
		v.X, v.Y = math.NaN(), math.NaN()
	}
	return v, nil
}

// anderssonSession is what recordings.csv says of a file: an entry without a sample. Without that table the image is
// called after the file.
func (s *source) anderssonSession() (entry, error) {
	folder := filepath.Dir(s.file)
	for _, path := range []string{filepath.Join(folder, anderssonTable), filepath.Join(folder, "..", anderssonTable)} {
		text, err := input.ReadFile(path, input.Document)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return entry{}, err
		}
		return anderssonRow(path, string(text), stem(s.file))
	}
	s.set.note("no %s near the samples: images are called after the files, and pixels per degree are not known", anderssonTable)
	return entry{image: stem(s.file)}, nil
}

func anderssonRow(path, text, recording string) (e entry, err error) {
	t, err := openTable(path, strings.NewReader(text), "recording", "subject", "stimulus", "screen_w_px", "screen_h_px", "screen_w_m", "screen_h_m", "view_dist_m")
	if err != nil {
		return e, err
	}
	for {
		if err := t.next(); err != nil {
			if _, ok := errors.AsType[gaze.Problem](err); ok {
				return e, err
			}
			return e, gaze.Problem{File: path, Reason: fmt.Sprintf("no recording %q, expected a row for every file", recording)}
		}
		if t.text("recording") == recording {
			break
		}
	}
	e.image, e.reader = t.text("stimulus"), t.text("subject")
	if e.image == "" {
		return e, t.at("stimulus", "the name of an image")
	}
	if e.width, e.height, err = t.frame("screen_w_px", "screen_h_px"); err != nil {
		return e, err
	}
	distance, err := t.length("view_dist_m")
	if err != nil {
		return e, err
	}
	width, err := t.length("screen_w_m")
	if err != nil {
		return e, err
	}
	height, err := t.length("screen_h_m")
	e.resolution = gaze.Resolution{X: gaze.PixelsPerDegree(e.width, width, distance), Y: gaze.PixelsPerDegree(e.height, height, distance)}
	return e, err
}

// maxInstant bounds a point in time, in whatever unit, so that the time between two can be told.
const maxInstant = 1e18

// instant is a point in time.
func (t *table) instant(column, expected string) (float64, error) {
	v, err := t.number(column, expected, -maxInstant)
	if err == nil && v > maxInstant {
		err = t.at(column, expected)
	}
	return v, err
}

// length is a length in metres, 1 mm to 100 m.
func (t *table) length(column string) (float64, error) {
	const expected = "a length in metres, 0.001 to 100"
	v, err := t.number(column, expected, 1e-3)
	if err == nil && v > 100 {
		err = t.at(column, expected)
	}
	return v, err
}
