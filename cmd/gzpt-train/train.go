package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"gzpt/cmd/gzpt-train/internal/console"
	"gzpt/cmd/gzpt-train/internal/rundir"
	"gzpt/kernels"
	"gzpt/nn"
	"gzpt/nn/data"
)

// training is a run while it runs.
type training struct {
	*environment
	settings *pretrainSettings
	dev      kernels.Device
	data     *dataset
	items    []int      // to train on
	weights  nn.Weights // of pairs of items; nil without gaze
	dir      rundir.Dir

	trainer    *nn.Trainer
	perEpoch   int // steps
	metrics    *rundir.Metrics
	positives  []float32
	checkpoint time.Time // when the last one was written
	epoch      tally
	total      tally
}

// tally sums up steps for the reports.
type tally struct {
	steps  int
	images int
	// sums over the steps
	loss, spread, positives float64
	elapsed, wait           time.Duration
}

func (t *tally) add(m nn.Metrics, images int, elapsed, wait time.Duration) {
	t.steps++
	t.images += images
	t.loss += m.Loss
	t.spread += m.EmbeddingStd
	t.positives += m.PositivesPerAnchor
	t.elapsed += elapsed
	t.wait += wait
}

// rate is images a second.
func (t *tally) rate() float64 { return float64(t.images) / max(t.elapsed.Seconds(), 1e-9) }

// mean is the mean over the steps of one of the sums.
func (t *tally) mean(sum float64) float64 { return sum / float64(max(t.steps, 1)) }

// stepLine is a line of metrics.jsonl.
type stepLine struct {
	Step               int     `json:"step"`
	Epoch              int     `json:"epoch"`
	Loss               float64 `json:"loss"`
	LossChance         float64 `json:"loss_chance"`
	LR                 float64 `json:"lr"`
	GradNorm           float64 `json:"grad_norm"`
	EmbeddingStd       float64 `json:"embedding_std"`
	PositivesPerAnchor float64 `json:"positives_per_anchor"`
	ImagesPerSecond    float64 `json:"images_per_s"`
	DataWait           float64 `json:"data_wait_ms"`
}

// plan makes the trainer for the items.
func (t *training) plan(identity string) error {
	n := &t.settings.network
	if len(t.items) < n.batch {
		return fmt.Errorf("%d items to train on do not fill a batch of %d: --batch N", len(t.items), n.batch)
	}
	t.perEpoch = len(t.items) / n.batch
	c, err := n.config(&t.settings.data, t.perEpoch, identity)
	if err != nil {
		return err
	}
	t.positives = make([]float32, c.Batch*c.Batch)
	t.trainer, err = nn.NewTrainer(t.dev, c)
	return err
}

// begin gives a run that starts at step 0 the weights of --init, if there are any.
func (t *training) begin() error {
	init := t.settings.network.init
	if init == "" {
		return nil
	}
	found, err := nn.LoadBackbone(init, t.trainer)
	if err == nil {
		t.console.Info(fmt.Sprintf("%s: %v", init, found))
	}
	return err
}

// loadCheckpoint brings the trainer to the last checkpoint; a run that was stopped before its first one begins anew.
func (t *training) loadCheckpoint() (nn.Position, error) {
	path := t.dir.Checkpoint()
	p, err := nn.LoadCheckpoint(path, t.trainer)
	if errors.Is(err, fs.ErrNotExist) {
		return nn.Position{}, t.begin()
	}
	if err != nil {
		return p, err
	}
	info, err := nn.ReadCheckpointInfo(path)
	if err == nil && info.Device != t.dev.Name() {
		t.console.Warn(fmt.Sprintf("the checkpoint was written on %s: on %s the run continues, but not to the same bits", info.Device, t.dev.Name()))
	}
	return p, err
}

