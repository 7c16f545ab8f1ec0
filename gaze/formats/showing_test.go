package formats

import (
	"strings"
	"testing"

	"gzpt/gaze"
)

func TestCutToAShowing(t *testing.T) {
	at := func(start, duration float64) gaze.Fixation { return gaze.Fixation{Start: start, Duration: duration} }
	span := showing{10, 20}
	for name, tc := range map[string]struct {
		in, want gaze.Fixation
		ok       bool
	}{
		"within":            {at(11, 2), at(1, 2), true},
		"over the begin":    {at(8, 4), at(0, 2), true},
		"over the end":      {at(18, 4), at(8, 2), true},
		"over both":         {at(0, 40), at(0, 10), true},
		"before":            {at(5, 2), at(5, 2), false},
		"up to the begin":   {at(5, 5), at(5, 5), false},
		"from the end on":   {at(20, 5), at(20, 5), false},
		"an instant":        {at(12, 0), at(2, 0), true},
		"an instant at it":  {at(10, 0), at(0, 0), true},
		"an instant before": {at(9, 0), at(9, 0), false},
	} {
		if got, ok := span.cut(tc.in); got != tc.want || ok != tc.ok {
			t.Errorf("%s: %+v, %v, want %+v, %v", name, got, ok, tc.want, tc.ok)
		}
	}
}

// Fixations of BIDS are cut to their images, and go on in the next one.
func TestBIDSShowings(t *testing.T) {
	const events = "sub-01/beh/sub-01_task-see_events.tsv"
	physio := map[string]string{
		"sub-01/beh/sub-01_task-see_recording-eye1_physioevents.json":   bidsEventsJSON,
		"sub-01/beh/sub-01_task-see_recording-eye1_physioevents.tsv.gz": zip("5000\t0.04\tfixation\t0\n5040\t0.005\tfixation\t0\n"),
	}
	with := func(table string) map[string]string {
		files := bidsSet(physio)
		files[events] = table
		return files
	}
	for name, tc := range map[string]struct {
		files map[string]string
		from  string
		want  string
	}{
		"over the edge":             {with("onset\tduration\tstim_file\n1.01\t0.01\ta.png\n1.02\tn/a\tb.png\n"), "", "a.png/sub-01 1280x1024 screen: (201 301 0+0.01)\nb.png/sub-01 1280x1024 screen: (201 301 0+0.02) (302 402 0.02+0.005)\n"},
		"an image twice":            {with("onset\tduration\tstim_file\n1.0\t0.02\ta.png\n1.03\tn/a\ta.png\n"), "", "a.png/sub-01 1280x1024 screen: (201 301 0+0.02)\na.png/sub-01 1280x1024 screen: (201 301 0+0.01) (302 402 0.01+0.005)\n"},
		"events that name no image": {with("onset\tduration\ttrial_type\n1.0\t0.02\tgo\n1.03\tn/a\tgo\n"), "", "error sub-01_task-see_events.tsv:2: 2 events, none of which names an image; expected the column stim_file"},
		"another column":            {with("onset\tduration\tscene\n1.0\t0.02\ta\n1.03\tn/a\tb\n"), "scene", "a/sub-01 1280x1024 screen: (201 301 0+0.02)\nb/sub-01 1280x1024 screen: (201 301 0+0.01) (302 402 0.01+0.005)\n"},
		"a picture in a column":     {with("onset\tduration\ttrial_type\n1.0\t0.02\tpics/a.png\n1.03\tn/a\tpics/b.png\n"), "", "pics/a.png/sub-01 1280x1024 screen: (201 301 0+0.02)\npics/b.png/sub-01 1280x1024 screen: (201 301 0+0.01) (302 402 0.01+0.005)\n"},
		"no such column":            {with("onset\tduration\tscene\n1.0\t0.02\ta\n"), "picture", `error the header lacks the column "picture"`},
	} {
		set, err := Load(write(t, tc.files), ReadOptions{ImageFrom: tc.from})
		got := "error "
		if err == nil {
			got = strings.ReplaceAll(account(set), " 40.997,41.159 px/deg", "")
		} else {
			got += err.Error()
		}
		if want, bad := strings.CutPrefix(tc.want, "error "); bad && !strings.Contains(got, want) || !bad && got != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, tc.want)
		}
	}
}

