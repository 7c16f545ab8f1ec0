package formats

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// The format is this project's own: the tables are written from its description.
func init() { sniffSamples["manifest"] = []string{"image,label,split,gaze,reader\n"} }

func TestManifest(t *testing.T) {
	both := "reader,image,x [px],y [px],duration\nA,a.png,1,1,1\nB,a.png,2,2,1\nA,b,3,3,1\n"
	files := map[string]string{
		"gaze/both.csv":    both,
		"gaze/alone.csv":   "x [norm],y [norm],duration\n0.5,0.5,2\n",
		"gaze/more.csv":    both + "A,z.png,4,4,1\n",
		"gaze/bad.csv":     "x [norm],y [norm],duration\nhalf,0.5,2\n",
		"labels.csv":       "image,label\n",
		"gaze/folders.csv": "reader,image,x [px],y [px],duration\nA,set/p2/v.png,1,1,1\nA,p1\\v.png,2,2,1\n",
		"gaze/bare.csv":    "reader,image,x [px],y [px],duration\nA,v.png,1,1,1\n",
		"gaze/dots.csv":    "reader,image,x [px],y [px],duration\nA,1.2.3,1,1,1\nA,1.2,2,2,1\n",
	}
	header := "image,label,split,gaze,reader,patient\n"
	for name, tc := range map[string]struct{ items, want string }{
		"a file of many images": {header + "img/a.png,x,train,gaze/both.csv,,p1\nb.png,y,test,gaze/both.csv,,p2\n",
			"img/a.png/A 0x0 line 2: (1 1 0+1)\nimg/a.png/B 0x0 line 3: (2 2 0+1)\nb.png/A 0x0 line 4: (3 3 0+1)\n"},
		"one reader of a file":             {header + "a.png,x,train,gaze/both.csv,B,\n", "a.png/B 0x0 line 3: (2 2 0+1)\nb/A 0x0 line 4: (3 3 0+1)\n"},
		"a file of one recording":          {header + "c.png,x,,gaze/alone.csv,Z,\n", "c.png/Z 1x1 line 2: (0.5 0.5 0+2)\n"},
		"several files for one image":      {header + "a.png,x,,gaze/alone.csv,Z,\na.png,x,,gaze/both.csv,A,\n", "a.png/Z 1x1 line 2: (0.5 0.5 0+2)\na.png/A 0x0 line 2: (1 1 0+1)\nb/A 0x0 line 4: (3 3 0+1)\n"},
		"gaze that no row names":           {header + "a.png,x,,gaze/more.csv,A,\nb.png,x,,,,\n", "a.png/A 0x0 line 2: (1 1 0+1)\nz.png/A 0x0 line 5: (4 4 0+1)\n"},
		"an image twice":                   {header + "a.png,x,,gaze/both.csv,A,\na.png,x,,gaze/both.csv,A,\n", `items.csv:3: image "a.png" is listed already on line 2`},
		"an image twice, without gaze":     {header + "a.png,x,,gaze/both.csv,A,\na.png,x,,,,\n", `items.csv:3: image "a.png" is listed already on line 2`},
		"another label":                    {header + "a.png,x,,gaze/both.csv,A,\na.png,y,,gaze/both.csv,B,\n", "must have the same label and split"},
		"no name":                          {header + ",x,,,,\n", `items.csv:2:1: image is "", expected the name of an image`},
		"a gaze file that is not there":    {header + "a.png,x,,gaze/none.csv,,\n", `items.csv:2:10: gaze is "gaze/none.csv", expected a readable gaze file (`},
		"a gaze file that is bad":          {header + "a.png,x,,gaze/bad.csv,,\n", `bad.csv:2:1: x [norm] is "half"`},
		"a folder":                         {header + "a.png,x,,gaze,,\n", "not a regular file"},
		"a manifest":                       {header + "a.png,x,,items.csv,,\n", "a manifest, expected a file of fixations"},
		"a reader that is not there":       {header + "a.png,x,,gaze/both.csv,C,\n", `a file with a recording of image "a.png", reader "C"`},
		"an image that is not in its file": {header + "q.png,x,,gaze/both.csv,,\n", `a file with a recording of image "q.png"`},
		"nothing":                          {header, "no item after the header"},
		"images of one base name": {header + "p1/v.png,,,gaze/folders.csv,,\np2/v.png,,,gaze/folders.csv,,\n",
			"p1/v.png/A 0x0 line 3: (2 2 0+1)\np2/v.png/A 0x0 line 2: (1 1 0+1)\n"},
		"a name without its folder": {header + "p1/v.png,,,gaze/bare.csv,,\np2/v.png,,,gaze/bare.csv,,\n",
			`items.csv:2:12: gaze is "gaze/bare.csv", expected a file with a recording of image "p1/v.png"; image "v.png" on line 2 of it fits several images`},
		"names with dots":                 {header + "1.2.png,,,gaze/dots.csv,,\n1.2.3.png,,,gaze/dots.csv,,\n", "1.2.png/A 0x0 line 3: (2 2 0+1)\n1.2.3.png/A 0x0 line 2: (1 1 0+1)\n"},
		"an image twice, under two names": {header + "p1\\v.png,x,,gaze/folders.csv,A,\n./p1/v.png,x,,gaze/folders.csv,A,\n", `items.csv:3: image "./p1/v.png" is listed already on line 2`},
	} {
		files["items.csv"] = tc.items
		set, err := Load(write(t, files), ReadOptions{})
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: error %v, want %q", name, err, tc.want)
			}
		} else if got := summary(set); got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, tc.want)
		}
	}
	files["items.csv"] = header + "a.png,x,train,gaze/both.csv,A,p1\nq.png,x,,gaze/both.csv,,\na.png,x,train,gaze/both.csv,B,p1\nb.png,,test,gaze/bad.csv,,p2\n"
	set, err := Load(write(t, files), ReadOptions{SkipBad: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Items) != 1 || set.Items[0].Image != "a.png" || set.Items[0].Label != "x" || set.Items[0].Split != "train" || set.Items[0].Line != 2 {
		t.Errorf("items %+v", set.Items)
	}
	if len(set.Skips) != 3 { // q.png's row, the line of bad.csv, b.png's row
		t.Errorf("skips %v", set.Skips)
	}
}

func FuzzManifest(f *testing.F) {
	dir := write(f, map[string]string{"g.csv": "image,reader,x [px],y [px],duration\na.png,A,1,1,1\nb.png,B,2,2,1\n"})
	f.Add([]byte("image,label,split,gaze,reader\na.png,x,train,g.csv,A\nb.png,,,g.csv,\n"))
	f.Add([]byte("image,label\na.png,1\nb.png,2\n"))
	f.Add([]byte("image,gaze\na.png,g.csv\na.png,./g.csv\n../a.png,.\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if bytes.Contains(in, []byte("/")) {
			return // no file but those of the folder
		}
		check(t, "manifest", filepath.Join(dir, "items.csv"), in)
	})
}
