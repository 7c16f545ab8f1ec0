package pretrain

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze/relation"
	"gzpt/kernels"
	"gzpt/kernels/reference"
	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain/dataset"
	"gzpt/nn/rundir"
)

// trial is a data set of phantoms and settings for a moment's run on it.
type trial struct {
	dev kernels.Device
	set *dataset.Set
	Data
	Settings
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	b := &trial{dev: reference.New(kernels.Float32)}
	t.Cleanup(b.dev.Close)
	var err error
	if b.set, err = dataset.Open(t.Context(), dataset.Settings{Phantoms: 40, ImageSize: 16, Channels: 1, Seed: 3}); err != nil {
		t.Fatal(err)
	}
	related, err := Alike{By: "heatmap-cc"}.Relate(t.Context(), b.dev, b.set, RelateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b.Data = Data{Images: b.set, Gaze: b.set.Recordings, Relation: related.Relation}
	b.Settings = DefaultSettings(nn.Arch{Depth: 18, Width: 1, Channels: 1})
	c := &b.Network
	c.Height, c.Width, c.Batch, c.ProjectorHidden, c.PredictorHidden, c.Embedding = 16, 16, 8, 4, 4, 4
	b.Epochs = 4
	return b
}

// train opens a run and trains.
func (b *trial) train(t *testing.T, path string, o Options) *Run {
	t.Helper()
	r, err := Open(b.dev, path, b.Data, b.Settings, o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func backbone(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(rundir.Dir(path).Backbone())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Two and two epochs are four, with the relation given again and without, and a run is closed without a trace on the device.
func TestRunGoesOn(t *testing.T) {
	b := newTrial(t)
	before := b.dev.InUse()
	folder := t.TempDir()
	whole, parts := filepath.Join(folder, "whole"), filepath.Join(folder, "parts")
	var steps, epochs []int
	r := b.train(t, whole, Options{Observer: Observer{
		Step:  func(s Step) { steps = append(steps, s.Step) },
		Epoch: func(e Epoch) { epochs = append(epochs, e.Number) },
	}})
	if !r.Done() || len(steps) != r.Trainer().Config().Steps || !slices.Equal(epochs, []int{1, 2, 3, 4}) || r.Positives().Counts().Mean == 0 {
		t.Errorf("steps %v, epochs %v", steps, epochs)
	}
	if r := b.train(t, parts, Options{StopAfter: 2}); r.Done() || backbone(t, parts) == backbone(t, whole) {
		t.Error("the run was not stopped")
	}
	b.train(t, parts, Options{Resume: true, StopAfter: 3, Workers: 1})
	b.Relation = nil // the run has its own
	b.train(t, parts, Options{Resume: true})
	if backbone(t, parts) != backbone(t, whole) {
		t.Error("2 + 1 + 1 epochs differ from 4")
	}
	if after := b.dev.InUse(); after != before {
		t.Errorf("the runs left %d bytes on the device", after-before)
	}
	report, err := Evaluate(t.Context(), b.dev, rundir.Dir(whole), b.set, evaluate.BackboneOptions{EncodeOptions: evaluate.EncodeOptions{ImageSize: 16}, Batch: 4})
	if err != nil || report.Step != report.Steps || report.Steps != len(steps) || b.dev.InUse() != before {
		t.Errorf("%+v, %v, %d bytes left", report, err, b.dev.InUse()-before)
	}
}

// What the settings say of the run reaches the training: its length and warm-up, the items that a queue draws from, the share of
// positives that is left out.
func TestSettingsReachTheTraining(t *testing.T) {
	b, folder := newTrial(t), t.TempDir()
	b.Settings = MethodSettings("moco", b.Network.Arch)
	c := &b.Network
	c.Height, c.Width, c.Batch, c.ProjectorHidden, c.Embedding, c.MoCo.Queue, c.MoCo.QueueStart = 16, 16, 8, 4, 4, 16, "random"
	b.Epochs, b.Warmup = 4, 0.25
	r, err := Open(b.dev, filepath.Join(folder, "moco"), b.Data, b.Settings, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	steps := 4 * (r.TrainingItems() / 8)
	got, listed := r.Trainer().Config(), len(b.set.Items())
	if got.Steps != steps || got.WarmupSteps != steps/4 || got.MoCo.Items != listed || r.TrainingItems() == listed {
		t.Errorf("%d steps, %d of warm-up, %d items: expected %d, %d, %d", got.Steps, got.WarmupSteps, got.MoCo.Items, steps, steps/4, listed)
	}
	for _, drop := range []float64{0, 1} {
		b := newTrial(t)
		b.Epochs, b.Drop = 1, drop
		b.train(t, filepath.Join(folder, fmt.Sprint(drop)), Options{Observer: Observer{Step: func(s Step) {
			if none := s.PositivesPerAnchor == 0; none != (drop == 1) {
				t.Errorf("drop %v: %v positives an image", drop, s.PositivesPerAnchor)
			}
		}}})
	}
}

// A run that would never update its weights is refused, and leaves nothing behind.
func TestRunWithoutAnUpdate(t *testing.T) {
	b, path := newTrial(t), filepath.Join(t.TempDir(), "run")
	b.Epochs, b.Network.Accumulate = 1, 4 // 28 items are trained on: three steps
	if _, err := Open(b.dev, path, b.Data, b.Settings, Options{}); !errors.Is(err, ErrNoUpdate) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
	b.Network.Accumulate = 3
	b.train(t, path, Options{})
}

// The views that are written are those of the first items that are trained on, in the first epoch, by the run's seed, with their
// gaze where it is known.
func TestDumpedViews(t *testing.T) {
	b, folder := newTrial(t), t.TempDir()
	b.Network.Seed = 9
	read := func(paths []string, err error) (files []string) {
		t.Helper()
		for _, path := range paths {
			text, e := os.ReadFile(path)
			err = cmp.Or(err, e)
			files = append(files, string(text))
		}
		if err != nil || len(files) != 3 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		return files
	}
	var of [2][]string
	for i, known := range []bool{false, true} {
		d := b.Data
		if !known {
			d.Gaze = nil
		}
		r, err := Open(b.dev, filepath.Join(folder, fmt.Sprint("run", i)), d, b.Settings, Options{})
		if err != nil {
			t.Fatal(err)
		}
		of[i] = read(r.DumpViews(3))
		r.Close()
	}
	rows, err := Rows(b.set, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := read(data.DumpViews(filepath.Join(folder, "views"), b.set, data.DumpOptions{
		Items: Training(rows)[:3], ImageSize: 16, Augmentation: b.Views, Seed: 9,
	}))
	for k := range want {
		if of[0][k] != want[k] || of[1][k] == want[k] {
			t.Errorf("item %d: the same views %v, with gaze drawn %v", k, of[0][k] == want[k], of[1][k] != want[k])
		}
	}
}

// A run from a backbone that was stopped before its first checkpoint begins anew from that backbone.
func TestInitWithoutACheckpoint(t *testing.T) {
	b, folder := newTrial(t), t.TempDir()
	b.Epochs = 1
	b.train(t, filepath.Join(folder, "first"), Options{})
	b.Init, b.Network.Seed = rundir.Dir(filepath.Join(folder, "first")).Backbone(), 5
	whole, cut := filepath.Join(folder, "whole"), filepath.Join(folder, "cut")
	if r := b.train(t, whole, Options{}); r.Found() == nil {
		t.Error("nothing was found in the file")
	}
	r, err := Open(b.dev, cut, b.Data, b.Settings, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	b.train(t, cut, Options{Resume: true})
	b.Init = ""
	b.train(t, filepath.Join(folder, "random"), Options{})
	if backbone(t, cut) != backbone(t, whole) || backbone(t, cut) == backbone(t, filepath.Join(folder, "random")) {
		t.Error("the run ends with another backbone")
	}
}

// A backbone is judged on images normalised as those that it was trained on, or as the options say.
func TestEvaluatedAsTrained(t *testing.T) {
	b, run := newTrial(t), filepath.Join(t.TempDir(), "run")
	b.Epochs = 1
	b.Views.Normalisation = data.Normalisation{Mean: [3]float64{0.5, 0.5, 0.5}, Std: [3]float64{0.25, 0.25, 0.25}}
	b.train(t, run, Options{})
	for _, given := range []data.Normalisation{{}, data.ImageNet()} {
		var seen []float32
		o := evaluate.EncodeOptions{ImageSize: 16, Normalisation: given, Seen: func(pixels []float32) error {
			seen = append(seen, pixels...)
			return nil
		}}
		if _, err := Evaluate(t.Context(), b.dev, rundir.Dir(run), b.set, evaluate.BackboneOptions{EncodeOptions: o, Batch: 8}); err != nil {
			t.Fatal(err)
		}
		all := make([]int, len(b.set.Items()))
		for i := range all {
			all[i] = i
		}
		want := make([]float32, len(all)*16*16)
		shown := data.EvalOptions{ImageSize: 16, Normalisation: cmp.Or(given, b.Views.Normalisation)}
		if err := data.Eval(t.Context(), want, b.set, all, shown); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(seen, want) {
			t.Errorf("given %v, the encoder saw other pixels", given)
		}
	}
}

// A run that is interrupted writes a checkpoint and goes on to the same bits.
func TestInterruptedRunGoesOn(t *testing.T) {
	b, folder := newTrial(t), t.TempDir()
	whole, cut := filepath.Join(folder, "whole"), filepath.Join(folder, "cut")
	b.train(t, whole, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Open(b.dev, cut, b.Data, b.Settings, Options{Observer: Observer{Step: func(s Step) {
		if s.Step == 2 {
			cancel()
		}
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Train(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := Open(b.dev, cut, b.Data, b.Settings, Options{Resume: true}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a run that is open is opened again: %v", err)
	}
	r.Close()
	b.train(t, cut, Options{Resume: true})
	if backbone(t, cut) != backbone(t, whole) {
		t.Error("the run ends with another backbone")
	}
}

// A deadline interrupts as a signal does.
func TestDeadline(t *testing.T) {
	b, run := newTrial(t), filepath.Join(t.TempDir(), "run")
	r, err := Open(b.dev, run, b.Data, b.Settings, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if err := r.Train(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if info, err := nn.ReadCheckpointInfo(r.Dir.Checkpoint()); err != nil || info.Steps != 0 {
		t.Errorf("%+v, %v", info, err)
	}
}

// NaN stops a run with an error that names the images, and keeps the last checkpoint.
func TestNaN(t *testing.T) {
	b, run := newTrial(t), filepath.Join(t.TempDir(), "run")
	b.Network.LR, b.Warmup = 1e38, 0
	r, err := Open(b.dev, run, b.Data, b.Settings, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var bad *nn.NonFiniteError
	if err := r.Train(t.Context()); !errors.As(err, &bad) || !strings.Contains(err.Error(), "images of the batch: phantom-0") {
		t.Errorf("error %v", err)
	}
}

// A run goes on with the settings and data that it began with alone, and each that differs is named.
func TestOtherSettingsAreRefused(t *testing.T) {
	b, run := newTrial(t), filepath.Join(t.TempDir(), "run")
	b.train(t, run, Options{StopAfter: 1})
	for want, change := range map[string]func(b *trial){
		"lr is 0.0008 in the run, but 0.5 here":                         func(b *trial) { b.Network.LR = 0.5 },
		"steps is ":                                                     func(b *trial) { b.Epochs = 5 },
		"seed is 0 in the run, but 9 here":                              func(b *trial) { b.Network.Seed = 9 },
		"views.flip_probability is 0.5 in the run, but not set here":    func(b *trial) { b.Views.FlipProbability = 0 },
		"views.hue is not set in the run, but 0.2 here":                 func(b *trial) { b.Views.Hue = 0.2 },
		"positives.drop is 0.5 in the run, but 0.25 here":               func(b *trial) { b.Drop = 0.25 },
		"positives.rule.per_item is 4 in the run, but not set here":     func(b *trial) { b.Rule = relation.Rule{Tau: 0.5} },
		`positives.rule.patients is "any" in the run, but "apart" here`: func(b *trial) { b.Rule.Patients = "apart" },
		"init is not set in the run, but b.safetensors here":            func(b *trial) { b.Init = "b.safetensors" },
		"data is ":                          func(b *trial) { b.Relation = b.Relation.Permuted(1) },
		"pretrain: drop 2, expected 0 to 1": func(b *trial) { b.Drop = 2 },
		"pretrain: warm-up -1, expected a share of the run":       func(b *trial) { b.Warmup = -1 },
		"pretrain: views of 16 x 24 pixels":                       func(b *trial) { b.Network.Width = 24 },
		"rule \"best\", expected one of":                          func(b *trial) { b.Rule.Kind = "best" },
		"items.csv:2: image \"phantom-00000\": its gaze has chan": func(b *trial) { b.Gaze = nil },
	} {
		changed := *b
		change(&changed)
		if _, err := Open(b.dev, run, changed.Data, changed.Settings, Options{Resume: true}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
	if _, err := Open(b.dev, run, b.Data, b.Settings, Options{}); err == nil || !strings.Contains(err.Error(), "never overwritten") {
		t.Errorf("a run that is there: %v", err)
	}
	large := b.Settings
	large.Network.Batch = 1000
	if _, err := Open(b.dev, run+"2", b.Data, large, Options{}); !errors.Is(err, ErrFewItems) {
		t.Errorf("a batch beyond the items: %v", err)
	}
	b.train(t, run, Options{Resume: true, Workers: 2}) // nothing of that has changed the run, or left it locked
}

// editRecord changes the record of a run as a text of JSON by name.
func editRecord(t *testing.T, run string, edit func(record map[string]any)) {
	t.Helper()
	path := rundir.Dir(run).Config()
	record := map[string]any{}
	if err := rundir.ReadJSON(path, &record); err != nil {
		t.Fatal(err)
	}
	edit(record)
	if err := rundir.WriteJSON(path, record); err != nil {
		t.Fatal(err)
	}
}

// A record that lacks settings which were added later, at their defaults, is that of the same run; one of a later format or
// with settings that this version lacks is refused.
func TestRecordOfAnotherVersion(t *testing.T) {
	b, folder := newTrial(t), t.TempDir()
	part := func(record map[string]any, name string) map[string]any { return record[name].(map[string]any) }
	for name, test := range map[string]struct {
		edit func(record map[string]any)
		want string // of the error, "" for none
	}{
		"without a step of the views":    {func(r map[string]any) { delete(part(r, "views"), "solarize_probability") }, ""},
		"without a part of the rule":     {func(r map[string]any) { delete(part(part(r, "positives"), "rule"), "mutual") }, ""},
		"without a part of the network":  {func(r map[string]any) { delete(part(r, "network"), "warmup_ratio") }, ""},
		"without the caller's own":       {func(r map[string]any) { delete(r, "command") }, ""},
		"a later format":                 {func(r map[string]any) { r["format"] = recordFormat + 1 }, "config.json: format 2, this program reads up to 1"},
		"a later part of the network":    {func(r map[string]any) { part(r, "network")["queue"] = 5 }, `unknown field "queue"`},
		"a lost setting with no default": {func(r map[string]any) { delete(part(r, "views"), "flip_probability") }, "views.flip_probability is not set in the run"},
	} {
		run := filepath.Join(folder, strings.ReplaceAll(name, " ", "-"))
		b.train(t, run, Options{StopAfter: 1})
		editRecord(t, run, test.edit)
		r, err := Open(b.dev, run, b.Data, b.Settings, Options{Resume: true})
		if err == nil {
			r.Close()
		}
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, expected %q", name, err, test.want)
		}
	}
}

// The identity of a run is for good: these are the hashes of what the first version with formats made of these settings.
func TestIdentity(t *testing.T) {
	rows := []Row{{Image: "a.png", Label: "x", Training: true, Readers: 1, Fixations: 2, Dwell: 0.25}, {Image: "b.png", Split: "test", Group: "p"}}
	r := relation.FromValues(2, []float32{1, 0.5, 0.5, 1})
	trained := TrainedOn{Views: DefaultSettings(nn.Arch{Depth: 18}).Views, Positives: &PositivesRecord{relation.Rule{Kind: "threshold", Tau: 0.25, Patients: "any"}, 0.5}}
	if got, want := identity(rows, r, trained), "a01c495903f436f07e9524ae04449bcc"; got != want {
		t.Errorf("the identity is %s, was %s", got, want)
	}
	all := map[string]bool{identity(rows, r, trained): true}
	for name, change := range map[string]func(*TrainedOn){
		"views": func(t *TrainedOn) { t.Views.CropScale[1] = 0.75 },
		"rule": func(t *TrainedOn) {
			t.Positives = &PositivesRecord{relation.Rule{Kind: "threshold", Tau: 0.5, Patients: "any"}, 0.5}
		},
		"nothing": func(t *TrainedOn) { t.Positives = nil },
	} {
		other := trained
		change(&other)
		if id := identity(rows, r, other); all[id] {
			t.Errorf("%s: the identity is the same", name)
		} else {
			all[id] = true
		}
	}
	if all[identity(rows[:1], r, trained)] || all[identity(rows, nil, trained)] || all[identity(rows, relation.FromValues(2, []float32{1, 0.25, 0.25, 1}), trained)] {
		t.Error("other items or another relation have the same identity")
	}
}

// The record of a run has what the caller said of itself.
func TestOrigin(t *testing.T) {
	b, run := newTrial(t), filepath.Join(t.TempDir(), "run")
	b.train(t, run, Options{StopAfter: 1, Origin: func(r *Run) Origin {
		if r.Positives().Rule().Tau == 0 {
			t.Error("the run is not planned yet")
		}
		return Origin{Settings: map[string]json.RawMessage{"mine": json.RawMessage("1")}, Version: "v", Machine: "m"}
	}})
	was, err := ReadRecord(rundir.Dir(run))
	if err != nil || was.Format != recordFormat || string(was.Settings["mine"]) != "1" || was.Version != "v" || was.Positives.Rule.Tau == 0 || was.Network.Height != 16 {
		t.Errorf("%+v, %v", was, err)
	}
}
