// Package tiles makes the PTX of kernels on tensor cores: one source for each kernel, from which the files of every type of
// number and every size of tile follow. The files are committed; a test of package cuda holds them to their source.
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

// number is a type of factors of the tensor cores.
type number struct {
	Name  string
	Size  int    // bytes of an element
	Shape string // of one instruction
	Types string // of its results, factors and addends
}

var numbers = []number{
	{"tf32", 4, "m16n8k8", "f32.tf32.tf32.f32"},
	{"bf16", 2, "m16n8k16", "f32.bf16.bf16.f32"},
}

// TF32 says that factors are float32 and have to be rounded.
func (n number) TF32() bool { return n.Name == "tf32" }

// Vector is the number of elements that a thread copies at a time, 16 bytes.
func (n number) Vector() int { return 16 / n.Size }

// Depth is the number of terms of a sum that a stage holds, 64 bytes of a row.
func (n number) Depth() int { return 64 / n.Size }

// tile is what a block computes: M x N results, a tile of 64 x 32 each warp.
type tile struct {
	number
	M, N   int
	Narrow bool // elements are copied one by one, from any address
	Blocks int  // that a multiprocessor is to hold
}

// Entry is the name of the kernel behind the operation: the type, then the tile or that it is narrow.
func (t tile) Entry(operation string) string {
	if t.Narrow {
		return fmt.Sprintf("%s_%s_narrow", operation, t.Name)
	}
	return fmt.Sprintf("%s_%s_%dx%d", operation, t.Name, t.M, t.N)
}

func (t tile) WarpsM() int  { return t.M / 64 }
func (t tile) WarpsN() int  { return t.N / 32 }
func (t tile) Threads() int { return 32 * t.WarpsM() * t.WarpsN() }

// The bytes of a stage, of its part of the left factor, and of the shared memory.
func (t tile) ABytes() int      { return 64 * t.M }
func (t tile) StageBytes() int  { return 64 * (t.M + t.N) }
func (t tile) SharedBytes() int { return stages * t.StageBytes() }

// Of the kernel of weights: a stage has Depth rows of M channels and of N columns, in parts of 16 bytes, and a thread copies so
// many rows of each.
func (t tile) ARowBytes() int { return t.M * t.Size }
func (t tile) BRowBytes() int { return t.N * t.Size }
func (t tile) AParts() int    { return t.ARowBytes() / 16 }
func (t tile) BParts() int    { return t.BRowBytes() / 16 }
func (t tile) ARows() int     { return t.Depth() * t.AParts() / t.Threads() }
func (t tile) BRows() int     { return t.Depth() * t.BParts() / t.Threads() }

// stages are the parts of a sum that are in shared memory or on the way to it.
const stages = 3

// family is the kernels of one file.
type family struct {
	number
	Tiles []tile
}

// Files are the generated files by name.
func Files() (map[string]string, error) {
	functions := template.FuncMap{
		"add":     func(a, b int) int { return a + b },
		"mul":     func(a, b int) int { return a * b },
		"div":     func(a, b int) int { return a / b },
		"mod":     func(a, b int) int { return a % b },
		"log":     logarithm,
		"list":    list,
		"divide":  divide,
		"size":    loadSize,
		"divisor": loadDivisor,
		"stage":   func(t tile, n int) indexed { return indexed{t, n} },
		"name":    func(name string, n int) string { return fmt.Sprintf("%%%s%d", name, n) },
		"sum":     sum,
		"offset":  offset,
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
	var both []tile
	for _, n := range numbers {
		make("convolution_gather_"+n.Name+".ptx", "gather.tmpl",
			tile{n, 128, 128, false, 2}, tile{n, 128, 64, false, 3}, tile{n, 128, 64, true, 3})
		make("convolution_weights_"+n.Name+".ptx", "weights.tmpl",
			tile{n, 128, 128, false, 2}, tile{n, 64, 128, false, 3}, tile{n, 64, 128, true, 3})
		both = append(both, tile{number: n})
	}
	make("convolution_filters.ptx", "filters.tmpl", both...)
	execute("product_wgmma.ptx", "product.tmpl", []ring.Ring{ring.Wide, ring.Narrow})
	execute("turn_wgmma.ptx", "turn.tmpl", nil)
	execute("contrast_lse_wgmma.ptx", "lse.tmpl", ring.Tall)
	execute("contrast_gradient_wgmma.ptx", "gradient.tmpl", ring.Narrow)
	return files, err
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
// column c.
func sum(i, half, c int) string { return fmt.Sprintf("%%sum%d", 16*i+4*(c/2)+2*half+c%2) }

// offset is how far column c of a lane's 8 lies from the first: the 16 bytes that it stores at a time are together.
func offset(tf32 bool, c int) int {
	if tf32 {
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
