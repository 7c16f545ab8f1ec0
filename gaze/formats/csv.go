package formats

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
	"gzpt/kernels/plain"
)

// table reads a text table with a header, row by row. It takes commas, tabs or semicolons, either line end, UTF-8 and,
// where a byte-order mark says so, UTF-16, decimal commas where commas do not separate columns, and an empty column after
// the last one.
type table struct {
	file    string
	reader  *csv.Reader
	records *input.Records // what reader reads
	names   []string
	columns map[string]int // by the name in lower case, and as it is written
	used    []bool         // the columns that were asked for
	row     []string
	failed  error // what ended the reading before its end
	// above is the lines of a preamble before the header.
	above int
}

// openTable reads the header. Every name of required must be there.
func openTable(file string, r io.Reader, required ...string) (*table, error) {
	t, err := startTable(file, input.Text(r, repaired), 0)
	if err != nil {
		return nil, emptyOr(err, file, required...)
	}
	return t, t.require(required...)
}

// openBelow reads the header that is recognises of a whole text, which may have a preamble above it. required is columns that it
// needs, for the error of a file without any.
func openBelow(file string, data []byte, is func(names map[string]bool) bool, required string) (*table, error) {
	t, err := newTable(file, data, max(findHeader(data, is), 0))
	return t, emptyOr(err, file, required)
}

// emptyOr is the error of reading a header: that of an empty file where it is io.EOF.
func emptyOr(err error, file string, required ...string) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	reason := "the file is empty, expected a header"
	if len(required) > 0 {
		reason += " with " + strings.Join(required, ", ")
	}
	return gaze.Problem{File: file, Reason: reason}
}

// readWhole reads a whole file of at most [input.Table] bytes.
func readWhole(file string, r io.Reader) ([]byte, error) {
	data, err := input.ReadAll(r, input.Table)
	if tooLarge := (*input.TooLarge)(nil); errors.As(err, &tooLarge) {
		return nil, gaze.Problem{File: file, Reason: err.Error()}
	}
	return data, err
}

// readDecoded reads a whole text.
func readDecoded(file string, r io.Reader) ([]byte, error) {
	data, err := readWhole(file, r)
	if err != nil {
		return nil, err
	}
	if data, err = decode(data); err != nil {
		return nil, gaze.Problem{File: file, Reason: err.Error()}
	}
	return data, nil
}

