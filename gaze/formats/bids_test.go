package formats

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// zip is a text in gzip.
func zip(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// The data set is written from the specification.
const (
	bidsPhysio = `{"SamplingFrequency": 100, "StartTime": 1, "PhysioType": "eyetrack", "RecordedEye": "left", "SampleCoordinateSystem": "gaze-on-screen",
"Columns": ["timestamp", "x_coordinate", "y_coordinate", "pupil_size"], "x_coordinate": {"Units": "pixel"}, "y_coordinate": {"Units": "pixel"}}`
	bidsScreenJSON = `{"StimulusPresentation": {"ScreenDistance": 0.68, "ScreenOrigin": ["top", "left"], "ScreenResolution": [1280, 1024], "ScreenSize": [0.38, 0.30]}}`
	bidsRows       = "5000\t100\t200\t3\n5010\t102\t202\t3\n5020\tn/a\tn/a\tn/a\n5030\t300\t400\t3\n5040\t302\t402\t3\n5050\t500\t500\t3\n"
	bidsEvents     = "onset\tduration\ttrial_type\tstim_file\n1.0\t0.025\tgo\tpics/a.png\n0.5\t0.1\tfixation cross\tn/a\n1.03\tn/a\tgo\tpics/b.png\n"
	bidsName       = "sub-01_task-see_recording-eye1_physio.tsv.gz"
	bidsEventsJSON = `{"Columns": ["onset", "duration", "trial_type", "blink"], "OnsetSource": "timestamp"}`
)

// bidsSet is the files of a data set with one run; more replaces or adds some, "" takes away.
func bidsSet(more map[string]string) map[string]string {
	files := map[string]string{
		"dataset_description.json":                              `{"Name": "x", "BIDSVersion": "1.11.1"}`,
		"task-see_events.json":                                  bidsScreenJSON,
		"sub-01/beh/" + bidsName:                                zip(bidsRows),
		"sub-01/beh/sub-01_task-see_recording-eye1_physio.json": bidsPhysio,
		"sub-01/beh/sub-01_task-see_events.tsv":                 bidsEvents,
	}
	maps.Copy(files, more)
	maps.DeleteFunc(files, func(_, text string) bool { return text == "" })
	return files
}

func TestBIDS(t *testing.T) {
	const resolution = " 40.997,41.159 px/deg: "
	physioEvents := func(rows string) map[string]string {
		return map[string]string{"sub-01/beh/sub-01_task-see_recording-eye1_physioevents.tsv.gz": zip(rows), "sub-01/beh/sub-01_task-see_recording-eye1_physioevents.json": bidsEventsJSON}
	}
	ticks := "5000\t10\tfixation\t0\n5015\t10\tsaccade\t1\n5030\t20\tfixation\tn/a\n"
	screen := func(old, new string) map[string]string {
		return map[string]string{"task-see_events.json": strings.Replace(bidsScreenJSON, old, new, 1)}
	}
	physio := func(old, new string) map[string]string {
		return map[string]string{"sub-01/beh/sub-01_task-see_recording-eye1_physio.json": strings.Replace(bidsPhysio, old, new, 1)}
	}
	join := func(sets ...map[string]string) map[string]string {
		all := map[string]string{}
		for _, s := range sets {
			maps.Copy(all, s)
		}
		return all
	}
	a := "pics/a.png/sub-01 1280x1024 screen"
	b := "pics/b.png/sub-01 1280x1024 screen"
	samples := a + resolution + "100,200@0 102,202@0.01 lost@0.02\n" + b + resolution + "300,400@0 302,402@0.01 500,500@0.02\ndropped: 1 without a position\n"
	for name, tc := range map[string]struct {
		files   map[string]string
		options ReadOptions
		want    string
	}{
		"samples":                      {nil, ReadOptions{}, samples},
		"not in gzip":                  {map[string]string{"sub-01/beh/" + bidsName: bidsRows}, ReadOptions{}, samples},
		"without images":               {map[string]string{"sub-01/beh/sub-01_task-see_events.tsv": ""}, ReadOptions{}, "/sub-01 1280x1024 screen" + resolution + "100,200@0 102,202@0.01 lost@0.02 300,400@0.03 302,402@0.04 500,500@0.05\ndropped: 1 without a position\n"},
		"fixations, in seconds":        {physioEvents("5000\t0.01\tfixation\t0\n5015\t0.01\tsaccade\t1\n5030\t0.02\tfixation\tn/a\n5055\t0.001\tfixation\t0\n"), ReadOptions{}, a + resolution + "(101 201 0+0.01)\n" + b + resolution + "(367.333 434 0+0.02)\ndropped: 1 without a position, 1 in a blink\n"},
		"fixations, in ticks":          {physioEvents(strings.ReplaceAll(ticks, "\t10\t", "\t11\t")), ReadOptions{}, a + resolution + "(101 201 0+0.011)\n" + b + resolution + "(367.333 434 0+0.02)\ndropped: 1 in a blink\n"},
		"fixations, by rows":           {join(physioEvents("0\t0.01\tfixation\t0\n3\t0.005\tfixation\t0\n"), map[string]string{"sub-01/beh/sub-01_task-see_recording-eye1_physioevents.json": strings.Replace(bidsEventsJSON, "timestamp", "n/a", 1)}), ReadOptions{}, a + resolution + "(101 201 0+0.01)\n" + b + resolution + "(300 400 0+0.005)\n"},
		"fixations, by a draft's name": {join(physioEvents(ticks), map[string]string{"sub-01/beh/sub-01_task-see_recording-eye1_physioevents.json": strings.Replace(bidsEventsJSON, "OnsetSource", "ForeignIndexColumn", 1)}), ReadOptions{}, a + resolution + "(101 201 0+0.01)\n" + b + resolution + "(367.333 434 0+0.02)\ndropped: 1 in a blink\n"},
		"fixations among messages": {join(physioEvents("4900\tn/a\tn/a\tn/a\t\"RECCFG CR 100 2 0 R\"\n4950\tn/a\tn/a\tn/a\tno \"quotes\" here\n5000\t11\tfixation\t0\tn/a\n5015\t231\tsaccade\t1\tn/a\n5030\t20\tfixation\t0\tn/a\n"),
			map[string]string{"sub-01/beh/sub-01_task-see_recording-eye1_physioevents.json": strings.Replace(bidsEventsJSON, `"blink"`, `"blink", "message"`, 1)}), ReadOptions{}, a + resolution + "(101 201 0+0.011)\n" + b + resolution + "(367.333 434 0+0.02)\ndropped: 1 in a blink\n"},
		"fixations, not wanted":        {physioEvents(ticks), ReadOptions{Samples: true}, samples},
		"the origin at the centre":     {screen(`["top", "left"]`, `"center"`), ReadOptions{}, strings.NewReplacer("100,200@", "740,312@", "102,202@", "742,310@", "300,400@", "940,112@", "302,402@", "942,110@", "500,500@", "1140,12@").Replace(samples)},
		"the origin at the lower left": {screen(`["top", "left"]`, `"bottom-left"`), ReadOptions{}, strings.NewReplacer("100,200@", "100,824@", "102,202@", "102,822@", "300,400@", "300,624@", "302,402@", "302,622@", "500,500@", "500,524@").Replace(samples)},
		"a distance along three axes":  {screen("0.68", "[0, -0.6, 0.32]"), ReadOptions{}, samples},
		"no distance":                  {screen("0.68", `"n/a"`), ReadOptions{}, strings.ReplaceAll(samples, resolution, ": ")},
		"a distance in centimetres":    {screen("0.68", "68"), ReadOptions{}, strings.ReplaceAll(samples, resolution, ": ")},
		"a byte-order mark":            {map[string]string{"sub-01/beh/" + bidsName: zip("\ufeff" + bidsRows)}, ReadOptions{}, samples},
		"an image without a sample":    {map[string]string{"sub-01/beh/sub-01_task-see_events.tsv": bidsEvents + "9\t1\tgo\tpics/c.png\n"}, ReadOptions{}, strings.Replace(samples, "dropped", "pics/c.png/sub-01 1280x1024 screen 40.997,41.159 px/deg:\ndropped", 1)},
		"the onset of an image alone":  {map[string]string{"sub-01/beh/sub-01_task-see_events.tsv": strings.Replace(bidsEvents, "1.03\tn/a", "1.03\t0.0", 1)}, ReadOptions{}, samples},
		"images of the task":           {map[string]string{"sub-01/beh/sub-01_task-see_events.tsv": "", "task-see_events.tsv": bidsEvents, "task-hear_events.tsv": "onset\tduration\tstim_file\n0\tn/a\tno.png\n"}, ReadOptions{}, samples},
		"no start, no onset":           {join(physio(`"StartTime": 1, `, ""), map[string]string{"sub-01/beh/sub-01_task-see_events.tsv": "onset\tduration\t\n\n"}), ReadOptions{}, "/sub-01 1280x1024 screen" + resolution + "100,200@0 102,202@0.01 lost@0.02 300,400@0.03 302,402@0.04 500,500@0.05\ndropped: 1 without a position\n"},
		"no screen":                    {map[string]string{"task-see_events.json": ""}, ReadOptions{}, strings.NewReplacer(resolution, ": ", "1280x1024", "0x0").Replace(samples)},
		"millimetres on the screen":    {join(physio(`"x_coordinate": {"Units": "pixel"}`, `"x_coordinate": {"Units": "mm"}`), map[string]string{"sub-01/beh/" + bidsName: zip("0\t190\t512\t1\n")}, map[string]string{"sub-01/beh/sub-01_task-see_events.tsv": ""}), ReadOptions{}, "/sub-01 1280x1024 screen" + resolution + "640,512@0\n"},
		"a scene camera":               {physio("gaze-on-screen", "gaze-in-world"), ReadOptions{}, strings.NewReplacer(resolution, ": ", "1280x1024", "0x0").Replace(samples)},
		"nanoseconds, declared":        {join(physio(`"x_coordinate": {`, `"timestamp": {"Units": "ns"}, "x_coordinate": {`), map[string]string{"sub-01/beh/" + bidsName: zip("0\t1\t2\t3\n10000000\t3\t4\t3\n")}), ReadOptions{}, a + resolution + "1,2@0 3,4@0.01\n" + b + resolution[:len(resolution)-1] + "\n"},
	} {
		set, err := Load(write(t, bidsSet(tc.files)), tc.options)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := account(set); got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, tc.want)
		}
	}
}

