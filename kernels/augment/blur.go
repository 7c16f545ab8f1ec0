package augment

// blur is a separable symmetric filter on square views, reflected at the borders.
type blur[T Float] struct {
	size, channels int
	weights        []T // of the centre, and of the pixels 1, 2, ... away on either side
	padded         []T // one row between its reflections
	rows           []T // the view, blurred across
}

func newBlur[T Float](size, channels, radius int) blur[T] {
	return blur[T]{
		size: size, channels: channels, weights: make([]T, radius+1),
		padded: make([]T, (size+2*radius)*channels), rows: make([]T, size*size*channels),
	}
}

// apply blurs a view in place.
func (b *blur[T]) apply(pixels []T, weights []T) {
	r := len(weights) - 1
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

// pad puts r reflected pixels on either side of a row.
func (b *blur[T]) pad(row []T, r int) []T {
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
func scale[T Float](row, src []T, w T) {
	src = src[:len(row)]
	for i := range row {
		row[i] = w * src[i]
	}
}

// addPair: row += w (a + b).
func addPair[T Float](row, a, b []T, w T) {
	a, b = a[:len(row)], b[:len(row)]
	for i := range row {
		row[i] += w * (a[i] + b[i])
	}
}
