package formats

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
)

func TestAlign(t *testing.T) {
	recording := func(image, reader string, width, height float64) gaze.Recording {
		return gaze.Recording{Image: image, Reader: reader, Width: width, Height: height, File: "g.csv", Line: 2, Fixations: []gaze.Fixation{{X: .5, Y: .75, Duration: 1}}}
	}
	images := []Image{
		{Name: "one/a.jpg", Width: 100, Height: 50, File: "l.csv", Line: 2},
		{Name: "two/a.jpg", File: "l.csv", Line: 3},
		{Name: "c.jpg", Width: 100, Height: 50, File: "l.csv", Line: 4},
	}
	base := []gaze.Recording{recording("one/a.jpg", "A", 10, 5), recording("./two/a.jpg", "A", 7, 7), recording("c.png", "A", 400, 200)}
	with := func(more ...gaze.Recording) *Set { return &Set{Recordings: slices.Concat(base, more)} }
	set := with(recording("c", "B", 1, 1), recording("c.jpg", "C", 0, 0))
	items, skips, err := set.Align(images, AlignOptions{})
	if err != nil || len(skips) != 0 {
		t.Fatal(err, skips)
	}
	if len(items[0]) != 1 || len(items[1]) != 1 || len(items[2]) != 3 || items[2][0].Reader != "A" || items[2][2].Reader != "C" {
		t.Fatalf("%+v", items)
	}
	if b := items[2][1]; b.Width != 100 || b.Height != 50 || b.Fixations[0].X != 50 || b.Fixations[0].Y != 37.5 {
		t.Errorf("fractions in the image's frame: %+v", b)
	}
	if c := items[2][2]; c.Width != 100 || c.Height != 50 || c.Fixations[0].X != .5 {
		t.Errorf("pixels of the stored image: %+v", c)
	}
	if a := items[2][0]; a.Width != 400 {
		t.Errorf("a frame of its own: %+v", a)
	}

	far := recording("c.jpg", "F", 0, 0)
	far.Fixations = []gaze.Fixation{{X: 101, Y: 1, Duration: 1}}
	more := func(name string) []Image {
		return append(slices.Clone(images), Image{Name: name, File: "l.csv", Line: 5})
	}
	for name, tc := range map[string]struct {
		set    *Set
		images []Image
		want   string
		skips  int
	}{
		"gaze without an image":    {with(recording("z.jpg", "A", 1, 1)), images, `g.csv:2: gaze for image "z.jpg", which is not among the images`, 1},
		"an ambiguous name":        {with(recording("a.jpg", "A", 1, 1)), images, `g.csv:2: gaze for image "a.jpg", which fits several images`, 1},
		"an unknown frame":         {with(recording("two/a.jpg", "B", 0, 0)), images, `g.csv:2: gaze for image "two/a.jpg" in pixels of an unknown frame`, 1},
		"an image without gaze":    {with(), more("d.jpg"), `l.csv:5: image "d.jpg" has no gaze`, 1},
		"an image twice":           {with(), more("one/a.jpg"), `l.csv:5: image "one/a.jpg" is listed already on line 2`, 2},
		"another shape":            {with(recording("c.jpg", "R", 50, 100)), images, `in a frame of 50 x 100, but the image is 100 x 50: another shape`, 1},
		"outside the stored image": {with(far), images, "1 of 1 positions lie outside the frame of 100 x 50", 1},
		"gaze of other images":     {&Set{Recordings: base[1:]}, images, `l.csv:2: image "one/a.jpg" has no gaze`, 1},
	} {
		if _, _, err := tc.set.Align(tc.images, AlignOptions{}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
		items, skips, err := tc.set.Align(tc.images, AlignOptions{SkipBad: true})
		listed := false
		for _, s := range skips {
			listed = listed || strings.Contains(s.Error(), tc.want)
		}
		if err != nil || len(skips) != tc.skips || !listed || len(items) != len(tc.images) {
			t.Errorf("%s: skips %v, error %v, want %d with %q", name, skips, err, tc.skips, tc.want)
		}
	}
}

// TestAlignNames: gaze finds its image by the strictest form of its name; folders of the tracker's computer count only where
// the data set has folders.
func TestAlignNames(t *testing.T) {
	align := func(images []string, gazes ...string) string {
		set, list := &Set{}, []Image{}
		for _, name := range images {
			list = append(list, Image{Name: name, Path: "/set/pics/" + name, Width: 9, Height: 9, File: "l", Line: 1})
		}
		for i, name := range gazes {
			r := gaze.Recording{Image: name, File: "g.csv", Line: i + 1, Fixations: []gaze.Fixation{{X: 1, Y: 1, Duration: 1}}}
			if file, ok := strings.CutPrefix(name, "file:"); ok {
				r.Image, r.File = "", file
			}
			set.Recordings = append(set.Recordings, r)
		}
		items, _, err := set.Align(list, AlignOptions{})
		if err != nil {
			return err.Error()
		}
		var lines []string
		for i, recordings := range items {
			for _, r := range recordings {
				lines = append(lines, fmt.Sprintf("%s=%d", images[i], r.Line))
			}
		}
		return strings.Join(lines, " ")
	}
	for _, c := range []struct {
		images, gazes []string
		want          string
	}{
		{[]string{"train/p1/view1.png", "train/p2/view1.png"}, []string{"p2/view1.png", `C:\x\train\p1\view1.png`}, "train/p1/view1.png=2 train/p2/view1.png=1"},
		{[]string{"train/p1/view1.png", "train/p2/view1.png"}, []string{"view1.png"}, "g.csv:1: gaze for image \"view1.png\", which fits several images; expected a name with its folder, for one of train/p1/view1.png, train/p2/view1.png"},
		{[]string{"scan.png", "scan.1.png"}, []string{"scan.1", "scan"}, "scan.png=2 scan.1.png=1"},
		{[]string{"scan.png", "scan.1.png"}, []string{"file:/gaze/scan.1.csv", "file:scan.png.csv"}, "scan.png=2 scan.1.png=1"},
		{[]string{"1.2.840.10.dcm", "1.2.840.dcm"}, []string{"1.2.840", "1.2.840.10"}, "1.2.840.10.dcm=2 1.2.840.dcm=1"},
		{[]string{"a.png", "b.png"}, []string{"../my images/a.png", `D:\img\b.bmp`}, "a.png=1 b.png=2"},
		{[]string{"a.png", "p1/b.png"}, []string{"p2/a.png"}, `g.csv:1: gaze for image "p2/a.png", which is not among the images; "a.png" lies in another folder`},
		{[]string{"a.png", "p1/b.png"}, []string{"pics/a.png", "set/pics/p1/b"}, "a.png=1 p1/b.png=2"},
		{[]string{"a.png"}, []string{"p1/a.png", "p2/a.png"}, `g.csv:2: gaze for image "p2/a.png", which means "a.png", as "p1/a.png" does; expected images in folders that tell both apart`},
	} {
		if got := align(c.images, c.gazes...); got != c.want {
			t.Errorf("%q of %q: %s\nexpected %s", c.gazes, c.images, got, c.want)
		}
	}
}
