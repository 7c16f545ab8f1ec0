//go:build amd64 && !noasm

package asm

import (
	"math"
	"runtime"
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

// stage is the items of one kind of a group: those of its bands, or of all blocks of keys.
type stage struct {
	keys        bool
	group       int
	first, n    int // items
	before      [2]*stage
	outstanding atomic.Int64
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
	j.parts = 1
	blocks := 0
	for _, s := range j.loose {
		blocks += s.blocks()
	}
	j.tile = j.size * j.stride
	j.bandFloats = max(blocks*j.tile, 1)
	j.reach = min(max(keptFloats/2/j.bandFloats, j.d.pool.workers), j.bandCount())
	j.reach = ceil(j.bandCount(), j.groupCount()) // groups of a size
	j.kept = growFloats(j.kept, min(j.groupCount(), 2)*j.reach*j.bandFloats)
	if len(j.dk) != 0 {
		j.bands = growFloats(j.bands, j.anchors*j.wide)
	}
	j.each(j.plan(), (*contrastJob).keptItem)
}

// plan lists the stages and returns how many items they have. Every stage waits for two earlier ones.
func (j *contrastJob) plan() (items int) {
	j.stages = grow(j.stages, 2*j.groupCount()+1)
	var bands [2]*stage // the last ones
	var keys *stage
	count := 0
	add := func(isKeys bool, group, n int, before [2]*stage) *stage {
		s := &j.stages[count]
		count++
		s.keys, s.group, s.first, s.n, s.before = isKeys, group, items, n, before
		s.outstanding.Store(int64(n))
		items += n
		return s
	}
	addKeys := func(group int) {
		if len(j.dk) != 0 && j.Keys != kernels.OwnKey {
			keys = add(true, group, j.keys.blocks(), [2]*stage{bands[group&1], keys})
		}
	}
	for group := range j.groupCount() {
		bands[group&1] = add(false, group, j.group(group, j.bandCount()).n, [2]*stage{keys, bands[group&1]})
		if group > 0 {
			addKeys(group - 1)
		}
	}
	addKeys(j.groupCount() - 1)
	return items
}

// keptItem carries out an item of its stage, when those before have none left. Items are handed out in order, so that what
// it waits for is running.
func (j *contrastJob) keptItem(item, worker int) {
	i := 0
	for item >= j.stages[i].first+j.stages[i].n {
		i++
	}
	s := &j.stages[i]
	for _, before := range s.before {
		for before != nil && before.outstanding.Load() != 0 {
			runtime.Gosched()
		}
	}
	if n := item - s.first; s.keys {
		j.keptKeys(s.group, n)
	} else {
		j.keptBand(s.group, n, worker)
	}
	s.outstanding.Add(-1)
}

// keptTiles is the tiles of a band of a group.
func (j *contrastJob) keptTiles(group, n int) []float32 {
	return j.kept[(group%2*j.reach+n)*j.bandFloats:][:j.bandFloats]
}

// keptBand is a band from its logits to its gradient.
func (j *contrastJob) keptBand(group, n, worker int) {
	ws, tiles, band := &j.workers[worker], j.keptTiles(group, n), j.band(group*j.reach+n)
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
	count := 0
	j.eachBlock(0, func(s *segment, block span) {
		j.exponentials(ws, tiles[count*j.tile:], band, s, block, sums, labelled)
		count++
	})
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
	for _, s := range j.loose {
		for b := 0; b < s.blocks(); b += anchorBlocks {
			n := min(anchorBlocks, s.blocks()-b)
			for i := range n {
				block := s.block(b + i)
				j.takeLabels(tiles[i*j.tile:], j.stride, 1, band, span{s.column + block.first, block.n})
			}
			j.addBlocks(ws, tiles, band, s, b, n, add)
			tiles, add = tiles[n*j.tile:], true
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
func (j *contrastJob) addBlocks(ws *contrastWorkspace, tiles []float32, band span, s *segment, first, n int, add bool) {
	b, z, begin := j.d.blocking(), unsafe.SliceData(tiles), s.block(first)
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
		for r := 0; r < band.n; r += b.rows {
			j.d.tile(at(z, r*j.stride), &j.out[0], runs, w, at(to, r*j.depth), &j.in[0], min(b.rows, band.n-r), min(b.columns, j.depth-c), add)
		}
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
func (j *contrastJob) exponentials(ws *contrastWorkspace, z []float32, band span, s *segment, block span, sums, labelled []float64) {
	j.products(z, band, s, block)
	j.leaveOut(z, band, s, block, minusInfinity)
	j.fillUp(z, band.n, block.n, minusInfinity)
	columns := span{s.column + block.first, block.n}
	if j.marked(band.first, columns.first) {
		for r := range labelled {
			labelled[r] += j.labelledIn(z[r*j.stride:], 1, band.first+r, columns)
		}
	}
	clear(ws.columnSums)
	j.k.exponentialSums(&z[0], 4*j.stride, band.n, whole(block.n), &sums[0], &ws.columnSums[0])
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

// keptKeys adds the gradient of a block of keys of all bands of a group.
func (j *contrastJob) keptKeys(group, b int) {
	bands, block := j.group(group, j.bandCount()), j.keys.block(b)
	for n := range bands.n {
		j.addKeys(j.keptTiles(group, n)[b*j.tile:], j.dk, j.bands, j.band(bands.first+n), block, group > 0 || n > 0)
	}
}

// keepPairs is the symmetric form: all pairs of bands get their exponentials, then every band the sums of its rows in all
// of them, then its gradient.
func (j *contrastJob) keepPairs() {
	bands := j.bandCount()
	j.tile = j.size * j.stride
	j.kept = growFloats(j.kept, bands*(bands+1)/2*j.tile)
	j.pairSums, j.pairLabelled = grow(j.pairSums, bands*j.anchors), grow(j.pairLabelled, bands*j.anchors)
	j.each(bands*(bands+1)/2, (*contrastJob).keptPair)
	j.each(bands, (*contrastJob).finishBand)
	j.each(bands, (*contrastJob).keptGradient)
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
func (j *contrastJob) keptPair(item, worker int) {
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
	j.products(z, rows, &j.keys, columns)
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
		j.k.exponentialSums(&z[r*j.stride], 4*j.stride, min(columnRows, rows.n-r), whole(columns.n), &sums[r], &ws.columnSums[0])
		for c := range sumsBelow {
			sumsBelow[c] += float64(ws.columnSums[c])
		}
	}
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
func (j *contrastJob) keptGradient(item, worker int) {
	ws := &j.workers[worker]
	for other := range j.bandCount() {
		upper, lower := min(item, other), max(item, other)
		rows, columns := j.band(upper), j.band(lower)
		j.k.scaleRows(&ws.z[0], &j.keptPairTile(upper, lower)[0], 4*j.stride, rows.n, whole(columns.n), &j.factors[rows.first], &j.factors[columns.first])
		j.takeLabels(ws.z, j.stride, 1, rows, columns)
		j.takeLabels(ws.z, 1, j.stride, columns, rows)
		if item == upper {
			j.addAnchors(ws, ws.z, j.dq, rows, &j.keys, columns, other > 0)
		} else {
			j.addKeys(ws.z, j.dq, j.keys.along, rows, columns, other > 0)
		}
	}
}
