package similarity

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure"
	"gzpt/kernels/npy"
)

// A relation in a file is the one in memory, also after interruptions, and of what is done nothing is done again.
func TestRelateToFile(t *testing.T) {
	const n = 150 // six blocks of pairs
	items := gazetest.Some(n)
	for _, m := range Measures() {
		if testing.Short() && !slices.Contains([]string{"tima", "heatmap-cc", "kl"}, m.Name) {
			continue // one by pairs, one of products and one of products that are finished stay; TestRelate has all
		}
		want, err := Relate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: m.Name})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "relation.npy")
		interrupted := 0
		for {
			ctx, cancel := context.WithCancel(context.Background())
			first, calls := -1, 0
			r, err := Relate(ctx, gazetest.Device(t), items, RelateOptions{Measure: m.Name, File: file, Progress: func(done, _ int) {
				if first < 0 {
					first = done
				}
				if calls++; calls == 4+2*interrupted {
					cancel()
				}
			}})
			cancel()
			if errors.Is(err, context.Canceled) {
				interrupted++
				if _, err := os.Stat(file); err == nil {
					t.Fatal("an interrupted run has a matrix")
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Values, want.Values) {
				t.Errorf("%s: another matrix in the file", m.Name)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			break
		}
		if m.Name == "tima" && interrupted == 0 {
			t.Error("never interrupted")
		}
		dims, values, err := npy.ReadFile(file)
		if err != nil || !slices.Equal(dims, []int{n, n}) || !slices.Equal(values, want.Values) {
			t.Errorf("%s: file of %v, %v", m.Name, dims, err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%s: %v left beside the matrix", m.Name, left)
		}
	}
}

// A record of other gaze or of another measure is not continued.
func TestJournalOfOthers(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "relation.npy")
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Relate(ctx, gazetest.Device(t), gazetest.Some(200), RelateOptions{Measure: "tima", File: file, Progress: func(int, int) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for _, o := range []RelateOptions{{Measure: "tima:eps=0.1", File: file}, {Measure: "tima", File: file}} {
		items := gazetest.Some(200)
		items[0], items[1] = items[1], items[0]
		want, err := Relate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: o.Measure})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Relate(context.Background(), gazetest.Device(t), items, o)
		if err != nil || !slices.Equal(r.Values, want.Values) {
			t.Errorf("%s: %v", o.Measure, err)
		}
		r.Close()
	}
}

// The mean over readers in a file is the one in memory, also after an interruption, and leaves nothing else.
func TestMeanToFile(t *testing.T) {
	var items [][]gaze.Recording
	for i := range 60 {
		var readers []gaze.Recording
		for k := range i % 4 {
			readers = append(readers, gazetest.Path(uint64(100*i+k), 12, 640, 480))
		}
		items = append(items, readers)
	}
	want, err := Relate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: "tima", Readers: "mean"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "relation.npy")
	ctx, cancel := context.WithCancel(context.Background())
	o := RelateOptions{Measure: "tima", Readers: "mean", File: file, Progress: func(int, int) { cancel() }}
	if _, _, err := TimedRelate(ctx, gazetest.Device(t), items, o); !errors.Is(err, context.Canceled) || !Begun(file) {
		t.Fatalf("interrupted: %v, begun %v", err, Begun(file))
	}
	o.Progress = nil
	r, timing, err := TimedRelate(context.Background(), gazetest.Device(t), items, o)
	if err != nil || !slices.Equal(r.Values, want.Values) || !slices.Equal(r.HasGaze, want.HasGaze) {
		t.Fatalf("another relation in the file: %v", err)
	}
	if timing != nil {
		t.Error("a part of the work is timed as if it were all")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 || Begun(file) {
		t.Errorf("%v left beside the matrix", left)
	}
	if _, timing, err := TimedRelate(context.Background(), gazetest.Device(t), items, RelateOptions{Measure: "tima"}); err != nil || timing.PairsPerSecond <= 0 {
		t.Errorf("%+v, %v", timing, err)
	}
}

// A heat map of other rows is another input, though its numbers are the same.
func TestDigestOfMaps(t *testing.T) {
	of := func(rows, cols int) string {
		r := gaze.Recording{Width: 4, Height: 4, Map: &gaze.Map{Rows: rows, Cols: cols, Values: []float32{1, 2, 3, 4}}}
		return digest(&measure.Work{Device: gazetest.Device(t), Paths: []gaze.Recording{r}}, "sim")
	}
	if of(2, 2) == of(1, 4) || of(1, 4) == of(4, 1) {
		t.Error("maps of other shapes have one digest")
	}
	if first, again := of(2, 2), of(2, 2); first != again {
		t.Error("one map has two digests")
	}
}
