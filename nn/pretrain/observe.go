package pretrain

import (
	"time"

	"gzpt/nn"
)

// Observer is told how a run goes, on the goroutine that trains. A field may be nil.
type Observer struct {
	// Warn is told what is probably not as the caller wants it.
	Warn func(text string)
	// Step follows every step, Epoch every epoch.
	Step  func(Step)
	Epoch func(Epoch)
}

// Step is how a step went, and where the run is.
type Step struct {
	nn.Metrics
	// Epoch is the number of the step's epoch, from 1, and Steps the length of the run.
	Epoch, Steps int
	// ImagesPerSecond is the speed since Train was called, and Left the time that the rest of the run takes at it.
	ImagesPerSecond float64
	Left            time.Duration
}

// Epoch is means over the steps of an epoch that Train has made.
type Epoch struct {
	// Number counts from 1; Step is the last one's number.
	Number, Step, Steps                    int
	Loss, EmbeddingStd, PositivesPerAnchor float64
	ImagesPerSecond                        float64
	// WaitShare is the part of the time that was spent waiting for data.
	WaitShare float64
	Left      time.Duration
}

// collapsed is the EmbeddingStd below which all images look the same to the network; 1 is spread over the sphere.
const collapsed = 0.05

// Collapsed reports whether the embeddings have collapsed: all images look the same to the network.
func (e Epoch) Collapsed() bool { return e.EmbeddingStd < collapsed }

// tally sums up steps for the reports.
type tally struct {
	steps  int
	images int
	// sums over the steps
	loss, spread, positives float64
	elapsed, wait           time.Duration
}

func (t *tally) add(m nn.Metrics, images int, elapsed, wait time.Duration) {
	t.steps++
	t.images += images
	t.loss += m.Loss
	t.spread += m.EmbeddingStd
	t.positives += m.PositivesPerAnchor
	t.elapsed += elapsed
	t.wait += wait
}

// rate is images a second.
func (t *tally) rate() float64 { return float64(t.images) / max(t.elapsed.Seconds(), 1e-9) }

// mean is the mean over the steps of one of the sums.
func (t *tally) mean(sum float64) float64 { return sum / float64(max(t.steps, 1)) }
