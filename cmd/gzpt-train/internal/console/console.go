// Package console writes what a long run tells: lines for a person or JSON for a program, a progress line where there is
// a terminal, and all lines once more into the run's log.
package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	// unshown and unlogged are the first errors of writing to Out and to the log.
	unshown, unlogged error
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

// Close removes the progress line, says what was not shown, and closes the log. The error says why a line that was written
// before is missing on Out or in the log.
func (c *Console) Close() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.clear()
	c.tellHidden()
	if c.unshown != nil && c.log != nil {
		c.record(c.format(slog.NewRecord(time.Now(), slog.LevelError, fmt.Sprintf("lines are missing: %v", c.unshown), 0), false, true))
	}
	return errors.Join(c.unshown, c.unlogged, c.closeLog())
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
	c.record(c.format(r, false, true))
}

// record writes a line to the log, and says where the log is cut short.
func (c *Console) record(line string) {
	if c.log == nil {
		c.early.WriteString(line)
		return
	}
	if _, err := io.WriteString(c.log, line); err != nil && c.unlogged == nil {
		c.unlogged = err
		c.print(slog.NewRecord(time.Now(), slog.LevelWarn, fmt.Sprintf("the log is cut short: %v", err), 0))
	}
}

// show writes to the screen.
func (c *Console) show(text string) {
	if _, err := io.WriteString(c.options.Out, text); err != nil && c.unshown == nil {
		c.unshown = err
	}
}

// print shows a record.
func (c *Console) print(r slog.Record) {
	if !c.options.Quiet || r.Level > slog.LevelInfo {
		c.clear()
		c.show(c.format(r, c.options.Colour, false))
	}
}

// inSeconds names the unit of a time for a program, which would have nanoseconds without a word.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key+"_s", a.Value.Duration().Seconds())
	}
	return a
}

// format is the line of a record: in the log with its time, on the screen perhaps with colour.
func (c *Console) format(r slog.Record, colour, stamp bool) string {
	if c.options.JSON {
		var b bytes.Buffer
		slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: inSeconds}).Handle(context.Background(), r) // writing to memory does not fail
		return quoted(b.String())
	}
	line := text(r, colour)
	if stamp {
		line = r.Time.Format(time.DateTime) + "  " + line
	}
	return line
}