// newTable reads the header of a text that has so many lines above it; io.EOF where it has none.
func newTable(file string, data []byte, above int) (*table, error) {
	for range above {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return startTable(file, bytes.NewReader(data), above)
}

// rawTable is a table whose header is not read, of a text in UTF-8.
func rawTable(file string, r io.Reader) *table {
	records := input.NewRecords(r)
	return &table{file: file, reader: csv.NewReader(records), records: records, columns: map[string]int{}}
}

// startTable reads the header of a text that had so many lines above it.
func startTable(file string, r io.Reader, above int) (*table, error) {
	b := bufio.NewReaderSize(r, headSize)
	first, _ := b.Peek(headSize) // a longer line has its separators in there, too
	if err := input.LineEnds(first); err != nil {
		return nil, gaze.Problem{File: file, Line: above + 1, Reason: err.Error()}
	}
	t := rawTable(file, b)
	t.above = above
	t.reader.Comma = separator(first)
	t.reader.FieldsPerRecord = -1
	t.reader.ReuseRecord = true
	t.reader.LazyQuotes = above > 0 // where a preamble is, a program wrote the file, which may not know of quotes
	header, err := t.reader.Read()
	if err == io.EOF {
		return nil, err
	} else if err != nil {
		return nil, t.syntax(err)
	} else if len(header) > input.Columns {
		return nil, gaze.Problem{File: file, Line: above + 1, Reason: fmt.Sprintf("%d columns, expected at most %d", len(header), input.Columns)}
	}
	if n := len(header); n > 1 && strings.TrimSpace(header[n-1]) == "" {
		header = header[:n-1]
	}
	for i, written := range header {
		written = strings.TrimSpace(written)
		t.names = append(t.names, written)
		name := strings.ToLower(written)
		if _, ok := t.columns[name]; ok && above > 0 {
			continue // a program that writes a preamble repeats columns, a sensor each
		} else if ok {
			line, column := t.reader.FieldPos(i)
			return nil, gaze.Problem{File: file, Line: above + line, Column: column, Reason: fmt.Sprintf("column %d has the name of column %d", i+1, t.columns[name]+1)}
		}
		t.columns[name], t.columns[written] = i, i
	}
	t.used = make([]bool, len(t.names))
	return t, nil
}

// require wants columns of a table whose header alone is read.
func (t *table) require(columns ...string) error {
	for _, name := range columns {
		if !t.has(name) {
			return t.problem(fmt.Sprintf("the header lacks the column %q; expected %s", name, strings.Join(columns, ", ")))
		}
	}
	return nil
}

// separator is the candidate that the first line holds most of.
func separator(data []byte) rune {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	best, most := ',', 0
	for _, c := range ",\t;" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// header is the lower-case column names of a file's first line, for recognising its format.
func header(head []byte) map[string]bool {
	head, _ = decode(head) // a head may end within a character
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return columnNames(line)
}

// maxPreamble is how many lines a program may write above a header.
const maxPreamble = 500

// findHeader is the number of lines above the first one whose columns are those of a header, -1 where none is. The last
// line of a head may be cut off.
func findHeader(text []byte, is func(names map[string]bool) bool) int {
	for above := range maxPreamble {
		line, rest, more := bytes.Cut(text, []byte("\n"))
		if len(line) > 0 && is(columnNames(line)) {
			return above
		}
		if !more {
			break
		}
		text = rest
	}
	return -1
}

// columnNames is the fields of a line in lower case.
func columnNames(line []byte) map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Split(string(line), string(separator(line))) {
		names[strings.ToLower(strings.Trim(strings.TrimSpace(name), `"`))] = true
	}
	return names
}

// syntax turns an error of the csv package into a problem.
func (t *table) syntax(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return gaze.Problem{File: t.file, Line: t.above + parse.Line, Column: parse.Column, Reason: parse.Err.Error()}
	}
	t.failed = gaze.Problem{File: t.file, Reason: err.Error()}
	return t.failed
}

// next moves to the next row; io.EOF ends the table. After a Problem reading can go on, unless it has failed.
func (t *table) next() error {
	if t.failed != nil {
		return t.failed
	}
	t.records.Next()
	row, err := t.reader.Read()
	if err == io.EOF {
		return err
	} else if err != nil {
		return t.syntax(err)
	}
	if n := len(row); n == len(t.names)+1 && strings.TrimSpace(row[n-1]) == "" {
		row = row[:n-1]
	}
	t.row = row
	if len(row) != len(t.names) {
		return t.problem(fmt.Sprintf("%d fields, expected %d as in the header", len(row), len(t.names)))
	}
	return nil
}

func (t *table) has(column string) bool {
	_, ok := t.find(column)
	return ok
}

// find is where a column is; its name may be in either case. The reader's "" is none, although a file may have one.
func (t *table) find(column string) (int, bool) {
	if column == "" {
		return 0, false
	}
	i, ok := t.columns[column]
	if !ok {
		i, ok = t.columns[strings.ToLower(column)]
	}
	if ok {
		t.used[i] = true
	}
	return i, ok
}

