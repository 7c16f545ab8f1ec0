package nn_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"gzpt/kernels"
	"gzpt/kernels/reference"
	"gzpt/nn"
)

// A run on four made-up images, of which the gaze on the first two is alike, and the features of one of them.
func Example() {
	dev := reference.New(kernels.Float32) // asm.Open gives the fastest device of the machine
	defer dev.Close()

	c := nn.DefaultConfig(nn.Arch{Depth: 18, Width: 4, Channels: 1})
	c.Height, c.Width, c.Batch, c.Steps = 32, 32, 4, 5
	c.ProjectorHidden, c.PredictorHidden, c.Embedding = 32, 32, 16
	trainer, err := nn.NewTrainer(dev, c)
	if err != nil {
		log.Fatal(err)
	}

	pixels := make([]float32, c.Batch*c.Height*c.Width) // views differ in training; here both are the image
	for i := range pixels {
		pixels[i] = rand.Float32()
	}
	items := []int{0, 1, 2, 3}
	alike := func(i, j int) float32 { return float32(1 - max(i, j)/2) }
	b := &nn.Batch{Views: [2][]float32{pixels, pixels}, Items: items, Weights: nn.Above(alike, 0.95)}
	for trainer.StepsDone() < c.Steps {
		m, err := trainer.Step(b)
		if err != nil {
			log.Fatal(err)
		}
		if m.Step == 1 {
			fmt.Println("positives per anchor:", m.PositivesPerAnchor)
		}
	}

	e := trainer.Encoder(1)
	features := make([]float32, e.Arch().Features())
	if err := e.Encode(features, pixels[:32*32]); err != nil {
		log.Fatal(err)
	}
	fmt.Println("features:", len(features))
	// Output:
	// positives per anchor: 0.5
	// features: 32
}
