package names

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func index(names ...string) *Index {
	var images []Image
	for _, name := range names {
		images = append(images, Image{Name: name})
	}
	return New(images)
}

func TestFind(t *testing.T) {
	const missing, ambiguous = "missing", "ambiguous"
	for _, c := range []struct {
		about  string
		images []string
		// names is pairs of a name and the image that it means, or one of the constants.
		names []string
	}{
		{"whole names win over ends of others", []string{"1.png", "a/1.png", "b/a/1.png"},
			[]string{"1.png", "1.png", "a/1.png", "a/1.png", "b/a/1.png", "b/a/1.png", "1", "1.png", "a/1", "a/1.png"}},
		{"the end of a path", []string{"train/p1/view1.png", "train/p2/view1.png", "train/p2/view2.png"},
			[]string{"p1/view1.png", "train/p1/view1.png", "p2/view1.jpg", "train/p2/view1.png", "view2.png", "train/p2/view2.png", "view1.png", ambiguous, "view1", ambiguous}},
		{"folders in front", []string{"train/p1/view1.png", "valid/p1/view1.png", "root.png"},
			[]string{"CheXpert-v1.0/train/p1/view1.png", "train/p1/view1.png", "/data/valid/p1/view1.png", "valid/p1/view1.png", `C:\x\train\p1\view1.png`, "train/p1/view1.png",
				"../train/p1/view1.png", "train/p1/view1.png", "./root.png", "root.png", "test/p1/view1.png", missing, "data/root.png", missing}},
		{"the most folders win", []string{"p1/1.png", "b/p1/1.png"}, []string{"a/b/p1/1.png", "b/p1/1.png", "a/p1/1.png", "p1/1.png"}},
		{"a folder that no image has", []string{"1.png", "p1/2.png"}, []string{"p2/1.png", missing, "p2/2.png", missing, "p1/1.png", missing, "1.png", "1.png"}},
		{"parts of names are whole", []string{"ay/1.png"}, []string{"y/1.png", missing, "x/y/1.png", missing, "ay/1.png", "ay/1.png"}},
		{"dots that are no extension", []string{"scan.png", "scan.1.png", "scan.2.png"}, []string{"scan.1", "scan.1.png", "scan", "scan.png", "scan.2.png", "scan.2.png", "scan.3", missing, "scan.2.dcm", "scan.2.png"}},
		{"identifiers of DICOM", []string{"1.2.840.113619.2.55.dcm", "1.2.840.113619.2.dcm"},
			[]string{"1.2.840.113619.2.55", "1.2.840.113619.2.55.dcm", "1.2.840.113619.2", "1.2.840.113619.2.dcm", "1.2.840.113619", missing, "1.2.840.113619.2.55.png", "1.2.840.113619.2.55.dcm"}},
		{"extensions", []string{"a.png", "b.PNG", "c.nii.gz", "d.JPG", "e.jpeg"},
			[]string{"a.PNG", "a.png", "b.png", "b.PNG", "c", "c.nii.gz", "c.NII.GZ", "c.nii.gz", "c.dcm", "c.nii.gz", "d.jpg", "d.JPG", "e.jpg", "e.jpeg", "A.png", missing, "a.csv", missing}},
		{"an extension tells images apart", []string{"a.png", "a.jpg", "x/b.png", "x/b.tif"}, []string{"a.jpg", "a.jpg", "a", ambiguous, "a.bmp", ambiguous, "b.tif", "x/b.tif", "b", ambiguous}},
		{"cases of one extension", []string{"a.png", "a.PNG"}, []string{"a.png", "a.png", "a.PNG", "a.PNG", "a.Png", ambiguous}},
		{"backslashes", []string{`sub\a.png`, "sub/b.png"}, []string{"sub/a.png", `sub\a.png`, `sub\b.png`, "sub/b.png", `x\sub\b.png`, "sub/b.png"}},
		{"Unicode", []string{"Mu\u0308ller/1.png", "Jos\u00e9.png"}, []string{"M\u00fcller/1.png", "Mu\u0308ller/1.png", "x/M\u00fcller/1", "Mu\u0308ller/1.png", "Jose\u0301", "Jos\u00e9.png"}},
		{"names without extension", []string{"a", "x/b"}, []string{"a.png", "a", "b.dcm", "x/b", "y/x/b", "x/b"}},
		{"no name", []string{"a.png", ".png"}, []string{"", missing, "/", missing, "..", missing, ".png", ".png"}},
		{"no image", nil, []string{"a.png", missing}},
	} {
		x := index(c.images...)
		for k := 0; k < len(c.names); k += 2 {
			i, err := x.Find(c.names[k])
			got := ""
			switch {
			case IsMissing(err):
				got = missing
			case IsAmbiguous(err):
				got = ambiguous
			default:
				got = c.images[i]
			}
			if got != c.names[k+1] {
				t.Errorf("%s: %q means %q, expected %q", c.about, c.names[k], got, c.names[k+1])
			}
		}
	}
}

// TestFolderOfTheSet: the folders that an image's file lies in are part of what it may be called.
func TestFolderOfTheSet(t *testing.T) {
	images := []Image{{"7.png", "/data/set/images/7.png"}, {"sub/8.png", "/data/set/images/sub/8.png"}, {"images/9.png", "/data/set/images/images/9.png"}, {"9.png", "/data/set/images/9.png"}}
	x := New(images)
	for name, want := range map[string]int{
		"images/7.png": 0, "set/images/7": 0, "/data/set/images/7.png": 0, "/home/else/images/7.png": 0, "images/sub/8.png": 1, "set/7.png": -1, "masks/7.png": -1,
		"images/images/9.png": 2, "images/9.png": 2, "set/images/9.png": 3,
	} {
		i, err := x.Find(name)
		if (err != nil) != (want < 0) || err == nil && i != want {
			t.Errorf("%q means %d (%v), expected %d", name, i, err, want)
		}
	}
}

