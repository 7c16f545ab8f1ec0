package augment

import (
	"math"
	"math/rand/v2"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/augment/augmenttest"
)

// TestSamplerIsTheFormula: any part of a square, to any size, mirrored or not.
func TestSamplerIsTheFormula(t *testing.T) {
	const side = 37
	noise := rand.New(rand.NewPCG(side, 1))
	for _, size := range []int{1, 2, 20, 32, 37, 50} {
		for _, channels := range []int{1, 3} {
			for _, p := range []kernels.Part{{Width: 1, Height: 1}, {Width: 1, Height: 1, Flip: true}, {X: 0.31, Y: 0.12, Width: 0.5, Height: 0.77},
				{X: 0.9, Y: 0.95, Width: 0.1, Height: 0.05, Flip: true}, {X: 0.999, Y: 0, Width: 0.001, Height: 0.001}} {
				image := make([]float32, side*side*channels)
				for i := range image {
					image[i] = float32(noise.UintN(256)) / 255
				}
				got := make([]float32, size*size*channels)
				s := NewSampler[float32](side, size, channels)
				s.Sample(got, image, p)
				for y := range size {
					rows := augmenttest.Weights(y, size, side, p.Y*side, p.Height*side)
					for x := range size {
						columns := augmenttest.Weights(x, size, side, p.X*side, p.Width*side)
						at := x
						if p.Flip {
							at = size - 1 - x
						}
						for k := range channels {
							want := augmenttest.Average(columns, rows, func(x, y int) float64 { return float64(image[(y*side+x)*channels+k]) })
							if v := got[(y*size+at)*channels+k]; math.Abs(float64(v)-want) > 2e-6 {
								t.Fatalf("%d channels, size %d, %+v: value %d of pixel (%d,%d) is %v, expected %v", channels, size, p, k, at, y, v, want)
							}
						}
					}
				}
			}
		}
	}
}
