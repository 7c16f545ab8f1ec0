package cuda

import "gzpt/kernels"

const (
	productTile    = 128             // rows and columns of c that a block computes
	productThreads = 256             // of such a block
	productStep    = 16              // of k at a time
	leastDepth     = 8 * productStep // the shortest part of a sum
	mostTiles      = 264             // up to which sums are cut: two for each multiprocessor of an H200
)

// productTF32 is the kernel of products on tensor cores.
var productTF32 = instance{kernel: "product_tf32"}

// matrix is an operand of a product: element [i,k] is across*i + along*k elements behind the address of x.
type matrix struct {
	x             kernels.Tensor
	across, along int
}

// operand is x, or its transpose, as rows along the sum.
func operand(x kernels.Tensor, transposed bool) matrix {
	if transposed {
		return matrix{x, 1, x.Dim(1)}
	}
	return matrix{x, x.Dim(1), 1}
}

// vector reports whether the elements along the sum can be copied 16 bytes at a time.
func (m matrix) vector() bool { return m.along == 1 && m.across%4 == 0 && m.x.Address()%16 == 0 }

// MatMul: c[i,j] = sum_k A[i,k]*B[k,j] (+ c[i,j] with p.Accumulate).
func (d *Device) MatMul(c, a, b kernels.Tensor, p kernels.Product) {
	const op = "MatMul"
	_, _, depth := d.check.MatMul(c, a, b, p)
	d.fits(op, a, b, c)
	left, right := operand(a, p.TransA), operand(b, !p.TransB)
	switch kernel := (instance{kernel: "product"}); {
	case d.settings.Products != TF32:
		d.product(op, kernel, c, left, right, depth, p.Accumulate)
	case d.byWarpgroups(left, right, depth, depth*c.Len()):
		d.productByWarpgroups(op, c, left, right, depth, p.Accumulate)
	default:
		d.product(op, productTF32, c, left, right, depth, p.Accumulate)
	}
}

// PairwiseMinimum: c[i,j] = sum_k min(a[i,k], b[j,k]).
func (d *Device) PairwiseMinimum(c, a, b kernels.Tensor) {
	const op = "PairwiseMinimum"
	_, _, depth := d.check.PairwiseMinimum(c, a, b)
	d.fits(op, a, b, c)
	d.product(op, instance{"product", variant{minimum: true}}, c, operand(a, false), operand(b, false), depth, false)
}

// product is c[i,j] = (add ? c[i,j] : 0) + sum of a[i,k]*b[j,k] over depth k, by a kernel of products.
func (d *Device) product(op string, kernel instance, c kernels.Tensor, a, b matrix, depth int, add bool) {
	if c.Len() == 0 {
		return
	}
	if depth == 0 { // sums of nothing
		if !add {
			d.fill(op, c, 0)
		}
		return
	}
	rows, columns := c.Dim(0), c.Dim(1)
	tiles := (rows + productTile - 1) / productTile * ((columns + productTile - 1) / productTile)
	count, share := cut(tiles, depth)
	out := at(c)
	if count > 1 || add {
		out = d.scratch(op, (count*c.Len()+1)/2).argument()
	}
	arguments := d.list(out, at(a.x), at(b.x), size(rows), size(columns), size(depth),
		size(a.across), size(a.along), size(b.along), size(b.across), size(share), flag(columns%4 == 0 && out.bits%16 == 0))
	if kernel == productTF32 {
		arguments = append(arguments, flag(a.vector()), flag(b.vector()))
	}
	d.launch(op, kernel, count*tiles, productThreads, arguments...)
	if count > 1 || add {
		d.each(op, "product_merge", c.Len(), at(c), out, size(count), flag(add))
	}
}

// cut cuts the sums of a product into parts of share, where the tiles alone are too few to fill a GPU.
func cut(tiles, depth int) (count, share int) {
	count = max(1, min(mostTiles/tiles, depth/leastDepth))
	share = ((depth+count-1)/count + productStep - 1) / productStep * productStep
	return (depth + share - 1) / share, share
}
