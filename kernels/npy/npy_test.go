package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// file builds a .npy file of version 1.0 from a header text and elements.
func file(header string, elements []byte) []byte {
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	return append(append(b, header...), elements...)
}

func TestLayout(t *testing.T) {
	// What numpy.save writes for numpy.arange(6, dtype=float32).reshape(2, 3).
	text := "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
	want := file(text+strings.Repeat(" ", 117-len(text))+"\n", nil)
	if len(want) != 128 {
		t.Fatalf("the expected header has %d bytes", len(want))
	}
	data := []float32{0, 1, 2, 3, 4, 5}
	for _, v := range data {
		want = binary.LittleEndian.AppendUint32(want, math.Float32bits(v))
	}
	var b bytes.Buffer
	if err := Write(&b, []int{2, 3}, data); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("wrote\n%q, want\n%q", b.Bytes(), want)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, dims := range [][]int{{}, {0}, {1}, {7}, {3, 5}, {0, 4}, {2, 3, 4, 5}, {chunk + 3}} {
		n, err := elements(dims)
		if err != nil {
			t.Fatal(err)
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(i) - 1.5
		}
		if n > 2 {
			data[1], data[2] = float32(math.Inf(-1)), math.MaxFloat32
		}
		path := filepath.Join(t.TempDir(), "a.npy")
		if err := WriteFile(path, dims, data); err != nil {
			t.Fatal(err)
		}
		gotDims, got, err := ReadFile(path)
		if err != nil {
			t.Fatalf("%v: %v", dims, err)
		}
		if !slices.Equal(gotDims, dims) || !slices.Equal(got, data) {
			t.Errorf("%v: read %v with other elements", dims, gotDims)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if (len(raw)-4*n)%alignment != 0 {
			t.Errorf("%v: the elements begin at %d, not a multiple of %d", dims, len(raw)-4*n, alignment)
		}
	}
}

func TestElementTypes(t *testing.T) {
	for name, tc := range map[string]struct {
		bytes []byte
		want  float32
	}{
		"<f4": {binary.LittleEndian.AppendUint32(nil, math.Float32bits(-2.5)), -2.5},
		"<f8": {binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.1)), 0.1},
		"|i1": {[]byte{0xfe}, -2},
		"<i2": {[]byte{0xfe, 0xff}, -2},
		"<i4": {[]byte{0xfe, 0xff, 0xff, 0xff}, -2},
		"<i8": {[]byte{3, 1, 0, 0, 0, 0, 0, 0}, 259},
		"|u1": {[]byte{0xfe}, 254},
		"<u2": {[]byte{0, 1}, 256},
		"<u4": {[]byte{0, 0, 1, 0}, 65536},
		"<u8": {[]byte{0, 0, 0, 0, 1, 0, 0, 0}, 1 << 32},
		"|b1": {[]byte{1}, 1},
	} {
		_, data, err := Read(bytes.NewReader(file("{'descr': '"+name+"', 'fortran_order': False, 'shape': (1,), }\n", tc.bytes)))
		if err != nil || len(data) != 1 || data[0] != tc.want {
			t.Errorf("%s: %v, %v, want %v", name, data, err, tc.want)
		}
	}
}

