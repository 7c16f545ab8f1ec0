package formats

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"gzpt/gaze"
	"gzpt/kernels/input"
	"gzpt/kernels/plain"
)

// jsonReader reads a JSON text value by value, so that a file need not fit into memory and an error can say its line.
type jsonReader struct {
	file    string
	decoder *json.Decoder
	lines   *lineReader
	depth   int  // of brackets
	broken  bool // the text is no JSON: nothing can be read after that
	began   int  // the line on which the object read last begins
}

func openJSON(file string, r io.Reader) *jsonReader {
	buffered := bufio.NewReader(r)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		buffered.Discard(3)
	}
	j := &jsonReader{file: file, lines: &lineReader{reader: input.Limit(buffered, input.Table/4)}}
	j.decoder = json.NewDecoder(j.lines)
	j.decoder.UseNumber()
	return j
}

// lineReader notes where the lines end of what is read through it.
type lineReader struct {
	reader io.Reader
	offset int64
	passed int     // lines that ended before ends[0]
	ends   []int64 // offsets of line ends
}

func (l *lineReader) Read(p []byte) (int, error) {
	n, err := l.reader.Read(p)
	for i, c := range p[:n] {
		if c == '\n' && len(l.ends) == maxLines {
			return 0, errTooManyLines
		}
		if c == '\n' {
			l.ends = append(l.ends, l.offset+int64(i))
		}
	}
	l.offset += int64(n)
	return n, err
}

// maxLines bounds the lines within what is read at once, and maxDepth the brackets that are open.
const (
	maxLines = 1 << 20
	maxDepth = 1000
)

var errTooManyLines = fmt.Errorf("more than %d lines within a value, expected a JSON text", maxLines)

// line is the line of an offset, which must not go back.
func (l *lineReader) line(offset int64) int {
	n, _ := slices.BinarySearch(l.ends, offset)
	l.passed += n
	l.ends = l.ends[n:]
	return l.passed + 1
}

// line is the line on which the value read last ends.
func (j *jsonReader) line() int { return j.lines.line(j.decoder.InputOffset()) }

func (j *jsonReader) problem(format string, a ...any) gaze.Problem {
	return gaze.Problem{File: j.file, Line: j.line(), Reason: fmt.Sprintf(format, a...)}
}

// token is the next bracket, string, number, boolean or null; at the end of the file it is io.EOF.
func (j *jsonReader) token() (json.Token, error) {
	token, err := j.decoder.Token()
	var syntax *json.SyntaxError
	switch {
	case err == io.EOF && j.depth == 0:
		j.broken = true
		return nil, err
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		j.broken = true
		return nil, j.problem("the file ends within a value, expected the rest of the JSON text")
	case errors.As(err, &syntax):
		j.broken = true
		return nil, j.problem("%v, expected a JSON text", err)
	case err != nil:
		j.broken = true
		return nil, gaze.Problem{File: j.file, Reason: err.Error()}
	}
	switch token {
	case json.Delim('['), json.Delim('{'):
		if j.depth++; j.depth > maxDepth {
			j.broken = true
			return nil, j.problem("more than %d brackets within each other", maxDepth)
		}
	case json.Delim(']'), json.Delim('}'):
		j.depth--
	}
	return token, nil
}

// leave reads on to where so many brackets are open.
func (j *jsonReader) leave(depth int) error {
	for j.depth > depth {
		if _, err := j.token(); err != nil {
			return err
		}
	}
	return nil
}

// skip reads over a value.
func (j *jsonReader) skip() error {
	depth := j.depth
	if _, err := j.value(); err != nil {
		return err
	}
	return j.leave(depth)
}

// value is a token that must be there.
func (j *jsonReader) value() (json.Token, error) {
	token, err := j.token()
	if err == io.EOF {
		return nil, j.problem("the file ends, expected a value")
	}
	return token, err
}

// open reads the bracket that opens a value.
func (j *jsonReader) open(bracket json.Delim, name, expected string) error {
	token, err := j.value()
	switch token.(type) { // a text may be that of any file
	case string:
		token = kindOfToken("a text")
	case json.Number:
		token = kindOfToken("a number")
	}
	if err == nil && token != bracket {
		return j.unexpected(name, token, expected)
	}
	return err
}

// kindOfToken stands for a token in an error.
type kindOfToken string

func (j *jsonReader) unexpected(name string, token json.Token, expected string) gaze.Problem {
	text := fmt.Sprint(token)
	switch token := token.(type) {
	case nil:
		text = "null"
	case string:
		text = plain.Quote(token)
	case json.Delim:
		text = map[json.Delim]string{'[': "a list", '{': "an object", ']': "the end of a list", '}': "the end of an object"}[token]
	}
	return j.problem("%s is %s, expected %s", name, text, expected)
}

// array calls each for every element of a list; each reads it.
func (j *jsonReader) array(name, expected string, each func() error) error {
	if err := j.open('[', name, expected); err != nil {
		return err
	}
	for j.decoder.More() {
		if err := each(); err != nil {
			return err
		}
	}
	_, err := j.token()
	return err
}

// object calls each for every key of an object; each reads its value.
func (j *jsonReader) object(name string, each func(key string) error) error {
	if err := j.open('{', name, "an object"); err != nil {
		return err
	}
	j.began = j.line()
	for j.decoder.More() {
		token, err := j.token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return j.unexpected("a key of "+name, token, "a string")
		}
		if err := each(key); err != nil {
			return err
		}
	}
	_, err := j.token()
	return err
}

// number reads a finite number of at least least.
func (j *jsonReader) number(name, expected string, least float64) (float64, error) {
	token, err := j.value()
	if err != nil {
		return 0, err
	}
	number, ok := token.(json.Number)
	if !ok {
		return 0, j.unexpected(name, token, expected)
	}
	v, err := strconv.ParseFloat(number.String(), 64)
	if err != nil || !finite(v) || v < least {
		return 0, j.unexpected(name, token, expected)
	}
	return v, nil
}

// numbers reads a list of them.
func (j *jsonReader) numbers(name, expected string, least float64) ([]float64, error) {
	var all []float64
	err := j.array(name, "a list", func() error {
		v, err := j.number(name, expected, least)
		all = append(all, v)
		return err
	})
	return all, err
}

// text reads a string, or a number as its text.
func (j *jsonReader) text(name, expected string) (string, error) {
	token, err := j.value()
	if err != nil {
		return "", err
	}
	switch token := token.(type) {
	case string:
		return token, nil
	case json.Number:
		return token.String(), nil
	}
	return "", j.unexpected(name, token, expected)
}

// end wants nothing after the value.
func (j *jsonReader) end() error {
	token, err := j.token()
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	}
	return j.unexpected("what follows", token, "the end of the file")
}
