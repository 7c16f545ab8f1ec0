package cuda

import (
	"fmt"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

// Weight gradients of bfloat16 by the kernels for sm_90a. The cut of the pixels follows from the shape, also for operands at odd
// addresses, which go to the portable kernels with the same cut, and so to the same bits.

// columnBlock is the channels of a tap that a tile has together, and the pixels of a stage.
const columnBlock = 64

// weightsWindow is a kernel of convolution_weights_wgmma.ptx: the filters and columns of its tile, its stages, its warpgroups, and how
// many blocks of it a multiprocessor holds.
type weightsWindow struct {
	instance
	filters, columns, stages, groups, blocks int
}

func weightsWindowOf(filters, columns, stages, groups, blocks int) weightsWindow {
	return weightsWindow{instance{kernel: fmt.Sprintf("convolve_weights_wgmma_bf16_%dx%d", filters, columns)}, filters, columns, stages, groups, blocks}
}

// weightsWindows has the largest tiles first; that of 576 columns has all nine taps of 64 channels.
var weightsWindows = []weightsWindow{weightsWindowOf(64, 576, 2, 3, 1), weightsWindowOf(128, 256, 4, 2, 1), weightsWindowOf(64, 384, 4, 2, 1), weightsWindowOf(128, 128, 3, 2, 2)}

// tile is the kernel as one of convolutions, whose ring has the same bytes: columns for pixels.
func (k weightsWindow) tile() windowKernel {
	return windowKernel{k.instance, k.columns, k.filters, k.stages, k.groups, k.blocks, 1, 1}
}

// seesWeights reports whether the kernels for sm_90a take a weight gradient of this shape.
func (d *Device) seesWeights(dw, dy, x kernels.Tensor, c kernels.Conv) bool {
	return d.hasHopper() && dy.Type() == kernels.BFloat16 && c.Groups == 1 && dw.Dim(0)%8 == 0 && dw.Dim(3)%8 == 0 &&
		forward(dy.Dim(1), dw.Dim(1), c).inMap(x.Dim(1)) && forward(dy.Dim(2), dw.Dim(2), c).inMap(x.Dim(2))
}

const (
	// mergedBytes is what the merging of parts writes and reads of memory in a clock, about, and mergeClocks what it takes at least for a part.
	mergedBytes = 2048
	mergeClocks = 240
)

// weightsCut is the kernel and the parts of the pixels that are done first, of equals the fewest parts: parts are done in waves of
// blocks, and have to be merged.
func (d *Device) weightsCut(dw kernels.Tensor, pixels int) (chosen weightsWindow, count, share int) {
	least := 0
	for _, k := range weightsWindows {
		tiles := divideUp(dw.Dim(0), k.filters) * divideUp(dw.Dim(1)*dw.Dim(2)*divideUp(dw.Dim(3), columnBlock), k.columns/columnBlock)
		for parts := 1; parts <= min(weightBlocks, divideUp(pixels, leastPixels)); parts++ {
			stages := divideUp(divideUp(pixels, parts), columnBlock)
			work := d.windowWork(k.tile(), parts*tiles, stages) + parts*max(mergeClocks, 8*dw.Len()/mergedBytes)
			if least == 0 || work < least {
				chosen, share, least = k, stages*columnBlock, work
			}
		}
	}
	return chosen, divideUp(pixels, share), share
}

// weightsByWindows is dw += the weight gradient in count parts of share pixels.
func (d *Device) weightsByWindows(op string, k weightsWindow, dw, dy, x kernels.Tensor, c kernels.Conv, count, share int) {
	rows, columns := forward(dy.Dim(1), dw.Dim(1), c), forward(dy.Dim(2), dw.Dim(2), c)
	h0, lastH, _ := rows.window(x.Dim(1))
	w0, lastW, _ := columns.window(x.Dim(2))
	filters, channels, pixels := dw.Dim(0), dw.Dim(3), dy.Rows()
	gradients := matrixMapping(dy.Type(), address(dy), pixels, filters, filters*dy.Type().Size(), columnBlock, columnBlock)
	windows := imagesMapping(x.Type(), address(x), x.Dim(0), x.Dim(1), x.Dim(2), channels)
	windows.steps, windows.lower, windows.upper = [5]int{1, c.Stride, c.Stride, 1}, [3]int{w0, h0}, [3]int{lastW, lastH}
	windows.channels, windows.pixels = columnBlock, columnBlock
	blocks := divideUp(channels, columnBlock)
	all := dw.Dim(1) * dw.Dim(2) * blocks
	tilesM, tilesN := divideUp(filters, k.filters), divideUp(all, k.columns/columnBlock)
	partial := d.scratch(op, divideUp(count*dw.Len(), 2))
	a := dividing(d.list(word(uint64(partial))), dy.Dim(1)*dy.Dim(2), dy.Dim(2))
	a = append(a, size(c.Stride), size(h0), size(w0), size(c.Dilation))
	a = dividing(a, dw.Dim(2), blocks)
	a = append(a, size(all), size(channels), size(filters), size(dw.Len()/filters))
	a = dividing(a, tilesM, tilesN)
	a = append(a, size(pixels), size(share))
	maps := []driver.TensorMap{d.tensorMap(op, gradients), d.tensorMap(op, windows)}
	d.launchMapped(op, k.instance, count*tilesM*tilesN, k.tile().threads(), k.tile().shared(), maps, a...)
	d.mergeFilters(op, dw, partial, count, dw.Dim(2)*channels, channels)
}
