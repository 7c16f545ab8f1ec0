//go:build amd64 && !noasm

package asm

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"gzpt/kernels"
)

// The loss with its gradient keeps the exponentials of the logits between the two passes where there is room for them, so
// that they are computed once, and three products remain of four; half of that in the symmetric form.
//
// It keeps exp(z) itself, nothing taken out: |z| <= |Scale| * |q_i| * |k_j| (Cauchy and Schwarz), and where that is at most
// keptLogit for the longest rows no exponential and no sum of them leaves the range of float32, nor does a factor of the
// gradient, about exp(-keptLogit)/(N*M). Rows of length 1 meet it at a temperature of 0.025 and above. Elsewhere, and without
// room, the loss and its gradient are the two operations one after the other.

const (
	keptLogit      = 40
	keptBandFloats = 3 << 20  // of the columns of one band
	keptPairFloats = 12 << 20 // of all pairs of bands of the symmetric form
)

// keptFloats is for the bands of two groups, 24 MiB; where those are fewer than the workers, as many are kept. No bit of the
// result depends on it. A test sets it.
var keptFloats = 6 << 20

func (d *device) ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	symmetric := d.check.ContrastiveLossAndBackward(loss, lse, dq, dk, q, k, queue, labels, c)
	if !keeps(q, k, queue, c, symmetric) {
		d.apart(loss, lse, dq, dk, q, k, queue, labels, c, scale)
		return
	}
	j := d.contrast(q, k, queue, labels, c, symmetric, together)
	if !(j.largestLogit() <= keptLogit) {
		d.apart(loss, lse, dq, dk, q, k, queue, labels, c, scale)
		return
	}
	j.dq, j.dk, j.lse, j.scale = dq.Float32(), dk.Float32(), lse.Float32(), scale
	n := whole(j.anchors) + whole(1)
	j.losses, j.factors, j.labelFactors, j.zeros = grow(j.losses, j.anchors), grow(j.factors, n), grow(j.labelFactors, n), grow(j.zeros, max(maxColumns, j.depth))
	clear(j.factors[j.anchors:n])
	if symmetric {
		j.keepPairs()
	} else {
		j.keepBands()
	}
	for _, l := range j.losses[:j.anchors] {
		loss.Float64()[0] += scale * l
	}
}

// apart is the two operations.
func (d *device) apart(loss, lse, dq, dk, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	d.ContrastiveLoss(loss, lse, q, k, queue, labels, c, scale)
	d.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c, scale)
}

// keeps reports whether there is room for the exponentials, by the shape alone, so that the result does not depend on the
// workers.
func keeps(q, k, queue kernels.Tensor, c kernels.Contrast, symmetric bool) bool {
	columns := 0
	if c.Keys != kernels.OwnKey {
		columns = k.Dim(0)
	}
	if queue.Rank() != 0 {
		columns += queue.Dim(0)
	}
	switch {
	case q.Dim(0) == 0: // of no use
		return false
	case symmetric && (c.Keys == kernels.OwnKey || columns != q.Dim(0)): // the own keys alone, or a queue
		return false
	case symmetric:
		return keepsPairs(columns)
	}
	return keepsBands(columns)
}

func keepsBands(columns int) bool { return contrastMiddle*columns <= keptBandFloats }

func keepsPairs(anchors int) bool {
	size := bandSize(anchors)
	bands := ceil(anchors, size)
	return bands*(bands+1)/2*size*size <= keptPairFloats
}

// contrastKept is what ContrastKept says of a processor with kernels.
func contrastKept(keys int, symmetric bool) bool {
	if symmetric {
		return keepsPairs(keys)
	}
	return keepsBands(keys)
}

// largestLogit bounds the logits by the lengths of the rows; NaN where there is one.
func (j *contrastJob) largestLogit() float64 {
	bands, items := j.bandCount(), j.bandCount()+j.blockCount()
	longest := func(squares []float64) (most float64) {
		for _, s := range squares {
			if !(s <= most) {
				most = s
			}
			if s != s {
				break
			}
		}
		return most
	}
	return math.Abs(j.Scale) * math.Sqrt(longest(j.norms[:bands])*longest(j.norms[bands:items]))
}

