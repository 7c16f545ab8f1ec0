package heatmaps

import (
	"math"
	"slices"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
)

func TestGoldenDHash(t *testing.T) {
	var g struct {
		BitsA   int `json:"bits_a"`
		BitsB   int `json:"bits_b"`
		Cosine  float64
		Hamming int
	}
	gazetest.Golden(t, "dhash", &g)
	a, b := make([]float64, 72), make([]float64, 72)
	for v := range a {
		a[v], b[v] = float64(37*v%101), float64(53*v%97)
	}
	x, y := differenceHash(a), differenceHash(b)
	hamming, cosine, u, v := 0, 0.0, make([]float32, hashBits), make([]float32, hashBits)
	normalise(u, x)
	normalise(v, y)
	for k := range x {
		if x[k] != y[k] {
			hamming++
		}
		cosine += float64(u[k]) * float64(v[k])
	}
	count := func(bits []float32) (n int) {
		for _, b := range bits {
			n += int(b)
		}
		return n
	}
	if count(x) != g.BitsA || count(y) != g.BitsB || hamming != g.Hamming || !gazetest.Within(cosine, g.Cosine, 1e-7) {
		t.Errorf("%d and %d bits, %d differ, cosine %.9f, want %+v", count(x), count(y), hamming, cosine, g)
	}
}

// levels is a map in grey levels.
func levels(cells []float64) []float64 {
	out := make([]float64, len(cells))
	for k, v := range cells {
		out[k] = math.Round(v / slices.Max(cells) * 255)
	}
	return out
}

func TestDHash(t *testing.T) {
	against(t, "dhash:sigma=0.1", 1e-6, func(a, b int, items [][]gaze.Recording) float64 {
		var both, first, second float64
		p, q := levels(mapOf(items[a], 8, 9, .1)), levels(mapOf(items[b], 8, 9, .1))
		for r := range 8 {
			for c := range 8 {
				x, y := p[r*9+c] > p[r*9+c+1], q[r*9+c] > q[r*9+c+1]
				if x {
					first++
				}
				if y {
					second++
				}
				if x && y {
					both++
				}
			}
		}
		if first*second == 0 {
			return 0
		}
		return both / math.Sqrt(first*second)
	})
}

// equalBits is 1 - H/64.
func equalBits(a, b []bool) float64 {
	equal := 0.0
	for k := range a {
		if a[k] == b[k] {
			equal++
		}
	}
	return equal / float64(len(a))
}

func TestAHash(t *testing.T) {
	hash := func(item []gaze.Recording) (bits []bool) {
		p := levels(mapOf(item, 8, 8, .05))
		for _, v := range p {
			bits = append(bits, v > sum(p)/64)
		}
		return bits
	}
	against(t, "ahash", 0, func(a, b int, items [][]gaze.Recording) float64 { return equalBits(hash(items[a]), hash(items[b])) })
}

func TestPHash(t *testing.T) {
	hash := func(item []gaze.Recording) (bits []bool) {
		p := levels(mapOf(item, 32, 32, .05))
		var low []float64
		for u := range 8 {
			for v := range 8 {
				sum := 0.0
				for k, value := range p {
					sum += value * math.Cos(math.Pi*float64(u)*(2*float64(k/32)+1)/64) * math.Cos(math.Pi*float64(v)*(2*float64(k%32)+1)/64)
				}
				low = append(low, math.Round(sum*1e6)/1e6)
			}
		}
		sorted := slices.Sorted(slices.Values(low))
		for _, v := range low {
			bits = append(bits, v > (sorted[31]+sorted[32])/2)
		}
		return bits
	}
	against(t, "phash", 0, func(a, b int, items [][]gaze.Recording) float64 { return equalBits(hash(items[a]), hash(items[b])) })
}
