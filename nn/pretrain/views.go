package pretrain

import (
	"gzpt/gaze"
	"gzpt/nn/data"
)

// DumpViews writes the views of the first n items that the run trains on in its first epoch, with their gaze, to the folder
// views of the run, and returns the paths.
func (r *Run) DumpViews(n int) ([]string, error) {
	c := r.trainer.Config()
	return data.DumpViews(r.Dir.Views(), r.data.Images, data.DumpOptions{
		Items: r.items[:min(n, len(r.items))], ImageSize: c.Height, Augmentation: r.settings.Views, Seed: c.Seed,
		Gaze: func(i int) []data.Gaze {
			if r.data.Gaze == nil {
				return nil
			}
			return drawable(r.data.Gaze[i])
		},
	})
}

// drawable is recordings as package data draws them.
func drawable(recordings []gaze.Recording) []data.Gaze {
	var all []data.Gaze
	for _, r := range recordings {
		g := data.Gaze{Width: r.Width, Height: r.Height}
		for _, f := range r.Fixations {
			g.Fixations = append(g.Fixations, data.Fixation{X: f.X, Y: f.Y, Start: f.Start, Duration: f.Duration})
		}
		all = append(all, g)
	}
	return all
}
