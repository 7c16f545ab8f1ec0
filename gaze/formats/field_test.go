package formats

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Each case is a small recording, of our own making, with a fault of a real file: what a tracker or a data set writes that
// was once read as something else without a word.

// fieldCase is a file or folder of testdata/field, and what comes of it.
type fieldCase struct {
	path    string
	options ReadOptions
	images  []Image // to align with, none for reading alone
	align   AlignOptions
	// want is the recordings, or an error that begins with "error "; of those that are aligned, those on images.
	want string
	// note, if not "", is in one of the notes.
	note string
}

func pictured(width, height int, names ...string) []Image {
	var images []Image
	for _, name := range names {
		images = append(images, Image{Name: name, Width: width, Height: height, File: "images", Line: 1})
	}
	return images
}

func TestFieldCases(t *testing.T) {
	repeated := mapColumns(t, "x=FixX@px,y=FixY@px,t=Timestamp@ms,duration=FixationDuration@ms,image=StimuliName")
	for _, tc := range []fieldCase{
		{path: "dataviewer-imgfile/r.txt", want: "a.png/s1 0x0 screen: (100.5 200.5 0.01+0.2) (300.5 250.5 0.24+0.18)\n"},
		{path: "egd-truncated-id/fixations.csv", images: pictured(2500, 2000, "aaaa1111-bbbb2222-cccc3333-dddd4444-eee55555.jpg"),
			want: "aaaa1111-bbbb2222-cccc3333-dddd4444-eee/1 2500x2000: (900 800 0+0.3) (1200 1000 0.4+0.4)\n", note: "is taken for \"aaaa1111-bbbb2222-cccc3333-dddd4444-eee55555.jpg\""},
		{path: "egd-truncated-id/fixations.csv", images: pictured(2500, 2000, "aaaa1111-bbbb2222-cccc3333-dddd4444-eee55555.jpg", "aaaa1111-bbbb2222-cccc3333-dddd4444-eee66666.jpg"),
			want: "error which is not among the images; 2 of them begin so"},
		{path: "eyelink-imgload-blank/a.asc", images: pictured(800, 600, "a.png", "b.png"),
			want: "../my images/a.png/a 800x600 16.667,22.222 px/deg: (4.16667 5.55556 0.002+0.2) (400 300 0.222+0.2)\n../my images/b.png/a 800x600 16.667,22.222 px/deg: (45.8333 33.3333 0.002+0.2) (208.333 194.444 0.222+0.2)\n"},
		{path: "eyelink-imgload-own-size/a.asc", images: pictured(800, 600, "a.png", "b.png"),
			want: "img/a.png/a 800x600 40,40 px/deg: (10 10 0.002+0.2) (400 300 0.222+0.2) (790 590 0.442+0.2)\n" +
				"img/b.png/a 800x600 40,40 px/deg: (10 10 0.002+0.2) (400 300 0.222+0.2) (790 590 0.442+0.2)\n"},
		{path: "eyelink-imgload-own-size/a.asc", images: pictured(800, 600, "a.png", "b.png"), align: AlignOptions{Placement: Placement{How: "centre"}},
			want: "img/a.png/a 800x600 40,40 px/deg: (10 10 0.002+0.2) (400 300 0.222+0.2) (790 590 0.442+0.2)\n" +
				"img/b.png/a 800x600 40,40 px/deg: (10 10 0.002+0.2) (400 300 0.222+0.2) (790 590 0.442+0.2)\n", note: "the placement centre is not used"},
		{path: "eyelink-opensesame/a.asc", want: "a.png/a 1920x1080 screen 40,40 px/deg: (300 500 0.015+0.2)\nb.png/a 1920x1080 screen 40,40 px/deg: (600 500 0.015+0.2)\n"},
		{path: "eyelink-prefixed-trialid/a.asc", want: "a.png/a 1920x1080 screen 40,40 px/deg: (300 500 0.01+0.2)\nb.png/a 1920x1080 screen 40,40 px/deg: (600 500 0.01+0.2)\n"},
		{path: "eyelink-trialnumber-as-image/a.asc", images: pictured(400, 300, "1.png", "2.png"),
			want: "1.png/a 400x300 40,40 px/deg: (300 200 0.002+0.2)\n2.png/a 400x300 40,40 px/deg: (100 100 0.002+0.2) (150 120 0.222+0.2)\n"},
		{path: "eyelink-txt-in-folder", want: "a.png/s1 1920x1080 screen 40,40 px/deg: (300 500 0.01+0.2)\nb.png/s1 1920x1080 screen 40,40 px/deg: (600 500 0.01+0.2)\n"},
		{path: "gazepoint-fixations-as-samples", options: ReadOptions{Samples: true}, images: pictured(1600, 900, "a.png"), align: AlignOptions{ScreenWidth: 1600, ScreenHeight: 900},
			want: "a.png/User 1 1600x900: (480 270 0+0.25) (960 360 0.3+0.35) (800 630 0.7+0.2) (320 540 0.95+0.4)\n",
			note: "User 1_fixations.csv holds fixations and no samples: the tracker's own fixations are kept"},
		{path: "mapped-repeated-fixation/a.tsv", options: repeated, want: "a.png/ 0x0: (100 100 0+0.2)\n", note: "9 rows repeat the fixation above them"},
		{path: "miceye-v2/anna2026-1-2-10-5.csv", want: `C:\img\a.png/anna 0x0: 412,233@0 420,240@0.0111111 420,240@0.0222222` + "\n"},
		{path: "neon-marker-mapper", want: "/Wearer A 1x1: (0.25 0.75 0+0.2) (0.5 0.5 0.5+0.4)\ndropped: 1 outside the image\n"},
		{path: "neon-marker-mapper", options: ReadOptions{Samples: true}, want: "/Wearer A 1x1: 0.25,0.75@0 0.25,0.75@0.005 lost@0.01\ndropped: 1 outside the image\n"},
		{path: "pupil-core-empty-surface", want: "a/ 1x1:\nb/ 1x1: (0.5 0.25 0+0.2)\n", note: "1 of 2 recordings are empty"},
		{path: "pupil-core-old-seconds/fixations.csv", want: "/ 1x1 screen: (0.5 0.25 0+0.25) (0.25 0.5 0.35+0.4) (0.6 0.6 0.9+0.31)\n"},
		{path: "pupil-core-old-seconds/surfaces/fixations_on_surface_scan_1489.csv", images: pictured(100, 100, "scan.png"), want: "scan_1489/ 100x100: (50 25 0+0.25)\ndropped: 1 outside the image\n"},
		{path: "pupil-old-gaze", want: "/ 1x1 screen: 0.4,0.4@0 0.41,0.4@0.008 lost@0.016\ndropped: 1 marked invalid\n"},
		{path: "table-ms-undeclared", options: ReadOptions{Unit: "px"}, want: "error gaze.csv:1: the unit of duration is not declared, and the middle one is 250; expected duration [s] or duration [ms]"},
		{path: "tobii-cut-fixation/a.tsv", images: pictured(400, 300, "a.png", "b.png"),
			want: "a.png/P1 400x300: (200 150 0+0.1) (100 100 0.14+0.86)\nb.png/P1 400x300: (100 100 0+0.54) (300 200 0.58+0.32)\n"},
		{path: "tobii-studio2/Rec 01-All-Data.tsv", want: "a.jpg/ 1200x1024: (100 200 0+0.2) (300 300 0.24+0.16)\n"},
	} {
		got, notes := tc.read()
		if want, bad := strings.CutPrefix(tc.want, "error "); bad && !strings.Contains(got, want) || !bad && got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", tc.path, got, tc.want)
		}
		if tc.note != "" && !strings.Contains(notes, tc.note) {
			t.Errorf("%s: notes %s, want %s", tc.path, notes, tc.note)
		}
	}
}

// read reads a case, and gives its error in place of the recordings.
func (tc fieldCase) read() (got, notes string) {
	set, err := Load(filepath.Join("testdata", "field", tc.path), tc.options)
	if err != nil {
		return err.Error() + "\n", ""
	}
	if tc.images == nil {
		return account(set), fmt.Sprint(set.Notes)
	}
	perItem, _, err := set.Align(tc.images, tc.align)
	if err != nil {
		return err.Error() + "\n", ""
	}
	aligned := &Set{Dropped: set.Dropped}
	for _, recordings := range perItem {
		aligned.Recordings = append(aligned.Recordings, recordings...)
	}
	return account(aligned), fmt.Sprint(set.Notes)
}
