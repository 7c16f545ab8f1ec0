package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		want    string
	}{
		{"plain", Options{}, "epoch 1: loss -1.235, images per s 12, left 1m5s\nwarning: odd\nerror: bad\n"},
		{"quiet", Options{Quiet: true}, "warning: odd\nerror: bad\n"},
		{"colour", Options{Quiet: true, Colour: true}, "\x1b[33mwarning:\x1b[0m odd\n\x1b[31merror:\x1b[0m bad\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			test.options.Out = &out
			c := New(test.options)
			c.Progress(0.5, "not on a terminal")
			c.Info("epoch 1", "loss", -1.23456, "images_per_s", 12, "left", 65*time.Second)
			c.Warn("odd")
			c.Error("bad")
			if out.String() != test.want {
				t.Errorf("got %q, expected %q", out.String(), test.want)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	c := New(Options{Out: &out, JSON: true, Width: 80})
	c.Progress(0.5, "no bar among JSON")
	c.Info("epoch 1", "loss", -1.5, "left", 1500*time.Millisecond)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%q is not JSON: %v", out.String(), err)
	}
	if line["msg"] != "epoch 1" || line["loss"] != -1.5 || line["level"] != "INFO" || line["left_s"] != 1.5 || line["left"] != nil {
		t.Errorf("got %v", line)
	}
}

func TestLogHasEveryLine(t *testing.T) {
	var out bytes.Buffer
	var log logFile
	c := New(Options{Out: &out, Quiet: true})
	c.Info("before the run folder exists")
	if err := c.Attach(&log); err != nil {
		t.Fatal(err)
	}
	c.Info("after")
	lines := strings.Split(log.String(), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], "  before the run folder exists") || !strings.HasSuffix(lines[1], "  after") {
		t.Errorf("log is %q", log.String())
	}
	if err := c.Close(); err != nil || !log.closed {
		t.Errorf("log closed %v, %v", log.closed, err)
	}
	if out.Len() != 0 {
		t.Errorf("quiet console wrote %q", out.String())
	}
}

func TestProgressLine(t *testing.T) {
	var out bytes.Buffer
	c := New(Options{Out: &out, Width: 40})
	c.Progress(0.5, strings.Repeat("x", 100))
	if got, want := out.String(), clearLine+"[#####.....] "+strings.Repeat("x", 26); got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
	out.Reset()
	c.Progress(0.6, "too soon after the last one")
	c.Info("line")
	if got, want := out.String(), clearLine+"line\n"; got != want {
		t.Errorf("a line over a progress line is %q, expected %q", got, want)
	}
}

// Of similar warnings ten are shown and the others counted, once; of those of another kind none is lost, and the log has all.
func TestSimilarWarnings(t *testing.T) {
	var out bytes.Buffer
	var log logFile
	c := New(Options{Out: &out})
	if err := c.Attach(&log); err != nil {
		t.Fatal(err)
	}
	for i := range 25 {
		c.Warn(fmt.Sprintf("left out: /d %d/items.csv:%d: image \"a b%d.png\": no such file", i, i, i))
		c.Warn(fmt.Sprintf("images \"%d.png\" and \"x.png\" have equal pixels", i))
		c.Info("epoch")
	}
	c.Warn("something else")
	c.Finish()
	c.Finish()
	c.Warn("images \"z.png\" and \"y.png\" have equal pixels")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for want, n := range map[string]int{"warning: left out": 10, "warning: images": 10, "epoch": 25, "something else": 1,
		"warning: 15 more like this: left out: /d 10/": 1, "warning: 15 more like this: images \"10.png\"": 1, "warning: 1 more like this: images \"z.png\"": 1} {
		if got := strings.Count(text, want); got != n {
			t.Errorf("%q comes %d times, expected %d", want, got, n)
		}
	}
	if got := strings.Count(log.String(), "warning: left out"); got != 25 {
		t.Errorf("the log has %d of the warnings", got)
	}
}

// A log or a screen that takes a line no more is told on the other, once, and by Close.
func TestFullDisk(t *testing.T) {
	var out bytes.Buffer
	full := errors.New("no space")
	c := New(Options{Out: &out})
	if err := c.Attach(&limited{lines: 1, err: full}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.Info("line")
	}
	if err := c.Close(); !errors.Is(err, full) || strings.Count(out.String(), "warning: the log is cut short: no space\n") != 1 || strings.Count(out.String(), "line\n") != 3 {
		t.Errorf("%v, the screen has %q", err, out.String())
	}
	var log logFile
	c = New(Options{Out: &limited{lines: 1, err: full}})
	if err := c.Attach(&log); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.Info("line")
	}
	if err := c.Close(); !errors.Is(err, full) || strings.Count(log.String(), "line\n") != 3 || !strings.HasSuffix(log.String(), "error: lines are missing: no space\n") {
		t.Errorf("%v, the log has %q", err, log.String())
	}
}

// limited takes some lines and fails then.
type limited struct {
	lines int
	err   error
}

func (l *limited) Write(p []byte) (int, error) {
	if l.lines--; l.lines < 0 {
		return 0, l.err
	}
	return len(p), nil
}

func (l *limited) Close() error { return nil }

type logFile struct {
	bytes.Buffer
	closed bool
}

func (f *logFile) Close() error {
	f.closed = true
	return nil
}
