package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels/checksum"
	"gzpt/nn/tensorfile"
)

var sample = []Tensor{
	{Name: "conv1.weight", Shape: []int{1, 2, 1, 3}, Floats: []float32{1, -2, 0.5, float32(math.Inf(1)), 0, 7}},
	{Name: "bn1.bias", Shape: []int{3}, Floats: []float32{9, 8, 7}},
	{Name: "bn1.num_batches_tracked", Ints: []int64{-1 << 40}},
	{Name: "empty", Shape: []int{0, 4}, Floats: []float32{}},
}

func encode(tb testing.TB, tensors []Tensor) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := Write(&b, tensors); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	data := encode(t, sample)
	if !bytes.Equal(data, encode(t, sample)) {
		t.Error("the same tensors gave different bytes")
	}
	if n := binary.LittleEndian.Uint64(data); n%8 != 0 || !bytes.Contains(data, []byte(`"format":"pt"`)) {
		t.Errorf("header of %d bytes without alignment or format: %q", n, data[8:8+n])
	}
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors()) != len(sample) {
		t.Fatalf("%d tensors, wrote %d", len(f.Tensors()), len(sample))
	}
	for _, want := range sample {
		i, ok := f.Lookup(want.Name)
		if !ok {
			t.Errorf("%s: not found", want.Name)
			continue
		}
		info := f.Tensors()[i]
		if info.Name != want.Name || len(info.Shape) != len(want.Shape) || (f.data+f.places[i].begin)%info.Type.Size() != 0 {
			t.Errorf("%s: read back as %v", want.Name, info)
			continue
		}
		if want.Ints != nil {
			if got, err := f.Ints(i); err != nil || !reflect.DeepEqual(got, want.Ints) {
				t.Errorf("%s: %v, %v, wrote %v", want.Name, got, err, want.Ints)
			}
			continue
		}
		if got, err := f.Floats(i); err != nil || !reflect.DeepEqual(got, want.Floats) {
			t.Errorf("%s: %v, %v, wrote %v", want.Name, got, err, want.Floats)
		}
		if _, err := f.Ints(i); err == nil {
			t.Errorf("%s: floats were read as integers", want.Name)
		}
	}
	if _, ok := f.Lookup("fc.weight"); ok {
		t.Error("found a tensor that was not written")
	}
}

// TestOtherTypes: half, bfloat16 and double become float32; what is no number for a network is listed and not read.
func TestOtherTypes(t *testing.T) {
	header := `{"half":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"brain":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},` +
		`"mask":{"dtype":"BOOL","shape":[2],"data_offsets":[6,8]},"double":{"dtype":"F64","shape":[],"data_offsets":[8,16]}}`
	data := raw(header, 0)
	data = append(data, 0x00, 0x3c, 0x00, 0xc0, 0xc0, 0x3f, 1, 0, 0, 0, 0, 0, 0, 0, 0x14, 0x40)
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"half": {1, -2}, "brain": {1.5}, "double": {5}, "mask": nil} {
		i, _ := f.Lookup(name)
		got, err := f.Floats(i)
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%s: %v, %v, expected %v", name, got, err, want)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		tensors []Tensor
		want    string
	}{
		{[]Tensor{sample[0], sample[0]}, "occurs twice"},
		{[]Tensor{{Name: metadataKey, Shape: []int{1}, Floats: []float32{1}}}, "occurs twice"},
		{[]Tensor{{Name: "a", Shape: []int{2, 2}, Floats: []float32{1}}}, "1 elements"},
		{[]Tensor{{Name: strings.Repeat("a", maxHeader), Floats: []float32{1}}}, "a reader accepts"},
	} {
		if err := Write(&bytes.Buffer{}, c.tensors); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, expected one with %q", err, c.want)
		}
	}
}

// raw is a file with the given header and so many bytes of elements.
func raw(header string, elements int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, elements)...)
}