// keepBands goes through groups of bands. In the stage of bands a group gets its logits, its sums and the gradient of its
// anchors, in that of keys the blocks of keys get their gradient of the group. All stages are one job: the bands of the next
// group come before the keys of a group, so that nobody waits at its end, and two groups are kept.
func (j *contrastJob) keepBands() {
	j.loose = j.loose[:0]
	if j.Keys != kernels.OwnKey {
		j.loose = append(j.loose, &j.keys)
	}
	j.loose = append(j.loose, &j.queue)
	blocks := 0
	for _, s := range j.loose {
		blocks += s.blocks()
	}
	workers := j.d.pool.workers
	j.tile = j.size * j.stride
	j.bandFloats = max(blocks*j.tile, 1)
	j.reach = j.bandCount()
	if !j.whole() {
		j.reach = min(max(keptFloats/2/j.bandFloats/workers, 1)*workers, j.bandCount())
		j.reach = ceil(j.bandCount(), j.groupCount()) // groups of a size
	}
	j.kept = growFloats(j.kept, min(j.groupCount(), 2)*j.reach*j.bandFloats)
	if len(j.dk) != 0 {
		j.bands = growFloats(j.bands, j.anchors*j.wide)
	}
	for i := range j.workers {
		j.segments(&j.workers[i])
	}
	j.each(j.divide(), (*contrastJob).keptItem)
}

// wholeFloats are the most of all bands that are one group, however many workers there are. A test sets it.
var wholeFloats = 3 << 20

// whole reports whether all bands are one group, which follows from the shape.
func (j *contrastJob) whole() bool { return j.bandCount()*j.bandFloats <= wholeFloats }

// segments are what a worker takes its blocks from: the loose ones of the job, or copies that it packs for itself.
func (j *contrastJob) segments(ws *contrastWorkspace) {
	ws.loose = append(ws.loose[:0], j.loose...)
	if !j.packsOwn() {
		return
	}
	for i, s := range ws.loose {
		own := &ws.keys
		if s == &j.queue {
			own = &ws.queue
		}
		own.rows, own.column, own.n, own.size = s.rows, s.column, s.n, s.size
		j.room(own)
		own.packed = grow(own.packed, s.blocks())
		clear(own.packed)
		ws.loose[i] = own
	}
}

// portion is the bands of every group that one worker begins with: it makes their exponentials and takes the gradient of keys
// from them, for what another core has written comes slowly, most of all where the two have no cache in common. Who has nothing
// to do helps with other portions.
type portion struct {
	stage, next int          // the first of its items that nobody has taken
	bands       []int        // of a group: those that are not done
	pairs       []int        // items of the symmetric form
	left        atomic.Int64 // of pairs that nobody has taken
}

// keptOrder guards the stages of the portions, and the order of the sum of a piece of keys, which follows from the shape.
type keptOrder struct {
	sync.Mutex
	left []int // of a group: items that are not done
	keys []int // of a piece: bands that are in its sum
}

// divide makes the portions and returns how many items they have.
func (j *contrastJob) divide() int {
	n, groups, pieces := min(j.d.pool.workers, j.reach), j.groupCount(), j.keyPieces()
	j.portioned, j.portions, j.order.left, j.order.keys = n, grow(j.portions, n), grow(j.order.left, groups), grow(j.order.keys, pieces)
	clear(j.order.keys)
	for p := range n {
		o := &j.portions[p]
		o.stage, o.next, o.bands = 0, 0, grow(o.bands, groups)
		for g := range groups {
			o.bands[g] = j.share(g, p).n
		}
	}
	for g := range groups {
		j.order.left[g] = j.group(g, j.bandCount()).n + 2*n*pieces
	}
	return j.bandCount() + 2*n*groups*pieces
}

