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
	// Method is the pre-training method: "byol".
	Method string `json:"method"`
	// Arch is the backbone.
	Arch Arch `json:"arch"`
	// Height and Width are the size of a view in pixels.
	Height int `json:"height"`
	Width  int `json:"width"`
	// Batch is the number of items of a micro-batch, the rows of the positives matrix.
	Batch int `json:"batch"`
	// Accumulate is the number of micro-batches whose gradients are averaged for one update of the weights. Where Steps is
	// not a multiple of it, the last few make no update.
	Accumulate int `json:"accumulate"`
	// Steps is the length of the run in micro-batches: the K of the momentum schedule.
	Steps int `json:"steps"`
	// WarmupSteps is the length of the learning rate's linear warm-up in micro-batches.
	WarmupSteps int `json:"warmup_steps"`

	// ProjectorHidden, PredictorHidden and Embedding are the widths of the heads: projector features -> ProjectorHidden ->
	// Embedding, predictor Embedding -> PredictorHidden -> Embedding. 0 means the method's own: 1024 (ResNet-18 and 34)
	// or 4096 (ResNet-50 and 101), 4096 and 256.
	ProjectorHidden int `json:"projector_hidden"`
	PredictorHidden int `json:"predictor_hidden"`
	Embedding       int `json:"embedding"`
	// TargetMomentum is m0, the momentum of the target network at the first micro-batch; it rises to 1 along a cosine.
	TargetMomentum float64 `json:"target_momentum"`

	// Optimiser is the update rule and its constants.
	Optimiser Optimiser `json:"optimiser"`
	// Schedule is how the learning rate moves after the warm-up: "cosine" to 0, or "constant".
	Schedule string `json:"schedule"`
	// LR is the largest learning rate of the schedule; WarmupRatio is the share of it that the warm-up starts from.
	LR          float64 `json:"lr"`
	WarmupRatio float64 `json:"warmup_ratio"`

	// Precision is the type of the backbone's activations and of their gradients: "float32" or "bfloat16". Weights, their
	// gradients, moments, statistics, embeddings, heads and losses are float32 in both. "" means float32.
	Precision string `json:"precision"`

	// Seed determines the initial weights.
	Seed uint64 `json:"seed"`
	// Data identifies what the batches are made from (images, gaze, augmentation, positives), in the caller's own words.
	Data string `json:"data"`
}

// DefaultConfig is the settings of the method for a backbone, on views of 224 x 224 pixels: BYOL with AdamW. The caller
// sets Batch, Steps and whatever differs.
func DefaultConfig(a Arch) Config {
	return Config{
		Method: "byol", Arch: a, Height: 224, Width: 224, Batch: 32, Accumulate: 1, Steps: 1,
		TargetMomentum: 0.99, Optimiser: DefaultOptimiser("adamw"), Schedule: "cosine", LR: 8e-4, WarmupRatio: 1e-4,
	}.resolved()
}

// resolved fills in the widths that were left to the method.
func (c Config) resolved() Config {
	hidden := 1024
	if c.Arch.bottleneck() {
		hidden = 4096
	}
	setDefault(&c.ProjectorHidden, hidden)
	setDefault(&c.PredictorHidden, 4096)
	setDefault(&c.Embedding, 256)
	c.Precision = cmp.Or(c.Precision, float32Precision)
	return c
}

// The precisions.
const (
	float32Precision  = "float32"
	bfloat16Precision = "bfloat16"
)

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
	case precision != "" && precision != float32Precision && precision != bfloat16Precision:
		return fmt.Errorf("nn: precision %q: expected float32 or bfloat16", precision)
	case !dev.Supports(activationType(dev, precision)):
		return fmt.Errorf("nn: precision %s: the device %s has no such numbers", precision, dev.Name())
	}
	return nil
}

func setDefault(v *int, to int) {
	if *v == 0 {
		*v = to
	}
}

// UnmarshalJSON reads settings by their names. One that the text lacks has its default, so that a record which was written
// before there was such a setting means what it meant; one that this version does not have is an error.
func (c *Config) UnmarshalJSON(text []byte) error {
	var chosen struct { // what the defaults of the others follow from
		Arch      Arch
		Optimiser struct{ Name string }
	}
	if err := json.Unmarshal(text, &chosen); err != nil {
		return fmt.Errorf("nn: config: %w", err)
	}
	type plain Config // without this method
	p := plain(DefaultConfig(chosen.Arch))
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
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("nn: config: "+format, args...))
		}
	}
	if _, ok := methods[c.Method]; !ok {
		demand(false, "unknown method %q: expected %s", c.Method, strings.Join(Methods(), ", "))
	}
	if err := c.Arch.Validate(); err != nil {
		faults = append(faults, err)
	}
	demand(c.Height > 0 && c.Width > 0, "image size is %d x %d: expected at least 1 x 1", c.Height, c.Width)
	demand(c.Batch >= 2, "batch is %d: expected at least 2, batch normalisation needs a batch", c.Batch)
	demand(c.Accumulate >= 1, "accumulate is %d: expected at least 1", c.Accumulate)
	demand(c.Steps >= 1, "steps is %d: expected at least 1", c.Steps)
	demand(c.WarmupSteps >= 0 && c.WarmupSteps <= c.Steps, "warm-up of %d steps in a run of %d", c.WarmupSteps, c.Steps)
	demand(c.ProjectorHidden > 0 && c.PredictorHidden > 0 && c.Embedding > 0, "a head has a negative width")
	demand(within(c.TargetMomentum, 0, 1), "target momentum is %v: expected 0 to 1", c.TargetMomentum)
	demand(c.Schedule == "cosine" || c.Schedule == "constant", "unknown schedule %q: expected cosine or constant", c.Schedule)
	demand(c.Precision == float32Precision || c.Precision == bfloat16Precision, "unknown precision %q: expected float32 or bfloat16", c.Precision)
	demand(within(c.WarmupRatio, 0, 1), "warm-up ratio is %v: expected 0 to 1", c.WarmupRatio)
	demand(within(c.LR, 0, math.MaxFloat32), "learning rate is %v: expected a finite number from 0", c.LR)
	if err := c.Optimiser.Validate(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// within reports whether lo <= v <= hi; a NaN never is.
func within(v, lo, hi float64) bool { return v >= lo && v <= hi }
