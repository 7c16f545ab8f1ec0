package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/nn/tensorfile"
)

func open(tb testing.TB, data []byte) *File {
	tb.Helper()
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// TestViews: what torch.save wrote of views, shared storages and every type, in both forms.
func TestViews(t *testing.T) {
	counting := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(i)
		}
		return v
	}
	var transposed []float32
	for c := range 6 {
		for r := range 4 {
			transposed = append(transposed, float32(6*r+c))
		}
	}
	want := []struct {
		name   string
		kind   tensorfile.Type
		shape  []int
		floats []float32
	}{
		{"whole", tensorfile.Float32, []int{2, 3, 4}, counting(24)},
		{"transposed", tensorfile.Float32, []int{6, 4}, transposed},
		{"offset", tensorfile.Float32, []int{3}, []float32{5, 6, 7}},
		{"strided", tensorfile.Float32, []int{2, 2}, []float32{6, 9, 18, 21}},
		{"channels_last", tensorfile.Float32, []int{1, 2, 3, 4}, counting(24)},
		{"scalar", tensorfile.Float32, []int{}, []float32{7}},
		{"empty", tensorfile.Float32, []int{0, 3}, []float32{}},
		{"expanded", tensorfile.Float32, []int{5}, nil},
		{"parameter", tensorfile.Float32, []int{1}, []float32{-1.5}},
		{"half", tensorfile.Float16, []int{2}, []float32{1, -2}},
		{"bfloat", tensorfile.BFloat16, []int{1}, []float32{1.5}},
		{"double", tensorfile.Float64, []int{2}, []float32{0.25, 3}},
		{"counter", tensorfile.Int64, []int{}, nil},
		{"mask", tensorfile.Bool, []int{2}, nil},
	}
	for file, form := range map[string]string{"views.pth": "zip", "views.legacy.pth": "legacy"} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		f := open(t, data)
		if f.Form() != form || len(f.Tensors()) != len(want) {
			t.Fatalf("%s: form %s with %d tensors, expected %s with %d", file, f.Form(), len(f.Tensors()), form, len(want))
		}
		for i, w := range want {
			info := f.Tensors()[i]
			if info.Name != "state_dict."+w.name || info.Type != w.kind || !slices.Equal(info.Shape, w.shape) {
				t.Errorf("%s: tensor %d is %v, expected %s (%s %v)", file, i, info, w.name, w.kind, w.shape)
			}
			got, err := f.Floats(i)
			if !slices.Equal(got, w.floats) || (err == nil) != (w.floats != nil) {
				t.Errorf("%s: %s: %v, %v, expected %v", file, w.name, got, err, w.floats)
			}
			if w.kind == tensorfile.Int64 {
				if n, err := f.Ints(i); err != nil || !slices.Equal(n, []int64{-9}) {
					t.Errorf("%s: %s: %v, %v", file, w.name, n, err)
				}
			}
		}
	}
}