// BIDS passes the kinds of files that are no part of a text.
func TestBIDSKinds(t *testing.T) {
	const events, physioevents = "sub-01/beh/sub-01_task-see_events.tsv", "sub-01/beh/sub-01_task-see_recording-eye1_physioevents"
	for name, tc := range map[string]struct {
		more map[string]string
		want string
	}{
		"overlap":             {map[string]string{physioevents + ".json": bidsEventsJSON, physioevents + ".tsv.gz": zip("5000\t0.04\tfixation\t0\n5010\t0.02\tfixation\t0\n"), events: "onset\tduration\tstim_file\n1\tn/a\ta.png\n"}, "physioevents.tsv.gz:2: a fixation of image \"a.png\", reader \"sub-01\", starts at 0.01 s, before the one on line 1 ends at 0.04 s"},
		"another unit":        {map[string]string{"sub-01/beh/sub-01_task-see_recording-eye1_physio.json": strings.Replace(bidsPhysio, "100,", "7,", 1)}, "the unit of timestamp is not known"},
		"empty":               {map[string]string{"sub-01/beh/" + bidsName: zip("")}, "no sample, expected a row for each"},
		"an empty table":      {map[string]string{events: "\n"}, "events.tsv: the file is empty, expected a header with onset, duration"},
		"Latin-1, CRLF, mark": {map[string]string{events: "\ufeffonset\tduration\tstim_file\r\n1,0\tn/a\tgr\xf6\xdfe.png\r\n"}, "größe.png/sub-01"},
	} {
		set, err := Load(write(t, bidsSet(tc.more)), ReadOptions{})
		got := ""
		if err == nil {
			got = account(set)
		} else {
			got = err.Error()
		}
		if !strings.Contains(got, tc.want) {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// Every form of IMGLOAD says where on the screen the image was, whatever else is asked for; what contradicts it is told.
func TestWhereEyeLinkShowedImages(t *testing.T) {
	for load, want := range map[string]string{
		"FILL a.png":                            "(10.4167 18.5185 0+0.1)",
		"FILL my scans/a b.png":                 "(10.4167 18.5185 0+0.1)",
		"TOP_LEFT a.png 40 60":                  "(10 40 0+0.1)",
		"TOP_LEFT my scans/a 2.png 40 60":       "(10 40 0+0.1)",
		"CENTER a.png 240 160":                  "(10 40 0+0.1)",
		"CENTER scans 7/a.png 240 160":          "(10 40 0+0.1)",
		"TOP_LEFT a.png 40 60 800 600":          "(5 20 0+0.1)",
		"CENTER a.png 440 360 800 600":          "(5 20 0+0.1)",
		"CENTER my scans/a.png 440 360 800 600": "(5 20 0+0.1)",
	} {
		set, err := readText("s.asc", "eyelink", "MSG 1 GAZE_COORDS 0 0 1920 1080\nMSG 2 TRIALID 1\nSTART 10 LEFT EVENTS\nMSG 11 !V IMGLOAD "+load+"\nEFIX L 10 109 100 50.0 100.0 1\nEND 500 EVENTS\n", ReadOptions{})
		if err != nil {
			t.Errorf("%s: %v", load, err)
			continue
		}
		name := "a.png"
		switch {
		case strings.Contains(load, "a b"):
			name = "a b.png"
		case strings.Contains(load, "a 2"):
			name = "a 2.png"
		}
		items, _, err := set.Align(pictured(400, 200, name), AlignOptions{Placement: Placement{How: "fill"}})
		if err != nil && !strings.Contains(err.Error(), "another shape") {
			t.Errorf("%s: %v", load, err)
			continue
		} else if err == nil {
			r := items[0][0].Scaled(400, 300)
			if strings.Contains(load, "FILL") || !strings.Contains(load, "800 600") {
				r = items[0][0]
			}
			if got := account(&Set{Recordings: []gaze.Recording{r}}); !strings.HasSuffix(got, ": "+want+"\n") {
				t.Errorf("%s: %s, want %s", load, got, want)
			}
		}
		if len(set.Notes) != 1 || set.Notes[0] != "s.asc says where on the screen its images were: the placement fill is not used" {
			t.Errorf("%s: notes %q", load, set.Notes)
		}
	}
}

// An image over the whole screen needs the size of that only where the file does not give it.
func TestFillOfAnUnknownScreen(t *testing.T) {
	set, err := readText("s.asc", "eyelink", "MSG 2 TRIALID 1\nSTART 10 LEFT EVENTS\nMSG 11 !V IMGLOAD FILL a.png\nEFIX L 10 109 100 960.0 270.0 1\nEND 500 EVENTS\n", ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := set.Align(pictured(400, 300, "a.png"), AlignOptions{}); err == nil || !strings.Contains(err.Error(), "the size of the screen in pixels is not known") {
		t.Errorf("no screen: %v", err)
	}
	items, _, err := set.Align(pictured(400, 300, "a.png"), AlignOptions{ScreenWidth: 1920, ScreenHeight: 1080})
	if err != nil || account(&Set{Recordings: items[0]}) != "a.png/s 400x300: (200 75 0+0.1)\n" {
		t.Errorf("%v, %v", items, err)
	}
}

// What a tracker's file says of its screen, and of where the image was, beats the options, and is told.
func TestContradictionsAreTold(t *testing.T) {
	set, err := readText("g.tsv", "tobii", tobiiNew, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := set.Align([]Image{{Name: "a", Width: 800, Height: 600}, {Name: "b", Width: 400, Height: 400}}, AlignOptions{Placement: Placement{How: "centre"}}); err != nil {
		t.Fatal(err)
	}
	if len(set.Notes) != 1 || set.Notes[0] != "g.tsv says where on the screen its images were: the placement centre is not used" {
		t.Errorf("a placement: notes %q", set.Notes)
	}
	if set, err = readText("g.tsv", "tobii", tobiiScreen, ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := set.Align(pictured(1920, 1080, "a"), AlignOptions{ScreenWidth: 1280, ScreenHeight: 1024}); err != nil && !strings.Contains(err.Error(), "lie outside") {
		t.Fatal(err)
	}
	if len(set.Notes) != 2 || set.Notes[0] != "g.tsv: Recording timestamp has no unit, and is read in units of 0.001 s: rows are 17 of them apart" || set.Notes[1] != "g.tsv says that its screen is 1920 x 1080: the size 1280 x 1024 is not used" {
		t.Errorf("a screen: notes %q", set.Notes)
	}
}

func TestPlacementText(t *testing.T) {
	for _, text := range []string{"fit", "centre", "fill", "1,2,3,4", "fit@5,6,7,8", "1,2.5,3,4@5,6,7,8"} {
		p, err := ParsePlacement(text)
		if err != nil || p.String() != text || !p.given() {
			t.Errorf("%s: %v, %v, given %v", text, p, err, p.given())
		}
	}
}
