package formats

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// The tables are written from the data set's description and the source that makes it; there is no sample.
const (
	egdPlain  = "SESSION_ID,MEDIA_ID,DICOM_ID,CNT,Time (in secs),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,BKID,BKDUR,BKPMIN"
	egdHeader = egdPlain + ",X_ORIGINAL,Y_ORIGINAL\n"
	egdSheet  = "dicom_id,path,image_top_pad,image_bottom_pad,image_left_pad,image_right_pad,patient_id\n"
)

func init() { sniffSamples["egd-cxr"] = []string{egdHeader, egdPlain + "\n"} }

// egdRow is a row; end is BKID and what follows it.
func egdRow(session, image string, time, x, y, start, duration float64, id int, valid, end string) string {
	return fmt.Sprintf("%s,0,%s,0,%g,1,%g,%g,%g,%g,%d,%s,.5,.5,1,%s\n", session, image, time, x, y, start, duration, id, valid, end)
}

func TestEGD(t *testing.T) {
	fixation := func(start float64, id int, valid, x, y string) string {
		return egdRow("s1", "i1", start+.2, .5, .5, start, .2, id, valid, "0,0,0,"+x+","+y)
	}
	sample := func(time float64, id int, valid, blink, x, y string) string {
		return egdRow("s1", "i1", time, .5, .5, 9, .2, id, valid, blink+",0,0,"+x+","+y)
	}
	bad := func(text, part, with string) string { return strings.Replace(text, part, with, 1) }
	testCases(t, "egd-cxr", "g.csv", ReadOptions{}, map[string]readCase{
		"fixations": {egdHeader + fixation(10, 1, "1", "1000", "1200") + fixation(10.5, 2, "1", "-1", "-1") + fixation(11, 3, "0", "5", "5") + fixation(12, 4, "1.0", "1100", "") + fixation(13, 5, "1", "0", "0") +
			egdRow("s2", "i1", 2, .5, .5, 1, .5, 1, "1", "3,0,0,7,8"),
			"i1/s1 0x0 line 2: (1000 1200 0+0.2) (0 0 3+0.2)\ni1/s2 0x0 line 7: (7 8 0+0.5)\n1 outside the image, 1 without a position, 1 marked invalid\n"},
		"samples": {egdHeader + sample(10, 1, "1", "0", "1000", "1200") + sample(10.5, 1, "1", "0", "-3", "-2") + sample(11, 1, "1", "7", "5", "5") + sample(12, 2, "0", "0", "1", "1") + sample(12.5, 2, "1", "0", "", "") + sample(12.5, 3, "1", "0", "4", "5"),
			"i1/s1 0x0 line 2: [1000 1200 0] [lost 0.5] [lost 1] [lost 2] [lost 2.5] [4 5 2.5]\n1 outside the image, 1 without a position, 1 marked invalid, 1 in a blink\n"},
		"no pads":              {egdPlain + "\n" + egdRow("s1", "i1", 2, .5, .5, 1, .5, 1, "1", "3,0,0"), "error g.csv:1: the header lacks X_ORIGINAL and Y_ORIGINAL; expected them, or master_sheet.csv with the paddings"},
		"no image":             {egdHeader + bad(fixation(1, 1, "1", "1", "1"), "i1", ""), `error g.csv:2:6: DICOM_ID is "", expected the name of an image`},
		"a word for x":         {egdHeader + fixation(1, 1, "1", "left", "1"), `error g.csv:2:49: X_ORIGINAL is "left", expected a number`},
		"a word for y":         {egdHeader + fixation(1, 1, "1", "1", "up"), `error g.csv:2:51: Y_ORIGINAL is "up", expected a number`},
		"a start twice":        {egdHeader + fixation(1, 1, "1", "1", "1") + fixation(1, 2, "1", "2", "1"), `error g.csv:3: fixation 0 of image "i1", reader "s1", comes twice`},
		"a negative duration":  {egdHeader + egdRow("s2", "i1", 2, .5, .5, 1, -.5, 1, "1", "3,0,0,7,8"), `error g.csv:2:25: FPOGD is "-0.5", expected a time in seconds that is not negative`},
		"a word for a start":   {egdHeader + bad(fixation(1, 1, "1", "1", "1"), ",1,0.2,", ",soon,0.2,"), `error g.csv:2:25: FPOGS is "soon", expected a time in seconds`},
		"samples that go back": {egdHeader + sample(10, 1, "1", "0", "1", "1") + sample(9, 1, "1", "0", "1", "1"), `error g.csv:3: a sample of image "i1", reader "s1", at -1 s, before the one above it at 0 s`},
		"no column":            {"SESSION_ID,DICOM_ID,FPOGX\n", `error g.csv:1: the header lacks the column "FPOGY"; expected SESSION_ID, DICOM_ID`},
	})
}

