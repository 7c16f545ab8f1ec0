package bench

import (
	"testing"

	"gzpt/kernels"
)

// BenchmarkConvolution is every direction over the layers of ResNet-18 at 224 x 224 and at 64 x 64 and over Others.
func BenchmarkConvolution(b *testing.B) {
	shapes := append(append(ResNet18(224, 16), ResNet18(64, 64)...), Others()...)
	fastTiers(b, func(b *testing.B, dev kernels.Device, tier string) {
		for _, direction := range Directions {
			for _, s := range shapes {
				if direction == "backward-data" && s.C == 3 {
					continue // the images need no gradient
				}
				b.Run("direction="+direction+"/shape="+s.String(), func(b *testing.B) {
					c := NewConvolution(dev, s)
					computing(b, tier, s.Operations(), func() { c.Run(direction) })
				})
			}
		}
	})
}
