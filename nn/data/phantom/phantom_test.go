package phantom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gzpt/nn/data"
	"gzpt/nn/data/picture"
)

func newSet(t testing.TB, o Options) *Set {
	t.Helper()
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheSeedDetermines: phantoms do not depend on workers or on how many there are, and another seed gives others.
func TestTheSeedDetermines(t *testing.T) {
	o := Options{Items: 12, ImageSize: 8, Channels: 3, Seed: 4, Workers: 1}
	want := newSet(t, o)
	o.Workers, o.Items = 5, 20
	more := newSet(t, o)
	for i := range 12 {
		if !reflect.DeepEqual(want.Item(i), more.Item(i)) {
			t.Errorf("phantom %d depends on the number of workers or phantoms", i)
		}
	}
	o.Seed = 5
	other := newSet(t, o)
	for i := range 12 {
		if slices.Equal(want.Item(i).Pixels, other.Item(i).Pixels) || reflect.DeepEqual(want.Item(i).Fixations, other.Item(i).Fixations) {
			t.Errorf("phantom %d does not depend on the seed", i)
		}
	}
}

// TestSetIsASource: sizes, names, splits and pixels are as package data asks.
func TestSetIsASource(t *testing.T) {
	for _, channels := range []int{1, 3} {
		s := newSet(t, Options{Items: 80, ImageSize: 16, Channels: channels, Seed: 1})
		counts, names := map[string]int{}, map[string]bool{}
		for i, item := range s.Items() {
			names[item.Name] = true
			counts[item.Label+" "+item.Split]++
			m, err := s.Image(i)
			if err != nil {
				t.Fatal(err)
			}
			w, h := s.Size(i)
			if w != m.Width || h != m.Height || w != data.Side(32) || m.Channels != channels || len(m.Pix8) != w*h*channels {
				t.Fatalf("an image of %d x %d x %d with %d values, said to be %d x %d", m.Width, m.Height, m.Channels, len(m.Pix8), w, h)
			}
			pixels, square := make([]float32, s.Side()*s.Side()*channels), m.Resize(s.Side(), s.Side())
			if err := s.Pixels(pixels, i); err != nil {
				t.Fatal(err)
			}
			for k, v := range pixels {
				if v != float32(square.Pix8[k])/255 {
					t.Fatalf("phantom %d: value %d is %v, expected %d of 255", i, k, v, square.Pix8[k])
				}
			}
		}
		if len(names) != 80 {
			t.Errorf("%d names for 80 phantoms", len(names))
		}
		for _, class := range Classes {
			for split, want := range map[string]int{"train": 14, "val": 2, "test": 4} {
				if got := counts[class+" "+split]; got != want {
					t.Errorf("%d phantoms of class %s for %s, expected %d", got, class, split, want)
				}
			}
		}
	}
}

// TestReadersLook: fixations lie within the image in the order of time, none overlaps the next, and most of the time goes
// to the lesion in most of the phantoms, but not in all.
func TestReadersLook(t *testing.T) {
	s := newSet(t, Options{Items: 200, ImageSize: 8, Channels: 1, Seed: 2})
	found := 0
	for i := range 200 {
		item := s.Item(i)
		now, on, all := 0.0, 0.0, 0.0
		for _, f := range item.Fixations {
			if f.X < 0 || f.Y < 0 || f.X > float64(item.Width) || f.Y > float64(item.Height) {
				t.Fatalf("phantom %d: a fixation at (%v,%v)", i, f.X, f.Y)
			}
			if f.Start < now || f.Duration < 0.03 || f.Duration > 3 {
				t.Fatalf("phantom %d: a fixation from %v for %v, the one before it until %v", i, f.Start, f.Duration, now)
			}
			now = f.Start + f.Duration
			all += f.Duration
			for _, e := range item.Scene.Lesion {
				if e.depth(f.X/float64(item.Width), f.Y/float64(item.Height)) > -2*tremor {
					on += f.Duration
					break
				}
			}
		}
		if on > all/2 {
			found++
		}
		if g := s.Gaze(i); len(g) != 1 || g[0].Width != float64(item.Width) || !reflect.DeepEqual(g[0].Fixations, item.Fixations) {
			t.Fatalf("phantom %d: gaze %+v", i, g)
		}
	}
	if found < 120 || found > 190 {
		t.Errorf("in %d of 200 phantoms the reader rests mostly on the lesion, expected most but not all", found)
	}
}

// TestReadersSeeTheSceneAlone: the label does not reach the reader. What it is given holds outlines and no text or number
// that names a class, and the same scene with the same random numbers is looked at in the same way.
func TestReadersSeeTheSceneAlone(t *testing.T) {
	var kinds func(v reflect.Type, path string)
	kinds = func(v reflect.Type, path string) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				kinds(v.Field(i).Type, path+"."+v.Field(i).Name)
			}
		case reflect.Slice, reflect.Array:
			kinds(v.Elem(), path)
		case reflect.Float64:
		default:
			t.Errorf("%s of a scene is a %v: a reader sees places and extents, nothing else", path, v)
		}
	}
	kinds(reflect.TypeFor[Scene](), "Scene")
	for class := range Classes {
		scene := newScene(generator(1, 0, "scene"), class)
		if a, b := look(generator(1, 0, "reader"), &scene), look(generator(1, 0, "reader"), &scene); !reflect.DeepEqual(a, b) {
			t.Errorf("class %d: a scene is looked at in two ways", class)
		}
	}
}

