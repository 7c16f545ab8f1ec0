package nn

import (
	"io"

	"gzpt/kernels"
)

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
