// Package spec reads the texts by which measures and detectors are chosen: "name", or
// "name:parameter=value,parameter=value".
package spec

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Parameter is a setting: a number, or where Choices are given one of these words.
type Parameter struct {
	Name, Default, About string
	Choices              []string
	// Least and Most bound a number.
	Least, Most float64
	// Whole says that a number has no fraction.
	Whole bool
}

// Choice is what a text can choose, with its parameters.
type Choice struct {
	Name       string
	Parameters []Parameter
}

// Settings are the values of all parameters of a choice by name.
type Settings map[string]string

// Number is a parameter that Parse has checked.
func (s Settings) Number(name string) float64 {
	v, _ := strconv.ParseFloat(s[name], 64)
	return v
}

// Parse finds which of the choices the text names, and the values of its parameters, those not given by default. kind is
// what errors call a choice: "gaze measure".
func Parse(kind, text string, choices []Choice) (index int, s Settings, err error) {
	name, list, _ := strings.Cut(text, ":")
	index = slices.IndexFunc(choices, func(c Choice) bool { return c.Name == name })
	if index < 0 {
		names := make([]string, len(choices))
		for i, c := range choices {
			names[i] = c.Name
		}
		return 0, nil, fmt.Errorf("%s %q, expected one of %s", kind, name, strings.Join(names, ", "))
	}
	c := choices[index]
	s = Settings{}
	for _, p := range c.Parameters {
		s[p.Name] = p.Default
	}
	for _, pair := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		key, value, _ := strings.Cut(pair, "=")
		i := slices.IndexFunc(c.Parameters, func(p Parameter) bool { return p.Name == key })
		if i < 0 {
			return 0, nil, fmt.Errorf("%s %s has no parameter %q; it has %s", kind, name, key, c.parameterNames())
		}
		if err := c.Parameters[i].check(value); err != nil {
			return 0, nil, fmt.Errorf("%s %s: %w", kind, name, err)
		}
		s[key] = value
	}
	return index, s, nil
}

// Text writes a choice out with every parameter, for a run's record: "tima:area=0.7,...".
func (c Choice) Text(s Settings) string {
	pairs := make([]string, len(c.Parameters))
	for i, p := range c.Parameters {
		pairs[i] = p.Name + "=" + s[p.Name]
	}
	return strings.TrimSuffix(c.Name+":"+strings.Join(pairs, ","), ":")
}

func (c Choice) parameterNames() string {
	if len(c.Parameters) == 0 {
		return "none"
	}
	names := make([]string, len(c.Parameters))
	for i, p := range c.Parameters {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

func (p Parameter) check(value string) error {
	if len(p.Choices) > 0 {
		if !slices.Contains(p.Choices, value) {
			return fmt.Errorf("%s is %q, expected %s", p.Name, value, strings.Join(p.Choices, " or "))
		}
		return nil
	}
	kind := "number"
	if p.Whole {
		kind = "whole number"
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(v) || v < p.Least || v > p.Most || p.Whole && v != math.Trunc(v) {
		return fmt.Errorf("%s is %q, expected a %s from %g to %g", p.Name, value, kind, p.Least, p.Most)
	}
	return nil
}
