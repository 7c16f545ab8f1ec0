package reference

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// spread calls do(0) ... do(n-1) in any order on up to GOMAXPROCS goroutines and returns when all are done. An item
// writes only what belongs to it.
func spread(n int, do func(item int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	all.Wait()
}

// dot is sum_i a[i]*b[i] for slices of one length. Four sums run beside each other, because one would wait for itself.
func dot[T float](a, b []T) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i < len(a)-3; i += 4 {
		s0 += float64(a[i]) * float64(b[i])
		s1 += float64(a[i+1]) * float64(b[i+1])
		s2 += float64(a[i+2]) * float64(b[i+2])
		s3 += float64(a[i+3]) * float64(b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i]) * float64(b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// dotsBeside is how many dot products dots takes beside each other.
const dotsBeside = 3

// dots adds the dot product of x and row k of w, whose rows begin stride apart, to sums[k], for up to dotsBeside rows. Their sums are those
// of dot, two of the four at a time: more do not fit into the registers. What comes from x they share.
func dots(sums, x, w []float64, stride int) {
	n := len(x)
	if len(sums) < dotsBeside {
		for k := range sums {
			sums[k] += dot(x, w[k*stride:][:n])
		}
		return
	}
	a, b, c := w[:n], w[stride:][:n], w[2*stride:][:n]
	var a0, a1, b0, b1, c0, c1 float64
	i := 0
	for ; i < n-3; i += 4 {
		x0, x1 := x[i], x[i+1]
		a0 += x0 * a[i]
		a1 += x1 * a[i+1]
		b0 += x0 * b[i]
		b1 += x1 * b[i+1]
		c0 += x0 * c[i]
		c1 += x1 * c[i+1]
	}
	for ; i < n; i++ {
		a0 += x[i] * a[i]
		b0 += x[i] * b[i]
		c0 += x[i] * c[i]
	}
	first, second, third := a0+a1, b0+b1, c0+c1
	a0, a1, b0, b1, c0, c1 = 0, 0, 0, 0, 0, 0
	for i := 3; i < n; i += 4 {
		x0, x1 := x[i-1], x[i]
		a0 += x0 * a[i-1]
		a1 += x1 * a[i]
		b0 += x0 * b[i-1]
		b1 += x1 * b[i]
		c0 += x0 * c[i-1]
		c1 += x1 * c[i]
	}
	sums[0] += first + (a0 + a1)
	sums[1] += second + (b0 + b1)
	sums[2] += third + (c0 + c1)
}

// axpy adds a*x[i] to sums[i].
func axpy[T float](sums []float64, a float64, x []T) {
	sums = sums[:len(x)]
	for i, v := range x {
		sums[i] += a * float64(v)
	}
}

// outer adds x[c]*y[i] to sums[c,i]. Two rows of sums share the numbers y that come from memory.
func outer(sums, x, y []float64) {
	n := len(y)
	c := 0
	for ; c < len(x)-1; c += 2 {
		s, t, a, b := row(sums, c, n), row(sums, c+1, n), x[c], x[c+1]
		for i, v := range y {
			s[i] += a * v
			t[i] += b * v
		}
	}
	if c < len(x) {
		axpy(row(sums, c, n), x[c], y)
	}
}

// outers is outer of x[0] and y[0], x[1] and y[1], x[2] and y[2], x[3] and y[3] in turn, with each sum in a register meanwhile.
func outers(sums []float64, x, y *[4][]float64) {
	n, rows := len(y[0]), len(x[0])
	y0, y1, y2, y3 := y[0], y[1][:n], y[2][:n], y[3][:n]
	for c := 0; c < rows; c += 2 {
		d := min(c+1, rows-1) // the last of an odd number of rows is beside itself: both get the same sums
		s, t := row(sums, c, n), row(sums, d, n)
		a0, a1, a2, a3 := x[0][c], x[1][c], x[2][c], x[3][c]
		b0, b1, b2, b3 := x[0][d], x[1][d], x[2][d], x[3][d]
		for i, v := range s[:n] {
			w := t[i]
			v += a0 * y0[i]
			w += b0 * y0[i]
			v += a1 * y1[i]
			w += b1 * y1[i]
			v += a2 * y2[i]
			w += b2 * y2[i]
			v += a3 * y3[i]
			w += b3 * y3[i]
			s[i], t[i] = v, w
		}
	}
}

// transpose is the [cols, rows] transpose of the matrix x [rows, cols].
func transpose[T float](x []T, rows, cols int) []T {
	t := make([]T, len(x))
	for r := range rows {
		for c := range cols {
			t[c*rows+r] = x[r*cols+c]
		}
	}
	return t
}

// total is the sum of x.
func total[T float](x []T) float64 {
	var s float64
	for _, v := range x {
		s += float64(v)
	}
	return s
}

// row is row r of a matrix with c columns.
func row[T any](x []T, r, c int) []T { return x[r*c : (r+1)*c] }