// Without pixels of the original, those of the screen are mapped through the paddings of the master sheet.
func TestEGDPaddings(t *testing.T) {
	row := func(image string, x, y, start float64) string {
		return egdRow("s1", image, start, x/egdWidth, y/egdHeight, start, .2, int(start), "1", "0,0,0")
	}
	gaze := egdPlain + "\n" + row("i1", 560, 100, 1) + row("i1", 960, 540, 2) + row("i1", 300, 540, 3) + row("i1", 460, 1079, 4)
	for name, tc := range map[string]struct{ sheet, gaze, want string }{
		"pads":               {egdSheet + "i1,p,0,80,460,500,7\ni2,p,0,0,0,0,8\n", gaze, "i1/s1 960x1000 line 2: (100 100 0+0.2) (500 540 1+0.2)\n2 outside the image\n"},
		"older names":        {strings.ReplaceAll(egdSheet, "_pad", "") + "i1,p,0,80,460,500,7\n", gaze, "i1/s1 960x1000 line 2: (100 100 0+0.2) (500 540 1+0.2)\n2 outside the image\n"},
		"an image not there": {egdSheet + "i2,p,0,80,460,500,7\n", gaze, `error fixations.csv:2:6: DICOM_ID is "i1", expected an image that is listed in master_sheet.csv`},
		"all padding":        {egdSheet + "i1,p,0,80,1460,500,7\n", gaze, `error master_sheet.csv:2: paddings of 1460, 0, 500, 80 leave nothing of the screen`},
		"a word for a pad":   {egdSheet + "i1,p,0,80,wide,500,7\n", gaze, `error master_sheet.csv:2:11: image_left_pad is "wide", expected a padding in pixels`},
		"no pads":            {"dicom_id,path\n", gaze, `error master_sheet.csv:1: the header lacks the column "image_left"; expected image_left, image_top`},
	} {
		set, err := Load(write(t, map[string]string{"fixations.csv": tc.gaze, "master_sheet.csv": tc.sheet}), ReadOptions{})
		if want, bad := strings.CutPrefix(tc.want, "error "); bad {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", name, err, want)
			}
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := described(set); got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, tc.want)
		}
	}
}

