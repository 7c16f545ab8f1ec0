package kerneltest

import (
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// cancelling takes moments from sums of x and of x^2, exactly but for one rounding of each to float32.
type cancelling struct{ kernels.Device }

func (d cancelling) ChannelMoments(moments, x kernels.Tensor) {
	channels, rows := x.Channels(), float64(x.Rows())
	m := moments.Float64()
	clear(m)
	for i, v := range x.Float32() {
		m[i%channels] += float64(v)
		m[channels+i%channels] += float64(v) * float64(v)
	}
	for c := range channels {
		sum, squares := float64(float32(m[c])), float64(float32(m[channels+c]))
		m[c], m[channels+c] = sum/rows, max(squares-sum*sum/rows, 0)
	}
}

func TestSuiteSeesCancellation(t *testing.T) {
	dev := cancelling{reference.New(kernels.Float32)}
	for _, offset := range offsets {
		faults := strings.Join(newNormInputs(300, 65, offset).faults(dev), "; ")
		for _, what := range []string{"moments", "running variance", "y", "BatchNormBackward: dx", "BatchNormReLUBackward: dgamma"} {
			if seen := strings.Contains(faults, what+"["); seen != (offset >= 30) {
				t.Errorf("offset %g: a fault of %s is seen: %v", offset, what, seen)
			}
		}
	}
}
