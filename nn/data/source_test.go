package data

import (
	"fmt"
	"slices"
	"testing"

	"gzpt/nn/data/picture"
)

// numberedSource is a source whose answers tell which item was asked for.
type numberedSource struct{ items []Item }

func (s numberedSource) Items() []Item         { return s.items }
func (s numberedSource) Size(i int) (int, int) { return 100 + i, 200 + i }
func (s numberedSource) Side() int             { return 2 }
func (s numberedSource) Channels() int         { return 1 }
func (s numberedSource) Bits() int             { return 8 }
func (s numberedSource) Checksum(i int) string { return fmt.Sprint("sum", i) }
func (s numberedSource) Pixels(dst []float32, i int) error {
	dst[0] = float32(i)
	return nil
}
func (s numberedSource) Words(dst []int32, i int) (picture.Window, error) {
	dst[0] = int32(i)
	return picture.Window{Low: i, High: 300}, nil
}
func (s numberedSource) Image(i int) (*picture.Image, error) {
	return picture.New(1+i, 1, 1, 8), nil
}

// TestSubset: whatever is asked of an item of a subset, also of one of a subset, is that of the item in the source.
func TestSubset(t *testing.T) {
	var all numberedSource
	for i := range 10 {
		all.items = append(all.items, Item{Name: fmt.Sprint("item", i)})
	}
	for want, s := range map[string]Source{
		"[7 2 9]": Subset(all, []int{7, 2, 9}),
		"[9 7]":   Subset(Subset(all, []int{7, 2, 9}), []int{2, 0}),
	} {
		var answers [6][]int
		for k, item := range s.Items() {
			name, sum, pixels, words := 0, 0, make([]float32, 4), make([]int32, 1)
			fmt.Sscanf(item.Name, "item%d", &name)
			fmt.Sscanf(Checksum(s, k), "sum%d", &sum)
			width, height := s.Size(k)
			if err := s.Pixels(pixels, k); err != nil {
				t.Fatal(err)
			}
			window, err := Stored(s).Words(words, k)
			if err != nil {
				t.Fatal(err)
			}
			m, err := s.Image(k)
			if err != nil {
				t.Fatal(err)
			}
			for a, got := range []int{name, sum, width - 100, int(pixels[0]), window.Low, m.Width - 1} {
				answers[a] = append(answers[a], got)
			}
			if height != width+100 || int(words[0]) != name {
				t.Errorf("item %d: height %d, words of item %d", name, height, words[0])
			}
		}
		for a, got := range answers {
			if fmt.Sprint(got) != want || !slices.Equal(got, answers[0]) {
				t.Errorf("answer %d is of the items %v, expected %s", a, got, want)
			}
		}
	}
}