func TestBadBIDS(t *testing.T) {
	json := "sub-01/beh/sub-01_task-see_recording-eye1_physio.json"
	physio := func(old, new string) map[string]string {
		return map[string]string{json: strings.Replace(bidsPhysio, old, new, 1)}
	}
	screen := func(old, new string) map[string]string {
		return map[string]string{"task-see_events.json": strings.Replace(bidsScreenJSON, old, new, 1)}
	}
	rows := func(more string) map[string]string {
		return map[string]string{"sub-01/beh/" + bidsName: zip(bidsRows + more)}
	}
	events := func(name, text string) map[string]string {
		return map[string]string{"sub-01/beh/sub-01_task-see_recording-eye1_physioevents.tsv.gz": zip("5000\t10\tfixation\t0\n" + text), "sub-01/beh/sub-01_task-see_recording-eye1_physioevents.json": name}
	}
	for name, tc := range map[string]struct {
		files map[string]string
		want  string // behind the folder's name
	}{
		"a row":                {rows("5060\there\t1\t1\n"), bidsName + `:7:6: x_coordinate is "here", expected a number, or nothing where it is missing`},
		"a time":               {rows("n/a\t1\t1\t1\n"), bidsName + `:7:1: timestamp is "n/a", expected a time`},
		"back in time":         {rows("5000\t1\t1\t1\n"), bidsName + `:7:1: timestamp is "5000", expected a time that is not before the one above it`},
		"fields":               {rows("5060\t1\t1\n"), bidsName + `:7: 3 fields, expected 4 as in the header`},
		"cut off":              {map[string]string{"sub-01/beh/" + bidsName: zip(bidsRows)[:40]}, bidsName + `: no whole gzip file: unexpected EOF`},
		"nothing":              {map[string]string{"sub-01/beh/" + bidsName: zip("\n")}, bidsName + `: no sample, expected a row for each`},
		"a heart":              {map[string]string{json: `{"PhysioType": "generic"}`}, bidsName + `: PhysioType is "generic", expected eyetrack in the JSON file beside it`},
		"no JSON object":       {map[string]string{json: "{\n \"a\": 1,\n x}"}, filepath.Base(json) + `:3:2: invalid character 'x' looking for beginning of object key string, expected a JSON object`},
		"no column":            {physio(`"timestamp", `, ""), bidsName + `: Columns in the JSON file lacks "timestamp"; expected timestamp, x_coordinate, y_coordinate`},
		"a column twice":       {physio(`"pupil_size"`, `"timestamp"`), bidsName + `: Columns in the JSON file has "timestamp" twice`},
		"no rate":              {physio(`"SamplingFrequency": 100, `, ""), bidsName + `: the JSON file has SamplingFrequency not at all, expected a number`},
		"no start":             {physio(`"StartTime": 1`, `"StartTime": "n/a"`), bidsName + `: the JSON file has StartTime "n/a", expected a number`},
		"a rate that fits not": {physio(`100,`, `7,`), bidsName + `: the unit of timestamp is not known; expected Units of timestamp, or a SamplingFrequency that fits s, ms, us or ns`},
		"a unit of time":       {physio(`"x_coordinate": {`, `"timestamp": {"Units": "frames"}, "x_coordinate": {`), bidsName + `: the unit of timestamp is not known; expected s, ms, us or ns in the JSON file, found "frames"`},
		"a unit of length":     {physio(`"pixel"`, `"deg"`), bidsName + `: the Units of x_coordinate are "deg", expected pixel, m, cm or mm`},
		"a length, no size":    {map[string]string{json: strings.Replace(bidsPhysio, `"pixel"`, `"mm"`, 1), "task-see_events.json": ""}, bidsName + `: x_coordinate is a length on the screen, but StimulusPresentation has no ScreenSize and ScreenResolution`},
		"in the head":          {physio("gaze-on-screen", "eye-in-head"), bidsName + `: SampleCoordinateSystem is "eye-in-head", expected gaze-on-screen, or gaze-in-world for a scene camera`},
		"a resolution":         {screen("[1280, 1024]", "[1280]"), bidsName + `: ScreenResolution is [1280], expected width and height in pixels`},
		"an origin":            {screen(`["top", "left"]`, `"top-right"`), bidsName + `: ScreenOrigin is "top-right", expected top left, bottom left or centre`},
		"an origin, no screen": {map[string]string{"task-see_events.json": `{"StimulusPresentation": {"ScreenOrigin": "center"}}`}, bidsName + `: ScreenOrigin is "center", but ScreenResolution is not given`},
		"no start at all":      {physio(`"StartTime": 1, `, ""), bidsName + `: the JSON file has StartTime not at all, expected a number`},
		"a start in ticks": {map[string]string{json: strings.Replace(bidsPhysio, `"StartTime": 1`, `"StartTime": 45446`, 1), "sub-01/beh/sub-01_task-see_events.tsv": strings.Replace(bidsEvents, "1.03\tn/a", "1.03\t2", 1)},
			`sub-01_task-see_events.tsv:2: the images are there from 1 s to 3.03 s and the samples from 45446 s to 45446.1 s, expected onset, duration and StartTime by one clock`},
		"an image's onset":   {map[string]string{"sub-01/beh/sub-01_task-see_events.tsv": bidsEvents + "soon\t1\tgo\tc.png\n"}, `sub-01_task-see_events.tsv:5:1: onset is "soon", expected a time`},
		"a fixation":         {events(bidsEventsJSON, "5010\tlong\tfixation\t0\n"), `sub-01_task-see_recording-eye1_physioevents.tsv.gz:2:6: duration is "long", expected a time that is not negative`},
		"a fixation's row":   {events(strings.Replace(bidsEventsJSON, "timestamp", "n/a", 1), ""), `sub-01_task-see_recording-eye1_physioevents.tsv.gz:1:1: onset is "5000", expected the number of a sample, 0 to 5`},
		"a fixation's unit":  {events(strings.Replace(bidsEventsJSON, `"OnsetSource"`, `"duration": {"Units": "frames"}, "OnsetSource"`, 1), ""), `sub-01_task-see_recording-eye1_physioevents.tsv.gz: the Units of duration are "frames", expected s, ms, us or ns`},
		"events, no columns": {events(`{}`, ""), `sub-01_task-see_recording-eye1_physioevents.tsv.gz: Columns in the JSON file lacks "onset"; expected onset, duration, trial_type`},
	} {
		dir := write(t, bidsSet(tc.files))
		_, err := Load(filepath.Join(dir, "sub-01", "beh", bidsName), ReadOptions{Format: "bids"})
		if want := filepath.Join(dir, "sub-01", "beh", tc.want); err == nil || err.Error() != want {
			t.Errorf("%s: error\n%v\nwant\n%s", name, err, want)
		}
	}
}

