// Package profile takes a training step apart: which operations a device carries out, how long each takes, and what share of
// the device's ceilings that is. What can be timed is timed; a device that is only predicted brings the clock that predicts.
package profile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"gzpt/kernels"
	"gzpt/kernels/trace"
	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/data/picture"
)

// Target is a device to profile.
type Target struct {
	// Name is what people call it: "cpu/avx512", "H200".
	Name string
	// Device carries out the step.
	Device kernels.Device
	// Clock times the operations; nil for the clock on the wall.
	Clock trace.Clock
	// Predicted says that Clock computes times from a model and that nothing of the step was carried out.
	Predicted bool
	// Note says under which conditions the times hold, in a sentence for people; "" for none.
	Note string
	// Ceilings measures, or knows, what the device can do at most. It is asked before the steps and after each; the fastest
	// counts, so that no share is flattered by a moment in which the machine had other work.
	Ceilings func() Ceilings
}

// Step is a training step as a device carried it out.
type Step struct {
	Device    string   `json:"device"`
	Predicted bool     `json:"predicted"`
	Note      string   `json:"note,omitempty"`
	Ceilings  Ceilings `json:"ceilings"`
	// Seconds is the median of the steps without the recorder: operations as the device overlaps them, and what the host does
	// in between. It is the sum of the operations where the step is predicted.
	Seconds float64 `json:"seconds"`
	// Recorded is the median of the steps with the recorder, which waits for the device around each operation.
	Recorded float64 `json:"recorded_seconds"`
	// Groups are the operations, those of one name, shape and layer together, the longest first.
	Groups []Group `json:"operations"`
	// Calls are those of every recorded step.
	Calls [][]trace.Call `json:"-"`
}

// Run profiles the training step of c on a device: one step to warm up, then steps steps plain and steps steps recorded, on
// a made-up batch in which every item is alike with its neighbour.
func Run(ctx context.Context, t Target, c nn.Config, steps int) (*Step, error) {
	c.Steps = max(2*steps+1, 2) * max(c.Accumulate, 1)
	c.WarmupSteps = 0
	recorder := trace.New(t.Device, t.Clock)
	trainer, err := nn.NewTrainer(recorder, c)
	if err != nil {
		return nil, fmt.Errorf("profile: %s: %w", t.Name, err)
	}
	defer trainer.Close()
	recorder.Layer = trainer.LayerName
	s := &Step{Device: t.Name, Predicted: t.Predicted, Note: t.Note}
	r := &runner{ctx: ctx, trainer: trainer, batch: NewBatch(recorder, trainer), updates: c.Accumulate}
	defer r.batch.Free(recorder)
	if !t.Predicted {
		if _, err := r.update(); err != nil { // plans, scratch, caches
			return nil, fmt.Errorf("profile: %s: %w", t.Name, err)
		}
	}
	s.Ceilings = t.Ceilings()
	var plain, recorded []float64
	for range steps {
		if !t.Predicted {
			took, err := r.update()
			if err != nil {
				return nil, fmt.Errorf("profile: %s: %w", t.Name, err)
			}
			plain = append(plain, took.Seconds())
		}
		recorder.Begin()
		took, err := r.update()
		calls := recorder.End()
		if err != nil {
			return nil, fmt.Errorf("profile: %s: %w", t.Name, err)
		}
		s.Calls = append(s.Calls, calls)
		recorded = append(recorded, took.Seconds())
		s.Ceilings = s.Ceilings.best(t.Ceilings())
	}
	s.Groups = s.by(func(c trace.Call) Key { return Key{c.Operation, c.Shape, c.Layer} })
	s.Seconds, s.Recorded = median(plain), median(recorded)
	if t.Predicted {
		s.Seconds = s.operations()
		s.Recorded = s.Seconds
	}
	return s, nil
}

// runner carries out updates: as many micro-batches as one takes.
type runner struct {
	ctx     context.Context
	trainer *nn.Trainer
	batch   *Batch
	updates int
}

func (r *runner) update() (time.Duration, error) {
	began := time.Now()
	for range max(r.updates, 1) {
		if err := r.ctx.Err(); err != nil {
			return 0, err
		}
		if _, err := r.trainer.Step(&r.batch.Batch); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// Batch is a made-up batch, whose pixels or images lie in a buffer of the device.
type Batch struct {
	nn.Batch
	buffers [][]float32
}

// NewBatch makes the batch that a trainer takes best: images of random bytes, of which the device makes views by the usual
// augmentation, or pixels of a normal distribution. Every item is alike with its neighbour.
func NewBatch(dev kernels.Device, trainer *nn.Trainer) *Batch {
	b, c := &Batch{}, trainer.Config()
	g := rand.New(rand.NewPCG(1, 0))
	if trainer.MakesViews() {
		b.images(dev, c, g)
	} else {
		for v := range b.Views {
			b.Views[v] = b.buffer(dev, c.Batch*c.Height*c.Width*c.Arch.Channels)
			for i := range b.Views[v] {
				b.Views[v][i] = float32(g.NormFloat64())
			}
		}
	}
	for i := range c.Batch {
		b.Items = append(b.Items, i)
	}
	b.Weights = func(i, j int) float32 {
		if i^1 == j {
			return 1
		}
		return 0
	}
	return b
}

// images makes images of 8 bits a value and how both views of each are made.
func (b *Batch) images(dev kernels.Device, c nn.Config, g *rand.Rand) {
	augmenter := data.NewAugmenter(data.Medical(), data.Side(c.Height), c.Height, c.Arch.Channels)
	m := &kernels.Images{Views: augmenter.Views(8), Table: make([]float64, len(b.Views)*c.Batch*augmenter.Columns())}
	m.Words = kernels.Int32s(b.buffer(dev, c.Batch*m.Row(c.Arch.Channels)))
	for i := range m.Words {
		m.Words[i] = int32(g.Uint32())
	}
	for row := range len(b.Views) * c.Batch {
		augmenter.Row(m.Table[row*augmenter.Columns():][:augmenter.Columns()], picture.Window{High: 255}, 1, 0, row%c.Batch, row/c.Batch)
	}
	b.Images = m
}

// buffer takes memory of the device's.
func (b *Batch) buffer(dev kernels.Device, n int) []float32 {
	b.buffers = append(b.buffers, dev.NewBuffer(n))
	return b.buffers[len(b.buffers)-1]
}

// Free gives the buffers back.
func (b *Batch) Free(dev kernels.Device) {
	for _, buffer := range b.buffers {
		dev.FreeBuffer(buffer)
	}
}
