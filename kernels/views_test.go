package kernels

import (
	"slices"
	"testing"
)

// TestPackBytes: the first byte is the lowest of the first word, and what is behind the last is 0.
func TestPackBytes(t *testing.T) {
	for n, want := range map[int][]int32{
		0: {0}, 1: {1}, 3: {0x030201}, 4: {0x04030201}, 5: {0x04030201, 5}, 8: {0x04030201, 0x08070605},
	} {
		bytes := []byte{1, 2, 3, 4, 5, 6, 7, 8}[:n]
		got := slices.Repeat([]int32{-1}, len(want))
		PackBytes(got, bytes)
		if !slices.Equal(got, want) {
			t.Errorf("%d bytes are %#x, expected %#x", n, got, want)
		}
	}
	if n := (Views{Side: 3, Bits: 8}).Row(1); n != 3 {
		t.Errorf("9 bytes take %d words, expected 3", n)
	}
	if n := (Views{Side: 3, Bits: 16}).Row(3); n != 14 {
		t.Errorf("54 bytes take %d words, expected 14", n)
	}
}

// TestViewEncodePanics: a table has room for the weights of every view.
func TestViewEncodePanics(t *testing.T) {
	defer func() {
		if recover() != "kernels: View.Encode: more weights than columns" {
			t.Error("two weights fit into one column")
		}
	}()
	(&View{Blur: []float64{0.5, 0.25}}).Encode(make([]float64, ViewColumns(0)))
}
