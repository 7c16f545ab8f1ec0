//go:build amd64 && !noasm

package asm

// The moments of a channel are its mean and the sum of the squares of the deviations from it. Sums of squares around any value
// far from the mean lose the digits of a variance that is small beside the square of the mean. So a few rows at a time are
// taken around a mean of their own in float32, and what they give is pooled in float64 (Chan, Golub & LeVeque, "Updating
// formulae and a pairwise algorithm for computing sample variances", 1979), in an order that follows from the shape.

// momentRows is the rows that are taken at a time. They are still in L1.
const momentRows = 16

// nearRows is how many of them give the value that they are taken around. Their mean deviates from that of all by so little
// that the squares around it are at most momentRows/nearRows times those around the mean, whatever the numbers.
const nearRows = 8

// momentColumns is the columns of a matrix that are taken in one call, some 20 microseconds; whole vectors of all tiers.
const momentColumns = 2048

// pooling is how the moments of further rows are added to those of earlier ones: with d the difference of the two means, the
// mean moves by d*share and the squares grow by those of the further rows and d*d*weight.
type pooling struct{ share, weight float64 }

// poolingOf is the pooling of rows further rows, at least 1.
func poolingOf(earlier, rows int) pooling {
	share := float64(rows) / float64(earlier+rows)
	return pooling{share, float64(earlier) * share}
}

// add pools the moments of channels that lie side by side.
func (p pooling) add(means, squares, furtherMeans, furtherSquares []float64) {
	squares, furtherMeans, furtherSquares = squares[:len(means)], furtherMeans[:len(means)], furtherSquares[:len(means)]
	for c, mean := range furtherMeans {
		d := mean - means[c]
		means[c] += d * p.share
		squares[c] += furtherSquares[c] + d*d*p.weight
	}
}

// addInterleaved pools moments that are columns first, first+1, ... of further, in the order of interleaved.
func (p pooling) addInterleaved(means, squares, further []float64, first, lanes int) {
	for c := 0; c < len(means); {
		lane := (first + c) % lanes
		at, end := (first+c-lane)*2+lane, min(c+lanes-lane, len(means))
		p.add(means[c:end], squares[c:end], further[at:], further[at+lanes:])
		c = end
	}
}

// addRow pools one row, whose squares are 0.
func (p pooling) addRow(means, squares []float64, row []float32) {
	for c, v := range row {
		d := float64(v) - means[c]
		means[c] += d * p.share
		squares[c] += d * d * p.weight
	}
}

// momentsJob takes the moments of the channels of a matrix: of the columns of a span, then of the columns of one channel with
// what is left in a last short row, then of the spans in their order.
type momentsJob struct {
	d        *device
	a        []float32
	period   int // floats of a row
	channels int
	offsets  []int       // of some rows, in bytes
	partial  []float64   // 2 x channels of each span
	workers  [][]float64 // moments of the columns, in the order of interleaved
}

func (j *momentsJob) span(first, n, worker int) {
	partial := j.partial[first/spanOf(j.period)*2*j.channels:][:2*j.channels]
	clear(partial)
	means, squares, done := partial[:j.channels], partial[j.channels:], 0
	if rows := n / j.period; rows > 0 {
		moments := j.columns(first, rows, worker)
		for column := 0; column < j.period; column += j.channels {
			poolingOf(done, rows).addInterleaved(means, squares, moments, column, j.d.rows().lanes)
			done += rows
		}
	}
	for at := first + done*j.channels; at < first+n; at += j.channels {
		poolingOf(done, 1).addRow(means, squares, j.a[at:at+j.channels])
		done++
	}
}

// columns is the moments of the columns of the rows from element first on.
func (j *momentsJob) columns(first, rows, worker int) []float64 {
	moments := j.workers[worker]
	clear(moments)
	for done := 0; done < rows; {
		few := min(rows-done, momentRows)
		for column := 0; column < j.period; column += momentColumns {
			j.d.tileMoments(&moments[2*column], &j.a[first+done*j.period+column], &j.offsets[0], done, few, min(momentColumns, j.period-column))
		}
		done += few
	}
	return moments
}

// columnMoments sets moments to those of the channels of a.
func (d *device) columnMoments(moments []float64, a []float32) {
	clear(moments)
	if len(a) == 0 {
		return
	}
	j, channels, lanes := &d.elem.moments, len(moments)/2, d.rows().lanes
	j.d, j.a, j.channels, j.period = d, a, channels, period(channels)
	span := spanOf(j.period)
	j.partial = grow(j.partial, ceil(len(a), span)*2*channels)
	j.offsets = grow(j.offsets, momentRows)
	for r := range j.offsets {
		j.offsets[r] = 4 * r * j.period
	}
	j.workers = grow(j.workers, d.pool.workers)
	for w := range j.workers {
		j.workers[w] = grow(j.workers[w], 2*ceil(j.period, lanes)*lanes)
	}
	d.stream(j, len(a), j.period)
	for first := 0; first < len(a); first += span {
		further := j.partial[first/span*2*channels:]
		p := poolingOf(first/channels, min(span, len(a)-first)/channels)
		p.add(moments[:channels], moments[channels:], further, further[channels:])
	}
}
