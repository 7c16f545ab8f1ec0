package relation

// Span is the items First .. First+N-1.
type Span struct{ First, N int }

// Blocks computes a relation, a block of the matrix at a time.
type Blocks struct {
	// Side is the rows and columns of a block: a second of work at most, so that a run can be interrupted. A smaller block
	// is as good.
	Side int
	// Compute writes the similarities of rows with cols to dst, row-major. Where both are the same, only what lies above
	// the diagonal counts, and where either item has no gaze nothing does.
	Compute func(rows, cols Span, dst []float32) error
	// Finish, if not nil, turns what Compute wrote into similarities in place. It is given stretches of a block, on all
	// cores.
	Finish func(values []float32)
	// Blank, if not nil, tells the items that have gaze, but nothing to compare them by: 0 with every other.
	Blank []bool
}

// FinishRow makes similarities of item i and the items cols of what Compute wrote.
func (b Blocks) FinishRow(i int, cols Span, values []float32) {
	if b.Finish != nil {
		b.Finish(values)
	}
	if b.Blank == nil {
		return
	}
	if b.Blank[i] {
		clear(values)
		return
	}
	for k, blank := range b.Blank[cols.First : cols.First+cols.N] {
		if blank {
			values[k] = 0
		}
	}
}

// spanOf is the items of a row or a column of blocks.
func spanOf(index, side, n int) Span { return Span{index * side, min(side, n-index*side)} }
