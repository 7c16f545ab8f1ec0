package console

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// text is a record as a line for a person: "message: key value, key value".
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
		word = shade + word + plain
	}
	if word != "" {
		b.WriteString(word + " ")
	}
	b.WriteString(r.Message)
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
	return fmt.Sprint(v)
}

// Duration is a duration to the second, or shorter ones to the millisecond.
func Duration(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
