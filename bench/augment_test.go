package bench

import (
	"fmt"
	"testing"

	"gzpt/kernels"
	"gzpt/nn/data"
	"gzpt/nn/data/picture"
)

// augmentation is two views of each of some images by the usual augmentation, as a step has them.
type augmentation struct {
	y, images, table kernels.Tensor
	views            kernels.Views
}

func newAugmentation(dev kernels.Device, images, size int) *augmentation {
	const channels, bits = 3, 8
	g := data.NewAugmenter(data.Medical(), data.Side(size), size, channels)
	a := &augmentation{views: g.Views(bits)}
	words := make([]int32, images*a.views.Row(channels))
	for i := range words {
		words[i] = int32(uint32(i) * 2654435761)
	}
	rows := make([]float64, 2*images*g.Columns())
	for i := range 2 * images {
		g.Row(rows[i*g.Columns():][:g.Columns()], picture.Window{High: 255}, 1, 0, i%images, i/images)
	}
	a.y, a.images = dev.New(dev.Type(), 2*images, size, size, channels), dev.New(kernels.Int32, images, a.views.Row(channels))
	a.table = dev.New(kernels.Float64, 2*images, g.Columns())
	dev.WriteInt32(a.images, words)
	dev.WriteFloat64(a.table, rows)
	return a
}

func (a *augmentation) run(dev kernels.Device) { dev.Augment(a.y, a.images, a.table, a.views) }

// BenchmarkAugment is both views of the images of a step.
func BenchmarkAugment(b *testing.B) {
	onDevices(b, func(b *testing.B, dev device) {
		for _, images := range []int{8, 64} {
			a := newAugmentation(dev, images, 224)
			b.Run(fmt.Sprintf("pass=forward/shape=n%d_s224", images), func(b *testing.B) { timed(b, dev, a.run) })
		}
	})
}