// keyPieces is the pieces of blocks of keys that get a gradient of many bands. The shorter the last items are, the less the workers
// wait for each other at the end.
func (j *contrastJob) keyPieces() int {
	if len(j.dk) == 0 || j.Keys == kernels.OwnKey {
		return 0
	}
	return j.keys.blocks() * j.piecesOf()
}

// piecesOf is how many pieces a block of keys has. Small work has items enough.
func (j *contrastJob) piecesOf() int {
	if j.keys.size <= contrastSmall {
		return 1
	}
	return ceil(j.keys.size, keyColumns)
}

// piece is the block of a piece of keys and where it lies in it.
func (j *contrastJob) piece(i int) (block int, rows span) {
	pieces := j.piecesOf()
	block = i / pieces
	n, first := j.keys.block(block).n, i%pieces*keyColumns
	if pieces == 1 {
		return block, span{0, n}
	}
	return block, span{first, max(min(keyColumns, n-first), 0)}
}

// share is the bands of a group that belong to a portion.
func (j *contrastJob) share(group, p int) span {
	bands, n := j.group(group, j.bandCount()), j.portioned
	return span{bands.first + bands.n*p/n, bands.n*(p+1)/n - bands.n*p/n}
}

// stageOf is the group of a stage of a portion, and whether it is that of keys: bands 0, bands 1, keys 0, bands 2, keys 1 and
// so on.
func (j *contrastJob) stageOf(stage int) (group int, keys bool) {
	switch {
	case stage == 2*j.groupCount()-1:
		return j.groupCount() - 1, true
	case stage == 0 || stage%2 == 1:
		return ceil(stage, 2), false
	}
	return stage/2 - 1, true
}

// keptItem carries out an item of a worker's own portion, or where those wait for something of another.
func (j *contrastJob) keptItem(_, worker int) {
	for {
		for i := range j.portioned {
			if p := (worker + i) % j.portioned; j.keptOf(p, worker) {
				return
			}
		}
		runtime.Gosched()
	}
}

// keptOf carries out the next item of a portion, if it has one that need not wait.
func (j *contrastJob) keptOf(p, worker int) bool {
	group, keys, n := j.take(p)
	switch {
	case n < 0:
		return false
	case keys:
		j.keptKeys(group, p, n)
	default:
		j.keptBand(j.share(group, p).first+n, group, worker)
	}
	j.order.Lock()
	defer j.order.Unlock()
	if keys {
		piece, bands, _ := j.turn(group, p, n)
		j.order.keys[piece] += bands.n
	} else {
		j.portions[p].bands[group]--
	}
	j.order.left[group]--
	return true
}

// take is the next item of a portion that need not wait, n of a group, or -1.
func (j *contrastJob) take(p int) (group int, keys bool, n int) {
	j.order.Lock()
	defer j.order.Unlock()
	o := &j.portions[p]
	for ; o.stage < 2*j.groupCount(); o.stage, o.next = o.stage+1, 0 {
		group, keys = j.stageOf(o.stage)
		items := j.share(group, p).n
		if keys {
			items = 2 * j.keyPieces()
		}
		if o.next < items {
			if !j.ready(p, group, keys, o.next) {
				break
			}
			o.next++
			return group, keys, o.next - 1
		}
	}
	return 0, false, -1
}

// turn is the bands of a portion that an item of keys adds to the gradient of a piece, and how many come before them in its sum. Where all
// bands are one group, odd blocks begin with the band in the middle, so that of two workers neither waits for the other. A portion
// has two turns with every piece, in the first one with the half that its block begins with.
func (j *contrastJob) turn(group, p, item int) (piece int, bands span, before int) {
	all, own, pieces := j.group(group, j.bandCount()), j.share(group, p), j.keyPieces()
	piece = item % pieces
	middle, begin, upper := all.first+all.n, all.first, item >= pieces
	if j.whole() {
		middle = all.first + all.n/2
		if block, _ := j.piece(piece); block%2 != 0 {
			begin, upper = middle, !upper
		}
	}
	first, end := own.first, own.first+own.n
	if upper {
		first = max(first, middle)
	} else {
		end = min(end, middle)
	}
	return piece, span{first, max(end-first, 0)}, all.first + (first-begin+all.n)%all.n
}

