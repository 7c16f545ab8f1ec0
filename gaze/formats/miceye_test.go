package formats

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The program's documentation has one line of a log, shortened; the others here are written from its source.
const micEyeDocumented = "some-dir/9063823L.png;1;[[206, 412], [206, 412], [205, 411], [105, 501]];[];(-1, -1)\n"

func init() {
	sniffSamples["miceye"] = []string{micEyeDocumented, `C:\Users\A B\x.jpg;0;[];[(1, 2, 3, 4)];(5, 6)` + "\n", "a.png;-1;[(1, 2)];[];(-1, -1)\n", "a.png;1;[[(412, 233), 1.0], [(840, 480), 2.0]];[];(-1, -1)\n"}
}

func TestMicEye(t *testing.T) {
	testCases(t, "miceye", "g.csv", ReadOptions{Rate: 10}, map[string]readCase{
		"documented":                {micEyeDocumented, "some-dir/9063823L.png/ 0x800 line 1: [206 412 0] [206 412 0.1] [205 411 0.2] [105 501 0.3]\n"},
		"tuples, floats, no blanks": {"a.png;1;[(1.5,2),(3,4e1)];[(1, 2, 3, 4)];(5, 6)", "a.png/ 0x800 line 1: [1.5 2 0] [3 40 0.1]\n"},
		"a border is off the image": {"a.png;1;[[0, 5], [5, 0], [5, 800], [5, 799], [900, 5]];[];(-1, -1)\r\n",
			"a.png/ 0x800 line 1: [lost 0] [lost 0.1] [lost 0.2] [5 799 0.3] [900 5 0.4]\n3 outside the image\n"},
		"several, one image twice": {"\ufeff" + `d\a.png;1;[[1, 2]];[];(-1, -1)` + "\n\nb;c.png;1;[[3, 4]];[];(-1, -1)\n" + `d\a.png;1;[[5, 6]];[];(-1, -1)`,
			"d\\a.png/ 0x800 line 1: [1 2 0]\nb;c.png/ 0x800 line 3: [3 4 0]\nd\\a.png/ 0x800 line 4: [5 6 0]\n"},
		"with scales":        {"a.png;1;[[(412, 233), 1.0], [[840, 480], 2.0], [(0, 0), 1]];[];(-1, -1)\n", "a.png/ 0x0 line 1: [412 233 0] [420 240 0.1] [0 0 0.2]\n"},
		"a scale of nothing": {"a.png;1;[[(412, 233), 0.0]];[];(-1, -1)\n", `error g.csv:1:23: the gaze goes on with "0.0]]", expected a scale above 0`},
		"no scale":           {"a.png;1;[[(412, 233)]];[];(-1, -1)\n", `error g.csv:1:21: the gaze goes on with "]]", expected a comma and the scale`},
		"scales at times":    {"a.png;1;[[1, 2], [(412, 233), 1.0]];[];(-1, -1)\n", "error g.csv:1:18: a pair with a scale after one without, expected [x, y] for all"},
		"scales at first":    {"a.png;1;[[(412, 233), 1.0], [1, 2]];[];(-1, -1)\n", "error g.csv:1:29: a pair without a scale after one with, expected [(x, y), scale] for all"},
		"no gaze":            {"a.png;1;[];[];(-1, -1)\n", "a.png/ 0x800 line 1:\n"},
		"border alone":       {"a.png;1;[[0, 0]];[];(-1, -1)\n", "a.png/ 0x800 line 1: [lost 0]\n1 outside the image\n"},
		"empty":              {"", "error g.csv: the file is empty, expected lines of path;class;[[x, y], ...];[boxes];(key point)"},
		"too few fields":     {micEyeDocumented + "a.png;1;[[1, 2]];[]\n", "error g.csv:2: 4 fields between semicolons, expected 5: path;class"},
		"no path":            {";1;[[1, 2]];[];(-1, -1)\n", "error g.csv:1: no path, expected the name of an image"},
		"too low":            {"a.png;1;[[1, 801]];[];(-1, -1)\n", "error g.csv:1:10: gaze at (1, 801), expected a position in an image shown 800 pixels high"},
		"negative":           {"a.png;1;[[1, 2], [-1, 3]];[];(-1, -1)\n", "error g.csv:1:18: gaze at (-1, 3), expected a position"},
		"no list":            {"a.png;1;5;[];(-1, -1)\n", `error g.csv:1:9: the gaze goes on with "5", expected a list of pairs [x, y]`},
		"a flat list":        {"a.png;1;[1, 2];[];(-1, -1)\n", `error g.csv:1:10: the gaze goes on with "1, 2]", expected a pair [x, y]`},
		"three coordinates":  {"a.png;1;[[1, 2, 3]];[];(-1, -1)\n", `error g.csv:1:15: the gaze goes on with ", 3]]", expected the end of the pair`},
		"one coordinate":     {"a.png;1;[[1]];[];(-1, -1)\n", `error g.csv:1:12: the gaze goes on with "]]", expected a comma between x and y`},
		"a mixed pair":       {"a.png;1;[[1, 2)];[];(-1, -1)\n", `error g.csv:1:15: the gaze goes on with ")]", expected the end of the pair`},
		"nan":                {"a.png;1;[[nan, 2]];[];(-1, -1)\n", `error g.csv:1:11: the gaze goes on with "nan, 2]]", expected a number`},
		"huge":               {"a.png;1;[[1e999, 2]];[];(-1, -1)\n", `error g.csv:1:11: the gaze goes on with "1e999, 2]]", expected a number`},
		"cut off":            {"a.png;1;[[1, 2], [3;[];(-1, -1)\n", `error g.csv:1:20: the gaze ends, expected a comma between x and y`},
		"no comma":           {"a.png;1;[[1, 2] [3, 4]];[];(-1, -1)\n", `error g.csv:1:17: the gaze goes on with "[3, 4]]", expected a comma or the end of the list`},
		"more than the list": {"a.png;1;[[1, 2]] x;[];(-1, -1)\n", `error g.csv:1:18: the gaze goes on with "x", expected nothing after the list`},
	})
}

