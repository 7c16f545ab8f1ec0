package formats

import (
	"strings"
	"testing"
)

// The tables are written from the published ones, whose whole TestKvasir reads.
const (
	medSegHeader = "IMAGE,CURRENT_FIX_INDEX,CURRENT_FIX_X,CURRENT_FIX_Y,CURRENT_FIX_DURATION,CURRENT_FIX_PUPIL,CURRENT_FIX_START,IMAGE_HEIGHT,IMAGE_WIDTH\n"
	// The older table of GazeMedSeg begins with lines of the published file.
	proHeader = "images,RECORDING_SESSION_LABEL,CURRENT_FIX_INDEX,CURRENT_FIX_X,CURRENT_FIX_Y,CURRENT_FIX_DURATION,CURRENT_FIX_PUPIL,CURRENT_FIX_START\n"
	proLines  = "Prostate3T-01-0027_14.jpg,ch_exp4,1,0.4846041666666668,0.4931510416666668,770,2484,7\nProstate3T-01-0027_14.jpg,ch_exp4,2,0.46559375000000003,0.4807812500000001,722,2743,786\n"
)

func init() {
	sniffSamples["gazemedseg"] = []string{medSegHeader + "a.jpg,1,0.5,0.25,455,2670,7,400.0,800.0\n", proHeader + proLines}
}

func TestGazeMedSeg(t *testing.T) {
	testCases(t, "gazemedseg", "g.csv", ReadOptions{}, map[string]readCase{
		"gazemedseg": {medSegHeader + "a.jpg,1,0.5,0.25,455,2670,7,400.0,800.0\na.jpg,2,0.1,0.2,100,1,512,400,800\nb.jpg,1,0,0,50,1,0,100,100\n",
			"a.jpg/ 800x400 line 2: (400 100 0.007+0.455) (80 80 0.512+0.1)\nb.jpg/ 100x100 line 4: (0 0 0+0.05)\n"},
		"columns in another order and case": {"image_width,IMAGE_HEIGHT,image,current_fix_index,CURRENT_FIX_X,CURRENT_FIX_Y,CURRENT_FIX_DURATION,CURRENT_FIX_START\n10,20,a,1,.5,.5,1000,0\n",
			"a/ 10x20 line 2: (5 10 0+1)\n"},
		"a fixation without a position": {medSegHeader + "a,1,,,100,1,0,10,10\n", "a/ 10x10 line 2:\n1 without a position\n"},
	})
}

// The published table of kvasir_gaze: what is known of it, and that nothing is lost.
func TestKvasir(t *testing.T) {
	set, err := Load(shared(t, "data", "kvasir_gaze", "kvasir_fixation.csv"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Recordings) != 1000 || set.Formats[0] != "gazemedseg" || set.Dropped.Any() || len(set.Notes) != 0 {
		t.Errorf("%d recordings of %s, dropped %s, notes %q; want 1000 and nothing", len(set.Recordings), set.Formats, set.Dropped, set.Notes)
	}
	for _, r := range set.Recordings {
		if n := len(r.Fixations); n < 5 || n > 99 {
			t.Errorf("%s: %d fixations, want 5 to 99", r.Image, n)
		}
		end := 0.0
		for _, f := range r.Fixations {
			if f.Duration < 0.05 || f.Duration > 3.57 || f.Start < end-1e-9 || r.Width < 100 || r.Height < 100 {
				t.Errorf("%s, %g x %g: %+v, want 50 to 3570 ms in pixels, after %g s", r.Image, r.Width, r.Height, f, end)
			}
			end = f.Start + f.Duration
		}
	}
}

// The older table of GazeMedSeg has the session and no sizes.
func TestOlderGazeMedSeg(t *testing.T) {
	testCases(t, "gazemedseg", "g.csv", ReadOptions{}, map[string]readCase{
		"as published":  {proHeader + proLines, "Prostate3T-01-0027_14.jpg/ch_exp4 1x1 line 2: (0.484604 0.493151 0.007+0.77) (0.465594 0.480781 0.786+0.722)\n"},
		"in pixels":     {proHeader + "a.jpg,s,1,400,300,100,1,0\n", `error g.csv:2: image "a.jpg", reader "s": 1 of 1 positions lie outside the frame of 1 x 1`},
		"without image": {proHeader + ",s,1,0.4,0.3,100,1,0\n", `error g.csv:2:1: images is "", expected the name of an image`},
		"no index":      {strings.Replace(proHeader, "CURRENT_FIX_INDEX,", "", 1), `error g.csv:1: the header lacks the column "CURRENT_FIX_INDEX"; expected images, CURRENT_FIX_INDEX`},
	})
}

func FuzzGazeMedSeg(f *testing.F) {
	f.Add([]byte(medSegHeader + "a.jpg,1,0.5,0.25,455,2670,7,400.0,800.0\na.jpg,2,0.1,0.2,100,1,512,400,800\n"))
	f.Add([]byte("\ufeff" + medSegHeader + "a,1,,.,1,1,1,1,1\r\n,"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "gazemedseg", "g.csv", in) })
}

func FuzzOlderGazeMedSeg(f *testing.F) {
	f.Add([]byte(proHeader + proLines))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "gazemedseg", "g.csv", in) })
}
