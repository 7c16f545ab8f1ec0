package data

import "math"

// blur is a separable Gaussian on square views, cut at three standard deviations, reflected at the borders.
type blur struct {
	size, channels int
	weights        []float32 // of the centre, and of the pixels 1, 2, ... away on either side
	padded         []float32 // one row between its reflections
	rows           []float32 // the view, blurred across
}

func newBlur(size, channels int, sigma float64) blur {
	most := radius(sigma, size)
	return blur{
		size: size, channels: channels,
		weights: make([]float32, most+1),
		padded:  make([]float32, (size+2*most)*channels),
		rows:    make([]float32, size*size*channels),
	}
}

// radius is how far a Gaussian reaches; a reflection has no more than the size less one.
func radius(sigma float64, size int) int { return min(int(math.Ceil(3*sigma)), size-1) }

// apply blurs a view in place.
func (b *blur) apply(pixels []float32, sigma float64) {
	r := radius(sigma, b.size)
	if r == 0 {
		return
	}
	weights := b.kernel(sigma, r)
	n, stride := b.channels, b.size*b.channels
	for y := range b.size {
		padded := b.pad(pixels[y*stride:(y+1)*stride], r)
		row := b.rows[y*stride : (y+1)*stride]
		scale(row, padded[r*n:], weights[0])
		for k := 1; k <= r; k++ {
			addPair(row, padded[(r-k)*n:], padded[(r+k)*n:], weights[k])
		}
	}
	for y := range b.size {
		row := pixels[y*stride : (y+1)*stride]
		scale(row, b.rows[y*stride:], weights[0])
		for k := 1; k <= r; k++ {
			above, below := reflect(y-k, b.size), reflect(y+k, b.size)
			addPair(row, b.rows[above*stride:], b.rows[below*stride:], weights[k])
		}
	}
}

// kernel is the weights, which sum to 1 over both sides.
func (b *blur) kernel(sigma float64, r int) []float32 {
	sum := 0.0
	for k := range r + 1 {
		w := math.Exp(-float64(k*k) / (2 * sigma * sigma))
		b.weights[k] = float32(w)
		sum += w
		if k > 0 {
			sum += w
		}
	}
	for k := range r + 1 {
		b.weights[k] *= float32(1 / sum)
	}
	return b.weights[:r+1]
}

// pad puts r reflected pixels on either side of a row.
func (b *blur) pad(row []float32, r int) []float32 {
	n := b.channels
	padded := b.padded[:len(row)+2*r*n]
	copy(padded[r*n:], row)
	for k := 1; k <= r; k++ {
		left, right := reflect(-k, b.size), reflect(b.size-1+k, b.size)
		copy(padded[(r-k)*n:(r-k+1)*n], row[left*n:])
		copy(padded[(r+b.size-1+k)*n:(r+b.size+k)*n], row[right*n:])
	}
	return padded
}

// reflect brings an index back between 0 and n-1, the border itself not repeated.
func reflect(i, n int) int {
	if i < 0 {
		return -i
	}
	if i >= n {
		return 2*(n-1) - i
	}
	return i
}

// scale: row = w src.
func scale(row, src []float32, w float32) {
	src = src[:len(row)]
	for i := range row {
		row[i] = w * src[i]
	}
}

// addPair: row += w (a + b).
func addPair(row, a, b []float32, w float32) {
	a, b = a[:len(row)], b[:len(row)]
	for i := range row {
		row[i] += w * (a[i] + b[i])
	}
}