// ready reports whether an item of a portion need not wait: bands for room, which the group before the last leaves, keys for
// the bands of the portion and for those that come before in the sum.
func (j *contrastJob) ready(p, group int, keys bool, n int) bool {
	if !keys {
		return group < 2 || j.order.left[group-2] == 0
	}
	piece, bands, before := j.turn(group, p, n)
	return j.portions[p].bands[group] == 0 && (bands.n == 0 || j.order.keys[piece] == before)
}

// acrossBehind is the keys of the next block.
func (j *contrastJob) acrossBehind(s *segment, block span) []float32 {
	first := (block.first + block.n) * j.depth
	return s.across[min(first, s.n*j.depth):min(first+s.size*j.depth, s.n*j.depth)]
}

// keptTiles is the tiles of a band of a group.
func (j *contrastJob) keptTiles(group, band int) []float32 {
	return j.kept[(group%2*j.reach+band-group*j.reach)*j.bandFloats:][:j.bandFloats]
}

// keptBand is a band from its logits to its gradient.
func (j *contrastJob) keptBand(i, group, worker int) {
	ws, tiles, band := &j.workers[worker], j.keptTiles(group, i), j.band(i)
	sums, labelled := ws.sums[:band.n], ws.labelled[:band.n]
	clear(sums)
	clear(labelled)
	if j.Keys == kernels.OwnKey {
		for r := range sums {
			z := j.own(band.first + r)
			sums[r] = math.Exp(float64(z))
			labelled[r] = j.labelledIn([]float32{z}, 0, band.first+r, span{band.first + r, 1})
		}
	}
	later := tiles
	for _, s := range ws.loose {
		for b := range s.blocks() {
			block := s.block(b)
			if j.packsOwn() && !s.packed[b] {
				j.pack(s, block)
				s.packed[b] = true
			}
			j.exponentials(ws, later, band, s, block, sums, labelled, j.acrossBehind(s, block))
			later = later[j.tile:]
		}
	}
	for r := range sums {
		i := band.first + r
		j.finishAnchor(i, sums[r], labelled[r])
		if p := j.labelled[i].positives; p != 0 {
			j.labelFactors[i] = float32(sums[r] / p) // over the factor of the anchor
		}
	}
	j.anchorGradient(ws, tiles, band)
	if len(j.dk) != 0 {
		j.packScaled(band)
	}
}

// anchorGradient is the gradient of a band, whose exponentials become coefficients where there are labels. They lack the
// factor of the anchor, which the gradient gets at the end.
func (j *contrastJob) anchorGradient(ws *contrastWorkspace, tiles []float32, band span) {
	add := false
	for _, s := range ws.loose {
		for b := 0; b < s.blocks(); b += anchorBlocks {
			n := min(anchorBlocks, s.blocks()-b)
			for i := range n {
				block := s.block(b + i)
				j.takeLabels(tiles[i*j.tile:], j.stride, 1, band, span{s.column + block.first, block.n})
			}
			later := tiles[n*j.tile:]
			j.addBlocks(ws, tiles, band, s, b, n, add, later[:min(anchorBlocks*j.tile, len(later))])
			tiles, add = later, true
		}
	}
	dq := j.dq[band.first*j.depth:][:band.n*j.depth]
	if !add {
		clear(dq)
	}
	if j.Keys == kernels.OwnKey {
		j.keptOwn(band)
	}
	j.scaleAnchors(dq, band)
}

