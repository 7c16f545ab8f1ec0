package formats

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "table",
		about: "the plain form: x [px], y [px] (or [norm]), duration [s], and if there are any image, reader, trial, start [s], width, height",
		sniff: sniffNeutral, read: readNeutral,
	})
}

// sniffNeutral recognises the neutral table of fixations, for gaze that no other reader knows:
//
//	image,reader,trial,x [px],y [px],start [s],duration [s],width,height
//
// The unit stands in brackets behind the name: [px] or [norm] (fractions of the image) for positions, [s] or [ms] for
// times. Positions without one need ReadOptions.Unit. Times without one are seconds where durations are such that
// nothing else is possible, which Set.Notes says, and an error otherwise. Only x, y and duration must be
// there: without image the manifest's row says which one it is, without reader there is one, without trial a reader has
// one on an image, without start every
// fixation begins where the one before it ends, without width and height pixels are those of the stored image. Rows of a
// recording are in order of time. A row with an image but neither position nor duration says that the reader saw the
// image and fixated nothing.
func sniffNeutral(head []byte) bool {
	names := map[string]bool{}
	for name := range header(head) {
		plain, _ := cutUnit(name)
		names[plain] = true
	}
	return names["x"] && names["y"] && names["duration"]
}

// cutUnit splits "x [px]" into "x" and "px".
func cutUnit(name string) (plain, unit string) {
	plain, unit, ok := strings.Cut(name, "[")
	if !ok {
		return strings.TrimSpace(name), ""
	}
	return strings.TrimSpace(plain), strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(unit), "]"))
}

// neutral is a neutral table with the columns' full names and what a value is multiplied by.
type neutral struct {
	*table
	*collector
	column map[string]string // plain name -> name in the header
	norm   bool
	scale  map[string]float64 // seconds per unit of start and duration
	fixed  bool               // width and height are given
	// undeclared says that the durations have no unit; numbers is theirs.
	undeclared bool
	numbers    []float64
}

func readNeutral(s *source) error {
	t, err := openTable(s.file, s.reader)
	if err != nil {
		return err
	}
	n := &neutral{table: t, collector: collect(s), column: map[string]string{}, scale: map[string]float64{}}
	if err := n.declare(s.options.Unit); err != nil {
		return err
	}
	if n.column["image"] == "" {
		n.alone = &entry{}
	}
	if err := s.rows(t, n.add); err != nil {
		return err
	}
	if err := n.tellUnit(); err != nil {
		return err
	}
	t.noteUnread(s.set)
	return n.finish()
}

// declare reads the units of the header.
func (n *neutral) declare(unit string) error {
	fail := func(format string, a ...any) error {
		return gaze.Problem{File: n.file, Line: 1, Reason: fmt.Sprintf(format, a...)}
	}
	units := map[string]string{}
	for _, name := range n.names {
		plain, u := cutUnit(strings.ToLower(name))
		if _, ok := n.column[plain]; ok {
			return fail("column %q comes twice", plain)
		}
		n.column[plain], units[plain] = name, u
	}
	for _, name := range []string{"x", "y", "duration"} {
		if _, ok := n.column[name]; !ok {
			return fail("the header lacks the column %q; expected image, reader, x [px], y [px], start [s], duration [s]", name)
		}
	}
	if n.undeclared = units["duration"] == ""; !n.undeclared && n.column["start"] != "" && units["start"] == "" {
		return fail("the unit of start is not declared; expected start [s] or start [ms]")
	}
	for _, name := range []string{"start", "duration"} {
		switch units[name] {
		case "", "s":
			n.scale[name] = 1
		case "ms":
			n.scale[name] = 1e-3
		default:
			return fail("the unit of %s is %q, expected s or ms", name, units[name])
		}
	}
	if units["x"] == "" && units["y"] == "" {
		units["x"], units["y"] = unit, unit
	}
	if units["x"] != units["y"] || units["x"] != "px" && units["x"] != "norm" {
		return fail("the unit of positions is not declared; expected columns x [px], y [px] or x [norm], y [norm]")
	}
	n.norm = units["x"] == "norm"
	n.fixed = n.column["width"] != "" && n.column["height"] != ""
	return nil
}

// add adds the fixation of the present row.
func (n *neutral) add() (err error) {
	e := entry{image: n.text(n.column["image"]), reader: n.text(n.column["reader"]), part: n.text(n.column["trial"]), fixation: gaze.Fixation{Start: math.NaN()}}
	if n.column["image"] != "" && e.image == "" {
		return n.at(n.column["image"], "the name of an image")
	}
	if n.fixed {
		if e.width, e.height, err = n.frame(n.column["width"], n.column["height"]); err != nil {
			return err
		}
	} else if n.norm {
		e.width, e.height = 1, 1
	}
	if e.fixation.X, err = n.position(n.column["x"]); err != nil {
		return err
	}
	if e.fixation.Y, err = n.position(n.column["y"]); err != nil {
		return err
	}
	if n.norm {
		e.fixation.X, e.fixation.Y = e.fixation.X*e.width, e.fixation.Y*e.height
	}
	e.none = math.IsNaN(e.fixation.X) && math.IsNaN(e.fixation.Y) && missing(n.text(n.column["duration"]))
	if !e.none {
		if err := n.times(&e); err != nil {
			return err
		}
	}
	return n.collector.add(n.place(), e)
}

// times reads the start and the duration; the order of a table without starts is that of its rows.
func (n *neutral) times(e *entry) (err error) {
	d, err := n.number(n.column["duration"], "a time that is not negative", 0)
	if err != nil {
		return err
	}
	e.fixation.Duration = d * n.scale["duration"]
	e.order = math.NaN()
	if n.undeclared {
		n.numbers = append(n.numbers, d)
	}
	if n.column["start"] == "" {
		return nil
	}
	start, err := n.number(n.column["start"], "a time", math.Inf(-1))
	if err != nil {
		return err
	}
	e.fixation.Start = start * n.scale["start"]
	e.order = e.fixation.Start
	return nil
}

// tellUnit takes durations without a unit for seconds where the middle one would be too short in milliseconds, and says so.
func (n *neutral) tellUnit() error {
	if !n.undeclared || len(n.numbers) == 0 {
		return nil
	}
	middle := median(n.numbers)
	if middle >= shortestMedian*1e3 || middle < shortestMedian {
		return gaze.Problem{File: n.file, Line: 1, Reason: fmt.Sprintf("the unit of duration is not declared, and the middle one is %g; expected duration [s] or duration [ms]", middle)}
	}
	n.source.set.note("%s: durations without a unit are taken for seconds: the middle one is %g", filepath.Base(n.file), middle)
	return nil
}
