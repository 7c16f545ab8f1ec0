package main

import (
	"gzpt/gaze"
	"gzpt/nn/data"
)

// dumpViews writes the views of the first items that the run will train on in its first epoch, with their gaze.
func dumpViews(t *training) error {
	n := min(t.settings.run.dumpViews, len(t.items))
	paths, err := data.DumpViews(t.dir.Views(), t.data.source, data.DumpOptions{
		Items: t.items[:n], ImageSize: t.settings.data.imageSize, Augmentation: t.settings.augment.Augmentation, Seed: t.settings.network.seed,
		Gaze: func(i int) []data.Gaze {
			if t.data.recordings == nil {
				return nil
			}
			return drawable(t.data.recordings[i])
		},
	})
	if err != nil {
		return err
	}
	t.console.Info("views written", "files", len(paths), "folder", t.dir.Views())
	return nil
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
