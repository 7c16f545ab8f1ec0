package arith

// This file is Dot for whole matrices: the same sums, with what they have in common found once.

import "math"

// Lines are an operand of a product, the rows of A or the columns of B, unpacked.
type Lines struct {
	k         int
	values    []float64 // element i of line n at n*k+i, as in exponents
	exponents []int32   // as those of Element
	greatest  []int32   // by line
	near      []uint64  // how near exponents are to the greatest of their line: of rows at n*k+i, of columns at n/8*k+i
}

// Reset makes room for a number of lines of k elements.
func (l *Lines) Reset(lines, k int) {
	if cap(l.values) < lines*k {
		l.values, l.exponents, l.near = make([]float64, lines*k), make([]int32, lines*k), make([]uint64, lines*k)
	}
	if cap(l.greatest) < lines {
		l.greatest = make([]int32, lines)
	}
	l.k, l.values, l.exponents, l.greatest = k, l.values[:lines*k], l.exponents[:lines*k], l.greatest[:lines]
}

// Fill unpacks all elements. Bits of F32 are good for TF32, as in Unpack.
func (l *Lines) Fill(f *Format, bits []uint32) {
	values, exponents := l.values[:len(bits)], l.exponents[:len(bits)]
	if f.Bias != 127 { // of float16, whose subnormal numbers are normal ones of float32
		for n, b := range bits {
			e := f.Unpack(b)
			values[n], exponents[n] = e.value, e.exponent
		}
		return
	}
	up := 0 // to where float32 has them
	if f.Sign != F32.Sign {
		up = 16
	}
	unused := uint32(1<<f.skip - 1)
	for n, b := range bits {
		b = b << (up & 31) &^ unused
		values[n], exponents[n] = float64(math.Float32frombits(b)), exponentOf(b)
	}
}

// exponentOf is the exponent of a float32 as Element has it.
func exponentOf(bits uint32) int32 {
	exponent := int32(bits>>23&0xff) - 127
	if exponent == -127 || exponent == 128 {
		return edgeExponent(bits)
	}
	return exponent
}

// edgeExponent is that of zeros, subnormal numbers, infinities and NaN.
func edgeExponent(bits uint32) int32 {
	switch {
	case bits&^F32.Sign == 0:
		return zeroExponent
	case bits&F32.Inf == 0:
		return -126
	}
	return specialExponent
}

// The greatest exponent of products is found for eight columns at a time, in the bytes of a word: mostNear less the distance of an
// exponent from the greatest of its line, 0 for zeros and for what is further away. Where the greatest sum of two such exceeds
// mostNear neither of the two is so far, and it belongs to the greatest product.
const (
	mostNear = 63
	eachByte = 0x0101010101010101
	upperBit = 0x80 * eachByte
)

// near is how near an exponent is to the greatest.
func near(exponent, greatest int32) uint64 {
	if exponent == zeroExponent {
		return 0
	}
	return uint64(max(0, mostNear-greatest+exponent))
}

// settle finds the greatest exponent of a line.
func (l *Lines) settle(line int) (exponents []int32, greatest int32) {
	exponents, greatest = l.exponents[line*l.k:][:l.k], zeroExponent
	for _, e := range exponents {
		greatest = max(greatest, e)
	}
	l.greatest[line] = greatest
	return exponents, greatest
}

// Rows ends the unpacking of rows.
func (l *Lines) Rows() {
	l.near = l.near[:len(l.values)]
	for row := range l.greatest {
		exponents, greatest := l.settle(row)
		for i, e := range exponents {
			l.near[row*l.k+i] = near(e, greatest) * eachByte
		}
	}
}

// Columns ends the unpacking of columns, of which there is a multiple of eight.
func (l *Lines) Columns() {
	l.near = l.near[:len(l.values)/8]
	clear(l.near)
	for column := range l.greatest {
		exponents, greatest := l.settle(column)
		for i, e := range exponents {
			l.near[column/8*l.k+i] |= near(e, greatest) << (column % 8 * 8)
		}
	}
}

// nearest is, byte by byte, the greatest sum of elements of x and y, which are below half of a byte.
func nearest(x, y []uint64) (most uint64) {
	y = y[:len(x)]
	for i := range x {
		sum := x[i] + y[i]
		exceeds := (sum | upperBit - most) & upperBit // the upper bit of bytes where sum >= most
		most ^= (most ^ sum) & (exceeds - exceeds>>7)
	}
	return most
}

// Sums are Dot of a row of a and eight columns of b, from column on, each with its addend.
func Sums(a *Lines, row int, b *Lines, column int, c *[8]uint32) (sums [8]float64) {
	k, top, most := a.k, a.greatest[row], (*[8]int32)(b.greatest[column:])
	var exponents [8]int32
	exceeded := false // by no product, where addends are large, as most are
	for n, bits := range c {
		exponents[n] = max(exponentOf(bits), lowestAlign)
		exceeded = exceeded || exponents[n] < top+most[n]
	}
	products := uint64(0)
	if exceeded {
		products = nearest(a.near[row*k:][:k], b.near[column/8*k:])
	}
	x := a.values[row*k:][:k]
	for n := range sums {
		addend, greatest := float64(math.Float32frombits(c[n])), exponents[n]
		y := b.values[(column+n)*k:][:k]
		switch near := int32(products >> (8 * n) & 0xff); {
		case max(top, most[n], greatest) == specialExponent:
			sums[n] = plainSum(x, y, addend)
			continue
		case top == zeroExponent || most[n] == zeroExponent: // what lies beyond the edges of a matrix
			sums[n] = addend + 0
			continue
		case greatest >= top+most[n]:
		case near > mostNear:
			greatest = max(greatest, near-2*mostNear+top+most[n])
		default:
			greatest = max(greatest, greatestSum(a.exponents[row*k:][:k], b.exponents[(column+n)*k:]))
		}
		sums[n] = alignedSum(x, y, addend, greatest)
	}
	return sums
}

func greatestSum(x, y []int32) (greatest int32) {
	greatest, y = 2*zeroExponent, y[:len(x)]
	for i := range x {
		greatest = max(greatest, x[i]+y[i])
	}
	return greatest
}

// plainSum is that of infinities and NaN, whatever the order.
func plainSum(x, y []float64, sum float64) float64 {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// alignedSum cuts addend and products to the places that the greatest exponent leaves, and adds them.
func alignedSum(x, y []float64, addend float64, greatest int32) float64 {
	// Products of two such numbers are exact in float64, the conversion to a whole number cuts toward zero.
	places := greatest - 23 - extraBits
	scale := math.Float64frombits(uint64(1023-places) << 52)
	sum := int64(addend * scale)
	for ; len(x) >= 4 && len(y) >= 4; x, y = x[4:], y[4:] { // of k there is a multiple of four
		sum += int64(x[0]*y[0]*scale) + int64(x[1]*y[1]*scale) + int64(x[2]*y[2]*scale) + int64(x[3]*y[3]*scale)
	}
	return float64(sum) * math.Float64frombits(uint64(1023+places)<<52)
}