// scaleAnchors multiplies the gradient of a band by the factors of the anchors.
func (j *contrastJob) scaleAnchors(dq []float32, band span) {
	vectors := j.depth / 32 * 32
	if vectors > 0 {
		j.k.scaleRows(&dq[0], &dq[0], 4*j.depth, band.n, vectors, &j.factors[band.first], &j.zeros[0])
	}
	for r := range band.n {
		for c := vectors; c < j.depth; c++ {
			dq[r*j.depth+c] *= j.factors[band.first+r]
		}
	}
}

// anchorBlocks is the blocks of a sum of the gradient of anchors: the longer it is, the less its ends weigh, and a panel of
// as many rows lies in L1.
const anchorBlocks = 2

// addBlocks adds the products of n tiles with the rows of their blocks to the gradient of a band, or begins it with them.
func (j *contrastJob) addBlocks(ws *contrastWorkspace, tiles []float32, band span, s *segment, first, n int, add bool, later []float32) {
	b, z, begin := j.d.blocking(), unsafe.SliceData(tiles), s.block(first)
	f := j.fetches(later, j.bandFloats <= nearbyFloats, band.n, j.depth)
	for c := 0; c < j.depth; c += b.columns {
		runs := ws.runs[:0]
		for i := range n {
			block := s.block(first + i)
			w := (block.first-begin.first)*j.wide + c*(block.n-begin.n)
			for _, r := range stretches(ws.blockRuns, block.n, b.columns) {
				runs = append(runs, run{4*i*j.tile + r.a, 4*w + r.b, r.n})
			}
		}
		w := at(unsafe.SliceData(s.along), begin.first*j.wide+c*begin.n)
		to := at(unsafe.SliceData(j.dq), band.first*j.depth+c)
		j.d.tileAhead(z, &j.out[0], runs, w, to, &j.in[0], band.n, min(b.columns, j.depth-c), add, f.next(band.n))
	}
}

// keptOwn adds the gradient of a band and makes that of the keys of its rows.
func (j *contrastJob) keptOwn(band span) {
	for i := band.first; i < band.first+band.n; i++ {
		g := []float32{float32(math.Exp(float64(j.own(i))))}
		j.takeLabels(g, 0, 0, span{i, 1}, span{i, 1})
		for n := i * j.depth; n < (i+1)*j.depth; n++ {
			j.dq[n] += g[0] * j.keys.rows[n]
			if len(j.dk) != 0 {
				j.dk[n] = g[0] * j.factors[i] * j.q[n]
			}
		}
	}
}

// packScaled packs the rows of a band along, times the factors of the anchors.
func (j *contrastJob) packScaled(band span) {
	columns := j.d.blocking().columns
	j.packAlong(j.bands, j.q, band)
	for c := 0; c < j.wide; c += columns {
		panel := &j.bands[band.first*j.wide+c*band.n]
		j.k.scaleRows(panel, panel, 4*columns, band.n, columns, &j.factors[band.first], &j.zeros[0])
	}
}

// exponentials fills a tile, and adds its rows to sums and their labelled logits to labelled.
func (j *contrastJob) exponentials(ws *contrastWorkspace, z []float32, band span, s *segment, block span, sums, labelled []float64, later []float32) {
	j.products(z, band, s, block, later)
	j.leaveOut(z, band, s, block, minusInfinity)
	j.fillUp(z, band.n, block.n, minusInfinity)
	columns := span{s.column + block.first, block.n}
	if j.marked(band.first, columns.first) {
		for r := range labelled {
			labelled[r] += j.labelledIn(z[r*j.stride:], 1, band.first+r, columns)
		}
	}
	j.k.exponentialSums(&z[0], 4*j.stride, band.n, whole(block.n), &sums[0], nil, &ws.lanes[0])
}

// finishAnchor is what follows from the sum of the exponentials of an anchor and from that of its labelled logits.
func (j *contrastJob) finishAnchor(i int, sum, labelled float64) {
	a, shift := &j.labelled[i], math.Log(sum) // -Inf without columns
	factor := j.Scale * j.scale * a.weight
	j.lse[i], j.losses[i], j.factors[i], j.labelFactors[i] = float32(shift), 0, 0, float32(factor)
	if sum != 0 {
		j.factors[i] = float32(factor * a.positives / sum)
	}
	if a.positives != 0 {
		j.losses[i] = a.weight * (a.positives*shift - labelled)
	}
}

