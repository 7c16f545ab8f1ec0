package data

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// folder makes a folder with files; a name that ends in a slash is a folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o777); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// summary is an item without its places: name|label|split|group.
func summary(items []Item) []string {
	var list []string
	for _, i := range items {
		list = append(list, strings.Join([]string{i.Name, i.Label, i.Split, i.Group}, "|"))
	}
	return list
}

func images(names ...string) map[string]string {
	files := map[string]string{}
	for _, n := range names {
		files[n] = "x"
	}
	return files
}

func with(files map[string]string, name, content string) map[string]string {
	files = maps.Clone(files)
	files[name] = content
	return files
}

func TestListFindsImages(t *testing.T) {
	flat := images("b.png", "a.JPG", "c.jpeg", "d.tif", "e.tiff", "f.bmp", "g.webp", "l.jfif", "m.jpe", "n.pgm", "o.PPM", "h.txt", "i.png.bak", ".hidden.png", ".git/j.png", "sub/k.png")
	two := images("images/a/1.png", "images/b/1.png", "images/b/2.png", "masks/1.png")
	for _, c := range []struct {
		name    string
		files   map[string]string
		options ListOptions
		want    []string
	}{
		{"every format, in the order of names, without what is hidden", flat, ListOptions{},
			[]string{"a.JPG|||", "b.png|||", "c.jpeg|||", "d.tif|||", "e.tiff|||", "f.bmp|||", "g.webp|||", "l.jfif|||", "m.jpe|||", "n.pgm|||", "o.PPM|||", "sub/k.png|||"}},
		{"the folder images alone", two, ListOptions{}, []string{"a/1.png|||", "b/1.png|||", "b/2.png|||"}},
		{"a manifest in its own order", with(two, "items.csv", "image,label,split,group\nb/2.png,x,train,p\nimages/a/1.png,y,test,q\n"), ListOptions{},
			[]string{"b/2.png|x|train|p", "images/a/1.png|y|test|q"}},
		{"columns in any order and case, with semicolons, CRLF, byte-order mark and blanks",
			with(two, "items.csv", "\ufeffNote; Label ;IMAGE\r\n1; x ; a/1.png \r\n"), ListOptions{}, []string{"a/1.png|x||"}},
		{"tabs", with(two, "items.csv", "image\tlabel\na/1.png\tx\n"), ListOptions{}, []string{"a/1.png|x||"}},
		{"quotes", with(two, "items.csv", "image,label\n\"a/1.png\",\"x, or y\"\n"), ListOptions{}, []string{"a/1.png|x, or y||"}},
		{"columns without a name", with(two, "items.csv", ",image,label,\n0,a/1.png,x,\n"), ListOptions{}, []string{"a/1.png|x||"}},
		{"other columns for split and group", with(two, "items.csv", "image,fold,patient,split\na/1.png,1,p,test\n"), ListOptions{Split: "fold", Group: "Patient"},
			[]string{"a/1.png||1|p"}},
		{"several readers and gaze files of an image", with(two, "items.csv", "image,gaze,reader\na/1.png,1.csv,A\na/1.png,1.csv,B\n./a/1.png,2.csv,A\n"), ListOptions{},
			[]string{"a/1.png|||"}},
		{"labels by whole name, by last part and without extension", with(two, "l.csv", "image,grade\nimages/a/1.png,0\nb/1,1\n2,2\n"), ListOptions{Labels: "l.csv:grade"},
			[]string{"a/1.png|0||", "b/1.png|1||", "b/2.png|2||"}},
		{"a manifest of another machine", with(two, "items.csv", "image,label\nb\\2.png,x\n/data/set/a/1,y\n"), ListOptions{}, []string{`b\2.png|x||`, "/data/set/a/1|y||"}},
		{"labels of another machine", with(images("train/p1/v.PNG", "train/p2/v.PNG", "train/p2/v.1.png"), "l.csv", "image,grade\nSet-1.0/train/p1/v.png,0\nC:\\set\\train\\p2\\v.png,1\np2/v.1,2\n"),
			ListOptions{Labels: "l.csv:grade"}, []string{"train/p1/v.PNG|0||", "train/p2/v.1.png|2||", "train/p2/v.PNG|1||"}},
		{"labels with row numbers", with(two, "l.csv", ",image,grade\n7,2.png,2\n"), ListOptions{Labels: "l.csv:grade"}, []string{"a/1.png|||", "b/1.png|||", "b/2.png|2||"}},
		{"labels with split and group", with(two, "l.csv", "image,grade,part,who\n2.png,2,test,p\n"), ListOptions{Labels: "l.csv:grade", Split: "part", Group: "who"},
			[]string{"a/1.png|||", "b/1.png|||", "b/2.png|2|test|p"}},
		{"labels take the place of the manifest's", with(with(two, "items.csv", "image,label,split\na/1.png,x,train\n"), "l.csv", "image,grade\na/1.png,3\n"),
			ListOptions{Labels: "l.csv:grade"}, []string{"a/1.png|3|train|"}},
		{"not its split where there is to be none", with(with(two, "items.csv", "image,label,split,group\na/1.png,x,train,p\n"), "l.csv", "image,grade\na/1.png,3\n"),
			ListOptions{Labels: "l.csv:grade", Split: NoColumn}, []string{"a/1.png|3||p"}},
		{"nor where the labels have another", with(with(two, "items.csv", "image,split,group\na/1.png,train,p\nb/1.png,test,q\n"), "l.csv", "image,grade,fold\na/1.png,3,test\n"),
			ListOptions{Labels: "l.csv:grade", Split: "fold"}, []string{"a/1.png|3|test|p", "b/1.png|||q"}},
		{"nor the manifest's own", with(two, "items.csv", "image,label,split,group\na/1.png,x,train,p\n"), ListOptions{Split: NoColumn, Group: NoColumn}, []string{"a/1.png|x||"}},
		{"values that are missing", with(two, "items.csv", "image,label,split,group\na/1.png,NaN,NA,-\nb/1.png,null,,n/a\nb/2.png,<NA>,train,none\n"), ListOptions{},
			[]string{"a/1.png|||", "b/1.png|||", "b/2.png||train|none"}},
		{"labels that are missing", with(two, "l.csv", "image,grade\na/1,nan\nb/1,#N/A\nb/2,\\N\n"), ListOptions{Labels: "l.csv:grade"},
			[]string{"a/1.png|||", "b/1.png|||", "b/2.png|||"}},
		{"another column of names", with(two, "l.csv", "dicom_id,grade\nb/2,2\n"), ListOptions{Labels: "l.csv:grade", ImageColumn: "DICOM_ID"},
			[]string{"a/1.png|||", "b/1.png|||", "b/2.png|2||"}},
		{"another column of names beside a manifest", with(with(two, "items.csv", "image\nb/2.png\n"), "l.csv", "Path,grade\nb/2,2\n"),
			ListOptions{Labels: "l.csv:grade", ImageColumn: "path"}, []string{"b/2.png|2||"}},
		{"another column of names of a manifest", with(two, "items.csv", "file,label,image\nb/2.png,1,ultrasound\n"), ListOptions{ImageColumn: "file"}, []string{"b/2.png|1||"}},
		{"the separator that a spreadsheet declares", with(two, "l.csv", "sep=;\r\nimage;grade,of all\r\nb/2;2\r\n"), ListOptions{Labels: "l.csv:grade,of all"},
			[]string{"a/1.png|||", "b/1.png|||", "b/2.png|2||"}},
		{"rows of separators alone", with(two, "l.csv", "image,grade\nb/2,2\n,,,\n,\n , \n"), ListOptions{Labels: "l.csv:grade"},
			[]string{"a/1.png|||", "b/1.png|||", "b/2.png|2||"}},
		{"UTF-16", with(two, "l.csv", "\xff\xfei\x00m\x00a\x00g\x00e\x00,\x00g\x00\n\x00b\x00/\x002\x00,\x00\xfc\x00\n\x00"), ListOptions{Labels: "l.csv:g"},
			[]string{"a/1.png|||", "b/1.png|||", "b/2.png|ü||"}},
		{"UTF-16, big-endian", with(two, "l.csv", "\xfe\xff\x00i\x00m\x00a\x00g\x00e\x00,\x00g\x00\n\x00b\x00/\x002\x00,\x001\x00\n"), ListOptions{Labels: "l.csv:g"},
			[]string{"a/1.png|||", "b/1.png|||", "b/2.png|1||"}},
		{"columns with colons", with(two, "l.csv", "image,BI-RADS: left,l.csv:part\na/1,2,train\nb/1,3,test\n"), ListOptions{Labels: "l.csv:BI-RADS: left", Split: "l.csv:part"},
			[]string{"a/1.png|2|train|", "b/1.png|3|test|", "b/2.png|||"}},
		{"folders as labels", images("benign/1.png", "benign/x/2.png", "normal/1.png", "3.png"), ListOptions{Labels: ByFolders},
			[]string{"3.png|||", "benign/1.png|benign||", "benign/x/2.png|benign||", "normal/1.png|normal||"}},
		{"folders as split and labels", images("train/NORMAL/1.png", "test/PNEUMONIA/1.png", "val/NORMAL/2.png"), ListOptions{Labels: ByFolders},
			[]string{"test/PNEUMONIA/1.png|PNEUMONIA|test|", "train/NORMAL/1.png|NORMAL|train|", "val/NORMAL/2.png|NORMAL|val|"}},
		{"folders as labels alone", images("train/NORMAL/1.png", "test/PNEUMONIA/1.png"), ListOptions{Labels: ByFolders, Split: NoColumn},
			[]string{"test/PNEUMONIA/1.png|PNEUMONIA||", "train/NORMAL/1.png|NORMAL||"}},
		{"folders as labels, the split a manifest's", with(images("a/1.png", "b/1.png"), "items.csv", "image,label,split\na/1.png,x,train\nb/1.png,y,test\n"),
			ListOptions{Labels: ByFolders}, []string{"a/1.png|a|train|", "b/1.png|b|test|"}},
		{"without masks", images("benign/b (1).png", "benign/b (1)_mask.png", "benign/b (1)_mask_1.png", "masks/m.png"), ListOptions{Labels: ByFolders, Exclude: []string{"*_mask*", "masks"}},
			[]string{"benign/b (1).png|benign||"}},
		{"without what a whole name says", images("a/1.png", "b/1.png"), ListOptions{Exclude: []string{"a/*"}}, []string{"b/1.png|||"}},
		{"labels of what is excluded", with(two, "l.csv", "image,grade\na/1,x\nb/1,y\n"), ListOptions{Labels: "l.csv:grade", Exclude: []string{"a"}},
			[]string{"b/1.png|y||", "b/2.png|||"}},
		{"a manifest without what is excluded", with(two, "items.csv", "image\na/1.png\nb/1.png\n"), ListOptions{Exclude: []string{"a"}}, []string{"b/1.png|||"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := folder(t, c.files)
			list, err := List(root, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(list.Items); !slices.Equal(got, c.want) {
				t.Errorf("items %q\nexpected %q", got, c.want)
			}
			if len(list.Skips) > 0 {
				t.Errorf("skipped %v", list.Skips)
			}
			for _, i := range list.Items {
				if info, err := os.Stat(i.Path); err != nil || !info.Mode().IsRegular() {
					t.Errorf("the file of %q is %q: %v", i.Name, i.Path, err)
				}
			}
		})
	}
}

func TestListTakesAManifestAnywhere(t *testing.T) {
	root := folder(t, images("images/1.png", "x/2.png"))
	manifest := filepath.Join(root, "some.tsv")
	absolute := filepath.Join(root, "x", "2.png")
	if err := os.WriteFile(manifest, []byte("image\n1.png\n"+absolute+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	list, err := List(manifest, ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Item{
		{Name: "1.png", Path: filepath.Join(root, "images", "1.png"), File: manifest, Line: 2},
		{Name: absolute, Path: absolute, File: manifest, Line: 3},
	}
	if !slices.Equal(list.Items, want) {
		t.Errorf("items %+v\nexpected %+v", list.Items, want)
	}
}

// TestBadLists: each fault is an error that names file and line; where it costs one row or image, SkipBad lists it and
// goes on with the rest.
func TestBadLists(t *testing.T) {
	two := images("a/1.png", "b/1.png", "3.png")
	for _, c := range []struct {
		name    string
		files   map[string]string
		options ListOptions
		want    string   // of the error, ROOT standing for the folder
		left    []string // by SkipBad; nil where that does not help
	}{
		{"a missing image", with(two, "items.csv", "image\n3.png\n4.png\n"), ListOptions{},
			`ROOT/items.csv:3: image "4.png": no such file, expected ROOT/4.png or ROOT/images/4.png`, []string{"3.png|||"}},
		{"lines of an old Macintosh", with(two, "items.csv", "image\r3.png\r"), ListOptions{}, "ROOT/items.csv:1: lines that end in a carriage return alone, expected line feeds", nil},
		{"a folder for an image", with(two, "items.csv", "image\na\n3.png\n"), ListOptions{}, `ROOT/items.csv:2: image "a": no such file`, []string{"3.png|||"}},
		{"an image twice", with(two, "items.csv", "image,label\n3.png,x\na/1.png,\n3.png,x\n"), ListOptions{},
			`ROOT/items.csv:4: image "3.png": listed already on line 2`, []string{"3.png|x||", "a/1.png|||"}},
		{"an image twice under two names", with(two, "items.csv", "image,label\n3.png,x\n./3.png,x\n"), ListOptions{},
			`ROOT/items.csv:3: image "./3.png": listed already on line 2`, []string{"3.png|x||"}},
		{"a file twice under two names", with(images("images/3.png"), "items.csv", "image,label\n3.png,x\nimages/3.png,x\n"), ListOptions{},
			`ROOT/items.csv:3: image "images/3.png": the file of "3.png" on line 2`, []string{"3.png|x||"}},
		{"two labels", with(two, "items.csv", "image,label,reader\n3.png,x,A\n3.png,y,B\n"), ListOptions{},
			`ROOT/items.csv:3: image "3.png": listed already on line 2 with another label, split or group`, []string{"3.png|x||"}},
		{"no name", with(two, "items.csv", "image,label\n ,x\n3.png,y\n"), ListOptions{}, `ROOT/items.csv:2: no name in the column image`, []string{"3.png|y||"}},
		{"a field too few", with(two, "items.csv", "image,label\n\n3.png\na/1.png,x\n"), ListOptions{}, `ROOT/items.csv:3: 1 fields, expected 2 as in the header`, []string{"a/1.png|x||"}},
		{"a field too many", with(two, "items.csv", "image\n3.png,x\na/1.png\n"), ListOptions{}, `ROOT/items.csv:2: 2 fields, expected 1`, []string{"a/1.png|||"}},
		{"a stray quote", with(two, "items.csv", "image,label\n3.png,x\"y\na/1.png,x\n"), ListOptions{}, `ROOT/items.csv:2: bare "`, []string{"a/1.png|x||"}},
		{"an open quote", with(two, "items.csv", "image,label\n3.png,x\na/1.png,\"x\n\n\n"), ListOptions{}, `ROOT/items.csv:3: `, []string{"3.png|x||"}},
		{"a wrong header", with(two, "items.csv", "file,label\n3.png,x\n"), ListOptions{}, `ROOT/items.csv:1: no column "image", but one "file"`, nil},
		{"a column twice", with(two, "items.csv", "image,x,X\n"), ListOptions{}, `ROOT/items.csv:1: the column "X" comes twice`, nil},
		{"an empty manifest", with(two, "items.csv", ""), ListOptions{}, `ROOT/items.csv: the file is empty`, nil},
		{"UTF-16", with(two, "items.csv", "\xff\xfei\x00"), ListOptions{}, `ROOT/items.csv:1: no column "image" among the 1 of the file`, nil},
		{"a manifest that is a folder", with(two, "items.csv/", ""), ListOptions{}, "items.csv", nil},
		{"no column for the split", with(two, "items.csv", "image\n3.png\n"), ListOptions{Split: "fold"}, `ROOT/items.csv:1: no column "fold", there are: image`, nil},
		{"a split without a table", two, ListOptions{Split: "fold"}, `ROOT: no items.csv to read the column "fold" from`, nil},
		{"rows, but no image", with(two, "items.csv", "image\nx.png\n"), ListOptions{SkipBad: true}, `ROOT: no image, expected JPEG, PNG, TIFF, BMP, WebP, PGM or PPM files; 1 skipped, the first: ROOT/items.csv:2: `, nil},
		{"nothing", images("x.txt"), ListOptions{}, `ROOT: no image, expected JPEG`, nil},
		{"labels without a column", two, ListOptions{Labels: "l.csv"}, `labels "l.csv", expected FILE:COLUMN`, nil},
		{"labels without a file", two, ListOptions{Labels: "l.csv:x"}, `labels: expected ROOT/l.csv or l.csv`, nil},
		{"labels without a file, of a column with a colon", two, ListOptions{Labels: "l.csv:x:y"}, `labels: expected ROOT/l.csv or l.csv`, nil},
		{"labels with a wrong column that has a colon", with(two, "l.csv", "image,y\n"), ListOptions{Labels: "l.csv:x:y"}, `ROOT/l.csv:1: no column "x:y", there are: image, y`, nil},
		{"two columns without a table", two, ListOptions{Split: "fold", Group: "patient"}, `the column "fold" from`, nil},
		{"labels with a wrong column", with(two, "l.csv", "image,y\n"), ListOptions{Labels: "l.csv:x"}, `ROOT/l.csv:1: no column "x", there are: image, y`, nil},
		{"a label for no image", with(two, "l.csv", "image,y\n3.png,1\n4.png,2\n"), ListOptions{Labels: "l.csv:y"},
			`ROOT/l.csv:3: image "4.png" is not among the images; images of ROOT`, []string{"3.png|1||", "a/1.png|||", "b/1.png|||"}},
		{"a label for an image of another folder", with(two, "l.csv", "image,y\nc/3.png,1\n3.png,2\nc/1.png,3\n"), ListOptions{Labels: "l.csv:y"},
			`ROOT/l.csv:2: image "c/3.png" is not among the images; "3.png" lies in another folder; images of ROOT`, []string{"3.png|2||", "a/1.png|||", "b/1.png|||"}},
		{"two labels for an image", with(two, "l.csv", "image,y\n3,1\n3.png,2\n"), ListOptions{Labels: "l.csv:y"},
			`ROOT/l.csv:3: image "3.png" is listed already on line 2`, []string{"3.png|1||", "a/1.png|||", "b/1.png|||"}},
		{"an image of several folders", with(two, "items.csv", "image\n1.png\n3.png\n"), ListOptions{},
			`ROOT/items.csv:2: image "1.png": fits several images; expected a name with its folder, for one of a/1.png, b/1.png`, []string{"3.png|||"}},
		{"an image of a folder that is not there", with(two, "items.csv", "image\nc/3.png\n3.png\n"), ListOptions{},
			`ROOT/items.csv:2: image "c/3.png": no such file, expected ROOT/c/3.png or ROOT/images/c/3.png`, []string{"3.png|||"}},
		{"a label for several images", with(two, "l.csv", "image,y\n1.png,1\n"), ListOptions{Labels: "l.csv:y"},
			`ROOT/l.csv:2: image "1.png" fits several images; expected a name with its folder, for one of a/1.png, b/1.png; images of ROOT`, []string{"3.png|||", "a/1.png|||", "b/1.png|||"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := folder(t, c.files)
			_, err := List(root, c.options)
			if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), root, "ROOT"), c.want) {
				t.Fatalf("error %v, expected %q", err, c.want)
			}
			c.options.SkipBad = true
			list, err := List(root, c.options)
			if c.left == nil {
				if err == nil {
					t.Error("SkipBad hides the error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := summary(list.Items)
			slices.Sort(got)
			if !slices.Equal(got, c.left) {
				t.Errorf("left %q, expected %q", got, c.left)
			}
			if len(list.Skips) == 0 || !strings.Contains(strings.ReplaceAll(list.Skips[0].Error(), root, "ROOT"), c.want) {
				t.Errorf("skipped %v, expected %q", list.Skips, c.want)
			}
			for _, s := range list.Skips {
				if s.Line == 0 {
					t.Errorf("%v has no line", s)
				}
			}
		})
	}
}

func TestListOfWhatIsNoFolder(t *testing.T) {
	root := folder(t, images("a.png"))
	if _, err := List(filepath.Join(root, "none"), ListOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder gives error %v", err)
	}
	if _, err := List(filepath.Join(root, "a.png"), ListOptions{}); err == nil || !strings.Contains(err.Error(), "an image, expected a folder of images or a manifest") {
		t.Errorf("an image gives error %v", err)
	}
}

// TestLinks: a link to the folder of images is followed, and a link to an image is an image; a link to a folder is not
// walked, since it may lead back.
func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	root := folder(t, images("store/a.png", "store/deep/b.png", "set/"))
	for from, to := range map[string]string{"set/images": "../store", "store/loop": ".", "store/c.png": "a.png"} {
		if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := List(filepath.Join(root, "set"), ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := summary(list.Items), []string{"a.png|||", "c.png|||", "deep/b.png|||"}; !slices.Equal(got, want) {
		t.Errorf("items %q, expected %q", got, want)
	}
}

// FuzzTable: whatever the bytes, a table ends, its rows are as wide as its header, and its faults have lines that count up.
func FuzzTable(f *testing.F) {
	for _, s := range []string{"image,label\na,1\n", "\ufeffimage;x\r\na;1\r\n", "image\tx\n\"a\nb\"\t\"\n", "image,\"x\ny\"\na", "", "\xff\xfe", "image\n\n\n\"", ",,\n,,"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		table, err := newTable("t.csv", content)
		if err != nil {
			return
		}
		for line := 1; ; {
			err := table.next()
			if err == io.EOF {
				break
			}
			at := 0
			var p Problem
			if errors.As(err, &p) {
				at = p.Line
			} else if err != nil {
				t.Fatalf("error %v is no Problem", err)
			} else {
				at = table.line()
				if len(table.row) != len(table.names) {
					t.Fatalf("%d fields under %d names", len(table.row), len(table.names))
				}
				for _, name := range table.names {
					if v := table.text(name); name == "" && v != "" {
						t.Fatalf("a column without a name has the text %q", v)
					}
				}
			}
			if at < line {
				t.Fatalf("line %d after line %d", at, line)
			}
			line = at
		}
	})
}

// FuzzList: whatever manifest and labels hold, the list is refused or its items are distinct files that are there, each
// with its place; SkipBad never takes what is refused for a reason of its own, and never loses a place.
func FuzzList(f *testing.F) {
	f.Add([]byte("image,label,split\na/1.png,x,train\n3.png,y,test\n"), []byte("image,grade\n3.png,1\n"))
	f.Add([]byte("image,gaze,reader\n3.png,1.csv,A\n3.png,1.csv,B\n"), []byte("image,grade\n../3,1\na\\1.png,2"))
	f.Add([]byte("image\n4.png\n../x\n/etc\n"), []byte("grade,image\n1,1\n"))
	root := folder(f, images("a/1.png", "b/1.png", "3.png", "images/3.png"))
	f.Fuzz(func(t *testing.T, manifest, labels []byte) {
		for name, content := range map[string][]byte{"items.csv": manifest, "l.csv": labels} {
			if err := os.WriteFile(filepath.Join(root, name), content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		for _, o := range []ListOptions{{}, {SkipBad: true}, {Labels: "l.csv:grade"}, {Labels: "l.csv:grade", SkipBad: true}} {
			list, err := List(root, o)
			if err != nil {
				continue
			}
			if !o.SkipBad && len(list.Skips) > 0 {
				t.Fatalf("skipped %v unasked", list.Skips)
			}
			paths := map[string]bool{}
			for _, item := range list.Items {
				if paths[item.Path] || item.Line < 2 {
					t.Fatalf("%+v comes twice or has no line", item)
				}
				paths[item.Path] = true
				if _, err := os.Stat(item.Path); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range list.Skips {
				if s.Line < 2 || s.File == "" {
					t.Fatalf("skipped without a place: %v", s)
				}
			}
		}
	})
}

func TestNamed(t *testing.T) {
	folder := t.TempDir()
	table := "image,grade,part,patient\na.png,x,train,p\nb,y,test,q\n"
	if err := os.WriteFile(filepath.Join(folder, "labels.csv"), []byte(table), 0o666); err != nil {
		t.Fatal(err)
	}
	l, err := Named(folder, []string{"b.png", "a"}, ListOptions{Labels: "labels.csv:grade", Split: "part", Group: "patient"})
	if err != nil {
		t.Fatal(err)
	}
	if a := l.Items[1]; len(l.Items) != 2 || a.Name != "a" || a.Label != "x" || a.Split != "train" || a.Group != "p" || l.Items[0].Label != "y" {
		t.Errorf("%+v", l.Items)
	}
	if _, err := Named(folder, []string{"c"}, ListOptions{Labels: "labels.csv:grade"}); err == nil || !strings.Contains(err.Error(), `labels.csv:2: image "a.png" is not among the images`) {
		t.Error(err)
	}
	_, err = Named("", []string{"c"}, ListOptions{Labels: filepath.Join(folder, "labels.csv") + ":grade"})
	if err == nil || !strings.HasSuffix(err.Error(), `is not among the images`) {
		t.Errorf("names without a folder: %v", err)
	}
	if _, err := Named(folder, []string{"c"}, ListOptions{Split: "part"}); err == nil || !strings.Contains(err.Error(), `no table to read the column "part" from`) {
		t.Error(err)
	}
	if _, err := List(folder, ListOptions{}); !errors.Is(err, ErrNoImage) {
		t.Errorf("a folder without images: %v", err)
	}
}

// The colon behind a file that there is cuts, the last of them; folders are no files.
func TestCutColumn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("names of files have no colons there")
	}
	root := folder(t, map[string]string{"l.csv": "", "odd:name.csv": "", "odd:name.csv:a": "", "sub/l.csv": "", "dir:/": ""})
	for text, want := range map[string][2]string{
		"l.csv:grade": {"l.csv", "grade"}, "l.csv:grade: left": {"l.csv", "grade: left"}, "l.csv::": {"l.csv", ":"}, "sub/l.csv:a:b": {"sub/l.csv", "a:b"},
		"odd:name.csv:b:c": {"odd:name.csv", "b:c"}, "odd:name.csv:a:c": {"odd:name.csv:a", "c"}, root + "/l.csv:a:b": {root + "/l.csv", "a:b"},
		"../" + filepath.Base(root) + "/l.csv:a:b": {"../" + filepath.Base(root) + "/l.csv", "a:b"},
	} {
		if file, column, found := CutColumn(root, text); file != want[0] || column != want[1] || !found {
			t.Errorf("%q: %q and %q, %v, expected %q", text, file, column, found, want)
		}
	}
	for text, want := range map[string][2]string{"none.csv:a:b": {"none.csv", "a:b"}, "grade": {"grade", ""}, ":b": {"", "b"}, "dir::b": {"dir", ":b"}} {
		if file, column, found := CutColumn(root, text); file != want[0] || column != want[1] || found {
			t.Errorf("%q: %q and %q, %v, expected %q and no file", text, file, column, found, want)
		}
	}
}