// TestElsewhere: folders of another computer count only where the data set has folders.
func TestElsewhere(t *testing.T) {
	flat, deep := index("1.png", "2.png"), index("1.png", "p1/2.png")
	for _, c := range []struct {
		x    *Index
		name string
		want int
	}{{flat, "p2/1.png", 0}, {flat, `D:\x\2.bmp`, 1}, {flat, "p2/3.png", -1}, {deep, "p2/1.png", -1}, {deep, "x/p1/2", 1}, {deep, "1", 0}} {
		i, err := c.x.FindElsewhere(c.name)
		if (err != nil) != (c.want < 0) || err == nil && i != c.want {
			t.Errorf("%q means %d (%v), expected %d", c.name, i, err, c.want)
		}
		if _, err := c.x.Find(c.name); c.x == flat && err == nil {
			t.Errorf("%q was found without regard to its folders", c.name)
		}
	}
}

func TestErrors(t *testing.T) {
	x := index("a/1.png", "b/1.png", "c/1.png", "d/1.png", "e/2.png")
	for name, want := range map[string]string{
		"1.png":   "fits several images; expected a name with its folder, for one of a/1.png, b/1.png, c/1.png and 1 more",
		"z/2.png": `is not among the images; "e/2.png" lies in another folder`,
		"3.png":   "is not among the images",
	} {
		if _, err := x.Find(name); err == nil || err.Error() != want {
			t.Errorf("%s: error %q, expected %q", name, err, want)
		}
	}
}

func TestFirst(t *testing.T) {
	x := index("a/1.png", "1.png", `a\1.png`, "a/./1.png", "a/1.PNG")
	var got []int
	for i := range 5 {
		got = append(got, x.First(i))
	}
	if want := []int{0, 1, 0, 0, 4}; !slices.Equal(got, want) {
		t.Errorf("%v, expected %v", got, want)
	}
	if i, err := x.Find("x/a/1.png"); err == nil {
		t.Errorf("two files that an extension's case tells apart: %d", i)
	}
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1.png", "x/1.png", true}, {"x/y/1.png", "y/1", true}, {`y\1.png`, "y/1.jpg", true}, {"./1.png", "1", true}, {"../y/1.png", "y/1.png", true},
		{"x/1.png", "y/1.png", false}, {"ay/1.png", "y/1.png", false}, {"scan.1", "scan", false}, {"scan.1", "scan.1.png", true}, {"7", "17.png", false},
	} {
		if got := Same(c.a, c.b); got != c.want || Same(c.b, c.a) != got {
			t.Errorf("%q and %q: %v, expected %v", c.a, c.b, got, c.want)
		}
	}
}

// chexpert is the images of CheXpert in their layout, in which nearly all share a base name, and what its tables call them.
func chexpert() (images []Image, names []string) {
	const count = 224316
	for i := range count {
		name := fmt.Sprintf("train/patient%05d/study%d/view1_frontal.jpg", i/3, i%3+1)
		images = append(images, Image{Name: name, Path: "/data/xrays/" + name})
		names = append(names, "CheXpert-v1.0/"+name)
	}
	return images, names
}

// TestConstant: what is looked up for a name does not grow with the number of images, whatever they share; each is found.
func TestConstant(t *testing.T) {
	images, names := chexpert()
	x := New(images)
	for k, change := range []func(string) string{
		func(s string) string { return s },
		func(s string) string { return strings.TrimPrefix(s, "CheXpert-v1.0/train/") },
		func(s string) string { return strings.TrimSuffix(s, ".jpg") },
		func(s string) string { return "gone/" + s[len(s)-17:] },
	} {
		for i := 0; i < len(names); i += 1 + 30*k { // all of them as the tables have them
			name := change(names[i])
			got, lookups, err := x.find(name)
			if lookups > 2*(strings.Count(name, "/")+2) {
				t.Fatalf("%d parts looked up for %s", lookups, name)
			}
			if strings.HasPrefix(name, "gone/") != (err != nil) || err == nil && got != i {
				t.Fatalf("%s means %d (%v), expected %d", name, got, err, i)
			}
		}
	}
}

// BenchmarkCheXpert builds the index of 224,316 images and finds as many names.
func BenchmarkCheXpert(b *testing.B) {
	images, names := chexpert()
	for b.Loop() {
		x := New(images)
		for i, name := range names {
			if got, err := x.Find(name); err != nil || got != i {
				b.Fatal(got, err)
			}
		}
	}
}

// FuzzFind: whatever the names, each image is found by its own, and what is found has the name's stem.
func FuzzFind(f *testing.F) {
	f.Add("a/1.png", `b\1.PNG`, "1.png")
	f.Add("scan.1.png", "scan.png", "x/scan.1")
	f.Add("a//b/../1.nii.gz", "/1.nii", "C:/a/1")
	f.Fuzz(func(t *testing.T, a, b, name string) {
		images := []Image{{Name: a, Path: "/set/" + a}, {Name: b}}
		x := New(images)
		for i, image := range images {
			if got, err := x.Find(image.Name); err != nil || got != x.First(i) {
				t.Fatalf("%q is image %d (%v), expected %d", image.Name, got, err, x.First(i))
			}
		}
		if i, err := x.Find(name); err == nil {
			if got, want := Stem(parts(Clean(images[i].Name))[0]), Stem(parts(Clean(name))[0]); got != want {
				t.Fatalf("%q means %q", name, images[i].Name)
			}
		}
	})
}
