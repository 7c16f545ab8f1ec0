package tiles

import (
	"fmt"
	"slices"
	"strings"
)

// windowTile is what a block computes by wgmma: M pixels x N channels, by two warpgroups, out of a ring of stages that tensor maps fill.
type windowTile struct {
	tile
	Stages     int
	Turned     bool     // filters lie as the forward pass has them, in a data gradient
	Parameters []string // behind the two tensor maps
}

// Convolve is the name of a kernel of convolutions.
func (t windowTile) Convolve() string {
	if t.Turned {
		return t.Entry("convolve_wgmma_turned")
	}
	return t.Entry("convolve_wgmma")
}

// windowTiles are those of convolutions of a type.
func windowTiles(n number, turned bool) windowFamily {
	of := func(pixels, channels, stages, blocks int) windowTile {
		return windowTile{tile{n, pixels, channels, 32, wide, blocks}, stages, turned, gatherParameters}
	}
	return windowFamily{n, []windowTile{of(256, 128, 4, 1), of(192, 128, 5, 1), of(128, 128, 3, 2), of(512, 64, 3, 1), of(256, 64, 2, 2)}}
}

// Weights is the name of a kernel of the weight gradient.
func (t windowTile) Weights() string {
	return fmt.Sprintf("convolve_weights_wgmma_%s_%dx%d", t.Name, t.N, t.M)
}

// Group is the pixels of a warpgroup, which has 64 channels of them.
func (t windowTile) Group() int { return t.M * t.N / 128 }

// Share is the percentage of the peak of tensor cores that shared memory leaves: for 16 terms copies write, and each warpgroup reads its
// factors, 128 bytes a clock, while tensor cores make 2048 products a clock.
func (t windowTile) Share() int {
	products, bytes := 16*t.M*t.N/2048, 32*(t.M+t.N+2*(64+t.Group()))/128
	return min(100, 100*products/bytes)
}

// Depth is the number of terms of a sum that a stage holds, a row of 128 bytes, Terms that of one instruction.
func (t windowTile) Depth() int { return 128 / t.Size }
func (t windowTile) Terms() int { return 32 / t.Size }

// The bytes of a stage and of its part of the left factor; of all stages, and of these with two mbarriers each.
func (t windowTile) ABytes() int      { return 128 * t.M }
func (t windowTile) StageBytes() int  { return 128 * (t.M + t.N) }
func (t windowTile) RingBytes() int   { return t.Stages * t.StageBytes() }
func (t windowTile) SharedBytes() int { return t.RingBytes() + 16*t.Stages }

// Threads are two warpgroups and the warp that brings stages; Registers the most that each may have.
func (t windowTile) Threads() int   { return 2*128 + 32 }
func (t windowTile) Registers() int { return 65536 / (t.Blocks * t.Threads()) / 8 * 8 }

const mapBytes = 128

// ParameterBytes are those of the one parameter: the maps, then 8 bytes an argument.
func (t windowTile) ParameterBytes() int { return 2*mapBytes + 8*len(t.Parameters) }

// Load reads an argument: an address, a number of 32 bits, or a divisor's reciprocal, which is two.
func (t windowTile) Load(name string) string {
	at := 2*mapBytes + 8*slices.Index(t.Parameters, name)
	of, reciprocal := strings.CutSuffix(name, "_reciprocal")
	switch {
	case reciprocal:
		return fmt.Sprintf("\n\t.reg .b32 %%%s_factor, %%%s_shift;\n\tld.param.u32 %%%s_factor, [p+%d];\n\tld.param.u32 %%%s_shift, [p+%d];", of, of, of, at, of, at+4)
	case slices.Contains(addresses, name):
		return fmt.Sprintf("\n\t.reg .b64 %%%s;\n\tld.param.u64 %%%s, [p+%d];", name, name, at)
	}
	return fmt.Sprintf("\n\t.reg .b32 %%%s;\n\tld.param.u32 %%%s, [p+%d];", name, name, at)
}

// addresses are the parameters of 64 bits.
var addresses = []string{"out", "partial"}

// gatherParameters are those of the kernels of convolutions, in the order that package cuda passes them in.
var gatherParameters = []string{
	"out", "partial", "OH", "OW", "OC", "pixels", "pixels_reciprocal", "columns", "columns_reciprocal", "step_in", "h0", "w0",
	"tap_h", "tap_w", "tap", "S", "tap_first", "tap_row", "tap_column", "channels", "steps", "out_step", "out_h", "out_w", "ng", "tiles_n", "tiles_n_reciprocal", "rows", "parts", "add",
}

// weightsTile is what a block of the weight gradient computes: N filters x M columns.
func weightsTile(n number, filters, columns, stages, blocks int) windowTile {
	return windowTile{tile{n, columns, filters, 32, wide, blocks}, stages, false, weightsParameters}
}

// windowFamily is the kernels of one file whose tiles are brought by tensor maps.
type windowFamily struct {
	number
	Tiles []windowTile
}

// Depth, Terms and Parameters are those of all tiles.
func (f windowFamily) Turned() bool         { return f.Tiles[0].Turned }
func (f windowFamily) Depth() int           { return f.Tiles[0].Depth() }
func (f windowFamily) Terms() int           { return f.Tiles[0].Terms() }
func (f windowFamily) Parameters() []string { return f.Tiles[0].Parameters }

// Again says that sums are read from shared memory each time that the store needs them: where two blocks share the registers.
func (t windowTile) Again() bool { return t.Blocks == 2 }

// quarter is four channels of a pixel of the store.
type quarter struct {
	N               int // channels of the tile
	Row, Half, Part int
}

func quarterOf(t windowTile, row, half, part int) quarter { return quarter{t.N, row, half, part} }

// indexedWindow is a tile and a number that a part of its source depends on.
type indexedWindow struct {
	windowTile
	Index int
}

// Tile is the tile alone.
func (i indexedWindow) Tile() windowTile { return i.windowTile }
