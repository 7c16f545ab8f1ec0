package formats

import (
	"strings"
	"testing"
)

// The reports are written from public scripts that read them, one of which shows lines with a decimal comma.
const (
	viewerHeader = "RECORDING_SESSION_LABEL\tTRIAL_INDEX\tCURRENT_FIX_INDEX\tCURRENT_FIX_X\tCURRENT_FIX_Y\tCURRENT_FIX_START\tCURRENT_FIX_END\tCURRENT_FIX_DURATION\tCURRENT_FIX_X_RESOLUTION\tCURRENT_FIX_Y_RESOLUTION\timage\n"
	viewerNoEnd  = "RECORDING_SESSION_LABEL\tTRIAL_LABEL\tCURRENT_FIX_START\tCURRENT_FIX_END\tCURRENT_FIX_X\tCURRENT_FIX_Y\tstimulus\n"
)

func init() {
	sniffSamples["dataviewer"] = []string{viewerHeader, viewerNoEnd, strings.ReplaceAll(viewerHeader, "image", "images"), strings.ReplaceAll(viewerHeader, "\t", ",")}
}

func TestDataViewer(t *testing.T) {
	testCases(t, "dataviewer", "g.txt", ReadOptions{}, map[string]readCase{
		"a trial twice": {viewerHeader + "s1\t1\t1\t400.5\t300\t8\t107\t100\t30.5\t31\ta.png\ns1\t1\t2\t410\t310\t150\t249\t100\t.\t.\ta.png\ns1\t2\t1\t5\t6\t0\t9\t10\t0\t0\ta.png\ns2\t1\t1\t7\t8\t0\t9\t10\t0\t0\ta.png\n",
			"a.png/s1 0x0 line 2: (400.5 300 0.008+0.1 at 30.5,31) (410 310 0.15+0.1)\na.png/s1 0x0 line 4: (5 6 0+0.01)\na.png/s2 0x0 line 5: (7 8 0+0.01)\n"},
		"decimal commas, no duration, no index": {viewerNoEnd + "vpsa01\tTrial: 1\t0\t128\t892,10\t564,20\tx\nvpsa01\tTrial: 1\t156\t320\t962,00\t551,50\tx\n",
			"x/vpsa01 0x0 line 2: (892.1 564.2 0+0.128) (962 551.5 0.156+0.164)\n"},
		"a missing position":    {viewerHeader + "s\t1\t1\t.\t300\t8\t107\t100\t.\t.\ta\ns\t1\t2\t1\t3\t200\t307\t100\t.\t.\ta\n", "a/s 0x0 line 2: (1 3 0.2+0.1)\n1 without a position\n"},
		"no starts":             {"image\tCURRENT_FIX_X\tCURRENT_FIX_Y\tCURRENT_FIX_DURATION\na\t1\t2\t300\na\t3\t4\t500\n", "a/ 0x0 line 2: (1 2 0+0.3) (3 4 0.3+0.5)\n"},
		"no image":              {strings.Replace(viewerHeader, "image", "condition", 1), "error g.txt:1: the header lacks a column with the image; expected the trial variable that names it, as one of image, img,"},
		"no duration":           {"image\tCURRENT_FIX_X\tCURRENT_FIX_Y\n", `error g.txt:1: the header lacks the column "CURRENT_FIX_START"; expected CURRENT_FIX_START, CURRENT_FIX_END`},
		"no position":           {"image\tCURRENT_FIX_X\n", `error g.txt:1: the header lacks the column "CURRENT_FIX_Y"`},
		"an undefined image":    {viewerHeader + "s\t1\t1\t1\t300\t8\t107\t100\t.\t.\t.\n", `error g.txt:2:27: image is ".", expected the name of an image`},
		"a trial without one":   {viewerHeader + "s\t1\t1\t1\t300\t8\t107\t100\t.\t.\tUNDEFINED\n", `error g.txt:2:27: image is "UNDEFINED", expected the name of an image`},
		"a word for x":          {viewerHeader + "s\t1\t1\tx\t300\t8\t107\t100\t.\t.\ta\n", `error g.txt:2:7: CURRENT_FIX_X is "x", expected a pixel`},
		"two commas":            {viewerHeader + "s\t1\t1\t1,000,5\t300\t8\t107\t100\t.\t.\ta\n", `error g.txt:2:7: CURRENT_FIX_X is "1,000,5", expected a pixel`},
		"infinite":              {viewerHeader + "s\t1\t1\t1\tinf\t8\t107\t100\t.\t.\ta\n", `error g.txt:2:9: CURRENT_FIX_Y is "inf", expected a pixel`},
		"a negative duration":   {viewerHeader + "s\t1\t1\t1\t1\t8\t107\t-1\t.\t.\ta\n", `error g.txt:2:17: CURRENT_FIX_DURATION is "-1", expected a time in milliseconds that is not negative`},
		"a negative resolution": {viewerHeader + "s\t1\t1\t1\t1\t8\t107\t1\t-5\t.\ta\n", `error g.txt:2:19: CURRENT_FIX_X_RESOLUTION is "-5", expected pixels per degree`},
		"an end before a start": {viewerNoEnd + "s\t1\t200\t128\t892\t564\tx\n", `error g.txt:2:9: CURRENT_FIX_END is "128", expected a time in milliseconds that is not before CURRENT_FIX_START`},
		"no end":                {viewerNoEnd + "s\t1\t200\t.\t892\t564\tx\n", `error g.txt:2:9: CURRENT_FIX_END is ".", expected a time in milliseconds that is not before`},
		"no duration's value":   {"image\tCURRENT_FIX_X\tCURRENT_FIX_Y\tCURRENT_FIX_DURATION\na\t1\t2\t.\n", `error g.txt:2:7: CURRENT_FIX_DURATION is ".", expected a time in milliseconds`},
		"a number twice":        {viewerHeader + "s\t1\t1\t1\t1\t8\t107\t1\t.\t.\ta\ns\t1\t1\t1\t1\t8\t107\t1\t.\t.\ta\n", `error g.txt:3: fixation 1 of image "a", reader "s", comes twice`},
	})
}

// Data Viewer calls its reports .xls, which they are not.
func TestDataViewerFolder(t *testing.T) {
	set, err := Load(write(t, map[string]string{"report.xls": viewerNoEnd + "s\t1\t0\t128\t892\t564\tx\n", "sheet.xls": "\xd0\xcf\x11\xe0"}), ReadOptions{})
	if err != nil || len(set.Files) != 1 || len(set.Recordings) != 1 {
		t.Errorf("%+v, %v", set, err)
	}
}

// Positions of a report are those of the screen.
func TestDataViewerIsOfTheScreen(t *testing.T) {
	set, err := readText("g.txt", "dataviewer", viewerNoEnd+"s\t1\t0\t128\t892\t564\tx\n", ReadOptions{})
	if err != nil || !set.Recordings[0].Screen {
		t.Errorf("%+v, %v", set, err)
	}
}

func FuzzDataViewer(f *testing.F) {
	f.Add([]byte(viewerHeader + "s1\t1\t1\t400.5\t300\t8\t107\t100\t30.5\t31\ta.png\ns1\t1\t2\t410\t310\t150\t249\t100\t.\t.\ta.png\n"))
	f.Add([]byte(viewerNoEnd + "vpsa01\tTrial: 1\t0\t128\t892,10\t564,20\tx\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "dataviewer", "g.txt", in) })
}
