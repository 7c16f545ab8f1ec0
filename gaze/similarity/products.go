package similarity

import (
	"gzpt/kernels"
)

const (
	// productSide is the side of a block that the device computes: large enough for it to be at its best, a multiple of the
	// rows and columns of its tiles, and not of 1024, whose rows would all meet in the same lines of the caches.
	productSide = 1056
	// stripRows is the rows of a block on the diagonal that are computed at once, right of the diagonal alone.
	stripRows = productSide / 4
)

// products is a comparison by inner products of rows of floats:
//
//	R_ij = sum_k left[i*depth+k] * right[j*depth+k]
//
// left and right may be the same slice.
func (w *work) products(left, right []float32, depth int) (comparison, error) {
	return w.blocks(left, right, depth, func(c, a, b kernels.Tensor) {
		w.dev.MatMul(c, a, b, kernels.Product{TransB: true})
	})
}

// blocks is a comparison of rows of floats by an operation of the device on all pairs of them.
func (w *work) blocks(left, right []float32, depth int, operation func(c, a, b kernels.Tensor)) (comparison, error) {
	n := len(w.paths)
	a := w.dev.New(w.dev.Type(), n, depth)
	w.dev.Write(a, left)
	b := a
	if n > 0 && &left[0] != &right[0] {
		b = w.dev.New(w.dev.Type(), n, depth)
		w.dev.Write(b, right)
	}
	var block kernels.Tensor
	inPlace := a.Host() && a.Type() == kernels.Float32 // the device can write to dst
	if !inPlace {
		block = w.dev.New(w.dev.Type(), min(n, productSide), min(n, productSide))
	}
	multiply := func(rows, cols span, dst []float32) error {
		left, right := a.Slice(rows.first*depth, rows.n, depth), b.Slice(cols.first*depth, cols.n, depth)
		if inPlace {
			operation(kernels.FromFloat32(dst, rows.n, cols.n), left, right)
			return w.dev.Sync()
		}
		c := block.Slice(0, rows.n, cols.n)
		operation(c, left, right)
		return w.dev.Read(dst, c)
	}
	var strip []float32
	return comparison{side: productSide, blank: w.blank, compare: func(rows, cols span, dst []float32) error {
		if rows != cols || rows.n <= stripRows {
			if err := multiply(rows, cols, dst); err != nil {
				return err
			}
			return w.ctx.Err()
		}
		for first := 0; first < rows.n; first += stripRows {
			n, width := min(stripRows, rows.n-first), rows.n-first
			strip = grown(strip, n*width)
			if err := multiply(span{rows.first + first, n}, span{cols.first + first, width}, strip); err != nil {
				return err
			}
			for i := range n {
				copy(dst[(first+i)*cols.n+first:], strip[i*width:(i+1)*width])
			}
		}
		return w.ctx.Err()
	}}, nil
}

// grown is a slice of n floats, s where it is large enough.
func grown(s []float32, n int) []float32 {
	if n <= cap(s) {
		return s[:n]
	}
	return make([]float32, n)
}
