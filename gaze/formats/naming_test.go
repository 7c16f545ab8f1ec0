package formats

import (
	"strings"
	"testing"
)

// ascTrial is a trial of an EyeLink at a time in milliseconds with a fixation of 200 ms, and messages at its end.
func ascTrial(at string, id string, messages ...string) string {
	text := "MSG " + at + "000 " + id + "\nSTART " + at + "002 LEFT EVENTS\nEFIX L " + at + "010 " + at + "209 200 50.0 60.0 1\nEND " + at + "500 EVENTS\n"
	for _, m := range messages {
		text += "MSG " + at + "501 " + m + "\n"
	}
	return text
}

// Which image a trial showed, of those there are.
func TestWhichImage(t *testing.T) {
	const screen = "MSG 1 GAZE_COORDS 0 0 399 299\n"
	for name, tc := range map[string]struct {
		text   string
		from   string
		images []string
		// want is the image of each trial in its order, or an error that begins with "error "; note is in the notes, or there
		// is none.
		want, note string
	}{
		"a variable without an extension":     {ascTrial("1", "TRIALID 1", "!V TRIAL_VAR scene two") + ascTrial("2", "TRIALID 2", "!V TRIAL_VAR scene one"), "", []string{"1.png", "2.png", "one.png", "two.png"}, "two.png one.png", ""},
		"labels and data":                     {"MSG 2 TRIAL_VAR_LABELS side picture\n" + ascTrial("1", "TRIALID 1", "!V TRIAL_VAR_DATA 2 one"), "", []string{"one.png", "2.png"}, "one.png", ""},
		"data without labels":                 {ascTrial("1", "TRIALID 7", "!V TRIAL_VAR_DATA left b.png"), "", []string{"b.png", "7.png"}, "b.png", ""},
		"data with a blank too many":          {"MSG 2 !V TRIAL_VAR_LABELS kind image\n" + ascTrial("1", "TRIALID 7", "!V TRIAL_VAR_DATA far left b.png"), "", []string{"b.png"}, "b.png", ""},
		"a variable of OpenSesame":            {ascTrial("1", "start_trial 3", "stop_trial", "var correct 1", "var scan scans/b.png"), "", []string{"b.png", "3.png"}, "b.png", ""},
		"a picture in a message":              {ascTrial("1", "TRIALID 7", "showing 'set/b.png' now"), "", []string{"b.png", "7.png"}, "b.png", ""},
		"pictures, one of which is an image":  {ascTrial("1", "TRIAL_ID: 7", "draw mask.png", "draw b.png"), "", []string{"b.png", "7.png"}, "b.png", ""},
		"a variable that is called TRIALID":   {ascTrial("1", "start_trial 3", "stop_trial", "var trialId NA", "var TRIALID NA", "var picture b.png", "var size 7"), "", []string{"b.png", "7.png"}, "b.png", ""},
		"a bare number":                       {ascTrial("1", "TRIALID 2"), "", []string{"1.png", "2.png"}, "2.png", `numbers are taken for names of images, as 2 for "2.png"`},
		"a number that a variable repeats":    {ascTrial("1", "TRIALID 2", "!V TRIAL_VAR trial 2"), "", []string{"1.png", "2.png"}, "2.png", "numbers are taken"},
		"the name of a picture":               {ascTrial("1", "TRIALID 2 set/2.png"), "", []string{"1.png", "2.png"}, "2.png", ""},
		"two variables, one of which is none": {ascTrial("1", "TRIALID 2", "!V TRIAL_VAR cue arrow.png", "!V TRIAL_VAR scene b.png"), "", []string{"b.png", "2.png"}, "b.png", ""},
		"two variables that are images":       {ascTrial("1", "TRIALID 2", "!V TRIAL_VAR cue a", "!V TRIAL_VAR scene b"), "", []string{"a.png", "b.png"}, `error s.asc:3: a trial whose image may be "a" or "b", both of which are among the images`, ""},
		"two, of which one is named":          {ascTrial("1", "TRIALID 2", "!V TRIAL_VAR cue a", "!V TRIAL_VAR scene b"), "Scene", []string{"a.png", "b.png"}, "b.png", ""},
		"none of the named one in a trial":    {ascTrial("1", "TRIALID 1", "!V TRIAL_VAR scene a") + ascTrial("2", "TRIALID 2 b.png"), "scene", []string{"a.png", "b.png"}, `error s.asc:8: 1 of 2 trials of reader "s" name no image`, ""},
		"none that is an image":               {ascTrial("1", "TRIALID 2", "!V TRIAL_VAR scene c"), "", []string{"a.png"}, `error s.asc:3: gaze for image "2", which is not among the images`, ""},
		"a blank in the path":                 {ascTrial("1", "TRIALID 2", "!V TRIAL_VAR image my scans/b c.png"), "", []string{"b c.png"}, "b c.png", ""},
		"Latin-1":                             {ascTrial("1", "TRIALID 2", "!V TRIAL_VAR image gr\xf6\xdfe.png"), "", []string{"größe.png"}, "größe.png", ""},
		"a name cut off":                      {ascTrial("1", "TRIALID patient_0001_le"), "", []string{"patient_0001_left.png", "patient_0001_right.png"}, "patient_0001_left.png", `"patient_0001_le" is taken for "patient_0001_left.png"`},
		"a name cut off too soon":             {ascTrial("1", "TRIALID patient_0001"), "", []string{"patient_0001_left.png", "patient_0001_right.png"}, `error 2 of them begin so, as "patient_0001_left.png" and "patient_0001_right.png"`, ""},
		"a beginning too short to tell":       {ascTrial("1", "TRIALID pat"), "", []string{"patient_0001_left.png"}, `error gaze for image "pat", which is not among the images`, ""},
	} {
		got, notes := "", ""
		set, err := readText("s.asc", "eyelink", screen+tc.text, ReadOptions{ImageFrom: tc.from})
		if err == nil {
			var items [][]string
			items, err = alignedTo(set, tc.images)
			notes = strings.Join(set.Notes, "\n")
			for _, item := range items {
				got += strings.Join(item, "") + " "
			}
		}
		got = strings.TrimSpace(got)
		if err != nil {
			got = "error " + err.Error()
		}
		if want, bad := strings.CutPrefix(tc.want, "error "); bad && !strings.Contains(got, want) || !bad && got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
		if !strings.Contains(notes, tc.note) || tc.note == "" && notes != "" {
			t.Errorf("%s: notes %q, want %q", name, notes, tc.note)
		}
	}
}

