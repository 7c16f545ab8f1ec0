package pretrain

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/rundir"
)

// shown is the images of a source under other names and in other parts of a split, with checksums of pixels.
type shown struct {
	data.Source
	items []data.Item
	sums  []string
	side  int
}

func (s *shown) Items() []data.Item    { return s.items }
func (s *shown) Checksum(i int) string { return s.sums[i] }
func (s *shown) Side() int             { return s.side }

// TestTrainedTestItems: test items that a run was trained on are known by their pixels under any window, or by their names where
// these mean the same images or pixels are not known. Pixels of another size say nothing.
func TestTrainedTestItems(t *testing.T) {
	b := newTrial(t)
	list := func(prefix string, split func(i int) string) *shown {
		s := &shown{Source: b.set, side: b.set.Side()}
		for i := range b.set.Items() {
			s.items = append(s.items, data.Item{Name: fmt.Sprint(prefix, i), Label: "x", Split: split(i)})
			s.sums = append(s.sums, fmt.Sprintf("sum%d", i))
		}
		return s
	}
	halves := func(i int) string { return []string{"train", "test"}[i%2] }
	trained := list("a", halves) // on the even ones
	d := Data{Images: trained}
	run := func(name string) rundir.Dir {
		r, err := Open(b.dev, filepath.Join(t.TempDir(), name), d, b.Settings, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		return r.Dir
	}
	known := run("known")
	trained.sums = make([]string, len(trained.sums))
	unknown := run("unknown")

	windowed := list("a", func(int) string { return "test" })
	for i := range windowed.sums {
		windowed.sums[i] += "-10-200"
	}
	others, unlabelled := list("a", func(int) string { return "test" }), list("a", func(int) string { return "test" })
	larger := list("b", func(int) string { return "test" })
	larger.side++
	for i := range others.sums {
		others.sums[i], larger.sums[i], unlabelled.items[i].Label = "other", "larger", ""
	}
	for name, c := range map[string]struct {
		dir       rundir.Dir
		images    *shown
		sameNames bool
		trained   int
		told      bool
	}{
		"its own split":                     {known, list("a", halves), true, 0, false},
		"by pixels":                         {known, list("b", func(int) string { return "test" }), false, 20, false},
		"under a window":                    {known, windowed, false, 20, false},
		"other images of the same names":    {known, others, false, 0, false},
		"the same names of the same images": {known, others, true, 20, false},
		"another size":                      {known, larger, false, 0, true},
		"without labels":                    {known, unlabelled, true, 0, false},
		"pixels that the run does not know": {unknown, others, false, 20, false},
		"a set whose pixels nobody knows":   {known, &shown{others.Source, others.items, make([]string, 40), others.side}, false, 20, false},
	} {
		got, told, err := TrainedTestItems(c.dir, c.images, c.sameNames)
		if got != c.trained || (told != "") != c.told || errors.Is(err, ErrTrained) != (c.trained > 0) || c.trained == 0 && err != nil {
			t.Errorf("%s: %d trained, told %q, %v; expected %d", name, got, told, err, c.trained)
		}
		if c.trained > 0 && !strings.Contains(err.Error(), fmt.Sprintf("%q first", c.images.items[0].Name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTally: an epoch's report is of all its steps.
func TestTally(t *testing.T) {
	var sums tally
	for k := range 4 {
		sums.add(nn.Metrics{Loss: float64(k), EmbeddingStd: 1, PositivesPerAnchor: float64(2 * k)}, 10, time.Second, time.Second/4)
	}
	got := []float64{
		sums.mean(sums.loss), sums.mean(sums.spread), sums.mean(sums.positives), sums.rate(), sums.wait.Seconds() / sums.elapsed.Seconds(),
	}
	if want := []float64{1.5, 1, 3, 10, 0.25}; !slices.Equal(got, want) {
		t.Errorf("%v, expected %v", got, want)
	}
	if empty := (tally{}); empty.mean(empty.loss) != 0 || empty.rate() != 0 {
		t.Error("means of nothing")
	}
}
