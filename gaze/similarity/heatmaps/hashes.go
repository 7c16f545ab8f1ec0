package heatmaps

import (
	"math"
	"slices"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

// A hash is 64 bits that tell what a map looks like from afar. Maps are rounded to the 256 grey levels of a picture first,
// so that the far tails of the Gaussians, which no picture shows, are all the same.

func init() {
	parameters := []measure.Parameter{measure.Degrees, measure.Sigma}
	measure.Register(measure.Measure{
		Name: "dhash", About: "cosine of the difference hashes of the maps: where the dwell falls off from left to right",
		Parameters: parameters, Prepare: prepareDHash,
	})
	measure.Register(measure.Measure{
		Name: "ahash", About: "equal bits of the average hashes of the maps: where they lie above their mean",
		Parameters: parameters, Prepare: prepareAHash,
	})
	measure.Register(measure.Measure{
		Name: "phash", About: "equal bits of the perceptual hashes of the maps: the signs of their coarse cosine waves",
		Parameters: parameters, Prepare: preparePHash,
	})
}

// hashBits is the bits of every hash.
const hashBits = 64

// prepareDHash: bit(r,c) = I(r,c) > I(r,c+1) for a map I of 8 rows and 9 columns, R_ij = the cosine of the two vectors of
// bits, 0 where either has no bit set: the form that McGIP (Zhao et al., AAAI 2024) gives the difference hash for gaze. The
// ImageHash library has a bit where it grows brighter instead: on the mirror image it is the same.
func prepareDHash(w *measure.Work) (relation.Blocks, error) {
	bits, err := transformed(w, 8, 9, hashBits, func(dst, cells []float32) {
		normalise(dst, differenceHash(grey(cells)))
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	return w.Products(bits, bits, hashBits)
}

// differenceHash is 1 where a pixel of 8 rows and 9 columns is brighter than its right neighbour.
func differenceHash(pixels []float64) []float32 {
	bits := make([]float32, hashBits)
	for k := range bits {
		if at := k/8*9 + k%8; pixels[at] > pixels[at+1] {
			bits[k] = 1
		}
	}
	return bits
}

// prepareAHash: bit(r,c) = I(r,c) > mean I for a map I of 8 x 8 (aHash of the ImageHash library), R_ij = 1 - H/64 with H
// the number of bits that differ.
func prepareAHash(w *measure.Work) (relation.Blocks, error) { return hashes(w, 8, averageHash) }

func averageHash(pixels []float64) []bool {
	mean := 0.0
	for _, v := range pixels {
		mean += v / float64(len(pixels))
	}
	return above(pixels, mean)
}

// phashSide is the side of the picture that the cosine waves of pHash are taken of, phashWaves how many count along each
// axis.
const phashSide, phashWaves = 32, 8

// preparePHash: bit(u,v) = D(u,v) > median D for the 8 x 8 lowest coefficients D of the discrete cosine transform (type II)
// of a map of 32 x 32 (pHash of the ImageHash library), R_ij = 1 - H/64 with H the number of bits that differ.
func preparePHash(w *measure.Work) (relation.Blocks, error) {
	return hashes(w, phashSide, perceptualHash)
}

func perceptualHash(pixels []float64) []bool {
	low := cosineTransform(pixels)
	for k, v := range low { // coefficients that cancel, as those of a symmetric map do, are 0 whatever rounding leaves of them
		low[k] = math.Round(v*1e6) / 1e6
	}
	sorted := slices.Sorted(slices.Values(low))
	return above(low, (sorted[hashBits/2-1]+sorted[hashBits/2])/2)
}

// waves[u][x] is cos(pi u (2x+1) / (2 phashSide)).
var waves = func() (w [phashWaves][phashSide]float64) {
	for u := range w {
		for x := range w[u] {
			w[u][x] = math.Cos(math.Pi * float64(u*(2*x+1)) / (2 * phashSide))
		}
	}
	return w
}()

// cosineTransform is D(u,v) = sum_{y,x} I(y,x) cos(pi u (2y+1)/64) cos(pi v (2x+1)/64), u and v below 8.
func cosineTransform(pixels []float64) []float64 {
	var across [phashSide][phashWaves]float64
	for y := range across {
		for v := range phashWaves {
			for x, wave := range waves[v] {
				across[y][v] += pixels[y*phashSide+x] * wave
			}
		}
	}
	low := make([]float64, hashBits)
	for u := range phashWaves {
		for y, wave := range waves[u] {
			for v, sum := range across[y] {
				low[u*phashWaves+v] += wave * sum
			}
		}
	}
	return low
}

// hashes compares maps of side x side by the number of equal bits of their hashes. For bits s of -1 and 1,
//
//	1 - H/64 = 1/2 + sum_k s_k t_k / 128,
//
// all exact in float32.
func hashes(w *measure.Work, side int, hash func(pixels []float64) []bool) (relation.Blocks, error) {
	const depth = hashBits + 1
	right, err := transformed(w, side, side, depth, func(dst, cells []float32) {
		for k, bit := range hash(grey(cells)) {
			dst[k] = -1
			if bit {
				dst[k] = 1
			}
		}
		dst[hashBits] = 1
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	left := make([]float32, len(right))
	for i, v := range right {
		left[i] = v / (2 * hashBits)
		if i%depth == hashBits {
			left[i] = .5
		}
	}
	return w.Products(left, right, depth)
}

// grey is a map in the grey levels 0 to 255 of a picture whose brightest pixel is 255.
func grey(cells []float32) []float64 {
	pixels, scale := make([]float64, len(cells)), 0.0
	if largest := slices.Max(cells); largest > 0 {
		scale = 255 / float64(largest)
	}
	for i, v := range cells {
		pixels[i] = math.Round(float64(v) * scale)
	}
	return pixels
}

func above(values []float64, threshold float64) []bool {
	bits := make([]bool, len(values))
	for i, v := range values {
		bits[i] = v > threshold
	}
	return bits
}
