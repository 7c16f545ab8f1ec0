package nn

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"gzpt/kernels"
)

// Batch is one micro-batch: two augmented views of every item.
type Batch struct {
	// Views are the pixels, [B,H,W,C] row-major. They may lie in buffers of the device: it has read them when Step returns.
	Views [2][]float32
	// Images, where it is not nil, takes the place of Views: B images as they are stored, and how the device makes the first
	// views of all of them, then the second ones. See [Trainer.MakesViews].
	Images *kernels.Images
	// Items are the indices of the items in the training list, one for each row.
	Items []int
	// Weights says which items count as alike; nil makes plain BYOL, SimSiam, MoCo, SimCLR of the methods. An item and
	// itself always are. [Above] makes weights of a relation. Like Drop it stays the same for the whole run.
	Weights Weights
	// Drop is the probability that a positive pair of different items is left out of a step. Which are follows from the
	// seed, the number of the step and the pair: an unordered pair of rows for BYOL and SimSiam, an unordered pair of items
	// for SimCLR and MoCo.
	Drop float64
}

// Metrics says how a step went.
type Metrics struct {
	// Step is the number of this micro-batch, from 1.
	Step int
	// Loss is the loss of the micro-batch; for SimCLR and MoCo that of all items of the update so far. Chance is the loss of
	// unrelated embeddings: for BYOL and SimSiam 0, the value of orthogonal ones, while their best values are -4 and -1; for
	// SimCLR and MoCo the logarithm of the number of candidates of a row.
	Loss, Chance float64
	// LR is the learning rate of the update that this micro-batch belongs to.
	LR float64
	// GradNorm is the Euclidean norm of the gradient gathered so far for that update, over all parameters. SimCLR and MoCo
	// compute it in the last micro-batch of an update; it is 0 before.
	GradNorm float64
	// EmbeddingStd is 1 when the normalised projections are spread over the sphere and 0 when they have collapsed into one
	// point: the standard deviation over the batch, averaged over dimensions, times sqrt(d).
	EmbeddingStd float64
	// PositivesPerAnchor is the mean number of positives of a row among all its candidates, besides its own other view.
	PositivesPerAnchor float64
	// Updated reports whether this micro-batch was the last of an update, so that the weights have changed.
	Updated bool
}

// NonFiniteError reports NaN or infinity in the loss or in a gradient. The weights have not been updated.
type NonFiniteError struct {
	// Step is the number of the micro-batch, from 1, and Loss its loss.
	Step int
	Loss float64
	// Parameter is the first parameter, in the order of the backward pass from the loss to the images, whose gradient is not
	// finite; empty where only the loss is not.
	Parameter string
	// Items are the indices of the items of the batch in the training list.
	Items []int
}

func (e *NonFiniteError) Error() string {
	where := "every gradient is finite"
	if e.Parameter != "" {
		where = "the first gradient that is not finite is that of " + e.Parameter
	}
	return fmt.Sprintf("nn: step %d: NaN or infinity: the loss is %v, %s; items of the batch: %v", e.Step, e.Loss, where, e.Items)
}

// Trainer pre-trains a network. It belongs to one goroutine, as its device does.
type Trainer struct {
	dev       *kernels.Scope
	config    Config
	method    method
	networks  []namedNetwork // of the method
	optimiser *optimiser

	steps   int   // micro-batches done
	updates int   // updates of the weights done
	failed  error // what stopped the run for good
	// checkpoint is CheckpointInfo.State of the checkpoint that holds this state, "" where none does.
	checkpoint string

	batch  microBatch     // of this step
	both   kernels.Tensor // the images of both views
	stored stored
	report *report
}

// NewTrainer plans every buffer for the batch and image size of c and draws the initial weights from its seed. The error
// lists every setting that is wrong, or is that of the device.
func NewTrainer(dev kernels.Device, c Config) (*Trainer, error) {
	c = c.resolved()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := CheckPrecision(dev, c.Precision); err != nil {
		return nil, err
	}
	scope := kernels.NewScope(dev)
	t := &Trainer{dev: scope, config: c, report: newReport(scope, c.Batch, c.Embedding)}
	t.method = methods[c.Method].build(scope, c, t.report)
	t.networks = t.method.networks()
	t.optimiser = newOptimiser(scope, c.Optimiser, t.method.trained())
	t.batch.n, t.batch.pairs.seed = c.Accumulate, c.Seed
	t.both = scope.New(c.activations(dev), len(t.batch.images)*c.Batch, c.Height, c.Width, c.Arch.Channels)
	for v := range t.batch.images {
		t.batch.images[v] = t.both.Slice(v*t.both.Len()/len(t.batch.images), c.Batch, c.Height, c.Width, c.Arch.Channels)
	}
	t.renew()
	if err := dev.Sync(); err != nil {
		scope.Close()
		return nil, fmt.Errorf("nn: trainer: %w", advised(err))
	}
	return t, nil
}

