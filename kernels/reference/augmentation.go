package reference

import (
	"gzpt/kernels"
	"gzpt/kernels/augment"
)

func (d *device[T]) Augment(y, images, table kernels.Tensor, v kernels.Views) {
	d.check.Augment(y, images, table, v)
	ys, words, rows := d.of(y), images.Int32(), table.Float64()
	n, size, channels, columns := y.Dim(0), y.Dim(1), y.Dim(3), table.Dim(1)
	values := size * size * channels
	spread(n, func(i int) {
		m := augment.NewMaker[T](v.Side, size, channels, columns-kernels.ViewColumns(0))
		m.Stored(row(ys, i, values), row(words, i%images.Dim(0), images.Dim(1)), row(rows, i, columns), v)
	})
	d.store(y, ys)
}
