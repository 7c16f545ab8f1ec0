package main

import (
	"fmt"
	"slices"
	"strings"

	"gzpt/gaze/fixations"
	"gzpt/gaze/formats"
	"gzpt/gaze/similarity"
)

// topic is a help page on the values of a flag.
type topic struct {
	name string
	// flag takes what the page lists.
	flag string
	page func() string
}

func topics() []topic {
	return []topic{
		{"measures", "gaze", measuresPage},
		{"formats", "format", formatsPage},
		{"detectors", "fixations", detectorsPage},
	}
}

// topicOf is the page for a flag, "" where there is none.
func topicOf(flag string) string {
	for _, t := range topics() {
		if t.flag == flag {
			return t.name
		}
	}
	return ""
}

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
  none               no gaze: plain BYOL (not for relate)
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
func helpPage(name string) (string, error) {
	all := topics()
	if i := slices.IndexFunc(all, func(t topic) bool { return t.name == name }); i >= 0 {
		return all[i].page(), nil
	}
	v, err := findVerb(name)
	if err != nil {
		return "", usagef("%w, or measures, formats, detectors", err)
	}
	f := newFlags(v.name)
	f.addCommon(&common{})
	v.build(f)
	return v.help(f), nil
}