// ErrTooLarge says that the device has not the memory for what was asked of a network.
var ErrTooLarge = errors.New("a smaller batch, image size or network takes less")

// advised is an error of the device, with what to do about it where memory ran out.
func advised(err error) error {
	if memory := new(kernels.OutOfMemory); errors.As(err, &memory) {
		return fmt.Errorf("%w: %w", err, ErrTooLarge)
	}
	return err
}

// Close gives the memory of the trainer back to its device, which stays open.
func (t *Trainer) Close() { t.dev.Close() }

// Config is the settings.
func (t *Trainer) Config() Config { return t.config }

// StepsDone is the number of micro-batches done, and so the index of the next one, from 0.
func (t *Trainer) StepsDone() int { return t.steps }

// Parameters is the number of weights of the backbone, and of the trained network with its heads.
func (t *Trainer) Parameters() (backbone, total int) {
	w := t.method.trained().weights
	return w.count(backbonePrefix), w.count("")
}

// LayerName is the network and layer whose weight, bias, gradient or statistic a tensor is, as in "online layer1.0.conv1" or
// "target projector.0"; "" for any other tensor. A shadow of the weights is its layer's too.
func (t *Trainer) LayerName(v kernels.Tensor) string {
	if v.Rank() == 0 {
		return ""
	}
	for _, n := range t.networks {
		for _, a := range []arena{n.weights, n.shadow, n.gradients, n.statistics} {
			if name := a.layer(v); name != "" {
				return n.name + " " + strings.TrimPrefix(name, backbonePrefix)
			}
		}
	}
	return ""
}

// Step trains on one micro-batch, and after the last of Accumulate micro-batches updates the weights and what follows them.
// It waits for the device once, and has it record what comes before and after, see [kernels.Recorder]. It allocates nothing, but
// for SimCLR and MoCo where a step has more positives than any before.
//
// BYOL and SimSiam add the gradients of every micro-batch. SimCLR and MoCo gather the embeddings of an update's micro-batches,
// so that every item meets all candidates that it would meet in one large batch, and compute all gradients in the last step
// of the update, in a second pass of every view through the network. With Accumulate above 1 the trainer keeps these views in
// host memory: both (MoCo: the first) of Accumulate*Batch items. They are part of a checkpoint that is written inside an
// update.
//
// Where the loss or a gradient is not finite it returns a [*NonFiniteError] before any update, and where the device has
// failed the device's error. Then the run is over: every further Step and Save returns the same error. It panics if the
// batch does not have the configured shape or if all configured steps are done.
func (t *Trainer) Step(b *Batch) (Metrics, error) {
	t.check(b)
	if t.failed != nil {
		return Metrics{}, t.failed
	}
	t.dev.Record()
	defer t.dev.Stop()
	m := &t.batch
	m.views, m.items, m.step, m.index = b.Views, b.Items, t.steps, t.steps%m.n
	m.pairs.weights, m.pairs.drop = b.Weights, b.Drop
	if b.Images != nil {
		t.stored.views(t.dev, t.both, b.Images)
	} else {
		for v, pixels := range b.Views {
			t.dev.Write(m.images[v], pixels)
		}
	}
	t.dev.Fill(t.report.loss, 0)
	out := t.method.gradients(m)
	t.dev.SumSquares(t.report.squares, t.method.trained().gradients.block)
	if err := t.report.read(); err != nil {
		t.failed = fmt.Errorf("nn: step %d: %w", t.steps+1, err)
		return Metrics{}, t.failed
	}

	metrics := t.metrics(out)
	if !finite(metrics.Loss) || !finite(metrics.GradNorm) {
		t.failed = t.nonFinite(metrics, b.Items)
		return metrics, t.failed
	}
	t.steps++
	t.checkpoint = ""
	if metrics.Updated {
		t.update(metrics.LR)
	}
	return metrics, nil
}

