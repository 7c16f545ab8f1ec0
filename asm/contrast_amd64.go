//go:build amd64 && !noasm

package asm

import (
	"math"
	"slices"
	"unsafe"

	"gzpt/kernels"
)

// The contrastive loss cuts the matrix of logits into tiles of a band of anchors and a block of candidates. A tile lives in
// L2 of one worker: a product makes it, the exponentials pass over it in place, and in the backward pass two more products
// take it as their operand. Nothing of the size of the matrix is stored.
//
// The sums of a band belong to one worker at a time, and so do the gradients of a block of keys. Tiles that share neither
// make a round; rounds follow each other, so that the order of every sum follows from the shape.

// span is the rows first, ..., first+n-1.
type span struct{ first, n int }

// segment is the keys of the batch or the queue: rows that are neighbouring columns of the logits.
type segment struct {
	rows   []float32
	column int       // of the first row
	n      int       // rows
	size   int       // of a block
	across []float32 // rows times Scale, [panel of columns][depth][column]
	along  []float32 // rows, [block][panel of depth][row][column]
	packed []bool    // blocks that are; only where a worker packs its own
}

func (s *segment) blocks() int { return ceil(s.n, s.size) }

func (s *segment) block(i int) span { return span{i * s.size, min(s.size, s.n-i*s.size)} }

// anchor is what the labels of one anchor come to.
type anchor struct {
	positives float64 // sum of the labels
	weight    float64 // w_i
	labels    span
	ascending bool // the columns of many labels: they can be searched
}

// anchorState is the sums over some candidates of one anchor.
type anchorState struct {
	largest  float32
	sum      float64 // of the exponentials of the logits less the largest
	labelled float64 // of the labelled logits
}

// contrastJob carries out step for every item of a contrastive loss or its gradient.
type contrastJob struct {
	step func(j *contrastJob, item, worker int)
	pair func(j *contrastJob, worker int, upper, lower span)
	d    *device
	k    *contrastKernels
	kernels.Contrast
	symmetric    bool
	q            []float32
	anchors      int
	depth, wide  int // and depth in whole panels
	size         int // of a band
	reach        int // bands of a group
	keys, queue  segment
	offsets      []int32
	columns      []int32
	labels       []float32
	labelled     []anchor
	marks        []bool        // [band][block]: whether the tile has labels
	norms        []float64     // of the longest row of a band or block, squared
	states       []anchorState // [part][anchor]
	loose        []*segment    // whose tiles touch the sums of one band only
	parts        int           // that their blocks are cut into
	round        int
	pass         pass
	stride       int       // floats from one row of a tile to the next
	in, out      []int     // offsets of the rows of a band in q, and of a tile
	runs         []run     // of the depth
	bands        []float32 // q as segment.along of bands
	dq, dk       []float32
	partial      []float32 // gradients of q of all parts but the first
	shifts       []float32 // lse
	factors      []float32 // of the exponentials of an anchor
	labelFactors []float32 // of its labels
	workers      []contrastWorkspace
	keptLoss
}

// keptLoss is what the loss together with its gradient needs beside.
type keptLoss struct {
	lse                    []float32
	scale                  float64
	losses                 []float64
	kept                   []float32 // exponentials
	tile, bandFloats       int       // floats of a tile and of all tiles of a band
	portions               []portion
	portioned              int // how many there are
	order                  keptOrder
	zeros                  []float32
	pairSums, pairLabelled []float64 // [band][anchor]: of the logits with that band
}

// contrastWorkspace is the scratch of one worker.
type contrastWorkspace struct {
	z, turned      []float32 // a tile, and its transpose
	runs           []run
	blockRuns      []run // of one block of several
	stats          []rowStats
	sums, labelled []float64 // of rows
	columnSums     []float32
	lanes          []float32  // sums of the lanes of rows
	loose          []*segment // those of the job, or its own
	keys, queue    segment    // its own
}

// Sizes of tiles in rows and columns, whole panels of every tier: a tile takes up to 140 KiB of L2.
const (
	contrastSmall  = 64
	contrastMiddle = 128
	forwardWidth   = 512                // columns, where a tile is no operand: long rows have less work at their ends
	tilePadding    = 16                 // floats that keep rows of a tile from meeting in one set of L1
	maxLanes       = 16                 // floats of a vector of any tier
	maxReach       = 4                  // bands of a group
	manyAnchors    = 8 * contrastMiddle // enough bands of any size for some workers
)

// contrastGroups is how many groups of bands there are before one has several; a test sets it.
var contrastGroups = 16

// bandSize is the rows of a band or block of n: small work has enough for some workers.
func bandSize(n int) int {
	if n < 4*contrastMiddle {
		return contrastSmall
	}
	return contrastMiddle
}

