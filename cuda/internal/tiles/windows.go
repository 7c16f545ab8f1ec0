package tiles

import (
	"fmt"
	"slices"
	"strings"
)

// windowTile is what a block computes by wgmma: M pixels x N channels, by two warpgroups or three, out of a ring of stages that tensor maps fill.
type windowTile struct {
	tile
	Stages     int
	Groups     int      // warpgroups
	Turned     bool     // filters lie as the forward pass has them, in a data gradient
	Shared     shared   // what two blocks have in common, of which each brings half for both
	Maps       int      // tensor maps
	Parameters []string // behind them
}

// Convolve is the name of a kernel of convolutions.
func (t windowTile) Convolve() string {
	name := "convolve_wgmma"
	if t.Turned {
		name += "_turned"
	}
	return t.Entry(name) + t.Suffix()
}

// shared is what two blocks of a cluster have in common.
type shared string

const (
	nothing shared = ""
	pixels  shared = "pixels"
	filters shared = "filters"
)

func (t windowTile) Pair() bool          { return t.Shared != nothing }
func (t windowTile) SharesPixels() bool  { return t.Shared == pixels }
func (t windowTile) SharesFilters() bool { return t.Shared == filters }

// Suffix is what the name of a kernel of pairs ends with.
func (t windowTile) Suffix() string {
	if t.Pair() {
		return "_pair_" + string(t.Shared)
	}
	return ""
}

// windowTiles are those of convolutions of a type.
func windowTiles(n number, turned bool) windowFamily {
	of := func(m, channels, stages, blocks int) windowTile {
		return windowTile{tile{n, m, channels, 32, wide, blocks}, stages, 2, turned, nothing, 3, gatherParameters}
	}
	pair := func(t windowTile, s shared) windowTile { t.Shared = s; return t }
	large, middle := of(256, 128, 4, 1), of(192, 128, 5, 1)
	return windowFamily{n, []windowTile{large, middle, of(128, 128, 3, 2), of(512, 64, 3, 1), of(256, 64, 2, 2), pair(large, pixels), pair(middle, pixels), pair(large, filters)}}
}

// Weights is the name of a kernel of the weight gradient.
func (t windowTile) Weights() string {
	return fmt.Sprintf("convolve_weights_wgmma_%s_%dx%d", t.Name, t.N, t.M)
}

// Group is the pixels of a warpgroup, which has 64 channels of them.
func (t windowTile) Group() int { return t.M * t.N / 64 / t.Groups }

// secondBytes is what the second cache of an H200 gives each multiprocessor in a clock where all ask.
const secondBytes = 5120.0 / 132

// Share is the percentage of the peak of tensor cores that shared memory and the second cache leave: for 16 terms copies bring a stage's part and
// write it, and each warpgroup reads its factors, 128 bytes a clock, while tensor cores make 2048 products a clock.
func (t windowTile) Share() int {
	brought := t.M + t.N
	switch t.Shared {
	case pixels:
		brought -= t.M / 2
	case filters:
		brought -= t.N / 2
	}
	products, written := float64(16*t.M*t.N)/2048, float64(32*(t.M+t.N+t.Groups*(64+t.Group())))/128
	return min(100, int(100*products/max(written, float64(32*brought)/secondBytes)))
}

// Depth is the number of terms of a sum that a stage holds, a row of 128 bytes, Terms that of one instruction.
func (t windowTile) Depth() int { return 128 / t.Size }
func (t windowTile) Terms() int { return 32 / t.Size }

// The bytes of a stage and of its part of the left factor; of all stages, and of these with two mbarriers each.
func (t windowTile) ABytes() int      { return 128 * t.M }
func (t windowTile) StageBytes() int  { return 128 * (t.M + t.N) }
func (t windowTile) RingBytes() int   { return t.Stages * t.StageBytes() }
func (t windowTile) SharedBytes() int { return t.RingBytes() + 16*t.Stages }

// ChannelBlocks is how many rows of 128 bytes the channels of a pixel of the result are, TileBytes those of all pixels.
func (t windowTile) ChannelBlocks() int { return t.N / t.Depth() }
func (t windowTile) TileBytes() int     { return t.ChannelBlocks() * t.ABytes() }

// Warps are those that multiply, Readers those that have to have read a stage before it is filled again; Threads are theirs and those of the warp that brings stages; Registers the most that each may have.
func (t windowTile) Warps() int { return 4 * t.Groups }
func (t windowTile) Readers() int {
	if t.Pair() {
		return 2 * t.Warps()
	}
	return t.Warps()
}
func (t windowTile) Threads() int   { return 32*t.Warps() + 32 }
func (t windowTile) Registers() int { return 65536 / (t.Blocks * t.Threads()) / 8 * 8 }

const mapBytes = 128

// ParameterBytes are those of the one parameter: the maps, then 8 bytes an argument.
func (t windowTile) ParameterBytes() int { return t.Maps*mapBytes + 8*len(t.Parameters) }

// Load reads an argument: an address, a number of 32 bits, or a divisor's reciprocal, which is two.
func (t windowTile) Load(name string) string {
	at := t.Maps*mapBytes + 8*slices.Index(t.Parameters, name)
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
var addresses = []string{"partial"}

// gatherParameters are those of the kernels of convolutions, in the order that package cuda passes them in.
var gatherParameters = []string{
	"partial", "OC", "pixels", "pixels_reciprocal", "columns", "columns_reciprocal", "step_in", "h0", "w0",
	"tap_h", "tap_w", "tap", "S", "tap_first", "tap_row", "tap_column", "channels", "steps", "ng", "tiles_n", "tiles_n_reciprocal", "rows", "parts", "add",
}

// weightsTile is what a block of the weight gradient computes: N filters x M columns.
func weightsTile(n number, filters, columns, stages, groups, blocks int) windowTile {
	return windowTile{tile{n, columns, filters, 32, wide, blocks}, stages, groups, false, nothing, 2, weightsParameters}
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

// distances are those of 64 pixels of a warpgroup from their mean, all of them or some.
type distances struct {
	TF32  bool
	Index int
	Whole bool
}

func distancesOf(t windowTile, index int, whole bool) distances {
	return distances{t.TF32(), index, whole}
}

// Sum is the register of a lane's sum: of the next 8 pixels j the even or the odd one of two, in either of the lane's channels.
func (d distances) Sum(j, half, odd int) string {
	return fmt.Sprintf("%%d%d", 32*d.Index+4*j+2*half+odd)
}

// Of is that register with its pixel.
func (d distances) Of(j, half, odd int) distance {
	return distance{d.Whole, d.Sum(j, half, odd), 8*j + odd}
}

// distance is a register that counts where its pixel, counted from the lane's first one, is one.
type distance struct {
	Whole    bool
	Register string
	Pixel    int
}

// indexedWindow is a tile and a number that a part of its source depends on.
type indexedWindow struct {
	windowTile
	Index int
}

// Tile is the tile alone.
func (i indexedWindow) Tile() windowTile { return i.windowTile }
