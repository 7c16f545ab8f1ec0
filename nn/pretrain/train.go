package pretrain

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/rundir"
)

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

// Train trains to the end of the run, or to where it is to stop. Where ctx ends first it writes a checkpoint after the step
// that it is in and returns the context's error.
func (r *Run) Train(ctx context.Context) (err error) {
	if r.metrics, err = rundir.OpenMetrics(r.Dir.Metrics(), r.trainer.StepsDone()); err != nil {
		return err
	}
	defer func() {
		if closed := r.metrics.Close(); err == nil {
			err = closed
		}
	}()
	if damaged := r.metrics.Damaged(); damaged != nil {
		r.warn(fmt.Sprintf("%s: the lines %v are not what was written; the run goes on, as nothing follows from them", r.Dir.Metrics(), damaged))
	}
	c := r.trainer.Config()
	loader, err := data.NewLoader(r.data.Images, data.LoaderOptions{
		Batch: c.Batch, ImageSize: c.Height, Augmentation: r.settings.Views, Items: r.items,
		Seed: c.Seed, Epoch: r.position.Epoch, Position: r.position.Batch, Workers: r.options.Workers,
		Images: r.trainer.MakesViews() && data.Stored(r.data.Images) != nil, NewBuffer: r.dev.NewBuffer, FreeBuffer: r.dev.FreeBuffer,
	})
	if err != nil {
		return err
	}
	defer loader.Close()
	r.checkpoint = time.Now()
	return r.loop(ctx, loader)
}

// loop makes the steps. It writes checkpoints at the end of every epoch, from time to time within one, and where it stops.
func (r *Run) loop(ctx context.Context, loader *data.Loader) error {
	p := &r.position
	for !r.Done() {
		if stop := r.options.StopAfter; stop > 0 && p.Epoch >= stop {
			return nil
		}
		if ctx.Err() != nil {
			return r.interrupted(ctx)
		}
		if err := r.step(ctx, loader); err != nil {
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) { // while it waited for a batch
				return r.interrupted(ctx)
			}
			return err
		}
		p.Batch++
		if p.Batch == r.StepsPerEpoch() {
			p.Epoch, p.Batch = p.Epoch+1, 0
			r.endEpoch()
		}
		if p.Batch == 0 || r.Done() || time.Since(r.checkpoint) >= r.options.CheckpointEvery {
			if err := r.save(); err != nil {
				return err
			}
		}
	}
	return nil
}

// step trains on the next batch and writes its line.
func (r *Run) step(ctx context.Context, loader *data.Loader) error {
	begin := time.Now()
	b, err := loader.Next(ctx)
	if err != nil {
		return err
	}
	m, err := r.trainer.Step(&nn.Batch{Views: b.Views, Images: b.Images, Items: b.Indices, Weights: r.weights, Drop: r.settings.Drop})
	if err != nil {
		return r.explain(err)
	}
	elapsed := time.Since(begin)
	r.epoch.add(m, len(b.Indices), elapsed, b.Wait)
	r.total.add(m, len(b.Indices), elapsed, b.Wait)
	if tell := r.options.Observer.Step; tell != nil {
		tell(Step{Metrics: m, Epoch: b.Epoch + 1, Steps: r.trainer.Config().Steps, ImagesPerSecond: r.total.rate(), Left: r.left()})
	}
	return r.metrics.Append(stepLine{
		Step: m.Step, Epoch: b.Epoch + 1, Loss: m.Loss, LossChance: m.Chance, LR: m.LR, GradNorm: m.GradNorm, EmbeddingStd: m.EmbeddingStd,
		PositivesPerAnchor: m.PositivesPerAnchor, ImagesPerSecond: float64(len(b.Indices)) / elapsed.Seconds(),
		DataWait: float64(b.Wait.Microseconds()) / 1e3,
	})
}

// explain names the images of a batch that gave NaN or infinity; the cause is the trainer's [nn.NonFiniteError].
func (r *Run) explain(err error) error {
	var bad *nn.NonFiniteError
	if !errors.As(err, &bad) {
		return err
	}
	var names []string
	for _, i := range bad.Items {
		names = append(names, r.rows[i].Image)
	}
	where := "loss"
	if bad.Parameter != "" {
		where = "gradient of " + bad.Parameter
	}
	text := fmt.Sprintf("step %d: NaN or infinity in the %s (loss %v); images of the batch: %s; the last checkpoint is of an earlier step",
		bad.Step, where, bad.Loss, strings.Join(names, ", "))
	return &explained{text, bad}
}

// explained is an error in other words.
type explained struct {
	text  string
	cause error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.cause }

// endEpoch tells how the epoch went that has just ended.
func (r *Run) endEpoch() {
	e := &r.epoch
	if tell := r.options.Observer.Epoch; tell != nil {
		tell(Epoch{
			Number: r.position.Epoch, Step: r.trainer.StepsDone(), Steps: r.trainer.Config().Steps,
			Loss: e.mean(e.loss), EmbeddingStd: e.mean(e.spread), PositivesPerAnchor: e.mean(e.positives),
			ImagesPerSecond: e.rate(), WaitShare: e.wait.Seconds() / e.elapsed.Seconds(), Left: r.left(),
		})
	}
	r.epoch = tally{}
}

// left is the time that the rest of the run takes at the speed so far.
func (r *Run) left() time.Duration {
	c := r.trainer.Config()
	rest := float64((c.Steps - r.trainer.StepsDone()) * c.Batch)
	return time.Duration(rest / r.total.rate() * float64(time.Second))
}

// save writes a checkpoint and the backbone as it is. Metrics go to the disk first, so that the checkpoint never knows of
// steps that they lack.
func (r *Run) save() error {
	if err := r.metrics.Sync(); err != nil {
		return err
	}
	for _, path := range []string{r.Dir.Checkpoint(), r.Dir.Backbone()} {
		if err := rundir.MakeFolderOf(path); err != nil {
			return err
		}
	}
	if err := nn.SaveCheckpoint(r.Dir.Checkpoint(), r.trainer, r.position); err != nil {
		return err
	}
	r.checkpoint = time.Now()
	return nn.ExportBackbone(r.Dir.Backbone(), r.trainer)
}

// interrupted writes a checkpoint and returns the reason of the interruption.
func (r *Run) interrupted(ctx context.Context) error {
	if err := r.save(); err != nil {
		return err
	}
	return ctx.Err()
}
