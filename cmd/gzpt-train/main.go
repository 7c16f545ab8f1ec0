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
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"gzpt/cmd/gzpt-train/internal/console"
	"gzpt/cmd/gzpt-train/internal/words"
	"gzpt/gaze/formats"
	"gzpt/kernels/plain"
	"gzpt/nn"
	"gzpt/nn/data"
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

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader of the log that goes away ends no training: writing says so instead
	os.Exit(run(interruptible(os.Stderr), os.Args[1:], os.Stdout, os.Stderr))
}

// verbs are in the order of a user's way through them; the first one is meant where none is named.
func verbs() []*verb {
	return []*verb{
		{"pretrain", "images + gaze -> encoder", "", aboutPretrain, buildPretrain},
		{"relate", "gaze -> relation matrix, with diagnostics", "", aboutRelate, buildRelate},
		{"evaluate", "k-NN and linear probe on frozen features", "", aboutEvaluate, buildEvaluate},
		{"embed", "images -> features as .npy", "", aboutEmbed, buildEmbed},
		{"export", "backbone as safetensors under torchvision's names", "", aboutExport, buildExport},
		{"inspect", "what a run, checkpoint, safetensors or .npy file holds", "PATH...", aboutInspect, buildInspect},
		{"profile", "a training step operation by operation, on one or several devices", "", aboutProfile, buildProfile},
		{"cache", "where decoded images are kept, and how to remove them", "[list|clear]", aboutCache, buildCache},
		{"version", "version, Go, tiers of the machine", "", "", buildVersion},
		{"completion", "completion script for a shell", "bash|zsh|fish", aboutCompletion, buildCompletion},
		{"help", "this page, that of a verb, or measures, formats, detectors", "[VERB|TOPIC]", "", buildHelp},
	}
}

// pickVerb splits the command line into the verb and what belongs to it. Without a verb it is pretrain, except that
// --help and --version alone are about the program.
func pickVerb(args []string) (*verb, []string, error) {
	name := "pretrain"
	switch {
	case len(args) > 0 && !strings.HasPrefix(args[0], "-"):
		name, args = args[0], args[1:]
	case slices.Equal(args, []string{"--help"}) || slices.Equal(args, []string{"-h"}):
		name, args = "help", nil
	case slices.Equal(args, []string{"--version"}):
		name, args = "version", nil
	}
	v, err := find(verbs(), name)
	return v, args, err
}

// run carries out the command and returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	results, messages := console.NewStream(stdout), console.NewStream(stderr)
	status := carryOut(ctx, args, results, messages)
	if err := results.Err(); err != nil && status == statusDone {
		fmt.Fprintf(messages, "error: %v\n", err)
		status = statusFailed
	}
	return status
}

func carryOut(ctx context.Context, args []string, stdout, stderr *console.Stream) int {
	v, rest, err := pickVerb(args)
	if err != nil {
		fmt.Fprintf(stderr, "error: %s\n", plain.Error(err))
		return statusUsage
	}
	e := &environment{args: args, stdout: plain.Writer(stdout), verbs: verbs()}
	f, work := v.flags(&e.common)
	switch err := f.parse(rest); {
	case errors.Is(err, pflag.ErrHelp):
		fmt.Fprint(stdout, v.help(f))
		return statusDone
	case err != nil:
		fmt.Fprintf(stderr, "error: %s\n", plain.Lines(withHelp(e.misplaced(v, f.misread(err)), v)))
		return statusUsage
	}
	e.console = console.New(e.consoleOptions(stderr))
	status := e.status(v, work(ctx, e, f.arguments()))
	if err := e.console.Close(); err != nil && status == statusDone {
		fmt.Fprintf(stderr, "error: %s\n", plain.Error(err))
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
		e.console.Error(withHelp(e.misplaced(v, err), v))
		return statusUsage
	}
	e.console.Error(words.Message(err) + hint(err))
	return statusFailed
}

// withHelp is a mistake of usage with the page that tells of the flags.
func withHelp(err error, v *verb) string {
	text := words.Message(err)
	if !strings.HasSuffix(text, "?") {
		text += ";"
	}
	return fmt.Sprintf("%s '%s %s --help' lists the flags", text, program, v.name)
}

// hint names the flags that help against an error of a package, which knows of none.
func hint(err error) string {
	for _, h := range []struct {
		kind error
		flag string
	}{
		{pretrain.ErrFewItems, ": --batch N"},
		{nn.ErrTooLarge, ": --batch, --image-size, --width"},
		{pretrain.ErrNoUpdate, ": --accumulate N, or a longer run by --epochs or --steps"},
		{pretrain.ErrNoLabels, ": --labels FILE:COLUMN names them"},
		{pretrain.ErrFlat, ": --tau-full T"},
		{pretrain.ErrStale, ": --resume --out RUN or export --run RUN writes it anew"},
		{data.ErrCache, "; --cache DIR names another folder, --cache none keeps the pixels in memory"},
		{pretrain.ErrChanged, "; --init starts a new run from its weights"},
		{data.ErrNoFolder, "; --data DIR says where they are"},
		{data.ErrImageColumn, "; --image-column COLUMN names it"},
		{data.ErrOutside, "; --allow-outside lets it"},
		{formats.ErrNoGaze, "; --gaze-files PATH says where it lies, --gaze none and labels need none"},
		{formats.ErrOutside, "; --allow-outside lets it"},
		{data.ErrWindow, "; --window percentile scales each image by itself"},
		{dataset.ErrBare, "; --without-gaze plain or skip goes on"},
		{dataset.ErrNoGaze, "; --gaze none trains without"},
		{dataset.ErrNoCache, "; --cache DIR names one, --cache none keeps the pixels in memory"},
		{evaluate.ErrChannels, "; --channels N"},
		{pretrain.ErrTrained, "; --trained-too scores them all the same"},
		{evaluate.ErrOneClass, "; --labels FILE:COLUMN names another column, --split COLUMN another split"},
		{evaluate.ErrNames, "; --labels FILE:COLUMN names another column"},
		{evaluate.ErrClasses, "; --labels FILE:COLUMN names them"},
		{evaluate.ErrSplit, "; --split COLUMN names it, --group COLUMN what must stay together"},
	} {
		if errors.Is(err, h.kind) {
			return h.flag
		}
	}
	return ""
}

// consoleOptions looks at what standard error is: a progress line and colours are for terminals.
func (e *environment) consoleOptions(stderr *console.Stream) console.Options {
	o := console.Options{Out: stderr, Quiet: e.quiet, JSON: e.logFormat == "json"}
	if stderr.Terminal && os.Getenv("TERM") != "dumb" {
		o.Colour = os.Getenv("NO_COLOR") == ""
		o.Width = stderr.Width(usualWidth)
	}
	return o
}

// usualWidth is the width of a terminal that does not tell its own.
const usualWidth = 80

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// interruptible is a context that the first SIGINT, SIGTERM or SIGHUP ends, so that the work can stop at a good place; the
// second one ends the process at once, whatever it is doing. Signals are taken until the process has ended: one that came
// after the work was done would else kill it, and with it the status. Under nohup, which ignores it, SIGHUP stays ignored.
func interruptible(stderr *os.File) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	tell := isTerminal(stderr)
	go func() {
		<-signals
		cancel()
		if tell { // a terminal that takes nothing must not keep the second signal waiting
			go fmt.Fprintln(stderr, "\ninterrupted: stopping after this step; once more to quit at once")
		}
		<-signals
		os.Exit(statusInterrupted)
	}()
	return ctx
}
