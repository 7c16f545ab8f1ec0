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
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0]) * float64(b[0])
		s1 += float64(a[1]) * float64(b[1])
		s2 += float64(a[2]) * float64(b[2])
		s3 += float64(a[3]) * float64(b[3])
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += float64(v) * float64(b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// axpy adds a*x[i] to sums[i].
func axpy[T float](sums []float64, a float64, x []T) {
	sums = sums[:len(x)]
	for i, v := range x {
		sums[i] += a * float64(v)
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
