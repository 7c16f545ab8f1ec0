package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

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
	return f.all.Parse(args)
}

func (f *flags) arguments() []string { return f.all.Args() }

// given reports whether a flag was on the command line.
func (f *flags) given(name string) bool { return f.all.Changed(name) }

// usages is the flags for a help page, a paragraph for each group, those of every verb last.
func (f *flags) usages() string {
	var b strings.Builder
	for _, g := range slices.Concat(f.groups[1:], f.groups[:1]) {
		if g.set.HasFlags() {
			fmt.Fprintf(&b, "\n%s:\n%s", g.title, g.set.FlagUsagesWrapped(110))
		}
	}
	return b.String()
}

// choice adds a flag that takes one of some words, the first unless it is given.
func (f *flags) choice(set *pflag.FlagSet, p *string, name string, words []string, usage string) {
	*p = words[0]
	set.Var(&choiceValue{p, words}, name, usage+" ("+strings.Join(words, ", ")+")")
}

// choiceValue is a flag's value out of a list.
type choiceValue struct {
	p     *string
	words []string
}

func (v *choiceValue) String() string { return *v.p }
func (v *choiceValue) Type() string   { return "string" }

func (v *choiceValue) Set(s string) error {
	if !slices.Contains(v.words, s) {
		return fmt.Errorf("expected one of %s", strings.Join(v.words, ", "))
	}
	*v.p = s
	return nil
}

// path adds a flag that takes a path, kept absolute so that a run can be continued from another folder.
func (f *flags) path(set *pflag.FlagSet, p *string, name, usage string) {
	set.Var((*pathValue)(p), name, usage)
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
