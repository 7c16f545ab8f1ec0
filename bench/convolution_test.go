package bench

import (
	"testing"

	"gzpt/kernels"
)

// BenchmarkConvolution is every pass over the layers of ResNet-18 at 224 x 224 and at 64 x 64 and over Others.
func BenchmarkConvolution(b *testing.B) {
	shapes := append(append(ResNet18(224, 16), ResNet18(64, 64)...), Others()...)
	onDevices(b, func(b *testing.B, dev device) {
		for _, pass := range Passes {
			for _, s := range shapes {
				if pass == "backward-data" && s.C == 3 {
					continue // the images need no gradient
				}
				b.Run("pass="+pass+"/shape="+s.String(), func(b *testing.B) {
					c := NewConvolution(dev.Device, s)
					timed(b, dev, func(dev kernels.Device) { c.On(dev).Run(pass) })
				})
			}
		}
	})
}
