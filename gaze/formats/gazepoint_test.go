package formats

import (
	"strings"
	"testing"
)

// The files are written from the description of the export: no sample of it could be had.
const (
	gazepointHeader = "MEDIA_ID,MEDIA_NAME,CNT,TIME(2026/02/20 00:53:57.275),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,CX,CY,CS,KB,KBS,USER,\n"
	gazepointRows   = `0,a.jpg,0,0.01000,100,0.10000,0.20000,0.00000,0.01000,1,1,0.11,0.21,1,0,0,0,,,,
0,a.jpg,1,0.02667,200,0.12000,0.22000,0.00000,0.02667,1,1,0.13,0.23,1,0,0,0,,,,
0,a.jpg,2,0.04333,300,0.12000,0.22000,0.00000,0.02667,1,0,0.5,0.6,0,0,0,0,,,,
0,a.jpg,3,0.06000,400,1.30000,-0.40000,0.05000,0.10000,2,1,1.3,-0.4,1,0,0,0,,,,
0,a.jpg,4,0.16000,500,0.50000,0.50000,0.16000,0.20000,3,1,0.5,0.5,1,0,0,0,,,,
1,b.jpg,0,10.01000,600,0.70000,0.80000,10.00000,0.30000,4,1,0.7,0.8,1,0,0,0,,,,
`
	// Two items of one image: times and numbers begin anew.
	gazepointAgain = gazepointHeader + `0,a.jpg,0,0.00000,100,0.10000,0.20000,0.00000,0.50000,1,1,0.11,0.21,1,0,0,0,,,,
0,a.jpg,1,0.60000,200,0.20000,0.30000,0.60000,0.40000,2,1,0.12,0.22,1,0,0,0,,,,
1,a.jpg,2,0.00000,300,0.30000,0.40000,0.00000,0.10000,2,1,0.13,0.23,1,0,0,0,,,,
1,a.jpg,3,0.10000,400,0.30000,0.40000,0.00000,0.20000,2,1,0.14,0.24,1,0,0,0,,,,
`
	gazepointFixations = "MEDIA_ID,MEDIA_NAME,CNT,TIME(2026/02/20 00:53:57.275),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,\n" +
		"0,a.jpg,1,0.1,1,0.12,0.22,0.5,0.25,7,1,\n0,a.jpg,2,0.2,1,0.2,0.3,1,0.5,9,1,\n"
)

func TestGazepoint(t *testing.T) {
	testGood(t, "gazepoint", []goodFile{
		{"all gaze", "User 1_all_gaze.csv", gazepointHeader + gazepointRows, ReadOptions{},
			"a.jpg/User 1 1x1 screen: (0.12 0.22 0+0.02667) (0.5 0.5 0.16+0.2)\nb.jpg/User 1 1x1 screen: (0.7 0.8 0+0.3)\n" +
				"dropped: 1 outside the image, 1 marked invalid\n"},
		{"fixations", "/x/User 12_fixations.csv", gazepointFixations, ReadOptions{}, "a.jpg/User 12 1x1 screen: (0.12 0.22 0+0.25) (0.2 0.3 0.5+0.5)\n"},
		{"an image twice", "User 1_all_gaze.csv", gazepointAgain, ReadOptions{}, "a.jpg/User 1 1x1 screen: (0.1 0.2 0+0.5) (0.2 0.3 0.6+0.4)\na.jpg/User 1 1x1 screen: (0.3 0.4 0+0.2)\n"},
		{"samples of an image twice", "User 1_all_gaze.csv", gazepointAgain, ReadOptions{Samples: true}, "a.jpg/User 1 1x1 screen: 0.11,0.21@0 0.12,0.22@0.6\na.jpg/User 1 1x1 screen: 0.13,0.23@0 0.14,0.24@0.1\n"},
		{"CRLF and a byte-order mark", "g.csv", "\ufeff" + strings.ReplaceAll(gazepointFixations, "\n", "\r\n"), ReadOptions{},
			"a.jpg/ 1x1 screen: (0.12 0.22 0+0.25) (0.2 0.3 0.5+0.5)\n"},
		{"samples", "User 1_all_gaze.csv", gazepointHeader + gazepointRows, ReadOptions{Samples: true},
			"a.jpg/User 1 1x1 screen: 0.11,0.21@0 0.13,0.23@0.01667 lost@0.03333 1.3,-0.4@0.05 0.5,0.5@0.15\nb.jpg/User 1 1x1 screen: 0.7,0.8@0\n" +
				"dropped: 1 marked invalid\n"},
		{"a position that is missing", "g.csv", gazepointFixations + "0,a.jpg,3,0.2,1,,0.3,2,0.5,10,1,\n", ReadOptions{},
			"a.jpg/ 1x1 screen: (0.12 0.22 0+0.25) (0.2 0.3 0.5+0.5)\ndropped: 1 without a position\n"},
	})
	good := gazepointFixations
	testBad(t, "gazepoint", []badFile{
		{"a number", "g.csv", good + "0,a.jpg,3,0.2,1,x,0.3,2,0.5,10,1,\n", ReadOptions{}, `g.csv:4:17: FPOGX is "x", expected a number, or nothing where it is missing`, false},
		{"a start", "g.csv", good + "0,a.jpg,3,0.2,1,0.1,0.3,1e300,0.5,10,1,\n", ReadOptions{}, `g.csv:4:25: FPOGS is "1e300", expected a time of less than 1e10 seconds`, false},
		{"a duration", "g.csv", good + "0,a.jpg,3,0.2,1,0.1,0.3,2,-0.5,10,1,\n", ReadOptions{}, `g.csv:4:27: FPOGD is "-0.5", expected a time that is not negative`, false},
		{"validity", "g.csv", good + "0,a.jpg,3,0.2,1,0.1,0.3,2,0.5,10,maybe,\n", ReadOptions{}, `g.csv:4:34: FPOGV is "maybe", expected 1 or 0, true or false`, false},
		{"a number of a fixation", "g.csv", good + "0,a.jpg,3,0.2,1,0.1,0.3,2,0.5,-1,1,\n", ReadOptions{}, `g.csv:4:31: FPOGID is "-1", expected the number of the fixation`, false},
		{"no image", "g.csv", good + "0,,3,0.2,1,0.1,0.3,2,0.5,10,1,\n", ReadOptions{}, `g.csv:4:3: MEDIA_NAME is "", expected the name of an image`, false},
		{"back in time", "g.csv", good + "0,a.jpg,3,0.2,1,0.1,0.3,0.7,0.5,10,1,\n", ReadOptions{}, `g.csv:4: fixation 0.19999999999999996 of image "a.jpg", reader "", comes twice or after a later one, that on line 3`, false},
		{"fields", "g.csv", good + "0,a.jpg\n", ReadOptions{}, `g.csv:4: 2 fields, expected 11 as in the header`, false},
		{"no columns of samples", "g.csv", good + "0,a.jpg,3,0.3,1,0.2,0.3,1,0.6,9,1,\n", ReadOptions{Samples: true}, `g.csv:1: the header lacks the column "BPOGX"; expected BPOGX, BPOGY, BPOGV`, true},
		{"pixels", "g.csv", "MEDIA_NAME,FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV\nb,500,300,0,1,1,1\n" + "a,.5,.5,0,1,2,1\n", ReadOptions{},
			`g.csv:2: image "b", reader "": 1 of 1 positions lie outside the frame of 1 x 1, expected coordinates inside`, false},
	})
	for _, other := range []string{"DICOM_ID," + gazepointHeader, "Participant,Media,AOI,Viewers,TTFF\n", "MEDIA_ID,MEDIA_NAME,AOI Name\n"} {
		if sniffGazepoint([]byte(other)) {
			t.Errorf("%q is no Gazepoint file", other)
		}
	}
}