func TestRefused(t *testing.T) {
	four := make([]byte, 4)
	for text, want := range map[string]string{
		"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }":                                       `element type ">f4"`,
		"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }":                                        `element type "|O"`,
		"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }":                              "not a plain one",
		"{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }":                                        "not row-major",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }":                                       "ends within the 2 elements",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }":                                      "bad dimension",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (x,), }":                                       "bad dimension",
		"{'descr': '<f4', 'fortran_order': False, 'shape': 1, }":                                          "not a tuple",
		"{'descr': '<f4', 'fortran_order': False, }":                                                      "lacks",
		"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }":                       "not a dictionary",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}":                              `unknown key "more"`,
		"{'descr': '<f4' 'fortran_order': False}":                                                         "not a dictionary",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807), }": "too large",
		"[]": "not a dictionary",
	} {
		_, _, err := Read(bytes.NewReader(file(text, four)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
	for _, b := range []string{"", "\x93NUMP", "PK\x03\x04aaaa", magic + "\x01", magic + "\x09\x00aaaa", magic + "\x01\x00\xff\x00{", magic + "\x02\x00\xff\xff\xff\xff"} {
		if _, _, err := Read(strings.NewReader(b)); err == nil {
			t.Errorf("%q was accepted", b)
		}
	}
}

// TestReadingFails: a disk that fails is told as that, wherever it does, and not as a file of another kind or a short one.
func TestReadingFails(t *testing.T) {
	fails := errors.New("input/output error")
	for _, version := range []string{"\x01\x00", "\x02\x00\x00\x00"} {
		b := file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", make([]byte, 4))
		b = slices.Concat([]byte(magic), []byte(version[:2]), b[8:10], []byte(version[2:]), b[10:])
		for n := range b {
			if _, _, err := Read(io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(fails))); !errors.Is(err, fails) {
				t.Errorf("behind %d bytes of %q: %v", n, b, err)
			}
		}
		if _, _, err := Read(bytes.NewReader(b)); err != nil {
			t.Error(err)
		}
	}
}

func TestTrailingBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	b := file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", make([]byte, 5))
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), "after the last element") {
		t.Errorf("error %v", err)
	}
}

func TestWriteFileLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	if err := WriteFile(filepath.Join(dir, "missing", "a.npy"), []int{1}, []float32{1}); err == nil {
		t.Error("a file in a missing folder was written")
	}
	if err := WriteFile(filepath.Join(dir, "a.npy"), []int{1}, []float32{1}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v, want a.npy alone", entries, err)
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := Write(&b, []int{2, 1}, []float32{1, 2}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(file("{'shape': (3,), 'fortran_order': False, 'descr': '|u1'}", []byte{1, 2, 3}))
	f.Add(file("{\"descr\": \"<i8\", \"fortran_order\": False, \"shape\": (10L, 0)}", nil))
	f.Fuzz(func(t *testing.T, in []byte) {
		dims, data, err := Read(bytes.NewReader(in))
		if err != nil {
			return
		}
		if n, err := elements(dims); err != nil || n != len(data) {
			t.Fatalf("%d elements of shape %v", len(data), dims)
		}
		var out bytes.Buffer
		if err := Write(&out, dims, data); err != nil {
			t.Fatal(err)
		}
		again, copied, err := Read(&out)
		if err != nil || fmt.Sprint(again, copied) != fmt.Sprint(dims, data) {
			t.Fatalf("read back %v %v, %v; want %v %v", again, copied, err, dims, data)
		}
	})
}

// FuzzFile: a file is read, mapped and described alike, or refused.
func FuzzFile(f *testing.F) {
	var b bytes.Buffer
	if err := Write(&b, []int{2, 2}, []float32{1, 2, 3, 4}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:b.Len()-1])
	f.Add(file("{'shape': (3,), 'fortran_order': False, 'descr': '|u1'}", []byte{1, 2, 3}))
	f.Add(file("{'shape': (9223372036854775807, 3, 0), 'fortran_order': False, 'descr': '<f8'}", nil))
	f.Fuzz(func(t *testing.T, in []byte) {
		path := filepath.Join(t.TempDir(), "a.npy")
		if err := os.WriteFile(path, in, 0o666); err != nil {
			t.Fatal(err)
		}
		shape, shapeErr := Shape(path)
		dims, data, err := ReadFile(path)
		if (err == nil) != (shapeErr == nil) || err == nil && !slices.Equal(dims, shape) {
			t.Fatalf("shape %v, %v; read %v, %v", shape, shapeErr, dims, err)
		}
		m, mapErr := OpenMapped(path, false)
		if mapErr != nil {
			return
		}
		if err != nil || !slices.Equal(m.Dims, dims) || len(m.Data) != len(data) {
			t.Fatalf("mapped %v, read %v, %v", m.Dims, dims, err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
