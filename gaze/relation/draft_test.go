package relation

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// What an interrupted draft has left is taken up only if it is what was computed, wherever a byte of it was changed; that of a
// version without checksums is believed.
func TestDamagedDraft(t *testing.T) {
	const n, side = 25, 10
	hasGaze := make([]bool, n)
	for i := range hasGaze {
		hasGaze[i] = i%7 != 3
	}
	has := func(i int) bool { return hasGaze[i] }
	value := func(i, j int) float32 { return float32(i*n+j) / 1e4 }
	file := filepath.Join(t.TempDir(), "relation.npy")
	// fill computes up to limit blocks of the draft that is there.
	fill := func(limit int) error {
		d, err := Begin(hasGaze, file, "inputs")
		if err != nil {
			return err
		}
		b := madeUp(side, value, has)
		compute, stopped := b.Compute, errors.New("stopped")
		b.Compute = func(rows, cols Span, dst []float32) error {
			if limit--; limit < 0 {
				return stopped
			}
			return compute(rows, cols, dst)
		}
		err = d.Fill(t.Context(), b, nil)
		if errors.Is(err, stopped) {
			err = nil
		}
		return errors.Join(err, d.Suspend())
	}
	if err := fill(3); err != nil { // the first row of blocks
		t.Fatal(err)
	}
	if Unchecked(file) {
		t.Error("the draft has no checksums")
	}
	part, blocks := read(t, file+".part"), read(t, file+".blocks")
	const head = 128
	for row := 0; row < n; row += 2 {
		for col := 0; col < n; col += 3 {
			bad := bytes.Clone(part)
			bad[head+4*(row*n+col)+1] ^= 0x10
			write(t, file+".part", bad)
			err := fill(0)
			if computed := row < side || col < side; computed != (err != nil) || err != nil && !strings.Contains(err.Error(), file+".part: rows 0 to 9, columns") {
				t.Fatalf("row %d, column %d: error %v", row, col, err)
			}
		}
	}
	write(t, file+".part", part)
	for at := 0; at < len(blocks); at += 3 {
		bad := bytes.Clone(blocks)
		bad[at] ^= 4
		write(t, file+".blocks", bad)
		if err := fill(0); err != nil && !strings.Contains(err.Error(), file+".blocks: ") {
			t.Fatalf("byte %d of the record: %v", at, err)
		}
		write(t, file+".part", part)
	}
	old := bytes.Replace(blocks, []byte(`"sums"`), []byte(`"summe"`), 1)
	write(t, file+".blocks", append(old[:bytes.LastIndex(old, []byte(",\n"))], "\n}"...))
	if err := fill(0); err != nil || !Unchecked(file) {
		t.Errorf("a draft of an older version: %v, without checksums %v", err, Unchecked(file))
	}
	if err := Discard(file); err != nil || Begun(file) {
		t.Errorf("discarded: %v", err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
}
