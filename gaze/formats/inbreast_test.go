package formats

import (
	"strings"
	"testing"
)

// The tables are written from public code that reads them; there is no sample.
const breastHeader = "system_time_in_pc,img_gaze_X,img_gaze_Y\n"

func init() {
	sniffSamples["inbreast"] = []string{breastHeader + "1618207482.1,100,200\n"}
}

func TestINbreast(t *testing.T) {
	testCases(t, "inbreast", "g.csv", ReadOptions{Rate: 10}, map[string]readCase{
		"seconds":             {breastHeader + "16182.0,100,200\n16182.01,101,201\n16182.02,.,202\n16182.03,103,203\n", "g/ 0x0 line 2: [100 200 0] [101 201 0.01] [lost 0.02] [103 203 0.03]\n1 without a position\n"},
		"milliseconds":        {breastHeader + "1618207482000,100,200\n1618207482010,101,201\n1618207482300,101,201\n1618207482310,101,201\n", "g/ 0x0 line 2: [100 200 0] [101 201 0.01] [101 201 0.3] [101 201 0.31]\n"},
		"microseconds":        {breastHeader + "0,100,200\n16667,101,201\n", "g/ 0x0 line 2: [100 200 0] [101 201 0.016667]\n"},
		"one sample":          {breastHeader + "77,100,200\n", "g/ 0x0 line 2: [100 200 0]\n"},
		"equal times":         {breastHeader + "77,100,200\n77,101,200\n", "g/ 0x0 line 2: [100 200 0] [101 200 0]\n"},
		"two columns":         {"100,200\r\n101.5, 201\r\n\r\n,\r\n1e2,-5\r\n", "g/ 0x0 line 1: [100 200 0] [101.5 201 0.1] [lost 0.2] [100 -5 0.3]\n1 without a position\n"},
		"steps of no tracker": {breastHeader + "0,100,200\n200,101,201\n400,101,201\n", "error g.csv: system_time_in_pc has steps of 200, expected those of 10 to 2000 samples a second in s, ms or us"},
		"empty":               {breastHeader, "g/ 0x0 line 1:\n"},
		"nothing":             {"", "error g.csv: the file is empty, expected a header with system_time_in_pc, img_gaze_X, img_gaze_Y"},
		"no column":           {"system_time_in_pc,img_gaze_X\n", `error g.csv:1: the header lacks the column "img_gaze_Y"`},
		"a date for a time":   {breastHeader + "2021-04-12 10:00,1,2\n", `error g.csv:2:1: system_time_in_pc is "2021-04-12 10:00", expected a time as a number`},
		"times go back":       {breastHeader + "1.02,1,2\n1.01,1,2\n", `error g.csv:3:1: system_time_in_pc is "1.01", expected a time no earlier than the one above`},
		"huge":                {breastHeader + "1,1e999,2\n", `error g.csv:2:3: img_gaze_X is "1e999", expected a number`},
		"infinite":            {breastHeader + "1,1,-inf\n", `error g.csv:2:5: img_gaze_Y is "-inf", expected a number`},
		"three columns":       {"1,2\n1,2,3\n", "error g.csv:2: 3 fields, expected x and y"},
		"a word":              {"1,2\n1,two\n", `error g.csv:2:3: y is "two", expected a number`},
		"a word for x":        {"1,2\ninf,3\n", `error g.csv:2:1: x is "inf", expected a number`},
		"nothing but losses":  {breastHeader + "1,,\n1.01,,\n", "g/ 0x0 line 2: [lost 0] [lost 0.01]\n2 without a position\n"},
	})
}

