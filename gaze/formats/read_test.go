package formats

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
)

// readText reads a file's text with the named format.
func readText(file, format, text string, o ReadOptions) (*Set, error) {
	f, err := pick(file, format)
	if err != nil {
		return nil, err
	}
	set := &Set{}
	s := &source{file: file, reader: strings.NewReader(text), options: o, set: set, problems: problems{skipBad: o.SkipBad}}
	err = f.read(s)
	set.Skips = append(set.Skips, s.skips...)
	return set, err
}

const (
	medSegHeader = "IMAGE,CURRENT_FIX_INDEX,CURRENT_FIX_X,CURRENT_FIX_Y,CURRENT_FIX_DURATION,CURRENT_FIX_PUPIL,CURRENT_FIX_START,IMAGE_HEIGHT,IMAGE_WIDTH\n"
	crowdHeader  = "image,subject,fix_index,x,y,duration_ms,image_width,image_height\n"
	tableHeader  = "image,reader,x [px],y [px],start [s],duration [ms],width,height\n"
)

// summary is what matters of a set, in one line per recording.
func summary(set *Set) string {
	var b strings.Builder
	for _, r := range set.Recordings {
		fmt.Fprintf(&b, "%s/%s %gx%g line %d:", r.Image, r.Reader, r.Width, r.Height, r.Line)
		for _, f := range r.Fixations {
			fmt.Fprintf(&b, " (%.6g %.6g %.6g+%.6g)", f.X, f.Y, f.Start, f.Duration)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestReaders(t *testing.T) {
	for name, tc := range map[string]struct{ format, text, want string }{
		"gazemedseg": {"gazemedseg", medSegHeader + "a.jpg,1,0.5,0.25,455,2670,7,400.0,800.0\na.jpg,2,0.1,0.2,100,1,512,400,800\nb.jpg,1,0,0,50,1,0,100,100\n",
			"a.jpg/ 800x400 line 2: (400 100 0.007+0.455) (80 80 0.512+0.1)\nb.jpg/ 100x100 line 4: (0 0 0+0.05)\n"},
		"columns in another order and case": {"gazemedseg", "image_width,IMAGE_HEIGHT,image,current_fix_index,CURRENT_FIX_X,CURRENT_FIX_Y,CURRENT_FIX_DURATION,CURRENT_FIX_START\n10,20,a,1,.5,.5,1000,0\n",
			"a/ 10x20 line 2: (5 10 0+1)\n"},
		"byte-order mark, CRLF, an empty last column": {"eyecrowd", "\ufeff" + strings.ReplaceAll(strings.TrimSpace(crowdHeader)+",\n1.jpg,1,1,10,20,260,1024,768,\n1.jpg,1,2,30,40,100,1024,768,\n", "\n", "\r\n"),
			"1.jpg/1 1024x768 line 2: (10 20 0+0.26) (30 40 0.26+0.1)\n"},
		"tabs and quotes": {"eyecrowd", strings.ReplaceAll(crowdHeader+"\"1, a.jpg\"\t1\t1\t10\t20\t260\t1024\t768\n", ",", "\t"),
			"1\t a.jpg/1 1024x768 line 2: (10 20 0+0.26)\n"},
		"readers mixed": {"eyecrowd", crowdHeader + "1,A,1,10,20,1000,100,100\n1,B,1,11,21,1000,100,100\n1,A,2,12,22,1000,100,100\n",
			"1/A 100x100 line 2: (10 20 0+1) (12 22 1+1)\n1/B 100x100 line 3: (11 21 0+1)\n"},
		"missing positions leave their time": {"eyecrowd", crowdHeader + "1,A,1,.,20,1000,100,100\n1,A,2,NaN,n/a,500,100,100\n1,A,3,,,500,100,100\n1,A,4,12,22,1000,100,100\n",
			"1/A 100x100 line 2: (12 22 2+1)\n"},
		"a few outside": {"eyecrowd", crowdHeader + "1,A,1,100,20,1000,100,100\n1,A,2,0,0,500,100,100\n1,A,3,99.9,99.9,500,100,100\n",
			"1/A 100x100 line 2: (0 0 1+0.5) (99.9 99.9 1.5+0.5)\n"},
		"an image seen without a fixation":             {"table", tableHeader + "a,R,,,,,10,10\n", "a/R 10x10 line 2:\n"},
		"a fixation without a position":                {"gazemedseg", medSegHeader + "a,1,,,100,1,0,10,10\n", "a/ 10x10 line 2:\n"},
		"a file of one image, seen without a fixation": {"table", "x [px],y [px],duration\n", "/ 0x0 line 1:\n"},
		"table": {"table", tableHeader + "a,R,1,2,0.5,300,10,10\na,R,3,4,1,300,10,10\n",
			"a/R 10x10 line 2: (1 2 0.5+0.3) (3 4 1+0.3)\n"},
		"table in fractions": {"table", "x [norm];y [norm];duration\n0.1;0.2;1.5\n0.3;0.4;1\n",
			"/ 1x1 line 2: (0.1 0.2 0+1.5) (0.3 0.4 1.5+1)\n"},
		"table in fractions of a known frame": {"table", "x [norm],y [norm],duration [s],width,height\n0.1,0.2,1.5,200,100\n", "/ 200x100 line 2: (20 20 0+1.5)\n"},
		"table of an unknown frame":           {"table", "image,x [px],y [px],duration\na,500,700,1\n", "a/ 0x0 line 2: (500 700 0+1)\n"},
		"negative starts are before the image": {"table", tableHeader + "a,R,1,2,-0.5,300,10,10\n",
			"a/R 10x10 line 2: (1 2 -0.5+0.3)\n"},
	} {
		set, err := readText("g.csv", tc.format, tc.text, ReadOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := summary(set); got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, tc.want)
		}
	}
}

// A reader who saw an image and fixated nothing has an empty scanpath, which is counted and no error, also as gaze of the
// image.
func TestEmptyScanpaths(t *testing.T) {
	dir := write(t, map[string]string{"log.csv": "a.png;1;[];[];(-1, -1)\nb.png;1;[[0, 0]];[];(-1, -1)\nc.png;1;[[5, 6]];[];(-1, -1)\n",
		"items.csv": "image,gaze\na.png,log.csv\nb.png,log.csv\nc.png,log.csv\n"})
	const note = "2 of 3 recordings are empty: the reader saw the image, and no gaze on it was recorded"
	for _, path := range []string{dir, filepath.Join(dir, "log.csv")} {
		set, err := Load(path, ReadOptions{})
		if err != nil || len(set.Recordings) != 3 || !slices.Contains(set.Notes, note) {
			t.Fatalf("%s: %+v, %v, want 3 recordings and the note %q", path, set, err, note)
		}
		items, skips, err := set.Align([]Image{{Name: "a.png", Width: 4, Height: 4}, {Name: "b.png", Width: 4, Height: 4}, {Name: "c.png", Width: 4, Height: 4}}, AlignOptions{})
		if err != nil || len(skips) != 0 || len(items[0]) != 1 || len(items[1]) != 1 || items[0][0].HasGaze() || items[1][0].HasGaze() {
			t.Errorf("%s: aligned %+v, skips %v, %v", path, items, skips, err)
		}
	}
	full := write(t, map[string]string{"g.csv": crowdHeader + "1,A,1,10,20,1000,100,100\n"})
	if set, err := Load(full, ReadOptions{}); err != nil || len(set.Notes) != 0 {
		t.Errorf("notes %q without an empty recording, %v", set.Notes, err)
	}
}

func TestDroppedFixationsAreCounted(t *testing.T) {
	set, err := readText("g.csv", "eyecrowd", crowdHeader+"1,A,1,100,20,1000,100,100\n1,A,2,,0,500,100,100\n1,A,3,9,99.9,500,100,100\n1,A,4,9,9,5,100,100\n", ReadOptions{})
	if err != nil || set.Dropped.Missing != 1 || set.Dropped.Outside != 1 || len(set.Recordings[0].Fixations) != 2 {
		t.Errorf("%+v, %v", set, err)
	}
}

// Every bad line is an error with its place, and with SkipBad a skip that leaves the good ones.
func TestBadLines(t *testing.T) {
	good := map[string]string{
		"gazemedseg": "good,1,0.5,0.5,100,1,0,10,10\n",
		"eyecrowd":   "good,1,1,5,5,100,10,10\n",
		"table":      "good,R,5,5,0,100,10,10\n",
	}
	headers := map[string]string{"gazemedseg": medSegHeader, "eyecrowd": crowdHeader, "table": tableHeader}
	for _, tc := range []struct{ format, bad, want string }{
		{"gazemedseg", "a,1,0.5,0.5,x,1,0,10,10\n", `g.csv:3:13: CURRENT_FIX_DURATION is "x", expected a time in milliseconds`},
		{"gazemedseg", "a,1,0.5,0.5,-1,1,0,10,10\n", `g.csv:3:13: CURRENT_FIX_DURATION is "-1", expected a time in milliseconds that is not negative`},
		{"gazemedseg", "a,1,0.5,0.5,,1,0,10,10\n", `g.csv:3:13: CURRENT_FIX_DURATION is ""`},
		{"gazemedseg", "a,1,0.5,0.5,NaN,1,0,10,10\n", `g.csv:3:13: CURRENT_FIX_DURATION is "NaN"`},
		{"gazemedseg", "a,1,0.5,0.5,5,1,Inf,10,10\n", `g.csv:3:17: CURRENT_FIX_START is "Inf"`},
		{"gazemedseg", "a,1,inf,0.5,100,1,0,10,10\n", `g.csv:3:5: CURRENT_FIX_X is "inf", expected a number`},
		{"gazemedseg", "a,1,0.5,1e999,100,1,0,10,10\n", `CURRENT_FIX_Y is "1e999"`},
		{"gazemedseg", "a,one,0.5,0.5,100,1,0,10,10\n", `CURRENT_FIX_INDEX is "one"`},
		{"gazemedseg", ",1,0.5,0.5,100,1,0,10,10\n", `g.csv:3:1: IMAGE is "", expected the name of an image`},
		{"gazemedseg", "a,1,0.5,0.5,100,1,0,0,10\n", `IMAGE_HEIGHT is "0", expected a size in pixels`},
		{"gazemedseg", "a,1,0.5,0.5,100,1,0,10,1e6\n", `IMAGE_WIDTH is "1e6", expected a size in pixels`},
		{"gazemedseg", "a,1,0.5,0.5\n", "g.csv:3: 4 fields, expected 9 as in the header"},
		{"gazemedseg", "good,1,0.5,0.5,100,1,0,10,10\n", `g.csv:3: fixation 1 of image "good", reader "", comes twice`},
		{"gazemedseg", "good,2,0.5,0.5,100,1,-5,10,10\n", `g.csv:3: fixation 2 of image "good", reader "", starts at -0.005 s, before the one above it at 0 s`},
		{"gazemedseg", "good,2,0.5,0.5,100,1,0,10,11\n", "g.csv:3: a frame of 11 x 10, but 10 x 10 on line 2"},
		{"gazemedseg", "a,1,1.5,0.5,100,1,0,10,10\n", `g.csv:3: image "a", reader "": 1 of 1 positions lie outside the frame of 10 x 10`},
		{"gazemedseg", "a\"b,1,0.5,0.5,100,1,0,10,10\n", `g.csv:3:2: bare "`},
		{"eyecrowd", "a,1,1,5,5,-100,10,10\n", `g.csv:3:11: duration_ms is "-100"`},
		{"eyecrowd", "a,1,,5,5,100,10,10\n", `fix_index is ""`},
		{"eyecrowd", "a,1,1,5,b,100,10,10\n", `y is "b"`},
		{"eyecrowd", "a,1,1,b,5,100,10,10\n", `x is "b"`},
		{"eyecrowd", "a,1,1,5,5,100,NaN,10\n", `image_width is "NaN"`},
		{"eyecrowd", ",1,1,5,5,100,10,10\n", `image is ""`},
		{"table", "good,R,5,5,0,100,10,10\n", `fixation 0 of image "good", reader "R", comes twice or after a later one`},
		{"table", "good,R,5,5,-1,100,10,10\n", "comes twice or after a later one"},
		{"table", "a,R,5,5,soon,100,10,10\n", `g.csv:3:9: start [s] is "soon", expected a time`},
		{"table", "a,R,5,5,0,-1,10,10\n", `duration [ms] is "-1"`},
		{"table", "a,R,5,5,0,1,10,0\n", `height is "0"`},
		{"table", "a,R,five,5,0,1,10,10\n", `x [px] is "five"`},
		{"table", "a,R,5,five,0,1,10,10\n", `y [px] is "five"`},
		{"table", ",R,5,5,0,1,10,10\n", `image is ""`},
	} {
		text := headers[tc.format] + good[tc.format] + tc.bad
		_, err := readText("g.csv", tc.format, text, ReadOptions{})
		var p gaze.Problem
		if !errors.As(err, &p) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %q: error %v, want %q", tc.format, tc.bad, err, tc.want)
		}
		set, err := readText("g.csv", tc.format, text, ReadOptions{SkipBad: true})
		if err != nil || len(set.Skips) != 1 || !strings.Contains(set.Skips[0].Error(), tc.want) {
			t.Errorf("%s %q: skips %v, error %v, want %q", tc.format, tc.bad, set.Skips, err, tc.want)
		} else if len(set.Recordings) != 1 || len(set.Recordings[0].Fixations) != 1 {
			t.Errorf("%s %q: the good line is lost: %s", tc.format, tc.bad, summary(set))
		}
	}
}

// A wrong header is an error in either mode.
func TestBadHeaders(t *testing.T) {
	for _, tc := range []struct{ format, text, unit, want string }{
		{"gazemedseg", "", "", "g.csv: the file is empty, expected a header with IMAGE, CURRENT_FIX_INDEX"},
		{"gazemedseg", "IMAGE,CURRENT_FIX_X\n", "", `g.csv:1: the header lacks the column "CURRENT_FIX_INDEX"; expected IMAGE,`},
		{"eyecrowd", strings.Replace(crowdHeader, "subject", "image", 1), "", `g.csv:1:7: column "image" comes twice`},
		{"eyecrowd", "\"image\n", "", `g.csv:1`},
		{"table", "image,x [px],y [px]\n", "", `g.csv:1: the header lacks the column "duration"`},
		{"table", "x,y,duration\n1,2,3\n", "", "the unit of positions is not declared"},
		{"table", "x [px],y [norm],duration\n1,2,3\n", "", "the unit of positions is not declared"},
		{"table", "x [mm],y [mm],duration\n1,2,3\n", "", "the unit of positions is not declared"},
		{"table", "x,y [px],duration\n1,2,3\n", "px", "the unit of positions is not declared"},
		{"table", "x [px],y [px],duration [h]\n1,2,3\n", "", `the unit of duration is "h", expected s or ms`},
		{"table", "x [px],x [norm],y [px],duration\n1,1,2,3\n", "", `column "x" comes twice`},
		{"manifest", "label,split\n", "", `g.csv:1: the header lacks the column "image"`},
	} {
		for _, skip := range []bool{false, true} {
			_, err := readText("g.csv", tc.format, tc.text, ReadOptions{SkipBad: skip, Unit: tc.unit})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s %q: error %v, want %q", tc.format, tc.text, err, tc.want)
			}
		}
	}
	if set, err := readText("g.csv", "table", "x,y,duration\n1,2,3\n", ReadOptions{Unit: "px"}); err != nil || len(set.Recordings) != 1 {
		t.Errorf("a unit from the options: %v", err)
	}
	if _, err := readText("g.csv", "eyecrowd", crowdHeader, ReadOptions{}); err == nil || !strings.Contains(err.Error(), "no recording after the header") {
		t.Errorf("a header alone: %v", err)
	}
}

