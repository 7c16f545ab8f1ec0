package similarity

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
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
type Parameter struct {
	Name, Default, About string
	Choices              []string
	// Least and Most bound a number.
	Least, Most float64
}

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
func (s settings) number(name string) float64 {
	v, _ := strconv.ParseFloat(s[name], 64)
	return v
}

// parseMeasure reads "name", "name:parameter=value,parameter=value" or a combination of such.
func parseMeasure(spec string) (Measure, settings, error) {
	if isCombination(spec) {
		parts, err := parseCombination(spec)
		return combination(spec, parts), nil, err
	}
	name, list, _ := strings.Cut(spec, ":")
	i := slices.IndexFunc(measures, func(m Measure) bool { return m.Name == name })
	if i < 0 {
		return Measure{}, nil, fmt.Errorf("gaze measure %q, expected one of %s", name, measureNames())
	}
	m := measures[i]
	s := settings{}
	for _, p := range m.Parameters {
		s[p.Name] = p.Default
	}
	for _, pair := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		key, value, _ := strings.Cut(pair, "=")
		j := slices.IndexFunc(m.Parameters, func(p Parameter) bool { return p.Name == key })
		if j < 0 {
			return Measure{}, nil, fmt.Errorf("gaze measure %s has no parameter %q; it has %s", name, key, m.parameterNames())
		}
		if err := m.Parameters[j].check(value); err != nil {
			return Measure{}, nil, fmt.Errorf("gaze measure %s: %w", name, err)
		}
		s[key] = value
	}
	return m, s, nil
}

// ResolveMeasure checks the text of a measure and writes out every parameter, for a run's record: "tima" gives
// "tima:area=0.7,...", also in a combination.
func ResolveMeasure(spec string) (string, error) {
	if isCombination(spec) {
		parts, err := parseCombination(spec)
		if err != nil {
			return "", err
		}
		return resolveCombination(parts), nil
	}
	m, s, err := parseMeasure(spec)
	if err != nil {
		return "", err
	}
	return m.resolved(s), nil
}

// resolved is the text of a measure with all its parameters.
func (m Measure) resolved(s settings) string {
	pairs := make([]string, len(m.Parameters))
	for i, p := range m.Parameters {
		pairs[i] = p.Name + "=" + s[p.Name]
	}
	return strings.TrimSuffix(m.Name+":"+strings.Join(pairs, ","), ":")
}

func (p Parameter) check(value string) error {
	if len(p.Choices) > 0 {
		if !slices.Contains(p.Choices, value) {
			return fmt.Errorf("%s is %q, expected %s", p.Name, value, strings.Join(p.Choices, " or "))
		}
		return nil
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(v) || v < p.Least || v > p.Most {
		return fmt.Errorf("%s is %q, expected a number from %g to %g", p.Name, value, p.Least, p.Most)
	}
	return nil
}

func measureNames() string {
	names := make([]string, len(measures))
	for i, m := range measures {
		names[i] = m.Name
	}
	return strings.Join(names, ", ")
}

func (m Measure) parameterNames() string {
	names := make([]string, len(m.Parameters))
	for i, p := range m.Parameters {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}