// keptKeys adds the gradient of a piece of keys of the bands of a turn.
func (j *contrastJob) keptKeys(group, p, item int) {
	piece, bands, before := j.turn(group, p, item)
	b, rows := j.piece(piece)
	if rows.n == 0 {
		return
	}
	keys := span{j.keys.block(b).first + rows.first, rows.n}
	for i := range bands.n {
		band := bands.first + i
		var later []float32
		if rows.first == 0 && i+1 < bands.n { // for all pieces of the block
			later = j.keptTiles(group, band+1)[b*j.tile:][:j.tile]
		}
		j.addKeys(j.keptTiles(group, band)[b*j.tile+rows.first:], j.dk, j.bands, j.band(band), keys, before+i > 0, later)
	}
}

// keepPairs is the symmetric form: all pairs of bands get their exponentials, then every band the sums of its rows in all
// of them, then its gradient.
func (j *contrastJob) keepPairs() {
	bands := j.bandCount()
	j.tile = j.size * j.stride
	j.kept = growFloats(j.kept, bands*(bands+1)/2*j.tile)
	j.pairSums, j.pairLabelled = grow(j.pairSums, bands*j.anchors), grow(j.pairLabelled, bands*j.anchors)
	j.portioned = min(j.d.pool.workers, bands)
	j.portions = grow(j.portions, j.portioned)
	j.sharePairs()
	j.each(bands*(bands+1)/2, (*contrastJob).keptPair)
	j.each(bands, (*contrastJob).finishBand)
	j.shareBands()
	j.each(bands, (*contrastJob).keptGradient)
}

// sharePairs gives pairs of bands of one portion to it, and those of two to either, by turns.
func (j *contrastJob) sharePairs() {
	j.emptyPortions()
	for lower := range j.bandCount() {
		for upper := range lower + 1 {
			owner := upper
			if (upper+lower)%2 != 0 {
				owner = lower
			}
			j.give(owner, lower*(lower+1)/2+upper)
		}
	}
}

// shareBands gives bands to their portions.
func (j *contrastJob) shareBands() {
	j.emptyPortions()
	for band := range j.bandCount() {
		j.give(band, band)
	}
}

func (j *contrastJob) emptyPortions() {
	for p := range j.portioned {
		o := &j.portions[p]
		o.pairs = o.pairs[:0]
		o.left.Store(0)
	}
}

// give gives an item to the portion of a band.
func (j *contrastJob) give(band, item int) {
	o := &j.portions[band*j.portioned/j.bandCount()]
	o.pairs = append(o.pairs, item)
	o.left.Add(1)
}

// takeShared is an item of a worker's own portion, or where that has none left of another.
func (j *contrastJob) takeShared(worker int) int {
	for i := range j.portioned {
		o := &j.portions[(worker+i)%j.portioned]
		if left := take(&o.left); left > 0 {
			return o.pairs[len(o.pairs)-int(left)]
		}
	}
	panic("asm: more items than portions have")
}

// keptPairTile is the tile of two bands.
func (j *contrastJob) keptPairTile(upper, lower int) []float32 {
	return j.kept[(lower*(lower+1)/2+upper)*j.tile:][:j.tile]
}

// of is the numbers of a band that another one has given it.
func (j *contrastJob) of(sums []float64, band span, other int) []float64 {
	return sums[other*j.anchors+band.first:][:band.n]
}

// columnRows is the rows whose exponentials are added up in float32, column by column.
const columnRows = 32

