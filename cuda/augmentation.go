package cuda

import (
	"math"

	"gzpt/kernels"
)

// Augment makes views of stored images, in passes over a stage: the pixels with their steps up to a contrast, the
// mean luma that it needs, the steps from there on, the blur across and down.
func (d *Device) Augment(y, images, table kernels.Tensor, v kernels.Views) {
	const op = "Augment"
	d.check.Augment(y, images, table, v)
	d.fits(op, y, images)
	if y.Len() == 0 {
		return
	}
	a := d.augmentation(op, y, table, v)
	d.each(op, "view_taps", a.views*2*a.size, a.taps.argument(), at(table), size(a.columns), size(v.Side), size(a.size), size(a.most))
	d.mapped(op, "narrow", table.Len(), floats(a.settings), at(table))
	pixels := func(pass int) {
		d.lines(op, "view_pixels", a, a.size, a.stage, at(images), size(images.Dim(1)), size(images.Dim(0)), size(v.Bits),
			a.taps.argument(), size(a.most), a.settings.argument(), size(a.columns), a.luma.argument(), size(v.Side), size(a.size),
			size(a.channels), size(pass))
	}
	pixels(0)
	d.launch(op, instance{kernel: "view_luma"}, a.views, warpThreads, a.luma.argument(), a.stage, a.settings.argument(),
		size(a.columns), size(a.size*a.size), size(a.channels))
	pixels(1)
	blurred := a.stage
	if a.radius > 0 {
		blurred = a.across.argument()
		d.lines(op, "view_across", a, a.size, blurred, a.stage, a.settings.argument(), size(a.columns), size(a.radius), size(a.size),
			size(a.channels))
	}
	d.lines(op, "view_down", a, a.size*a.channels, at(y), blurred, a.settings.argument(), size(a.columns), size(a.radius), size(a.size),
		size(a.channels), number(v.Mean[0]), number(v.Mean[1]), number(v.Mean[2]), number(v.Std[0]), number(v.Std[1]), number(v.Std[2]))
}

// augmentation is the sizes of the views of a call, and its memory.
type augmentation struct {
	views, size, channels, columns, radius, most int

	stage                        argument // the views on their way, float32
	luma, taps, settings, across scratch
}

// augmentation takes the scratch memory of a call in one block. A stage of float32 needs none: it is y.
func (d *Device) augmentation(op string, y, table kernels.Tensor, v kernels.Views) augmentation {
	a := augmentation{
		views: y.Dim(0), size: y.Dim(1), channels: y.Dim(3), columns: table.Dim(1), radius: table.Dim(1) - kernels.ViewColumns(0),
		most: mostTaps(v.Side, y.Dim(1)), stage: at(y),
	}
	luma, taps, settings, across, stage := doubles(2*a.views), doubles(a.views*2*a.size*(1+a.most)), doubles(table.Len()), 0, 0
	if a.radius > 0 {
		across = doubles(y.Len())
	}
	if y.Type() != kernels.Float32 {
		stage = doubles(y.Len())
	}
	a.luma = d.scratch(op, luma+taps+settings+across+stage)
	a.taps = a.luma.from(luma)
	a.settings = a.taps.from(taps)
	a.across = a.settings.from(settings)
	if y.Type() != kernels.Float32 {
		a.stage = a.across.from(across).argument()
	}
	return a
}

// mostTaps is the most pixels of an image that one of a view is made of, in a direction: a triangle is 2 reach wide, and reach is the
// larger of 1 and side/size at most. What its ends may be off by in float64 is far below the number that is added.
func mostTaps(side, size int) int {
	return int(math.Ceil(2*max(1, float64(side)/float64(size)) + 1e-6))
}

// doubles is how many float64 n float32 take, so that what follows is aligned for 16 bytes.
func doubles(n int) int { return (n + 3) / 4 * 2 }

// floats is the address of float32 numbers in scratch memory.
func floats(s scratch) argument { return argument{bits: uint64(s), address: true, bytes: 4} }

// lines launches a kernel with a block for each row of every view, of n columns or elements that its threads share evenly, several
// at a time where a variant of the kernel can have that.
func (d *Device) lines(op, kernel string, a augmentation, n int, arguments ...argument) {
	chosen := instance{kernel, variant{half: arguments[0].half}}
	wide := instance{kernel, variant{half: arguments[0].half, wide: true}}
	if w := d.functions[wide].width; w > 0 && fits(w, n, arguments) {
		chosen, n = wide, n/w
	}
	turns := (n + blockThreads - 1) / blockThreads
	threads := ((n+turns-1)/turns + warpThreads - 1) / warpThreads * warpThreads
	d.launch(op, chosen, a.views*a.size, threads, arguments...)
}
