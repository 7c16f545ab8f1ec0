package examine

import (
	"context"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity"
)

// Beside the matrix, which lies in a file, a relation and all that is said about it need memory that grows with the items,
// not with the pairs: all that was ever allocated for 4000 items, garbage included, is for each item beyond the 2000th
// a small part of its row.
func TestMemoryGrowsWithItems(t *testing.T) {
	if testing.Short() {
		t.Skip("16 million similarities")
	}
	for _, readers := range []string{"merge", "mean"} {
		few, many := allocated(t, 2000, readers), allocated(t, 4000, readers)
		if runtime.GOOS != "linux" {
			continue // where files cannot be mapped the matrix is in memory
		}
		perItem := (many - few) / 2000
		t.Logf("%s: %.1f MB for 2000 items, %.1f MB for 4000: %.0f bytes an item", readers, few/1e6, many/1e6, perItem)
		if perItem > 4000 { // a row has 16,000 bytes, half of them new to each of 2000 items
			t.Errorf("%s: %.0f bytes an item", readers, perItem)
		}
	}
}

// allocated is the bytes that a relation of n items in a file, its positives and its examination allocate.
func allocated(t *testing.T, n int, readers string) float64 {
	items, labels := make([][]gaze.Recording, n), make([]string, n)
	for i := range items {
		items[i], labels[i] = []gaze.Recording{gazetest.Path(uint64(i), 3, 640, 480)}, strconv.Itoa(i%3)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := similarity.Relate(context.Background(), gazetest.Device(t), items, similarity.RelateOptions{Measure: "dhash", Readers: readers, File: filepath.Join(t.TempDir(), "r.npy")})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, rule := range []relation.Rule{{PerItem: 5}, {Kind: "top-k", K: 5}} {
		if readers == "mean" { // the same relation
			break
		}
		x, err := Positives(context.Background(), r.Positives(rule, nil, nil), Options{Labels: labels, Permutations: 2, Pairs: 3})
		if err != nil {
			t.Fatal(err)
		}
		x.Conclude()
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}