// Images are cut out of the mammogram: the samples strictly inside are the image's, from its corner.
func TestINbreastImagesAreCuts(t *testing.T) {
	rows := breastHeader + "0.00,110,210\n0.01,100,250\n0.02,150,250\n0.03,200,300\n0.04,199,299\n0.05,400,450\n"
	files := map[string]string{
		"labelme_cut_gaze/20586908_6c61.csv":                    rows,
		"labelme_cut_gaze/20586908_6c61_MG.csv":                 breastHeader + "0,350,350\n",
		"labelme_cut_gaze/other.csv":                            breastHeader + "0,5,5\n",
		"train/20586908_6c61_R_class1_roi100-200-200-300_a.jpg": "",
		"test/20586908_6c61_L_class0_roi300-300-500-500.png":    "",
		"test/20586908_6c61_MG_class0_roi300-300-500-500.png":   "",
		"test/unrelated.png":                                    "",
	}
	set, err := Load(write(t, files), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := "test/20586908_6c61_L_class0_roi300-300-500-500.png/ 200x200 line 2: [lost 0] [lost 0.01] [lost 0.02] [lost 0.03] [lost 0.04] [100 150 0.05]\n" +
		"train/20586908_6c61_R_class1_roi100-200-200-300_a.jpg/ 100x100 line 2: [10 10 0] [lost 0.01] [50 50 0.02] [lost 0.03] [99 99 0.04] [lost 0.05]\n" +
		"test/20586908_6c61_MG_class0_roi300-300-500-500.png/ 200x200 line 2: [50 50 0]\n" +
		"other/ 0x0 line 2: [5 5 0]\n8 outside the image\n"
	if got := described(set); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}

	// A manifest names the images itself, and one table may serve several of them.
	files["items.csv"] = "image,label,gaze\nx/a_roi100-200-200-300.jpg,1,labelme_cut_gaze/20586908_6c61.csv\nx/b_roi300-300-500-500.jpg,0,labelme_cut_gaze/20586908_6c61.csv\nwhole.jpg,0,labelme_cut_gaze/other.csv\n"
	if set, err = Load(write(t, files), ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	want = "x/a_roi100-200-200-300.jpg/ 100x100 line 2: [10 10 0] [lost 0.01] [50 50 0.02] [lost 0.03] [99 99 0.04] [lost 0.05]\n" +
		"x/b_roi300-300-500-500.jpg/ 200x200 line 2: [lost 0] [lost 0.01] [lost 0.02] [lost 0.03] [lost 0.04] [100 150 0.05]\n" +
		"whole.jpg/ 0x0 line 2: [5 5 0]\n8 outside the image\n"
	if got := described(set); got != want || len(set.Notes) != 1 || set.Notes[0] != "times of inbreast are read as seconds, which makes 100 samples a second" {
		t.Errorf("notes %q, got\n%swant\n%s", set.Notes, got, want)
	}

	files["items.csv"] = "image,gaze\na_roi5-5-5-9.jpg,labelme_cut_gaze/20586908_6c61.csv\n"
	const noArea = `image "a_roi5-5-5-9.jpg" was cut at 5-5-5-9, expected left-top-right-bottom with an area`
	if _, err := Load(write(t, files), ReadOptions{}); err == nil || !strings.Contains(err.Error(), noArea) {
		t.Errorf("error %v, want %q", err, noArea)
	}

	// A part that nobody looked at has an empty scanpath.
	files["items.csv"] = "image,gaze\na_roi800-800-900-900.jpg,labelme_cut_gaze/20586908_6c61.csv\n"
	want = "a_roi800-800-900-900.jpg/ 100x100 line 2: [lost 0] [lost 0.01] [lost 0.02] [lost 0.03] [lost 0.04] [lost 0.05]\n6 outside the image\n"
	if set, err = Load(write(t, files), ReadOptions{}); err != nil || described(set) != want {
		t.Errorf("got %v, %v, want %s", set, err, want)
	}
}

// Two columns of numbers may be anything: they are gaze where somebody says so.
func TestTwoColumnsAreNamed(t *testing.T) {
	files := map[string]string{"a.csv": "100,200\n101,201\n", "b.txt": "1.5,2\n", "names.txt": "a,b\n", "folds.csv": "1,2,3\n"}
	dir := write(t, files)
	if set, err := Load(dir, ReadOptions{}); err == nil {
		t.Errorf("read unasked: %v", set)
	}
	set, err := Load(dir, ReadOptions{Format: "inbreast", Rate: 10})
	if want := "a/ 0x0 line 1: [100 200 0] [101 201 0.1]\nb/ 0x0 line 1: [1.5 2 0]\n"; err != nil || described(set) != want {
		t.Errorf("named: %v, %v, want %q", set, err, want)
	}
	files["items.csv"] = "image,gaze\nx/20_roi90-190-290-390.png,a.csv\n"
	set, err = Load(write(t, files), ReadOptions{Rate: 10})
	if want := "x/20_roi90-190-290-390.png/ 200x200 line 1: [10 10 0] [11 11 0.1]\n"; err != nil || described(set) != want {
		t.Errorf("by a manifest: %v, %v, want %q", set, err, want)
	}
	for text, want := range map[string]bool{"1,2": true, "1,2\n": true, "100.5, 200\r\n3e2,-4\r\n5": true, "\ufeff1,2\n3,4\n": true, "": false, "1\n": false, "1,2,3\n": false, "1,2\nx,y\n": false, "x,y\n1,2\n": false} {
		if isPairs([]byte(text)) != want {
			t.Errorf("%q: pairs is %v", text, !want)
		}
	}
}

func TestCutRectangle(t *testing.T) {
	for name, want := range map[string]Rectangle{
		"a_b_class1_roi120-340-1144-1364_x.jpg":   {120, 340, 1024, 1024},
		"train/a_roi1-2-3-4.png":                  {1, 2, 2, 2},
		"1-2-3-4.png":                             {1, 2, 2, 2},
		"a_roi1-2-3-4_dest5-6-7-8.png":            {1, 2, 2, 2},
		"20586908_6c61-4a1-2.png":                 {},
		"a_dest5-6-7-8.png":                       {},
		"a_roi1-2-3-4-5.png":                      {},
		"a_roi99999999999999999999-2-3-4.png":     {},
		"1.2.826.0.1.3680043.8.498.123-4-5-6.jpg": {},
	} {
		got, ok := cutRectangle(name)
		if got != want || ok != (want != Rectangle{}) {
			t.Errorf("%s: %v, %v, want %v", name, got, ok, want)
		}
	}
}

func FuzzINbreast(f *testing.F) {
	f.Add([]byte(breastHeader + "1618207482.0,100,200\n1618207482.01,101,201\n1618207482.02,.,202\n"))
	f.Add([]byte("100,200\n101.5, 201\n,\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "inbreast", "g.csv", in) })
}
