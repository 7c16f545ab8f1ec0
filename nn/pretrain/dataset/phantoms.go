package dataset

import (
	"context"

	"gzpt/gaze"
	"gzpt/nn/data/phantom"
)

// phantoms makes items and the gaze of a simulated reader on them.
func phantoms(ctx context.Context, s Settings) (*Set, error) {
	set, err := phantom.New(ctx, phantom.Options{Items: s.Phantoms, ImageSize: s.ImageSize, Channels: s.Channels, Seed: s.Seed, Workers: s.Workers})
	if err != nil {
		return nil, err
	}
	d := &Set{Source: set}
	for i := range set.Items() {
		item := set.Item(i)
		r := gaze.Recording{Image: item.Name, Reader: "simulated", Width: float64(item.Width), Height: float64(item.Height)}
		for _, f := range item.Fixations {
			r.Fixations = append(r.Fixations, gaze.Fixation{X: f.X, Y: f.Y, Start: f.Start, Duration: f.Duration})
		}
		d.Recordings = append(d.Recordings, []gaze.Recording{r})
	}
	return d, nil
}
