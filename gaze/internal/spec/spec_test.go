package spec

import (
	"slices"
	"strings"
	"testing"
)

var choices = []Choice{
	{"plain", nil},
	{"rich", []Parameter{
		{Name: "size", Default: "0.5", Least: 0.1, Most: 2},
		{Name: "order", Default: "time", Choices: []string{"time", "lexical"}},
	}},
	{"counted", []Parameter{{Name: "grid", Default: "8", Least: 2, Most: 16, Whole: true}}},
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                        "plain",
		"plain:":                       "plain",
		"rich":                         "rich:size=0.5,order=time",
		"rich:order=lexical":           "rich:size=0.5,order=lexical",
		"rich:size=2,order=time,,":     "rich:size=2,order=time",
		"rich:size=1,size=0.1":         "rich:size=0.1,order=time",
		"rich:order=lexical,size=1e-1": "rich:size=1e-1,order=lexical",
		"counted:grid=1e1":             "counted:grid=1e1",
	} {
		index, s, err := Parse("thing", text, choices)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := choices[index].Text(s)
		if got != want {
			t.Errorf("%s is written out as %s, want %s", text, got, want)
		}
		if i, again, err := Parse("thing", got, choices); err != nil || choices[i].Text(again) != got {
			t.Errorf("%s does not read back: %v", got, err)
		}
	}
	_, s, _ := Parse("thing", "rich:size=1e-1", choices)
	if s.Number("size") != .1 {
		t.Errorf("size is %g", s.Number("size"))
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                  `thing "", expected one of plain, rich, counted`,
		"other":             `thing "other", expected one of plain, rich, counted`,
		"Rich":              `thing "Rich", expected one of plain, rich, counted`,
		"plain:size=1":      `thing plain has no parameter "size"; it has none`,
		"rich:sise=1":       `thing rich has no parameter "sise"; it has size, order`,
		"rich:size":         `thing rich: size is "", expected a number from 0.1 to 2`,
		"rich:size=NaN":     `thing rich: size is "NaN", expected a number from 0.1 to 2`,
		"rich:size=Inf":     `thing rich: size is "Inf", expected a number from 0.1 to 2`,
		"rich:size=0.09":    `thing rich: size is "0.09", expected a number from 0.1 to 2`,
		"rich:order=random": `thing rich: order is "random", expected time or lexical`,
		"counted:grid=8.5":  `thing counted: grid is "8.5", expected a whole number from 2 to 16`,
		"counted:grid=17":   `thing counted: grid is "17", expected a whole number from 2 to 16`,
	} {
		if _, _, err := Parse("thing", text, choices); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}

// What is accepted is written out with numbers within their bounds and words that are choices, and reads back as itself.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"plain", "rich:size=1,order=lexical", "rich:size=0x1p-1", "rich:=", "rich:size==1", ":,=", "rich:size=1:2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		index, s, err := Parse("thing", text, choices)
		if err != nil {
			return
		}
		c := choices[index]
		if !strings.HasPrefix(text, c.Name) || len(s) != len(c.Parameters) {
			t.Errorf("%q chose %s with %v", text, c.Name, s)
		}
		for _, p := range c.Parameters {
			if v := s.Number(p.Name); p.Choices == nil && !(v >= p.Least && v <= p.Most) || p.Choices != nil && !slices.Contains(p.Choices, s[p.Name]) {
				t.Errorf("%q: %s is %q", text, p.Name, s[p.Name])
			}
		}
		if i, again, err := Parse("thing", c.Text(s), choices); err != nil || choices[i].Text(again) != c.Text(s) {
			t.Errorf("%q is written out as %q, which does not read back: %v", text, c.Text(s), err)
		}
	})
}
