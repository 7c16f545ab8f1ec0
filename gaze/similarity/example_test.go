package similarity_test

import (
	"context"
	"fmt"

	"gzpt/gaze"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// Two readers dwell on the left of two images, a third on the right of another; a fourth image has no gaze.
func ExampleRelate() {
	look := func(x, y float64) []gaze.Recording {
		return []gaze.Recording{{Width: 640, Height: 480, Fixations: []gaze.Fixation{
			{X: x, Y: y, Duration: 0.4}, {X: x + 20, Y: y + 10, Start: 0.5, Duration: 0.3},
		}}}
	}
	items := [][]gaze.Recording{look(100, 200), look(110, 210), look(500, 200), nil}
	dev := reference.New(kernels.Float32)
	defer dev.Close()
	r, err := similarity.Relate(context.Background(), dev, items, similarity.RelateOptions{Measure: "heatmap-cc"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range r.N {
		for j := range r.N {
			fmt.Printf("%6.2f", r.At(i, j))
		}
		fmt.Println()
	}
	fmt.Println("positives per item:", r.Diagnose(0.9, nil).Positives.Mean)
	// Output:
	//   1.00  0.96 -0.05  0.00
	//   0.96  1.00 -0.05  0.00
	//  -0.05 -0.05  1.00  0.00
	//   0.00  0.00  0.00  0.00
	// positives per item: 0.6666666666666666
}

// Two readers follow the same route, the second a little to the right and longer at its end.
func ExampleMultiMatch() {
	read := func(x, last float64) gaze.Recording {
		return gaze.Recording{Width: 800, Height: 600, Fixations: []gaze.Fixation{
			{X: x, Y: 100, Duration: 0.2}, {X: x + 300, Y: 100, Duration: 0.3}, {X: x + 300, Y: 500, Duration: last}, {X: x, Y: 500, Duration: 0.2},
		}}
	}
	five := similarity.MultiMatch(read(100, 0.2), read(200, 0.4), similarity.MultiMatchOptions{})
	for i, name := range []string{"vector", "direction", "length", "position", "duration"} {
		fmt.Printf("%-9s %.2f\n", name, five[i])
	}
	// Output:
	// vector    1.00
	// direction 1.00
	// length    1.00
	// position  0.90
	// duration  1.00
}
