package relation

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A draft that was interrupted goes on where it was; one of other inputs begins anew.
func TestDraftGoesOn(t *testing.T) {
	const n, side, blocks = 50, 10, 15
	has := func(i int) bool { return i%9 != 4 }
	hasGaze := make([]bool, n)
	for i := range hasGaze {
		hasGaze[i] = has(i)
	}
	value := func(i, j int) float32 { return float32(i*n+j) / 1e4 }
	want, err := stored(t, n, side, value, has)
	if err != nil {
		t.Fatal(err)
	}
	for inputs, rest := range map[string]int{"the same": blocks - 4, "others": blocks} {
		dir := t.TempDir()
		file := filepath.Join(dir, "relation.npy")
		run := func(inputs string, limit int) (r *Relation, computed int, err error) {
			d, err := Begin(hasGaze, file, inputs)
			if err != nil {
				t.Fatal(err)
			}
			b := madeUp(side, value, has)
			compute := b.Compute
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			b.Compute = func(rows, cols Span, dst []float32) error {
				if computed++; computed > limit {
					cancel()
					return ctx.Err()
				}
				return compute(rows, cols, dst)
			}
			if err := d.Fill(ctx, b, nil); err != nil {
				return nil, computed, errors.Join(err, d.Suspend())
			}
			r, err = d.Complete()
			return r, computed, err
		}
		if _, _, err := run("the same", 4); !errors.Is(err, context.Canceled) || !Begun(file) {
			t.Fatalf("interrupted: %v, begun %v", err, Begun(file))
		}
		r, computed, err := run(inputs, blocks)
		if err != nil || computed != rest {
			t.Fatalf("%s: %d blocks computed, want %d: %v", inputs, computed, rest, err)
		}
		if !slices.Equal(r.Values, want.Values) || !slices.Equal(r.HasGaze, hasGaze) {
			t.Errorf("%s: another relation", inputs)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 || Begun(file) {
			t.Errorf("%s: %v left beside the matrix", inputs, left)
		}
	}
}
