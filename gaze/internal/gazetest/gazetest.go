// Package gazetest has the recordings and the comparisons that tests of gaze share.
package gazetest

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"gzpt/gaze"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// Shared is a path in the folder of shared data beside the project; the test is skipped where that folder is absent.
func Shared(tb testing.TB, elements ...string) string {
	tb.Helper()
	return filepath.Join(append([]string{kerneltest.Shared(tb)}, elements...)...)
}

// Device is the reference device.
func Device(tb testing.TB) kernels.Device {
	dev := reference.New(kernels.Float32)
	tb.Cleanup(dev.Close)
	return dev
}

// Within reports whether two numbers differ by no more than tolerance.
func Within(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

// Path is a recording of n fixations around some places, drawn from a seed.
func Path(seed uint64, n int, width, height float64) gaze.Recording {
	r := rand.New(rand.NewPCG(seed, 11))
	rec := gaze.Recording{Image: "i", Width: width, Height: height}
	start, x, y := 0.0, 0.0, 0.0
	for i := range n {
		if i%5 == 0 {
			x, y = width*(.1+.8*r.Float64()), height*(.1+.8*r.Float64())
		}
		f := gaze.Fixation{X: x + width*.03*r.NormFloat64(), Y: y + height*.03*r.NormFloat64(), Start: start, Duration: .1 + .4*r.Float64()}
		start += f.Duration
		rec.Fixations = append(rec.Fixations, f)
	}
	rec.Clip()
	return rec
}

// Some is n items; every seventh has no recording, every eleventh one that does not last.
func Some(n int) [][]gaze.Recording {
	items := make([][]gaze.Recording, n)
	for i := range items {
		switch {
		case i%7 == 3:
		case i%11 == 5:
			items[i] = []gaze.Recording{{Width: 10, Height: 10, Fixations: []gaze.Fixation{{X: 5, Y: 5}}}}
		default:
			items[i] = []gaze.Recording{Path(uint64(i), 10+i%20, 640, 480)}
		}
	}
	return items
}

// Paths is n scanpaths of the given number of fixations in frames of several sizes, as in a set of endoscopic images.
func Paths(n, fixations int) []gaze.Recording {
	out := make([]gaze.Recording, n)
	for i := range out {
		size := 400 + float64(i%8)*200
		out[i] = Path(uint64(i), 2*fixations, size, size*.8)
		out[i].Fixations = out[i].Fixations[:min(fixations, len(out[i].Fixations))]
	}
	return out
}

// Mapped is a recording that is only a heat map.
func Mapped(seed uint64, rows, cols int) gaze.Recording {
	g := rand.New(rand.NewPCG(seed, 12))
	m := &gaze.Map{Rows: rows, Cols: cols, Values: make([]float32, rows*cols)}
	for i := range m.Values {
		m.Values[i] = max(0, 255*g.Float32()-128)
	}
	return gaze.Recording{Image: "m", Width: 640, Height: 480, Map: m}
}

// Varied is items of every kind: scanpaths, a single fixation, heat maps, no recording, one that does not last, a heat map
// of zeros, fixations far off the image, one at the corner.
func Varied() (items [][]gaze.Recording) {
	one := func(f ...gaze.Fixation) []gaze.Recording {
		return []gaze.Recording{{Image: "f", Width: 640, Height: 480, Fixations: f}}
	}
	for seed := range uint64(6) {
		items = append(items, []gaze.Recording{Path(seed, 10+int(seed), 640, 480)})
	}
	return append(items,
		one(gaze.Fixation{X: 320, Y: 240, Duration: .5}),
		[]gaze.Recording{Mapped(1, 30, 40)}, []gaze.Recording{Mapped(2, 32, 32)},
		nil, one(gaze.Fixation{X: 5, Y: 5}),
		[]gaze.Recording{{Width: 640, Height: 480, Map: &gaze.Map{Rows: 3, Cols: 3, Values: make([]float32, 9)}}},
		one(gaze.Fixation{X: -1e6, Y: 1e6, Duration: 1}), one(gaze.Fixation{X: 1e6, Y: 1e6, Duration: 1}),
		one(gaze.Fixation{X: 639.9, Y: 479.9, Duration: .2}, gaze.Fixation{X: 10, Y: 10, Duration: 1e-3}))
}

// Golden reads one part of the reference values.
func Golden(tb testing.TB, part string, into any) {
	tb.Helper()
	text, err := os.ReadFile(Shared(tb, "golden", "gaze.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(parts[part], into); err != nil {
		tb.Fatal(err)
	}
}

// Random is the values of a relation of n items with similarities out of levels steps, so that some tie; every ninth has no
// gaze.
func Random(n, levels int, seed uint64) (values []float32, hasGaze []bool) {
	g := rand.New(rand.NewPCG(seed, 1))
	values, hasGaze = make([]float32, n*n), make([]bool, n)
	for i := range n {
		hasGaze[i] = i%9 != 4
	}
	for i := range n {
		for j := range i + 1 {
			v := float32(g.IntN(levels))/float32(levels)*2 - 1
			if i == j {
				v = 1
			}
			if hasGaze[i] && hasGaze[j] {
				values[i*n+j], values[j*n+i] = v, v
			}
		}
	}
	return values, hasGaze
}