// pass is what a job computes.
type pass uint8

const (
	forward pass = iota
	backward
	together
)

// sizes chooses the tiles.
func (j *contrastJob) sizes(p pass) {
	j.size, j.keys.size, j.queue.size = bandSize(j.anchors), bandSize(j.keys.n), bandSize(j.queue.n)
	switch {
	case p == forward:
		j.queue.size = forwardWidth
		if !j.symmetric {
			j.size, j.keys.size = contrastSmall, forwardWidth
		}
	case p == together && !j.symmetric && j.anchors < manyAnchors:
		j.size = contrastSmall
	}
}

func (j *contrastJob) bandCount() int { return ceil(j.anchors, j.size) }

// groupCount is the groups of bands. A worker takes the bands of a group through the same blocks, so that it fetches those
// once for all of them.
func (j *contrastJob) groupCount() int { return ceil(j.bandCount(), j.reach) }

// group is the bands of a group, or of blocks those of as many.
func (j *contrastJob) group(i, count int) span {
	return span{i * j.reach, min(j.reach, count-i*j.reach)}
}

func (j *contrastJob) band(i int) span { return span{i * j.size, min(j.size, j.anchors-i*j.size)} }

// do hands an item to the step that runs.
func (j *contrastJob) do(item, worker int) { j.step(j, item, worker) }

// each runs n items of a step. None wake nobody.
func (j *contrastJob) each(n int, step func(j *contrastJob, item, worker int)) {
	if n == 0 {
		return
	}
	j.step = step
	j.d.pool.run(j, n)
}

// contrast is the job for some operands, its labels added up and its candidates packed, for the backward pass as well where
// there is one.
func (d *device) contrast(q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, symmetric bool, p pass) *contrastJob {
	j := &d.elem.contrast
	j.d, j.k, j.Contrast, j.symmetric, j.pass = d, d.contrastKernels(), c, symmetric, p
	j.q, j.anchors, j.depth = q.Float32(), q.Dim(0), q.Dim(1)
	columns := d.blocking().columns
	j.wide = ceil(j.depth, columns) * columns
	j.keys.rows, j.keys.n = k.Float32(), k.Dim(0)
	j.queue.rows, j.queue.column, j.queue.n = queue.Float32(), k.Dim(0), 0
	if queue.Rank() != 0 {
		j.queue.n = queue.Dim(0)
	}
	j.sizes(p)
	j.reach = min(max(j.bandCount()/contrastGroups, 1), maxReach)
	j.offsets, j.columns, j.labels = labels.Offsets.Int32(), labels.Columns.Int32(), labels.Weights.Float32()
	j.scratch()
	j.prepare()
	return j
}

// ownAnchors of each worker are enough for it to pack keys of its own, and ownFloats are the most that all of them pack. Tests set
// them; no bit of a result depends on them.
var ownAnchors, ownFloats = 512, 1 << 20

// packsOwn reports whether every worker packs the keys for itself, each block when it first needs it. What another core has packed
// comes slowly; but all workers pack everything then, which many anchors are worth, and few keys have room for.
func (j *contrastJob) packsOwn() bool {
	n := j.d.pool.workers
	return j.pass == together && !j.symmetric && j.anchors >= n*ownAnchors && n*(j.keys.n+j.queue.n)*(j.depth+j.wide) <= ownFloats
}

// room makes room for the packed rows of a segment.
func (j *contrastJob) room(s *segment) {
	columns := j.d.blocking().columns
	s.across = growFloats(s.across, ceil(s.n, columns)*columns*j.depth)
	if j.pass != forward {
		s.along = growFloats(s.along, s.n*j.wide)
	}
}

// prepare adds up the labels of every band and packs every block, unless the workers do, in one round.
func (j *contrastJob) prepare() {
	if !j.packsOwn() {
		j.room(&j.keys)
		j.room(&j.queue)
	}
	j.labelled = grow(j.labelled, j.anchors)
	j.marks = grow(j.marks, j.bandCount()*j.blockCount())
	items := j.bandCount() + j.blockCount()
	j.norms = grow(j.norms, items)
	j.each(items, (*contrastJob).prepareItem)
	var all float64
	for i := range j.anchors {
		all += j.labelled[i].positives
	}
	for i := range j.anchors {
		a := &j.labelled[i]
		a.weight = rowWeight(j.Normaliser, a.positives, all, j.anchors)
	}
}

