package data

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// table reads a text table with a header, row by row. It takes commas, tabs or semicolons, either line end, a byte-order
// mark, UTF-16 and the line sep= of spreadsheets, and passes over rows without anything in them; names of columns are
// compared without regard to case.
type table struct {
	image   string // the column of names
	file    string
	reader  *csv.Reader
	names   []string
	header  int            // the line of the names
	columns map[string]int // lower case
	row     []string
}

func newTable(file string, content []byte) (*table, error) {
	content = utf8Text(content)
	content, comma := declaredSeparator(content)
	t := &table{file: file, reader: csv.NewReader(bytes.NewReader(content)), columns: map[string]int{}}
	t.reader.Comma = comma
	t.reader.FieldsPerRecord = -1
	header, err := t.reader.Read()
	if err == io.EOF {
		return nil, Problem{File: file, Reason: "the file is empty, expected a header with the column image"}
	} else if err != nil {
		return nil, t.syntax(err)
	}
	t.header = t.line()
	for i, name := range header {
		name = strings.TrimSpace(name)
		t.names = append(t.names, name)
		if _, ok := t.columns[strings.ToLower(name)]; ok && name != "" {
			return nil, Problem{File: file, Line: t.line(), Reason: fmt.Sprintf("the column %q comes twice", name)}
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
	units := make([]uint16, len(content)/2-1)
	for i := range units {
		units[i] = order.Uint16(content[2*i+2:])
	}
	return []byte(string(utf16.Decode(units)))
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
	return err
}

// next moves to the next row; io.EOF ends the table. After a Problem reading can go on.
func (t *table) next() error {
	for {
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
	for _, c := range columns {
		if c != "" && !t.has(c) {
			return Problem{File: t.file, Line: t.header, Reason: fmt.Sprintf("no column %q, there are: %s", c, strings.Join(t.names, ", "))}
		}
	}
	return nil
}

// missing reports whether a text of a table stands for a missing value, as spreadsheets, R, pandas and data bases write it.
func missing(text string) bool {
	switch strings.ToLower(text) {
	case "", ".", "nan", "na", "n/a", "null", "-", "<na>", "#n/a", `\n`:
		return true
	}
	return false
}
