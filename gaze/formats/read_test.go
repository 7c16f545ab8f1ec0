package formats

import (
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

// A reader who saw an image and fixated nothing has an empty scanpath, which reading counts. As gaze of an image it is an
// error that says where, or a skip that leaves the image without gaze.
func TestEmptyScanpaths(t *testing.T) {
	dir := write(t, map[string]string{"log.csv": "a.png;1;[];[];(-1, -1)\nb.png;1;[[0, 0]];[];(-1, -1)\nc.png;1;[[5, 6]];[];(-1, -1)\n",
		"items.csv": "image,gaze\na.png,log.csv\nb.png,log.csv\nc.png,log.csv\n"})
	const note = "2 of 3 recordings are empty: the reader saw the image, and no gaze on it was recorded"
	for _, path := range []string{dir, filepath.Join(dir, "log.csv")} {
		set, err := Load(path, ReadOptions{})
		if err != nil || len(set.Recordings) != 3 || !slices.Contains(set.Notes, note) {
			t.Fatalf("%s: %+v, %v, want 3 recordings and the note %q", path, set, err, note)
		}
		images := []Image{{Name: "a.png", Width: 4, Height: 4}, {Name: "b.png", Width: 4, Height: 4}, {Name: "c.png", Width: 4, Height: 4}}
		const want = `log.csv:1: image "a.png", reader "": an empty recording, without fixations or samples`
		if _, _, err := set.Align(images, AlignOptions{}); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
		items, skips, err := set.Align(images, AlignOptions{SkipBad: true})
		if err != nil || len(skips) != 4 || !strings.HasSuffix(skips[0].Error(), want) || len(items[0]) != 0 || len(items[1]) != 0 || len(items[2]) != 1 {
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
		{"gazemedseg", "good,2,0.5,0.5,100,1,-5,10,10\n", `g.csv:3: fixation 2 of image "good", reader "", starts at -0.005 s, before the one above it on line 2 at 0 s`},
		{"gazemedseg", "good,2,0.5,0.5,100,1,0,10,11\n", "g.csv:3: a frame of 11 x 10, but 10 x 10 on line 2"},
		{"gazemedseg", "a,1,1.5,0.5,100,1,0,10,10\n", `g.csv:3: image "a", reader "": 1 of 1 positions lie outside the frame of 10 x 10`},
		{"gazemedseg", "a\"b,1,0.5,0.5,100,1,0,10,10\n", `g.csv:3:2: bare "`},
		{"eyecrowd", "a,1,1,5,5,-100,10,10\n", `g.csv:3:11: duration_ms is "-100"`},
		{"eyecrowd", "a,1,,5,5,100,10,10\n", `fix_index is ""`},
		{"eyecrowd", "a,1,1,5,b,100,10,10\n", `y is "b"`},
		{"eyecrowd", "a,1,1,b,5,100,10,10\n", `x is "b"`},
		{"eyecrowd", "a,1,1,5,5,100,NaN,10\n", `image_width is "NaN"`},
		{"eyecrowd", ",1,1,5,5,100,10,10\n", `image is ""`},
		{"table", "good,R,6,5,0,100,10,10\n", `fixation 0 of image "good", reader "R", comes twice or after a later one`},
		{"table", "good,R,5,5,-1,100,10,10\n", "comes twice or after a later one"},
		{"table", "a,R,5,5,soon,100,10,10\n", `g.csv:3:9: start [s] is "soon", expected a time`},
		{"table", "a,R,5,5,0,-1,10,10\n", `duration [ms] is "-1"`},
		{"table", "a,R,5,5,0,1,10,0\n", `height is "0"`},
		{"table", "a,R,five,5,0,1,10,10\n", `x [px] is "five"`},
		{"table", "a,R,0x5,5,0,1,10,10\n", `x [px] is "0x5"`},
		{"table", "a,R,1_0,5,0,1,10,10\n", `x [px] is "1_0"`},
		{"table", "a,R,inf,5,0,1,10,10\n", `x [px] is "inf"`},
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
		{"imotions", "", "", "g.csv: the file is empty, expected a header with Timestamp and SourceStimuliName"},
		{"tobii", "\n", "", "g.csv: the file is empty, expected a header with Recording timestamp"},
		{"smi", "", "", "g.csv: the file is empty, expected a header with Event Start Trial Time [ms] or RecordingTime [ms]"},
		{"gazemedseg", "IMAGE,CURRENT_FIX_X\n", "", `g.csv:1: the header lacks the column "CURRENT_FIX_INDEX"; expected IMAGE,`},
		{"eyecrowd", strings.Replace(crowdHeader, "subject", "image", 1), "", `g.csv:1:7: column 2 has the name of column 1`},
		{"eyecrowd", "\"image\n", "", `g.csv:1`},
		{"table", "image,x [px],y [px],duration\ra,1,2,3\rb,1,2,3\r", "", "g.csv:1: lines that end in a carriage return alone, expected line feeds"},
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
	dir := write(t, map[string]string{"1.csv": one, "x.csv": labels, "empty.csv": "", "both.csv": "image,current_fix_x,image_width,x,y,duration\n"})
	for file, want := range map[string]string{
		"1.csv": "", "x.csv": "the header fits no known gaze format", "empty.csv": "empty.csv: the file is empty, expected gaze",
		"both.csv": "the header fits gazemedseg and table; name the format", "none.csv": "no such file",
	} {
		_, err := Load(filepath.Join(dir, file), ReadOptions{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", file, err, want)
		}
	}
	if _, err := Load(dir, ReadOptions{Unit: "mm"}); err == nil || !strings.Contains(err.Error(), `gaze unit "mm"`) {
		t.Errorf("unit: %v", err)
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
	last, end := math.Inf(-1), math.Inf(-1)
	for _, f := range r.Fixations {
		inside := r.Width == 0 || f.X >= 0 && f.X < r.Width && f.Y >= 0 && f.Y < r.Height
		if !inside || !finite(f.X) || !finite(f.Y) || !finite(f.Start) || !finite(f.Duration) || f.Duration < 0 || f.Start < last {
			t.Fatalf("fixation %+v in %+v", f, r)
		}
		if f.Start < end-1e-9*max(1, math.Abs(end)) { // to the last bits of a sum
			t.Fatalf("fixation %+v begins before the one above it ends at %g, in %+v", f, end, r)
		}
		last, end = f.Start, f.Start+f.Duration
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
