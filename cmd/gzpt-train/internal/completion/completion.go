// Package completion writes the scripts by which shells complete the verbs of a program, their flags and the words that these
// take.
package completion

import (
	"fmt"
	"io"
	"strings"
)

// Verb is a verb of the program; its users mean the first of a list where they name none.
type Verb struct {
	Name, Summary string
	Arguments     []string // the words that it takes besides flags; nil where they are files
	Flags         []Flag
}

// Flag is a flag of a verb.
type Flag struct {
	Name, Usage string
	Words       []string // that it takes; nil where it takes any
	NoValue     bool
}

// Bash writes the script for bash, which zsh runs too.
func Bash(w io.Writer, program string, verbs []Verb) {
	var names, flagCases, wordCases, argumentCases []string
	seen := map[string]bool{}
	for _, v := range verbs {
		names = append(names, v.Name)
		var options []string
		for _, f := range v.Flags {
			options = append(options, "--"+f.Name)
			if f.Words != nil && !seen[f.Name] {
				seen[f.Name] = true
				wordCases = append(wordCases, fmt.Sprintf("    --%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;", f.Name, strings.Join(f.Words, " ")))
			}
		}
		flagCases = append(flagCases, fmt.Sprintf("    %s) flags='%s' ;;", v.Name, strings.Join(options, " ")))
		if v.Arguments != nil {
			argumentCases = append(argumentCases, fmt.Sprintf("    %s) COMPREPLY=($(compgen -W '%s' -- \"$word\")) ;;", v.Name, strings.Join(v.Arguments, " ")))
		}
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
    case "$verb" in
%s
    *) local IFS=$'\n'; COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
  fi
}
complete -o filenames -F _gzpt_train %s
`, strings.Join(wordCases, "\n"), strings.Join(flagCases, "\n"), strings.Split(flagCases[0], "'")[1], strings.Join(names, " "), strings.Join(argumentCases, "\n"), program)
}

// Fish writes the script for fish.
func Fish(w io.Writer, program string, verbs []Verb) {
	var names []string
	for _, v := range verbs {
		names = append(names, v.Name)
	}
	for _, v := range verbs {
		fmt.Fprintf(w, "complete -c %s -n '__fish_use_subcommand' -a %s -d %s\n", program, v.Name, fishQuote(v.Summary))
		condition := "__fish_seen_subcommand_from " + v.Name
		if v.Name == names[0] {
			condition = "not __fish_seen_subcommand_from " + strings.Join(names[1:], " ")
		}
		if v.Arguments != nil {
			fmt.Fprintf(w, "complete -c %s -n '%s' -f -a '%s'\n", program, condition, strings.Join(v.Arguments, " "))
		}
		for _, f := range v.Flags {
			fmt.Fprintf(w, "complete -c %s -n '%s' -l %s -d %s", program, condition, f.Name, fishQuote(f.Usage))
			switch {
			case f.Words != nil:
				fmt.Fprintf(w, " -x -a '%s'", strings.Join(f.Words, " "))
			case !f.NoValue:
				fmt.Fprint(w, " -r")
			}
			fmt.Fprintln(w)
		}
	}
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
