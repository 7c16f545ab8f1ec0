package evaluate

import (
	"fmt"

	"gzpt/nn/data"
)

// Split is the rows to learn from, to choose settings by, and to measure on. Validation may be empty.
type Split struct {
	Train, Validation, Test []int
}

// SplitColumn makes a split from one word per item, as [data.SplitWord] takes it; an empty word leaves the item out. Any
// other word is an error that names the item by its index.
func SplitColumn(words []string) (Split, error) {
	var s Split
	for i, word := range words {
		part, ok := data.SplitWord(word)
		if !ok {
			return Split{}, fmt.Errorf("item %d: split %q, expected train, val, test or nothing", i, word)
		}
		switch part {
		case "train":
			s.Train = append(s.Train, i)
		case "val":
			s.Validation = append(s.Validation, i)
		case "test":
			s.Test = append(s.Test, i)
		}
	}
	return s, nil
}

// items is the number of items in any part.
func (s Split) items() int { return len(s.Train) + len(s.Validation) + len(s.Test) }

// Labelled is the split without the items that have no label (index -1).
func (s Split) Labelled(index []int) Split {
	keep := func(rows []int) (kept []int) {
		for _, i := range rows {
			if index[i] >= 0 {
				kept = append(kept, i)
			}
		}
		return kept
	}
	return Split{keep(s.Train), keep(s.Validation), keep(s.Test)}
}

// Check returns an error unless the split can be evaluated on n items without leaking: train and test are not empty, no
// item is in two parts or twice in one, and no group (a patient, say) is in two parts. groups has one word per item, ""
// being a group of its own; nil means no groups.
func (s Split) Check(n int, groups []string) error {
	if groups != nil && len(groups) != n {
		panic("evaluate: Split.Check: one group per item")
	}
	if len(s.Train) == 0 || len(s.Test) == 0 {
		return fmt.Errorf("the split has %d train and %d test items, expected some of each", len(s.Train), len(s.Test))
	}
	type place struct {
		part string
		item int
	}
	items, owners := map[int]string{}, map[string]place{}
	for _, part := range []struct {
		name string
		rows []int
	}{{"train", s.Train}, {"val", s.Validation}, {"test", s.Test}} {
		for _, i := range part.rows {
			if i < 0 || i >= n {
				return fmt.Errorf("the split names item %d, expected 0 to %d", i, n-1)
			}
			if other, ok := items[i]; ok {
				return fmt.Errorf("item %d is in the split twice, in %s and in %s", i, other, part.name)
			}
			items[i] = part.name
			if groups == nil || groups[i] == "" {
				continue
			}
			if first, ok := owners[groups[i]]; ok && first.part != part.name {
				return fmt.Errorf("group %q is in two parts of the split: item %d in %s, item %d in %s", groups[i], first.item, first.part, i, part.name)
			}
			owners[groups[i]] = place{part.name, i}
		}
	}
	return nil
}
