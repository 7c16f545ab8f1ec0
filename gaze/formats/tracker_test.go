package formats

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gzpt/gaze"
)

// account is all that was read, in a line for each recording and one for what was dropped, if anything.
func account(set *Set) string {
	var b strings.Builder
	for _, r := range set.Recordings {
		fmt.Fprintf(&b, "%s/%s %.6gx%.6g", r.Image, r.Reader, r.Width, r.Height)
		if r.Screen {
			b.WriteString(" screen")
		}
		if r.Resolution.Known() {
			fmt.Fprintf(&b, " %.5g,%.5g px/deg", r.Resolution.X, r.Resolution.Y)
		}
		b.WriteString(":")
		for _, f := range r.Fixations {
			fmt.Fprintf(&b, " (%.6g %.6g %.6g+%.6g)", f.X, f.Y, f.Start, f.Duration)
			if f.Resolution.Known() {
				fmt.Fprintf(&b, "[%.4g,%.4g]", f.Resolution.X, f.Resolution.Y)
			}
		}
		for _, s := range r.Samples {
			if s.Lost() {
				fmt.Fprintf(&b, " lost@%.6g", s.Time)
			} else {
				fmt.Fprintf(&b, " %.6g,%.6g@%.6g", s.X, s.Y, s.Time)
			}
		}
		b.WriteString("\n")
	}
	if set.Dropped.Any() {
		fmt.Fprintf(&b, "dropped: %s\n", set.Dropped)
	}
	return b.String()
}

// goodFile is a file that is read, and what comes of it.
type goodFile struct {
	name, file, text string
	options          ReadOptions
	want             string
}

// testGood reads files both by name of the format and, without options, by recognising them.
func testGood(t *testing.T, format string, files []goodFile) {
	t.Helper()
	for _, tc := range files {
		set, err := readText(tc.file, format, tc.text, tc.options)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if got := account(set); got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", tc.name, got, tc.want)
		}
		var found []string
		for _, f := range formats {
			if f.sniff([]byte(tc.text)) {
				found = append(found, f.name)
			}
		}
		if tc.options.Columns == nil && fmt.Sprint(found) != fmt.Sprint([]string{format}) {
			t.Errorf("%s: recognised as %v, want %s alone", tc.name, found, format)
		}
	}
}

// badFile is a file with an error, whole.
type badFile struct {
	name, file, text string
	options          ReadOptions
	want             string
	// fatal says that the error is not of a row: SkipBad does not help.
	fatal bool
}

// testBad wants the exact error, and with SkipBad the same one listed and the rest read.
func testBad(t *testing.T, format string, files []badFile) {
	t.Helper()
	for _, tc := range files {
		_, err := readText(tc.file, format, tc.text, tc.options)
		var p gaze.Problem
		if !errors.As(err, &p) || err.Error() != tc.want {
			t.Errorf("%s: error\n%v\nwant\n%s", tc.name, err, tc.want)
			continue
		}
		tc.options.SkipBad = true
		set, err := readText(tc.file, format, tc.text, tc.options)
		if tc.fatal {
			if err == nil || err.Error() != tc.want {
				t.Errorf("%s: with SkipBad, error %v", tc.name, err)
			}
			continue
		}
		if err != nil || len(set.Skips) == 0 || set.Skips[0].Error() != tc.want {
			t.Errorf("%s: with SkipBad, skips %v, error %v", tc.name, set.Skips, err)
		} else if len(set.Recordings) == 0 {
			t.Errorf("%s: with SkipBad, the good rows are lost", tc.name)
		}
	}
}