// A distance that cannot be in metres is not used, and said.
func TestBIDSDistanceInCentimetres(t *testing.T) {
	const tick = "timestamps of BIDS without Units are read in units of 0.001 s, which makes SamplingFrequency true"
	const note = bidsName + ": the screen is farther than 10 m by ScreenDistance, which has to be in metres; pixels per degree are not known"
	for distance, want := range map[string]string{"0.68": "[" + tick + "]", "68": "[" + note + " " + tick + "]"} {
		set, err := Load(write(t, bidsSet(map[string]string{"task-see_events.json": strings.Replace(bidsScreenJSON, "0.68", distance, 1)})), ReadOptions{})
		if err != nil || fmt.Sprint(set.Notes) != want {
			t.Errorf("%s: notes %q, %v, want %s", distance, set.Notes, err, want)
		}
	}
}

// Of a data set's files those of eyes are read, one eye a run, and the nearest JSON file wins.
func TestBIDSFolder(t *testing.T) {
	files := bidsSet(map[string]string{
		"sub-01/beh/sub-01_task-see_recording-eye2_physio.tsv.gz":             zip(bidsRows),
		"sub-01/beh/sub-01_task-see_recording-eye2_physio.json":               strings.Replace(bidsPhysio, "left", "right", 1),
		"sub-01/beh/sub-01_task-see_recording-heart_physio.tsv.gz":            zip("1\t2\t3\n"),
		"sub-01/beh/sub-01_task-see_recording-heart_physio.json":              `{"PhysioType": "generic", "Columns": ["a", "b", "c"]}`,
		"sub-02/ses-1/beh/sub-02_ses-1_task-see_recording-eye1_physio.tsv.gz": zip(bidsRows),
		"sub-02/ses-1/beh/sub-02_ses-1_task-see_recording-eye3_physio.tsv.gz": zip(bidsRows),
		"sub-02/ses-1/beh/sub-02_ses-1_task-see_recording-eye3_physio.json":   `{"RecordedEye": "cyclopean"}`,
		"task-see_physio.json":      bidsPhysio,
		"sub-02/sub-02_events.json": strings.Replace(bidsScreenJSON, "[1280, 1024]", "[640, 512]", 1),
		"derivatives/sub-01/beh/sub-01_task-see_recording-eye9_physio.tsv.gz": zip(bidsRows),
	})
	dir := write(t, files)
	set, err := Load(dir, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range set.Files {
		names = append(names, filepath.Base(f))
	}
	if got := fmt.Sprint(names); got != "[sub-01_task-see_recording-eye1_physio.tsv.gz sub-02_ses-1_task-see_recording-eye3_physio.tsv.gz]" {
		t.Errorf("read %s", got)
	}
	if r := set.Recordings[len(set.Recordings)-1]; r.Reader != "sub-02" || r.Width != 640 || len(set.Recordings) != 3 {
		t.Errorf("%+v", set.Recordings)
	}
	for _, part := range []string{"sub-01", "sub-01/beh"} { // one eye, and no heart
		if set, err := Load(filepath.Join(dir, filepath.FromSlash(part)), ReadOptions{}); err != nil || len(set.Files) != 1 || filepath.Base(set.Files[0]) != bidsName {
			t.Errorf("%s: %+v, %v", part, set, err)
		}
	}
	bracketed := filepath.Join(t.TempDir(), "data [1]")
	if err := os.Rename(write(t, files), bracketed); err != nil {
		t.Fatal(err)
	}
	if set, err := Load(bracketed, ReadOptions{}); err != nil || len(set.Files) != 2 {
		t.Errorf("a folder with brackets: %+v, %v", set, err)
	}
	single, err := Load(filepath.Join(dir, "sub-01", "beh", bidsName), ReadOptions{})
	if err != nil || len(single.Recordings) != 2 || single.Formats[0] != "bids" {
		t.Errorf("a file: %+v, %v", single, err)
	}
	for _, other := range []string{bidsRows, zip("onset\tduration\ttrial_type\n1\t2\tx\n"), zip("1\t2\tfixation\n"), zip("1\t2\n"), zip(""), "\x1f\x8b"} {
		if sniffBIDS([]byte(other)) {
			t.Errorf("%q is no BIDS file", other)
		}
	}
	if long := zip(strings.Repeat(bidsRows, 100_000)); !sniffBIDS([]byte(long)[:headSize]) {
		t.Error("the head of a long file is not recognised")
	}
}

func FuzzBIDS(f *testing.F) {
	f.Add([]byte(bidsRows), []byte(bidsPhysio), []byte(bidsScreenJSON), []byte(bidsEvents), []byte("5000\t10\tfixation\t0\n5030\t20\tfixation\tn/a\n"))
	f.Add([]byte("0\t190\t512\t1\n"), []byte(strings.ReplaceAll(bidsPhysio, "pixel", "mm")), []byte(strings.Replace(bidsScreenJSON, "top", "bottom", 1)), []byte(""), []byte(""))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, rows, physio, screen, events, physioEvents []byte) {
		base := filepath.Join(dir, "sub-01_task-see_recording-eye1_")
		for name, data := range map[string][]byte{base + "physio.json": physio, base + "physioevents.tsv.gz": physioEvents, base + "physioevents.json": []byte(bidsEventsJSON),
			filepath.Join(dir, "sub-01_task-see_events.json"): screen, filepath.Join(dir, "sub-01_task-see_events.tsv"): events} {
			if err := os.WriteFile(name, data, 0o644); err != nil {
				t.Fatal(err)
			}
			if len(data) == 0 {
				os.Remove(name)
			}
		}
		check(t, "bids", base+"physio.tsv.gz", rows)
	})
}
