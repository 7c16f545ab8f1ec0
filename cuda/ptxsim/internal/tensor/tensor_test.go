package tensor

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim/internal/arith"
)

// TestDecode: a map comes back as it was encoded; one that somebody has changed is none.
func TestDecode(t *testing.T) {
	encoded, err := EncodeIm2col(driver.Im2col{
		Tensor: driver.Tensor{Type: driver.BFloat16, At: 1 << 40, Sizes: []uint64{64, 7, 5, 3}, Strides: []uint64{128, 1024, 8192}, Steps: []uint32{8, 2, 1, 1},
			Swizzle: driver.Swizzle128},
		Lower: []int32{-3, -1}, Upper: []int32{-2, 1}, Channels: 64, Pixels: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(encoded[:])
	if err != nil {
		t.Fatal(err)
	}
	want := Map{
		Name: mapName, At: 1 << 40, Strides: [4]uint64{128, 1024, 8192}, Sizes: [5]uint32{64, 7, 5, 3}, Box: [5]uint16{64, 50}, Lower: [3]int16{-3, -1},
		Upper: [3]int16{-2, 1}, Steps: [5]uint8{1, 2, 1, 1}, Dimensions: 4, ElementBytes: 2, Span: 128, Im2col: true, Sum: m.Sum,
	}
	if *m != want {
		t.Errorf("%+v, expected %+v", *m, want)
	}
	if m.Bytes() != 50*128 || m.RowBytes() != 128 {
		t.Errorf("%d bytes in rows of %d", m.Bytes(), m.RowBytes())
	}
	for at := range encoded {
		encoded[at] ^= 4
		if _, err := Decode(encoded[:]); err == nil {
			t.Errorf("with another byte %d it is still a map", at)
		}
		encoded[at] ^= 4
	}
	if _, err := Decode(encoded[:127]); err == nil {
		t.Error("a part of a map is a map")
	}
}

// TestDescriptor: the fields of a matrix descriptor, and those that are none.
func TestDescriptor(t *testing.T) {
	d, err := ParseDescriptor(0x3FF0>>4 | 0x3FFF<<16 | 5<<32)
	if want := (Descriptor{Start: 0x3FF0, Leading: 0x3FFF0, Stride: 80}); err != nil || d != want {
		t.Errorf("%+v, error %v, expected %+v", d, err, want)
	}
	for name, test := range map[string]struct {
		bits uint64
		want string
	}{
		"above the start":          {1 << 14, "mean nothing"},
		"above the leading offset": {1 << 31, "mean nothing"},
		"above the stride":         {1 << 46, "mean nothing"},
		"below the swizzle":        {1 << 61, "mean nothing"},
		"base without swizzle":     {1 << 49, "without a swizzle"},
		"128 at line 1":            {1<<62 | 128>>4, "misaligned"},
		"128 with base 1 at 0":     {1<<62 | 1<<49, "misaligned"},
		"64 at span 1":             {2<<62 | 64>>4, "misaligned"},
		"32 at span 7":             {3<<62 | 224>>4, "misaligned"},
	} {
		if _, err := ParseDescriptor(test.bits); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, expected %q", name, err, test.want)
		}
	}
	for name, bits := range map[string]uint64{"128 within the first line": 1<<62 | 96>>4, "128 with base 1": 1<<62 | 1<<49 | 128>>4, "64 at 512": 2<<62 | 512>>4,
		"64 with base 1": 2<<62 | 1<<49 | 128>>4, "32 at 256": 3<<62 | 272>>4} {
		if _, err := ParseDescriptor(bits); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRound: copies by maps of tf32 round as the format does, but leave Inf and NaN as they are; other maps change nothing.
func TestRound(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for n := range 100_000 {
		bits := random.Uint32()
		if n%3 == 0 {
			bits = bits&^0x1fff | 0x1000 // a tie
		}
		x := float64(math.Float32frombits(bits))
		want := arith.TF32.Round(x, arith.Nearest)
		if x != x || math.IsInf(x, 0) {
			want = bits
		}
		for tf32, want := range map[bool]uint32{true: want, false: bits} {
			row := binary.LittleEndian.AppendUint32(make([]byte, 4), bits)
			(&Map{TF32: tf32}).Round(row)
			if got := binary.LittleEndian.Uint32(row[4:]); got != want || binary.LittleEndian.Uint32(row) != 0 {
				t.Fatalf("tf32 %t: %#x rounds to %#x, expected %#x", tf32, bits, got, want)
			}
		}
	}
}
