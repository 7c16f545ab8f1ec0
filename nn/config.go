package nn

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"gzpt/kernels"
)

// Config is every setting that determines a training run on given batches. Together with the batches it determines
// every bit of the result on one tier; a checkpoint records it and is refused under another one.
type Config struct {
	// Method is the pre-training method, one of [Methods].
	Method string `json:"method"`
	// Arch is the backbone.
	Arch Arch `json:"arch"`
	// Height and Width are the size of a view in pixels.
	Height int `json:"height"`
	Width  int `json:"width"`
	// Batch is the number of items of a micro-batch, the rows of the positives matrix.
	Batch int `json:"batch"`
	// Accumulate is the number of micro-batches of one update of the weights. BYOL and SimSiam average their gradients, and
	// positives stay within a micro-batch. SimCLR and MoCo compare every item with all candidates of the whole update, as one
	// large batch would: see [Trainer.Step]. Where Steps is not a multiple of it, the last few make no update.
	Accumulate int `json:"accumulate"`
	// Steps is the length of the run in micro-batches: the K of the momentum schedule.
	Steps int `json:"steps"`
	// WarmupSteps is the length of the learning rate's linear warm-up in micro-batches.
	WarmupSteps int `json:"warmup_steps"`

	// ProjectorHidden, PredictorHidden and Embedding are the widths of the heads: projector features -> ProjectorHidden ->
	// Embedding (SimSiam: -> ProjectorHidden twice), predictor Embedding -> PredictorHidden -> Embedding, 0 where the method
	// has no predictor. [MethodConfig] gives the method's own.
	ProjectorHidden int `json:"projector_hidden"`
	PredictorHidden int `json:"predictor_hidden"`
	Embedding       int `json:"embedding"`
	// TargetMomentum is BYOL's m0, the momentum of the target network at the first micro-batch; it rises to 1 along a cosine.
	// It is 0 under the other methods.
	TargetMomentum float64 `json:"target_momentum"`
	// SimCLR and MoCo are settings of these methods, zero under the others.
	SimCLR SimCLR `json:"simclr,omitzero"`
	MoCo   MoCo   `json:"moco,omitzero"`

	// Optimiser is the update rule and its constants.
	Optimiser Optimiser `json:"optimiser"`
	// Schedule is how the learning rate moves after the warm-up: "cosine" to 0, or "constant".
	Schedule string `json:"schedule"`
	// LR is the largest learning rate of the schedule; WarmupRatio is the share of it that the warm-up starts from.
	LR          float64 `json:"lr"`
	WarmupRatio float64 `json:"warmup_ratio"`

	// Precision is the type of the backbone's activations and of their gradients: "float32" or "bfloat16". Weights, their
	// gradients, moments, statistics, embeddings, heads and losses are float32 in both. "tf32" keeps everything in float32, on a
	// device that multiplies it in tf32. "" means float32.
	Precision string `json:"precision"`

	// Seed determines the initial weights, the start of a queue, and which positives are dropped.
	Seed uint64 `json:"seed"`
	// Data identifies what the batches are made from (images, gaze, augmentation, positives), in the caller's own words.
	Data string `json:"data"`
}

// DefaultConfig is the settings of BYOL for a backbone; see [MethodConfig].
func DefaultConfig(a Arch) Config { return MethodConfig("byol", a) }

// MethodConfig is the settings that GzPT trains a backbone with by a method, one of [Methods], on views of 224 x 224 pixels,
// with AdamW. The caller sets Batch, Steps and whatever differs. Settings of an unknown method are refused by Validate.
func MethodConfig(method string, a Arch) Config {
	c := Config{
		Method: method, Arch: a, Height: 224, Width: 224, Batch: 32, Accumulate: 1, Steps: 1,
		Optimiser: DefaultOptimiser("adamw"), Schedule: "cosine", LR: 8e-4, WarmupRatio: 1e-4,
		Precision: float32Precision,
	}
	if m, ok := methods[method]; ok {
		m.defaults(&c)
	}
	return c
}