func (t *Trainer) check(b *Batch) {
	c := t.config
	pixels := c.Batch * c.Height * c.Width * c.Arch.Channels
	if b.Images != nil {
		t.checkImages(b.Images)
	} else if len(b.Views[0]) != pixels || len(b.Views[1]) != pixels {
		panic("nn: Step: a view does not have Batch*Height*Width*Channels pixels")
	}
	if len(b.Items) != c.Batch {
		panic("nn: Step: expected the index of the item of each of Batch rows")
	}
	if !within(b.Drop, 0, 1) {
		panic("nn: Step: Drop is not a probability")
	}
	if t.steps >= c.Steps {
		panic("nn: Step: all steps of the run are done")
	}
}

func (t *Trainer) checkImages(m *kernels.Images) {
	c := t.config
	switch rows := 2 * c.Batch; {
	case c.Height != c.Width:
		panic("nn: Step: views of images are squares")
	case t.method.keepsViews():
		panic("nn: Step: the update keeps its views, which it must be given as pixels")
	case len(m.Words) != c.Batch*m.Row(c.Arch.Channels):
		panic("nn: Step: Images does not have Batch images")
	case len(m.Table)%rows != 0:
		panic("nn: Step: the table of Images does not have a row for each view")
	}
}

// MakesViews reports whether batches of images serve better than batches of views: the host does not reach the memory of the
// device, so that pixels would have to be carried there, and the update does not keep its views on the host, as SimCLR and
// MoCo do with Accumulate above 1. A device that computes float32 as package augment does makes the same views as the host, to
// the bit.
func (t *Trainer) MakesViews() bool {
	return !t.both.Host() && t.config.Height == t.config.Width && !t.method.keepsViews()
}

func (t *Trainer) metrics(out outcome) Metrics {
	c := t.config
	return Metrics{
		Step: t.steps + 1, Loss: t.report.host[0], Chance: out.chance, GradNorm: math.Sqrt(t.report.host[1]),
		LR:           learningRate(c, t.updates, c.WarmupSteps/c.Accumulate, max(c.Steps/c.Accumulate, 1)),
		EmbeddingStd: t.report.embeddingStd(), PositivesPerAnchor: out.positives, Updated: (t.steps+1)%c.Accumulate == 0,
	}
}

// update ends the micro-batches of one update.
func (t *Trainer) update(lr float64) {
	t.updates++
	t.optimiser.update(lr, t.updates)
	t.method.follow(t.steps-1, t.config.Steps)
	t.renew()
	t.dev.Fill(t.method.trained().gradients.block, 0)
}

// renew follows a change of the weights of any network.
func (t *Trainer) renew() {
	for _, n := range t.networks {
		n.renew(t.dev)
	}
}

// nonFinite is the error of a micro-batch whose loss or gradient is not finite. It names the parameter whose gradient was
// the first to go wrong.
func (t *Trainer) nonFinite(m Metrics, items []int) error {
	e := &NonFiniteError{Step: m.Step, Loss: m.Loss, Items: append([]int(nil), items...)}
	g := t.method.trained().gradients
	for i := len(g.parameters) - 1; i >= 0; i-- {
		t.dev.CountNonFinite(t.report.squares, g.at(i))
		if err := t.report.read(); err != nil {
			return fmt.Errorf("nn: step %d: %w", m.Step, err)
		}
		if t.report.host[1] > 0 {
			e.Parameter = g.parameters[i].name
			break
		}
	}
	return e
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// stored is the memory of images as they are stored. It is that of the last batch's shape, which all batches of a run have.
type stored struct{ words, table kernels.Tensor }

// views has the device make the views of a batch.
func (s *stored) views(dev kernels.Device, y kernels.Tensor, m *kernels.Images) {
	rows, row := y.Dim(0), m.Row(y.Dim(3))
	if s.words.Len() != len(m.Words) || s.table.Len() != len(m.Table) {
		dev.Free(s.words)
		dev.Free(s.table)
		s.words, s.table = dev.New(kernels.Int32, len(m.Words)/row, row), dev.New(kernels.Float64, rows, len(m.Table)/rows)
	}
	dev.WriteInt32(s.words, m.Words)
	dev.WriteFloat64(s.table, m.Table)
	dev.Augment(y, s.words, s.table, m.Views)
}
