//go:build amd64 && !noasm

package asm

import (
	"math"
	"unsafe"

	"gzpt/kernels"
)

func (d *device) ContrastiveLossBackward(dq, dk, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	symmetric := d.check.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c)
	tiled := c.Keys != kernels.OwnKey // keys
	j := d.contrast(q, k, queue, labels, c, symmetric && tiled, backward)
	j.dq, j.dk = dq.Float32(), dk.Float32()
	d.elem.fill = fillJob{x: j.dq}
	d.stream(&d.elem.fill, len(j.dq), 1)
	d.elem.fill = fillJob{x: j.dk}
	d.stream(&d.elem.fill, len(j.dk), 1)
	j.factorise(lse.Float32(), scale)
	switch {
	case !tiled:
		j.backwardApart(nil)
		if symmetric {
			j.dk = j.dq
		}
		j.each(j.bandCount(), (*contrastJob).backwardOwn)
	case symmetric:
		j.backwardApart(nil)
		j.pairs((*contrastJob).backwardPair)
	case len(j.dk) != 0:
		j.bands = growFloats(j.bands, j.anchors*j.wide)
		j.each(j.bandCount(), (*contrastJob).packBand)
		for j.round = range j.meetings() {
			j.each(j.meetings(), (*contrastJob).backwardKeys)
		}
		j.backwardApart(nil)
	default:
		j.backwardApart(&j.keys)
	}
}

// factorise is what every anchor multiplies its exponentials and its labels by. Behind the last anchor are zeros, for whole
// vectors of columns.
func (j *contrastJob) factorise(lse []float32, scale float64) {
	n := whole(j.anchors) + whole(1)
	j.shifts, j.factors, j.labelFactors = grow(j.shifts, n), grow(j.factors, n), grow(j.labelFactors, n)
	clear(j.shifts[j.anchors:n])
	clear(j.factors[j.anchors:n])
	copy(j.shifts, lse)
	for i, a := range j.labelled[:j.anchors] {
		factor := j.Scale * scale * a.weight
		j.factors[i], j.labelFactors[i] = float32(factor*a.positives), float32(factor)
	}
}

// backwardApart adds the gradient of q through the queue and, unless it is nil, another segment, which get none themselves.
// Bands that are too few for the cores are cut into parts, whose sums are added in their order.
func (j *contrastJob) backwardApart(s *segment) {
	j.loose = append(j.loose[:0], &j.queue)
	if s != nil {
		j.loose = append(j.loose, s)
	}
	if j.cutParts(backwardItems) == 0 {
		return
	}
	j.partial = growFloats(j.partial, (j.parts-1)*len(j.dq))
	j.each(j.groupCount()*j.parts, (*contrastJob).backwardBlocks)
	if j.parts > 1 {
		d := j.d
		d.conv.reduce = reduceJob{dst: j.dq, parts: j.partial[:(j.parts-1)*len(j.dq)]}
		d.pool.run(&d.conv.reduce, ceil(len(j.dq), reduceItem))
	}
}

// backwardItems is how many items there are for bands, unless there are fewer blocks.
const backwardItems = 8

// backwardBlocks takes the bands of a group through the blocks of one part.
func (j *contrastJob) backwardBlocks(item, worker int) {
	bands, part := j.group(item/j.parts, j.bandCount()), item%j.parts
	dq := j.dq
	if part > 0 {
		dq = j.partial[(part-1)*len(j.dq):][:len(j.dq)]
		for i := range bands.n {
			band := j.band(bands.first + i)
			clear(dq[band.first*j.depth:][:band.n*j.depth])
		}
	}
	j.eachBlock(part, func(s *segment, block span) {
		for i := range bands.n {
			j.backwardTile(worker, dq, j.band(bands.first+i), s, block)
		}
	})
}

// backwardTile makes the coefficients of the gradient in the tile of a worker, and adds their products with a block to the
// gradient of a band.
func (j *contrastJob) backwardTile(worker int, dq []float32, band span, s *segment, block span) {
	ws := &j.workers[worker]
	j.products(ws.z, band, s, block, nil)
	j.k.gradientRows(&ws.z[0], 4*j.stride, band.n, whole(block.n), &j.shifts[band.first], &j.factors[band.first])
	j.takeLabels(ws.z, j.stride, 1, band, span{s.column + block.first, block.n})
	j.leaveOut(ws.z, band, s, block, 0)
	j.addAnchors(ws, ws.z, dq, band, s, block, true, nil)
}

// takeLabels subtracts the labels of a band at some columns from their coefficients, where row and step say how far one row
// and one column of them are from the next.
func (j *contrastJob) takeLabels(z []float32, row, step int, band, columns span) {
	if !j.marked(band.first, columns.first) {
		return
	}
	for r := range band.n {
		i := band.first + r
		labels := j.labelsIn(i, columns)
		for e, column := range j.columns[labels.first:][:labels.n] {
			label := j.labels[labels.first+e]
			if c := int(column) - columns.first; 0 <= c && c < columns.n && label != 0 && j.admits(i, int(column)) {
				z[r*row+c*step] -= j.labelFactors[i] * label
			}
		}
	}
}

