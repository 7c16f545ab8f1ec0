// Package phantom makes images with lesions, and readers who look at them, from a seed and without files: a set on which
// training, gaze measures and evaluation can be tried, and tested, where there are no data.
//
// A phantom is an organ of random place, shape, brightness and texture, with vessels and with smooth spots that are
// harmless, and a lesion, which is told from them by its sharp border and its grain. The class of a phantom is the habit of
// its lesion: what shape it has, how large it is, in how many parts it comes, and in which region of the organ it tends
// to lie. Lengths and places overlap between classes, and everything else varies much more, so that neither the pixels'
// overall statistics nor their differences give the class away.
//
// # The reader
//
// The simulated reader is given what an eye can see and nothing else: a [Scene] of outlines, some of which are a lesion's.
// It never learns the class, nor is there anything in its program that depends on one. It searches first, drawn to spots
// and vessels, then rests on the parts of the lesion one after the other, longer and more often on a larger part,
// scattered as widely as the part extends, and may check a spot and come back. One time in ten it does not see the lesion
// and searches on. Number, order and scatter of the fixations have noise of their own.
//
// So gaze tells about the class what place, extent and number of parts tell, imperfectly, as gaze does in
// practice. That training with it helps on phantoms shows that the machinery works, and nothing about medicine.
package phantom

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gzpt/kernels"
	"gzpt/nn/data"
	"gzpt/nn/data/picture"
)

// Options says how many phantoms are made, and how.
type Options struct {
	// Items is the number of phantoms. Classes take turns, and of every ten of a class seven are for training, one for
	// validation and two for testing.
	Items int
	// ImageSize is the side of the views; the phantoms are squares of data.Side(2*ImageSize) pixels.
	ImageSize int
	// Channels is 1 (grey) or 3 (tinted).
	Channels int
	Seed     uint64
	// Workers is the number of goroutines, 0 for one per processor.
	Workers int
}

// Item is a phantom.
type Item struct {
	Name          string
	Width, Height int
	// Pixels are 8 bits a value, [Height,Width,Channels].
	Pixels []uint8
	// Label is one of Classes; Split is train, val or test.
	Label, Split string
	// Scene is what there is to see, and Fixations is how the simulated reader looked at it, in pixels and seconds.
	Scene     Scene
	Fixations []data.Fixation
}

// Set is a number of phantoms. It is a [data.Source]; the pixels are kept in memory.
type Set struct {
	options Options
	list    []data.Item
	items   []Item
	squares []*picture.Image
}

var _ data.StoredSource = (*Set)(nil)

// New makes a set of phantoms. The seed determines it; a phantom does not depend on how many there are.
func New(ctx context.Context, o Options) (*Set, error) {
	if o.Items < 1 || o.ImageSize < 1 || o.ImageSize > picture.MaxSide/4 || o.Channels != 1 && o.Channels != 3 {
		panic("phantom: New: Items and ImageSize are at least 1, and Channels 1 or 3")
	}
	s := &Set{options: o, list: make([]data.Item, o.Items), items: make([]Item, o.Items), squares: make([]*picture.Image, o.Items)}
	err := data.Each(ctx, o.Items, o.Workers, func(i int) error {
		s.items[i] = makeItem(o, i)
		s.list[i] = data.Item{Name: s.items[i].Name, Label: s.items[i].Label, Split: s.items[i].Split}
		m, err := s.Image(i)
		if err == nil {
			s.squares[i] = m.Resize(s.Side(), s.Side())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// makeItem makes phantom number i.
func makeItem(o Options, i int) Item {
	class := i % len(Classes)
	side := data.Side(2 * o.ImageSize)
	item := Item{Name: fmt.Sprintf("phantom-%05d", i), Width: side, Height: side, Label: Classes[class], Split: split(i / len(Classes))}
	item.Scene = newScene(generator(o.Seed, i, "scene"), class)
	item.Pixels = paint(generator(o.Seed, i, "pixels"), &item.Scene, side, o.Channels)
	item.Fixations = look(generator(o.Seed, i, "reader"), &item.Scene)
	for k := range item.Fixations {
		f := &item.Fixations[k]
		f.X, f.Y = f.X*float64(side), f.Y*float64(side)
	}
	return item
}

// split is the part of the set that phantom number i of a class belongs to.
func split(i int) string {
	switch i % 10 {
	case 3:
		return "val"
	case 6, 9:
		return "test"
	}
	return "train"
}

// generator is a source of random numbers for one purpose and phantom.
func generator(seed uint64, i int, purpose string) *rand.Rand {
	return rand.New(rand.NewPCG(data.Derive(seed, "phantom "+purpose, uint64(i))))
}

// Items is the list of the phantoms.
func (s *Set) Items() []data.Item { return s.list }

// Item is phantom i.
func (s *Set) Item(i int) Item { return s.items[i] }

// Gaze is how phantom i was looked at, for [data.DumpOptions].
func (s *Set) Gaze(i int) []data.Gaze {
	item := &s.items[i]
	return []data.Gaze{{Width: float64(item.Width), Height: float64(item.Height), Fixations: item.Fixations}}
}

// Size is the width and height of phantom i in pixels.
func (s *Set) Size(i int) (width, height int) { return s.items[i].Width, s.items[i].Height }

// Side is the side of the squares that Pixels gives.
func (s *Set) Side() int { return data.Side(s.options.ImageSize) }

// Channels is 1 or 3.
func (s *Set) Channels() int { return s.options.Channels }

// Image is phantom i as it was made.
func (s *Set) Image(i int) (*picture.Image, error) {
	item := &s.items[i]
	return &picture.Image{Width: item.Width, Height: item.Height, Channels: s.options.Channels, Pix8: item.Pixels}, nil
}

// Pixels writes phantom i, at the size of Side, to dst as fractions of full scale.
func (s *Set) Pixels(dst []float32, i int) error {
	if len(dst) != len(s.squares[i].Pix8) {
		panic("phantom: Set.Pixels: dst is not [Side,Side,Channels]")
	}
	for k, v := range s.squares[i].Pix8 {
		dst[k] = float32(v) / 255
	}
	return nil
}

// Bits is 8.
func (s *Set) Bits() int { return 8 }

// Words writes the values of phantom i, at the size of Side, to dst, and returns their window, the full scale.
func (s *Set) Words(dst []int32, i int) (picture.Window, error) {
	kernels.PackBytes(dst, s.squares[i].Pix8)
	return picture.Window{}.Or(8), nil
}
