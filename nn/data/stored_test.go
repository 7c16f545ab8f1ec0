package data

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
	"gzpt/nn/data/picture"
)

// everything is an augmentation with all steps.
func everything() Augmentation {
	a := Medical()
	a.Hue, a.GreyProbability, a.SolarizeProbability, a.SolarizeThreshold = 0.2, 0.3, 0.3, 0.4
	return a
}

// onDevice is the views of a batch of images as a device makes them.
func onDevice(t *testing.T, dev kernels.Device, m *kernels.Images, batch, size, channels int) []float32 {
	t.Helper()
	n := 2 * batch
	y, words, table := dev.New(kernels.Float32, n, size, size, channels), dev.New(kernels.Int32, batch, len(m.Words)/batch), dev.New(kernels.Float64, n, len(m.Table)/n)
	dev.WriteInt32(words, m.Words)
	dev.WriteFloat64(table, m.Table)
	dev.Augment(y, words, table, m.Views)
	got := make([]float32, y.Len())
	if err := dev.Read(got, y); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestImagesAreTheViews: of a batch of images a device makes the views that the loader makes of the same items, to the bit: with
// images of 8 bits, of 16, of both, of windows, in memory and on disk, and of a part of them.
func TestImagesAreTheViews(t *testing.T) {
	items := pictures(t, 8)
	kinds := [][]Item{{items[0], items[2], items[4], items[6]}, {items[1], items[3], items[5], items[7]}, items}
	dev := reference.New(kernels.Float32)
	for k, list := range kinds {
		for _, channels := range []int{1, 3} {
			for _, o := range []CacheOptions{{}, {Window: "percentile"}, {Folder: t.TempDir(), Memory: 1}} {
				o.ImageSize, o.Channels = 12, channels
				cache := openCache(t, list, o)
				if want := []int{8, 16, 16}[k]; cache.Bits() != want {
					t.Errorf("kind %d has %d bits, expected %d", k, cache.Bits(), want)
				}
				for name, source := range map[string]Source{"all": cache, "some": Subset(cache, []int{3, 0, 2})} {
					t.Run(fmt.Sprintf("kind=%d/channels=%d/window=%s/disk=%v/%s", k, channels, o.Window, o.Folder != "", name), func(t *testing.T) {
						options := LoaderOptions{Batch: 3, ImageSize: 12, Augmentation: everything(), Seed: 5}
						views := take(t, newLoader(t, source, options), 4)
						options.Images = true
						loader := newLoader(t, source, options)
						for _, want := range views {
							b, err := loader.Next(t.Context())
							if err != nil {
								t.Fatal(err)
							}
							got := onDevice(t, dev, b.Images, 3, 12, channels)
							if !slices.Equal(got, slices.Concat(want.views[0], want.views[1])) && runtime.GOARCH == "amd64" {
								t.Error("other views")
							}
							if !slices.Equal(b.Indices, want.indices) || b.Views[0] != nil {
								t.Error("other items, or views beside them")
							}
						}
					})
				}
			}
		}
	}
}

// TestNoStoredValues: a source that has no stored values is told from one that has, as is a part of it.
func TestNoStoredValues(t *testing.T) {
	source := newMadeUp(5, 8)
	if Stored(source) != nil || Stored(Subset(source, []int{1})) != nil {
		t.Error("made-up squares of floats have stored values")
	}
	defer func() {
		if text, _ := recover().(string); !strings.HasPrefix(text, "data: NewLoader: Images") {
			t.Errorf("panics with %q", text)
		}
	}()
	_, _ = NewLoader(source, LoaderOptions{Batch: 2, ImageSize: 4, Augmentation: Medical(), Images: true})
}

// failingStored has stored values of which one cannot be read.
type failingStored struct{ *madeUp }

func (failingStored) Bits() int { return 8 }

func (f failingStored) Words(dst []int32, i int) (picture.Window, error) {
	return picture.Window{High: 255}, f.bad[i]
}

// TestImagesThatCannotBeRead: the error names the item and ends the loader.
func TestImagesThatCannotBeRead(t *testing.T) {
	source := failingStored{newMadeUp(4, 8)}
	source.bad = map[int]error{2: errors.New("a bad disk")}
	l := newLoader(t, source, LoaderOptions{Batch: 4, ImageSize: 4, Augmentation: Medical(), Images: true})
	if _, err := l.Next(t.Context()); err == nil || err.Error() != `image "made-up-2": a bad disk` {
		t.Errorf("error %v", err)
	}
}
