// Package tiles makes the PTX of convolutions in tiles, on tensor cores and in exact float32: one source for each kernel, from which
// the files of every type of number and every size of tile follow. The files are committed; a test of package cuda holds them to
// their source.
package tiles

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"gzpt/cuda/internal/ring"
)

//go:embed *.tmpl
var sources embed.FS

// number is a type of factors.
type number struct {
	Name  string
	Size  int    // bytes of an element
	Shape string // of one instruction of the tensor cores, "" where factors are multiplied by the lanes, exactly
	Types string // of its results, factors and addends
}

var numbers = []number{
	{"f32", 4, "", ""},
	{"tf32", 4, "m16n8k8", "f32.tf32.tf32.f32"},
	{"bf16", 2, "m16n8k16", "f32.bf16.bf16.f32"},
}

// Cores says that factors are multiplied on tensor cores.
func (n number) Cores() bool { return n.Shape != "" }

// TF32 says that factors are float32 and have to be rounded.
func (n number) TF32() bool { return n.Name == "tf32" }

// Float32 says that elements are float32.
func (n number) Float32() bool { return n.Size == 4 }

// Element is the type of elements in memory.
func (n number) Element() string {
	if n.Float32() {
		return "float32"
	}
	return "bfloat16"
}

// Together is how many of a lane's sums of the weight gradient are neighbours in memory, Row and Column where they lie in the tile
// of its warp: tensor cores say so, and lanes have what they read 16 bytes at a time.
func (n number) Together() int {
	if n.Cores() {
		return 2
	}
	return 4
}

func (n number) Row(i, half int) int {
	if n.Cores() {
		return 16*i + 8*half
	}
	return 32*(i/2) + 2*(i%2) + half
}

func (n number) Column(c int) int {
	return 4*n.Together()*(c/n.Together()) + c%n.Together()
}

// Vector is the number of elements that a thread copies at a time, 16 bytes.
func (n number) Vector() int { return 16 / n.Size }

// Depth is the number of terms of a sum that a stage holds, 64 bytes of a row.
func (n number) Depth() int { return 64 / n.Size }

// tile is what a block computes: M x N results, a tile of 64 x Columns each warp.
type tile struct {
	number
	M, N    int
	Columns int // 32 or 64
	Kind    kind
	Blocks  int // that a multiprocessor is to hold
}

// kind is where the elements of a tile come from.
type kind string

const (
	wide   kind = ""       // whole pieces of 16 bytes, at multiples of them
	narrow kind = "narrow" // any address: they are copied one by one
	packed kind = "packed" // images that pack_* has made, of which each window's row is a stretch
)

func (t tile) Narrow() bool { return t.Kind == narrow }
func (t tile) Packed() bool { return t.Kind == packed }

// Entry is the name of the kernel behind the operation: the type, then the kind or the tile of the wide ones.
func (t tile) Entry(operation string) string {
	if t.Kind != wide {
		return fmt.Sprintf("%s_%s_%s", operation, t.Name, t.Kind)
	}
	return fmt.Sprintf("%s_%s_%dx%d", operation, t.Name, t.M, t.N)
}

// Asynchronous says that copies to shared memory go on behind the thread's back: they are of 4 bytes at least.
func (t tile) Asynchronous() bool { return !t.Narrow() || !t.Cores() }

func (t tile) WarpsM() int  { return t.M / 64 }
func (t tile) WarpsN() int  { return t.N / t.Columns }
func (t tile) Halves() int  { return t.Columns / 32 } // tiles of 64 x 32 of a warp
func (t tile) Threads() int { return 32 * t.WarpsM() * t.WarpsN() }

// The bytes of a stage, of its part of the left factor, and of the shared memory.
func (t tile) ABytes() int      { return 64 * t.M }
func (t tile) StageBytes() int  { return 64 * (t.M + t.N) }
func (t tile) SharedBytes() int { return stages * t.StageBytes() }

// FilterTurns says that the rows of filters that a thread copies, one pass of all threads apart, have their parts exchanged in two
// ways by turns.
func (t tile) FilterTurns() bool { return !t.Float32() && t.Threads()/4 < 32 }

