package pretrain

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"gzpt/kernels"
	"gzpt/kernels/npy"
	"gzpt/nn"
	"gzpt/nn/rundir"
)

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
	if r.rows, err = Rows(r.data.Images, r.data.Gaze); err != nil {
		return err
	}
	r.items = Training(r.rows)
	var was *Record // of a run that goes on
	if r.options.Resume {
		was, err = r.reopen(path)
	} else {
		err = CheckGroups(r.rows)
	}
	if err != nil {
		return err
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

// reopen takes up the directory of a run: its record, its items, which must be those that are given, and its relation.
func (r *Run) reopen(path string) (was *Record, err error) {
	if r.Dir, err = rundir.Open(path); err != nil {
		return nil, err
	}
	if err := r.lock(); err != nil {
		return nil, err
	}
	r.Dir.Clean()
	if was, err = ReadRecord(r.Dir); err != nil {
		return nil, err
	}
	if text := was.Unchecked(r.Dir); text != "" {
		r.warn(text)
	}
	recorded, err := was.Rows(r.Dir)
	if err != nil {
		return nil, err
	}
	relabelled, err := SameRows(r.Dir.Items(), recorded, r.rows)
	if err != nil {
		return nil, err
	}
	if n := len(relabelled); n > 0 {
		r.warn(fmt.Sprintf("%d of %d labels have changed since the run began, that of %q first: it goes on as it began, no label is trained on anew", n, len(recorded), relabelled[0]))
	}
	r.rows = recorded
	if r.data.Relation == nil {
		r.data.Relation, err = was.relation(r.Dir, len(recorded))
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
	if given := r.data.Relation; given != nil {
		if given.N != len(r.rows) {
			return fmt.Errorf("pretrain: a relation of %d items, expected %d", given.N, len(r.rows))
		}
		if err := given.Check(); err != nil {
			return fmt.Errorf("pretrain: the relation: %w", err)
		}
		if r.positives, err = Positives(r.data.Relation, rule, r.rows); err != nil {
			return err
		}
		r.weights, rule = r.positives.Weight, r.positives.Rule()
	}
	name := identity(r.rows, r.data.Relation, r.trainedOn())
	if was != nil && was.Format == 0 {
		name = identityBeforeFormats(r.rows, r.data.Relation, was.Settings, &r.settings, rule)
	}
	c, err := r.settings.network(len(r.items), len(r.rows), name)
	if err != nil {
		return err
	}
	if was == nil && c.Accumulate > c.Steps {
		return fmt.Errorf("%d steps for an update in a run of %d: %w", c.Accumulate, c.Steps, ErrNoUpdate)
	}
	r.trainer, err = nn.NewTrainer(r.dev, c)
	return err
}

// initialise gives a run at step 0 the weights of Init, if there are any.
func (r *Run) initialise() error {
	if r.settings.Init == "" {
		return nil
	}
	found, err := nn.LoadBackbone(r.settings.Init, r.trainer)
	r.found = found
	return err
}

// ErrLost says that a run has lost its checkpoint.
var ErrLost = errors.New("it is missing, though a backbone was exported from it: put it back, or move the backbone away to begin anew")

// load brings the trainer to the last checkpoint; a run that was stopped before its first one begins anew. One that has lost it
// does not: its first checkpoint would put an early backbone in the place of a late one.
func (r *Run) load(was *Record) error {
	if err := was.same(r.Dir.Config(), r.record()); err != nil {
		return err
	}
	path := r.Dir.Checkpoint()
	position, err := nn.LoadCheckpoint(path, r.trainer)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(r.Dir.Backbone()); err == nil {
			return fmt.Errorf("%s: %w, %s", path, ErrLost, r.Dir.Backbone())
		}
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
	if !info.SameBits() {
		r.warn(fmt.Sprintf("the checkpoint was written by a version of arithmetic %d: with that of this version, %d, the run continues, but not to the same bits",
			info.Arithmetic, nn.Arithmetic))
	}
	return r.renewBackbone(&info)
}

// renewBackbone exports the backbone of the checkpoint that the trainer was brought to, where the file is another one's,
// is damaged or does not say whose it is: a run that was killed between its last checkpoint and that file has an older one.
func (r *Run) renewBackbone(info *nn.CheckpointInfo) error {
	told, err := checkBackbone(r.Dir, info)
	if err == nil && told == "" {
		return nil
	}
	if err != nil {
		told = err.Error()
	}
	r.warn(told + "; it is exported anew")
	if err := rundir.MakeFolderOf(r.Dir.Backbone()); err != nil {
		return err
	}
	return nn.ExportBackbone(r.Dir.Backbone(), r.trainer)
}

// record is what this version and the caller know of the run.
func (r *Run) record() Record {
	return Record{
		Format: recordFormat, Network: r.trainer.Config(), TrainedOn: r.trainedOn(), Init: r.settings.Init, Device: r.dev.Name(),
		Started: time.Now().Format(time.RFC3339),
	}
}

func (r *Run) trainedOn() TrainedOn {
	t := TrainedOn{Views: r.settings.Views}
	if r.positives != nil {
		t.Positives = &PositivesRecord{r.positives.Rule(), r.settings.Drop}
	}
	return t
}

// writeStart writes what a run directory has from the beginning, the record with the checksums of the others last.
func (r *Run) writeStart(dir rundir.Dir) (err error) {
	c := r.record()
	if r.options.Origin != nil {
		c.Origin = r.options.Origin(r)
	}
	if err := WriteRows(dir.Items(), r.rows); err != nil {
		return err
	}
	if relation := r.data.Relation; relation != nil {
		if err := npy.WriteFile(dir.Relation(), []int{relation.N, relation.N}, relation.Values); err != nil {
			return err
		}
	}
	if c.Checksums, err = Checksums(dir.Items(), dir.Relation()); err != nil {
		return err
	}
	return rundir.WriteJSON(dir.Config(), c)
}

func (r *Run) warn(text string) {
	if r.options.Observer.Warn != nil {
		r.options.Observer.Warn(text)
	}
}