// prepareItem prepares a band, or one of the blocks behind all bands.
func (j *contrastJob) prepareItem(item, _ int) {
	block, bands, packs := item-j.bandCount(), j.bandCount(), !j.packsOwn()
	switch {
	case item < bands:
		j.weigh(item)
		j.norms[item] = j.longest(j.q, j.band(item))
	case block < j.keys.blocks():
		if packs && j.Keys != kernels.OwnKey {
			j.pack(&j.keys, j.keys.block(block))
		}
		j.norms[item] = j.longest(j.keys.rows, j.keys.block(block))
	default:
		if packs {
			j.pack(&j.queue, j.queue.block(block-j.keys.blocks()))
		}
		j.norms[item] = j.longest(j.queue.rows, j.queue.block(block-j.keys.blocks()))
	}
}

// blockCount is the blocks of both segments.
func (j *contrastJob) blockCount() int { return j.keys.blocks() + j.queue.blocks() }

// longest is the largest sum of squares of some rows, NaN if one is; only the passes together want to know.
func (j *contrastJob) longest(rows []float32, of span) float64 {
	if j.pass != together || j.depth == 0 || of.n == 0 {
		return 0
	}
	return j.k.longestRow(&rows[of.first*j.depth], of.n, j.depth)
}

// scratch makes room for tiles, and lists the offsets of their rows.
func (j *contrastJob) scratch() {
	width := max(j.size, j.keys.size, j.queue.size)
	rows := j.size
	j.stride = width + tilePadding
	j.in, j.out = grow(j.in, rows+maxRows), grow(j.out, rows+maxRows)
	for r := range rows + maxRows {
		j.in[r], j.out[r] = 4*r*j.depth, 4*r*j.stride
	}
	j.runs = stretches(j.runs, j.depth, j.d.blocking().columns)
	j.workers = grow(j.workers, j.d.pool.workers)
	for i := range j.workers {
		ws := &j.workers[i]
		ws.z = growFloats(ws.z, rows*j.stride)
		if j.symmetric {
			ws.turned = growFloats(ws.turned, rows*j.stride)
		}
		ws.stats, ws.runs, ws.blockRuns = grow(ws.stats, rows), grow(ws.runs, anchorBlocks*ceil(width, runSteps)), grow(ws.blockRuns, ceil(width, runSteps))
		ws.sums, ws.labelled, ws.columnSums = grow(ws.sums, rows), grow(ws.labelled, rows), growFloats(ws.columnSums, whole(width))
		ws.lanes = growFloats(ws.lanes, rows*maxLanes)
	}
}

// stretches are the runs of a sum of n steps through rows of floats and through panels.
func stretches(runs []run, n, columns int) []run {
	runs = runs[:0]
	for parts, first := ceil(n, runSteps), 0; first < n; parts-- {
		steps := min(ceil(ceil(n-first, parts), 4)*4, n-first)
		runs = append(runs, run{4 * first, 4 * columns * first, steps})
		first += steps
	}
	return runs
}

// weigh adds up the labels of the anchors of a band and marks the tiles that have some.
func (j *contrastJob) weigh(item int) {
	band, marks := j.band(item), j.marks[item*j.blockCount():][:j.blockCount()]
	clear(marks)
	for i := band.first; i < band.first+band.n; i++ {
		labels := j.labelRange(i)
		columns := j.columns[labels.first:][:labels.n]
		a := anchor{labels: labels, ascending: labels.n > manyLabels && slices.IsSorted(columns)}
		for e, column := range columns {
			if j.admits(i, int(column)) {
				a.positives += float64(j.labels[labels.first+e])
				marks[j.blockOf(int(column))] = true
			}
		}
		j.labelled[i] = a
	}
}

// blockOf is the number of the block of a column, those of the queue after those of the keys.
func (j *contrastJob) blockOf(column int) int {
	if column < j.keys.n {
		return column / j.keys.size
	}
	return j.keys.blocks() + (column-j.keys.n)/j.queue.size
}

// marked reports whether some anchors of a band have labels in the block of a column.
func (j *contrastJob) marked(anchor, column int) bool {
	return j.marks[anchor/j.size*j.blockCount()+j.blockOf(column)]
}

// manyLabels of one anchor are searched, fewer looked through.
const manyLabels = 16

// labelRange is where the labels of anchor i lie.
func (j *contrastJob) labelRange(i int) span {
	end := max(min(int(j.offsets[i+1]), len(j.columns), len(j.labels)), 0)
	first := min(max(int(j.offsets[i]), 0), end)
	return span{first, end - first}
}

// labelsIn is where the labels of anchor i at the columns of a span lie, and perhaps others.
func (j *contrastJob) labelsIn(i int, columns span) span {
	a := &j.labelled[i]
	if !a.ascending {
		return a.labels
	}
	all := j.columns[a.labels.first:][:a.labels.n]
	first, _ := slices.BinarySearch(all, int32(columns.first))
	behind, _ := slices.BinarySearch(all, int32(columns.first+columns.n))
	return span{a.labels.first + first, behind - first}
}

