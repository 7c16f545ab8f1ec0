package formats

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "gazepoint",
		about: "exports of Gazepoint Analysis: User N_all_gaze.csv, User N_fixations.csv",
		sniff: sniffGazepoint, read: readGazepoint, list: listGazepoint,
	})
}

// sniffGazepoint recognises the exports of Gazepoint Analysis, "User N_all_gaze.csv" and "User N_fixations.csv":
//
//	MEDIA_ID,MEDIA_NAME,CNT,TIME(2026/02/20 00:53:57.275),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,...,
//
// and the same columns without MEDIA_ID and MEDIA_NAME, with tabs, as programs log them that talk to the tracker's server
// (PyGaze, PsychoPy): there the column ReadOptions.ImageFrom names the image, or else the file is of one image.
//
// FPOGX and FPOGY are the fixation in fractions of the screen, which may lie outside of it; FPOGS its start and FPOGD its
// duration in seconds; FPOGID its number; FPOGV 0 where there is none. all_gaze has a row for each sample, in which the
// fixation grows: the last valid row of a number is the fixation. BPOGX, BPOGY and BPOGV are the gaze of the sample. The
// date of the recording stands in the header, behind TIME. A file without such repetition is one of fixations, and has no
// samples. A Data_Summary export beside these files has no gaze.
//
// Every MEDIA_ID is a showing of its own. Times count from the first TIME of the showing where rows are samples, before
// which fixations are cut, otherwise from its first FPOGS. The reader is the part of the file's name before _all_gaze or
// _fixations.
//
// The EGD-CXR data set has such columns too, and DICOM_ID.
func sniffGazepoint(head []byte) bool {
	h := header(head)
	return h["fpogx"] && h["fpogid"] && h["fpogv"] && h["fpogd"] && !h["dicom_id"]
}

const (
	allGazeEnding   = "_all_gaze.csv"
	fixationsEnding = "_fixations.csv"
)

// listGazepoint leaves out one of the two files of whoever has both: they hold the same fixations, and all_gaze the samples.
func listGazepoint(dir string, o ReadOptions) ([]string, error) {
	if o.Samples {
		return withoutTwins(dir, "gazepoint", allGazeEnding, fixationsEnding)
	}
	return withoutTwins(dir, "gazepoint", fixationsEnding, allGazeEnding)
}

// withoutTwins is the files of a format in a folder whose names end in the one way, or in the other where there is none that
// begins so and ends in the first; none where no two files are such twins.
func withoutTwins(dir, name, wanted, other string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	pairs := false
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		stem, isOther := cutEnding(e.Name(), other)
		if _, isWanted := cutEnding(e.Name(), wanted); !isOther && !isWanted {
			continue
		}
		found, err := recognise(path)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(found, func(f format) bool { return f.name == name }) {
			continue
		}
		if isOther && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return strings.EqualFold(e.Name(), stem+wanted) }) {
			pairs = true
			continue
		}
		files = append(files, path)
	}
	if !pairs {
		return nil, nil
	}
	return files, nil
}

// cutEnding cuts an ending off in either case of letters.
func cutEnding(name, ending string) (stem string, ok bool) {
	if n := len(name) - len(ending); n >= 0 && strings.EqualFold(name[n:], ending) {
		return name[:n], true
	}
	return name, false
}

// gazepoint is an export being read.
type gazepoint struct {
	*table
	*collector
	set    *Set
	reader string
	image  string // the columns of the image and of the time
	time   string
	clock  clock
	// seen follows the images in a file whose rows are samples, in which fixations grow.
	seen  screening
	grows bool
	// pending is the fixation that grows, with its number and place.
	pending   *entry
	number    float64
	lastPlace place
}

func readGazepoint(s *source) error {
	text, err := readWhole(s.file, s.reader)
	if err != nil {
		return err
	}
	t, err := openTable(s.file, bytes.NewReader(text), "FPOGX", "FPOGY", "FPOGS", "FPOGD", "FPOGID", "FPOGV")
	if err != nil {
		return err
	}
	g := &gazepoint{table: t, collector: collect(s), set: s.set, clock: clock{}, image: "MEDIA_NAME"}
	g.naming = "the column MEDIA_NAME, or the name of another"
	if from := s.options.ImageFrom; from != "" {
		g.image = from
		if err := t.require(from); err != nil {
			return err
		}
	}
	for _, ending := range []string{allGazeEnding, fixationsEnding} {
		if stem, ok := cutEnding(base(s.file), ending); ok {
			g.reader = stem
		}
	}
	for _, name := range t.names {
		if plain, _, _ := strings.Cut(name, "("); strings.EqualFold(strings.TrimSpace(plain), "TIME") {
			g.time = name
		}
	}
	add := g.addFixation
	if g.grows = rowsRepeat(text, "MEDIA_ID", "MEDIA_NAME", "FPOGID"); g.grows && s.options.Samples {
		add = g.addSample
		if err := g.needSamples(); err != nil {
			return err
		}
	}
	if err := s.rows(t, add); err != nil {
		return err
	}
	if err := s.pass(g.flush()); err != nil {
		return err
	}
	return g.finish()
}