// resolved fills in what was left out.
func (c Config) resolved() Config {
	c.Precision = cmp.Or(c.Precision, float32Precision)
	return c
}

// The precisions.
const (
	float32Precision  = "float32"
	bfloat16Precision = "bfloat16"
	tf32Precision     = "tf32"
)

// expectedPrecisions ends the error of one that there is not.
const expectedPrecisions = "expected float32, tf32 or bfloat16"

func knownPrecision(p string) bool {
	return p == float32Precision || p == tf32Precision || p == bfloat16Precision
}

// activations is the type of the backbone's activations on a device.
func (c Config) activations(dev kernels.Device) kernels.Type { return activationType(dev, c.Precision) }

func activationType(dev kernels.Device, precision string) kernels.Type {
	if precision == bfloat16Precision {
		return kernels.BFloat16
	}
	return dev.Type()
}

// CheckPrecision demands that there is such a precision and that the device has it; "" is float32.
func CheckPrecision(dev kernels.Device, precision string) error {
	switch {
	case precision != "" && !knownPrecision(precision):
		return fmt.Errorf("nn: precision %q: %s", precision, expectedPrecisions)
	case !dev.Supports(activationType(dev, precision)):
		return fmt.Errorf("nn: precision %s: the device %s has no such numbers", precision, dev.Name())
	case precision != bfloat16Precision && (precision == tf32Precision) != multipliesInTF32(dev):
		return fmt.Errorf("nn: precision %s: the device %s multiplies otherwise", cmp.Or(precision, float32Precision), dev.Name())
	}
	return nil
}

func multipliesInTF32(dev kernels.Device) bool {
	m, ok := dev.(kernels.Multiplier)
	return ok && m.Products() == tf32Precision
}

// demand adds a fault to those of the settings unless ok.
type demand func(ok bool, format string, args ...any)

// predictor demands that the predictor has a width exactly where the method has one.
func (d demand) predictor(c Config, has bool) {
	d((c.PredictorHidden > 0) == has, "the predictor's hidden layer has a width of %d under the method %s", c.PredictorHidden, c.Method)
}

// noTarget demands that a method without a target network has no momentum of one.
func (d demand) noTarget(c Config) {
	d(c.TargetMomentum == 0, "target momentum is %v: the method %s has no target network", c.TargetMomentum, c.Method)
}

// UnmarshalJSON reads settings by their names. One that the text lacks has its default, so that a record which was written
// before there was such a setting means what it meant; one that this version does not have is an error.
func (c *Config) UnmarshalJSON(text []byte) error {
	var chosen struct { // what the defaults of the others follow from
		Method    string
		Arch      Arch
		Optimiser struct{ Name string }
	}
	if err := json.Unmarshal(text, &chosen); err != nil {
		return fmt.Errorf("nn: config: %w", err)
	}
	type plain Config // without this method
	p := plain(MethodConfig(cmp.Or(chosen.Method, "byol"), chosen.Arch))
	p.Optimiser = DefaultOptimiser(chosen.Optimiser.Name)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return fmt.Errorf("nn: config: %w", err)
	}
	*c = Config(p)
	return nil
}

