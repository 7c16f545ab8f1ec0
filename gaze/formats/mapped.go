package formats

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
)

func init() {
	// Nothing tells such a file by its beginning: the user names its columns.
	registerFormat(format{
		name:  "mapped",
		about: "any table, its columns named by --gaze-map",
		sniff: func([]byte) bool { return false }, read: readMapped,
	})
}

// Column is a column of a table that the user names, and the unit of its values, "" for the role's default.
type Column struct{ Name, Unit string }

// Columns says which columns of a table are read, by role. x and y must be there, and duration (of a fixation) or t. With
// duration a row is a fixation, without it a sample. The roles and their units, the default first:
//
//	x, y           px (of the image), norm (fractions of the image), screen (px), screen-norm (fractions of the screen);
//	               no default but ReadOptions.Unit
//	t              s, ms, us, ns: the start of the fixation, or the time of the sample, by any clock
//	duration       s, ms, us, ns
//	image, reader  names; without image, the row of the manifest or the file's name tells it
//	trial          what tells the trials of a reader on an image apart, each a recording
//	pupil          any; a row with a pupil of 0 or without one is a blink
//	validity       flag (1 or true is valid, 0 or false is not), tobii (0 and 1 are valid, 2 to 4 are not)
//	width, height  px: the frame of x and y, otherwise that of the stored image or the screen
type Columns map[string]Column

var timeUnits = map[string]float64{"": 1, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

// columnUnits is the units of each role.
var columnUnits = map[string][]string{
	"x": {"px", "norm", "screen", "screen-norm"}, "y": {"px", "norm", "screen", "screen-norm"},
	"t": {"s", "ms", "us", "ns"}, "duration": {"s", "ms", "us", "ns"},
	"image": nil, "reader": nil, "trial": nil, "pupil": nil, "validity": {"flag", "tobii"}, "width": nil, "height": nil,
}

// ParseColumns reads role=COLUMN,role=COLUMN,..., each with @UNIT behind it if its unit is not the default:
// "x=FPOGX@norm,y=FPOGY@norm,t=Time (in secs),duration=FPOGD". A name with a comma or an @ stands in double quotes. An empty text
// is no columns, nil.
func ParseColumns(text string) (Columns, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	columns := Columns{}
	for _, field := range splitQuoted(text) {
		role, c, err := parseColumn(field)
		if err != nil {
			return nil, err
		}
		if _, ok := columns[role]; ok {
			return nil, fmt.Errorf("column map: %s comes twice", role)
		}
		columns[role] = c
	}
	return columns, columns.check()
}

func parseColumn(field string) (role string, c Column, err error) {
	role, name, ok := strings.Cut(strings.TrimSpace(field), "=")
	role = strings.ToLower(strings.TrimSpace(role))
	units, known := columnUnits[role]
	switch {
	case !ok:
		return "", c, fmt.Errorf("column map: %q, expected ROLE=COLUMN", strings.TrimSpace(field))
	case !known:
		return "", c, fmt.Errorf("column map: role %q, expected %s", role, strings.Join(slices.Sorted(maps.Keys(columnUnits)), ", "))
	}
	c.Name = strings.TrimSpace(name)
	if i := strings.LastIndexByte(c.Name, '@'); i > strings.LastIndexByte(c.Name, '"') {
		c.Unit, c.Name = strings.TrimSpace(c.Name[i+1:]), strings.TrimSpace(c.Name[:i])
		if !slices.Contains(units, c.Unit) {
			expected := strings.Join(units, ", ")
			if expected == "" {
				expected = "none"
			}
			return "", c, fmt.Errorf("column map: unit %q of %s, expected %s", c.Unit, role, expected)
		}
	}
	if n := len(c.Name); n >= 2 && c.Name[0] == '"' && c.Name[n-1] == '"' {
		c.Name = c.Name[1 : n-1]
	}
	if c.Name == "" {
		return "", c, fmt.Errorf("column map: %s names no column", role)
	}
	return role, c, nil
}

// splitQuoted splits at the commas that do not stand between double quotes.
func splitQuoted(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		quoted = quoted != (r == '"')
		return r == ',' && !quoted
	})
}

// check finds what is missing from a map of columns.
func (c Columns) check() error {
	has := func(role string) bool { return c[role].Name != "" }
	switch {
	case !has("x") || !has("y"):
		return errors.New("column map: expected columns for both x and y")
	case !has("duration") && !has("t"):
		return errors.New("column map: expected a column for duration (fixations) or t (samples)")
	case c["x"].Unit != c["y"].Unit:
		return fmt.Errorf("column map: x in %q and y in %q, expected one unit", c["x"].Unit, c["y"].Unit)
	case has("width") != has("height"):
		return errors.New("column map: expected columns for both width and height or neither")
	}
	return nil
}

// mapping says what is wrong with the options about columns.
func (o ReadOptions) mapping() error {
	switch {
	case o.Columns == nil && o.Format == "mapped":
		return errors.New("gaze format mapped needs a map of its columns")
	case o.Columns == nil:
		return nil
	case o.Format != "" && o.Format != "mapped" && o.Format != "manifest":
		return fmt.Errorf("gaze format %s has columns of its own, expected no column map", o.Format)
	}
	return o.Columns.check()
}

// mapped is the options of a file that is no manifest: a map of columns decides its format.
func (o ReadOptions) mapped() ReadOptions {
	if o.Columns != nil && o.Format == "" {
		o.Format = "mapped"
	}
	return o
}

