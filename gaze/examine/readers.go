package examine

import (
	"context"
	"strconv"

	"gzpt/gaze"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
)

// ReaderAgreement says whether different readers of one image look more alike than readers of different images.
type ReaderAgreement struct {
	// Images and Recordings are those compared: images with gaze of several readers, evenly chosen from OfImages of
	// them where there are more than were asked for.
	Images     int `json:"images"`
	OfImages   int `json:"of_images"`
	Recordings int `json:"recordings"`
	// AUC is the probability that two recordings of one image are more similar than two of different images, with its
	// 95 % interval; images are what is independent.
	AUC     float64 `json:"auc_same_image"`
	AUCLow  float64 `json:"auc_low"`
	AUCHigh float64 `json:"auc_high"`
	// Neighbour is the share of recordings whose most similar other one is of the same image, Chance that of a random one.
	Neighbour float64 `json:"nearest_neighbour"`
	Chance    float64 `json:"nearest_neighbour_chance"`
}

// CompareReaders compares the readers of the items that have several, at most about limit recordings; it is nil where
// fewer than two items do. The measure is that of the options.
func CompareReaders(ctx context.Context, dev kernels.Device, items [][]gaze.Recording, o similarity.RelateOptions, limit int) (*ReaderAgreement, error) {
	var several [][]gaze.Recording
	total := 0
	for _, recordings := range items {
		var with []gaze.Recording
		for _, r := range gaze.ByReader(recordings) {
			if r.HasGaze() {
				with = append(with, r)
			}
		}
		if len(with) > 1 {
			several = append(several, with)
			total += len(with)
		}
	}
	if len(several) < 2 {
		return nil, nil
	}
	a := &ReaderAgreement{OfImages: len(several), Images: len(several)}
	if total > limit {
		a.Images = max(len(several)*limit/total, 2)
	}
	var alone [][]gaze.Recording
	var image []string
	for k := range a.Images {
		i := k * len(several) / a.Images
		for _, r := range several[i] {
			alone, image = append(alone, []gaze.Recording{r}), append(image, strconv.Itoa(i))
		}
	}
	o.Readers, o.File = "merge", ""
	r, err := similarity.Relate(ctx, dev, alone, o)
	if err != nil {
		return nil, err
	}
	found := newLabelling(r, image, image).agreement()
	a.Recordings = found.Items
	a.AUC, a.AUCLow, a.AUCHigh, a.Neighbour, a.Chance = found.AUC, found.AUCLow, found.AUCHigh, found.Neighbour, found.Chance
	return a, nil
}
