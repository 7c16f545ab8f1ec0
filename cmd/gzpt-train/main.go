// Command gzpt-train pre-trains image encoders on medical images so that images which people look at alike end up close
// together. gzpt-train help lists what it does; without arguments it trains on made-up images and shows whether their
// made-up gaze helps.
//
// The command reads flags, wires the packages together, and reports; it computes nothing itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"gzpt/cmd/gzpt-train/internal/console"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
)

// The exit statuses, which scripts rely on.
const (
	statusDone        = 0
	statusFailed      = 1
	statusUsage       = 2
	statusInterrupted = 130
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func usagef(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

func main() {
	ctx, stop := interruptible(os.Stderr)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run carries out the command and returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	v, rest, err := pickVerb(args)
	if err != nil {
		fmt.Fprintf(stderr, "error: %v\n", err)
		return statusUsage
	}
	e := &environment{args: args, stdout: stdout}
	f := newFlags(v.name)
	f.addCommon(&e.common)
	work := v.build(f)
	switch err := f.parse(rest); {
	case errors.Is(err, pflag.ErrHelp):
		fmt.Fprint(stdout, v.help(f))
		return statusDone
	case err != nil:
		fmt.Fprintf(stderr, "error: %v\nrun '%s %s --help' for the flags\n", err, program, v.name)
		return statusUsage
	}
	e.console = console.New(e.consoleOptions(stderr))
	status := e.status(v, work(ctx, e, f.arguments()))
	if err := e.console.Close(); err != nil && status == statusDone {
		fmt.Fprintf(stderr, "error: %v\n", err)
		return statusFailed
	}
	return status
}

// status reports an error and turns it into the exit status.
func (e *environment) status(v *verb, err error) int {
	var usage usageError
	e.console.Finish()
	switch {
	case err == nil:
		return statusDone
	case errors.Is(err, context.Canceled):
		e.console.Warn("interrupted")
		return statusInterrupted
	case errors.As(err, &usage):
		e.console.Error(err.Error())
		e.console.Error(fmt.Sprintf("run '%s %s --help' for the flags", program, v.name))
		return statusUsage
	}
	e.console.Error(err.Error() + hint(err))
	return statusFailed
}

// hint names the flags that help against an error of a package, which knows of none.
func hint(err error) string {
	for _, h := range []struct {
		kind error
		flag string
	}{
		{pretrain.ErrFewItems, ": --batch N"},
		{pretrain.ErrNoLabels, ": --labels FILE:COLUMN names them"},
		{pretrain.ErrFlat, ": --tau-full T"},
		{pretrain.ErrChanged, "; --init starts a new run from its weights"},
		{dataset.ErrNoCache, "; --cache DIR names one"},
		{evaluate.ErrChannels, "; --channels N"},
		{evaluate.ErrClasses, "; --labels FILE:COLUMN names them"},
		{evaluate.ErrSplit, "; --split COLUMN names it, --group COLUMN what must stay together"},
	} {
		if errors.Is(err, h.kind) {
			return h.flag
		}
	}
	return ""
}

// environment is what a verb has besides its flags.
type environment struct {
	common
	// args is the command line without the program's name.
	args    []string
	stdout  io.Writer // results
	console *console.Console
}

// common is the flags that every verb has.
type common struct {
	quiet     bool
	logFormat string
}

const commonGroup = "Output"

func (f *flags) addCommon(c *common) {
	g := f.group(commonGroup)
	g.BoolVar(&c.quiet, "quiet", false, "show only warnings, errors and results")
	f.choice(g, &c.logFormat, "log-format", []string{"text", "json"}, "form of the lines on standard error: `FORMAT`")
}

// consoleOptions looks at what standard error is: a progress line and colours are for terminals.
func (e *environment) consoleOptions(stderr io.Writer) console.Options {
	o := console.Options{Out: stderr, Quiet: e.quiet, JSON: e.logFormat == "json"}
	if file, ok := stderr.(*os.File); ok && isTerminal(file) && os.Getenv("TERM") != "dumb" {
		o.Colour = os.Getenv("NO_COLOR") == ""
		o.Width = usualWidth
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			o.Width = width
		}
	}
	return o
}

// usualWidth is the width of a terminal that does not tell its own.
const usualWidth = 80

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// commandLine is the exact command, quoted where a shell needs it.
func (e *environment) commandLine() string {
	words := []string{program}
	for _, arg := range e.args {
		if arg == "" || strings.ContainsAny(arg, " \t\n'\"\\$`&|;<>()*?[]#~!{}") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}