// telling is what columns are called that a reader, a trial or a start stands in, as a whole word of their names.
var telling = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:subjects?|participants?|readers?|observers?|raters?|viewers?|experts?|radiologists?|annotators?|users?|sessions?|trials?|blocks?|runs?|repetitions?|start|onset|timestamps?|times?)(?:[^a-z]|$)`)

// noteUnread names the columns that nothing has asked for although they look as if they told readers, trials or times
// apart: without them these may become one scanpath.
func (t *table) noteUnread(set *Set) {
	var names []string
	for i, name := range t.names {
		if !t.used[i] && telling.MatchString(name) {
			names = append(names, strconv.Quote(name))
		}
	}
	if len(names) > 0 {
		set.note("%s: not read, although by their names they may tell readers, trials or times apart: %s", filepath.Base(t.file), strings.Join(names, ", "))
	}
}

// first is the first of the columns that the table has, "" where it has none.
func (t *table) first(columns ...string) string {
	for _, column := range columns {
		if t.has(column) {
			return column
		}
	}
	return ""
}

// line is the line on which the row begins.
func (t *table) line() int {
	line, _ := t.reader.FieldPos(0)
	return t.above + line
}

func (t *table) problem(reason string) gaze.Problem {
	return gaze.Problem{File: t.file, Line: t.line(), Reason: reason}
}

// at is a problem with one field of the row.
func (t *table) at(column, expected string) gaze.Problem {
	i, _ := t.find(column)
	line, col := t.reader.FieldPos(i)
	return gaze.Problem{File: t.file, Line: t.above + line, Column: col, Reason: fmt.Sprintf("%s is %s, expected %s", column, plain.Quote(t.row[i]), expected)}
}

// text is a field without the blanks around it, "" where the table has no such column.
func (t *table) text(column string) string {
	i, ok := t.find(column)
	if !ok {
		return ""
	}
	return strings.TrimSpace(t.row[i])
}

// missing reports whether a field says that there is no value.
func missing(field string) bool {
	switch strings.ToLower(field) {
	case "", ".", "n/a", "nan":
		return true
	}
	return false
}

// maxPosition bounds positions, which may lie far off the frame where a tracker is lost, but not beyond reckoning.
const maxPosition = 1e9

// position is a number that may be missing, which gives NaN.
func (t *table) position(column string) (float64, error) {
	if missing(t.text(column)) {
		return math.NaN(), nil
	}
	v, err := t.number(column, "a number, or nothing where it is missing", math.Inf(-1))
	if err == nil && math.Abs(v) > maxPosition {
		return 0, t.at(column, "a number of at most 1e9, or nothing where it is missing")
	}
	return v, err
}

// decimal reads a number, which may have a decimal comma where commas do not separate fields.
func decimal(text string, separator rune) (float64, error) {
	if separator != ',' {
		text = strings.Replace(text, ",", ".", 1)
	}
	return parseNumber(text)
}

// parseNumber reads a decimal number. What Go takes besides is none in a file of gaze: 0x10 for 16, 1_0 for 10.
func parseNumber(text string) (float64, error) {
	if strings.ContainsAny(text, "xX_") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}

// number is a finite number of at least least.
func (t *table) number(column, expected string, least float64) (float64, error) {
	v, err := decimal(t.text(column), t.reader.Comma)
	if err != nil || !finite(v) || v < least {
		return 0, t.at(column, expected)
	}
	return v, nil
}

// maxFrame bounds the sides of a frame: beyond it the file is wrong.
const maxFrame = 100_000

// frame is the width and height of the row's coordinates, in pixels.
func (t *table) frame(width, height string) (w, h float64, err error) {
	for _, side := range []struct {
		column string
		value  *float64
	}{{width, &w}, {height, &h}} {
		*side.value, err = t.number(side.column, "a size in pixels, 1 to 100000", 1)
		if err != nil {
			return 0, 0, err
		}
		if *side.value > maxFrame {
			return 0, 0, t.at(side.column, "a size in pixels, 1 to 100000")
		}
	}
	return w, h, nil
}

// maxSeconds bounds times: three centuries, which leaves room for a clock that counts from 1970.
const maxSeconds = 1e10

// seconds is a time of at least least, in units of unit seconds, given in seconds.
func (t *table) seconds(column string, unit, least float64) (float64, error) {
	expected := "a time"
	if least == 0 {
		expected = "a time that is not negative"
	}
	v, err := t.number(column, expected, least)
	if err == nil && math.Abs(v*unit) > maxSeconds {
		return 0, t.at(column, "a time of less than 1e10 seconds")
	}
	return v * unit, err
}

// flag is a field that says yes or no.
func (t *table) flag(column string) (bool, error) {
	switch strings.ToLower(t.text(column)) {
	case "1", "true", "1.0":
		return true, nil
	case "0", "false", "0.0":
		return false, nil
	}
	return false, t.at(column, "1 or 0, true or false")
}

// milliseconds is a time in milliseconds, given in seconds.
func (t *table) milliseconds(column string, least float64) (float64, error) {
	expected := "a time in milliseconds"
	if least == 0 {
		expected = "a time in milliseconds that is not negative"
	}
	v, err := t.number(column, expected, least)
	return v / 1000, err
}
