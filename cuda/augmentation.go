package cuda

import (
	"math"

	"gzpt/kernels"
)

// Augment makes views of stored images, in passes over a stage in scratch memory: the pixels with their steps up to a contrast, the
// mean luma that it needs, the steps from there on, the blur across and down.
func (d *Device) Augment(y, images, table kernels.Tensor, v kernels.Views) {
	const op = "Augment"
	d.check.Augment(y, images, table, v)
	d.fits(op, y, images)
	if y.Len() == 0 {
		return
	}
	a := augmentation{
		views: y.Dim(0), size: y.Dim(1), channels: y.Dim(3), columns: table.Dim(1), radius: table.Dim(1) - kernels.ViewColumns(0),
		most: mostTaps(v.Side, y.Dim(1)),
	}
	n := a.views * 2 * a.size
	// One block of scratch memory: luma is float64, all else takes half as many.
	sizes := []int{a.views, half(n * (1 + a.most)), half(table.Len()), half(y.Len()), half(y.Len())}
	luma := d.scratch(op, sizes[0]+sizes[1]+sizes[2]+sizes[3]+sizes[4])
	taps := luma.from(sizes[0])
	settings := taps.from(sizes[1])
	stage := settings.from(sizes[2])
	across := stage.from(sizes[3])

	d.each(op, "view_taps", n, taps.argument(), at(table), size(a.columns), size(v.Side), size(a.size), size(a.most))
	d.mapped(op, "narrow", table.Len(), floats(settings), at(table))
	pixels := func(pass int) {
		d.lines(op, "view_pixels", a, a.size, stage.argument(), at(images), size(images.Dim(1)), size(images.Dim(0)), size(v.Bits),
			taps.argument(), size(a.most), settings.argument(), size(a.columns), luma.argument(), size(v.Side), size(a.size),
			size(a.channels), size(pass))
	}
	pixels(0)
	d.launch(op, instance{kernel: "view_luma"}, a.views, warpThreads, luma.argument(), stage.argument(), settings.argument(),
		size(a.columns), size(a.size*a.size), size(a.channels))
	pixels(1)
	if a.radius > 0 {
		d.lines(op, "view_across", a, a.size*a.channels, across.argument(), stage.argument(), settings.argument(), size(a.columns),
			size(a.radius), size(a.size), size(a.channels))
		stage = across
	}
	d.lines(op, "view_down", a, a.size*a.channels, at(y), stage.argument(), settings.argument(), size(a.columns), size(a.radius),
		size(a.size), size(a.channels), number(v.Mean[0]), number(v.Mean[1]), number(v.Mean[2]), number(v.Std[0]), number(v.Std[1]),
		number(v.Std[2]))
}

// augmentation is the sizes of the views of a call.
type augmentation struct{ views, size, channels, columns, radius, most int }

// mostTaps is the most pixels of an image that one of a view is made of, in a direction: a triangle is 2 reach wide, and reach is the
// larger of 1 and side/size at most. What its ends may be off by in float64 is far below the number that is added.
func mostTaps(side, size int) int {
	return int(math.Ceil(2*max(1, float64(side)/float64(size)) + 1e-6))
}

// half is how many float64 n float32 take, so that what follows is aligned for 16 bytes.
func half(n int) int { return (n + 3) / 4 * 2 }

// floats is the address of float32 numbers in scratch memory.
func floats(s scratch) argument { return argument{bits: uint64(s), address: true, bytes: 4} }

// lines launches a kernel with a block for each row of every view, of n columns or elements that its threads share evenly.
func (d *Device) lines(op, kernel string, a augmentation, n int, arguments ...argument) {
	turns := (n + blockThreads - 1) / blockThreads
	threads := ((n+turns-1)/turns + warpThreads - 1) / warpThreads * warpThreads
	d.launch(op, instance{kernel, variant{half: arguments[0].half}}, a.views*a.size, threads, arguments...)
}
