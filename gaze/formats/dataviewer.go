package formats

import (
	"cmp"
	"math"
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
// and the trial variable that names the image: image, img, picture, pic, stimulus or stim, and these with s, _name or
// _file behind.
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
	v := &viewer{table: t, collector: collect(s)}
	if v.image = imageColumn(t.names); v.image == "" {
		return t.problem("the header lacks a column with the image; expected the trial variable that names it, as one of " + strings.Join(imageVariables, ", "))
	}
	if err := s.rows(t, v.add); err != nil {
		return err
	}
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
	if math.IsNaN(index) {
		e.order = float64(v.line())
	}
	return v.collector.add(v.place(), e)
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
