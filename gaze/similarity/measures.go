package similarity

import (
	"strings"

	_ "gzpt/gaze/similarity/heatmaps" // registers its measures
	"gzpt/gaze/similarity/internal/measure"
	_ "gzpt/gaze/similarity/scanpaths" // likewise
)

// Measure is one definition of how alike two images were looked at: 1 for the same gaze, lower for less alike. Its Prepare
// is for [Relate].
type Measure = measure.Measure

// Parameter is a setting of a measure: a number, or where Choices are given one of these words.
type Parameter = measure.Parameter

// Measures is all measures, sorted by name.
func Measures() []Measure { return measure.All() }

// parseMeasure reads "name", "name:parameter=value,parameter=value" or a combination of such.
func parseMeasure(text string) (Measure, measure.Settings, error) {
	if isCombination(text) {
		parts, err := parseCombination(text)
		return combination(text, parts), nil, err
	}
	return measure.Parse(text)
}

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
	m, s, err := measure.Parse(text)
	if err != nil {
		return "", err
	}
	return m.Text(s), nil
}

// BriefMeasure leaves out of the text of a measure the parameters that have their defaults.
func BriefMeasure(spec string) string {
	m, s, err := parseMeasure(spec)
	if err != nil {
		return spec
	}
	var other []string
	for _, p := range m.Parameters {
		if s[p.Name] != p.Default {
			other = append(other, p.Name+"="+s[p.Name])
		}
	}
	return strings.TrimSuffix(m.Name+":"+strings.Join(other, ","), ":")
}