// features of the phantoms that a classifier without training might use, each with its norm 1.
var features = map[string]func(s *Set, i int) []float64{
	"gaze map": func(s *Set, i int) []float64 {
		const side, sigma = 16, 0.06
		item, m := s.Item(i), make([]float64, side*side)
		for k := range m {
			x, y := (float64(k%side)+0.5)/side, (float64(k/side)+0.5)/side
			for _, f := range item.Fixations {
				dx, dy := x-f.X/float64(item.Width), y-f.Y/float64(item.Height)
				m[k] += f.Duration * math.Exp(-(dx*dx+dy*dy)/(2*sigma*sigma))
			}
		}
		return m
	},
	"pixels": func(s *Set, i int) []float64 {
		m, _ := s.Image(i)
		var p []float64
		for _, v := range m.Resize(16, 16).Pix8 {
			p = append(p, float64(v))
		}
		return p
	},
	"statistics": func(s *Set, i int) []float64 {
		var sum, square float64
		for _, v := range s.Item(i).Pixels {
			sum, square = sum+float64(v), square+float64(v)*float64(v)
		}
		n := float64(len(s.Item(i).Pixels))
		return []float64{sum / n, math.Sqrt(square/n - sum/n*sum/n)}
	},
	"number of fixations": func(s *Set, i int) []float64 { return []float64{float64(len(s.Item(i).Fixations))} },
}

// TestHowMuchIsGivenAway: by the ten nearest neighbours in a feature, chance being 25 %. Gaze tells part of the class and
// by far not all; pixels as they are and their statistics tell next to nothing, so that there is something to learn.
func TestHowMuchIsGivenAway(t *testing.T) {
	const n = 400
	s := newSet(t, Options{Items: n, ImageSize: 16, Channels: 1, Seed: 3})
	for name, bounds := range map[string][2]float64{
		"gaze map": {0.4, 0.75}, "pixels": {0.15, 0.45}, "statistics": {0.15, 0.45}, "number of fixations": {0.2, 0.65},
	} {
		all := make([][]float64, n)
		for i := range all {
			all[i] = features[name](s, i)
			if len(all[i]) > 2 {
				normalise(all[i])
			}
		}
		if share := neighbours(all, s.Items(), 10); share < bounds[0] || share > bounds[1] {
			t.Errorf("%s: the neighbours are right about %.1f %%, expected %v", name, 100*share, bounds)
		} else {
			t.Logf("%s: the neighbours are right about %.1f %%", name, 100*share)
		}
	}
}

// normalise subtracts the mean and divides by the norm.
func normalise(v []float64) {
	mean, square := 0.0, 0.0
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for i := range v {
		v[i] -= mean
		square += v[i] * v[i]
	}
	for i := range v {
		v[i] /= math.Sqrt(square)
	}
}

// neighbours is the share of items whose label is the most frequent one of their k nearest others.
func neighbours(features [][]float64, items []data.Item, k int) float64 {
	right := 0.0
	for i := range features {
		distance := make([]float64, len(features))
		order := make([]int, 0, len(features))
		for j := range features {
			if j != i {
				order = append(order, j)
			}
			for c, v := range features[i] {
				distance[j] += (v - features[j][c]) * (v - features[j][c])
			}
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case distance[a] < distance[b]:
				return -1
			case distance[a] > distance[b]:
				return 1
			}
			return 0
		})
		votes, most := map[string]int{}, ""
		for _, j := range order[:k] {
			votes[items[j].Label]++
			if most == "" || votes[items[j].Label] > votes[most] {
				most = items[j].Label
			}
		}
		if most == items[i].Label {
			right++
		}
	}
	return right / float64(len(features))
}

// TestLesionsShow: a lesion changes the pixels where it lies, and nowhere else.
func TestLesionsShow(t *testing.T) {
	const side = 64
	for class, name := range Classes {
		scene := newScene(generator(9, class, "scene"), class)
		with := paint(generator(9, class, "pixels"), &scene, side, 1)
		bare := scene
		bare.Lesion = nil
		without := paint(generator(9, class, "pixels"), &bare, side, 1)
		inside, outside, n := 0.0, 0, 0.0
		for k := range with {
			x, y := (float64(k%side)+0.5)/side, (float64(k/side)+0.5)/side
			depth := math.Inf(-1)
			for _, e := range scene.Lesion {
				depth = max(depth, e.depth(x, y))
			}
			switch {
			case depth > 0.01:
				inside, n = inside+float64(with[k])-float64(without[k]), n+1
			case depth < -0.05 && with[k] != without[k]:
				outside++
			}
		}
		if n < 5 || inside/n < 8 || outside > 0 {
			t.Errorf("%s: %v pixels are brighter by %v levels on average, and %d others differ", name, n, inside/n, outside)
		}
	}
}

func TestBadOptions(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(ctx, Options{Items: 5, ImageSize: 8, Channels: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, o := range []Options{{ImageSize: 8, Channels: 1}, {Items: 1, Channels: 1}, {Items: 1, ImageSize: 8, Channels: 2}, {Items: 1, ImageSize: picture.MaxSide, Channels: 1}} {
		func() {
			defer func() {
				if v := recover(); v == nil || !strings.HasPrefix(fmt.Sprint(v), "phantom: New: ") {
					t.Errorf("%+v: panic %v", o, v)
				}
			}()
			New(t.Context(), o)
		}()
	}
	s := newSet(t, Options{Items: 1, ImageSize: 8, Channels: 1})
	defer func() {
		if recover() == nil {
			t.Error("a block of the wrong length does not panic")
		}
	}()
	s.Pixels(make([]float32, 3), 0)
}
