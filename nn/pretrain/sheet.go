package pretrain

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"gzpt/kernels/input"
	"gzpt/kernels/plain"
)

// A sheet is a table with commas as RFC 4180 has it, except that fields come back to the byte: package csv makes one line feed
// of a carriage return and a line feed within quotes. Fields are defused, see [plain.Defused].

// writeSheet writes a row. An error of w comes back from its last call at the latest.
func writeSheet(w *bufio.Writer, fields []string) error {
	for i, field := range fields {
		if i > 0 {
			w.WriteByte(',')
		}
		field = plain.Defused(field)
		if len(fields) == 1 && field == "" || strings.ContainsAny(field, ",\"\r\n") || strings.HasPrefix(field, " ") {
			field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
		}
		w.WriteString(field)
	}
	return w.WriteByte('\n')
}

// sheetReader reads the rows of a sheet.
type sheetReader struct {
	r       *bufio.Reader
	records *input.Records
	line    int // on which the row read last begins
	ended   int // lines behind us
}

func newSheetReader(r io.Reader) *sheetReader {
	records := input.NewRecords(r)
	return &sheetReader{r: bufio.NewReader(records), records: records}
}

// row is the next row that is not blank; io.EOF ends the sheet.
func (s *sheetReader) row() ([]string, error) {
	for {
		s.records.Next()
		s.line = s.ended + 1
		fields, err := s.fields()
		if err != nil || len(fields) > 1 || fields[0] != "" {
			return fields, err
		}
	}
}

var errQuotes = errors.New("a quotation mark within a field, expected fields with any between such marks, twice each")

// fields reads a row.
func (s *sheetReader) fields() (fields []string, err error) {
	var field []byte
	var quoted, closed, any bool
	end := func() {
		fields, field, quoted, closed = append(fields, plain.Restored(string(field))), field[:0], false, false
	}
	for {
		c, err := s.r.ReadByte()
		switch {
		case err == io.EOF && !any:
			return nil, io.EOF
		case err == io.EOF && quoted && !closed:
			return nil, errors.New("a quotation mark that is open at the end of the file")
		case err == io.EOF:
			end()
			return fields, nil
		case err != nil:
			return nil, err
		}
		any = true
		if c == '\n' {
			s.ended++
		}
		switch {
		case quoted && !closed && c == '"':
			closed = true
		case quoted && !closed:
			field = append(field, c)
		case c == '"' && closed:
			field, closed = append(field, c), false
		case c == '"' && len(field) == 0:
			quoted = true
		case c == '"':
			return nil, errQuotes
		case c == ',':
			if end(); len(fields) > input.Columns {
				return nil, fmt.Errorf("more than %d fields", input.Columns)
			}
		case c == '\n':
			end()
			return fields, nil
		case c == '\r' && s.beforeLineFeed():
		case closed:
			return nil, errQuotes
		default:
			field = append(field, c)
		}
	}
}

// beforeLineFeed reports whether the next byte is a line feed, as in files that another system has written.
func (s *sheetReader) beforeLineFeed() bool {
	next, err := s.r.Peek(1)
	return err == nil && next[0] == '\n'
}
