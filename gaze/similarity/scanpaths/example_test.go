package scanpaths_test

import (
	"fmt"

	"gzpt/gaze"
	"gzpt/gaze/similarity/scanpaths"
)

// Two readers follow the same route, the second a little to the right and longer at its end.
func ExampleMultiMatch() {
	read := func(x, last float64) gaze.Recording {
		return gaze.Recording{Width: 800, Height: 600, Fixations: []gaze.Fixation{
			{X: x, Y: 100, Duration: 0.2}, {X: x + 300, Y: 100, Duration: 0.3}, {X: x + 300, Y: 500, Duration: last}, {X: x, Y: 500, Duration: 0.2},
		}}
	}
	five := scanpaths.MultiMatch(read(100, 0.2), read(200, 0.4), scanpaths.MultiMatchOptions{})
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