// With the paddings, positions on the screen and on the original tell how large the original is.
func TestEGDOriginalSize(t *testing.T) {
	part := between(460, 0, 1420, 1000)
	rows := func(width, height, shift float64, n int) string {
		text := egdHeader
		for i := range n {
			x, y := 500+float64(i*37%900), 20+float64(i*61%950)
			px, py := part.Into(Rectangle{0, 0, width, height}, x+shift, y)
			text += egdRow("s1", "i1", float64(i), math.Round(x/egdWidth*1e5)/1e5, math.Round(y/egdHeight*1e5)/1e5, float64(i), .2, i, "1", fmt.Sprintf("0,0,0,%d,%d", int(px), int(py)))
		}
		return text + egdRow("s1", "i1", 90, .01, .5, 90, .2, 90, "1", "0,0,0,-2,-3")
	}
	const note = "egd-cxr: 1 of 1 recordings do not tell the size of the original image"
	for name, tc := range map[string]struct {
		gaze, sheet   string
		width, height float64
		note          string
	}{
		"fixations enough":        {rows(2544, 3056, 0, 40), "i1,p,0,80,460,500,7\n", 2544, 3056, ""},
		"a smaller original":      {rows(960, 1000, 0, 40), "i1,p,0,80,460,500,7\n", 960, 1000, ""},
		"one in the corner":       {rows(2544, 3056, 0, 1), "i1,p,0,80,460,500,7\n", 0, 0, note},
		"positions moved between": {rows(2544, 3056, 25, 40), "i1,p,0,80,460,500,7\n", 0, 0, note},
		"an image not listed":     {rows(2544, 3056, 0, 40), "i2,p,0,80,460,500,7\n", 0, 0, note},
	} {
		set, err := Load(write(t, map[string]string{"fixations.csv": tc.gaze, "master_sheet.csv": egdSheet + tc.sheet}), ReadOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, notes := set.Recordings[0], strings.Join(set.Notes, "\n")
		if !within(r.Width, tc.width, 1) || !within(r.Height, tc.height, 1) || (tc.note == "") != (notes == "") || !strings.HasPrefix(notes, tc.note) || set.Dropped.Outside != 1 {
			t.Errorf("%s: %g x %g, want %g x %g; notes %q, dropped %s", name, r.Width, r.Height, tc.width, tc.height, notes, set.Dropped)
		}
	}
	if set, err := Load(write(t, map[string]string{"fixations.csv": rows(2544, 3056, 0, 40), "master_sheet.csv": "dicom_id,path\n"}), ReadOptions{}); err != nil || set.Recordings[0].Width != 0 || len(set.Notes) != 1 {
		t.Errorf("a sheet without paddings: %v, %v", set, err)
	}
	if _, err := Load(write(t, map[string]string{"fixations.csv": rows(2544, 3056, 0, 40), "master_sheet.csv": egdSheet + "i1,p,0,80,460,wide,7\n"}), ReadOptions{}); err == nil || !strings.Contains(err.Error(), `image_right_pad is "wide"`) {
		t.Errorf("a bad sheet: %v", err)
	}
}

// A folder has the same gaze twice; one of them is read.
func TestEGDFolder(t *testing.T) {
	fixations := egdHeader + egdRow("s1", "i1", 2, .5, .5, 1, .5, 1, "1", "3,0,0,7,8")
	samples := egdHeader + egdRow("s1", "i1", 2, .5, .5, 1, .5, 1, "1", "0,0,0,5,5") + egdRow("s1", "i1", 2.5, .5, .5, 1, .5, 1, "1", "0,0,0,6,6")
	dir := write(t, map[string]string{"fixations.csv": fixations, "eye_gaze.csv": samples, "master_sheet.csv": egdSheet})
	for samples, want := range map[bool]string{false: "i1/s1 0x0 line 2: (7 8 0+0.5)\n", true: "i1/s1 0x0 line 2: [5 5 0] [6 6 0.5]\n"} {
		set, err := Load(dir, ReadOptions{Samples: samples})
		if err != nil || described(set) != want || filepath.Dir(set.Files[0]) != dir {
			t.Errorf("samples %v: %v, %v, want %q", samples, set, err, want)
		}
	}
	if set, err := Load(write(t, map[string]string{"eye_gaze.csv": samples}), ReadOptions{}); err != nil || len(set.Recordings[0].Samples) != 2 {
		t.Errorf("samples alone: %v, %v", set, err)
	}
	if set, err := Load(write(t, map[string]string{"fixations.csv": crowdHeader + "1,A,1,10,20,1000,100,100\n"}), ReadOptions{}); err != nil || set.Formats[0] != "eyecrowd" {
		t.Errorf("another fixations.csv: %v, %v", set, err)
	}
}

func FuzzEGD(f *testing.F) {
	f.Add([]byte(egdHeader + egdRow("s1", "i1", 2, .5, .5, 1, .5, 1, "1", "3,0,0,7,8") + egdRow("s1", "i1", 3, .5, .5, 2, .5, 2, "0", "3,0,0,-7,8")))
	f.Add([]byte(egdHeader + egdRow("s1", "i1", 2, .5, .5, 1, .5, 1, "1", "0,0,0,5,5") + egdRow("s1", "i1", 2.5, .5, .5, 1, .5, 1, "1", "4,0,0,6,6")))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "egd-cxr", "g.csv", in) })
}
