package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"gzpt/cmd/gzpt-train/internal/words"
	"gzpt/kernels/atomicfile"
	"gzpt/kernels/input"
	"gzpt/nn/pretrain/dataset"
)

// program is the name of the command.
const program = "gzpt-train"

// usageError is a mistake on the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func usagef(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

// inFlags is a mistake on the command line that a package has found, nil for none.
func inFlags(err error) error {
	if err == nil {
		return nil
	}
	return usageError{words.InFlags(err)}
}

// flags is the flags of a verb in titled groups.
type flags struct {
	all    *pflag.FlagSet
	groups []flagGroup
}

type flagGroup struct {
	title string
	set   *pflag.FlagSet
}

func newFlags(name string) *flags {
	all := pflag.NewFlagSet(name, pflag.ContinueOnError)
	all.Usage = func() {}
	return &flags{all: all}
}

// group adds a group of flags, which come before those of the groups that were added earlier on the help page.
func (f *flags) group(title string) *pflag.FlagSet {
	set := pflag.NewFlagSet(title, pflag.ContinueOnError)
	set.SortFlags = false
	f.groups = append(f.groups, flagGroup{title, set})
	return set
}

// merge brings all groups together; the groups are complete.
func (f *flags) merge() {
	for _, g := range f.groups {
		f.all.AddFlagSet(g.set)
	}
}

// parse reads the command line. Its errors are mistakes of usage, or pflag.ErrHelp.
func (f *flags) parse(args []string) error {
	f.merge()
	f.all.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "optimizer" {
			name = "optimiser"
		}
		return pflag.NormalizedName(name)
	})
	if err := f.all.Parse(args); err != nil {
		return err
	}
	return f.sensible()
}

// misread says what pflag could not read, with the nearest word that there is.
func (f *flags) misread(err error) error {
	var unknown *pflag.NotExistError
	var wrong *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		var names []string
		f.all.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
		if letters := unknown.GetSpecifiedShortnames(); letters != "" {
			return fmt.Errorf("unknown flag -%s: flags have two dashes", letters)
		}
		text := "unknown flag --" + unknown.GetSpecifiedName()
		if name := words.Nearest(unknown.GetSpecifiedName(), names); name != "" {
			text += ": did you mean --" + name + "?"
		}
		return errors.New(text)
	case errors.As(err, &wrong):
		text := fmt.Sprintf("--%s %s: %v", wrong.GetFlag().Name, cmp.Or(wrong.GetValue(), `""`), wrong.Unwrap())
		if choice, ok := wrong.GetFlag().Value.(*choiceValue); ok {
			text += words.DidYouMean(wrong.GetValue(), choice.words)
		}
		return errors.New(text)
	}
	return err
}

// sensible refuses what no flag takes: a number that is none, and a text without a character, as an unset variable of a
// shell leaves it. Taken for the default, it would train on test images, or with another measure than was meant.
func (f *flags) sensible() (err error) {
	f.all.Visit(func(flag *pflag.Flag) {
		switch text := flag.Value.String(); flag.Value.Type() {
		case "string":
			if text == "" {
				name, _ := pflag.UnquoteUsage(flag)
				err = fmt.Errorf("--%s \"\": expected %s; without the flag its default is taken", flag.Name, name)
			}
		case "float64":
			if number, e := strconv.ParseFloat(text, 64); e != nil || math.IsNaN(number) || math.IsInf(number, 0) {
				err = fmt.Errorf("--%s %s: expected a finite number", flag.Name, text)
			}
		}
	})
	return err
}

func (f *flags) arguments() []string { return f.all.Args() }

// given reports whether a flag was on the command line.
func (f *flags) given(name string) bool { return f.all.Changed(name) }

// helpWidth is the columns of a help page.
const helpWidth = 110

