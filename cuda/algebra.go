package cuda

import "gzpt/kernels"

// NormalizeRows: norms[r] = max(sqrt(sum_c x[r,c]^2), eps); y[r,c] = x[r,c] / norms[r].
func (d *Device) NormalizeRows(y, norms, x kernels.Tensor, eps float64) {
	const op = "NormalizeRows"
	d.check.NormalizeRows(y, norms, x)
	d.fits(op, x)
	d.rows(op, "normalize_rows", x.Rows(), at(y), at(norms), at(x), period(x.Channels()), number(eps))
}

// NormalizeRowsBackward: dx[r,c] = (dy[r,c] - y[r,c]*sum_j y[r,j]*dy[r,j]) / norms[r].
func (d *Device) NormalizeRowsBackward(dx, dy, y, norms kernels.Tensor) {
	const op = "NormalizeRowsBackward"
	d.check.NormalizeRowsBackward(dx, dy, y, norms)
	d.fits(op, y)
	d.rows(op, "normalize_rows_backward", y.Rows(), at(dx), at(dy), at(y), at(norms), period(y.Channels()))
}
