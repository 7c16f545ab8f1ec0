package formats

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// What no eye does stops the run, also where bad input is skipped, and says what was assumed.
func TestImplausibleAsAWhole(t *testing.T) {
	rows := func(header, format string, n int) string {
		text := header
		for i := range n {
			text += fmt.Sprintf(format, i, i)
		}
		return text
	}
	table := "image,x [px],y [px],start [s],duration [s]\n"
	for name, tc := range map[string]struct {
		file, text string
		options    ReadOptions
		want       string
	}{
		"milliseconds for seconds":             {"g.csv", rows(table, "a,%d5,7,%d0000,250\n", 3), ReadOptions{}, "g.csv: read as table, the middle one of 3 fixations lasts 250 s, expected 0.01 s to 10 s: their unit is another"},
		"seconds for milliseconds":             {"g.csv", rows(strings.ReplaceAll(table, "[s]", "[ms]"), "a,%d5,7,%d,0.3\n", 3), ReadOptions{}, "the middle one of 3 fixations lasts 0.0003 s"},
		"one fixation of a quarter of an hour": {"g.csv", table + "a,5,7,0,900\n", ReadOptions{}, "the middle one of 1 fixations lasts 900 s"},
		"microseconds for milliseconds":        {"g.csv", "t;gx;gy\n1000000;5;7\n1002000;5;8\n1004000;5;9\n", mapColumns(t, "x=gx@px,y=gy@px,t=t@ms"), "read as mapped (t in ms), samples are 2 s apart, expected 5e-05 s to 1 s: the unit of their times is another"},
		"seconds for nanoseconds":              {"g.csv", "t;gx;gy\n1.0;5;7\n1.01;5;8\n1.02;5;9\n", mapColumns(t, "x=gx@px,y=gy@px,t=t@ns"), "samples are 1e-11 s apart"},
		"fractions for pixels":                 {"g.csv", rows(table, "a,0.%d5,0.7,%d,0.3\n", 3), ReadOptions{}, "read as table, all of 3 positions in pixels lie between 0 and 1: they are fractions"},
		"fractions of samples":                 {"g.csv", "t;gx;gy\n1.0;.5;.7\n1.01;.5;.8\n", mapColumns(t, "x=gx@px,y=gy@px,t=t@s"), "all of 2 positions in pixels lie between 0 and 1"},
		"pixels for fractions":                 {"g.csv", rows("image,x [norm],y [norm],duration [s]\n", "a,1%d5,7%d,0.3\n", 10), ReadOptions{}, "lie off"},
	} {
		dir := write(t, map[string]string{tc.file: tc.text})
		for _, skip := range []bool{false, true} {
			tc.options.SkipBad = skip
			_, err := Load(filepath.Join(dir, tc.file), tc.options)
			if name == "pixels for fractions" && !skip {
				tc.want = "positions lie outside the frame of 1 x 1" // that of the first recording
			} else if name == "pixels for fractions" {
				tc.want = "10 of 10 positions lie off their images; expected other units, or another screen or placement"
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s, skipping %v: error %v, want %s", name, skip, err, tc.want)
			}
		}
	}
	good := write(t, map[string]string{"g.csv": rows(table, "a,%d5,7,%d,0.3\n", 9) + "a,5,5,10,30\n"})
	if set, err := Load(good, ReadOptions{}); err != nil || len(set.Notes) != 0 {
		t.Errorf("one long fixation of ten: %v", err)
	}
}

// Nine of ten positions beside the images are a wrong placement, whether or not bad input is skipped.
func TestPositionsOffTheImages(t *testing.T) {
	text := "x,y,d\n"
	for i := range 20 {
		text += fmt.Sprintf("%d,500,0.3\n", 100+i)
	}
	o := mapColumns(t, "x=x@screen,y=y@screen,duration=d")
	for _, skip := range []bool{false, true} {
		o.SkipBad = skip
		set, err := Load(write(t, map[string]string{"a.csv": text}), o)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = set.Align(pictured(400, 1000, "a.png"), AlignOptions{SkipBad: skip, ScreenWidth: 1600, ScreenHeight: 1000})
		want := "20 of 20 positions lie outside the frame of 400 x 1000"
		if skip {
			want = "a.csv: 20 of 20 positions lie off their images, with the placement fit on a screen of 1600 x 1000 where the files do not say; expected other units"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("skipping %v: %v, want %s", skip, err, want)
		}
	}
}

