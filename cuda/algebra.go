package cuda

import "gzpt/kernels"

const (
	productTile    = 128             // rows and columns of c that a block computes
	productThreads = 256             // of such a block
	productStep    = 16              // of k at a time
	leastDepth     = 8 * productStep // the shortest part of a sum
	mostTiles      = 264             // up to which sums are cut: two for each multiprocessor of an H200
)

// cut cuts the sums of a product of m by n into parts of share, where the tiles alone are too few to fill a GPU.
func cut(m, n, depth int) (count, share int) {
	tiles := ((m + productTile - 1) / productTile) * ((n + productTile - 1) / productTile)
	count = max(1, min(mostTiles/tiles, depth/leastDepth))
	share = ((depth+count-1)/count + productStep - 1) / productStep * productStep
	return (depth + share - 1) / share, share
}

// MatMul: c[i,j] = sum_k A[i,k]*B[k,j] (+ c[i,j] with p.Accumulate).
func (d *Device) MatMul(c, a, b kernels.Tensor, p kernels.Product) {
	const op = "MatMul"
	rows, columns, depth := d.check.MatMul(c, a, b, p)
	d.fits(op, a, b, c)
	if c.Len() == 0 {
		return
	}
	if depth == 0 { // sums of nothing
		if !p.Accumulate {
			d.fill(op, c, 0)
		}
		return
	}
	ai, ak := a.Dim(1), 1
	if p.TransA {
		ai, ak = ak, ai
	}
	bk, bj := b.Dim(1), 1
	if p.TransB {
		bk, bj = bj, bk
	}
	count, share := cut(rows, columns, depth)
	out := at(c)
	if count > 1 || p.Accumulate {
		out = d.scratch(op, (count*c.Len()+1)/2).argument()
	}
	blocks := count * ((rows + productTile - 1) / productTile) * ((columns + productTile - 1) / productTile)
	vector := columns%4 == 0 && out.bits%16 == 0
	d.launch(op, "product", blocks, productThreads, []argument{out, at(a), at(b), size(rows), size(columns), size(depth),
		size(ai), size(ak), size(bk), size(bj), size(share), flag(vector)})
	if out != at(c) {
		d.each(op, "product_merge", c.Len(), at(c), out, size(count), flag(p.Accumulate))
	}
}

// PairwiseMinimum: c[i,j] = sum_k min(a[i,k], b[j,k]).
func (d *Device) PairwiseMinimum(c, a, b kernels.Tensor) {
	const op = "PairwiseMinimum"
	_, columns, depth := d.check.PairwiseMinimum(c, a, b)
	d.fits(op, a, b)
	d.each(op, "pairwise_minimum", c.Len(), at(c), at(a), at(b), size(columns), size(depth))
}

// NormalizeRows: norms[r] = max(sqrt(sum_c x[r,c]^2), eps); y[r,c] = x[r,c] / norms[r].
func (d *Device) NormalizeRows(y, norms, x kernels.Tensor, eps float64) {
	const op = "NormalizeRows"
	d.check.NormalizeRows(y, norms, x)
	d.fits(op, x)
	d.rows(op, "normalize_rows", x.Rows(), at(y), at(norms), at(x), size(x.Channels()), number(eps))
}

// NormalizeRowsBackward: dx[r,c] = (dy[r,c] - y[r,c]*sum_j y[r,j]*dy[r,j]) / norms[r].
func (d *Device) NormalizeRowsBackward(dx, dy, y, norms kernels.Tensor) {
	const op = "NormalizeRowsBackward"
	d.check.NormalizeRowsBackward(dx, dy, y, norms)
	d.fits(op, y)
	d.rows(op, "normalize_rows_backward", y.Rows(), at(dx), at(dy), at(y), at(norms), size(y.Channels()))
}
