package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

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
		switch args[0] {
		case "bash":
			bashCompletion(e.stdout, e.verbs)
		case "zsh": // zsh runs the completions of bash
			fmt.Fprintln(e.stdout, "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit")
			bashCompletion(e.stdout, e.verbs)
		case "fish":
			fishCompletion(e.stdout, e.verbs)
		default:
			return usagef("no completion for shell %q: expected bash, zsh or fish", args[0])
		}
		return nil
	}
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

func bashCompletion(w io.Writer, verbs []*verb) {
	var names, flagCases, wordCases []string
	seen := map[string]bool{}
	for _, v := range verbs {
		names = append(names, v.name)
		var options []string
		flagsOf(v, func(f *pflag.Flag, words []string) {
			options = append(options, "--"+f.Name)
			if words != nil && !seen[f.Name] {
				seen[f.Name] = true
				wordCases = append(wordCases, fmt.Sprintf("    --%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;", f.Name, strings.Join(words, " ")))
			}
		})
		flagCases = append(flagCases, fmt.Sprintf("    %s) flags='%s' ;;", v.name, strings.Join(options, " ")))
	}
	fmt.Fprintf(w, `_gzpt_train() {
  local word="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" verb="${COMP_WORDS[1]}" flags
  case "$previous" in
%s
  esac
  case "$verb" in
%s
    *) flags='%s' ;;
  esac
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags --help" -- "$word"))
  elif [[ "$COMP_CWORD" -eq 1 ]]; then
    COMPREPLY=($(compgen -W '%s' -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _gzpt_train %s
`, strings.Join(wordCases, "\n"), strings.Join(flagCases, "\n"), strings.Split(flagCases[0], "'")[1], strings.Join(names, " "), program)
}

func fishCompletion(w io.Writer, verbs []*verb) {
	var names []string
	for _, v := range verbs {
		names = append(names, v.name)
	}
	for _, v := range verbs {
		fmt.Fprintf(w, "complete -c %s -n '__fish_use_subcommand' -a %s -d %s\n", program, v.name, fishQuote(v.summary))
		condition := "__fish_seen_subcommand_from " + v.name
		if v.name == "pretrain" {
			condition = "not __fish_seen_subcommand_from " + strings.Join(names[1:], " ")
		}
		flagsOf(v, func(f *pflag.Flag, words []string) {
			_, usage := pflag.UnquoteUsage(f)
			fmt.Fprintf(w, "complete -c %s -n '%s' -l %s -d %s", program, condition, f.Name, fishQuote(usage))
			switch {
			case words != nil:
				fmt.Fprintf(w, " -x -a '%s'", strings.Join(words, " "))
			case f.NoOptDefVal == "":
				fmt.Fprint(w, " -r")
			}
			fmt.Fprintln(w)
		})
	}
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
