package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

const program = "gzpt-train"

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

// verbs are in the order of a user's way through them; the first one is meant where none is named.
func verbs() []*verb {
	return []*verb{
		{"pretrain", "images + gaze -> encoder", "", aboutPretrain, buildPretrain},
		{"relate", "gaze -> relation matrix, with diagnostics", "", aboutRelate, buildRelate},
		{"evaluate", "k-NN and linear probe on frozen features", "", aboutEvaluate, buildEvaluate},
		{"embed", "images -> features as .npy", "", aboutEmbed, buildEmbed},
		{"export", "backbone as safetensors under torchvision's names", "", aboutExport, buildExport},
		{"inspect", "what a run, checkpoint, safetensors or .npy file holds", "PATH...", aboutInspect, buildInspect},
		{"version", "version, Go, tiers of the machine", "", "", buildVersion},
		{"completion", "completion script for a shell", "bash|zsh|fish", aboutCompletion, buildCompletion},
		{"help", "this page, that of a verb, or measures, formats, detectors", "[VERB|TOPIC]", "", buildHelp},
	}
}

func findVerb(name string) (*verb, error) {
	var names []string
	for _, v := range verbs() {
		if v.name == name {
			return v, nil
		}
		names = append(names, v.name)
	}
	return nil, usagef("unknown verb %q: expected one of %s", name, strings.Join(names, ", "))
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
	v, err := findVerb(name)
	return v, args, err
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

func buildHelp(*flags) work {
	return func(_ context.Context, e *environment, args []string) error {
		switch len(args) {
		case 0:
			fmt.Fprint(e.stdout, overview())
			return nil
		case 1:
			page, err := helpPage(args[0])
			fmt.Fprint(e.stdout, page)
			return err
		}
		return usagef("help takes one verb or topic")
	}
}

// overview is the page of the program.
func overview() string {
	var b strings.Builder
	fmt.Fprintf(&b, `%s pre-trains image encoders on medical images with an eye tracker's fixations (GzPT).

Usage: %s [VERB] [flags]

Without a verb it pre-trains; without arguments it does so on made-up images, with and without gaze.

Verbs:
`, program, program)
	for _, v := range verbs() {
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
