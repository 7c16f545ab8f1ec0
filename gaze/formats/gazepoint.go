package formats

import (
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
// FPOGX and FPOGY are the fixation in fractions of the screen, which may lie outside of it; FPOGS its start and FPOGD its
// duration in seconds; FPOGID its number; FPOGV 0 where there is none. all_gaze has a row for each sample, in which the
// fixation grows: the last valid row of a number is the fixation. BPOGX, BPOGY and BPOGV are the gaze of the sample. The
// date of the recording stands in the header, behind TIME. A Data_Summary export beside these files has no gaze.
//
// Times and numbers begin anew with every MEDIA_ID; an image that is shown again has a clock that goes on. Times count from
// the first FPOGS of the image. The reader is the part of the file's name before _all_gaze or _fixations.
//
// The EGD-CXR data set has such columns too, and DICOM_ID.
func sniffGazepoint(head []byte) bool {
	h := header(head)
	return h["media_name"] && h["fpogx"] && h["fpogid"] && !h["dicom_id"]
}

const (
	allGazeEnding   = "_all_gaze.csv"
	fixationsEnding = "_fixations.csv"
)

// listGazepoint leaves out one of the two files of whoever has both: they hold the same fixations, and all_gaze the samples.
func listGazepoint(dir string, o ReadOptions) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	wanted, other := fixationsEnding, allGazeEnding
	if o.Samples {
		wanted, other = other, wanted
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
		if !slices.ContainsFunc(found, func(f format) bool { return f.name == "gazepoint" }) {
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
	time   string // the column
	clock  clock
	// pending is the fixation that grows, with its number and place.
	pending   *entry
	number    float64
	media     string // its MEDIA_ID
	lastPlace place
}

func readGazepoint(s *source) error {
	needed := []string{"MEDIA_NAME", "FPOGX", "FPOGY", "FPOGS", "FPOGD", "FPOGID", "FPOGV"}
	if s.options.Samples {
		needed = append(needed, "BPOGX", "BPOGY", "BPOGV")
	}
	t, err := openTable(s.file, s.reader, needed...)
	if err != nil {
		return err
	}
	g := &gazepoint{table: t, collector: collect(s), set: s.set, clock: clock{}}
	for _, ending := range []string{allGazeEnding, fixationsEnding} {
		if stem, ok := cutEnding(base(s.file), ending); ok {
			g.reader = stem
		}
	}
	add := g.addFixation
	if s.options.Samples {
		for _, name := range t.names {
			if plain, _, _ := strings.Cut(name, "("); strings.EqualFold(strings.TrimSpace(plain), "TIME") {
				g.time = name
			}
		}
		if g.time == "" {
			return gaze.Problem{File: s.file, Line: 1, Reason: "the header lacks the column TIME(...), expected the times of samples"}
		}
		add = g.addSample
	}
	if err := s.rows(t, add); err != nil {
		return err
	}
	if err := s.pass(g.flush()); err != nil {
		return err
	}
	return g.finish()
}

// begin is an entry with what the row says of the image.
func (g *gazepoint) begin() (entry, error) {
	e := entry{image: g.text("MEDIA_NAME"), reader: g.reader, width: 1, height: 1, screen: true}
	if e.image == "" {
		return e, g.at("MEDIA_NAME", "the name of an image")
	}
	return e, nil
}

// addFixation keeps the fixation of the present row until the next one begins.
func (g *gazepoint) addFixation() error {
	e, err := g.begin()
	if err != nil {
		return err
	}
	number, err := g.table.number("FPOGID", "the number of the fixation", 0)
	if err != nil {
		return err
	}
	media := g.text("MEDIA_ID")
	if g.pending != nil && (number != g.number || media != g.media || e.image != g.pending.image) {
		if err := g.flush(); err != nil {
			return err
		}
	}
	start, err := g.seconds("FPOGS", 1, math.Inf(-1))
	if err != nil {
		return err
	}
	e.fixation.Start = g.clock.since(e.image, e.reader, media, start)
	e.order = e.fixation.Start
	valid, err := g.flag("FPOGV")
	if err != nil {
		return err
	}
	if !valid {
		g.set.Dropped.Invalid++
		e.none = true
		return g.collector.add(g.place(), e)
	}
	if e.fixation.Duration, err = g.seconds("FPOGD", 1, 0); err != nil {
		return err
	}
	g.clock.reaches(e.image, e.reader, e.fixation.Start+e.fixation.Duration)
	if e.fixation.X, err = g.position("FPOGX"); err != nil {
		return err
	}
	if e.fixation.Y, err = g.position("FPOGY"); err != nil {
		return err
	}
	g.pending, g.number, g.media, g.lastPlace = &e, number, media, g.place()
	return nil
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
	e, err := g.begin()
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
	sample := gaze.Sample{Time: g.clock.since(e.image, e.reader, g.text("MEDIA_ID"), t)}
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
