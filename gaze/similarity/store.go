package similarity

import (
	"fmt"
	"slices"
)

const (
	// bandRows is the rows of a block that one item of work stores, and mirrorCols the columns that it turns at a time: their
	// lines stay in the first cache.
	bandRows   = 64
	mirrorCols = 16
	// slack is how far rounding may carry a similarity beyond -1 or 1.
	slack = 1e-3
)

// store finishes a block and puts it and its mirror image into the relation, on all cores. Items without gaze have 0, the
// rest 1 on the diagonal; of a block on the diagonal the part above it counts.
func (r *Relation) store(w *work, c comparison, rows, cols span, block []float32) error {
	var without []int // columns
	for b := range cols.n {
		if !r.HasGaze[cols.first+b] {
			without = append(without, b)
		}
	}
	bands := (rows.n + bandRows - 1) / bandRows
	faults := make([]error, bands)
	err := w.each(bands, func() func(int) {
		return func(band int) {
			first := band * bandRows
			n := min(bandRows, rows.n-first)
			for a := first; a < first+n && faults[band] == nil; a++ {
				faults[band] = r.storeRow(c, rows.first+a, cols, block[a*cols.n:(a+1)*cols.n], without)
			}
			r.mirror(span{rows.first + first, n}, cols, block[first*cols.n:(first+n)*cols.n])
		}
	})
	if i := slices.IndexFunc(faults, func(err error) bool { return err != nil }); i >= 0 {
		return faults[i]
	}
	return err
}

// storeRow finishes row i of a block, from the diagonal on, and copies it.
func (r *Relation) storeRow(c comparison, i int, cols span, line []float32, without []int) error {
	from := max(i-cols.first, 0)
	if from >= cols.n {
		return nil
	}
	c.finishRow(i, span{cols.first + from, cols.n - from}, line[from:])
	for _, b := range without {
		line[b] = 0
	}
	if !r.HasGaze[i] {
		clear(line)
	} else if i >= cols.first {
		line[from] = 1
	}
	for b, v := range line[from:] {
		if v >= -1 && v <= 1 {
			continue
		}
		if !(v >= -1-slack && v <= 1+slack) {
			return fmt.Errorf("the similarity of items %d and %d is %g, expected a number from -1 to 1", i, cols.first+from+b, v)
		}
		line[from+b] = min(max(v, -1), 1)
	}
	copy(r.Values[i*r.N+cols.first+from:], line[from:])
	return nil
}

// mirror puts what lies right of the diagonal in rows of a block below it.
func (r *Relation) mirror(rows, cols span, block []float32) {
	for first := 0; first < cols.n; first += mirrorCols {
		n := min(mirrorCols, cols.n-first)
		a := 0
		for ; a+8 <= rows.n && rows.first+a+8 <= cols.first+first; a += 8 {
			r.mirrorEight(rows.first+a, cols.first+first, block[a*cols.n+first:], cols.n, n)
		}
		for ; a < rows.n; a++ { // the last rows, and near the diagonal
			i := rows.first + a
			for b := first; b < first+n; b++ {
				if j := cols.first + b; j > i {
					r.Values[j*r.N+i] = block[a*cols.n+b]
				}
			}
		}
	}
}

// mirrorEight is mirror of 8 rows of n columns from row i and column j on; the rows of block are stride apart.
func (r *Relation) mirrorEight(i, j int, block []float32, stride, n int) {
	line := func(a int) []float32 { return block[a*stride:][:n] }
	r0, r1, r2, r3, r4, r5, r6, r7 := line(0), line(1), line(2), line(3), line(4), line(5), line(6), line(7)
	for b, v := range r0 {
		to := (*[8]float32)(r.Values[(j+b)*r.N+i:])
		to[0], to[1], to[2], to[3] = v, r1[b], r2[b], r3[b]
		to[4], to[5], to[6], to[7] = r4[b], r5[b], r6[b], r7[b]
	}
}
