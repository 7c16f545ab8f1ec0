package bench

import (
	"fmt"
	"math/rand/v2"

	"gzpt/gaze"
)

// Scanpaths are made-up recordings, one for each item, of a reader who dwells on a new place of the image after every
// fifth fixation. The same numbers give the same scanpaths.
func Scanpaths(items, fixations int) [][]gaze.Recording {
	g := rand.New(rand.NewPCG(1, 0))
	recordings := make([][]gaze.Recording, items)
	for i := range recordings {
		r := gaze.Recording{Image: fmt.Sprint(i), Width: 800, Height: 600}
		var x, y, start float64
		for f := range fixations {
			if f%5 == 0 {
				x, y = 100+600*g.Float64(), 100+400*g.Float64()
			}
			duration := 0.1 + 0.3*g.Float64()
			r.Fixations = append(r.Fixations, gaze.Fixation{
				X: x + 20*g.NormFloat64(), Y: y + 20*g.NormFloat64(), Start: start, Duration: duration})
			start += duration
		}
		recordings[i] = []gaze.Recording{r}
	}
	return recordings
}
