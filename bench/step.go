package bench

import (
	"fmt"

	"gzpt/kernels"
	"gzpt/nn"
	"gzpt/nn/profile"
)

// Step is a whole BYOL training step on made-up pixels: what pretrain does once a batch is in memory.
type Step struct {
	trainer *nn.Trainer
	dev     kernels.Device
	batch   *profile.Batch
}

// NewStep prepares the step of ResNet-18 with batch items of size x size pixels, three channels, every item alike with
// itself and its neighbour.
func NewStep(dev kernels.Device, size, batch int) (*Step, error) {
	c := nn.DefaultConfig(nn.Arch{Depth: 18, Width: 64, Channels: 3})
	c.Height, c.Width, c.Batch = size, size, batch
	c.Steps = 1 << 20 // longer than any benchmark, so that the schedules stay inside their run
	trainer, err := nn.NewTrainer(dev, c)
	if err != nil {
		return nil, fmt.Errorf("bench: step: %w", err)
	}
	return &Step{trainer: trainer, dev: dev, batch: profile.NewBatch(dev, trainer)}, nil
}

// Run carries out one step and returns its loss.
func (s *Step) Run() (float64, error) {
	m, err := s.trainer.Step(&s.batch.Batch)
	return m.Loss, err
}

// Close gives the memory of the step back to its device.
func (s *Step) Close() {
	s.batch.Free(s.dev)
	s.trainer.Close()
}

// Parameters is the number of trained weights, heads included.
func (s *Step) Parameters() int {
	_, total := s.trainer.Parameters()
	return total
}
