package data

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/nn/data/picture/picturetest"
)

// TestEvalIsTorchvisions: Pillow's pixels, resized by Pillow, divided and normalised in float32 as ToTensor and Normalize do.
func TestEvalIsTorchvisions(t *testing.T) {
	for _, c := range picturetest.Cases(t) {
		for _, r := range c.Resized {
			if r.Width != r.Height {
				continue
			}
			path := filepath.Join(t.TempDir(), "a.png")
			if err := os.WriteFile(path, c.File, 0o666); err != nil {
				t.Fatal(err)
			}
			source := openCache(t, []Item{{Name: "a", Path: path}}, CacheOptions{ImageSize: 5, Channels: 3})
			got := make([]float32, 3*r.Width*r.Width)
			if err := Eval(t.Context(), got, source, []int{0}, EvalOptions{ImageSize: r.Width, Normalisation: ImageNet()}); err != nil {
				t.Fatal(err)
			}
			n := ImageNet()
			for i := range got {
				v := r.Pixels[i/3]
				if c.Channels == 3 {
					v = r.Pixels[i]
				}
				want := (float32(v)/255 - float32(n.Mean[i%3])) / float32(n.Std[i%3])
				if got[i] != want {
					t.Fatalf("%s: value %d is %v, expected %v", c.Name, i, got[i], want)
				}
			}
		}
	}
}

// TestEvalTakesItemsInAnyOrder: rows of the result are the items asked for, for any number of workers; from the cached
// squares they are close to those from the files.
func TestEvalTakesItemsInAnyOrder(t *testing.T) {
	source := openCache(t, pictures(t, 6), CacheOptions{ImageSize: 14, Channels: 1})
	o := EvalOptions{ImageSize: 14, Normalisation: unscaled, Workers: 1}
	const values = 14 * 14
	whole := make([]float32, 6*values)
	if err := Eval(t.Context(), whole, source, []int{0, 1, 2, 3, 4, 5}, o); err != nil {
		t.Fatal(err)
	}
	items := []int{4, 0, 4, 5}
	for _, o.Workers = range []int{0, 1, 3} {
		got := make([]float32, len(items)*values)
		if err := Eval(t.Context(), got, source, items, o); err != nil {
			t.Fatal(err)
		}
		for k, i := range items {
			if !slices.Equal(got[k*values:][:values], whole[i*values:][:values]) {
				t.Errorf("%d workers: row %d is not item %d", o.Workers, k, i)
			}
		}
	}
	o.Cached = true
	got := make([]float32, 6*values)
	if err := Eval(t.Context(), got, source, []int{0, 1, 2, 3, 4, 5}, o); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i := range got {
		sum += math.Abs(float64(got[i] - whole[i]))
	}
	if mean := sum / float64(len(got)); mean == 0 || mean > 0.05 {
		t.Errorf("from the cache values differ by %v on average", mean)
	}
}

func TestEvalErrors(t *testing.T) {
	items := pictures(t, 3)
	source := openCache(t, items, CacheOptions{ImageSize: 7, Channels: 1})
	if err := os.Remove(items[1].Path); err != nil {
		t.Fatal(err)
	}
	o := EvalOptions{ImageSize: 7, Normalisation: unscaled}
	err := Eval(t.Context(), make([]float32, 2*49), source, []int{0, 1}, o)
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), `items.csv:3: image "1.png": `) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Eval(ctx, make([]float32, 49), source, []int{0}, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a block of the wrong length does not panic")
		}
	}()
	Eval(t.Context(), make([]float32, 48), source, []int{0}, o)
}