// TestOpens: files that torch.save did not write for this project, but might.
func TestOpens(t *testing.T) {
	two := "\x00\x00\x80\x3f\x00\x00\x00\xc0" // 1, -2
	swapped := "\x3f\x80\x00\x00\xc0\x00\x00\x00"
	plain := dictionary(str("w"), vector("0", 2))
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"zip", archived(t, plain, two)},
		{"legacy", legacyFile(plain, []string{str("0")}, two)},
		{"without byte order", zipped(t, member{"a/data.pkl", proto + plain + stop}, member{"a/data/0", two})},
		{"big-endian", zipped(t, member{"a/data.pkl", proto + plain + stop}, member{"a/byteorder", "big"}, member{"a/data/0", swapped})},
		{"protocol 4", archived(t, "\x95\x00\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01w\x94"+strings.ReplaceAll(vector("0", 2),
			"ctorch._utils\n_rebuild_tensor_v2\n", "\x8c\x0ctorch._utils\x8c\x12_rebuild_tensor_v2\x93")+"s", two)},
		{"Python 2", archived(t, call("collections", "OrderedDict", tup("](]("+"U\x01w"+vector("0", 2)+"ee")), two)},
		{"attributes", archived(t, plain+dictionary(str("_metadata"), dictionary())+"b", two)},
		{"first function", archived(t, dictionary(str("w"), strings.Replace(vector("0", 2), "_v2", "", 1)), two)},
		{"bare", archived(t, dictionary(str(""), vector("0", 2), str("lr"), "G\x3f\xf0\x00\x00\x00\x00\x00\x00", str("n"), num(1<<40)), two)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(t, c.data)
			if got, err := f.Floats(0); err != nil || !slices.Equal(got, []float32{1, -2}) || len(f.Tensors()) != 1 {
				t.Errorf("%v, %v of %v", got, err, f.Tensors())
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	four := "\x00\x00\x80\x3f"
	plain := dictionary(str("w"), vector("0", 1))
	legacy := legacyFile(plain, []string{str("0")}, four)
	views, err := os.ReadFile("testdata/views.pth")
	if err != nil {
		t.Fatal(err)
	}
	tensorOf := func(offset int64, shape, strides string) []byte {
		return archived(t, dictionary(str("w"), view(stored("FloatStorage", "0", 1), offset, shape, strides)), four)
	}
	var deflated bytes.Buffer
	z := zip.NewWriter(&deflated)
	w, err := z.Create("a/data.pkl")
	if err == nil {
		_, err = w.Write([]byte(proto + plain + strings.Repeat(")0", 1<<20) + stop))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "neither a zip archive nor a pickle"},
		{"safetensors", []byte("\x10\x00\x00\x00\x00\x00\x00\x00{}"), "neither a zip archive nor a pickle"},
		{"tar", append(make([]byte, 257), "ustar"...), "neither a zip archive nor a pickle"},
		{"magic alone", []byte("PK\x03\x04" + strings.Repeat("archive/data.pkl", 10)), "the zip archive is truncated or damaged"},
		{"truncated zip", views[:len(views)/2], "the zip archive is truncated or damaged"},
		{"other zip", zipped(t, member{"word/document.xml", ""}), "without FOLDER/data.pkl"},
		{"TorchScript", zipped(t, member{"a/data.pkl", ""}, member{"a/constants.pkl", ""}), "TorchScript"},
		{"two pickles", zipped(t, member{"a/data.pkl", ""}, member{"b/data.pkl", ""}), "two pickles"},
		{"a member twice", zipped(t, member{"a/data.pkl", ""}, member{"a/data.pkl", ""}), "two members"},
		{"compressed", deflated.Bytes(), `"a/data.pkl" is compressed`},
		{"byte order", zipped(t, member{"a/data.pkl", proto + plain + stop}, member{"a/byteorder", "middle"}), "expected little or big"},
		{"no storage", archived(t, plain), `no member "a/data/0"`},
		{"short storage", archived(t, plain, "\x00\x00\x80"), "has 3 bytes, expected 4"},
		{"long storage", archived(t, plain, four+four), "has 8 bytes, expected 4"},
		{"absurd storage", archived(t, dictionary(str("w"), vector("0", 1<<62)), four), "storage \"0\" of 4611686018427387904 elements"},
		{"huge storage", archived(t, dictionary(str("w"), vector("0", 1<<40)), four), "has 4 bytes, expected 4398046511104"},
		{"negative storage", archived(t, dictionary(str("w"), vector("0", -1)), four), "of -1 elements"},
		{"two types", archived(t, dictionary(str("v"), vector("0", 1), str("w"), view(stored("IntStorage", "0", 1), 0, nums(1), nums(1))), four), "type F32 and 1 of type I32"},
		{"two sizes", archived(t, dictionary(str("v"), vector("0", 1), str("w"), vector("0", 2)), four), "is 1 elements of type F32 and 2"},
		{"offset", tensorOf(1, nums(1), nums(1)), "does not lie in its storage"},
		{"negative offset", tensorOf(-1, nums(1), nums(1)), "does not lie in its storage"},
		{"too long", tensorOf(0, nums(2), nums(1)), "does not lie in its storage"},
		{"negative stride", tensorOf(0, nums(2), nums(-1)), "does not lie in its storage"},
		{"stride that overflows", tensorOf(0, nums(3, 3), nums(1<<62, 1<<62)), "does not lie in its storage"},
		{"negative shape", tensorOf(0, nums(-1), nums(1)), "of shape [-1]"},
		{"shape that overflows", tensorOf(0, nums(1<<40, 1<<40), nums(0, 0)), "of shape [1099511627776 1099511627776]"},
		{"no strides", tensorOf(0, nums(1), nums()), "something else than storage"},
		{"seventeen dimensions", tensorOf(0, nums(make([]int64, 17)...), nums(make([]int64, 17)...)), "something else than storage"},
		{"tensor of nothing", archived(t, call("torch._utils", "_rebuild_tensor_v2", tup("N", "N", "N", "N"))), "something else than storage"},
		{"tensor of too little", archived(t, call("torch._utils", "_rebuild_tensor_v2", ")")), "a tensor of 0 values"},
		{"parameter of nothing", archived(t, call("torch._utils", "_rebuild_parameter", tup("N"))), "a parameter of something else"},
		{"storage without type", archived(t, tup(str("storage"), "N", str("0"), str("cpu"), num(1))+"Q"), "a storage without type"},
		{"view of a storage", archived(t, tup(str("storage"), "ctorch\nFloatStorage\n", str("0"), str("cpu"), num(1), nums(1, 2, 3))+"Q"), "a view of another"},
		{"other identifier", archived(t, tup(str("module"), num(1))+"Q"), "something else than a storage"},
		{"tensor twice", archived(t, dictionary(str("w"), vector("0", 1), str("w"), vector("0", 1)), four), `"w" occurs twice`},
		{"two ways to a name", archived(t, dictionary(str("a.b"), vector("0", 1), str("a"), dictionary(str("b"), vector("0", 1))), four), `"a.b" occurs twice`},
		{"system", archived(t, call("os", "system", tup(str("true")))), `it names "os.system", which is not part of a dictionary of tensors`},
		{"evaluation", archived(t, "\x8c\x08builtins\x8c\x04eval\x93"), `"builtins.eval"`},
		{"whole module", archived(t, "ctorchvision.models.resnet\nResNet\n)\x81}b"), "save model.state_dict() alone"},
		{"storage of a module", archived(t, "cevil\nFloatStorage\n"), `"evil.FloatStorage"`},
		{"NumPy", archived(t, "cnumpy.core.multiarray\nscalar\n"), "numpy.core.multiarray.scalar"},
		{"call of a value", archived(t, num(1)+")R"), "a call of an integer"},
		{"call with a list", archived(t, "ccollections\nOrderedDict\n]R"), "with a list"},
		{"an OrderedDict of no pairs", archived(t, call("collections", "OrderedDict", tup("](]e"))), "not pairs"},
		{"an OrderedDict of a string", archived(t, call("collections", "OrderedDict", tup(str("ab")))), "expected a list of pairs"},
		{"endless name", archived(t, "c"+strings.Repeat("x", 1<<16)), "a name of more than 256 bytes"},
		{"name without end", archived(t, "cos"), "does not end"},
		{"without end", zipped(t, member{"a/data.pkl", proto + "}"}), "the pickle does not end: at byte 3"},
		{"string without end", archived(t, "X\xff\xff\xff\xff"), "does not end"},
		{"long string without end", archived(t, "\x8d\xff\xff\xff\xff\xff\xff\xff\xff"), "does not end"},
		{"newer protocol", archived(t, "\x80\x06"), "protocol 6"},
		{"instruction", archived(t, "\x81"), "instruction 0x81"},
		{"empty stack", archived(t, ""), "with 0 values, expected 1"},
		{"two values", archived(t, "NN"), "with 2 values, expected 1"},
		{"open mark", archived(t, "N("), "with 1 values"},
		{"no mark", archived(t, "t"), "no mark"},
		{"below a mark", archived(t, "N(\x85"), "the stack is empty"},
		{"odd dictionary", archived(t, "}(Nu"), "something else than pairs"},
		{"filled number", archived(t, "K\x01Na"), "an integer is filled"},
		{"list as dictionary", archived(t, "]NNs"), "a list is filled as a dictionary"},
		{"not remembered", archived(t, "j\xff\xff\xff\xff"), "value 4294967295 was not remembered"},
		{"nested", archived(t, strings.Repeat("]", 100)+strings.Repeat("a", 99)), "nested deeper than 32"},
		{"in itself", archived(t, "]q\x00h\x00a"), "nested deeper than 32"},
		{"nested a millionfold", archived(t, "]q\x00"+strings.Repeat("h\x00\x86q\x00", 30)), "more than 4194304 values"},
		{"copied a millionfold", archived(t, "]q\x00("+strings.Repeat("N", 1<<12)+"e0"+strings.Repeat("ccollections\nOrderedDict\nh\x00\x85R0", 1<<10)), "not pairs"},
		{"many instructions", archived(t, strings.Repeat("N0", 1<<21)), "more than 4194304 instructions"},
		{"large pickle", zipped(t, member{"a/data.pkl", strings.Repeat("\x00", maxPickle+1)}), "expected at most 67108864"},
		{"long key", archived(t, dictionary(str(strings.Repeat("k", 1<<11)), "N")), "a key of 2048 bytes"},
		{"pickle alone", []byte(proto + "}" + stop), "not one that torch.save wrote"},
		{"pickle of a list", []byte(proto + "]" + stop), "not one that torch.save wrote"},
		{"other version", []byte(head[:17] + proto + "K\x01" + stop), "version 1 of the legacy form"},
		{"magic alone in a stream", legacy[:16], "does not end"},
		{"truncated stream", legacy[:len(legacy)-1], "truncated: storage"},
		{"truncated size", legacy[:len(legacy)-7], "truncated before storage"},
		{"trailing bytes", append(bytes.Clone(legacy), 0), "1 bytes behind the last storage"},
		{"other size", legacyFile(plain, []string{str("0")}, four+four), "has 2 elements, expected 1"},
		{"missing key", legacyFile(plain, nil), "0 keys of storages, expected 1"},
		{"other key", legacyFile(plain, []string{str("1")}, four), "belongs to no tensor"},
		{"number as key", legacyFile(plain, []string{num(0)}, four), "belongs to no tensor"},
		{"key twice", legacyFile(dictionary(str("v"), vector("0", 1), str("w"), vector("1", 1)), []string{str("0"), str("0")}, four, four), "comes twice"},
		{"keys of another kind", []byte(head + proto + "}" + stop + proto + "}" + stop), "expected a list"},
		{"absurd count", append([]byte(head+proto+plain+stop+proto+"]("+str("0")+"e"+stop), bytes.Repeat([]byte{0xff}, 12)...), "expected 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(bytes.NewReader(c.data), int64(len(c.data)))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "torchfile: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, expected one with %q", err, c.want)
			}
		})
	}
}

