// Package console writes what a long run tells: lines for a person or JSON for a program, a progress line where there is
// a terminal, and all lines once more into the run's log.
package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

// Options says where lines go and in what form.
type Options struct {
	// Out takes the lines: standard error.
	Out io.Writer
	// Width is the number of columns of the terminal behind Out, 0 where there is none: then there is no progress line.
	Width int
	// Colour marks warnings and errors by colour.
	Colour bool
	// Quiet writes only warnings and errors to Out; the log has everything.
	Quiet bool
	// JSON writes one JSON object a line, as log/slog does.
	JSON bool
}

// Console writes lines. Its methods may be called by several goroutines at once.
type Console struct {
	mutex   sync.Mutex
	options Options
	// log is the file of the run; until there is one, the lines gather in early.
	log    io.WriteCloser
	early  bytes.Buffer
	bar    bool // the progress line is on the screen
	redraw time.Time
	kinds  kinds
}

// New makes a console.
func New(o Options) *Console {
	if o.JSON || o.Quiet {
		o.Width = 0
	}
	return &Console{options: o}
}

// Attach copies every line to w from now on, and first those that no log has taken yet. It closes the log before.
func (c *Console) Attach(w io.WriteCloser) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	err := c.closeLog()
	c.log = w
	_, failed := c.early.WriteTo(w)
	return errors.Join(err, failed)
}

// Close removes the progress line, says what was not shown, and closes the log.
func (c *Console) Close() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.clear()
	c.tellHidden()
	return c.closeLog()
}

func (c *Console) closeLog() error {
	if c.log == nil {
		return nil
	}
	log := c.log
	c.log = nil
	return log.Close()
}

// Info says how things go: a message and pairs of key and value, as in log/slog.
func (c *Console) Info(message string, pairs ...any) { c.write(slog.LevelInfo, message, pairs) }

// Warn says that something is probably not as the user wants it. Of many warnings that differ in names and numbers
// alone, the first ten are shown, and the others counted by Finish or Close; the log has all.
func (c *Console) Warn(message string, pairs ...any) { c.write(slog.LevelWarn, message, pairs) }

// Error says why the command fails, in a line or several: those of [plain.Error].
func (c *Console) Error(message string, pairs ...any) { c.write(slog.LevelError, message, pairs) }

func (c *Console) write(level slog.Level, message string, pairs []any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	r := slog.NewRecord(time.Now(), level, message, 0)
	r.Add(pairs...)
	if level != slog.LevelWarn || c.kinds.show(message) {
		c.print(r)
	}
	line := c.format(r, false, true)
	if c.log == nil {
		c.early.WriteString(line)
		return
	}
	io.WriteString(c.log, line)
}

// print shows a record.
func (c *Console) print(r slog.Record) {
	if !c.options.Quiet || r.Level > slog.LevelInfo {
		c.clear()
		io.WriteString(c.options.Out, c.format(r, c.options.Colour, false))
	}
}

// format is the line of a record: in the log with its time, on the screen perhaps with colour.
func (c *Console) format(r slog.Record, colour, stamp bool) string {
	if c.options.JSON {
		var b bytes.Buffer
		slog.NewJSONHandler(&b, nil).Handle(context.Background(), r) // writing to memory does not fail
		return quoted(b.String())
	}
	line := text(r, colour)
	if stamp {
		line = r.Time.Format(time.DateTime) + "  " + line
	}
	return line
}