// keptPair is the exponentials of a pair of bands and their sums along both.
func (j *contrastJob) keptPair(_, worker int) {
	item := j.takeShared(worker)
	lower := int(math.Sqrt(float64(2*item)+0.25) - 0.5)
	upper := item - lower*(lower+1)/2
	ws, z, rows, columns := &j.workers[worker], j.keptPairTile(upper, lower), j.band(upper), j.band(lower)
	sums, labelled := j.of(j.pairSums, rows, lower), j.of(j.pairLabelled, rows, lower)
	sumsBelow, labelledBelow := ws.sums[:columns.n], ws.labelled[:columns.n] // of a band with itself nobody wants them
	if upper != lower {
		sumsBelow, labelledBelow = j.of(j.pairSums, columns, upper), j.of(j.pairLabelled, columns, upper)
	}
	for _, s := range [][]float64{sums, labelled, sumsBelow, labelledBelow} {
		clear(s)
	}
	if upper == lower {
		j.mirrored(z, rows)
	} else {
		j.products(z, rows, &j.keys, columns, nil)
	}
	j.leaveOut(z, rows, &j.keys, columns, minusInfinity)
	j.fillUp(z, rows.n, columns.n, minusInfinity)
	if j.marked(rows.first, columns.first) {
		for r := range labelled {
			labelled[r] += j.labelledIn(z[r*j.stride:], 1, rows.first+r, columns)
		}
	}
	if j.marked(columns.first, rows.first) {
		for c := range labelledBelow {
			labelledBelow[c] += j.labelledIn(z[c:], j.stride, columns.first+c, rows)
		}
	}
	for r := 0; r < rows.n; r += columnRows {
		clear(ws.columnSums)
		j.k.exponentialSums(&z[r*j.stride], 4*j.stride, min(columnRows, rows.n-r), whole(columns.n), &sums[r], &ws.columnSums[0], &ws.lanes[0])
		for c := range sumsBelow {
			sumsBelow[c] += float64(ws.columnSums[c])
		}
	}
}

// mirrored fills a tile with the logits of a band and itself. The lower left quarter is the upper right one.
func (j *contrastJob) mirrored(z []float32, band span) {
	half := ceil(band.n, 2*maxColumns) * maxColumns
	if half >= band.n {
		j.products(z, band, &j.keys, band, nil)
		return
	}
	upper, lower := span{band.first, half}, span{band.first + half, band.n - half}
	j.products(z, upper, &j.keys, band, nil)
	j.products(z[half*j.stride+half:], lower, &j.keys, lower, nil)
	transpose(&z[half*j.stride], j.stride, &z[half], j.stride, lower.n, half)
}

// finishBand adds up what all bands have given one.
func (j *contrastJob) finishBand(item, _ int) {
	band := j.band(item)
	for i := band.first; i < band.first+band.n; i++ {
		var sum, labelled float64
		for other := range j.bandCount() {
			sum += j.pairSums[other*j.anchors+i]
			labelled += j.pairLabelled[other*j.anchors+i]
		}
		j.finishAnchor(i, sum, labelled)
	}
}

// keptGradient is the gradient of a band through all others: as rows of the tiles with the bands from it on, as columns of
// those with the bands before.
func (j *contrastJob) keptGradient(_, worker int) {
	ws, item := &j.workers[worker], j.takeShared(worker)
	for other := range j.bandCount() {
		upper, lower := min(item, other), max(item, other)
		rows, columns := j.band(upper), j.band(lower)
		j.k.scaleRows(&ws.z[0], &j.keptPairTile(upper, lower)[0], 4*j.stride, rows.n, whole(columns.n), &j.factors[rows.first], &j.factors[columns.first])
		j.takeLabels(ws.z, j.stride, 1, rows, columns)
		j.takeLabels(ws.z, 1, j.stride, columns, rows)
		var later []float32
		if next := other + 1; next < j.bandCount() {
			later = j.keptPairTile(min(item, next), max(item, next))
		}
		if item == upper {
			j.addAnchors(ws, ws.z, j.dq, rows, &j.keys, columns, other > 0, later)
		} else {
			j.addKeys(ws.z, j.dq, j.keys.along, rows, columns, other > 0, later)
		}
	}
}