func TestOpenRefuses(t *testing.T) {
	tensor := func(name, dtype, shape string, begin, end int) string {
		return fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, begin, end)
	}
	good := encode(t, sample)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "too short"},
		{"other format", []byte("PK\x03\x04 a zip archive, as PyTorch writes it"), "not a safetensors file"},
		{"truncated header", good[:40], "truncated"},
		{"truncated elements", good[:len(good)-1], "truncated"},
		{"trailing bytes", append(bytes.Clone(good), 0), "behind the last tensor"},
		{"not an object", raw(`[1,2,3]`, 0), "not a JSON object"},
		{"broken JSON", raw(`{"a":{"dtype":`, 0), "tensor \"a\""},
		{"unclosed object", raw(`{`+tensor("a", "F32", "[1]", 0, 4), 4), "header"},
		{"text behind", raw(`{} {}`, 0), "behind the JSON object"},
		{"metadata", raw(`{"__metadata__":{"a":1}}`, 0), metadataKey},
		{"type", raw(`{`+tensor("a", "F4", "[2]", 0, 4)+`}`, 4), `type "F4"`},
		{"twice", raw(`{`+tensor("a", "F32", "[1]", 0, 4)+`,`+tensor("a", "F32", "[1]", 4, 8)+`}`, 8), "occurs twice"},
		{"shape", raw(`{`+tensor("a", "F32", "[3]", 0, 4)+`}`, 4), "does not fill"},
		{"without shape", raw(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), "expected a shape"},
		{"one place", raw(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}}`, 0), "two data_offsets"},
		{"three places", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 4), "two data_offsets"},
		{"negative shape", raw(`{`+tensor("a", "F32", "[-1,-1]", 0, 4)+`}`, 4), "does not fill"},
		{"enormous shape", raw(`{`+tensor("a", "F32", "[4294967296,4294967296,4294967296]", 0, 0)+`}`, 0), "does not fill"},
		{"backwards", raw(`{`+tensor("a", "F32", "[1]", 4, 0)+`}`, 4), "does not fill"},
		{"negative place", raw(`{`+tensor("a", "F32", "[1]", -4, 0)+`}`, 4), "does not fill"},
		{"overlap", raw(`{`+tensor("a", "F32", "[2]", 0, 8)+`,`+tensor("b", "F32", "[1]", 4, 8)+`}`, 8), "overlaps"},
		{"gap", raw(`{`+tensor("a", "F32", "[1]", 4, 8)+`}`, 8), "gap"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(bytes.NewReader(c.data), int64(len(c.data)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, expected one with %q", err, c.want)
			}
		})
	}
}

// FuzzOpen: whatever the bytes, Open fails or every tensor of a type that is read can be, and what was read can be written and read again.
func FuzzOpen(f *testing.F) {
	f.Add(encode(f, sample))
	f.Add(encode(f, nil))
	f.Add(raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 4))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		var again []Tensor
		for i, info := range file.Tensors() {
			out := Tensor{Name: info.Name, Shape: info.Shape}
			switch {
			case info.Type == tensorfile.Int64:
				out.Ints, err = file.Ints(i)
			case info.Type.Floating():
				out.Floats, err = file.Floats(i)
			default:
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, out)
		}
		b := encode(t, again)
		if _, err := Open(bytes.NewReader(b), int64(len(b))); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever byte of a sealed file is changed, it is refused, or says that it is not sealed; one without a checksum is believed.
func TestSealed(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSealed(&b, sample, map[string]string{"step": "12", "\"odd\"": "a\nb"}); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	f, err := Open(bytes.NewReader(good), int64(len(good)))
	if err != nil || !f.Sealed() || f.Metadata()["step"] != "12" || f.Metadata()["\"odd\""] != "a\nb" || f.Metadata()["format"] != "pt" {
		t.Fatalf("metadata %v, %v", f.Metadata(), err)
	}
	if err := f.Verify(); err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for at := range good {
		for _, bit := range []byte{1, 0x40} {
			bad := bytes.Clone(good)
			bad[at] ^= bit
			f, err := Open(bytes.NewReader(bad), int64(len(bad)))
			if err != nil || !f.Sealed() {
				continue
			}
			if err := f.Verify(); !errors.Is(err, checksum.ErrDamaged) {
				t.Fatalf("byte %d, bit %d: %v", at, bit, err)
			}
			damaged++
		}
	}
	if damaged < len(good)/4 { // the others are no such file any more
		t.Errorf("only %d changes were seen by the checksum", damaged)
	}
	plain := encode(t, sample)
	if f, err := Open(bytes.NewReader(plain), int64(len(plain))); err != nil || f.Sealed() || f.Verify() != nil {
		t.Errorf("a plain file is refused: %v", err)
	}
}
