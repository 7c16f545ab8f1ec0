package relation

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gzpt/kernels/npy"
)

// FuzzJournal: whatever an interrupted call has left, the next one finishes the relation that it would have made alone, or says
// what is wrong. Only of a record of its own inputs does it keep anything.
func FuzzJournal(f *testing.F) {
	const n, side = 6, 4
	has := func(i int) bool { return i != 2 }
	value := func(i, j int) float32 { return float32(i+j) / 16 }
	f.Add([]byte(`{"inputs":"mine","items":6,"side":4,"blocks":2,"done":"AA=="}`), true)
	f.Add([]byte(`{"inputs":"mine","items":6,"side":4,"blocks":-2,"done":""}`), true)
	f.Add([]byte(`{"inputs":"mine","items":6,"side":1,"blocks":9223372036854775807,"done":"/w=="}`), true)
	f.Add([]byte(`{"inputs":"other","items":6,"side":4,"blocks":2,"done":"/w=="}`), false)
	f.Fuzz(func(t *testing.T, journal []byte, whole bool) {
		file := filepath.Join(t.TempDir(), "relation.npy")
		want, err := stored(t, n, side, value, has)
		if err != nil {
			t.Fatal(err)
		}
		if whole { // the blocks that a record calls done may be so
			if err := npy.WriteFile(file+".part", []int{n, n}, want.Values); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(file+".part", journal, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+".blocks", journal, 0o666); err != nil {
			t.Fatal(err)
		}
		hasGaze := make([]bool, n)
		for i := range hasGaze {
			hasGaze[i] = has(i)
		}
		d, err := Begin(hasGaze, file, "mine")
		if err != nil {
			return
		}
		if err := d.Fill(context.Background(), madeUp(side, value, has), nil); err != nil {
			d.Suspend()
			return
		}
		r, err := d.Complete()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if !slices.Equal(r.Values, want.Values) {
			t.Fatalf("%v, expected %v", r.Values, want.Values)
		}
	})
}

// FuzzReleased: whatever the files of a ready-made relation hold, they are refused or give one that is symmetric and finite.
func FuzzReleased(f *testing.F) {
	f.Add("a\nb\n", []byte{0, 0, 0, 63})
	f.Add("\ufeffa\r\nb", []byte{0, 0, 192, 127})
	f.Add("a\n\nb\n\n", []byte{})
	f.Fuzz(func(t *testing.T, names string, values []byte) {
		dir := t.TempDir()
		list, matrix := filepath.Join(dir, "names.txt"), filepath.Join(dir, "r.npy")
		if err := os.WriteFile(list, []byte(names), 0o666); err != nil {
			t.Fatal(err)
		}
		n := int(math.Sqrt(float64(len(values) / 4)))
		data := make([]float32, n*n)
		for i := range data {
			data[i] = math.Float32frombits(uint32(values[4*i]) | uint32(values[4*i+1])<<8 | uint32(values[4*i+2])<<16 | uint32(values[4*i+3])<<24)
		}
		if err := npy.WriteFile(matrix, []int{n, n}, data); err != nil {
			t.Fatal(err)
		}
		r, listed, _, err := ReadReleased(matrix, list)
		if err != nil {
			return
		}
		if len(listed) != r.N || r.N != n {
			t.Fatalf("%d names of %d", len(listed), r.N)
		}
		for i := range n {
			for j := range n {
				if v := r.At(i, j); v != r.At(j, i) || !finite(float64(v)) {
					t.Fatalf("R[%d,%d] is %g, R[%d,%d] %g", i, j, v, j, i, r.At(j, i))
				}
			}
		}
	})
}
