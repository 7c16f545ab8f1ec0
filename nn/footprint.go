package nn

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