// usages is the flags for a help page, a paragraph for each group, those of every verb last.
func (f *flags) usages() string {
	var b strings.Builder
	for _, g := range slices.Concat(f.groups[1:], f.groups[:1]) {
		if !g.set.HasFlags() {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		width := 0
		g.set.VisitAll(func(flag *pflag.Flag) { width = max(width, len(signature(flag))) })
		g.set.VisitAll(func(flag *pflag.Flag) {
			first := signature(flag)
			for _, line := range wrapped(meaning(flag), helpWidth-width-4) {
				fmt.Fprintf(&b, "  %-*s  %s\n", width, first, line)
				first = ""
			}
		})
	}
	return b.String()
}

// topicOf is the help page on the values of a flag.
var topicOf = map[string]string{"gaze": "measures", "format": "formats", "fixations": "detectors"}

// signature is a flag with the name of its value.
func signature(flag *pflag.Flag) string {
	if _, isBool := flag.Value.(interface{ IsBoolFlag() bool }); isBool {
		return "--" + flag.Name
	}
	name, _ := pflag.UnquoteUsage(flag)
	return "--" + flag.Name + " " + name
}

// meaning is what a flag does, the words that it takes and its default. A value that the text names for the signature
// alone, behind a colon, is left out.
func meaning(flag *pflag.Flag) string {
	name, text := pflag.UnquoteUsage(flag)
	for _, next := range []string{"", ";", ",", " ("} {
		if next == "" {
			text = strings.TrimSuffix(text, ": "+name)
		} else {
			text = strings.Replace(text, ": "+name+next, next, 1)
		}
	}
	switch value := flag.Value.(type) {
	case *choiceValue:
		if page := topicOf[flag.Name]; page != "" {
			return fmt.Sprintf("%s; '%s help %s' lists them (default %s)", text, program, page, flag.DefValue)
		}
		words := strings.Join(value.words, ", ")
		if text == name {
			text = words
		} else {
			text += ": " + words
		}
	}
	if page := topicOf[flag.Name]; page != "" {
		text += fmt.Sprintf("; '%s help %s' lists them", program, page)
	}
	switch flag.DefValue {
	case "", "0", "false":
		return text
	}
	return text + " (default " + flag.DefValue + ")"
}

// wrapped cuts a text into lines at blanks; a word longer than a line has a line of its own.
func wrapped(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

// choice adds a flag that takes one of some words, the first unless it is given.
func (f *flags) choice(set *pflag.FlagSet, p *string, name string, words []string, usage string) {
	*p = words[0]
	set.Var(&choiceValue{p: p, words: words}, name, usage)
}

// choiceValue is a flag's value out of a list.
type choiceValue struct {
	p        *string
	words    []string
	numbered string // the word that a colon and a number may follow
}

func (v *choiceValue) String() string { return *v.p }
func (v *choiceValue) Type() string   { return "string" }

func (v *choiceValue) Set(s string) error {
	word := s
	if before, number, ok := strings.Cut(s, ":"); ok && before == v.numbered {
		if _, err := strconv.ParseUint(number, 10, 16); err != nil {
			return fmt.Errorf("expected a number from 0 on behind the colon")
		}
		word = before
	}
	if !slices.Contains(v.words, word) {
		return fmt.Errorf("expected one of %s", strings.Join(v.words, ", "))
	}
	*v.p = s
	return nil
}

// path adds a flag that takes a path, kept absolute so that a run can be continued from another folder.
func (f *flags) path(set *pflag.FlagSet, p *string, name, usage string) {
	set.Var((*pathValue)(p), name, usage)
}

// ready refuses the file that a flag has written where it cannot be, before the work whose result would be lost, and where there is
// a file that does not begin as what the flag writes: only its own former results are overwritten.
func ready(flag, path, begins string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return usagef("--%s %s: a folder, expected a file to write", flag, path)
	}
	if err := atomicfile.Ready(path); err != nil {
		return fmt.Errorf("--%s %w", flag, err)
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil
	}
	f, err := input.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, len(begins))
	if n, err := io.ReadFull(f, head); string(head[:n]) != begins {
		return usagef("--%s %s exists and is no former result of --%s: it is not overwritten", flag, path, flag)
	} else if err != nil {
		return err
	}
	return nil
}

// pathValue is a flag's value that is a path.
type pathValue string

func (v *pathValue) String() string { return string(*v) }
func (v *pathValue) Type() string   { return "string" }

func (v *pathValue) Set(s string) error {
	if s == "" {
		*v = ""
		return nil
	}
	absolute, err := filepath.Abs(s)
	if err != nil {
		return err
	}
	*v = pathValue(absolute)
	return nil
}

// cacheValue is a flag's value that is a path, or the word for no cache.
type cacheValue string

func (v *cacheValue) String() string { return string(*v) }
func (v *cacheValue) Type() string   { return "string" }

func (v *cacheValue) Set(s string) error {
	if s == dataset.NoCache {
		*v = dataset.NoCache
		return nil
	}
	return (*pathValue)(v).Set(s)
}

// listValue is a flag's value that is words with commas between them.
type listValue []string

func (v *listValue) String() string { return strings.Join(*v, ",") }
func (v *listValue) Type() string   { return "string" }

func (v *listValue) Set(s string) error {
	*v = nil
	if s != "" {
		*v = strings.Split(s, ",")
	}
	return nil
}
