package similarity

import (
	"slices"
	"strings"

	"gzpt/gaze/internal/spec"
)

// Measure is one definition of how alike two images were looked at: 1 for the same gaze, lower for less alike.
type Measure struct {
	Name string
	// About says in a line what is compared.
	About      string
	Parameters []Parameter

	// prepare computes once what each path is compared by.
	prepare func(w *work) (comparison, error)
}

// Parameter is a setting of a measure: a number, or where Choices are given one of these words.
type Parameter = spec.Parameter

var measures []Measure

func registerMeasure(m Measure) {
	measures = append(measures, m)
	slices.SortFunc(measures, func(a, b Measure) int { return strings.Compare(a.Name, b.Name) })
}

// Measures is all measures, sorted by name.
func Measures() []Measure { return slices.Clone(measures) }

// settings is a measure's parameters by name.
type settings map[string]string

// number is a parameter that was checked by parseMeasure.
func (s settings) number(name string) float64 { return spec.Settings(s).Number(name) }

// parseMeasure reads "name", "name:parameter=value,parameter=value" or a combination of such.
func parseMeasure(text string) (Measure, settings, error) {
	if isCombination(text) {
		parts, err := parseCombination(text)
		return combination(text, parts), nil, err
	}
	choices := make([]spec.Choice, len(measures))
	for i, m := range measures {
		choices[i] = m.choice()
	}
	i, s, err := spec.Parse("gaze measure", text, choices)
	if err != nil {
		return Measure{}, nil, err
	}
	return measures[i], settings(s), nil
}

func (m Measure) choice() spec.Choice { return spec.Choice{Name: m.Name, Parameters: m.Parameters} }

// ResolveMeasure checks the text of a measure and writes out every parameter, for a run's record: "tima" gives
// "tima:area=0.7,...", also in a combination.
func ResolveMeasure(text string) (string, error) {
	if isCombination(text) {
		parts, err := parseCombination(text)
		if err != nil {
			return "", err
		}
		return resolveCombination(parts), nil
	}
	m, s, err := parseMeasure(text)
	if err != nil {
		return "", err
	}
	return m.resolved(s), nil
}

// resolved is the text of a measure with all its parameters.
func (m Measure) resolved(s settings) string {
	return m.choice().Text(spec.Settings(s))
}
