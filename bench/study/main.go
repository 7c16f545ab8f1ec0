// Command study asks whether gaze helps: it trains by several methods, with several relations and several seeds, everything
// else being equal, judges every encoder on the test split, and writes a table of means and spreads. The images are real
// with real gaze, or phantoms with that of simulated readers.
//
//	go run ./bench/study --data ../shared/data/kvasir_gaze
//	go run ./bench/study --phantoms 1000 --method byol,simsiam,simclr,moco --runs runs/methods --out bench/results/methods.md
//
// It may be stopped at any moment and started again: runs that are done are kept, one that was cut off is resumed.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"gzpt/asm"
	"gzpt/bench"
	"gzpt/gaze/formats"
	"gzpt/kernels"
	"gzpt/kernels/atomicfile"
	"gzpt/nn"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
	"gzpt/nn/rundir"
)

type settings struct {
	data, labels, split, format string
	runs, out                   string
	methods, relations          []string
	seeds, epochs, size, batch  int
	positives, drop, lr         float64
	arch                        nn.Arch
	phantoms                    int // their number, 0 for real images
}

// condition is what the runs of one row of the table have in common.
type condition struct{ method, relation string }

// conditions is all of them, relations within methods.
func (s settings) conditions() []condition {
	var all []condition
	for _, m := range s.methods {
		for _, r := range s.relations {
			all = append(all, condition{m, r})
		}
	}
	return all
}

func main() {
	s := settings{
		labels: "labels.csv:area_tercile", split: "split", format: "gazemedseg", arch: nn.Arch{Depth: 18, Width: 64, Channels: 3},
		drop: pretrain.UsualDrop, lr: nn.DefaultConfig(nn.Arch{}).LR,
	}
	pflag.StringVar(&s.data, "data", envOr("STUDY_DATA", "../shared/data/kvasir_gaze"), "folder of images and gaze")
	pflag.StringVar(&s.labels, "labels", s.labels, "FILE:COLUMN of the labels")
	pflag.StringVar(&s.split, "split", s.split, "column of the split")
	pflag.StringVar(&s.format, "format", s.format, "format of the gaze")
	pflag.StringVar(&s.runs, "runs", "runs/study", "folder of the runs")
	pflag.StringVar(&s.out, "out", "bench/results/study.md", "table to write")
	pflag.IntVar(&s.phantoms, "phantoms", 0, "number of phantoms in the place of real images, with the settings of the demo")
	pflag.StringSliceVar(&s.methods, "method", []string{"byol"}, "methods to compare")
	pflag.StringSliceVar(&s.relations, "gaze", []string{"none", "permuted:tima", "tima", "heatmap-cc"}, "relations to compare")
	pflag.IntVar(&s.seeds, "seeds", 3, "seeds of each")
	pflag.IntVar(&s.epochs, "epochs", 30, "epochs of a run")
	pflag.IntVar(&s.size, "image-size", 64, "side of the views")
	pflag.IntVar(&s.batch, "batch", 64, "items in a step")
	pflag.Float64Var(&s.positives, "positives", 10, "positives of an item on average, the same for every relation")
	pflag.Parse()
	if s.phantoms > 0 {
		s.onPhantoms()
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "study:", err)
		os.Exit(1)
	}
}

