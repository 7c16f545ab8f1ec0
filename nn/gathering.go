package nn

import (
	"fmt"
	"math"

	"gzpt/kernels"
)

// gathering holds the items of the micro-batches of one update and, where there are several, their views in the memory of the
// host: Accumulate * Batch views of Height * Width * Channels numbers of four bytes, 77 MB for each 128 of 224 x 224 x 3.
type gathering struct {
	dev    kernels.Device
	items  []int32
	views  [][]float32 // by view, for those that go through the network twice; empty with one micro-batch
	pixels int         // of a view of a micro-batch
}

func newGathering(dev kernels.Device, c Config, views int) gathering {
	g := gathering{dev: dev, items: make([]int32, c.Batch*c.Accumulate), pixels: c.Batch * c.Height * c.Width * c.Arch.Channels}
	if c.Accumulate > 1 {
		for range views {
			g.views = append(g.views, dev.NewBuffer(c.Accumulate*g.pixels))
		}
	}
	return g
}

// take adds a micro-batch and returns the items so far.
func (g *gathering) take(b *microBatch) []int32 {
	for i, item := range b.items {
		g.items[b.index*len(b.items)+i] = int32(item)
	}
	for v, pixels := range g.views {
		copy(pixels[b.index*g.pixels:], b.views[v])
	}
	return g.items[:(b.index+1)*len(b.items)]
}

// again writes a view of micro-batch m of the update to the images on the device.
func (g *gathering) again(images kernels.Tensor, m, view int) {
	g.dev.Write(images, g.views[view][m*g.pixels:][:g.pixels])
}

// state is what is gathered after n micro-batches of an update.
func (g *gathering) state(n, batch int) []block {
	all := []block{{name: "update.items", ints: g.items[:n*batch], most: math.MaxInt32}}
	for v, pixels := range g.views {
		all = append(all, block{name: fmt.Sprintf("update.view%d", v+1), floats: pixels[:n*g.pixels]})
	}
	return all
}
