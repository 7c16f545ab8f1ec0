package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// columns is the outcomes of the table.
var columns = []outcome{survived, told, lost, untold, hung, littered}

// table counts outcomes by kind of fault, all of them last.
func table(done map[string]verdict) string {
	counts := map[string]map[outcome]int{}
	for name, v := range done {
		t, err := parseTrial(name)
		if err != nil || v.outcome == missed {
			continue
		}
		for _, row := range []string{t.kind, ""} {
			if counts[row] == nil {
				counts[row] = map[outcome]int{}
			}
			counts[row][v.outcome]++
		}
	}
	var b strings.Builder
	b.WriteString("| fault | tried |")
	for _, o := range columns {
		fmt.Fprintf(&b, " %s |", o)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", 1+len(columns)) + "\n")
	for _, k := range append(kinds(), kind{title: "all"}) {
		tried := 0
		for _, n := range counts[k.name] {
			tried += n
		}
		fmt.Fprintf(&b, "| %s | %d |", k.title, tried)
		for _, o := range columns {
			fmt.Fprintf(&b, " %d |", counts[k.name][o])
		}
		b.WriteString("\n")
	}
	return b.String()
}

// page is the table with what it was made on.
func page(done map[string]verdict, seed uint64, when time.Time, machine string, without []string) string {
	text := fmt.Sprintf("%s, seed %d, on %s.", when.Format(time.DateOnly), seed, machine)
	if len(without) > 0 {
		text += " Not tried there: " + strings.Join(without, "; ") + "."
	}
	return text + "\n\n" + table(done)
}

// failures is the trials with a bad end, each with its reason and how to repeat it.
func badTrials(done map[string]verdict) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(done)) {
		if v := done[name]; v.outcome.bad() {
			lines = append(lines, fmt.Sprintf("%s: %s\n    make torture TRIAL='%s'", v.outcome, v.note, name))
		}
	}
	return lines
}