// needSamples wants the columns of samples.
func (g *gazepoint) needSamples() error {
	if g.time == "" {
		return gaze.Problem{File: g.file, Line: 1, Reason: "the header lacks the column TIME(...), expected the times of samples"}
	}
	return g.require("BPOGX", "BPOGY", "BPOGV")
}

// rowsRepeat reports whether two rows of a table follow each other with the same values, the last of which is there: the
// number of a fixation in a table with a row a sample.
func rowsRepeat(text []byte, columns ...string) bool {
	t, err := openTable("", bytes.NewReader(text))
	if err != nil {
		return false
	}
	last, row := make([]string, len(columns)), make([]string, len(columns))
	for {
		err := t.next()
		var p gaze.Problem
		if errors.As(err, &p) && t.failed == nil {
			continue
		} else if err != nil {
			return false
		}
		for i, column := range columns {
			row[i] = t.text(column)
		}
		if slices.Equal(row, last) && row[len(row)-1] != "" {
			return true
		}
		last, row = row, last
	}
}

// begin is an entry with what the row says of the image, and the time at which its showing began, as far as that is known.
func (g *gazepoint) begin() (e entry, begin float64, err error) {
	e = entry{image: g.text(g.image), reader: g.reader, part: g.text("MEDIA_ID"), width: 1, height: 1, screen: true}
	if e.image == "" && g.has(g.image) {
		return e, 0, g.at(g.image, "the name of an image")
	}
	if !g.grows || g.time == "" {
		return e, -open, nil
	}
	now, err := g.seconds(g.time, 1, math.Inf(-1))
	if err != nil {
		return e, 0, err
	}
	g.seen.see(e.image, e.reader, e.part, true, now)
	e.part += "/" + g.seen.part()
	return e, g.seen.begin, nil
}

// addFixation keeps the fixation of the present row until the next one begins.
func (g *gazepoint) addFixation() error {
	e, begin, err := g.begin()
	if err != nil {
		return err
	}
	number, err := g.table.number("FPOGID", "the number of the fixation", 0)
	if err != nil {
		return err
	}
	if g.pending != nil && (number != g.number || e.part != g.pending.part || e.image != g.pending.image) {
		if err := g.source.pass(g.flush()); err != nil {
			return err
		}
	}
	valid, err := g.flag("FPOGV")
	if err != nil {
		return err
	}
	if !valid {
		g.set.Dropped.Invalid++
		e.none = true
		return g.collector.add(g.place(), e)
	}
	f, err := g.fixation()
	if err != nil {
		return err
	}
	if !math.IsInf(begin, -1) {
		if begin-f.Start <= 1./30 { // the first row may come a sample after its image
			begin = min(begin, f.Start)
			g.seen.begin = begin
		}
		g.clock.since(e, begin)
		var some bool
		if f, some = during(f, begin, open); !some { // all of it was before the image
			e.none = true
			return g.collector.add(g.place(), e)
		}
	}
	f.Start = g.clock.since(e, f.Start)
	e.fixation, e.order = f, f.Start
	g.pending, g.number, g.lastPlace = &e, number, g.place()
	return nil
}

// fixation is that of the row, by the tracker's clock.
func (g *gazepoint) fixation() (f gaze.Fixation, err error) {
	if f.Start, err = g.seconds("FPOGS", 1, math.Inf(-1)); err != nil {
		return f, err
	}
	if f.Duration, err = g.seconds("FPOGD", 1, 0); err != nil {
		return f, err
	}
	if f.X, err = g.position("FPOGX"); err != nil {
		return f, err
	}
	f.Y, err = g.position("FPOGY")
	return f, err
}

// flush adds the fixation that has grown to its end.
func (g *gazepoint) flush() error {
	if g.pending == nil {
		return nil
	}
	e := *g.pending
	g.pending = nil
	return g.collector.add(g.lastPlace, e)
}

func (g *gazepoint) addSample() error {
	e, begin, err := g.begin()
	if err != nil {
		return err
	}
	t, err := g.seconds(g.time, 1, math.Inf(-1))
	if err != nil {
		return err
	}
	valid, err := g.flag("BPOGV")
	if err != nil {
		return err
	}
	sample := gaze.Sample{Time: t - begin}
	if sample.X, err = g.position("BPOGX"); err != nil {
		return err
	}
	if sample.Y, err = g.position("BPOGY"); err != nil {
		return err
	}
	if !valid {
		e.lose(&sample, &g.set.Dropped.Invalid)
	}
	e.sample = &sample
	return g.collector.add(g.place(), e)
}
