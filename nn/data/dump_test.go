package data

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/augment"
)

// dump writes the picture of one item and reads it back.
func dump(t *testing.T, source Source, o DumpOptions) image.Image {
	t.Helper()
	paths, err := DumpViews(filepath.Join(t.TempDir(), "views"), source, o)
	if err != nil || len(paths) != 1 {
		t.Fatalf("%q, %v", paths, err)
	}
	f, err := os.Open(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestDumpedViewsAreTheTrainings: the panels hold the whole image and the two views of the loader's first epoch, undone
// from normalisation.
func TestDumpedViewsAreTheTrainings(t *testing.T) {
	source := newMadeUp(4, 37)
	a := Medical()
	m := dump(t, source, DumpOptions{Items: []int{2}, ImageSize: 32, Augmentation: a, Seed: 8, Epoch: 5})
	const zoom = 6 // 192 / 32
	if b := m.Bounds(); b.Dx() != 3*32*zoom+2*zoom || b.Dy() != 32*zoom {
		t.Fatalf("the picture has %v", b)
	}
	a.Normalisation = unscaled
	g, view := NewAugmenter(a, 37, 32, 1), make([]float32, 32*32)
	for panel := range 3 {
		if panel == 0 {
			augment.NewSampler[float32](37, 32, 1).Sample(view, source.squares[2], kernels.Part(whole))
		} else {
			g.View(view, source.squares[2], 8, 5, 2, panel-1)
		}
		for y := range 32 {
			for x := range 32 {
				for _, corner := range []int{0, zoom - 1} {
					c := color.NRGBAModel.Convert(m.At((panel*33+x)*zoom+corner, y*zoom+corner)).(color.NRGBA)
					if want := float64(view[y*32+x]) * 255; math.Abs(float64(c.R)-want) > 0.51 || c.R != c.G || c.R != c.B || c.A != 255 {
						t.Fatalf("panel %d: pixel (%d,%d) is %v, expected %v", panel, x, y, c, want)
					}
				}
			}
		}
	}
}

// TestGazeIsDrawnWhereTheImageWent: on black images, the coloured pixels of each panel lie around the place that the
// view's transform gives, and outside the view nothing is drawn.
func TestGazeIsDrawnWhereTheImageWent(t *testing.T) {
	source := newMadeUp(8, 32)
	for _, s := range source.squares {
		clear(s)
	}
	a := Augmentation{CropProbability: 1, CropScale: [2]float64{0.3, 0.5}, CropRatio: [2]float64{1, 1}, FlipProbability: 0.5, Normalisation: unscaled}
	g, view := NewAugmenter(a, 32, 224, 1), make([]float32, 224*224)
	inside, outside := 0, 0
	for item := range 8 {
		// The frame has another shape than the square: coordinates scale per axis.
		gaze := []Gaze{{Width: 400, Height: 100, Fixations: []Fixation{{X: 340, Y: 20, Duration: 0.25}}}}
		m := dump(t, source, DumpOptions{Items: []int{item}, ImageSize: 224, Augmentation: a, Seed: 3, Gaze: func(i int) []Gaze {
			if i != item {
				t.Errorf("gaze of item %d was asked for", i)
			}
			return gaze
		}})
		for panel := range 3 {
			shown := whole
			if panel > 0 {
				shown = g.View(view, source.squares[item], 3, 0, item, panel-1)
			}
			u, v := shown.Map(0.85, 0.2)
			n, x, y := 0.0, 0.0, 0.0
			for py := range 224 {
				for px := range 224 {
					if r, _, _, _ := m.At(panel*225+px, py).RGBA(); r > 1<<15 {
						n, x, y = n+1, x+float64(px)+0.5, y+float64(py)+0.5
					}
				}
			}
			const radius = 224. / 12 / 2
			switch {
			case u < -0.1 || u > 1.1 || v < -0.1 || v > 1.1:
				outside++
				if n > 0 {
					t.Errorf("item %d, panel %d: %v pixels of what lies at (%.2f,%.2f)", item, panel, n, u, v)
				}
			case u > 0.1 && u < 0.9 && v > 0.1 && v < 0.9:
				inside++
				if math.Abs(x/n-u*224) > 1 || math.Abs(y/n-v*224) > 1 {
					t.Errorf("item %d, panel %d: the circle is at (%.1f,%.1f), expected (%.1f,%.1f)", item, panel, x/n, y/n, u*224, v*224)
				}
				if length := 2 * math.Pi * radius; n < length || n > 3*length {
					t.Errorf("item %d, panel %d: a circle of length %v has %v pixels", item, panel, length, n)
				}
			}
		}
	}
	if inside < 8 || outside < 1 {
		t.Errorf("only %d circles inside and %d outside were checked", inside, outside)
	}
}

// TestOddGaze: what is not a number or far away neither fails nor paints.
func TestOddGaze(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	nan, far := math.NaN(), 1e300
	for _, g := range []Gaze{
		{Width: 10, Height: 10, Fixations: []Fixation{{X: nan, Y: 5}, {X: 5, Y: 5, Duration: nan}}},
		{Width: 10, Height: 10, Fixations: []Fixation{{X: far, Y: -far, Duration: 1}, {X: far, Y: far, Duration: 1}}},
		{Fixations: []Fixation{{}}},
		{},
	} {
		drawGaze(m, g, whole, readerColours[0])
	}
}

func TestDumpedNamesAreSafe(t *testing.T) {
	for name, want := range map[string]string{
		"a.png": "a", "sub/b c.png": "sub_b_c", "../../x.jpg": ".._.._x", "ä$;.png": "___", strings.Repeat("y", 300) + ".png": strings.Repeat("y", 100),
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q becomes %q, expected %q", name, got, want)
		}
	}
	folder := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(folder, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	o := DumpOptions{Items: []int{0}, ImageSize: 8, Augmentation: Medical()}
	if _, err := DumpViews(folder, newMadeUp(1, 8), o); err == nil {
		t.Error("a file is taken for a folder")
	}
	o.Augmentation = Augmentation{}
	if _, err := DumpViews(t.TempDir(), newMadeUp(1, 8), o); err == nil {
		t.Error("a bad augmentation is taken")
	}
}
