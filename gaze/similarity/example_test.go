package similarity_test

import (
	"context"
	"fmt"

	"gzpt/gaze"
	"gzpt/gaze/relation"
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
	fmt.Println("positives per item:", r.Positives(relation.Rule{Tau: 0.9}, nil, nil).Counts().Mean)
	// Output:
	//   1.00  0.96 -0.05  0.00
	//   0.96  1.00 -0.05  0.00
	//  -0.05 -0.05  1.00  0.00
	//   0.00  0.00  0.00  0.00
	// positives per item: 0.6666666666666666
}
