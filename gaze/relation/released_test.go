package relation

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels/npy"
)

// writeFloat64 writes a matrix as NumPy does by default.
func writeFloat64(t *testing.T, path string, dims []int, values []float64) {
	t.Helper()
	shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(dims), " ", ", "), "[]")
	head := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }\n", shape)
	file := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), 0)
	file = append(file, head...)
	file, _ = binary.Append(file, binary.LittleEndian, values)
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestReadReleased(t *testing.T) {
	square := []float64{
		0, .5, 0, .25,
		.5, 0, 0, -1,
		0, 0, 7, 0,
		.25, -1, 0, 3,
	}
	good := "a.png\nimages/b.png\r\nc\n d.png \n\n\n"
	upper := slices.Clone(square)
	for i := range 4 {
		for j := range i {
			upper[i*4+j] = 0
		}
	}
	skewed := slices.Clone(square)
	skewed[1] = .75
	withNaN := slices.Clone(square)
	withNaN[7] = math.NaN()
	tests := []struct {
		name   string
		dims   []int
		values []float64
		names  string
		want   string // the error
	}{
		{"as it is", []int{4, 4}, square, good, ""},
		{"upper half", []int{4, 4}, upper, "\ufeff" + good, ""},
		{"not square", []int{2, 8}, square, good, "relation.npy: an array of shape [2 8], expected a square matrix"},
		{"a vector", []int{16}, square, good, "relation.npy: an array of shape [16], expected a square matrix"},
		{"NaN", []int{4, 4}, withNaN, good, `relation.npy: row 1, column 3 is NaN, expected a number`},
		{"too few names", []int{4, 4}, square, "a\nb\nc\n", "names.txt:4: 3 names, expected 4: one for each row of "},
		{"too many names", []int{4, 4}, square, "a\nb\nc\nd\ne\n", "names.txt:5: 5 names, expected 4: one for each row of "},
		{"twice", []int{4, 4}, square, "a\nb\na\nd\n", `names.txt:3: the name on line 1 once more`},
		{"blank", []int{4, 4}, square, "a\n\n\nb\nc\nd", "names.txt:2: a blank line, expected the name of an image"},
		{"empty", []int{4, 4}, square, "\n", "names.txt: no name, expected that of an image on each line"},
		{"items of a run", []int{4, 4}, square, "image,label\na.png,1\n\"images/b.png\",\"with \"\"marks\"\"\n and a line\"\nc,\nd.png,4\n", ""},
		{"items twice", []int{4, 4}, square, "image,label\na.png,1\nb.png,\"\n\"\na.png,1\nd,2\n", "names.txt:5: the name on line 2 once more"},
		{"an item without a name", []int{4, 4}, square, "image,label\na.png,1\n,2\nc,3\nd,4\n", "names.txt:3: no name, expected that of an image"},
		{"no items", []int{4, 4}, square, "image,label\n", "names.txt: no name, expected that of an image"},
		{"items without an end", []int{4, 4}, square, "image,label\n\"a", "names.txt: parse error on line 2"},
		{"not text", []int{4, 4}, square, "a\n" + strings.Repeat("x", 1<<17), "names.txt:2: bufio.Scanner: token too long, expected the name of an image"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			matrix, names := filepath.Join(dir, "relation.npy"), filepath.Join(dir, "names.txt")
			writeFloat64(t, matrix, test.dims, test.values)
			if err := os.WriteFile(names, []byte(test.names), 0o666); err != nil {
				t.Fatal(err)
			}
			r, listed, doubts, err := ReadReleased(matrix, names)
			if test.want != "" {
				if err == nil || !strings.HasPrefix(strings.TrimPrefix(err.Error(), dir+string(filepath.Separator)), test.want) {
					t.Errorf("%v, want %s", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := []float32{1, .5, 0, .25, .5, 1, 0, -1, 0, 0, 0, 0, .25, -1, 0, 1}
			if !slices.Equal(r.Values, want) || !slices.Equal(r.HasGaze, []bool{true, true, false, true}) || doubts != (Doubts{}) ||
				!slices.Equal(listed, []string{"a.png", "images/b.png", "c", "d.png"}) {
				t.Errorf("%v %v %v %v", r.Values, r.HasGaze, doubts, listed)
			}
			chosen := r.Select([]int{3, -1, 0, 2})
			if !slices.Equal(chosen.Values, []float32{1, 0, .25, 0, 0, 0, 0, 0, .25, 0, 1, 0, 0, 0, 0, 0}) || !slices.Equal(chosen.HasGaze, []bool{true, false, true, false}) {
				t.Errorf("selected %v %v", chosen.Values, chosen.HasGaze)
			}
		})
	}
	if r := random(12, 5, 1); r.Select([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) != r || r.Select([]int{0, 1, 2}).N != 3 {
		t.Error("all rows in their order are copied, or some are not selected")
	}
	dir := t.TempDir()
	matrix, names := filepath.Join(dir, "r.npy"), filepath.Join(dir, "n.txt")
	writeFloat64(t, matrix, []int{4, 4}, skewed)
	if err := os.WriteFile(names, []byte(good), 0o666); err != nil {
		t.Fatal(err)
	}
	if r, _, doubts, err := ReadReleased(matrix, names); err != nil || doubts != (Doubts{Asymmetry: .25}) || r.At(0, 1) != .625 || r.At(1, 0) != .625 {
		t.Errorf("a skewed matrix: %v, %v", doubts, err)
	}
	for _, paths := range [][2]string{{"nothing.npy", names}, {matrix, "nothing.txt"}, {names, names}} {
		if _, _, _, err := ReadReleased(paths[0], paths[1]); err == nil {
			t.Errorf("%v was read", paths)
		}
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.npy")
	want := random(20, 9, 2)
	if err := npy.WriteFile(path, []int{20, 20}, want.Values); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, 20)
	if err != nil {
		t.Fatal(err)
	}
	if r.N != 20 || !slices.Equal(r.Values, want.Values) || !slices.Equal(r.HasGaze, want.HasGaze) {
		t.Error("another relation came back")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	refused := func(text string) {
		t.Helper()
		if _, err := Open(path, 20); err == nil || !strings.Contains(err.Error(), path+": "+text) {
			t.Errorf("error %v, expected %q", err, text)
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		bad := slices.Clone(want.Values)
		bad[3*20+7] = float32(v)
		if err := npy.WriteFile(path, []int{20, 20}, bad); err != nil {
			t.Fatal(err)
		}
		refused(fmt.Sprintf("row 3, column 7 is %v, expected a number", float32(v)))
	}
	for _, dims := range [][]int{{2, 3}, {19, 19}, {20}, {}, {0, 0}, {20, 20, 1}} {
		n := 1
		for _, d := range dims {
			n *= d
		}
		writeFloat64(t, path, dims, make([]float64, n))
		refused(fmt.Sprintf("an array of shape %v, expected [20 20]", dims))
	}
}

func TestCheck(t *testing.T) {
	for want, r := range map[string]*Relation{
		"":                             random(4, 1, 2),
		"has 3 similarities":           {N: 2, Values: make([]float32, 3), HasGaze: make([]bool, 2)},
		"says of 1":                    {N: 2, Values: make([]float32, 4), HasGaze: make([]bool, 1)},
		"row 1, column 0 is NaN, expe": {N: 2, Values: []float32{1, 0, float32(math.NaN()), 1}, HasGaze: make([]bool, 2)},
	} {
		if err := r.Check(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
}

// A full matrix that is 0 on its diagonal alone looks like distances; half of one, or one with zeros elsewhere, does not.
func TestDistances(t *testing.T) {
	for name, c := range map[string]struct {
		values []float64
		want   bool
	}{
		"distances":      {[]float64{0, 1, 2, 1, 0, 3, 2, 3, 0}, true},
		"similarities":   {[]float64{1, .5, .2, .5, 1, .3, .2, .3, 1}, false},
		"half a matrix":  {[]float64{0, .5, .2, 0, 0, .3, 0, 0, 0}, false},
		"signs":          {[]float64{0, .5, -.2, .5, 0, .3, -.2, .3, 0}, false},
		"without a gaze": {[]float64{0, .5, 0, .5, 0, 0, 0, 0, 0}, false},
	} {
		dir := t.TempDir()
		matrix, names := filepath.Join(dir, "r.npy"), filepath.Join(dir, "n.txt")
		writeFloat64(t, matrix, []int{3, 3}, c.values)
		if err := os.WriteFile(names, []byte("a\nb\nc\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, _, doubts, err := ReadReleased(matrix, names); err != nil || doubts.Distances != c.want {
			t.Errorf("%s: %+v, %v", name, doubts, err)
		}
	}
}
