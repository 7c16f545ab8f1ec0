package pretrain

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"gzpt/gaze"
	"gzpt/gaze/similarity"
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
	// Relation says which items count as alike, in their order; nil for none: plain BYOL. A run that goes on has its own, and
	// is refused another one.
	Relation *similarity.Relation
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
	items     []int                 // to train on
	positives *similarity.Positives // nil without a relation
	trainer   *nn.Trainer
	position  nn.Position
	release   func() // of the lock

	metrics    *rundir.Metrics
	matrix     []float32 // the positives of a batch
	checkpoint time.Time // when the last one was written
	epoch      tally
	total      tally
}

// Open makes the run directory at path and everything that the run needs, or with Resume goes on with the one that is there,
// from its last checkpoint. The same settings and data must be given again: any that differ are an error that names them.
// Close must be called.
func Open(dev kernels.Device, path string, d Data, s Settings, o Options) (*Run, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	o.CheckpointEvery = cmp.Or(o.CheckpointEvery, UsualCheckpointEvery)
	r := &Run{dev: dev, data: d, settings: s, options: o, release: func() {}}
	if err := r.open(path); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Run) open(path string) (err error) {
	if r.rows, err = Rows(r.data.Images.Items(), r.data.Gaze); err != nil {
		return err
	}
	r.items = Training(r.rows)
	var was *Record // of a run that goes on
	if r.options.Resume {
		if was, err = r.reopen(path); err != nil {
			return err
		}
	}
	if err := r.plan(was); err != nil {
		return err
	}
	if was != nil {
		return r.load(was)
	}
	if err := r.initialise(); err != nil {
		return err
	}
	if r.Dir, err = rundir.Create(path, r.writeStart); err != nil {
		return err
	}
	return r.lock()
}

// Close gives the memory of the trainer back to the device and lets other processes write to the run. What has happened
// since the last checkpoint happens again when the run goes on.
func (r *Run) Close() {
	if r.trainer != nil {
		r.trainer.Close()
	}
	r.release()
}

// reopen takes up the directory of a run: its record, its items, which must be those that are given, and its relation.
func (r *Run) reopen(path string) (was *Record, err error) {
	if r.Dir, err = rundir.Open(path); err != nil {
		return nil, err
	}
	if err := r.lock(); err != nil {
		return nil, err
	}
	if was, err = ReadRecord(r.Dir); err != nil {
		return nil, err
	}
	recorded, err := ReadRows(r.Dir.Items())
	if err != nil {
		return nil, err
	}
	if err := SameRows(r.Dir.Items(), recorded, r.rows); err != nil {
		return nil, err
	}
	if r.data.Relation == nil {
		r.data.Relation, err = readRelation(r.Dir, len(recorded))
	}
	return was, err
}

func (r *Run) lock() error {
	release, err := r.Dir.Lock()
	if err == nil {
		r.release = release
	}
	return err
}

// plan makes the positives and the trainer; was is the record of a run that goes on, nil of a new one.
func (r *Run) plan(was *Record) (err error) {
	rule := r.settings.Rule
	if r.data.Relation != nil {
		if r.positives, err = Positives(r.data.Relation, rule, r.rows); err != nil {
			return err
		}
		rule = r.positives.Rule()
	}
	name := identity(r.rows, r.data.Relation, r.trainedOn())
	if was != nil && was.Format == 0 {
		name = identityBeforeFormats(r.rows, r.data.Relation, was.Settings, &r.settings, rule)
	}
	c, err := r.settings.network(len(r.items), name)
	if err != nil {
		return err
	}
	r.matrix = make([]float32, c.Batch*c.Batch)
	r.trainer, err = nn.NewTrainer(r.dev, c)
	return err
}

// ErrFlat says that soft weights do not rise.
var ErrFlat = errors.New("no less than where weights are to be full")

// Positives applies a rule to the relation of the items of some rows; of a top-k, among those that are trained on alone.
func Positives(r *similarity.Relation, rule similarity.Rule, rows []Row) (*similarity.Positives, error) {
	if err := rule.Check(); err != nil {
		return nil, err
	}
	p := r.Positives(rule, groups(rows), Training(rows))
	if found := p.Rule(); found.Kind == "soft" && found.Full <= found.Tau {
		return nil, fmt.Errorf("tau is %g for %g positives an item: %w, %g", found.Tau, found.PerItem, ErrFlat, found.Full)
	}
	return p, nil
}

// initialise gives a run at step 0 the weights of Init, if there are any.
func (r *Run) initialise() error {
	if r.settings.Init == "" {
		return nil
	}
	return nn.LoadBackbone(r.settings.Init, r.trainer)
}

// load brings the trainer to the last checkpoint; a run that was stopped before its first one begins anew.
func (r *Run) load(was *Record) error {
	if err := was.same(r.Dir.Config(), r.trainer.Config(), r.trainedOn()); err != nil {
		return err
	}
	path := r.Dir.Checkpoint()
	position, err := nn.LoadCheckpoint(path, r.trainer)
	if errors.Is(err, fs.ErrNotExist) {
		return r.initialise()
	}
	if err != nil {
		return err
	}
	r.position = position
	info, err := nn.ReadCheckpointInfo(path)
	if err != nil {
		return err
	}
	if here := r.dev.Name(); info.Device != here {
		r.warn(fmt.Sprintf("the checkpoint was written on %s: on %s the run continues, but not to the same bits", info.Device, here))
	}
	if info.Arithmetic != nn.Arithmetic {
		r.warn(fmt.Sprintf("the checkpoint was written by a version of arithmetic %d: with that of this version, %d, the run continues, but not to the same bits",
			info.Arithmetic, nn.Arithmetic))
	}
	return nil
}

func (r *Run) warn(text string) {
	if r.options.Observer.Warn != nil {
		r.options.Observer.Warn(text)
	}
}

// Device is what the run computes on.
func (r *Run) Device() kernels.Device { return r.dev }

// Trainer is what the run trains.
func (r *Run) Trainer() *nn.Trainer { return r.trainer }

// Items is the number of items.
func (r *Run) Items() int { return len(r.rows) }

// TrainingItems is the number of items that are trained on.
func (r *Run) TrainingItems() int { return len(r.items) }

// StepsPerEpoch is the number of full batches of an epoch.
func (r *Run) StepsPerEpoch() int { return len(r.items) / r.trainer.Config().Batch }

// Positives is the rule on the relation, nil for a run without one.
func (r *Run) Positives() *similarity.Positives { return r.positives }

// ImagesPerSecond is the speed since Train was called.
func (r *Run) ImagesPerSecond() float64 { return r.total.rate() }

// Done reports whether the run is at its end.
func (r *Run) Done() bool { return r.trainer.StepsDone() == r.trainer.Config().Steps }
