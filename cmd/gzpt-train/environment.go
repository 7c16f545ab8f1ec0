package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"gzpt/cmd/gzpt-train/internal/console"
	"gzpt/cmd/gzpt-train/internal/words"
)

// environment is what a verb has besides its flags.
type environment struct {
	common
	// args is the command line without the program's name.
	args    []string
	stdout  io.Writer // results
	console *console.Console
	// verbs is all that the program does.
	verbs []*verb
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

// misplaced adds to a mistake of usage that a verb comes first, where another verb than that taken stands among the flags.
func (e *environment) misplaced(taken *verb, err error) error {
	if len(e.args) == 0 || e.args[0] == taken.name {
		return err
	}
	for i, arg := range e.args {
		if i > 0 && strings.HasPrefix(e.args[i-1], "--") && e.args[i-1] != "--quiet" && !strings.Contains(e.args[i-1], "=") {
			continue // the value of a flag
		}
		if slices.ContainsFunc(e.verbs, func(v *verb) bool { return v.name == arg }) {
			return fmt.Errorf("%w; a verb comes first: %s %s", err, program, arg)
		}
	}
	return err
}

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

// verb is one thing that the command does.
type verb struct {
	name, summary string
	// arguments follows the name in the usage line; about is the paragraphs below it.
	arguments, about string
	// build adds the verb's flags and returns what runs once they are parsed.
	build func(f *flags) work
}

// work does what a verb is for; args are the arguments that are not flags.
type work func(ctx context.Context, e *environment, args []string) error

// flags is the flags of the verb and what runs once they are parsed; c takes those that every verb has.
func (v *verb) flags(c *common) (*flags, work) {
	f := newFlags(v.name)
	f.addCommon(c)
	return f, v.build(f)
}

// find is the verb of a name.
func find(verbs []*verb, name string) (*verb, error) {
	var names []string
	for _, v := range verbs {
		if v.name == name {
			return v, nil
		}
		names = append(names, v.name)
	}
	return nil, usagef("unknown verb %q: expected one of %s%s", name, strings.Join(names, ", "), words.DidYouMean(name, names))
}

// help is the page of a verb.
func (v *verb) help(f *flags) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s\n\n", program, v.name, v.summary)
	usage := strings.TrimSpace(v.name + " [flags] " + v.arguments)
	if v.name == "pretrain" {
		usage = "[pretrain] [flags]"
	}
	fmt.Fprintf(&b, "Usage: %s %s\n", program, usage)
	if v.about != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(v.about))
	}
	b.WriteString(f.usages())
	return b.String()
}
