//go:build amd64 && !noasm

package asm

import "unsafe"

// Where x has fewer channels than a tile has columns, as in the first layer of a network, its channels would leave most of
// the columns empty. There the operands change places: the columns are output channels, and the rows are the window of
// S*C neighbouring floats that a kernel row reads, straight from padded copies of the image rows. The gradient comes out
// transposed, [R, S*C, K], and is small.

// narrow reports whether the weight gradient of g takes this path.
func (g geometry) narrow(b *blocking) bool {
	return g.c < b.columns && g.Groups == 1 && g.Dilation == 1
}

// windowJob computes transposed weight gradients. An item is a part of the output rows.
type windowJob struct {
	d     *device
	dy, x *float32
	geometry
	parts   int
	columns int // output channels, padded to whole tiles
	width   int // floats of a padded row
	block   int // output rows of a block
}

// window is the floats that a kernel row reads.
func (j *windowJob) window() int { return j.s * j.c }

// size is the floats of a transposed gradient.
func (j *windowJob) size() int { return j.r * j.window() * j.columns }

// narrowGradient is weightGradient for narrow geometries.
func (d *device) narrowGradient(dw, dy, x []float32, g geometry, add bool) {
	b := d.blocking()
	d.conv.window = windowJob{
		d: d, dy: unsafe.SliceData(dy), x: unsafe.SliceData(x), geometry: g,
		parts:   max(min(g.n*g.oh*g.ow/gradPart, gradItems, g.n*g.oh), 1), // none without a row
		columns: ceil(g.k, b.columns) * b.columns,
		width:   ((g.ow-1)*g.Stride + g.s) * g.c,
		block:   min(max(gradBlock/g.ow, 1), g.oh),
	}
	j := &d.conv.window
	ws := d.workspaces()
	for i := range ws {
		ws[i].x = growFloats(ws[i].x, ((j.block-1)*g.Stride+g.r)*j.width)
		ws[i].dy = growFloats(ws[i].dy, j.block*g.ow*j.columns+lanes)
		ws[i].runs = grow(ws[i].runs, j.block)
	}
	size := j.size()
	d.conv.partial = growFloats(d.conv.partial, j.parts*size)
	d.pool.run(j, j.parts)
	d.conv.reduce = reduceJob{dst: d.conv.partial[:size], parts: d.conv.partial[size : j.parts*size]}
	d.pool.run(&d.conv.reduce, ceil(size, reduceItem))
	if !add {
		clear(dw)
	}
	depth := j.r * j.window()
	for k := range g.k {
		for i := range depth {
			dw[k*depth+i] += d.conv.partial[i*j.columns+k]
		}
	}
}

func (j *windowJob) do(part, worker int) {
	ws := &j.d.conv.workers[worker]
	rows := j.n * j.oh
	first, end, add := rows*part/j.parts, rows*(part+1)/j.parts, false
	to := at(unsafe.SliceData(j.d.conv.partial), part*j.size())
	for first < end {
		n := min(j.block, end-first, j.oh-first%j.oh)
		j.pack(ws, first, n)
		j.tiles(ws, to, n, add)
		first, add = first+n, true
	}
}

// pack copies the rows of x under n output rows, with zeros for the padding, and packs their dy.
func (j *windowJob) pack(ws *workspace, first, n int) {
	image, top := first/j.oh, first%j.oh*j.Stride-j.Pad
	left := j.Pad * j.c
	for i := range (n-1)*j.Stride + j.r {
		row := ws.x[i*j.width:][:j.width]
		h := top + i
		if h < 0 || h >= j.h {
			clear(row)
			continue
		}
		copied := min(j.w*j.c, max(j.width-left, 0))
		clear(row[:min(left, j.width)])
		if copied > 0 {
			copy(row[left:], unsafe.Slice(at(j.x, (image*j.h+h)*j.w*j.c), copied))
			clear(row[left+copied:])
		}
	}
	dys := packing{from: j.dy, to: unsafe.SliceData(ws.dy), hi: j.k, width: j.d.blocking().columns, total: n * j.ow}
	dys.rows(first*j.ow*j.k, j.k, 0, dys.total)
}

// tiles adds n packed output rows to the transposed gradient at to.
func (j *windowJob) tiles(ws *workspace, to *float32, n int, add bool) {
	b := j.d.blocking()
	for i := range n {
		ws.runs[i] = run{4 * i * j.Stride * j.width, 4 * i * j.ow * b.columns, j.ow}
	}
	for k := 0; k < j.columns; k += b.columns {
		dy := at(unsafe.SliceData(ws.dy), k*n*j.ow)
		for r := range j.r {
			for i := 0; i < j.window(); i += b.rows {
				x := at(unsafe.SliceData(ws.x), r*j.width+i)
				j.d.gradTile(x, 4*j.Stride*j.c, dy, 4*b.columns, ws.runs[:n], at(to, (r*j.window()+i)*j.columns+k),
					4*j.columns, min(b.rows, j.window()-i), b.columns, add)
			}
		}
	}
}