// write makes a folder of files.
func write(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func TestLoad(t *testing.T) {
	one := medSegHeader + "a.jpg,1,0.5,0.5,100,1,0,10,10\n"
	two := crowdHeader + "b.jpg,1,1,5,5,100,10,10\n"
	labels := "image,label,x\na.jpg,1,2\n"
	for name, tc := range map[string]struct {
		files  map[string]string
		format string
		want   []string // formats, or an error
	}{
		"all that is gaze":             {map[string]string{"1.csv": one, "2.tsv": strings.ReplaceAll(two, ",", "\t"), "labels.csv": labels, "notes.md": one, "sub/3.csv": one}, "auto", []string{"gazemedseg", "eyecrowd"}},
		"one format":                   {map[string]string{"1.csv": one, "2.csv": two}, "eyecrowd", []string{"eyecrowd"}},
		"nothing":                      {map[string]string{"labels.csv": labels}, "", []string{"no gaze file found, expected items.csv or a file of the format"}},
		"not that format":              {map[string]string{"1.csv": one}, "eyecrowd", []string{"no gaze file found"}},
		"the manifest":                 {map[string]string{"items.csv": "image,label\nb.jpg,1\n", "2.csv": two}, "", []string{"eyecrowd", "manifest"}},
		"a format, no manifest":        {map[string]string{"items.csv": "image\nb.jpg\n", "1.csv": one, "2.csv": two}, "gazemedseg", []string{"gazemedseg"}},
		"an unknown format":            {map[string]string{"1.csv": one}, "crystal ball", []string{`gaze format "crystal ball", expected auto, ` + strings.Join(Formats(), ", ")}},
		"a bad line beside a manifest": {map[string]string{"items.csv": "image\nb.jpg\n", "1.csv": one + "x\n"}, "", []string{"1.csv:3: 1 fields, expected 9"}},
		"a bad line in a folder":       {map[string]string{"1.csv": one + "x\n"}, "", []string{"1.csv:3: 1 fields, expected 9"}},
	} {
		set, err := Load(write(t, tc.files), ReadOptions{Format: tc.format})
		if err != nil {
			if len(tc.want) != 1 || !strings.Contains(err.Error(), tc.want[0]) {
				t.Errorf("%s: error %v, want %q", name, err, tc.want)
			}
		} else if !reflect.DeepEqual(set.Formats, tc.want) {
			t.Errorf("%s: read %q, want %q", name, set.Formats, tc.want)
		}
	}
	dir := write(t, map[string]string{"1.csv": one, "x.csv": labels, "both.csv": "image,current_fix_x,image_width,x,y,duration\n"})
	for file, want := range map[string]string{"1.csv": "", "x.csv": "the header fits no known gaze format", "both.csv": "the header fits gazemedseg and table; name the format", "none.csv": "no such file"} {
		_, err := Load(filepath.Join(dir, file), ReadOptions{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", file, err, want)
		}
	}
	if _, err := Load(dir, ReadOptions{Unit: "mm"}); err == nil || !strings.Contains(err.Error(), `gaze unit "mm"`) {
		t.Errorf("unit: %v", err)
	}
}

func TestManifest(t *testing.T) {
	both := "reader,image,x [px],y [px],duration\nA,a.png,1,1,1\nB,a.png,2,2,1\nA,b,3,3,1\n"
	files := map[string]string{
		"gaze/both.csv":  both,
		"gaze/alone.csv": "x [norm],y [norm],duration\n0.5,0.5,2\n",
		"gaze/more.csv":  both + "A,z.png,4,4,1\n",
		"gaze/bad.csv":   "x [norm],y [norm],duration\nhalf,0.5,2\n",
		"labels.csv":     "image,label\n",
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
	if len(set.Items) != 1 || set.Items[0].Image != "a.png" || set.Items[0].Label != "x" || set.Items[0].Split != "train" || set.Items[0].Columns["patient"] != "p1" || set.Items[0].Line != 2 {
		t.Errorf("items %+v", set.Items)
	}
	if len(set.Skips) != 3 { // q.png's row, the line of bad.csv, b.png's row
		t.Errorf("skips %v", set.Skips)
	}
}

// check compares the two modes on the same input: what the strict one accepts the other reads alike, and every recording
// is usable.
func check(t *testing.T, format, file string, in []byte) {
	checkWith(t, format, file, in, ReadOptions{Unit: "px"})
}

func checkWith(t *testing.T, format, file string, in []byte, o ReadOptions) {
	strict, strictErr := readText(file, format, string(in), o)
	o.SkipBad = true
	lenient, err := readText(file, format, string(in), o)
	if (strictErr == nil) != (err == nil && len(lenient.Skips) == 0) {
		t.Fatalf("strict: %v; lenient: %v, skips %v", strictErr, err, lenient.Skips)
	}
	if strictErr == nil && !reflect.DeepEqual(selfEqual(strict), selfEqual(lenient)) {
		t.Fatalf("strict %+v, lenient %+v", strict, lenient)
	}
	if err != nil {
		return
	}
	for _, r := range lenient.Recordings {
		checkRecording(t, r)
	}
}

// checkRecording finds what no recording may be.
func checkRecording(t *testing.T, r gaze.Recording) {
	if r.Line < 1 || !(r.Width >= 0 && r.Width <= maxFrame && r.Height >= 0 && r.Height <= maxFrame) ||
		r.Width > 0 && r.Height == 0 || !finite(r.Resolution.X) || !finite(r.Resolution.Y) {
		t.Fatalf("recording %+v", r)
	}
	if m := r.Map; m != nil && (m.Rows < 1 || m.Cols < 1 || len(m.Values) != m.Rows*m.Cols || !r.HasGaze()) {
		t.Fatalf("a map of %d x %d with %d values", m.Rows, m.Cols, len(m.Values))
	}
	last := math.Inf(-1)
	for _, f := range r.Fixations {
		inside := r.Width == 0 || f.X >= 0 && f.X < r.Width && f.Y >= 0 && f.Y < r.Height
		if !inside || !finite(f.X) || !finite(f.Y) || !finite(f.Start) || !finite(f.Duration) || f.Duration < 0 || f.Start < last {
			t.Fatalf("fixation %+v in %+v", f, r)
		}
		last = f.Start
	}
	last = math.Inf(-1)
	for _, s := range r.Samples {
		if math.IsInf(s.X, 0) || math.IsInf(s.Y, 0) || !finite(s.Time) || s.Time < last {
			t.Fatalf("sample %+v in %+v", s, r)
		}
		last = s.Time
	}
}

// selfEqual is a copy of a set in which lost samples have a position that equals itself.
func selfEqual(set *Set) Set {
	c := *set
	c.Recordings = slices.Clone(c.Recordings)
	for i := range c.Recordings {
		r := &c.Recordings[i]
		r.Samples = slices.Clone(r.Samples)
		for k, v := range r.Samples {
			if v.Lost() {
				r.Samples[k].X, r.Samples[k].Y = -math.MaxFloat64, -math.MaxFloat64
			}
		}
	}
	return c
}

func FuzzGazeMedSeg(f *testing.F) {
	f.Add([]byte(medSegHeader + "a.jpg,1,0.5,0.25,455,2670,7,400.0,800.0\na.jpg,2,0.1,0.2,100,1,512,400,800\n"))
	f.Add([]byte("\ufeff" + medSegHeader + "a,1,,.,1,1,1,1,1\r\n,"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "gazemedseg", "g.csv", in) })
}

func FuzzEyeCrowd(f *testing.F) {
	f.Add([]byte(crowdHeader + "1,A,1,10,20,1000,100,100\n1,B,1,11,21,1000,100,100\n1,A,2,12,22,1000,100,100\n"))
	f.Add([]byte(crowdHeader + "1,A,1,nan,-1e300,1e300,1,1\n1,A,2,0x1p-2,\"0\",0,1,1,\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "eyecrowd", "g.csv", in) })
}

func FuzzTable(f *testing.F) {
	f.Add([]byte(tableHeader + "a,R,1,2,0.5,300,10,10\na,R,3,4,1,300,10,10\n"))
	f.Add([]byte("x [norm];y [norm];duration [ms]\n0.1;0.2;1.5\n;;\n"))
	f.Add([]byte("duration\tX\ty\tstart[ms]\n1\t2\t3\t4\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "table", "g.csv", in) })
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
