package nn

import (
	"io"

	"gzpt/kernels"
)

type Optimiser struct {
	// Name is "adamw", "sgd" or "lars".
	Name string `json:"name"`
	// Beta1, Beta2 and Eps are AdamW's; Eps is LARS's too.
	Beta1 float64 `json:"beta1"`
	Beta2 float64 `json:"beta2"`
	Eps   float64 `json:"eps"`
	// Momentum is SGD's and LARS's.
	Momentum float64 `json:"momentum"`
	// Trust is LARS's trust coefficient.
	Trust       float64 `json:"trust"`
	WeightDecay float64 `json:"weight_decay"`
	// DecayWeightsOnly spares biases and normalisations from weight decay (and from LARS's scaling).
	DecayWeightsOnly bool `json:"decay_weights_only"`
}

func DefaultOptimiser(name string) Optimiser { panic("soon") }
func (o Optimiser) Validate() error          { panic("soon") }

var methods map[string]bool

// Batch is one micro-batch: two augmented views of every item.
type Batch struct {
	// Views are the pixels, [B,H,W,C] row-major.
	Views [2][]float32
	// Positives is the positives matrix A, [B,B] row-major, as Positives makes it.
	Positives []float32
	// Items are the indices of the items in the training list, for error messages.
	Items []int
}

// Metrics says how a step went.
type Metrics struct {
	// Step is the number of this micro-batch, from 1.
	Step int
	// Loss is the loss of the micro-batch; Chance is the value that unrelated embeddings have.
	Loss, Chance float64
	// LR is the learning rate of the update that this micro-batch belongs to.
	LR float64
	// GradNorm is the Euclidean norm of the gradients gathered so far for the next update.
	GradNorm float64
	// EmbeddingStd is 1 for embeddings spread over the sphere, 0 when they have collapsed into one point.
	EmbeddingStd float64
	// PositivesPerAnchor is the mean number of positives of a row besides itself.
	PositivesPerAnchor float64
	// Updated reports whether the weights were updated after this micro-batch.
	Updated bool
}

// NonFiniteError: NaN or infinity in the loss or a gradient. Weights have not been updated.
type NonFiniteError struct {
	Step      int
	Loss      float64
	Parameter string // first parameter, in the order of the backward pass, whose gradient is not finite
	Items     []int
}

func (e *NonFiniteError) Error() string { panic("soon") }

// Trainer pre-trains a network.
type Trainer struct{}

func NewTrainer(dev kernels.Device, c Config) (*Trainer, error) { panic("soon") }

// Config is the resolved settings.
func (t *Trainer) Config() Config { panic("soon") }

// StepsDone is the number of micro-batches done so far; the next one has this number as its index.
func (t *Trainer) StepsDone() int { panic("soon") }

// Step trains on one micro-batch.
func (t *Trainer) Step(b *Batch) (Metrics, error) { panic("soon") }

// Parameters is the number of weights of the backbone and of the online network with its heads.
func (t *Trainer) Parameters() (backbone, total int) { panic("soon") }

// Position is where a run stands in its data.
type Position struct {
	Epoch int `json:"epoch"` // epochs completed
	Batch int `json:"batch"` // micro-batches completed in the current epoch
}

// Save writes a checkpoint; SaveCheckpoint writes it aside, fsyncs and renames.
func (t *Trainer) Save(w io.Writer, p Position) error          { panic("soon") }
func (t *Trainer) Load(r io.ReadSeeker) (Position, error)      { panic("soon") }
func SaveCheckpoint(path string, t *Trainer, p Position) error { panic("soon") }
func LoadCheckpoint(path string, t *Trainer) (Position, error) { panic("soon") }

// CheckpointInfo is what a checkpoint says about itself.
type CheckpointInfo struct {
	Version  int
	Config   Config
	Step     int // micro-batches done
	Updates  int // updates of the weights done
	Position Position
	Device   string // the device that wrote it
}

// ReadCheckpointInfo verifies the file and reads what it holds, without a trainer.
func ReadCheckpointInfo(path string) (CheckpointInfo, error) { panic("soon") }

// ExportBackbone writes the online backbone as safetensors under torchvision's names, aside, fsynced and renamed.
func ExportBackbone(path string, t *Trainer) error { panic("soon") }

// LoadBackbone starts a fresh trainer (no steps done) from the weights of a safetensors file; fc.* is ignored.
func LoadBackbone(path string, t *Trainer) error { panic("soon") }

// Encoder turns images into features with a trained backbone in eval mode.
type Encoder struct{}

// LoadEncoder reads a backbone from safetensors; depth, width and channels follow from the file.
func LoadEncoder(dev kernels.Device, path string, maxBatch, height, width int) (*Encoder, error) {
	panic("soon")
}

// Encoder copies the online backbone of the trainer as it is now.
func (t *Trainer) Encoder(maxBatch int) *Encoder { panic("soon") }

// Update copies the trainer's backbone again, after further steps.
func (e *Encoder) Update(t *Trainer) { panic("soon") }

func (e *Encoder) Arch() Arch { panic("soon") }

// Features is the features [n,F] of n images, pixels [n,H,W,C], for any n from 1; they go through in batches of maxBatch.
func (e *Encoder) Features(dst, pixels []float32) { panic("soon") }