// Validate says what is wrong with the settings: every fault, one per line.
func (c Config) Validate() error {
	var faults []error
	var demand demand = func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("nn: config: "+format, args...))
		}
	}
	if m, ok := methods[c.Method]; ok {
		m.validate(c, demand)
	} else {
		demand(false, "unknown method %q: expected %s", c.Method, strings.Join(Methods(), ", "))
	}
	demand(c.Method == "simclr" || c.SimCLR == SimCLR{}, "settings of simclr under the method %s", c.Method)
	demand(c.Method == "moco" || c.MoCo == MoCo{}, "settings of moco under the method %s", c.Method)
	if err := c.Arch.Validate(); err != nil {
		faults = append(faults, err)
	}
	demand(c.Height > 0 && c.Width > 0, "image size is %d x %d: expected at least 1 x 1", c.Height, c.Width)
	demand(c.Batch >= 2, "batch is %d: expected at least 2, batch normalisation needs a batch", c.Batch)
	demand(c.Accumulate >= 1, "accumulate is %d: expected at least 1", c.Accumulate)
	demand(c.Steps >= 1, "steps is %d: expected at least 1", c.Steps)
	demand(c.WarmupSteps >= 0 && c.WarmupSteps <= c.Steps, "warm-up of %d steps in a run of %d", c.WarmupSteps, c.Steps)
	demand(c.ProjectorHidden > 0 && c.PredictorHidden >= 0 && c.Embedding > 0, "a head has a width below 1")
	demand(c.Schedule == "cosine" || c.Schedule == "constant", "unknown schedule %q: expected cosine or constant", c.Schedule)
	demand(knownPrecision(c.Precision), "unknown precision %q: %s", c.Precision, expectedPrecisions)
	demand(within(c.WarmupRatio, 0, 1), "warm-up ratio is %v: expected 0 to 1", c.WarmupRatio)
	demand(within(c.LR, 0, math.MaxFloat32), "learning rate is %v: expected a number from 0 to 3.4e38", c.LR)
	if err := c.Optimiser.Validate(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// within reports whether lo <= v <= hi; a NaN never is.
func within(v, lo, hi float64) bool { return v >= lo && v <= hi }

// Part is memory that follows from one setting above all.
type Part struct {
	Setting string // as errors of Validate call it: "width", "batch", ...
	What    string
	Bytes   float64
}

// Footprint is a lower bound of the memory that training takes, by what it follows from: whatever else a device needs comes on
// top. It is a rough count in floating point, which no setting overflows, against settings that no machine can follow.
func (c Config) Footprint() []Part {
	// A parameter has its value, its gradient and, in all but plain SGD, two moments; most methods follow it by a second network.
	const perParameter, perValue = 4 * 3, 4
	width, features := float64(c.Arch.Width), float64(c.Arch.Width)*8
	backbone := width * width * 2600 // the 3x3 convolutions of resnet18, the smallest
	if c.Arch.bottleneck() {
		features *= 4
	}
	projector, predictor, embedding := float64(c.ProjectorHidden), float64(c.PredictorHidden), float64(c.Embedding)
	batch, pixels := float64(c.Batch), float64(c.Height)*float64(c.Width)
	// Of two views: the images, and of the stem the convolution, the normalisation and their gradients, a quarter of the pixels each.
	views := 2 * batch * pixels * perValue * (float64(c.Arch.Channels) + 2*width/4)
	// The setting that is furthest beyond what is usual is the one to look at.
	large, most := "batch", batch/256
	if side := max(float64(c.Height), float64(c.Width)) / 224; side*side > most {
		large, most = "image size", side*side
	}
	if width/64 > most {
		large = "width"
	}
	return []Part{
		{"width", "weights, gradients and moments of the backbone", perParameter * backbone},
		{large, "the views of a batch and what the network makes of them", views},
		{"projector", "the projector", perParameter * projector * (features + embedding)},
		{"predictor", "the predictor", perParameter * 2 * predictor * embedding},
		{"embedding", "the embeddings of the heads", perParameter * embedding * (projector + 2*predictor)},
		{"accumulate", "the embeddings of an update", 2 * perValue * batch * float64(c.Accumulate) * embedding * contrastive(c)},
		{"queue", "the queue", perValue * float64(c.MoCo.Queue) * embedding},
	}
}

// contrastive is 1 where all embeddings of an update are kept for its loss.
func contrastive(c Config) float64 {
	if c.Method == "simclr" || c.Method == "moco" {
		return 1
	}
	return 0
}