// The height comes from the options, from config.json beside or above the log, or is the program's; the reader comes from
// the file's name, the rate from the options or is assumed; each is noted.
func TestMicEyeSettings(t *testing.T) {
	const config = `{"image folder": "C:\\x", "image height": 900, "dark mode": true}`
	const rate = "files without times are taken to have 90 samples a second, the rate of a Tobii 4C"
	for name, tc := range map[string]struct {
		files      map[string]string
		o          ReadOptions
		want, note string
	}{
		"default": {map[string]string{"logs/Eve 12021-9-17-15-3.csv": micEyeDocumented}, ReadOptions{},
			"some-dir/9063823L.png/Eve 1 0x800 line 1: [206 412 0] [206 412 0.0111111] [205 411 0.0222222] [105 501 0.0333333]\n",
			"positions are in images shown 800 pixels high, MicEye's default, as there is no config.json of it\n" + rate},
		"config above": {map[string]string{"logs/x.csv": "a.png;1;[[1, 900], [2, 3]];[];(-1, -1)\n", "config.json": config}, ReadOptions{},
			"a.png/ 0x900 line 1: [lost 0] [2 3 0.0111111]\n1 outside the image\n", "positions are in images shown 900 pixels high, as config.json says\n" + rate},
		"another's config": {map[string]string{"logs/x.csv": "a.png;1;[[2, 3]];[];(-1, -1)\n", "logs/config.json": `[1]`, "config.json": `{"height": 5}`}, ReadOptions{Rate: DefaultRate},
			"a.png/ 0x800 line 1: [2 3 0]\n", "positions are in images shown 800 pixels high, MicEye's default, as there is no config.json of it\n" + rate},
		"asked for": {map[string]string{"logs/x.csv": "a.png;1;[[1, 1000], [2, 3]];[];(-1, -1)\n", "config.json": config}, ReadOptions{ShownHeight: 1080, Rate: 60},
			"a.png/ 0x1080 line 1: [1 1000 0] [2 3 0.0166667]\n", "positions are in images shown 1080 pixels high, as asked for\nfiles without times have 60 samples a second, as asked for"},
		"bad config": {map[string]string{"logs/x.csv": "a.png;1;[[1, 2]];[];(-1, -1)\n", "config.json": `{"image height": "tall"}`}, ReadOptions{},
			`error config.json: image height is "tall", expected pixels, 1 to 100000`, ""},
		"bad rate": {nil, ReadOptions{Rate: -1}, "error gaze at -1 samples a second", ""},
	} {
		dir := write(t, tc.files)
		set, err := Load(filepath.Join(dir, "logs"), tc.o)
		if want, bad := strings.CutPrefix(tc.want, "error "); bad {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", name, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := described(set); got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, tc.want)
		}
		notes := strings.Split(tc.note, "\n")
		for _, want := range notes {
			found := false
			for _, n := range set.Notes {
				found = found || n == want
			}
			if !found || len(set.Notes) != len(notes) {
				t.Errorf("%s: notes %q, want %q", name, set.Notes, notes)
			}
		}
	}
}

// Aligning finds the width at which the image was shown, and with it what is beyond its right border.
func TestShownHeightIsAligned(t *testing.T) {
	set, err := readText("g.csv", "miceye", "d\\a.png;1;[[399, 5], [400, 5], [7, 8], [9, 10]];[];(-1, -1)\n", ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	items, _, err := set.Align([]Image{{Name: "a.png", Width: 2001, Height: 4000}}, AlignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r := items[0][0]; r.Width != 400 || r.Height != 800 || set.Dropped.Outside != 1 || !reflect.DeepEqual(r.Samples, set.Recordings[0].Samples) {
		t.Errorf("%+v, dropped %v", r, set.Dropped)
	}
}

func FuzzMicEye(f *testing.F) {
	f.Add([]byte(micEyeDocumented))
	f.Add([]byte("a.png;1;[[(412, 233), 1.0], [(840, 480), 2.0]];[];(-1, -1)\n"))
	f.Add([]byte("\ufeffC:\\a.png;0;[(1, 2), [3.5, 4e1]];[(1, 2, 3, 4)];(5, 6)\r\n\r\nb;c;1;[];[];\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "miceye", "g.csv", in) })
}
