package formats

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The tables are written from the source that makes the data set; there is no sample.
const (
	reflacxShown    = "x_position,y_position,pupil_area_normalized,angular_resolution_x_pixels_per_degree,angular_resolution_y_pixels_per_degree,window_width,window_level,xmin_shown_from_image,ymin_shown_from_image,xmax_shown_from_image,ymax_shown_from_image,xmin_in_screen_coordinates,ymin_in_screen_coordinates,xmax_in_screen_coordinates,ymax_in_screen_coordinates\r\n"
	reflacxFixation = "timestamp_start_fixation,timestamp_end_fixation," + reflacxShown
	reflacxSample   = "timestamp_sample," + reflacxShown
	reflacxMetadata = "id,split,eye_tracking_data_discarded,image,dicom_id,subject_id,image_size_x,image_size_y,Fracture\r\n"
	reflacxWhole    = ",1.0,90,91,1.0,0.5,0,0,2544,3056,900,0,1700,1080\r\n"
	reflacxZoomed   = ",1.0,30,31,1.0,0.5,1000,1000,1500,1600,900,0,1700,1080\r\n"
)

func init() {
	sniffSamples["reflacx"] = []string{reflacxFixation + "0.5,0.8,100,200" + reflacxWhole, reflacxSample + "0.5,100,200" + reflacxWhole, reflacxMetadata}
}

func TestREFLACX(t *testing.T) {
	line := func(start, x string, rest string) string { return start + "," + x + rest }
	testCases(t, "reflacx", filepath.Join(t.TempDir(), "P100", "g.csv"), ReadOptions{}, map[string]readCase{
		"fixations": {reflacxFixation + "-0.5,-0.2,100,200" + reflacxWhole + "1,1.25,1200,1300" + reflacxZoomed,
			"P100/P100 0x0 line 2: (100 200 -0.5+0.3 at 90,91) (1200 1300 1+0.25 at 30,31)\n"},
		"samples": {reflacxSample + "0.001,100,200" + reflacxWhole + "0.002,,200" + reflacxWhole + "0.003,1200,1300" + reflacxZoomed,
			"P100/P100 0x0 line 2: [100 200 0.001 at 90,91] [lost 0.002 at 90,91] [1200 1300 0.003 at 30,31]\n1 without a position\n"},
		"beside the part shown": {reflacxFixation + "0,1,1501,1601" + reflacxZoomed + "1,2,1502,1500" + reflacxZoomed + "2,3,1200,998" + reflacxZoomed + "4,5,-5,9" + reflacxWhole,
			"P100/P100 0x0 line 2: (1501 1601 0+1 at 30,31)\n3 outside the image\n"},
		"samples beside it": {reflacxSample + "0,1200,1200" + reflacxZoomed + "1,1502,1500" + reflacxZoomed,
			"P100/P100 0x0 line 2: [1200 1200 0 at 30,31] [lost 1 at 30,31]\n1 outside the image\n"},
		"nothing known of the view": {reflacxFixation + "0,1,150,160,1,,,,,,,,,,,,\r\n", "P100/P100 0x0 line 2: (150 160 0+1)\n"},
		"no times":                  {reflacxShown, `error g.csv:1: the header lacks the column "timestamp_start_fixation"; expected timestamp_start_fixation, timestamp_end_fixation, x_position`},
		"a header alone":            {reflacxFixation, "P100/P100 0x0 line 1:\n"},
		"an end before its start":   {reflacxFixation + "0.5,0.2,100,200" + reflacxWhole, `error g.csv:2:5: timestamp_end_fixation is "0.2", expected a time no earlier than timestamp_start_fixation`},
		"a word for a time":         {reflacxFixation + line("0,soon", "100,200", reflacxWhole), `error g.csv:2:3: timestamp_end_fixation is "soon", expected a time in seconds`},
		"a word for a place":        {reflacxFixation + line("0,1", "100,low", reflacxWhole), `error g.csv:2:9: y_position is "low", expected a number, or nothing where it is missing`},
		"a word for a side":         {reflacxFixation + "0,1,2,3,1.0,90,91,1.0,0.5,left,0,2544,3056,900,0,1700,1080\r\n", `error g.csv:2:27: xmin_shown_from_image is "left", expected a number`},
		"a word for a resolution":   {reflacxFixation + "0,1,2,3,1.0,fine,91,1.0,0.5,0,0,2544,3056,900,0,1700,1080\r\n", `error g.csv:2:13: angular_resolution_x_pixels_per_degree is "fine", expected a number`},
		"a start twice":             {reflacxFixation + "0,1,100,200" + reflacxWhole + "0,1,101,200" + reflacxWhole, `error g.csv:3: fixation 0 of image "P100", reader "P100", comes twice`},
		"samples that go back":      {reflacxSample + "0.2,100,200" + reflacxWhole + "0.1,100,200" + reflacxWhole, `error g.csv:3: a sample of image "P100", reader "P100", at 0.1 s, before the one above it at 0.2 s`},
	})
}

// reflacxSet is a data set of three readings, one of them discarded.
func reflacxSet() map[string]string {
	return map[string]string{
		"main_data/metadata_phase_1.csv":          reflacxMetadata + "P102R1,train,False,files/p10/a.dcm,a,7,2544,3056,1\r\nP103R2,train,True,files/p10/b.dcm,b,7,2544,3056,1\r\n",
		"main_data/metadata_phase_3.csv":          reflacxMetadata + "P300R3,test,False,,c,8,2544,3056,1\r\n",
		"main_data/P102R1/fixations.csv":          reflacxFixation + "0,1,100,200" + reflacxWhole,
		"gaze_data/P102R1/gaze.csv":               reflacxSample + "0.001,100,200" + reflacxWhole,
		"main_data/P103R2/chest_bounding_box.csv": "xmin,ymin,xmax,ymax\r\n1,2,3,4\r\n",
		"gaze_data/P300R3/gaze.csv":               reflacxSample + "0.001,100,200" + reflacxWhole + "0.002,2544,5" + reflacxWhole + "0.003,5,5" + reflacxWhole,
	}
}

