package formats

import (
	"cmp"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "dataviewer",
		about: "fixation report of the EyeLink Data Viewer",
		sniff: sniffDataViewer, read: readDataViewer, extensions: []string{".csv", ".tsv", ".txt", ".xls"},
	})
}

// sniffDataViewer recognises a fixation report of the EyeLink Data Viewer, a text with tabs, even where the file is called
// .xls, whose columns the user chooses; of those it reads
//
//	RECORDING_SESSION_LABEL TRIAL_INDEX CURRENT_FIX_INDEX CURRENT_FIX_X CURRENT_FIX_Y CURRENT_FIX_START CURRENT_FIX_END
//	CURRENT_FIX_DURATION CURRENT_FIX_X_RESOLUTION CURRENT_FIX_Y_RESOLUTION
//
// and IP_START_TIME, IP_END_TIME and TRIAL_START_TIME, to which fixations are cut, EYE_USED, of whose two eyes one is taken,
// and the trial variable that names the image: image, img, picture, pic, stimulus, stim or imgfile, and these with s, _name
// or _file behind, or ReadOptions.ImageFrom.
// CURRENT_FIX_X and CURRENT_FIX_Y, the image, and either DURATION or START with END must be there. Positions are pixels
// of the screen, times milliseconds from the start of the trial, resolutions pixels per degree. The session is the
// reader; a trial is a recording. Numbers may have a decimal comma, and "." is a missing one, as is an image UNDEFINED.
func sniffDataViewer(head []byte) bool {
	h := header(head)
	return h["current_fix_x"] && h["current_fix_y"] && !sniffGazeMedSeg(head)
}

// viewer is a fixation report being read.
type viewer struct {
	*table
	*collector
	image string // the column that names the image
	eye   string // that of eyes
	taken map[string]string
}

func readDataViewer(s *source) error {
	t, err := openTable(s.file, s.reader, "CURRENT_FIX_X", "CURRENT_FIX_Y")
	if err != nil {
		return err
	}
	if !t.has("CURRENT_FIX_DURATION") {
		if err := t.require("CURRENT_FIX_START", "CURRENT_FIX_END"); err != nil {
			return err
		}
	}
	v := &viewer{table: t, collector: collect(s), eye: t.first("EYE_REPORTED", "EYE_USED"), taken: map[string]string{}}
	if v.image = s.options.ImageFrom; v.image != "" {
		if err := t.require(v.image); err != nil {
			return err
		}
	} else if v.image = imageColumn(t.names); v.image == "" {
		return t.problem("the header lacks a column with the image; expected the trial variable that names it, as one of " + strings.Join(imageVariables, ", "))
	}
	if err := s.rows(t, v.add); err != nil {
		return err
	}
	t.noteUnread(s.set)
	return v.finish()
}

// imageColumn is the trial variable that names the image, the surest where there are several, "" where there is none.
func imageColumn(names []string) string {
	best, column := len(imageVariables), ""
	for _, name := range names {
		plain := strings.ToLower(name)
		for _, ending := range []string{"_file", "_name", "s"} {
			plain = strings.TrimSuffix(plain, ending)
		}
		if plain == "stimulu" { // its own s
			plain = "stimulus"
		}
		if rank := slices.Index(imageVariables, plain); rank >= 0 && rank < best {
			best, column = rank, name
		}
	}
	return column
}

// optional is a number, NaN where the report has no such column or no value.
func (v *viewer) optional(column, expected string, least float64) (float64, error) {
	if missing(v.text(column)) {
		return math.NaN(), nil
	}
	return v.number(column, expected, least)
}

// add adds the fixation of the present row.
func (v *viewer) add() (err error) {
	e := entry{image: v.text(v.image), reader: v.text("RECORDING_SESSION_LABEL"), part: cmp.Or(v.text("TRIAL_INDEX"), v.text("TRIAL_LABEL")), screen: true}
	if missing(e.image) || strings.EqualFold(e.image, "UNDEFINED") {
		return v.at(v.image, "the name of an image")
	}
	if v.otherEye(e) {
		return nil
	}
	var index, end float64
	f := &e.fixation
	for _, field := range []struct {
		column, expected string
		least            float64
		value            *float64
	}{
		{"CURRENT_FIX_INDEX", "the number of the fixation", math.Inf(-1), &index},
		{"CURRENT_FIX_X", "a pixel", math.Inf(-1), &f.X},
		{"CURRENT_FIX_Y", "a pixel", math.Inf(-1), &f.Y},
		{"CURRENT_FIX_START", "a time in milliseconds", -maxInstant, &f.Start},
		{"CURRENT_FIX_END", "a time in milliseconds", -maxInstant, &end},
		{"CURRENT_FIX_DURATION", "a time in milliseconds that is not negative", 0, &f.Duration},
		{"CURRENT_FIX_X_RESOLUTION", "pixels per degree", 0, &f.Resolution.X},
		{"CURRENT_FIX_Y_RESOLUTION", "pixels per degree", 0, &f.Resolution.Y},
	} {
		if *field.value, err = v.optional(field.column, field.expected, field.least); err != nil {
			return err
		}
	}
	if !(f.Resolution.X > 0 && f.Resolution.Y > 0) {
		f.Resolution = gaze.Resolution{}
	}
	if err := v.times(f, end); err != nil {
		return err
	}
	e.order = index
	if span, known := v.interest(); known {
		seen, ok := span.cut(*f)
		if !ok {
			v.source.set.Dropped.Outside++
			e.none = true
		}
		e.fixation = seen
	}
	return v.collector.add(v.place(), e)
}

// otherEye reports whether a row is of the second eye of a trial: one is taken, the one that comes first.
func (v *viewer) otherEye(e entry) bool {
	eye := v.text(v.eye)
	if eye == "" {
		return false
	}
	trial := e.image + "\x00" + e.reader + "\x00" + e.part
	if v.taken[trial] == "" {
		v.taken[trial] = eye
	}
	other := v.taken[trial] != eye
	if other {
		v.source.set.note("%s has the fixations of two eyes: of each trial those of the first one are taken", filepath.Base(v.table.file))
	}
	return other
}

// interest is when the row's trial was looked at: the period of interest, by the clock of the trial, or all that is not
// before it.
func (v *viewer) interest() (showing, bool) {
	var times [3]float64
	for i, column := range []string{"IP_START_TIME", "IP_END_TIME", "TRIAL_START_TIME"} {
		t, err := v.optional(column, "a time in milliseconds", -maxInstant)
		if err != nil || math.IsNaN(t) {
			return showing{}, false
		}
		times[i] = t / 1000
	}
	return showing{times[0] - times[2], times[1] - times[2]}, times[1] > times[0]
}

// times brings a fixation's times to seconds.
func (v *viewer) times(f *gaze.Fixation, end float64) error {
	if math.IsNaN(f.Duration) {
		if !v.has("CURRENT_FIX_END") {
			return v.at("CURRENT_FIX_DURATION", "a time in milliseconds that is not negative")
		}
		f.Duration = end - f.Start
		if !(f.Duration >= 0) {
			return v.at("CURRENT_FIX_END", "a time in milliseconds that is not before CURRENT_FIX_START")
		}
	}
	f.Start, f.Duration = f.Start/1000, f.Duration/1000
	return nil
}
