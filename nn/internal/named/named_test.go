package named

import (
	"maps"
	"slices"
	"testing"
)

func TestValues(t *testing.T) {
	type part struct {
		Depth int        `json:"depth"`
		Scale [2]float64 `json:"scale"`
	}
	v := struct {
		Part  part    `json:"part"`
		Name  string  `json:"name"`
		Rate  float64 `json:"rate"`
		Later bool    `json:"later,omitempty"`
	}{part{18, [2]float64{.5, 1}}, "a.b", 1e-7, false}
	want := map[string]string{"part.depth": "18", "part.scale.0": "0.5", "part.scale.1": "1", "name": `"a.b"`, "rate": "1e-7"}
	if got := Values(v); !maps.Equal(got, want) {
		t.Errorf("got %v, expected %v", got, want)
	}
}

func TestDifferences(t *testing.T) {
	a := map[string]string{"same": "1", "other": "2", "old": "3"}
	b := map[string]string{"same": "1", "other": "4", "new": "5"}
	want := []Difference{{"old", "3", ""}, {"other", "2", "4"}, {"new", "", "5"}}
	if got := Differences(a, b); !slices.Equal(got, want) {
		t.Errorf("got %v, expected %v", got, want)
	}
}
