//go:build amd64 && !noasm

package asm

import (
	"gzpt/kernels"
	"gzpt/kernels/augment"
)

// Augment makes the views in Go, one an item. Trainings on a CPU do without it: their loaders make views on cores of their own.
func (d *device) Augment(y, images, table kernels.Tensor, v kernels.Views) {
	d.check.Augment(y, images, table, v)
	j := &d.elem.augment
	j.y, j.images, j.table, j.views = y.Float32(), images.Int32(), table.Float64(), v
	j.values, j.words, j.columns = y.Len()/max(y.Dim(0), 1), images.Dim(1), table.Dim(1)
	size, channels, radius := y.Dim(1), y.Dim(3), table.Dim(1)-kernels.ViewColumns(0)
	for w := range d.pool.workers {
		if w == len(j.makers) {
			j.makers = append(j.makers, nil)
		}
		if j.makers[w] == nil || !j.makers[w].Fits(v.Side, size, channels, radius) {
			j.makers[w] = augment.NewMaker[float32](v.Side, size, channels, radius)
		}
	}
	d.pool.run(j, y.Dim(0))
	j.y, j.images, j.table = nil, nil, nil
}

// augmentJob makes views with a maker for each worker.
type augmentJob struct {
	y                      []float32
	images                 []int32
	table                  []float64
	views                  kernels.Views
	values, words, columns int // of a view, an image, a row of the table
	makers                 []*augment.Maker[float32]
}

func (j *augmentJob) do(i, worker int) {
	image := i % (len(j.images) / j.words)
	j.makers[worker].Stored(j.y[i*j.values:][:j.values], j.images[image*j.words:][:j.words], j.table[i*j.columns:][:j.columns], j.views)
}
