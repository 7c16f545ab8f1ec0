package input

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func TestLimits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("12345"), 0o666); err != nil {
		t.Fatal(err)
	}
	for most, want := range map[int64]string{4: "", 5: "12345", 6: "12345", 1 << 20: "12345"} {
		for name, read := range map[string]func() ([]byte, error){
			"file":   func() ([]byte, error) { return ReadFile(path, most) },
			"reader": func() ([]byte, error) { return ReadAll(iotest.OneByteReader(strings.NewReader("12345")), most) },
			"limit":  func() ([]byte, error) { return io.ReadAll(Limit(strings.NewReader("12345"), most)) },
		} {
			got, err := read()
			var large *TooLarge
			if want == "" && !errors.As(err, &large) || want != "" && (err != nil || string(got) != want) {
				t.Errorf("%s of at most %d: %q, %v", name, most, got, err)
			}
		}
	}
	if _, err := ReadFile(path, 4); err == nil || err.Error() != path+": more than 4 bytes, which is the most that is read" {
		t.Error(err)
	}
	var other *NotRegular
	if _, err := Open(filepath.Dir(path)); !errors.As(err, &other) || other.Kind != "folder" {
		t.Error(err)
	}
	if _, err := Open(path + "b"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestLimitStays: what is read again behind a limit is refused again, as by a reader with a buffer that has given its error away.
func TestLimitStays(t *testing.T) {
	r := bufio.NewReader(Limit(strings.NewReader("12345"), 2))
	for range 3 {
		text, err := r.Peek(3)
		if large := (*TooLarge)(nil); string(text) != "12" || !errors.As(err, &large) {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestInside(t *testing.T) {
	root := t.TempDir()
	folder, beside := filepath.Join(root, "data"), filepath.Join(root, "data2")
	for _, dir := range []string{folder, beside} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(beside, filepath.Join(folder, "out")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(folder, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		folder: true, folder + "/a": true, folder + "/no/such": true, folder + "/../data/a": true, folder + "/..a": true, root + "/link/a": true,
		root: false, beside: false, folder + "/../a": false, folder + "/out": false, folder + "/out/a": false, "/etc/passwd": false,
	} {
		if Inside(folder, path) != want || Inside(root+"/link", path) != want {
			t.Errorf("%s inside %s: %v", path, folder, !want)
		}
	}
}

// A row that does not end is refused without being read, and a table of many rows is not.
func TestRecords(t *testing.T) {
	table := func(text io.Reader) error {
		records := NewRecords(text)
		r := csv.NewReader(records)
		for {
			records.Next()
			if _, err := r.Read(); err != nil {
				return err
			}
		}
	}
	row := strings.Repeat("a,", 1000) + "\n"
	if err := table(strings.NewReader(strings.Repeat(row, 3*Record/len(row)))); err != io.EOF {
		t.Error(err)
	}
	endless := iotest.DataErrReader(io.LimitReader(zeros{}, 1<<40))
	for _, head := range []string{row, row + `"`, row + "a"} {
		if err := table(io.MultiReader(strings.NewReader(head), endless)); !errors.Is(err, ErrRecord) {
			t.Errorf("%.10q: %v", head, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// FuzzText: however a text is cut into pieces, it is the same valid UTF-8.
func FuzzText(f *testing.F) {
	f.Add([]byte("a\xe4\xc3\xa4\xf0\x9f\x91\x81"), 3)
	f.Add([]byte("\xff\xfea\x00\x3d\xd8\x41\xdc"), 1)
	f.Add([]byte("\xfe\xff\x00a\xd8\x3d"), 2)
	f.Add([]byte("\xef\xbb\xbfa\xc3"), 1)
	repair := func(b []byte) []byte { return bytes.ToValidUTF8(b, []byte("?")) }
	f.Fuzz(func(t *testing.T, content []byte, pieces int) {
		whole, err := io.ReadAll(Text(bytes.NewReader(content), repair))
		if err != nil && err != ErrHalf || !utf8.Valid(whole) {
			t.Fatalf("%q, %v", whole, err)
		}
		cut, cutErr := io.ReadAll(Text(&cutReader{content, max(pieces%7, 1)}, repair))
		if !bytes.Equal(bytes.ReplaceAll(cut, []byte("??"), []byte("?")), bytes.ReplaceAll(whole, []byte("??"), []byte("?"))) && !bytes.Contains(whole, []byte("?")) || cutErr != err {
			t.Fatalf("%q, %v in pieces, %q, %v whole", cut, cutErr, whole, err)
		}
	})
}

// cutReader gives a few bytes at a time.
type cutReader struct {
	rest []byte
	n    int
}

func (c *cutReader) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.n)], c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
