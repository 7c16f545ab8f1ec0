// Package measure is what every measure of similarity is made of: its description, the registry, and the ways to compare all
// pairs of scanpaths.
package measure

import (
	"slices"
	"strings"

	"gzpt/gaze/internal/spec"
	"gzpt/gaze/relation"
)

// Measure is one definition of how alike two images were looked at: 1 for the same gaze, lower for less alike.
type Measure struct {
	Name string
	// About says in a line what is compared.
	About      string
	Parameters []Parameter

	// Prepare computes once what each path is compared by.
	Prepare func(w *Work) (relation.Blocks, error)
}

// Parameter is a setting of a measure: a number, or where Choices are given one of these words.
type Parameter = spec.Parameter

var measures []Measure

// Register adds a measure to the registry, as the init functions of the measures do.
func Register(m Measure) {
	measures = append(measures, m)
	slices.SortFunc(measures, func(a, b Measure) int { return strings.Compare(a.Name, b.Name) })
}

// All is all measures, sorted by name.
func All() []Measure { return slices.Clone(measures) }

// Parse reads "name" or "name:parameter=value,parameter=value".
func Parse(text string) (Measure, Settings, error) {
	choices := make([]spec.Choice, len(measures))
	for i, m := range measures {
		choices[i] = m.choice()
	}
	i, s, err := spec.Parse("gaze measure", text, choices)
	if err != nil {
		return Measure{}, nil, err
	}
	return measures[i], s, nil
}

// Text is the text of a measure with all its parameters.
func (m Measure) Text(s Settings) string { return m.choice().Text(s) }

func (m Measure) choice() spec.Choice { return spec.Choice{Name: m.Name, Parameters: m.Parameters} }
