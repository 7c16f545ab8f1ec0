package console

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"gzpt/kernels/plain"
)

const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	reset  = "\x1b[0m"
)

// text is a record as a line for a person: "message: key value, key value". What comes of files in it cannot move the
// cursor, and of an error alone may lines follow.
func text(r slog.Record, colour bool) string {
	var b strings.Builder
	word, shade := "", ""
	switch r.Level {
	case slog.LevelWarn:
		word, shade = "warning:", yellow
	case slog.LevelError:
		word, shade = "error:", red
	}
	if word != "" && colour {
		word = shade + word + reset
	}
	if word != "" {
		b.WriteString(word + " ")
	}
	message := plain.Text(r.Message)
	if r.Level == slog.LevelError {
		message = plain.Lines(r.Message)
	}
	b.WriteString(message)
	separator := ": "
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(separator + strings.ReplaceAll(a.Key, "_", " ") + " " + value(a.Value.Any()))
		separator = ", "
		return true
	})
	b.WriteByte('\n')
	return b.String()
}

// value writes numbers as short as they can be compared and durations to the second.
func value(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case time.Duration:
		return Duration(v)
	}
	return plain.Text(fmt.Sprint(v))
}

// Duration is a duration to the second, or shorter ones to the millisecond.
func Duration(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// quoted is a line of JSON with every character that has no shape of its own as JSON writes it. The line feed is its end.
func quoted(line string) string {
	body := strings.TrimSuffix(line, "\n")
	var b strings.Builder
	for _, r := range body {
		switch {
		case plain.Text(string(r)) == string(r) || r == utf8.RuneError:
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	return b.String() + line[len(body):]
}
