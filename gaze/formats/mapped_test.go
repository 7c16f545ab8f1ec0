package formats

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The tables are made up: there is no sample of what no format knows.
func TestParseColumns(t *testing.T) {
	got, err := ParseColumns(` x=FPOGX@norm, Y = FPOGY@norm,t=Time (in secs),duration=FPOGD@ms,image="a, b",reader=who@example@`)
	if err == nil || err.Error() != `column map: unit "" of reader, expected none` {
		t.Errorf("a unit of a name: %+v, %v", got, err)
	}
	got, err = ParseColumns(` x=FPOGX@norm, Y = FPOGY@norm,t=Time (in secs),duration="time@rest"@ms,image="a, b",reader="who@example"`)
	want := Columns{
		"x": {"FPOGX", "norm"}, "y": {"FPOGY", "norm"}, "t": {"Time (in secs)", ""}, "duration": {"time@rest", "ms"}, "image": {"a, b", ""}, "reader": {"who@example", ""},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := ParseColumns(" "); got != nil || err != nil {
		t.Errorf("nothing: %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"x":                   `column map: "x", expected ROLE=COLUMN`,
		"x=a,y=b,z=c":         `column map: role "z", expected duration, height, image, pupil, reader, t, trial, validity, width, x, y`,
		"x=a,x=b":             "column map: x comes twice",
		"x=,y=b":              "column map: x names no column",
		"x=@px,y=b":           "column map: x names no column",
		"x=a@mm,y=b":          `column map: unit "mm" of x, expected px, norm, screen, screen-norm`,
		"t=a@px,y=b":          `column map: unit "px" of t, expected s, ms, us, ns`,
		"validity=a@5,y=b":    `column map: unit "5" of validity, expected flag, tobii`,
		"x=a,t=b":             "column map: expected columns for both x and y",
		"x=a,y=b":             "column map: expected a column for duration (fixations) or t (samples)",
		"x=a@px,y=b@norm,t=c": `column map: x in "px" and y in "norm", expected one unit`,
		"x=a,y=b,t=c,width=w": "column map: expected columns for both width and height or neither",
	} {
		if _, err := ParseColumns(text); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func mapColumns(tb testing.TB, text string) ReadOptions {
	tb.Helper()
	columns, err := ParseColumns(text)
	if err != nil {
		tb.Fatal(err)
	}
	return ReadOptions{Columns: columns}
}

func TestMapped(t *testing.T) {
	fixations := mapColumns(t, "x=px@norm,y=py@norm,t=onset@ms,duration=len@us,image=pic,reader=who,pupil=size,validity=ok,width=w,height=h")
	header := "pic;who;px;py;onset;len;size;ok;w;h\n"
	samples := mapColumns(t, "x=gx@screen,y=gy@screen,t=time@us,validity=v@tobii")
	testGood(t, "mapped", []goodFile{
		{"fixations", "g.csv", header + "a;R;0,5;0.5;1000;250000;3;1;200;100\na;R;0.1;0.1;2000;1e6;0;1;200;100\na;R;0.1;0.1;3000;1e6;3;0;200;100\na;R;;0.1;4000;1e6;3;1;200;100\na;R;0.2;0.2;5000;1e6;3;true;200;100\n", fixations,
			"a/R 200x100: (100 50 0+0.25) (40 20 4+1)\ndropped: 1 without a position, 1 marked invalid, 1 in a blink\n"},
		{"samples on a screen", "g.tsv", "time\tgx\tgy\tv\n1000000\t5\t6\t0\n1002000\t7\t8\t1\n1004000\t7\t8\t2\n1006000\t\t8\t0\n", samples,
			"/ 0x0 screen: 5,6@0 7,8@0.002 lost@0.004 lost@0.006\ndropped: 1 without a position, 1 marked invalid\n"},
		{"samples in a blink", "g.csv", "t,x,y,p\n0,5,6,3\n1,0,0,0\n2,0,0,\n3,7,8,3\n", mapColumns(t, "x=x@px,y=y@px,t=t,pupil=p"), "/ 0x0: 5,6@0 lost@1 lost@2 7,8@3\ndropped: 2 in a blink\n"},
		{"fractions of a screen", "g.csv", "x,y,d\n0.5,0.25,2\n0.5,0.3,1\n", mapColumns(t, "x=x@screen-norm,y=y@screen-norm,duration=d"),
			"/ 1x1 screen: (0.5 0.25 0+2) (0.5 0.3 2+1)\n"},
		{"fractions of the image", "g.csv", "X,Y,D\n0.5,0.25,2\n", mapColumns(t, "x=x@norm,y=y@norm,duration=d"), "/ 1x1: (0.5 0.25 0+2)\n"},
		{"an empty scanpath", "g.csv", "X,Y,D\n", mapColumns(t, "x=X@px,y=Y@px,duration=D"), "/ 0x0:\n"},
		{"a unit from the options", "g.csv", "x,y,d\n50,25,2\n", ReadOptions{Columns: mapColumns(t, "x=x,y=y,duration=d").Columns, Unit: "px"}, "/ 0x0: (50 25 0+2)\n"},
	})
	good := header + "a;R;0.5;0.5;1000;250000;3;1;200;100\n"
	testBad(t, "mapped", []badFile{
		{"a time", "g.csv", good + "a;R;0.5;0.5;x;250000;3;1;200;100\n", fixations, `g.csv:3:13: onset is "x", expected a time`, false},
		{"a duration", "g.csv", good + "a;R;0.5;0.5;2000;-1;3;1;200;100\n", fixations, `g.csv:3:18: len is "-1", expected a time that is not negative`, false},
		{"a position", "g.csv", good + "a;R;half;0.5;2000;1;3;1;200;100\n", fixations, `g.csv:3:5: px is "half", expected a number, or nothing where it is missing`, false},
		{"a pupil", "g.csv", good + "a;R;0.5;0.5;2000;1;big;1;200;100\n", fixations, `g.csv:3:20: size is "big", expected the size of a pupil, or nothing where it is missing`, false},
		{"validity", "g.csv", good + "a;R;0.5;0.5;2000;1;3;2;200;100\n", fixations, `g.csv:3:22: ok is "2", expected 1 or 0, true or false`, false},
		{"an image", "g.csv", good + ";R;0.5;0.5;2000;1;3;1;200;100\n", fixations, `g.csv:3:1: pic is "", expected the name of an image`, false},
		{"a frame", "g.csv", good + "b;R;0.5;0.5;2000;1;3;1;0;100\n", fixations, `g.csv:3:24: w is "0", expected a size in pixels, 1 to 100000`, false},
		{"order", "g.csv", good + "a;R;0.5;0.5;900;1;3;1;200;100\n", fixations, `g.csv:3: fixation -0.09999999999999998 of image "a", reader "R", comes twice or after a later one, that on line 2`, false},
		{"Tobii's validity", "g.tsv", "time\tgx\tgy\tv\n1\t5\t6\t0\n2\t5\t6\t5\n", samples, `g.tsv:3:7: v is "5", expected Valid or Invalid, or 0 to 4`, false},
		{"a column", "g.tsv", "time\tgx\tgy\n", samples, `g.tsv:1: the header lacks the column "v"; expected time, v, gx, gy`, true},
		{"no unit", "g.csv", "x,y,d\n1,2,3\n", mapColumns(t, "x=x,y=y,duration=d"), `g.csv:1: the unit of positions is not declared; expected x=COLUMN@px or @norm, @screen, @screen-norm`, true},
	})
}

// A map of columns reads a file, the files of a folder that have the columns, and those of a manifest.
func TestMappedFolder(t *testing.T) {
	o := mapColumns(t, "x=a@px,y=b@px,duration=c")
	dir := write(t, map[string]string{"1.csv": "a,b,c\n1,2,3\n", "2.csv": "a,b,c,d\n4,5,6,7\n", "other.csv": "a,c\n1,2\n", "notes.md": "a,b,c\n1,2,3\n", "sub/3.csv": "a,b,c\n1,2,3\n"})
	set, err := Load(dir, o)
	if err != nil || summary(set) != "/ 0x0 line 2: (1 2 0+3)\n/ 0x0 line 2: (4 5 0+6)\n" || fmt.Sprint(set.Formats) != "[mapped mapped]" {
		t.Errorf("a folder: %v, %v", set, err)
	}
	items, _, err := set.Align([]Image{{Name: "img/1.png", Width: 10, Height: 10}, {Name: "img/2.png", Width: 10, Height: 10}}, AlignOptions{})
	if err != nil || len(items[0]) != 1 || len(items[1]) != 1 || items[1][0].Fixations[0].X != 4 {
		t.Errorf("files named as their images: %v, %v", items, err)
	}
	if set, err := Load(filepath.Join(dir, "1.csv"), o); err != nil || len(set.Recordings) != 1 {
		t.Errorf("a file: %v", err)
	}
	dir = write(t, map[string]string{"items.csv": "image,gaze\nx.png,g/1.csv\n", "g/1.csv": "a,b,c\n1,2,3\n"})
	if set, err := Load(dir, o); err != nil || summary(set) != "x.png/ 0x0 line 2: (1 2 0+3)\n" {
		t.Errorf("a manifest: %v, %v", set, err)
	}
	dir = write(t, map[string]string{"items.csv": "image\n1.png\n", "1.csv": "a,b,c\n1,2,3\n"})
	if set, err := Load(dir, o); err != nil || summary(set) != "/ 0x0 line 2: (1 2 0+3)\n" {
		t.Errorf("beside a manifest: %v, %v", set, err)
	}
	for format, want := range map[string]string{"eyecrowd": "gaze format eyecrowd has columns of its own, expected no column map"} {
		o.Format = format
		if _, err := Load(dir, o); err == nil || err.Error() != want {
			t.Errorf("%s: %v", format, err)
		}
	}
	if _, err := Load(dir, ReadOptions{Format: "mapped"}); err == nil || err.Error() != "gaze format mapped needs a map of its columns" {
		t.Errorf("no map: %v", err)
	}
	if _, err := Load(dir, ReadOptions{Columns: Columns{"x": {Name: "a"}}}); err == nil || !strings.Contains(err.Error(), "both x and y") {
		t.Errorf("half a map: %v", err)
	}
}

func FuzzMapped(f *testing.F) {
	f.Add("x=a@norm,y=b@norm,t=c@ms,validity=v@tobii", []byte("a,b,c,v\n.5,.5,1000,0\n.6,.6,2000,4\n"))
	f.Add("x=a@px,y=b@px,duration=c,pupil=p,width=w,height=h,image=i,reader=r", []byte("a\tb\tc\tp\tw\th\ti\tr\n1\t2\t3,5\t1\t10\t10\ti\tr\n"))
	f.Add("x=a@screen,y=b@screen,t=c@ns", []byte("a;b;c\n1;2;1700000000000000000\n"))
	f.Fuzz(func(t *testing.T, spec string, in []byte) {
		columns, err := ParseColumns(spec)
		if err != nil || columns == nil {
			return
		}
		checkWith(t, "mapped", "g.csv", in, ReadOptions{Columns: columns, Unit: "px"})
	})
}
