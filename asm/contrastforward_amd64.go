//go:build amd64 && !noasm

package asm

import (
	"math"

	"gzpt/kernels"
)

func (d *device) ContrastiveLoss(loss, lse, q, k, queue kernels.Tensor, labels kernels.Labels, c kernels.Contrast, scale float64) {
	symmetric := d.check.ContrastiveLoss(loss, lse, q, k, queue, labels, c) && c.Keys != kernels.OwnKey
	j := d.contrast(q, k, queue, labels, c, symmetric, forward)
	j.loose = append(j.loose[:0], &j.queue)
	if !symmetric && c.Keys != kernels.OwnKey {
		j.loose = append(j.loose, &j.keys)
	}
	j.cutParts(forwardItems)
	j.states = grow(j.states, j.parts*j.anchors)
	for i := range j.parts * j.anchors {
		j.states[i] = anchorState{largest: -math.MaxFloat32}
	}
	j.each(j.groupCount()*j.parts, (*contrastJob).forwardBlocks)
	if symmetric {
		j.pairs((*contrastJob).forwardPair)
	}
	loss.Float64()[0] += scale * j.finish(lse.Float32())
}

// cutParts counts the blocks of the loose segments and cuts them into parts, so that there are some items, if there are
// blocks enough.
func (j *contrastJob) cutParts(items int) (blocks int) {
	for _, s := range j.loose {
		blocks += s.blocks()
	}
	j.parts = max(min(ceil(items, max(j.groupCount(), 1)), blocks), 1)
	return blocks
}

// eachBlock calls do for the blocks of one part.
func (j *contrastJob) eachBlock(part int, do func(s *segment, block span)) {
	count := 0
	for _, s := range j.loose {
		for b := range s.blocks() {
			if count%j.parts == part {
				do(s, s.block(b))
			}
			count++
		}
	}
}

// forwardItems is how many items a forward pass has, unless it has fewer blocks.
const forwardItems = 64

// finish merges the parts of every anchor, in their order, to lse and the loss.
func (j *contrastJob) finish(lse []float32) (loss float64) {
	for i := range lse {
		s := j.states[i]
		for part := 1; part < j.parts; part++ {
			s.merge(j.states[part*j.anchors+i])
		}
		shift := math.Inf(-1) // without columns
		if s.sum != 0 {
			shift = float64(s.largest) + math.Log(s.sum)
		}
		lse[i] = float32(shift)
		if a := j.labelled[i]; a.positives != 0 {
			loss += a.weight * (a.positives*shift - s.labelled)
		}
	}
	return loss
}

func (s *anchorState) merge(t anchorState) {
	s.labelled += t.labelled
	if t.largest > s.largest {
		s.largest, s.sum, t.largest, t.sum = t.largest, t.sum, s.largest, s.sum
	}
	if t.sum != 0 {
		s.sum += t.sum * math.Exp(float64(t.largest)-float64(s.largest))
	}
}

// forwardBlocks takes the bands of a group through the blocks of one part; the first part has the keys of the anchors' own
// rows.
func (j *contrastJob) forwardBlocks(item, worker int) {
	bands, part := j.group(item/j.parts, j.bandCount()), item%j.parts
	if j.Keys == kernels.OwnKey && part == 0 {
		for i := range bands.n {
			j.forwardOwn(j.band(bands.first + i))
		}
	}
	j.eachBlock(part, func(s *segment, block span) {
		for i := range bands.n {
			j.forwardTile(worker, part, j.band(bands.first+i), s, block)
		}
	})
}

// statesOf is the states of a band in one part.
func (j *contrastJob) statesOf(part int, band span) []anchorState {
	return j.states[part*j.anchors+band.first:][:band.n]
}

// forwardTile adds one tile to the states of a band.
func (j *contrastJob) forwardTile(worker, part int, band span, s *segment, block span) {
	ws := &j.workers[worker]
	j.products(ws.z, band, s, block, nil)
	j.leaveOut(ws.z, band, s, block, minusInfinity)
	j.addTile(ws, ws.z, j.statesOf(part, band), band, span{s.column + block.first, block.n})
}