// Of the kernel of weights: a stage has Depth rows of M channels and of N columns, in parts of 16 bytes, and a thread copies so
// many rows of each.
func (t tile) ARowBytes() int { return t.M * t.Size }
func (t tile) BRowBytes() int { return t.N * t.Size }
func (t tile) AParts() int    { return t.ARowBytes() / 16 }
func (t tile) BParts() int    { return t.BRowBytes() / 16 }
func (t tile) ARows() int     { return t.Depth() * t.AParts() / t.Threads() }
func (t tile) BRows() int     { return t.Depth() * t.BParts() / t.Threads() }

// Turns says that the rows of x that a thread copies, one pass of all threads apart, have their parts exchanged in two ways by turns.
func (t tile) Turns() bool { return t.Cores() && t.Threads()/t.BParts() < t.Depth()/4 }

// stages are the parts of a sum that are in shared memory or on the way to it.
const stages = 3

// family is the kernels of one file.
type family struct {
	number
	Tiles []tile
}

// weightsParameters are those of the weight gradient, likewise.
var weightsParameters = []string{
	"partial", "pixels", "pixels_reciprocal", "columns", "columns_reciprocal", "step_in", "h0", "w0", "tap", "S", "S_reciprocal",
	"blocks", "blocks_reciprocal", "columns_end", "C", "K", "depth", "tiles_m", "tiles_m_reciprocal", "tiles_n", "tiles_n_reciprocal", "rows", "share",
}

// Files are the generated files by name.
func Files() (map[string]string, error) {
	functions := template.FuncMap{
		"add":       func(a, b int) int { return a + b },
		"mul":       func(a, b int) int { return a * b },
		"div":       func(a, b int) int { return a / b },
		"mod":       func(a, b int) int { return a % b },
		"log":       logarithm,
		"list":      list,
		"divide":    divide,
		"size":      loadSize,
		"divisor":   loadDivisor,
		"stage":     stageOf,
		"name":      func(name string, n int) string { return fmt.Sprintf("%%%s%d", name, n) },
		"sum":       sum,
		"distances": distancesOf,
		"sums":      sums,
		"offset":    offset,
	}
	parsed, err := template.New("").Funcs(functions).Funcs(ringFunctions).ParseFS(sources, "*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("tiles: %w", err)
	}
	files := map[string]string{}
	execute := func(file, source string, data any) {
		var text strings.Builder
		if failed := parsed.ExecuteTemplate(&text, source, data); failed != nil && err == nil {
			err = fmt.Errorf("tiles: %w", failed)
		}
		files[file] = text.String()
	}
	make := func(file, source string, tiles ...tile) { execute(file, source, family{tiles[0].number, tiles}) }
	for _, n := range numbers {
		gather := []tile{{n, 128, 128, 64, wide, 2}, {n, 128, 64, 64, wide, 4}, {n, 128, 64, 32, narrow, 3}, {n, 128, 64, 64, packed, 4}}
		weights := []tile{{n, 128, 128, 64, wide, 2}, {n, 64, 128, 64, wide, 4}, {n, 64, 128, 32, narrow, 3}, {n, 64, 128, 64, packed, 4}}
		if !n.Cores() { // lanes have no registers for more than 64 x 32 sums of a warp, and copy elements fast enough
			gather = []tile{{n, 128, 128, 32, wide, 2}, {n, 128, 64, 32, wide, 3}, {n, 128, 64, 32, narrow, 3}}
			weights = []tile{{n, 128, 128, 32, wide, 2}, {n, 64, 128, 32, wide, 3}, {n, 64, 128, 32, narrow, 3}}
		}
		make("convolution_gather_"+n.Name+".ptx", "gather.tmpl", gather...)
		make("convolution_weights_"+n.Name+".ptx", "weights.tmpl", weights...)
		if n.Cores() {
			execute("convolution_wgmma_"+n.Name+".ptx", "convolution_wgmma.tmpl", windowTiles(n, false))
		}
	}
	bf16 := numbers[2]
	execute("convolution_wgmma_turned_bf16.ptx", "convolution_wgmma.tmpl", windowTiles(bf16, true))
	execute("convolution_weights_wgmma.ptx", "weights_wgmma.tmpl", windowFamily{bf16, []windowTile{
		weightsTile(bf16, 128, 256, 4, 2, 1), weightsTile(bf16, 128, 128, 3, 2, 2), weightsTile(bf16, 64, 384, 4, 2, 1), weightsTile(bf16, 64, 576, 2, 3, 1),
	}})
	make("convolution_filters.ptx", "filters.tmpl", tile{number: numbers[0]}, tile{number: numbers[2]})
	make("convolution_pack.ptx", "pack.tmpl", tile{number: numbers[1]}, tile{number: numbers[2]})
	execute("product_wgmma.ptx", "product.tmpl", []ring.Ring{ring.Wide, ring.Narrow})
	execute("turn_wgmma.ptx", "turn.tmpl", nil)
	execute("contrast_lse_wgmma.ptx", "lse.tmpl", ring.Tall)
	execute("contrast_gradient_wgmma.ptx", "gradient.tmpl", ring.Narrow)
	return files, err
}

