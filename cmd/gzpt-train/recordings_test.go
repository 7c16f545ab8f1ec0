package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/nn/pretrain"
)

// trackerTable is the samples of a tracker at 100 Hz in pixels of a screen of 480 x 200, on which the images of 24 x 20
// pixels are letterboxed: 240 x 200 in the middle. Each image is looked at in its own place for 0.3 s and in the middle for 0.4 s.
func trackerTable() string {
	var b strings.Builder
	b.WriteString("TIME,GX,GY,MEDIA\n")
	for i := range 20 {
		for k := range 70 {
			x, y := 120+10*float64(i+1), 50.0
			if k >= 30 {
				x, y = 240, 100
			}
			if k == 30 { // a blink
				x, y = math.NaN(), math.NaN()
			}
			fmt.Fprintf(&b, "%d,%g,%g,%s\n", 10*k, x, y, imageName(i))
		}
	}
	return b.String()
}

// Samples of a screen become fixations on the images.
func TestRecordingsOfATracker(t *testing.T) {
	folder := makeData(t, files{"tracker.csv": trackerTable()})
	columns := []string{"--gaze-map", "x=GX@screen,y=GY@screen,t=TIME@ms,image=MEDIA", "--screen", "480x200"}
	for name, c := range map[string]struct {
		args     []string
		detector string
		outside  int
	}{
		"auto without degrees": {nil, "released:", 0},
		"auto with degrees":    {[]string{"--px-per-degree", "30,30"}, "idt:dispersion=1,", 0},
		"a detector":           {[]string{"--px-per-degree", "30", "--fixations", "ivt"}, "ivt:", 0},
		"another placement":    {[]string{"--placement", "0,0,480,200"}, "released:", 0},
		"a part of the screen": {[]string{"--placement", "200,0,280,200"}, "released:", 7},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			args := append([]string{"relate", "--data", folder, "--image-size", "16", "--gaze", "heatmap-cc", "--permutations", "2", "--out", out}, columns...)
			succeed(t, append(args, c.args...)...)
			found := relateJSON(t, out)
			if found.Items != 20 || found.WithGaze != 20 || !strings.HasPrefix(found.Detector, c.detector) {
				t.Errorf("%d items, %d with gaze, by %q; want 20 by %s", found.Items, found.WithGaze, found.Detector, c.detector)
			}
			rows, err := pretrain.ReadRows(filepath.Join(out, "items.csv"))
			if err != nil {
				t.Fatal(err)
			}
			outside := 0
			for _, r := range rows {
				if r.Fixations == 1 {
					outside++
				} else if r.Fixations != 2 || math.Abs(r.Dwell-.69) > .025 {
					t.Errorf("%s: %d fixations, %g s, want 2 of 0.69 s", r.Image, r.Fixations, r.Dwell)
				}
			}
			if outside != c.outside {
				t.Errorf("%d images lost a fixation, want %d", outside, c.outside)
			}
		})
	}
	for want, args := range map[string][]string{
		`--gaze-map: `:                                 {"--gaze-map", "x=A"},
		`--screen "480": expected WIDTHxHEIGHT`:        {"--screen", "480"},
		`--screen "480x-1": expected WIDTHxHEIGHT`:     {"--screen", "480x-1"},
		`--px-per-degree "30,": expected one number`:   {"--px-per-degree", "30,"},
		`--placement: placement "left"`:                {"--placement", "left"},
		`--fixations: fixation detector "idd"`:         {"--fixations", "idd"},
		`--fixations: fixation detector idt has no pa`: {"--fixations", "idt:x=1"},
	} {
		for _, verb := range [][]string{{"relate"}, {}} {
			o := gzpt(t, append(append(verb, "--data", folder, "--out", filepath.Join(t.TempDir(), "o")), args...)...)
			if o.status != 2 || !strings.Contains(o.stderr, want) {
				t.Errorf("%v: status %d, %s; want %q", args, o.status, o.stderr, want)
			}
		}
	}
	o := gzpt(t, append([]string{"relate", "--data", folder, "--image-size", "16", "--fixations", "idt", "--out", filepath.Join(t.TempDir(), "o")}, columns...)...)
	if o.status != 1 || !strings.Contains(o.stderr, "--fixations idt: ") {
		t.Errorf("degrees without a resolution: status %d, %s", o.status, o.stderr)
	}
}

// TestGazeImage: of two variables that name images of the set, --gaze-image says which is the trial's.
func TestGazeImage(t *testing.T) {
	log := "** CONVERTED FROM x.edf\nMSG 1 DISPLAY_COORDS 0 0 23 19\n" +
		"START 1000 LEFT EVENTS\nMSG 1000 TRIALID 1\nMSG 1001 !V TRIAL_VAR left_side " + imageName(0) + "\nMSG 1002 !V TRIAL_VAR right_side " + imageName(1) + "\n" +
		"EFIX L 1010 1300 290 8.0 8.0 500\nMSG 1400 TRIAL_RESULT 0\nEND 1400 EVENTS RES 30 30\n"
	folder := makeData(t, files{"reader.asc": log})
	for variable, want := range map[string]string{"left_side": imageName(0), "right_side": imageName(1)} {
		out := filepath.Join(t.TempDir(), "out")
		succeed(t, "relate", "--data", folder, "--format", "eyelink", "--image-size", "16", "--gaze", "heatmap-cc", "--gaze-image", variable,
			"--permutations", "2", "--out", out)
		rows, err := pretrain.ReadRows(filepath.Join(out, "items.csv"))
		if err != nil {
			t.Fatal(err)
		}
		var looked []string
		for _, r := range rows {
			if r.Fixations == 1 {
				looked = append(looked, filepath.Base(r.Image))
			}
		}
		if len(looked) != 1 || looked[0] != want {
			t.Errorf("--gaze-image %s: gaze on %q, expected %s", variable, looked, want)
		}
	}
}
