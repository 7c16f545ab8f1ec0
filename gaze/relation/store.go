package relation

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"gzpt/gaze/internal/parallel"
)

const (
	// storeRows is the rows that one item of work finishes and copies. mirrorCols is the columns that one turns: several
	// lines of memory of every row, whose mirror images then go to memory in stretches as long as the block is high, for
	// each costs a page that the processor must look up.
	storeRows  = 64
	mirrorCols = 64
	// slack is how far rounding may carry a similarity beyond -1 or 1.
	slack = 1e-3
)

// store finishes a block and puts it and its mirror image into the relation, on all cores. Items without gaze have 0, the
// rest 1 on the diagonal; of a block on the diagonal the part above it counts.
func (r *Relation) store(ctx context.Context, b Blocks, rows, cols Span, block []float32) error {
	var without []int // columns
	for k := range cols.N {
		if !r.HasGaze[cols.First+k] {
			without = append(without, k)
		}
	}
	bands := (rows.N + storeRows - 1) / storeRows
	faults := make([]error, bands)
	err := parallel.Each(ctx, bands, func() func(int) {
		return func(band int) {
			for a := band * storeRows; a < min((band+1)*storeRows, rows.N) && faults[band] == nil; a++ {
				faults[band] = r.storeRow(b, rows.First+a, cols, block[a*cols.N:(a+1)*cols.N], without)
			}
		}
	})
	if i := slices.IndexFunc(faults, func(err error) bool { return err != nil }); i >= 0 {
		return faults[i]
	}
	if err != nil {
		return err
	}
	return parallel.Each(ctx, (cols.N+mirrorCols-1)/mirrorCols, func() func(int) {
		return func(band int) {
			turned := turnedBlocks.Get().(*[]float32)
			*turned = slices.Grow((*turned)[:0], mirrorCols*rows.N)[:mirrorCols*rows.N]
			r.mirror(rows, cols, band*mirrorCols, block, *turned)
			turnedBlocks.Put(turned)
		}
	})
}

// turnedBlocks is scratch of mirror, used again from block to block.
var turnedBlocks = sync.Pool{New: func() any { return new([]float32) }}

// storeRow finishes row i of a block, from the diagonal on, and copies it.
func (r *Relation) storeRow(b Blocks, i int, cols Span, line []float32, without []int) error {
	from := max(i-cols.First, 0)
	if from >= cols.N {
		return nil
	}
	b.FinishRow(i, Span{cols.First + from, cols.N - from}, line[from:])
	for _, k := range without {
		line[k] = 0
	}
	if !r.HasGaze[i] {
		clear(line)
	} else if i >= cols.First {
		line[from] = 1
	}
	values := r.Values[i*r.N+cols.First+from:]
	copy(values, line[from:]) // brings the line into the first cache, which looking at every value would wait for
	if anyBeyondOne(line[from:]) {
		if k, v := limitToOne(line[from:]); k >= 0 {
			return fmt.Errorf("the similarity of items %d and %d is %g, expected a number from -1 to 1", i, cols.First+from+k, v)
		}
		copy(values, line[from:])
	}
	return nil
}

// limitToOne cuts off what rounding carries beyond -1 or 1, and returns the first value that rounding cannot explain, or -1.
func limitToOne(values []float32) (at int, value float32) {
	for i, v := range values {
		if !(v >= -1-slack && v <= 1+slack) {
			return i, v
		}
		values[i] = min(max(v, -1), 1)
	}
	return -1, 0
}

// anyBeyondOne reports whether a value is larger than 1, smaller than -1 or NaN, without a branch for each.
func anyBeyondOne(values []float32) bool {
	const one, magnitude = 0x3f800000, 0x7fffffff                                // the bits of 1, and all but the sign: numbers sort as their bits do
	bit := func(v float32) uint32 { return one - math.Float32bits(v)&magnitude } // below zero for what is beyond
	var a, b, c, d uint32
	for ; len(values) >= 8; values = values[8:] {
		v := (*[8]float32)(values)
		a, b, c, d = a|bit(v[0])|bit(v[4]), b|bit(v[1])|bit(v[5]), c|bit(v[2])|bit(v[6]), d|bit(v[3])|bit(v[7])
	}
	for _, v := range values {
		a |= bit(v)
	}
	return (a|b|c|d)>>31 != 0
}

// mirror puts what lies right of the diagonal in some columns of a block, from first on, below it, by way of turned.
func (r *Relation) mirror(rows, cols Span, first int, block, turned []float32) {
	n := min(mirrorCols, cols.N-first)
	turn(turned, block[first:], cols.N, rows.N, n)
	for b := range n {
		j := cols.First + first + b
		if above := min(j-rows.First, rows.N); above > 0 {
			copy(r.Values[j*r.N+rows.First:], turned[b*rows.N:][:above])
		}
	}
}

// turn writes the first cols columns of the rows of a block, stride apart, as rows of dst.
func turn(dst, block []float32, stride, rows, cols int) {
	line := func(a int) []float32 { return block[a*stride:][:cols] }
	a := 0
	for ; a+8 <= rows; a += 8 {
		r0, r1, r2, r3, r4, r5, r6, r7 := line(a), line(a+1), line(a+2), line(a+3), line(a+4), line(a+5), line(a+6), line(a+7)
		for b, v := range r0 {
			to := (*[8]float32)(dst[b*rows+a:])
			to[0], to[1], to[2], to[3] = v, r1[b], r2[b], r3[b]
			to[4], to[5], to[6], to[7] = r4[b], r5[b], r6[b], r7[b]
		}
	}
	for ; a < rows; a++ {
		for b, v := range line(a) {
			dst[b*rows+a] = v
		}
	}
}
