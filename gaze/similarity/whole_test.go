package similarity

import (
	"context"
	"strings"
	"testing"

	"gzpt/gaze/internal/gazetest"
)

// What counts something is a whole number: a grid of 8.7 cells would be one of 8.
func TestCountsAreWhole(t *testing.T) {
	for _, spec := range []string{"tde:k=2.5", "tima:share=10.5", "levenshtein:grid=5.5", "scanmatch:cols=8.5", "scanmatch:rows=6.5",
		"heatmap-cc:grid=8.7", "emd:grid=8.7", "ssim:grid=12.5", "0.5*iou:grid=9.5+0.5*dtw"} {
		_, err := Relate(context.Background(), gazetest.Device(t), nil, RelateOptions{Measure: spec})
		if err == nil || !strings.Contains(err.Error(), "expected a whole number") {
			t.Errorf("%s: %v", spec, err)
		}
	}
}
