package formats

import (
	"math"
	"strings"
	"testing"

	"gzpt/gaze"
)

func TestParsePlacement(t *testing.T) {
	for text, want := range map[string]Placement{
		"": {}, "fit": {How: "fit"}, "centre": {How: "centre"}, "center": {How: "centre"}, "fill": {How: "fill"},
		"10,20,300.5,400":      {Screen: Rectangle{10, 20, 300.5, 400}},
		"fit@0, 0, 64, 64":     {How: "fit", Shown: Rectangle{0, 0, 64, 64}},
		"-5,0,100,100@1,2,3,4": {Screen: Rectangle{-5, 0, 100, 100}, Shown: Rectangle{1, 2, 3, 4}},
		"@8,8,16,16":           {Shown: Rectangle{8, 8, 16, 16}},
	} {
		if got, err := ParsePlacement(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	const expected = "; expected fit, centre, fill or x,y,w,h in pixels of the screen, and then @x,y,w,h where only that part of the image was shown"
	for text, want := range map[string]string{
		"middle":       `placement "middle": "middle" is no rectangle`,
		"1,2,3":        `placement "1,2,3": "1,2,3" is no rectangle`,
		"1,2,3,x":      `placement "1,2,3,x": "x" is no number of pixels`,
		"1,2,NaN,4":    `placement "1,2,NaN,4": "NaN" is no number of pixels`,
		"1,2,1e9,4":    `placement "1,2,1e9,4": "1e9" is no number of pixels`,
		"1,2,0,4":      `placement "1,2,0,4": "1,2,0,4" has no area`,
		"fit@":         `placement "fit@": "" is no rectangle`,
		"fit@0,0,-1,1": `placement "fit@0,0,-1,1": "0,0,-1,1" has no area`,
	} {
		if _, err := ParsePlacement(text); err == nil || err.Error() != want+expected {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

// An image of 400 x 200 on a screen of 1000 x 1000: where the corners and the middle of the screen and of the image are.
func TestPlacement(t *testing.T) {
	for text, want := range map[string]struct {
		scale  [2]float64 // image pixels per screen pixel
		origin [2]float64 // of the screen, in the image
	}{
		"fit":                          {[2]float64{.4, .4}, [2]float64{0, -100}}, // 1000 x 500 at (0, 250)
		"centre":                       {[2]float64{1, 1}, [2]float64{-300, -400}},
		"fill":                         {[2]float64{.4, .2}, [2]float64{0, 0}},
		"100,200,800,100":              {[2]float64{.5, 2}, [2]float64{-50, -400}},
		"fit@100,50,50,50":             {[2]float64{.05, .05}, [2]float64{100, 50}},
		"centre@100,50,50,50":          {[2]float64{1, 1}, [2]float64{100 - 475, 50 - 475}},
		"100,200,800,100@100,50,80,20": {[2]float64{.1, .2}, [2]float64{100 - 10, 50 - 40}},
	} {
		p, err := ParsePlacement(text)
		if err != nil {
			t.Fatal(err)
		}
		r := gaze.Recording{Width: 1000, Height: 1000, Screen: true, Resolution: gaze.Resolution{X: 40, Y: 50},
			Fixations: []gaze.Fixation{{}, {X: 500, Y: 600, Resolution: gaze.Resolution{X: 10, Y: 20}}},
			Samples:   []gaze.Sample{{X: 1000, Y: 1000, Time: 1}, {X: math.NaN(), Y: math.NaN(), Time: 2}}}
		got := p.onImage(r, 400, 200)
		near := func(x, y, wantX, wantY float64) {
			if !within(x, wantX, 1e-9) || !within(y, wantY, 1e-9) {
				t.Errorf("%s: (%g, %g), want (%g, %g)", text, x, y, wantX, wantY)
			}
		}
		s, o := want.scale, want.origin
		near(got.Fixations[0].X, got.Fixations[0].Y, o[0], o[1])
		near(got.Fixations[1].X, got.Fixations[1].Y, o[0]+500*s[0], o[1]+600*s[1])
		near(got.Samples[0].X, got.Samples[0].Y, o[0]+1000*s[0], o[1]+1000*s[1])
		near(got.Resolution.X, got.Resolution.Y, 40*s[0], 50*s[1])
		near(got.Fixations[1].Resolution.X, got.Fixations[1].Resolution.Y, 10*s[0], 20*s[1])
		if !got.Samples[1].Lost() || got.Screen || got.Width != 400 || got.Height != 200 || r.Fixations[1].X != 500 || r.Samples[0].X != 1000 {
			t.Errorf("%s: %+v from %+v", text, got, r)
		}
	}
}

func TestAlignScreens(t *testing.T) {
	images := []Image{{Name: "a.jpg", Width: 400, Height: 200, File: "l.csv", Line: 2}}
	recording := func(width, height float64, positions ...float64) gaze.Recording {
		r := gaze.Recording{Image: "a", Width: width, Height: height, Screen: true, File: "g.csv", Line: 2}
		for i := 0; i < len(positions); i += 2 {
			r.Fixations = append(r.Fixations, gaze.Fixation{X: positions[i], Y: positions[i+1], Start: float64(i), Duration: 1})
			r.Samples = append(r.Samples, gaze.Sample{X: positions[i], Y: positions[i+1], Time: float64(i)})
		}
		return r
	}
	user := gaze.Resolution{X: 30, Y: 30}
	for name, tc := range map[string]struct {
		recording gaze.Recording
		options   AlignOptions
		want      string // of the account, or the error
	}{
		"letterboxed, in the band above": {recording(1000, 1000, 500, 500, 500, 300, 500, 249), AlignOptions{Resolution: user},
			"a/ 400x200 12,12 px/deg: (200 100 0+1) (200 20 2+1) 200,100@0 200,20@2 200,-0.4@4\ndropped: 2 outside the image\n"},
		"fractions of a screen": {recording(1, 1, .5, .5), AlignOptions{ScreenWidth: 1000, ScreenHeight: 1000, Resolution: user},
			"a/ 400x200 12,12 px/deg: (200 100 0+1) 200,100@0\n"},
		"fractions, stretched": {recording(1, 1, .25, .5), AlignOptions{Placement: Placement{How: "fill"}}, "a/ 400x200: (100 100 0+1) 100,100@0\n"},
		"pixels of an unknown screen": {recording(0, 0, 500, 500), AlignOptions{ScreenWidth: 1000, ScreenHeight: 1000, Placement: Placement{How: "centre"}, Resolution: user},
			"a/ 400x200 30,30 px/deg: (200 100 0+1) 200,100@0\n"},
		"a screen that is not known": {recording(0, 0, 500, 500), AlignOptions{}, `g.csv:2: gaze for image "a" is on a screen, but the size of the screen in pixels is not known`},
		"fractions of one":           {recording(1, 1, .5, .5), AlignOptions{}, `g.csv:2: gaze for image "a" is on a screen, but the size of the screen in pixels is not known`},
		"pixels per degree of one":   {recording(1, 1, .5, .5), AlignOptions{Placement: Placement{How: "fill"}, Resolution: user}, `g.csv:2: gaze for image "a" is on a screen, but the size of the screen in pixels is not known`},
		"a rectangle of one":         {recording(1, 1, .5, .5), AlignOptions{Placement: Placement{How: "fill", Screen: Rectangle{0, 0, 1, 1}}}, `g.csv:2: gaze for image "a" is on a screen, but the size of the screen in pixels is not known`},
		"the wrong place":            {recording(1000, 1000, 500, 500, 10, 10, 20, 20), AlignOptions{}, `g.csv:2: image "a", reader "": 4 of 6 positions lie outside the frame of 400 x 200, expected coordinates inside`},
	} {
		set := &Set{Recordings: []gaze.Recording{tc.recording}}
		items, _, err := set.Align(images, tc.options)
		if err != nil {
			if err.Error() != tc.want {
				t.Errorf("%s: error %v, want %s", name, err, tc.want)
			}
			continue
		}
		set.Recordings = items[0]
		if got := account(set); got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, tc.want)
		}
	}
	known := recording(1000, 1000, 500, 500)
	known.Resolution = gaze.Resolution{X: 50, Y: 50}
	set := &Set{Recordings: []gaze.Recording{known}}
	if items, _, err := set.Align(images, AlignOptions{Resolution: user}); err != nil || items[0][0].Resolution.X != 20 {
		t.Errorf("a resolution that the file gives: %+v, %v", items, err)
	}
	set = &Set{Recordings: []gaze.Recording{recording(1000, 1000, 500, 500)}}
	if _, _, err := set.Align([]Image{{Name: "a.jpg"}}, AlignOptions{}); err == nil || !strings.Contains(err.Error(), "the size of the image in pixels is not known") {
		t.Errorf("an image of unknown size: %v", err)
	}
	named := recording(1000, 1000, 500, 500)
	named.Image, named.File = "", "dir/a.tsv"
	set = &Set{Recordings: []gaze.Recording{named}}
	if items, _, err := set.Align(images, AlignOptions{}); err != nil || len(items[0]) != 1 {
		t.Errorf("a file named as its image: %v", err)
	}
	set.Recordings[0].File = "dir/z.tsv"
	if _, _, err := set.Align(images, AlignOptions{}); err == nil || err.Error() != `dir/z.tsv:2: gaze for an image that only the file's name, "z.tsv", tells, which is not among the images` {
		t.Errorf("a file named otherwise: %v", err)
	}
	// The user's resolution is for pixels of an image too.
	set = &Set{Recordings: []gaze.Recording{{Image: "a", Fixations: []gaze.Fixation{{X: 1, Y: 1, Duration: 1}}}}}
	if items, _, err := set.Align(images, AlignOptions{Resolution: user}); err != nil || items[0][0].Resolution != user {
		t.Errorf("pixels of the image: %v", err)
	}
}

// Whatever placement is accepted, the corners of what was shown come back to where it was on the screen.
func FuzzPlacement(f *testing.F) {
	f.Add("fit", 1920., 1080., 512., 512.)
	f.Add("centre@0,0,10,10", 800., 600., 4000., 3000.)
	f.Add("1,2,3,4@5,6,7,8", 1., 1., 1., 1.)
	f.Add("fill", 1., 1., 100000., 1.)
	f.Fuzz(func(t *testing.T, text string, screenWidth, screenHeight, width, height float64) {
		p, err := ParsePlacement(text)
		for _, side := range []float64{screenWidth, screenHeight, width, height} {
			if err != nil || !(side >= 1 && side <= maxFrame) {
				return
			}
		}
		shown, place := p.rectangles(screenWidth, screenHeight, width, height)
		r := gaze.Recording{Width: screenWidth, Height: screenHeight, Screen: true, Fixations: []gaze.Fixation{
			{X: place.X, Y: place.Y}, {X: place.X + place.Width, Y: place.Y + place.Height}}}
		got := p.onImage(r, width, height).Fixations
		for i, want := range [][2]float64{{shown.X, shown.Y}, {shown.X + shown.Width, shown.Y + shown.Height}} {
			// A rectangle far smaller than its distance from the origin loses digits with the ratio of the two.
			bound := 1e-9 * (1 + maxFrame*(1+shown.Width/place.Width+shown.Height/place.Height))
			if !within(got[i].X, want[0], bound) || !within(got[i].Y, want[1], bound) {
				t.Fatalf("%q on %g x %g: %+v, want %v", text, screenWidth, screenHeight, got[i], want)
			}
		}
		if p.Screen.empty() && p.How != "centre" && (place.X < -1e-6 || place.Y < -1e-6 || place.Width > screenWidth*(1+1e-9) || place.Height > screenHeight*(1+1e-9)) {
			t.Fatalf("%q on %g x %g: at %+v, off the screen", text, screenWidth, screenHeight, place)
		}
	})
}
