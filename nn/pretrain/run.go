package pretrain

import (
	"time"

	"gzpt/gaze"
	"gzpt/gaze/relation"
	"gzpt/kernels"
	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/rundir"
)

// Data is what a run trains on.
type Data struct {
	// Images gives the pixels of the items. Those whose split is val or test are not trained on.
	Images data.Source
	// Gaze is the recordings of each item, for items.csv and for views that are drawn; nil where they are not known.
	Gaze [][]gaze.Recording
	// Relation says which items count as alike, in their order; nil for none: the plain method. A run that goes on has its
	// own, and is refused another one.
	Relation *relation.Relation
}

// Options says what changes no bit of a run's result.
type Options struct {
	// Resume goes on with the run that is there, and makes none.
	Resume bool
	// StopAfter stops with a checkpoint when the run has so many epochs behind it, 0 at its end.
	StopAfter int
	// CheckpointEvery is the time between checkpoints inside an epoch, 0 for five minutes; each epoch ends with one.
	CheckpointEvery time.Duration
	// Workers is the number of goroutines that make views, 0 for one per processor.
	Workers int
	// Origin, if not nil, says what a new run's record is to have beside the settings; it is called once the run is planned.
	Origin   func(*Run) Origin
	Observer Observer
}

// UsualCheckpointEvery is the time between checkpoints inside an epoch where nothing else is said.
const UsualCheckpointEvery = 5 * time.Minute

// Run is a run that has begun. It belongs to one goroutine, as its device does.
type Run struct {
	// Dir is its directory, which no other process can write to until Close.
	Dir rundir.Dir

	dev       kernels.Device
	data      Data
	settings  Settings
	options   Options
	rows      []Row
	items     []int               // to train on
	positives *relation.Positives // nil without a relation
	weights   nn.Weights          // of positives
	trainer   *nn.Trainer
	found     *nn.FoundBackbone // in Settings.Init
	position  nn.Position
	release   func() // of the lock

	metrics    *rundir.Metrics
	checkpoint time.Time // when the last one was written
	epoch      tally
	total      tally
}

// Close gives the memory of the trainer back to the device and lets other processes write to the run. What has happened
// since the last checkpoint happens again when the run goes on.
func (r *Run) Close() {
	if r.trainer != nil {
		r.trainer.Close()
	}
	r.release()
}

// Device is what the run computes on.
func (r *Run) Device() kernels.Device { return r.dev }

// Trainer is what the run trains.
func (r *Run) Trainer() *nn.Trainer { return r.trainer }

// Found is what the file Settings.Init held, nil for a run that began without one or goes on.
func (r *Run) Found() *nn.FoundBackbone { return r.found }

// Items is the number of items.
func (r *Run) Items() int { return len(r.rows) }

// TrainingItems is the number of items that are trained on.
func (r *Run) TrainingItems() int { return len(r.items) }

// StepsPerEpoch is the number of full batches of an epoch.
func (r *Run) StepsPerEpoch() int { return len(r.items) / r.trainer.Config().Batch }

// Positives is the rule on the relation, nil for a run without one.
func (r *Run) Positives() *relation.Positives { return r.positives }

// ImagesPerSecond is the speed since Train was called.
func (r *Run) ImagesPerSecond() float64 { return r.total.rate() }

// Done reports whether the run is at its end.
func (r *Run) Done() bool { return r.trainer.StepsDone() == r.trainer.Config().Steps }
