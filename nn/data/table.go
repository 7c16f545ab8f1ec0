package data

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// table reads a text table with a header, row by row. It takes commas, tabs or semicolons, either line end, and a
// byte-order mark; names of columns are compared without regard to case.
type table struct {
	file    string
	reader  *csv.Reader
	names   []string
	columns map[string]int // lower case
	row     []string
}

func newTable(file string, content []byte) (*table, error) {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(content, []byte(mark)) {
			return nil, Problem{File: file, Line: 1, Reason: "UTF-16 text, expected UTF-8"}
		}
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	t := &table{file: file, reader: csv.NewReader(bytes.NewReader(content)), columns: map[string]int{}}
	t.reader.Comma = separator(content)
	t.reader.FieldsPerRecord = -1
	header, err := t.reader.Read()
	if err == io.EOF {
		return nil, Problem{File: file, Reason: "the file is empty, expected a header with the column image"}
	} else if err != nil {
		return nil, t.syntax(err)
	}
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
	row, err := t.reader.Read()
	if err == io.EOF {
		return err
	} else if err != nil {
		return t.syntax(err)
	}
	t.row = row
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

// need checks that the columns are there; "" needs none.
func (t *table) need(columns ...string) error {
	for _, c := range columns {
		if _, ok := t.columns[strings.ToLower(c)]; !ok && c != "" {
			return Problem{File: t.file, Line: 1, Reason: fmt.Sprintf("no column %q, there are: %s", c, strings.Join(t.names, ", "))}
		}
	}
	return nil
}