// TestOverlap: two members of an archive in one place, as no writer of archives makes them.
func TestOverlap(t *testing.T) {
	data := archived(t, dictionary(str("v"), vector("0", 1), str("w"), vector("1", 1)), "\x01\x02\x03\x04", "\x01\x02\x03\x04")
	open(t, data)
	directory := bytes.LastIndex(data, []byte("PK\x01\x02")) // of storage 1, the last member
	first := bytes.Index(data, []byte("a/data/0")) - 30      // the local header of storage 0
	binary.LittleEndian.PutUint32(data[directory+42:], uint32(first))
	if _, err := Open(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("error %v, expected one about storages that overlap", err)
	}
	binary.LittleEndian.PutUint32(data[directory+20:], math.MaxUint32-1) // sizes beyond the file
	binary.LittleEndian.PutUint32(data[directory+24:], math.MaxUint32-1)
	if _, err := Open(bytes.NewReader(data), int64(len(data))); err == nil {
		t.Error("a member larger than the file was taken")
	}
}

// counter counts the bytes that are read.
type counter struct {
	*bytes.Reader
	read int
}

func (c *counter) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.Reader.ReadAt(b, at)
	c.read += n
	return n, err
}

// TestLazy: Open reads no elements, and reading a tensor reads no other's.
func TestLazy(t *testing.T) {
	const n = 1 << 20
	pickle := dictionary(str("v"), vector("0", n), str("w"), vector("1", n))
	elements := strings.Repeat("\x00", 4*n)
	for form, data := range map[string][]byte{
		"zip":    archived(t, pickle, elements, elements),
		"legacy": legacyFile(pickle, []string{str("0"), str("1")}, elements, elements),
	} {
		r := &counter{Reader: bytes.NewReader(data)}
		f, err := Open(r, int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if r.read > 1<<16 {
			t.Errorf("%s: Open has read %d bytes", form, r.read)
		}
		r.read = 0
		if _, err := f.Floats(1); err != nil || r.read != 4*n {
			t.Errorf("%s: %v, %d bytes read for a tensor of %d", form, err, r.read, 4*n)
		}
	}
}

// readAll reads every tensor of a type that is read.
func readAll(t *testing.T, f *File) {
	for i, info := range f.Tensors() {
		if !info.Type.Floating() {
			continue
		}
		if v, err := f.Floats(i); err == nil && len(v) != info.Len() {
			t.Fatalf("%v: %d elements", info, len(v))
		} else if err != nil && !strings.Contains(err.Error(), "share") {
			t.Fatal(err)
		}
	}
}

// FuzzOpen: whatever the bytes, Open fails or every tensor can be read.
func FuzzOpen(f *testing.F) {
	files, err := filepath.Glob("testdata/views*.pth")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(legacyFile(dictionary(str("w"), vector("0", 1)), []string{str("0")}, "\x00\x00\x80\x3f"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			readAll(t, file)
		}
	})
}

// FuzzPickle: the same for the pickle of an archive that is otherwise whole.
func FuzzPickle(f *testing.F) {
	f.Add(dictionary(str("v"), vector("0", 2), str("w"), view(stored("HalfStorage", "1", 4), 1, nums(2, 1), nums(1, 2))))
	f.Add("]q\x00h\x00a")
	f.Add("]q\x00(h\x00h\x00t0" + call("collections", "OrderedDict", tup("](](NNee")))
	f.Add("}\x94\x8c\x01w\x94\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R\x8a\x02\x00\xff\x8a\x00b0")
	f.Fuzz(func(t *testing.T, pickle string) {
		data := archived(t, pickle, "01234567", "89abcdef")
		file, err := Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			readAll(t, file)
		}
	})
}
