package bench

import (
	"fmt"
	"math/rand/v2"

	"gzpt/kernels"
	"gzpt/nn"
)

// Step is a whole BYOL training step on made-up pixels: what pretrain does once a batch is in memory.
type Step struct {
	trainer *nn.Trainer
	batch   nn.Batch
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
	s := &Step{trainer: trainer}
	g := rand.New(rand.NewPCG(1, 0))
	for v := range s.batch.Views {
		pixels := make([]float32, batch*size*size*3)
		for i := range pixels {
			pixels[i] = float32(g.NormFloat64())
		}
		s.batch.Views[v] = pixels
	}
	for i := range batch {
		s.batch.Items = append(s.batch.Items, i)
	}
	s.batch.Weights = func(i, j int) float32 {
		if i^1 == j {
			return 1
		}
		return 0
	}
	return s, nil
}

// Run carries out one step and returns its loss.
func (s *Step) Run() (float64, error) {
	m, err := s.trainer.Step(&s.batch)
	return m.Loss, err
}

// Close gives the memory of the step back to its device.
func (s *Step) Close() { s.trainer.Close() }

// Parameters is the number of trained weights, heads included.
func (s *Step) Parameters() int {
	_, total := s.trainer.Parameters()
	return total
}
