package tensorfile

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Type is the type of the elements of a tensor, as a safetensors file spells it.
type Type string

// The types that tensors in files have. Floats reads the first four, Ints Int64.
const (
	Float16    Type = "F16"
	BFloat16   Type = "BF16"
	Float32    Type = "F32"
	Float64    Type = "F64"
	Int64      Type = "I64"
	Int32      Type = "I32"
	Int16      Type = "I16"
	Int8       Type = "I8"
	Uint64     Type = "U64"
	Uint32     Type = "U32"
	Uint16     Type = "U16"
	Uint8      Type = "U8"
	Bool       Type = "BOOL"
	Float8E4M3 Type = "F8_E4M3"
	Float8E5M2 Type = "F8_E5M2"
	Complex64  Type = "C64"
)

var sizes = map[Type]int64{
	Float16: 2, BFloat16: 2, Float32: 4, Float64: 8,
	Int64: 8, Int32: 4, Int16: 2, Int8: 1, Uint64: 8, Uint32: 4, Uint16: 2, Uint8: 1, Bool: 1,
	Float8E4M3: 1, Float8E5M2: 1, Complex64: 8,
}

// Size is the number of bytes of an element, 0 for a type that is not known here.
func (t Type) Size() int64 { return sizes[t] }

// Floating reports whether Floats reads the type.
func (t Type) Floating() bool {
	switch t {
	case Float16, BFloat16, Float32, Float64:
		return true
	}
	return false
}

// Floats turns bytes into float32: half precision and bfloat16 exactly, double precision by rounding, which makes what is
// beyond float32 infinite. Another type is an error.
func (t Type) Floats(b []byte, order binary.ByteOrder) ([]float32, error) {
	if !t.Floating() {
		return nil, fmt.Errorf("elements of type %s, expected %s, %s, %s or %s", t, Float32, Float16, BFloat16, Float64)
	}
	v := make([]float32, len(b)/int(t.Size()))
	for i := range v {
		switch t {
		case Float16:
			v[i] = half(order.Uint16(b[2*i:]))
		case BFloat16:
			v[i] = math.Float32frombits(uint32(order.Uint16(b[2*i:])) << 16)
		case Float32:
			v[i] = math.Float32frombits(order.Uint32(b[4*i:]))
		case Float64:
			v[i] = float32(math.Float64frombits(order.Uint64(b[8*i:])))
		}
	}
	return v, nil
}

// Ints turns the bytes of Int64 elements into numbers. Another type is an error.
func (t Type) Ints(b []byte, order binary.ByteOrder) ([]int64, error) {
	if t != Int64 {
		return nil, fmt.Errorf("elements of type %s, expected %s", t, Int64)
	}
	v := make([]int64, len(b)/8)
	for i := range v {
		v[i] = int64(order.Uint64(b[8*i:]))
	}
	return v, nil
}

// half is an IEEE 754 half-precision number: a sign, 5 bits of exponent, 10 of mantissa.
func half(h uint16) float32 {
	sign, exponent, mantissa := uint32(h>>15)<<31, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0: // zero, or a subnormal number: mantissa * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(mantissa)/(1<<24)))
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}