// run trains from a position to the end of the run, or to where it is to stop.
func (t *training) run(ctx context.Context, p nn.Position) error {
	release, err := t.dir.Lock()
	if err != nil {
		return err
	}
	defer release()
	log, err := os.OpenFile(t.dir.Log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	if err := t.console.Attach(log); err != nil {
		return err
	}
	if t.metrics, err = rundir.OpenMetrics(t.dir.Metrics(), t.trainer.StepsDone()); err != nil {
		return err
	}
	defer t.metrics.Close()
	loader, err := data.NewLoader(t.data.source, data.LoaderOptions{
		Batch: t.settings.network.batch, ImageSize: t.settings.data.imageSize, Augmentation: t.settings.augment.Augmentation, Items: t.items,
		Seed: t.settings.network.seed, Epoch: p.Epoch, Position: p.Batch, Workers: t.settings.run.workers,
	})
	if err != nil {
		return err
	}
	defer loader.Close()
	t.announce()
	t.checkpoint = time.Now()
	if err := t.loop(ctx, loader, p); err != nil {
		return err
	}
	t.finish()
	return nil
}

// loop makes the steps. It writes checkpoints at the end of every epoch, from time to time within one, and where it stops.
func (t *training) loop(ctx context.Context, loader *data.Loader, p nn.Position) error {
	for t.trainer.StepsDone() < t.trainer.Config().Steps {
		if stop := t.settings.run.stopAfter; stop > 0 && p.Epoch >= stop {
			return nil
		}
		if ctx.Err() != nil {
			return t.interrupted(ctx, p)
		}
		if err := t.step(ctx, loader); err != nil {
			if errors.Is(err, context.Canceled) {
				return t.interrupted(ctx, p)
			}
			return err
		}
		p.Batch++
		if p.Batch == t.perEpoch {
			p.Epoch, p.Batch = p.Epoch+1, 0
			t.endEpoch(p.Epoch)
		}
		last := t.trainer.StepsDone() == t.trainer.Config().Steps
		if p.Batch == 0 || last || time.Since(t.checkpoint) >= t.settings.run.checkpointEvery {
			if err := t.save(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// step trains on the next batch and writes its line.
func (t *training) step(ctx context.Context, loader *data.Loader) error {
	begin := time.Now()
	b, err := loader.Next(ctx)
	if err != nil {
		return err
	}
	nn.WeightedPositives(t.positives, b.Indices, t.weights, t.settings.gaze.drop, t.settings.network.seed, t.trainer.StepsDone())
	m, err := t.trainer.Step(&nn.Batch{Views: b.Views, Positives: t.positives, Items: b.Indices})
	if err != nil {
		return t.explain(err)
	}
	elapsed := time.Since(begin)
	t.epoch.add(m, len(b.Indices), elapsed, b.Wait)
	t.total.add(m, len(b.Indices), elapsed, b.Wait)
	t.progress(b, m)
	return t.metrics.Append(stepLine{
		Step: m.Step, Epoch: b.Epoch + 1, Loss: m.Loss, LossChance: m.Chance, LR: m.LR, GradNorm: m.GradNorm, EmbeddingStd: m.EmbeddingStd,
		PositivesPerAnchor: m.PositivesPerAnchor, ImagesPerSecond: float64(len(b.Indices)) / elapsed.Seconds(),
		DataWait: float64(b.Wait.Microseconds()) / 1e3,
	})
}

// explain names the items of a batch that gave NaN or infinity.
func (t *training) explain(err error) error {
	var bad *nn.NonFiniteError
	if !errors.As(err, &bad) {
		return err
	}
	var names []string
	for _, i := range bad.Items {
		names = append(names, t.data.items()[i].Name)
	}
	where := "loss"
	if bad.Parameter != "" {
		where = "gradient of " + bad.Parameter
	}
	return fmt.Errorf("step %d: NaN or infinity in the %s (loss %v); images of the batch: %s; the last checkpoint is of an earlier step",
		bad.Step, where, bad.Loss, strings.Join(names, ", "))
}

// save writes a checkpoint and the backbone as it is. Metrics go to the disk first, so that the checkpoint never knows of
// steps that they lack.
func (t *training) save(p nn.Position) error {
	if err := t.metrics.Sync(); err != nil {
		return err
	}
	for _, path := range []string{t.dir.Checkpoint(), t.dir.Backbone()} {
		if err := rundir.MakeFolderOf(path); err != nil {
			return err
		}
	}
	if err := nn.SaveCheckpoint(t.dir.Checkpoint(), t.trainer, p); err != nil {
		return err
	}
	t.checkpoint = time.Now()
	return nn.ExportBackbone(t.dir.Backbone(), t.trainer)
}

// interrupted writes a checkpoint and returns the reason of the interruption.
func (t *training) interrupted(ctx context.Context, p nn.Position) error {
	if err := t.save(p); err != nil {
		return err
	}
	t.console.Info("checkpoint written", "step", t.trainer.StepsDone(), "continue_with", fmt.Sprintf("%s --resume --out %s", program, t.dir))
	return ctx.Err()
}

// announce says what is trained on what.
func (t *training) announce() {
	c := t.trainer.Config()
	backbone, total := t.trainer.Parameters()
	t.console.Info("network", "method", c.Method, "arch", c.Arch, "weights", backbone, "with_heads", total, "device", t.dev.Name())
	t.console.Info("data", "items", len(t.data.items()), "training", len(t.items), "image_size", c.Height, "gaze", t.settings.gaze.gaze,
		"rule", t.settings.gaze.rule, "tau", t.settings.gaze.tau, "drop", t.settings.gaze.drop)
	if done := t.trainer.StepsDone(); done > 0 {
		t.console.Info("resumed", "step", fmt.Sprintf("%d/%d", done, c.Steps))
	}
	if dropped := len(t.items) - t.perEpoch*c.Batch; dropped > 0 {
		t.console.Info(fmt.Sprintf("%d items are left over in every epoch of %d steps of %d", dropped, t.perEpoch, c.Batch))
	}
}

// progress shows where the run is.
func (t *training) progress(b *data.Batch, m nn.Metrics) {
	steps := t.trainer.Config().Steps
	t.console.Progress(float64(m.Step)/float64(steps), fmt.Sprintf("epoch %d step %d/%d  loss %.4f (chance %.4g)  %.1f images/s  %s left",
		b.Epoch+1, m.Step, steps, m.Loss, m.Chance, t.total.rate(), console.Duration(t.left())))
}

// left is the time that the rest of the run takes at the speed so far.
func (t *training) left() time.Duration {
	c := t.trainer.Config()
	rest := float64((c.Steps - t.trainer.StepsDone()) * c.Batch)
	return time.Duration(rest / t.total.rate() * float64(time.Second))
}

// collapsed is the embedding_std below which all images look the same to the network; 1 is spread over the sphere.
const collapsed = 0.05

func (t *training) endEpoch(epoch int) {
	e := &t.epoch
	t.console.Info(fmt.Sprintf("epoch %d", epoch), "step", fmt.Sprintf("%d/%d", t.trainer.StepsDone(), t.trainer.Config().Steps), "loss", e.mean(e.loss),
		"embedding_std", e.mean(e.spread), "positives_per_anchor", e.mean(e.positives), "images_per_s", e.rate(),
		"data_wait_share", e.wait.Seconds()/e.elapsed.Seconds(), "left", t.left())
	if e.mean(e.spread) < collapsed {
		t.console.Warn("the embeddings have collapsed: all images look the same to the network; a lower --lr or other views may help")
	}
	t.epoch = tally{}
}

// finish says where the result is and how to load it.
func (t *training) finish() {
	t.console.Finish()
	done, steps := t.trainer.StepsDone(), t.trainer.Config().Steps
	if done < steps {
		t.console.Info("stopped", "step", fmt.Sprintf("%d/%d", done, steps), "continue_with", fmt.Sprintf("%s --resume --out %s", program, t.dir))
	} else {
		t.console.Info("done", "steps", done, "images_per_s", t.total.rate(), "run", t.dir)
	}
}

// tellLoading prints how to load the backbone.
func (t *training) tellLoading() {
	if !t.quiet {
		printLoading(t.stdout, t.trainer.Config().Arch, t.dir.Backbone())
	}
}