// alignedTo is the names of the images of a set's recordings, one after the other.
func alignedTo(set *Set, names []string) ([][]string, error) {
	var found [][]string
	all := set.Recordings
	for i := range all {
		set.Recordings = all[i : i+1]
		items, skips, err := set.Align(pictured(400, 300, names...), AlignOptions{SkipBad: true})
		if err != nil {
			return nil, err
		}
		for _, p := range skips {
			if p.File == all[i].File {
				return nil, p
			}
		}
		var images []string
		for k, recordings := range items {
			if len(recordings) > 0 {
				images = append(images, names[k])
			}
		}
		found = append(found, images)
	}
	return found, nil
}

// A table of any kind may have names that were cut off, and its columns say which images.
func TestNamesCutOffInTables(t *testing.T) {
	set, err := readText("g.csv", "table", "image,x [px],y [px],duration [s]\nISIC_2018_00,10,20,0.3\n", ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if items, _, err := set.Align(pictured(400, 300, "ISIC_2018_0012.jpg"), AlignOptions{}); err != nil || len(items[0]) != 1 || len(set.Notes) != 1 {
		t.Errorf("%v, %v, notes %q", items, err, set.Notes)
	}
}

// A manifest takes a trial by any of the names that it may have.
func TestManifestTakesCandidates(t *testing.T) {
	dir := write(t, map[string]string{"items.csv": "image,gaze\ntwo.png,s.asc\n2.png,s.asc\n", "s.asc": ascTrial("1", "TRIALID 1", "!V TRIAL_VAR scene two") + ascTrial("2", "TRIALID 2")})
	set, err := Load(dir, ReadOptions{})
	if err != nil || len(set.Recordings) != 2 || set.Recordings[0].Image != "two.png" || set.Recordings[1].Image != "2.png" || !strings.Contains(strings.Join(set.Notes, " "), "as 2 for \"2.png\"") {
		t.Errorf("%+v, %v", set, err)
	}
}

// Trials that name no image are never joined, nor named by their file.
func TestTrialsWithoutImages(t *testing.T) {
	block := func(at string) string {
		return "START " + at + "002 LEFT EVENTS\nEFIX L " + at + "010 " + at + "209 200 50.0 60.0 1\nEND " + at + "500 EVENTS\n"
	}
	rows := "image,x [px],y [px],start [s],duration [s]\n"
	for name, tc := range map[string]struct{ format, file, text, want string }{
		"blocks of an EyeLink":        {"eyelink", "a.asc", block("1") + block("2"), `error a.asc:1: 2 of 2 trials of reader "a" name no image; expected a trial variable with the image`},
		"one with an image":           {"eyelink", "a.asc", block("1") + "MSG 1600 !V TRIAL_VAR image b.png\n" + block("2"), `error a.asc:5: 1 of 2 trials of reader "a" name no image`},
		"a single block":              {"eyelink", "a.asc", block("1"), "/a 0x0 screen: (50 60 0.008+0.2)\n"},
		"a block that was broken off": {"eyelink", "a.asc", "START 100 LEFT EVENTS\nEND 200 EVENTS\n" + block("1"), "/a 0x0 screen: (50 60 0.008+0.2)\n"},
		"two recordings with glasses": {"pupil-neon", "fixations.csv", strings.ReplaceAll(neonFixations, "s1,r1,2", "s2,r1,2"), `error fixations.csv:2: 2 of 2 trials of reader "r1" name no image; expected an enrichment that maps gaze to images`},
		"trials of a table":           {"table", "a.csv", strings.ReplaceAll(rows, "image", "trial") + "1,10,20,0,0.3\n2,30,40,0,0.3\n", `error a.csv:2: 2 of 2 trials of reader "" name no image; expected a column with the image, or a manifest`},
		"showings in an export":       {"tobii", "a.tsv", tabs("Recording timestamp [ms] | Recording name | Eye movement type | Eye movement type index | Fixation point X | Fixation point Y", "0 | R1 | Fixation | 1 | 5 | 6", "20 | R2 | Fixation | 1 | 7 | 8"), "/R1 0x0 screen: (5 6 0+0.02)\n/R2 0x0 screen: (7 8 0+0)\n"},
	} {
		set, err := readText(tc.file, tc.format, tc.text, ReadOptions{})
		got := "error "
		if err == nil {
			got = account(set)
		} else {
			got += err.Error()
		}
		if want, bad := strings.CutPrefix(tc.want, "error "); bad && !strings.Contains(got, want) || !bad && got != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, tc.want)
		}
		if strings.HasPrefix(tc.want, "error ") {
			if set, err := readText(tc.file, tc.format, tc.text, ReadOptions{SkipBad: true}); err != nil || len(set.Skips) != 1 {
				t.Errorf("%s: skips %v, %v", name, set.Skips, err)
			}
		}
	}
}