func TestREFLACXDataSet(t *testing.T) {
	const (
		fixations = "files/p10/a.dcm/P102R1 2544x3056 line 2: (100 200 0+1 at 90,91)\n"
		samples   = "files/p10/a.dcm/P102R1 2544x3056 line 2: [100 200 0.001 at 90,91]\n"
		third     = "c/P300R3 2544x3056 line 2: [100 200 0.001 at 90,91] [2544 5 0.002 at 90,91] [5 5 0.003 at 90,91]\n1 outside the image\n"
	)
	dir := write(t, reflacxSet())
	for name, tc := range map[string]struct {
		path string
		o    ReadOptions
		want string
	}{
		"folder":                  {"", ReadOptions{}, fixations + third},
		"main_data":               {"main_data", ReadOptions{}, fixations + third},
		"samples are asked for":   {"", ReadOptions{Samples: true}, samples + third},
		"a phase":                 {"main_data/metadata_phase_1.csv", ReadOptions{}, fixations},
		"fixations of a reading":  {"main_data/P102R1/fixations.csv", ReadOptions{}, fixations},
		"samples of a reading":    {"gaze_data/P102R1/gaze.csv", ReadOptions{}, samples},
		"a reading of phase 3":    {"gaze_data/P300R3/gaze.csv", ReadOptions{}, third},
		"the files of one folder": {"main_data/P102R1", ReadOptions{Format: "reflacx"}, fixations},
	} {
		set, err := Load(filepath.Join(dir, filepath.FromSlash(tc.path)), tc.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := described(set); got != tc.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, tc.want)
		}
		if name == "folder" && (err != nil || !slices.Equal(set.Notes, []string{"metadata_phase_1.csv marks the gaze of 1 readings as discarded; they are left out"})) {
			t.Errorf("notes %q", set.Notes)
		}
	}
}

func TestBadREFLACXDataSet(t *testing.T) {
	for name, tc := range map[string]struct{ file, text, want string }{
		"no gaze":            {"main_data/metadata_phase_1.csv", reflacxMetadata + "P9,train,False,x.dcm,x,7,2544,3056,1\r\n", `metadata_phase_1.csv:2: reading "P9" has no gaze, expected `},
		"no size":            {"main_data/metadata_phase_1.csv", reflacxMetadata + "P102R1,train,False,x.dcm,x,7,0,3056,1\r\n", `metadata_phase_1.csv:2:30: image_size_x is "0", expected a size in pixels`},
		"no image":           {"main_data/metadata_phase_1.csv", reflacxMetadata + "P102R1,train,False,,,7,5,3056,1\r\n", `metadata_phase_1.csv:2:20: image is "", expected the name of an image`},
		"no word of it":      {"main_data/metadata_phase_1.csv", reflacxMetadata + "P102R1,train,maybe,,x,7,5,3056,1\r\n", `metadata_phase_1.csv:2:14: eye_tracking_data_discarded is "maybe", expected True or False`},
		"a path for an id":   {"main_data/metadata_phase_1.csv", reflacxMetadata + "../P102R1,train,False,,x,7,5,3056,1\r\n", `metadata_phase_1.csv:2:1: id is "../P102R1", expected the name of a reading's folder`},
		"no id":              {"main_data/metadata_phase_1.csv", reflacxMetadata + ",train,False,,x,7,5,3056,1\r\n", `metadata_phase_1.csv:2:1: id is "", expected`},
		"no column":          {"main_data/metadata_phase_1.csv", "id,eye_tracking_data_discarded,dicom_id\r\n", `metadata_phase_1.csv:1: the header lacks the column "image"`},
		"a bad gaze file":    {"main_data/P102R1/fixations.csv", reflacxFixation + "x,1,100,200" + reflacxWhole, `fixations.csv:2:1: timestamp_start_fixation is "x", expected a time in seconds`},
		"a gaze file of air": {"main_data/P102R1/fixations.csv", "", "fixations.csv: the file is empty"},
	} {
		files := reflacxSet()
		files[tc.file] = tc.text
		dir := write(t, files)
		if _, err := Load(dir, ReadOptions{}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
		set, err := Load(dir, ReadOptions{SkipBad: true})
		if name == "no column" {
			continue // a wrong header is an error in either mode
		}
		if err != nil || len(set.Skips) == 0 || !strings.Contains(set.Skips[0].Error(), tc.want) || !strings.Contains(described(set), "c/P300R3") {
			t.Errorf("%s: error %v, skips %v", name, err, set)
		}
	}
}

func FuzzREFLACX(f *testing.F) {
	f.Add([]byte(reflacxFixation + "-0.5,-0.2,100,200" + reflacxWhole + "1,1.25,1200,1300" + reflacxZoomed))
	f.Add([]byte(reflacxSample + "0.001,100,200" + reflacxWhole + "0.002,,200" + reflacxWhole))
	f.Add([]byte(reflacxMetadata + "P102R1,train,True,files/p10/a.dcm,a,7,2544,3056,1\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "reflacx", "g.csv", in) })
}