// admits reports whether column is one of those of anchor i.
func (j *contrastJob) admits(i, column int) bool {
	if column >= j.keys.n || j.Keys == kernels.AllKeys {
		return 0 <= column && column < j.keys.n+j.queue.n
	}
	return 0 <= column && (column == i) == (j.Keys == kernels.OwnKey)
}

// pack packs a block for the products of the pass.
func (j *contrastJob) pack(s *segment, block span) {
	j.packAcross(s, block)
	if j.pass != forward {
		j.packAlong(s.along, s.rows, block)
	}
}

func (j *contrastJob) packBand(item, _ int) { j.packAlong(j.bands, j.q, j.band(item)) }

// packAcross packs one block for the product that makes logits.
func (j *contrastJob) packAcross(s *segment, block span) {
	columns := j.d.blocking().columns
	if j.depth == 0 {
		return
	}
	for first := block.first; first < block.first+block.n; first += columns {
		panel := s.across[first*j.depth:][:columns*j.depth]
		packColumns(&panel[0], columns, &s.rows[first*j.depth], j.depth, j.depth, min(columns, s.n-first))
		j.k.scaleFloats(&panel[0], len(panel), float32(j.Scale))
	}
}

// packAlong packs the rows of one block or band for the products that sum over them.
func (j *contrastJob) packAlong(packed, rows []float32, block span) {
	columns := j.d.blocking().columns
	for c := 0; c < j.depth; c += columns {
		to := &packed[block.first*j.wide+c*block.n]
		packRows(to, columns, &rows[block.first*j.depth+c], j.depth, block.n, min(columns, j.depth-c))
	}
}

// products fills a tile with the logits of a band and a block, and meanwhile fetches other floats for later. Behind the last
// column of the block it fills up the panel with 0.
func (j *contrastJob) products(tile []float32, band span, s *segment, block span, later []float32) {
	b, q, z := j.d.blocking(), at(unsafe.SliceData(j.q), band.first*j.depth), unsafe.SliceData(tile)
	f := j.fetches(later, len(s.across) <= nearbyFloats, band.n, block.n)
	most := max(b.item/(b.columns*b.rows*max(j.depth, 1)), 1) * b.rows // rows of a call
	for c := 0; c < block.n; c += b.columns {
		w := at(unsafe.SliceData(s.across), (block.first+c)*j.depth)
		for r := 0; r < band.n; r += most {
			rows := min(most, band.n-r)
			j.d.tileAhead(q, &j.in[r], j.runs, w, at(z, c), &j.out[r], rows, b.columns, false, f.next(rows))
		}
	}
}

// nearbyFloats stay in L2 from one use to the next, beside what else is there: to fetch them would only take time.
const nearbyFloats = 64 << 10

// fetches is some floats that the tiles of a product fetch between them.
type fetches struct {
	fetch
	rows int // of a tile
}

// fetches are those of a product of so many rows and columns.
func (j *contrastJob) fetches(later []float32, nearby bool, rows, columns int) fetches {
	if len(later) == 0 || nearby {
		return fetches{}
	}
	b := j.d.blocking()
	lines := ceil(4*len(later), alignment*ceil(rows, b.rows)*ceil(columns, b.columns))
	return fetches{fetch{uintptr(unsafe.Pointer(unsafe.SliceData(later))), lines}, b.rows}
}

// next is what the tiles of the next rows fetch.
func (f *fetches) next(rows int) fetch {
	this := f.fetch
	if f.lines > 0 {
		f.from += uintptr(alignment * f.lines * ceil(rows, f.rows))
	}
	return this
}

// whole is the floats of a row of a tile with n columns, which the kernels take 64 at a time.
func whole(n int) int { return ceil(n, 64) * 64 }

// fillUp puts v behind the n columns of the rows of a tile.
func (j *contrastJob) fillUp(z []float32, rows, n int, v float32) {
	if n == whole(n) {
		return
	}
	for r := range rows {
		for c := n; c < whole(n); c++ {
			z[r*j.stride+c] = v
		}
	}
}

// leaveOut puts v at the columns of a tile that belong to the anchors themselves, where they have no such column.
func (j *contrastJob) leaveOut(z []float32, band span, s *segment, block span, v float32) {
	if j.Keys != kernels.OtherKeys || s.column+block.first >= j.keys.n {
		return
	}
	for i := max(band.first, block.first); i < min(band.first+band.n, block.first+block.n); i++ {
		z[(i-band.first)*j.stride+i-block.first] = v
	}
}

var minusInfinity = float32(math.Inf(-1))
