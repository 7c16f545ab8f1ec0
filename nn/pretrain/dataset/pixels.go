package dataset

import (
	"fmt"

	"gzpt/nn/data"
	"gzpt/nn/data/picture"
)

func storedOf(c *data.Cache, folder string) Stored {
	p := Stored{Decoded: c.Rebuilt(), Cache: folder, Window: c.Window()}
	p.File, p.Size = c.File()
	for _, i := range c.Tagged() {
		p.Tagged = append(p.Tagged, c.Items()[i].Name)
	}
	if p.Window == "" {
		p.Unused, p.Suggested = c.Values().Unused()
	}
	return p
}

// Checksum is that of the pixels of item i, "" where the source does not know it.
func (d *Set) Checksum(i int) string { return data.Checksum(d.Source, i) }

// Bits is those of the stored values, see [data.StoredSource].
func (d *Set) Bits() int { return data.Bits(d.Source) }

// Words is the stored values of item i.
func (d *Set) Words(dst []int32, i int) (picture.Window, error) {
	return data.Stored(d.Source).Words(dst, i)
}

// Twins says which images with equal pixels are in two parts of the split, or have two labels: each once, with the first
// that it contradicts.
func (d *Set) Twins() []string {
	var found []string
	seen := map[string][]int{}
	items := d.Items()
	for i, item := range items {
		sum := d.Checksum(i)
		if sum == "" {
			continue
		}
		for _, k := range seen[sum] {
			if what := contradiction(items[k], item); what != "" {
				found = append(found, fmt.Sprintf("images %q and %q have equal pixels, but %s", items[k].Name, item.Name, what))
				break
			}
		}
		seen[sum] = append(seen[sum], i)
	}
	return found
}

// contradiction is how two items of equal pixels differ. An item that is in no part of a split is trained on as those
// are that are to be.
func contradiction(a, b data.Item) string {
	part := func(i data.Item) string {
		if p, _ := data.SplitWord(i.Split); p != "" {
			return p
		}
		return "train"
	}
	switch {
	case part(a) != part(b):
		return fmt.Sprintf("are in %s and in %s", part(a), part(b))
	case a.Label != b.Label && a.Label != "" && b.Label != "":
		return fmt.Sprintf("have the labels %q and %q", a.Label, b.Label)
	}
	return ""
}
