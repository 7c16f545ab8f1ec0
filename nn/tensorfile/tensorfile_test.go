package tensorfile

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

// TestHalf: every half-precision number by its definition.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		sign, exponent, mantissa := 1-2*float64(h>>15), h>>10&31, float64(h&1023)
		want := sign * math.Ldexp(1+mantissa/1024, exponent-15)
		switch {
		case exponent == 0:
			want = sign * math.Ldexp(mantissa/1024, -14)
		case exponent == 31 && mantissa == 0:
			want = sign * math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		got := float64(half(uint16(h)))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != (h>>15 == 1) {
			t.Fatalf("%04x: %v, expected %v", h, got, want)
		}
	}
}

func TestFloats(t *testing.T) {
	for _, c := range []struct {
		t     Type
		order binary.ByteOrder
		bytes []byte
		want  []float32
	}{
		{Float16, binary.LittleEndian, []byte{0x00, 0x3c, 0x00, 0xc1}, []float32{1, -2.5}},
		{Float16, binary.BigEndian, []byte{0x3c, 0x00, 0xc1, 0x00}, []float32{1, -2.5}},
		{BFloat16, binary.LittleEndian, []byte{0x80, 0x3f, 0x20, 0xc0}, []float32{1, -2.5}},
		{Float32, binary.BigEndian, []byte{0xc0, 0x20, 0, 0}, []float32{-2.5}},
		{Float64, binary.LittleEndian, []byte{0, 0, 0, 0, 0, 0, 0x04, 0xc0}, []float32{-2.5}},
		{Float64, binary.BigEndian, []byte{0x7f, 0xe0, 0, 0, 0, 0, 0, 0}, []float32{float32(math.Inf(1))}}, // 2^1023
	} {
		if got, err := c.t.Floats(c.bytes, c.order); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, expected %v", c.t, got, err, c.want)
		}
	}
	for _, wrong := range []Type{Int64, Bool, Float8E4M3, "F4"} {
		if _, err := wrong.Floats(make([]byte, 8), binary.LittleEndian); err == nil {
			t.Errorf("%s was read as floats", wrong)
		}
	}
	if v, err := Int64.Ints([]byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, binary.LittleEndian); err != nil || !slices.Equal(v, []int64{-2}) {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := Float32.Ints(make([]byte, 8), binary.LittleEndian); err == nil {
		t.Error("floats were read as integers")
	}
}

func TestBytes(t *testing.T) {
	for _, c := range []struct {
		t     Type
		shape []int
		want  int64
		ok    bool
	}{
		{Float32, nil, 4, true},
		{Float16, []int{3, 5}, 30, true},
		{Float64, []int{1 << 40, 0}, 0, true},
		{Float64, []int{0, 1 << 40, 1 << 40}, 0, true},
		{Float32, []int{-1, -1}, 0, false},
		{Float32, []int{0, -1}, 0, false},
		{Float32, []int{1 << 32, 1 << 32}, 0, false},
		{"F4", []int{1}, 0, false},
	} {
		if n, ok := Bytes(c.t, c.shape); n != c.want || ok != c.ok {
			t.Errorf("%s %v: %d, %v, expected %d, %v", c.t, c.shape, n, ok, c.want, c.ok)
		}
	}
}