// addAnchors adds the products of a tile with the rows of a block to the gradient of a band, or begins it with them.
func (j *contrastJob) addAnchors(ws *contrastWorkspace, tile, dq []float32, band span, s *segment, block span, add bool, later []float32) {
	b, z := j.d.blocking(), unsafe.SliceData(tile)
	f := j.fetches(later, false, band.n, j.depth)
	runs := stretches(ws.runs, block.n, b.columns)
	for c := 0; c < j.depth; c += b.columns {
		w := at(unsafe.SliceData(s.along), block.first*j.wide+c*block.n)
		to := at(unsafe.SliceData(dq), band.first*j.depth+c)
		j.d.tileAhead(z, &j.out[0], runs, w, to, &j.in[0], band.n, min(b.columns, j.depth-c), add, f.next(band.n))
	}
}

// addKeys adds the products of the transposed tile with the rows of a band, packed along, to the gradient of a block, or
// begins it with them. Meanwhile it fetches other floats for later.
func (j *contrastJob) addKeys(tile, dk, along []float32, band, block span, add bool, later []float32) {
	b, z := j.d.blocking(), unsafe.SliceData(tile)
	runs := []run{{0, 0, band.n}}
	f := j.fetches(later, false, block.n, j.depth)
	for r := 0; r < block.n; r += keyColumns {
		rows := min(keyColumns, block.n-r)
		for c := 0; c < j.depth; c += b.columns {
			q := at(unsafe.SliceData(along), band.first*j.wide+c*band.n)
			j.d.gradTileAhead(at(z, r), 4*j.stride, q, 4*b.columns, runs, at(unsafe.SliceData(dk), (block.first+r)*j.depth+c),
				4*j.depth, rows, min(b.columns, j.depth-c), add, f.next(rows))
		}
	}
}

// keyColumns of a tile, whole rows of every tier and whole lines, stay in L1 for all panels of a band.
const keyColumns = 48

// meetings is the rounds in which all groups of bands meet all groups of blocks of keys, and the items of each.
func (j *contrastJob) meetings() int { return max(j.groupCount(), ceil(j.keys.blocks(), j.reach)) }

// backwardKeys is the tiles of one group of bands and, in every round, of another group of blocks.
func (j *contrastJob) backwardKeys(item, worker int) {
	bands, blocks := j.group(item, j.bandCount()), j.group((item+j.round)%j.meetings(), j.keys.blocks())
	for b := range blocks.n {
		for i := range bands.n {
			band, block := j.band(bands.first+i), j.keys.block(blocks.first+b)
			j.backwardTile(worker, j.dq, band, &j.keys, block)
			j.addKeys(j.workers[worker].z, j.dk, j.bands, band, block, true, nil)
		}
	}
}

// backwardPair adds one tile to the gradients of both of its bands; one of a band with itself has both in it.
func (j *contrastJob) backwardPair(worker int, upper, lower span) {
	ws := &j.workers[worker]
	j.symmetricTile(ws, upper, lower)
	j.leaveOut(ws.z, upper, &j.keys, lower, 0)
	j.addAnchors(ws, ws.z, j.dq, upper, &j.keys, lower, true, nil)
	if upper != lower {
		j.addKeys(ws.z, j.dq, j.keys.along, upper, lower, true, nil)
	}
}

// symmetricTile makes the sums of the coefficients of a tile and of its mirror image.
func (j *contrastJob) symmetricTile(ws *contrastWorkspace, upper, lower span) {
	j.products(ws.z, upper, &j.keys, lower, nil)
	j.k.symmetricRows(&ws.z[0], 4*j.stride, upper.n, whole(lower.n), &j.shifts[upper.first], &j.factors[upper.first],
		&j.shifts[lower.first], &j.factors[lower.first])
	j.takeLabels(ws.z, j.stride, 1, upper, lower)
	j.takeLabels(ws.z, 1, j.stride, lower, upper)
}

func (j *contrastJob) backwardOwn(item, _ int) { j.ownGradient(j.band(item)) }

// ownGradient adds the gradients of a band and of the keys of its rows.
func (j *contrastJob) ownGradient(band span) {
	for i := band.first; i < band.first+band.n; i++ {
		g := []float32{j.factors[i] * float32(math.Exp(float64(j.own(i))-float64(j.shifts[i])))}
		j.takeLabels(g, 0, 0, span{i, 1}, span{i, 1})
		q, k := j.q[i*j.depth:][:j.depth], j.keys.rows[i*j.depth:][:j.depth]
		for n := range j.depth {
			j.dq[i*j.depth+n] += g[0] * k[n]
			if len(j.dk) != 0 {
				j.dk[i*j.depth+n] += g[0] * q[n]
			}
		}
	}
}
