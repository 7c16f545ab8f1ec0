package data

// subset is some of a source's items.
type subset struct {
	Source
	items []Item
	from  []int // the items' indices in the source
}

// Subset is the items of a source with the given indices, in their order.
func Subset(s Source, indices []int) Source {
	x := &subset{Source: s, from: indices}
	for _, i := range indices {
		x.items = append(x.items, s.Items()[i])
	}
	return x
}

func (x *subset) Items() []Item { return x.items }

func (x *subset) Size(i int) (width, height int) { return x.Source.Size(x.from[i]) }

func (x *subset) Pixels(dst []float32, i int) error { return x.Source.Pixels(dst, x.from[i]) }

func (x *subset) Image(i int) (*Image, error) { return x.Source.Image(x.from[i]) }

// Checksum is that of the item in the source.
func (x *subset) Checksum(i int) string { return Checksum(x.Source, x.from[i]) }