// Of a reader with both files the fixations are read, and the summary never.
func TestGazepointFolder(t *testing.T) {
	all := gazepointHeader + gazepointRows
	dir := write(t, map[string]string{"User 0_all_gaze.csv": all, "User 0_fixations.csv": gazepointFixations, "User 1_all_gaze.csv": all,
		"Data_Summary_export_p.csv": "Media Name,AOI Name,Viewers (#)\na.jpg,1,2\n"})
	set, err := Load(dir, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var readers []string
	for _, r := range set.Recordings {
		readers = append(readers, r.Image+" "+r.Reader)
	}
	if got := strings.Join(readers, ", "); got != "a.jpg User 0, a.jpg User 1, b.jpg User 1" {
		t.Errorf("read %s", got)
	}
	if set, err := Load(dir, ReadOptions{Samples: true}); err != nil || len(set.Files) != 2 || strings.Contains(strings.Join(set.Files, " "), "fixations") {
		t.Errorf("samples: %+v, %v", set, err)
	}
	single := write(t, map[string]string{"User 0_all_gaze.csv": all, "Data_Summary_export_p.csv": "Media Name,AOI Name,Viewers (#)\na.jpg,1,2\n"})
	if set, err := Load(single, ReadOptions{}); err != nil || len(set.Files) != 1 || len(set.Recordings) != 2 {
		t.Errorf("%+v, %v", set, err)
	}
}

// A log of the tracker's server names no image but in a column that the user knows.
func TestGazepointServerLog(t *testing.T) {
	log := tabs("CNT | TIME | TIME_TICK | FPOGX | FPOGY | FPOGS | FPOGD | FPOGID | FPOGV | BPOGX | BPOGY | BPOGV | USER",
		"0 | 1.0 | 1 | .1 | .2 | 1.0 | 0.00 | 1 | 1 | .1 | .2 | 1 | a", "1 | 1.1 | 1 | .1 | .2 | 1.0 | 0.10 | 1 | 1 | .1 | .2 | 1 | a",
		"2 | 1.2 | 1 | .1 | .2 | 1.0 | 0.20 | 1 | 1 | .1 | .2 | 1 | b", "3 | 1.3 | 1 | .3 | .4 | 1.3 | 0.15 | 2 | 1 | .1 | .2 | 1 | b")
	testGood(t, "gazepoint", []goodFile{
		{"of one image", "a.tsv", log, ReadOptions{}, "/ 1x1 screen: (0.1 0.2 0+0.2) (0.3 0.4 0.3+0.15)\n"},
		{"of several", "a.tsv", log, ReadOptions{ImageFrom: "USER"}, "a/ 1x1 screen: (0.1 0.2 0+0.1)\nb/ 1x1 screen: (0.3 0.4 0.1+0.15)\n"},
	})
	if _, err := readText("a.tsv", "gazepoint", log, ReadOptions{ImageFrom: "MEDIA"}); err == nil || err.Error() != `a.tsv:1: the header lacks the column "MEDIA"; expected MEDIA` {
		t.Errorf("no such column: %v", err)
	}
}

func FuzzGazepoint(f *testing.F) {
	f.Add([]byte(gazepointHeader+gazepointRows), true)
	f.Add([]byte(gazepointFixations), false)
	f.Fuzz(func(t *testing.T, in []byte, samples bool) {
		checkWith(t, "gazepoint", "User 1_all_gaze.csv", in, ReadOptions{Samples: samples})
	})
}