// onPhantoms takes the settings of the demo for everything that no flag says: a small network on small images, and the
// measure that suits readers who rest where something is.
func (s *settings) onPhantoms() {
	given := func(name string) bool { return pflag.CommandLine.Changed(name) }
	s.data, s.labels, s.split, s.arch.Width, s.drop, s.lr = "", "", "", 16, 0, 0.003
	for name, v := range map[string]struct {
		p     *int
		value int
	}{"epochs": {&s.epochs, 60}, "image-size": {&s.size, 32}, "batch": {&s.batch, 64}} {
		if !given(name) {
			*v.p = v.value
		}
	}
	if !given("positives") {
		s.positives = 20
	}
	if !given("gaze") {
		s.relations = []string{"none", "permuted:heatmap-cc", "heatmap-cc"}
	}
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// study is a study at work.
type study struct {
	settings
	dev kernels.Device
	set *dataset.Set
}

// run opens the data, makes the runs that are missing and writes the table.
func run(ctx context.Context, s settings) error {
	if err := cmp.Or(atomicfile.ReadyFolder(s.runs), atomicfile.Ready(s.out)); err != nil {
		return err
	}
	dev, err := asm.Open("")
	if err != nil {
		return err
	}
	defer dev.Close()
	d := dataset.Settings{
		Path: s.data, Labels: s.labels, Split: s.split, ImageSize: s.size, Channels: s.arch.Channels, Phantoms: s.phantoms,
		Gaze: dataset.Gaze{Read: formats.ReadOptions{Format: s.format}},
	}
	set, err := dataset.Open(ctx, d)
	if err != nil {
		return err
	}
	defer set.Close()
	if s.phantoms == 0 {
		if err := set.ReadGaze(d); err != nil {
			return err
		}
	}
	x := &study{s, dev, set}
	results, err := x.results(ctx)
	if err != nil {
		return err
	}
	page := s.page(results, time.Now(), bench.Machine())
	if _, err := fmt.Print(page); err != nil {
		return err
	}
	return bench.WriteFile(s.out, page)
}

// results is the evaluations of each condition by seed.
func (x *study) results(ctx context.Context) ([][]evaluate.Report, error) {
	conditions := x.conditions()
	results := make([][]evaluate.Report, len(conditions))
	for seed := range x.seeds { // seed by seed, so that a study that is cut short compares like with like
		for i, c := range conditions {
			r, err := x.result(ctx, c, uint64(seed))
			if err != nil {
				return nil, fmt.Errorf("%s with %s, seed %d: %w", c.method, c.relation, seed, err)
			}
			results[i] = append(results[i], *r)
		}
	}
	return results, nil
}

// result is the evaluation of one run, which is begun, continued or left alone as it stands. A run of other settings is refused, also one
// that is done.
func (x *study) result(ctx context.Context, c condition, seed uint64) (*evaluate.Report, error) {
	dir := rundir.Dir(filepath.Join(x.runs, fmt.Sprintf("%s-%s-%d", c.method, strings.ReplaceAll(c.relation, ":", "-"), seed)))
	if err := x.train(ctx, dir, c, seed); err != nil {
		return nil, err
	}
	r := &evaluate.Report{}
	if err := rundir.ReadJSON(dir.Evaluation(), r); err == nil && r.Step == r.Steps && r.Steps > 0 && r.Labels == x.labels {
		return r, nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r, err := pretrain.Evaluate(ctx, x.dev, dir, x.set, evaluate.BackboneOptions{
		EncodeOptions: evaluate.EncodeOptions{ImageSize: x.size}, Batch: x.batch, Labels: x.labels,
	})
	if err != nil {
		return nil, err
	}
	return r, rundir.WriteJSON(dir.Evaluation(), r)
}

// train makes a run, or continues it: a run on the disk that has other settings is refused.
func (x *study) train(ctx context.Context, dir rundir.Dir, c condition, seed uint64) error {
	resume := rundir.Vacant(string(dir)) != nil
	d := pretrain.Data{Images: x.set, Gaze: x.set.Recordings}
	alike := pretrain.Alike{By: c.relation}
	if !resume {
		related, err := alike.Relate(ctx, x.dev, x.set, pretrain.RelateOptions{Seed: seed})
		if err != nil {
			return err
		}
		d.Relation = related.Relation
	}
	r, err := pretrain.Open(x.dev, string(dir), d, x.training(c.method, seed), pretrain.Options{
		Resume: resume,
		Origin: func(*pretrain.Run) pretrain.Origin {
			return pretrain.Origin{Measure: c.relation, Command: strings.Join(os.Args, " "), Machine: bench.Machine()}
		},
		Observer: pretrain.Observer{
			Warn: func(text string) { fmt.Fprintf(os.Stderr, "%s: %s\n", dir, text) },
			Epoch: func(e pretrain.Epoch) {
				fmt.Fprintf(os.Stderr, "%s: epoch %d of %d, loss %.3f, %.0f images/s\n", dir, e.Number, x.epochs, e.Loss, e.ImagesPerSecond)
			},
		},
	})
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Train(ctx)
}

// training is the settings of a run.
func (s settings) training(method string, seed uint64) pretrain.Settings {
	t := pretrain.DefaultSettings(s.arch)
	t.Network = nn.MethodConfig(method, s.arch)
	if s.phantoms > 0 {
		s.smallHeads(&t.Network)
	}
	t.Network.LR, t.Drop = s.lr, s.drop
	t.Network.Height, t.Network.Width, t.Network.Batch, t.Network.Seed = s.size, s.size, s.batch, seed
	t.Epochs, t.Rule.PerItem = s.epochs, s.positives
	return t
}

// smallHeads fits the heads and the queue of a method to a small network on few images.
func (s settings) smallHeads(c *nn.Config) {
	c.ProjectorHidden, c.Embedding = 512, 64
	switch c.Method {
	case "byol":
		c.PredictorHidden = 512
	case "simsiam":
		c.PredictorHidden = 128
	case "moco":
		c.MoCo.Queue = 4 * s.batch
	}
}
