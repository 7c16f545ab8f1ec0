package formats

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The tables are written from the real ones in the shared data, which TestAnderssonRecordings reads.
const (
	anderssonHeader = "t_us,x_px,y_px,pupil_x,pupil_y,label_MN,label_RA\n"
	anderssonInfo   = "recording,subject,stimulus,n_samples,sample_hz,screen_w_px,screen_h_px,screen_w_m,screen_h_m,view_dist_m\n"
)

func init() {
	sniffSamples["andersson"] = []string{anderssonHeader + "2593712163,504.313,394.728,21,21,1,1\n"}
}

func TestAndersson(t *testing.T) {
	testCases(t, "andersson", "g.csv", ReadOptions{}, map[string]readCase{
		"samples":       {anderssonHeader + "1000,1,2,0,0,1,1\n6000,0,0,0,0,5,5\n11000,0,5,0,0,1,1\n16000,,5,0,0,1,1\n", "g/ 0x0 line 2: [1 2 0] [lost 0.005] [0 5 0.01] [lost 0.015]\n2 without a position\n"},
		"nothing":       {anderssonHeader, "g/ 0x0 line 1:\n"},
		"all lost":      {anderssonHeader + "1,0,0,0,0,5,5\n", "g/ 0x0 line 2: [lost 0]\n1 without a position\n"},
		"no time":       {"x_px,y_px\n", `error g.csv:1: the header lacks the column "t_us"; expected t_us, x_px, y_px`},
		"a word":        {anderssonHeader + "1,2,up,0,0,5,5\n", `error g.csv:2:5: y_px is "up", expected a number`},
		"a late time":   {anderssonHeader + "1e19,2,3,0,0,5,5\n", `error g.csv:2:1: t_us is "1e19", expected a time in microseconds`},
		"times go back": {anderssonHeader + "9,2,3,0,0,5,5\n5,2,3,0,0,5,5\n", `error g.csv:3: a sample of image "g", reader "", at -4e-06 s, before the one above it at 0 s`},
	})
	files := map[string]string{"gaze/A_b.csv": anderssonHeader + "1000,1,2,0,0,1,1\n6000,1500,2,0,0,1,1\n8000,3,2,0,0,1,1\n", "recordings.csv": anderssonInfo + "x,,,,,,,,,\nA_b,A,b.png,3,500,1024,768,0.38,0.3,0.67\n"}
	set, err := Load(write(t, files), ReadOptions{})
	if want := "b.png/A 1024x768 line 2: 32.339,30.43 px/deg [1 2 0] [1500 2 0.005] [3 2 0.007]\n1 outside the image\n"; err != nil || described(set) != want {
		t.Errorf("%v, %v, want %q", set, err, want)
	}
	for table, want := range map[string]string{
		anderssonInfo + "x,,,,,,,,,\n":                               `recordings.csv: no recording "A_b", expected a row for every file`,
		anderssonInfo + "A_b,A,,3,500,1024,768,0.38,0.3,0.67\n":      `recordings.csv:2:7: stimulus is "", expected the name of an image`,
		anderssonInfo + "A_b,A,b.png,3,500,0,768,0.38,0.3,0.67\n":    `screen_w_px is "0", expected a size in pixels`,
		anderssonInfo + "A_b,A,b.png,3,500,1024,768,380,0.3,0.67\n":  `screen_w_m is "380", expected a length in metres, 0.001 to 100`,
		anderssonInfo + "A_b,A,b.png,3,500,1024,768,0.38,0,0.67\n":   `screen_h_m is "0", expected a length in metres`,
		anderssonInfo + "A_b,A,b.png,3,500,1024,768,0.38,0.3,near\n": `view_dist_m is "near", expected a length in metres`,
		anderssonInfo + "A_b,A\n":                                    "recordings.csv:2: 2 fields, expected 10 as in the header",
		"recording,subject\n":                                        `recordings.csv:1: the header lacks the column "stimulus"`,
	} {
		files["recordings.csv"] = table
		if _, err := Load(write(t, files), ReadOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", table, err, want)
		}
	}
}

// The folder of recordings is read whole: images, screen, resolution, and the rates of the time stamps, which for two
// recordings are not those that their source states. x = y = 0 is lost.
func TestAnderssonRecordings(t *testing.T) {
	set, err := Load(shared(t, "data", "andersson_raw_gaze"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Recordings) != 14 || len(set.Notes) != 0 || slices.Compact(slices.Clone(set.Formats))[0] != "andersson" {
		t.Fatalf("%d recordings, formats %q, notes %q", len(set.Recordings), set.Formats, set.Notes)
	}
	lost := 0
	for _, r := range set.Recordings {
		name := stem(r.File)
		rate := 500.0
		if strings.HasPrefix(name, "UH47") || strings.HasPrefix(name, "UL47") {
			rate = 200
		}
		n := len(r.Samples) - 1
		if got := float64(n) / r.Samples[n].Time; math.Abs(got/rate-1) > .01 {
			t.Errorf("%s: %g samples a second, want %g", name, got, rate)
		}
		_, picture, _ := strings.Cut(name, "_img_")
		if r.Image != picture+"1024x768.png" || !strings.HasPrefix(name, r.Reader+"_") || r.Width != 1024 || r.Height != 768 || len(r.Fixations) != 0 ||
			!within(r.Resolution.X, 512/(math.Atan(.19/.67)*180/math.Pi), 1e-9) || !within(r.Resolution.Y, 384/(math.Atan(.15/.67)*180/math.Pi), 1e-9) {
			t.Errorf("%s: image %s, reader %s, %g x %g, %v", name, r.Image, r.Reader, r.Width, r.Height, r.Resolution)
		}
		for _, v := range r.Samples {
			if v.Lost() {
				lost++
			} else if v.X == 0 && v.Y == 0 {
				t.Errorf("%s: a lost sample at 0,0", name)
			}
		}
	}
	if lost == 0 || set.Dropped.Missing != lost {
		t.Errorf("%d lost samples, %d counted", lost, set.Dropped.Missing)
	}
	items, _, err := set.Align([]Image{{Name: "stimuli/Europe1024x768.png", Width: 1024, Height: 768}, {Name: "Rome1024x768.png"}, {Name: "konijntjes1024x768.png"}, {Name: "vy1024x768.png"}}, AlignOptions{})
	if err != nil || len(items[0]) != 4 {
		t.Errorf("%v, %d recordings of Europe", err, len(items[0]))
	}
	one, err := Load(filepath.Join(shared(t, "data", "andersson_raw_gaze"), "gaze", "UH47_img_Europe.csv"), ReadOptions{})
	if err != nil || one.Recordings[0].Reader != "UH47" {
		t.Errorf("a file alone: %v, %v", one, err)
	}
}

func FuzzAndersson(f *testing.F) {
	f.Add([]byte(anderssonHeader + "1000,1,2,0,0,1,1\n6000,0,0,0,0,5,5\n11000,0,5,0,0,1,1\n16000,,5,0,0,1,1\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "andersson", "g.csv", in) })
}
