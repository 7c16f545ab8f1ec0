package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"gzpt/cmd/gzpt-train/internal/completion"
	"gzpt/gaze/fixations"
	"gzpt/gaze/formats"
	"gzpt/gaze/similarity"
)

// topics is the help pages on the values of flags.
var topics = map[string]func() string{"measures": measuresPage, "formats": formatsPage, "detectors": detectorsPage}

func measuresPage() string {
	var b strings.Builder
	b.WriteString(`Measures of how alike two images were looked at, for --gaze and --compare: 1 is the same gaze. Parameters follow a colon,
as in tima:eps=0.1,rate=50; those that are not given have the value below. A weighted mean of several is one, too:
0.3*tima+0.7*heatmap-cc.
`)
	for _, m := range similarity.Measures() {
		describe(&b, m.Name, m.About, m.Parameters)
	}
	b.WriteString(`
Besides these, --gaze takes:
  none               no gaze: the method alone (not for relate)
  permuted:MEASURE   gaze shuffled between the images, the control; permuted alone is permuted:tima
  labels             images of one label are alike, the upper bound
`)
	return b.String()
}

func detectorsPage() string {
	var b strings.Builder
	b.WriteString("Detectors that find fixations in a tracker's samples, for --fixations. Parameters follow a colon, as in idt:dispersion=1.5.\n")
	for _, d := range fixations.Detectors() {
		describe(&b, d.Name, d.About, d.Parameters)
	}
	return b.String()
}

// describe writes what a word means, and the parameters that it takes.
func describe(b *strings.Builder, name, about string, parameters []similarity.Parameter) {
	fmt.Fprintf(b, "\n%s: %s\n", name, about)
	for _, p := range parameters {
		means := p.About
		if len(p.Choices) > 0 {
			means += " (" + strings.Join(p.Choices, ", ") + ")"
		}
		for i, line := range wrapped(means, helpWidth-24) {
			if i == 0 {
				fmt.Fprintf(b, "  %-20s  %s\n", p.Name+"="+p.Default, line)
			} else {
				fmt.Fprintf(b, "%24s%s\n", "", line)
			}
		}
	}
}

func formatsPage() string {
	var b strings.Builder
	b.WriteString("Forms of gaze files, for --format. auto recognises each by its first lines or its folders.\n\n")
	for _, name := range formats.Formats() {
		for i, line := range wrapped(formats.About(name), helpWidth-14) {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(&b, "  %-12s%s\n", name, line)
		}
	}
	return b.String()
}

// helpPage is what help prints about a topic or a verb.
func helpPage(verbs []*verb, name string) (string, error) {
	if page := topics[name]; page != nil {
		return page(), nil
	}
	v, err := find(verbs, name)
	if err != nil {
		return "", usagef("%w, or measures, formats, detectors", err)
	}
	f, _ := v.flags(&common{})
	return v.help(f), nil
}

func buildHelp(*flags) work {
	return func(_ context.Context, e *environment, args []string) error {
		switch len(args) {
		case 0:
			fmt.Fprint(e.stdout, overview(e.verbs))
			return nil
		case 1:
			page, err := helpPage(e.verbs, args[0])
			fmt.Fprint(e.stdout, page)
			return err
		}
		return usagef("help takes one verb or topic")
	}
}

// overview is the page of the program.
func overview(verbs []*verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, `%s pre-trains image encoders on medical images with an eye tracker's fixations (GzPT).

Usage: %s [VERB] [flags]

Without a verb it pre-trains; without arguments it does so on made-up images, with and without gaze.

Verbs:
`, program, program)
	for _, v := range verbs {
		fmt.Fprintf(&b, "  %-11s %s\n", v.name, v.summary)
	}
	fmt.Fprintf(&b, `
'%s VERB --help' lists the flags of a verb; 'help measures', 'help formats' and 'help detectors' what --gaze, --format and
--fixations take.
GZPT_CPU=reference|avx2|avx512 forces a CPU tier, otherwise the best of the machine is taken. NO_COLOR is respected.
Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted (a training run has then written a checkpoint).
Research software, not a medical device.
`, program)
	return b.String()
}

const aboutCompletion = `
Prints a script that completes verbs, flags and their words:
  bash   source <(gzpt-train completion bash)
  zsh    source <(gzpt-train completion zsh)
  fish   gzpt-train completion fish | source
`

func buildCompletion(*flags) work {
	return func(_ context.Context, e *environment, args []string) error {
		if len(args) != 1 {
			return usagef("completion takes one shell: bash, zsh or fish")
		}
		verbs := completed(e.verbs)
		switch args[0] {
		case "bash":
			completion.Bash(e.stdout, program, verbs)
		case "zsh": // zsh runs the completions of bash
			fmt.Fprintln(e.stdout, "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit")
			completion.Bash(e.stdout, program, verbs)
		case "fish":
			completion.Fish(e.stdout, program, verbs)
		default:
			return usagef("no completion for shell %q: expected bash, zsh or fish", args[0])
		}
		return nil
	}
}

// shells is those that there are scripts for.
var shells = []string{"bash", "zsh", "fish"}

// completed is the verbs as scripts of shells know them.
func completed(verbs []*verb) (all []completion.Verb) {
	openWords := map[string][]string{"gaze": {"none", "permuted", "labels"}, "fixations": {"auto"}} // of flags that take parameters, too
	for _, m := range similarity.Measures() {
		openWords["gaze"] = append(openWords["gaze"], m.Name)
	}
	for _, d := range fixations.Detectors() {
		openWords["fixations"] = append(openWords["fixations"], d.Name)
	}
	arguments := map[string][]string{"cache": cacheActs, "completion": shells, "help": slices.Sorted(maps.Keys(topics))}
	for _, v := range verbs {
		arguments["help"] = append(arguments["help"], v.name)
	}
	for _, v := range verbs {
		known := completion.Verb{Name: v.name, Summary: v.summary, Arguments: arguments[v.name]}
		flagsOf(v, func(f *pflag.Flag, words []string) {
			if words == nil {
				words = openWords[f.Name]
			}
			_, usage := pflag.UnquoteUsage(f)
			known.Flags = append(known.Flags, completion.Flag{Name: f.Name, Usage: usage, Words: words, NoValue: f.NoOptDefVal != ""})
		})
		all = append(all, known)
	}
	return all
}

// flagsOf calls each for every flag of a verb with the words that it takes, nil where it takes any.
func flagsOf(v *verb, each func(f *pflag.Flag, words []string)) {
	f, _ := v.flags(&common{})
	f.merge()
	f.all.VisitAll(func(flag *pflag.Flag) {
		var words []string
		if c, ok := flag.Value.(*choiceValue); ok {
			words = c.words
		}
		each(flag, words)
	})
}