// addTile adds the logits of a tile to the states of its rows, the anchors of band.
func (j *contrastJob) addTile(ws *contrastWorkspace, z []float32, states []anchorState, band, columns span) {
	j.fillUp(z, band.n, columns.n, minusInfinity)
	marked := j.marked(band.first, columns.first)
	for r := range states {
		ws.stats[r].largest = states[r].largest
		if marked {
			states[r].labelled += j.labelledIn(z[r*j.stride:], 1, band.first+r, columns)
		}
	}
	j.k.largestAndSum(&z[0], 4*j.stride, band.n, whole(columns.n), &ws.stats[0])
	for r := range states {
		states[r].add(ws.stats[r])
	}
}

// add takes over a larger maximum, and adds the sum for it.
func (s *anchorState) add(t rowStats) {
	if t.largest != s.largest {
		s.sum *= math.Exp(float64(s.largest) - float64(t.largest))
		s.largest = t.largest
	}
	s.sum += t.sum
}

// labelledIn is the sum of the labelled logits of anchor i in a row of a tile, whose columns are step floats apart.
func (j *contrastJob) labelledIn(z []float32, step, i int, columns span) (sum float64) {
	labels := j.labelsIn(i, columns)
	for e, column := range j.columns[labels.first:][:labels.n] {
		label := j.labels[labels.first+e]
		if c := int(column) - columns.first; 0 <= c && c < columns.n && label != 0 && j.admits(i, int(column)) {
			sum += float64(label) * float64(z[c*step])
		}
	}
	return sum
}

// forwardOwn begins the states of a band with the logits of the anchors' own keys.
func (j *contrastJob) forwardOwn(band span) {
	states := j.statesOf(0, band)
	for r := range states {
		i, s := band.first+r, &states[r]
		z := j.own(i)
		s.labelled = j.labelledIn([]float32{z}, 0, i, span{i, 1})
		if z > s.largest {
			s.largest = z
		}
		s.sum = math.Exp(float64(z) - float64(s.largest)) // NaN of a NaN
	}
}

// own is the logit of anchor i and the key of its row.
func (j *contrastJob) own(i int) float32 {
	if j.depth == 0 {
		return 0
	}
	return float32(j.Scale * j.d.losses().dot(&j.q[i*j.depth], &j.keys.rows[i*j.depth], j.depth))
}

// pairs runs tile for all pairs of bands of a symmetric product, a band with itself too: first those inside a group, then
// the others in rounds in which every group meets one other, as the teams of a tournament do.
func (j *contrastJob) pairs(tile func(j *contrastJob, worker int, upper, lower span)) {
	j.pair = tile
	j.each(j.groupCount(), (*contrastJob).pairsInside)
	for j.round = range j.teams() - 1 {
		j.each(j.teams()/2, (*contrastJob).pairsAcross)
	}
}

func (j *contrastJob) pairsInside(item, worker int) {
	bands := j.group(item, j.bandCount())
	for lower := range bands.n {
		for upper := range lower + 1 {
			j.pair(j, worker, j.band(bands.first+upper), j.band(bands.first+lower))
		}
	}
}

func (j *contrastJob) pairsAcross(item, worker int) {
	others := j.teams() - 1 // the last team stays, the others go round
	one, other := (j.round+item)%others, (j.round+others-item)%others
	if item == 0 {
		other = others
	}
	if max(one, other) == j.groupCount() {
		return // the team that does not exist
	}
	uppers, lowers := j.group(min(one, other), j.bandCount()), j.group(max(one, other), j.bandCount())
	for lower := range lowers.n {
		for upper := range uppers.n {
			j.pair(j, worker, j.band(uppers.first+upper), j.band(lowers.first+lower))
		}
	}
}

// teams is the groups, and one that does not exist where they are odd.
func (j *contrastJob) teams() int { return ceil(j.groupCount(), 2) * 2 }

// forwardPair adds one tile to both of its bands, to the lower one by its transpose.
func (j *contrastJob) forwardPair(worker int, upper, lower span) {
	if upper == lower {
		j.forwardTile(worker, 0, upper, &j.keys, lower)
		return
	}
	ws := &j.workers[worker]
	j.products(ws.z, upper, &j.keys, lower, nil)
	transpose(&ws.turned[0], j.stride, &ws.z[0], j.stride, lower.n, upper.n)
	j.addTile(ws, ws.z, j.statesOf(0, upper), upper, lower)
	j.addTile(ws, ws.turned, j.statesOf(0, lower), lower, upper)
}