// in reports whether a file's header has all the columns.
func (c Columns) in(path string) bool {
	f, err := input.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	names := header(readHead(f))
	for _, column := range c {
		if !names[strings.ToLower(column.Name)] {
			return false
		}
	}
	return true
}

// readHead is the first kilobytes of a file, as many as can be read.
func readHead(f *os.File) []byte {
	head := make([]byte, headSize)
	n, _ := io.ReadFull(f, head)
	return head[:n]
}

// mappedTable is a table with the columns that the user named.
type mappedTable struct {
	*table
	*collector
	set     *Set
	columns Columns
	unit    string
	clock   clock
}

func readMapped(s *source) error {
	columns := s.options.Columns
	var names []string
	for _, role := range slices.Sorted(maps.Keys(columns)) {
		names = append(names, columns[role].Name)
	}
	t, err := openTable(s.file, s.reader, names...)
	if err != nil {
		return err
	}
	m := &mappedTable{table: t, collector: collect(s), set: s.set, columns: columns, unit: columns["x"].Unit, clock: clock{}}
	if m.unit == "" {
		m.unit = s.options.Unit
	}
	if m.unit == "" {
		return gaze.Problem{File: s.file, Line: 1, Reason: "the unit of positions is not declared; expected x=COLUMN@px or @norm, @screen, @screen-norm"}
	}
	if m.field("image") == "" && m.field("duration") != "" {
		m.alone = &entry{}
	}
	m.naming = "image=COLUMN in the map of columns"
	s.assume("%s in %s", m.timed(), cmp.Or(columns[m.timed()].Unit, "s, as the map of columns declares no unit"))
	if err := s.rows(t, m.add); err != nil {
		return err
	}
	t.noteUnread(s.set)
	return m.finish()
}

// field is the column of a role, "" where the role has none.
func (m *mappedTable) field(role string) string { return m.columns[role].Name }

// timed is the role whose unit tells how long a row is.
func (m *mappedTable) timed() string {
	if m.field("duration") != "" {
		return "duration"
	}
	return "t"
}

// add adds the fixation or the sample of the present row.
func (m *mappedTable) add() error {
	e := entry{screen: strings.HasPrefix(m.unit, "screen"), fixation: gaze.Fixation{Start: math.NaN()}, order: math.NaN()}
	if err := m.names(&e); err != nil {
		return err
	}
	if err := m.positions(&e); err != nil {
		return err
	}
	reason, err := m.lost()
	if err != nil {
		return err
	}
	if name := m.field("duration"); name != "" && missing(m.text(name)) && math.IsNaN(e.fixation.X) && math.IsNaN(e.fixation.Y) {
		e.none = true // between two fixations
		return m.collector.add(m.place(), e)
	}
	if err := m.times(&e); err != nil {
		return err
	}
	if m.field("duration") == "" {
		e.sample = &gaze.Sample{X: e.fixation.X, Y: e.fixation.Y, Time: e.fixation.Start}
		if reason != nil {
			e.lose(e.sample, reason)
		}
	} else if reason != nil {
		e.none = true
		*reason++
	}
	return m.collector.add(m.place(), e)
}

func (m *mappedTable) names(e *entry) error {
	if name := m.field("image"); name != "" {
		if e.image = m.text(name); e.image == "" {
			return m.at(name, "the name of an image")
		}
	}
	e.reader, e.part = m.text(m.field("reader")), m.text(m.field("trial"))
	return nil
}

// positions reads the frame and the position in it.
func (m *mappedTable) positions(e *entry) (err error) {
	norm := strings.HasSuffix(m.unit, "norm")
	switch {
	case m.field("width") != "":
		e.width, e.height, err = m.frame(m.field("width"), m.field("height"))
	case norm:
		e.width, e.height = 1, 1
	}
	if err != nil {
		return err
	}
	f := &e.fixation
	if f.X, err = m.position(m.field("x")); err != nil {
		return err
	}
	if f.Y, err = m.position(m.field("y")); err != nil {
		return err
	}
	if norm {
		f.X, f.Y = f.X*e.width, f.Y*e.height
	}
	return nil
}

// lost is the counter of rows that the tracker marks as the present one, as a blink or as invalid; nil for any other row.
func (m *mappedTable) lost() (reason *int, err error) {
	if name := m.field("validity"); name != "" {
		valid := false
		if m.columns["validity"].Unit == "tobii" {
			valid, err = m.tobiiValid(name)
		} else {
			valid, err = m.flag(name)
		}
		if err != nil {
			return nil, err
		}
		if !valid {
			return &m.set.Dropped.Invalid, nil
		}
	}
	if name := m.field("pupil"); name != "" {
		size := 0.0
		if !missing(m.text(name)) {
			if size, err = m.number(name, "the size of a pupil, or nothing where it is missing", math.Inf(-1)); err != nil {
				return nil, err
			}
		}
		if size <= 0 {
			return &m.set.Dropped.Blinks, nil
		}
	}
	return nil, nil
}

// times reads the duration and the start, which counts from the image's first row.
func (m *mappedTable) times(e *entry) (err error) {
	if name := m.field("duration"); name != "" {
		if e.fixation.Duration, err = m.seconds(name, timeUnits[m.columns["duration"].Unit], 0); err != nil {
			return err
		}
	}
	name := m.field("t")
	if name == "" {
		return nil
	}
	t, err := m.seconds(name, timeUnits[m.columns["t"].Unit], math.Inf(-1))
	if err != nil {
		return err
	}
	e.fixation.Start = m.clock.since(*e, t)
	e.order = e.fixation.Start
	return nil
}
