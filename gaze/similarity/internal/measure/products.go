package measure

import (
	"slices"

	"gzpt/gaze/relation"
	"gzpt/kernels"
)

const (
	// ProductSide is the side of a block that the device computes: large enough for it to be at its best, a multiple of the
	// rows and columns of its tiles, and not of 1024, whose rows would all meet in the same lines of the caches.
	ProductSide = 1056
	// stripRows is the rows of a block on the diagonal that are computed at once, right of the diagonal alone.
	stripRows = ProductSide / 4
)

// Products is a comparison by inner products of rows of floats:
//
//	R_ij = sum_k left[i*depth+k] * right[j*depth+k]
//
// left and right may be the same slice.
func (w *Work) Products(left, right []float32, depth int) (relation.Blocks, error) {
	return w.Rows(left, right, depth, func(c, a, b kernels.Tensor) {
		w.Device.MatMul(c, a, b, kernels.Product{TransB: true})
	})
}

// Rows is a comparison of rows of floats by an operation of the device on all pairs of them.
func (w *Work) Rows(left, right []float32, depth int, operation func(c, a, b kernels.Tensor)) (relation.Blocks, error) {
	n := len(w.Paths)
	a := w.Device.New(w.Device.Type(), n, depth)
	w.Device.Write(a, left)
	b := a
	if n > 0 && &left[0] != &right[0] {
		b = w.Device.New(w.Device.Type(), n, depth)
		w.Device.Write(b, right)
	}
	var block kernels.Tensor
	inPlace := a.Host() && a.Type() == kernels.Float32 // the device can write to dst
	if !inPlace {
		block = w.Device.New(w.Device.Type(), min(n, ProductSide), min(n, ProductSide))
	}
	multiply := func(rows, cols relation.Span, dst []float32) error {
		left, right := a.Slice(rows.First*depth, rows.N, depth), b.Slice(cols.First*depth, cols.N, depth)
		if inPlace {
			operation(kernels.FromFloat32(dst, rows.N, cols.N), left, right)
			return w.Device.Sync()
		}
		c := block.Slice(0, rows.N, cols.N)
		operation(c, left, right)
		return w.Device.Read(dst, c)
	}
	var strip []float32
	return relation.Blocks{Side: ProductSide, Blank: w.Blank, Compute: func(rows, cols relation.Span, dst []float32) error {
		if rows != cols || rows.N <= stripRows {
			if err := multiply(rows, cols, dst); err != nil {
				return err
			}
			return w.Ctx.Err()
		}
		for first := 0; first < rows.N; first += stripRows {
			n, width := min(stripRows, rows.N-first), rows.N-first
			strip = slices.Grow(strip[:0], n*width)[:n*width]
			if err := multiply(relation.Span{First: rows.First + first, N: n}, relation.Span{First: cols.First + first, N: width}, strip); err != nil {
				return err
			}
			for i := range n {
				copy(dst[(first+i)*cols.N+first:], strip[i*width:(i+1)*width])
			}
		}
		return w.Ctx.Err()
	}}, nil
}
