package data

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"gzpt/kernels/input"
	"gzpt/kernels/plain"
)

// table reads a text table with a header, row by row. It takes commas, tabs or semicolons, either line end, a byte-order
// mark, UTF-16 and the line sep= of spreadsheets, and passes over rows without anything in them; names of columns are
// compared without regard to case.
type table struct {
	image   string // the column of names
	file    string
	reader  *csv.Reader
	records *input.Records // what reader reads
	names   []string
	header  int            // the line of the names
	columns map[string]int // lower case
	// repeated is a column that comes twice, "" where none does.
	repeated string
	row      []string
}

func newTable(file string, content []byte) (*table, error) {
	content = utf8Text(content)
	if err := input.LineEnds(content); err != nil {
		return nil, Problem{File: file, Line: 1, Reason: err.Error()}
	}
	content, comma := declaredSeparator(content)
	records := input.NewRecords(bytes.NewReader(content))
	t := &table{file: file, reader: csv.NewReader(records), records: records, columns: map[string]int{}}
	t.reader.Comma = comma
	t.reader.FieldsPerRecord = -1
	header, err := t.reader.Read()
	if err == io.EOF {
		return nil, Problem{File: file, Reason: "the file is empty, expected a header with the column image"}
	} else if err != nil {
		return nil, t.syntax(err)
	}
	if len(header) > input.Columns {
		return nil, Problem{File: file, Line: 1, Reason: fmt.Sprintf("%d columns, expected at most %d", len(header), input.Columns)}
	}
	t.header = t.line()
	for i, name := range header {
		name = strings.TrimSpace(name)
		t.names = append(t.names, name)
		if _, ok := t.columns[strings.ToLower(name)]; ok && name != "" {
			t.repeated = cmp.Or(t.repeated, name)
		}
		t.columns[strings.ToLower(name)] = i
	}
	return t, nil
}

// utf8Text is a text without its byte-order mark, in UTF-8.
func utf8Text(content []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(content, []byte("\ufeff"))
	}
	text := make([]byte, 0, len(content))
	content = content[2:]
	for ; len(content) > 1; content = content[2:] {
		r := rune(order.Uint16(content))
		if utf16.IsSurrogate(r) && len(content) > 3 {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(content[2:]))); pair != utf8.RuneError {
				r, content = pair, content[2:]
			}
		}
		text = utf8.AppendRune(text, r) // half a pair becomes the replacement character
	}
	return text
}

// declaredSeparator is the separator that a first line such as sep=; declares, and the text with that line left blank,
// so that lines keep their numbers; without one, the separator that the first line holds most of.
func declaredSeparator(content []byte) ([]byte, rune) {
	line, rest, _ := bytes.Cut(content, []byte("\n"))
	word := strings.TrimSuffix(string(line), "\r")
	if len(word) != len("sep=;") || !strings.EqualFold(word[:4], "sep=") || !strings.Contains(",;\t|", word[4:]) {
		return content, separator(content)
	}
	return append([]byte("\n"), rest...), rune(word[4])
}

// separator is the candidate that the first line holds most of.
func separator(content []byte) rune {
	line, _, _ := bytes.Cut(content, []byte("\n"))
	best, most := ',', 0
	for _, c := range ",\t;" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// syntax turns an error of the csv package into a problem.
func (t *table) syntax(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return Problem{File: t.file, Line: parse.StartLine, Reason: parse.Err.Error()} // an open quote ends far below
	}
	return fmt.Errorf("%s: %w", t.file, err)
}

// next moves to the next row; io.EOF ends the table. After a Problem reading can go on.
func (t *table) next() error {
	for {
		t.records.Next()
		row, err := t.reader.Read()
		if err == io.EOF {
			return err
		} else if err != nil {
			return t.syntax(err)
		}
		if t.row = row; strings.TrimSpace(strings.Join(row, "")) != "" {
			break
		}
	}
	row := t.row
	if len(row) != len(t.names) {
		return t.problem(fmt.Sprintf("%d fields, expected %d as in the header", len(row), len(t.names)))
	}
	return nil
}

// line is the line on which the row begins.
func (t *table) line() int {
	line, _ := t.reader.FieldPos(0)
	return line
}

func (t *table) problem(reason string) Problem {
	return Problem{File: t.file, Line: t.line(), Reason: reason}
}

// text is a field without the blanks around it, "" where the table has no such column. A column without a name, such as the
// row numbers that pandas writes, is nobody's.
func (t *table) text(column string) string {
	i, ok := t.columns[strings.ToLower(column)]
	if !ok || column == "" {
		return ""
	}
	return strings.TrimSpace(t.row[i])
}

// word is a field that stands for a missing value as "", and any other as it is.
func (t *table) word(column string) string {
	if text := t.text(column); !missing(text) {
		return text
	}
	return ""
}

// name is the image that the row is of.
func (t *table) name() string { return t.text(t.image) }

// has reports whether there is a column.
func (t *table) has(column string) bool {
	_, ok := t.columns[strings.ToLower(column)]
	return ok
}

// need checks that the columns are there; "" needs none.
func (t *table) need(columns ...string) error {
	if t.repeated != "" && t.has(t.image) {
		return Problem{File: t.file, Line: t.header, Reason: fmt.Sprintf("the column %s comes twice", plain.Quote(t.repeated))}
	}
	for _, c := range columns {
		if c != "" && !t.has(c) {
			reason := fmt.Sprintf("no column %q%s", c, t.columnsText())
			return Problem{File: t.file, Line: t.header, Reason: reason, Err: MissingColumn{c, reason}}
		}
	}
	return nil
}

// MissingColumn is the error that there is no such column.
type MissingColumn struct{ Column, Reason string }

func (m MissingColumn) Error() string { return m.Reason }

// mostNames is how many columns an error names.
const mostNames = 30

// nameColumns is what columns of images' names are called.
var nameColumns = []string{"filename", "file_name", "file name", "file", "path", "image_path", "image_name", "image_id", "imageid", "img", "name", "id", "dicom_id"}

// columnsText is the columns that there are. A file without the column of images' names may be any: nothing of it is shown but
// which of the usual names of such a column it has.
func (t *table) columnsText() string {
	if !t.has(t.image) {
		for _, usual := range nameColumns {
			if t.has(usual) {
				return fmt.Sprintf(", but one %q", usual)
			}
		}
		return fmt.Sprintf(" among the %d of the file", len(t.names))
	}
	var names []string
	for _, name := range t.names[:min(len(t.names), mostNames)] {
		names = append(names, brief(name))
	}
	text := ", there are: " + strings.Join(names, ", ")
	if more := len(t.names) - mostNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// brief is the beginning of a name, for an error.
func brief(name string) string {
	const longest = 60
	if runes := []rune(name); len(runes) > longest {
		name = string(runes[:longest]) + "..."
	}
	return plain.Text(name)
}

// missing reports whether a text of a table stands for a missing value, as spreadsheets, R, pandas and data bases write it.
func missing(text string) bool {
	switch strings.ToLower(text) {
	case "", ".", "nan", "na", "n/a", "null", "-", "<na>", "#n/a", `\n`:
		return true
	}
	return false
}