// Units that a table does not declare are no guess: what tells them is said, or it is an error.
func TestUndeclaredUnits(t *testing.T) {
	for name, tc := range map[string]struct{ text, note, want string }{
		"seconds":      {"image,x [px],y [px],duration\na,10,20,0.3\na,10,30,0.2\n", "g.csv: durations without a unit are taken for seconds: the middle one is 0.3", ""},
		"milliseconds": {"image,x [px],y [px],duration\na,10,20,300\na,10,30,200\n", "", "g.csv:1: the unit of duration is not declared, and the middle one is 300; expected duration [s] or duration [ms]"},
		"neither":      {"image,x [px],y [px],duration\na,10,20,3e-4\na,10,30,2e-4\n", "", "the unit of duration is not declared, and the middle one is 0.0003"},
		"a start":      {"image,x [px],y [px],start,duration [ms]\na,10,20,1,300\n", "", "g.csv:1: the unit of start is not declared; expected start [s] or start [ms]"},
		"both":         {"image,x [px],y [px],start,duration\na,10,20,1,0.3\n", "taken for seconds: the middle one is 0.3", ""},
		"a header":     {"x [px],y [px],duration\n", "", ""},
	} {
		set, err := readText("g.csv", "table", tc.text, ReadOptions{})
		if err == nil && tc.want != "" || err != nil && (tc.want == "" || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
		if err == nil && (!strings.Contains(strings.Join(set.Notes, "\n"), tc.note) || tc.note == "" && len(set.Notes) > 0) {
			t.Errorf("%s: notes %q, want %q", name, set.Notes, tc.note)
		}
	}
}

// Columns that may tell readers, trials or times apart, and are not read, are named.
func TestColumnsThatAreNotRead(t *testing.T) {
	for name, tc := range map[string]struct {
		format, text string
		options      ReadOptions
		want         string
	}{
		"readers of a table":       {"table", "subject,image,x [px],y [px],duration [s]\ns1,a,10,20,0.3\n", ReadOptions{}, `g.csv: not read, although by their names they may tell readers, trials or times apart: "subject"`},
		"several":                  {"table", "trial_index,onset,colour,image,reader,x [px],y [px],duration [s]\n1,2,3,a,r,10,20,0.3\n", ReadOptions{}, `apart: "trial_index", "onset"`},
		"trials of a mapped table": {"mapped", "Trial Nr;x;y;d;Participant name\n1;10;20;0.3;p\n", mapColumns(t, "x=x@px,y=y@px,duration=d"), `apart: "Trial Nr", "Participant name"`},
		"of a known table":         {"gazemedseg", strings.Replace(medSegHeader, "\n", ",session\n", 1) + "a,1,0.5,0.25,100,1,10,10,20,2\n", ReadOptions{}, `apart: "session"`},
		"none":                     {"table", "image,reader,trial,x [px],y [px],start [s],duration [s],age,strial,restarted\na,r,1,10,20,0,0.3,4,5,6\n", ReadOptions{}, ""},
	} {
		set, err := readText("g.csv", tc.format, tc.text, tc.options)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(set.Notes, "\n"); !strings.Contains(got, tc.want) || tc.want == "" && got != "" {
			t.Errorf("%s: notes %q, want %q", name, got, tc.want)
		}
	}
}

// A table of fixations stays one where samples are asked for, and a table of samples is none of fixations.
func TestWhatARowIs(t *testing.T) {
	egd := egdHeader + egdRow("s1", "a", .5, .4, .4, .25, .3, 1, "1", "0,0,0,900,800") + egdRow("s1", "a", 1, .4, .4, .75, .2, 2, "1", "0,0,0,90,80")
	for name, tc := range map[string]struct{ file, text string }{
		"EGD-CXR":     {"fixations.csv", egd},
		"Pupil Core":  {"fixations.csv", coreFixations},
		"Studio 2":    {"P1-Fixation-Data.tsv", "FixationIndex\tTimestamp\tFixationDuration\tMappedFixationPointX\tMappedFixationPointY\t\n1\t26\t633\t513\t518\t\n"},
		"iMotions":    {"1.csv", "Timestamp,EventSource,StimuliName,Fixation Index,Fixation X,Fixation Y,Fixation Start,Fixation Duration\n90,ET,a,1,11,21,90,410\n"},
		"Data Viewer": {"r.txt", viewerHeader + "s1\t1\t1\t40\t30\t8\t107\t100\t.\t.\ta\n"},
	} {
		set, err := Load(write(t, map[string]string{tc.file: tc.text}), ReadOptions{Samples: true})
		if err != nil || len(set.Recordings[0].Fixations) == 0 || len(set.Recordings[0].Samples) > 0 || !strings.Contains(strings.Join(set.Notes, "\n"), tc.file+" holds fixations and no samples: the tracker's own fixations are kept") {
			t.Errorf("%s: %+v, %v", name, set, err)
		}
	}
	for name, tc := range map[string]struct{ text, columns, want string }{
		"rows that repeat their fixation, without times": {"n,x,y,d\n1,10,20,0.3\n1,10,20,0.3\n1,10,20,0.3\n2,30,40,0.2\n", "x=x@px,y=y@px,duration=d", "/ 0x0: (10 20 0+0.3) (30 40 0.3+0.2)\n"},
		"with the start of the fixation":                 {"t,x,y,d\n5,10,20,0.3\n5,10,20,0.3\n5.4,30,40,0.2\n", "x=x@px,y=y@px,duration=d,t=t", "/ 0x0: (10 20 0+0.3) (30 40 0.4+0.2)\n"},
		"rows of samples between two":                    {"t,x,y,d\n5,10,20,0.3\n5.1,10,20,0.3\n5.3,,,\n5.4,30,40,0.2\n", "x=x@px,y=y@px,duration=d,t=t", "/ 0x0: (10 20 0+0.3) (30 40 0.4+0.2)\n"},
	} {
		if set, err := readText("g.csv", "mapped", tc.text, mapColumns(t, tc.columns)); err != nil || account(set) != tc.want {
			t.Errorf("%s: %v, %v, want %s", name, set, err, tc.want)
		}
	}
	samples := "t,x,y,d\n0,10,20,0.25\n0.02,11,20,0.25\n0.04,12,20,0.25\n"
	const want = `g.csv:3: a fixation of image "", reader "", starts at 0.02 s, before the one on line 2 ends at 0.25 s; expected fixations of one eye, one after the other`
	if _, err := readText("g.csv", "mapped", samples, mapColumns(t, "x=x@px,y=y@px,duration=d,t=t")); err == nil || err.Error() != want {
		t.Errorf("a row a sample: %v, want %s", err, want)
	}
}

// Times and durations that were rounded apart overlap by less than a sample: the earlier fixation ends where the next begins.
func TestRoundedTimes(t *testing.T) {
	set, err := readText("g.csv", "table", "x [px],y [px],start [s],duration [s]\n10,20,0,0.32\n30,40,0.3,0.2\n50,60,0.5,0.1\n", ReadOptions{})
	if err != nil || account(set) != "/ 0x0: (10 20 0+0.3) (30 40 0.3+0.2) (50 60 0.5+0.1)\n" {
		t.Errorf("%v, %v", set, err)
	}
	if f := set.Recordings[0].Fixations; math.Abs(f[0].Start+f[0].Duration-f[1].Start) > 1e-12 {
		t.Errorf("a gap or an overlap in %+v", f)
	}
}

// Of two exports of the same gaze one is read, and where nothing tells that they are the same it is said.
func TestTwins(t *testing.T) {
	fixations := "Data properties:\n\nSubject: P1\n\nFixationIndex\tTimestamp\tFixationDuration\tMappedFixationPointX\tMappedFixationPointY\t\n1\t26\t633\t513\t518\t\n"
	all := tabs("Timestamp | FixationIndex | StimuliName | MediaWidth | MediaHeight | MappedFixationPointX | MappedFixationPointY | FixationDuration", "26 | 1 | a | 800 | 600 | 513 | 518 | 633")
	for name, tc := range map[string]struct {
		files      map[string]string
		samples    bool
		want, note string
	}{
		"Tobii Studio":     {map[string]string{"P1-All-Data.tsv": all, "P1-Fixation-Data.tsv": fixations}, false, "P1-All-Data.tsv", ""},
		"SMI, fixations":   {map[string]string{"P1 Events.txt": smiListed, "P1 Samples.txt": smiSampled}, false, "P1 Events.txt", ""},
		"SMI, its samples": {map[string]string{"P1 Events.txt": smiListed, "P1 Samples.txt": smiSampled}, true, "P1 Samples.txt", ""},
		"of two names":     {map[string]string{"1.txt": smiListed, "2.txt": strings.Replace(smiSampled, "P7", "P 7", 1)}, false, "1.txt 2.txt", "2 times a reader has fixations on an image in one file and samples in another"},
	} {
		set, err := Load(write(t, tc.files), ReadOptions{Samples: tc.samples})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var files []string
		for _, file := range set.Files {
			files = append(files, filepath.Base(file))
		}
		if notes := strings.Join(set.Notes, "\n"); strings.Join(files, " ") != tc.want || !strings.Contains(notes, tc.note) {
			t.Errorf("%s: read %q, notes %q", name, files, notes)
		}
	}
}

// Gaze that is all in one corner of its images may have been recorded in a smaller frame; a little of it may be there.
func TestAllInOneCorner(t *testing.T) {
	table := func(images int, width, height, last int) string {
		text := "image,x [px],y [px],duration [s],width,height\n"
		for i := range images {
			for k := range 10 {
				text += fmt.Sprintf("%d.png,%d,%d,0.3,%d,%d\n", i, 10+k*3, 20+k, width, height)
			}
		}
		return text + fmt.Sprintf("0.png,%d,%d,0.3,%d,%d\n", last, last, width, height)
	}
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"a frame too large":       {table(6, 400, 300, 30), "all of 61 positions on 6 images lie in the upper left 40 % of the width and height, the first in a frame of 400 x 300 (g.csv): is the frame too large?"},
		"one position elsewhere":  {table(6, 400, 300, 170), ""},
		"few images":              {table(4, 400, 300, 30), ""},
		"a frame of half the eye": {table(6, 80, 60, 30), ""},
	} {
		set, err := Load(filepath.Join(write(t, map[string]string{"g.csv": c.text}), "g.csv"), ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var images []Image
		for i := range 6 {
			images = append(images, Image{Name: fmt.Sprintf("%d.png", i), Width: 400, Height: 300})
		}
		for _, skip := range []bool{false, true} {
			if _, _, err := set.Align(images, AlignOptions{SkipBad: skip, KeepBare: true}); err != nil {
				t.Fatal(err)
			}
			if told := strings.Join(set.Notes, "\n"); strings.Contains(told, "too large") != (c.want != "") || !strings.Contains(told, c.want) {
				t.Errorf("%s: notes %q, expected %q", name, told, c.want)
			}
		}
	}
}

// A copy of a file is told: its gaze counts twice. Two showings of an image are none.
func TestCopies(t *testing.T) {
	table := "image,reader,x [px],y [px],duration [s]\na.png,r,%d,5,0.3\nb.png,r,10,%d,0.3\n"
	for _, c := range []struct{ other, want string }{
		{fmt.Sprintf(table, 5, 5), "2 recordings of h.csv are those of g.csv: the same gaze counts twice"},
		{fmt.Sprintf(table, 5, 6), "1 recordings of h.csv are those of g.csv: the same gaze counts twice"},
		{fmt.Sprintf(table, 6, 6), ""},
		{strings.ReplaceAll(fmt.Sprintf(table, 5, 5), "r,", "s,"), ""},
	} {
		set, err := Load(write(t, map[string]string{"g.csv": fmt.Sprintf(table, 5, 5), "h.csv": c.other}), ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(set.Notes, "\n"); strings.Contains(got, "counts twice") != (c.want != "") || !strings.Contains(got, c.want) {
			t.Errorf("notes %q, expected %q", got, c.want)
		}
	}
}
