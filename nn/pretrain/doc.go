// Package pretrain is a whole pre-training run as a library: which images count as looked at alike, the loop, its records on
// disk, and how a run goes on where it was stopped.
//
//	where := dataset.Settings{Path: "images", ImageSize: 224, Channels: 3}
//	set, err := dataset.Open(ctx, where)
//	err = set.ReadGaze(where)
//	alike, err := pretrain.Alike{By: "tima"}.Relate(ctx, dev, set, pretrain.RelateOptions{})
//	settings := pretrain.DefaultSettings(nn.Arch{Depth: 18, Width: 64, Channels: 3})
//	d := pretrain.Data{Images: set, Gaze: set.Recordings, Relation: alike.Relation}
//	run, err := pretrain.Open(dev, "runs/first", d, settings, pretrain.Options{})
//	err = run.Train(ctx)
//
// [Open] makes a run directory or, with Resume, goes on with the one that is there, to the same bits as if it had never been
// stopped. It knows no device, no flags and no terminal: the caller hands it a kernels.Device, typed [Settings] and, to hear
// how it goes, an [Observer].
//
// # What outlives a version
//
// config.json and checkpoints hold settings by name. A setting that a later version adds has, in a record that lacks it, the
// value that means what was before: in nn.Config its default, in the views and the positives zero. So it neither refuses nor
// changes an old run. The identity of what a run trains on is a hash of named values, of which zeros are left out for the
// same reason; records from before there was a format number have the identity of their time, see identityBeforeFormats.
package pretrain