// stageOf is a tile of either kind and a number that a part of its source depends on.
func stageOf(t any, n int) (any, error) {
	switch t := t.(type) {
	case tile:
		return indexed{t, n}, nil
	case windowTile:
		return indexedWindow{t, n}, nil
	}
	return nil, fmt.Errorf("a tile of type %T", t)
}

// indexed is a tile and a number that a part of its source depends on.
type indexed struct {
	tile
	Index int
}

// Tile is the tile alone.
func (i indexed) Tile() tile { return i.tile }

func logarithm(n int) int {
	l := 0
	for ; n > 1; n /= 2 {
		l++
	}
	return l
}

// list is count registers of a name from a number on: {%a4,%a5}.
func list(name string, from, count int) string {
	var names []string
	for i := range count {
		names = append(names, fmt.Sprintf("%%%s%d", name, from+i))
	}
	return "{" + strings.Join(names, ",") + "}"
}

// sum is the register of a lane's sum: in the 16 rows i of the warp's tile the upper or the lower 8, and of the lane's 8 columns
// of 32, of which a warp has one half or two, column c.
func sum(i, rows, half, c int) string { return fmt.Sprintf("%%sum%d", 64*half+16*i+4*(c/2)+2*rows+c%2) }

// sums are the registers of count columns from c on: {%sum0,%sum1}.
func sums(i, rows, half, c, count int) string {
	var names []string
	for e := range count {
		names = append(names, sum(i, rows, half, c+e))
	}
	return "{" + strings.Join(names, ",") + "}"
}

// offset is how far column c of a lane's 8 lies from the first: the 16 bytes that it stores at a time are together.
func offset(float32 bool, c int) int {
	if float32 {
		return 16*(c/4) + c%4
	}
	return c
}

// divide is q = n / name for a parameter name that loadDivisor has read.
func divide(q, n, name string) string {
	return fmt.Sprintf("add.u32 %s, %s, %s;\n\tmul.hi.u32 %s, %s, %%%s_factor;\n\tshr.u32 %s, %s, %%%s_shift;", q, n, n, q, q, name, q, q, name)
}

// loadSize reads parameters into registers of their names.
func loadSize(names ...string) string {
	var lines []string
	for _, n := range names {
		lines = append(lines, fmt.Sprintf("ld.param.u32 %%%s, [%s];", n, n))
	}
	return strings.Join(lines, "\n\t")
}

// loadDivisor reads a divisor with its reciprocal.
func loadDivisor(name string) string {
	return fmt.Sprintf(".reg .b32 %%%s, %%%s_factor, %%%s_shift;\n\tld.param.u32 %%%s, [%s];\n\t"+
		"ld.param.u32 %%%s_factor, [%s_reciprocal];\n\tld.param.u32 %%%s_shift, [%s_reciprocal+4];", name, name, name, name, name, name, name, name, name)
}
