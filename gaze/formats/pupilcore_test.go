package formats

import (
	"path/filepath"
	"strings"
	"testing"
)

// The files are written from the description of the exports: no sample could be had.
const (
	coreFixations = "id,start_timestamp,duration,start_frame_index,end_frame_index,norm_pos_x,norm_pos_y,dispersion,confidence,method\n" +
		"1,5000.5,250,1,8,0.25,0.75,1.2,0.99,gaze\n2,5001,300,9,17,0.5,0.1,1,0.59,gaze\n3,5002,100,18,20,0.5,0.1,1,0.6,gaze\n"
	coreSurface = "world_timestamp,world_index,fixation_id,start_timestamp,duration,dispersion,norm_pos_x,norm_pos_y,x_scaled,y_scaled,on_surf\n" +
		"10,1,4,9.9,200,1,0.1,0.2,1,2,True\n10.03,2,4,9.9,200,1,0.11,0.21,1,2,True\n10.1,3,5,10.1,150,1,1.2,0.2,1,2,False\n10.2,4,5,10.1,150,1,1.2,0.2,1,2,False\n10.3,5,6,10.3,50,1,0.3,0.4,1,2,True\n"
	coreGaze = "gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y,base_data\n100,0,0.9,0.5,0.25,x\n100.005,0,0.2,0.6,0.3,x\n100.01,1,1.0,1.5,0.3,x\n"
	// Of the years before version 1.3.
	coreOld         = "id,start_timestamp,duration,start_frame,end_frame,norm_pos_x,norm_pos_y,x_scaled,y_scaled,on_srf\n1,1000.1,0.25,3,10,0.5,0.75,400,450,True\n2,1000.45,0.4,13,25,1.25,0.5,1000,300,False\n3,1001,0.31,30,39,0.5,0.5,400,300,True\n"
	coreOldGaze     = "world_timestamp,world_frame_idx,eye_timestamp,x_norm,y_norm,x_scaled,y_scaled,on_srf\n10,1,10.001,0.5,0.25,1,1,True\n10,1,10.006,1.5,0.25,1,1,False\n"
	coreGazeSurface = "world_timestamp,world_index,gaze_timestamp,x_norm,y_norm,x_scaled,y_scaled,on_surf,confidence\n1,0,100,0.5,0.25,1,1,True,1\n1,0,100.1,1.5,0.25,1,1,False,1\n1,0,100.2,0.5,0.5,1,1,True,1\n"
)

func TestPupilCore(t *testing.T) {
	testGood(t, "pupil-core", []goodFile{
		{"fixations", "fixations.csv", coreFixations, ReadOptions{}, "/ 1x1 screen: (0.25 0.25 0+0.25) (0.5 0.9 1.5+0.1)\ndropped: 1 marked invalid\n"},
		{"on a surface", "x/fixations_on_surface_a b.jpg.csv", coreSurface, ReadOptions{}, "a b.jpg/ 1x1: (0.1 0.8 0+0.2) (0.3 0.6 0.4+0.05)\ndropped: 1 outside the image\n"},
		{"gaze", "gaze_positions.csv", coreGaze, ReadOptions{}, "/ 1x1 screen: 0.5,0.75@0 lost@0.005 1.5,0.7@0.01\ndropped: 1 marked invalid\n"},
		{"gaze on a surface", "gaze_positions_on_surface_A.csv", coreGazeSurface, ReadOptions{}, "A/ 1x1: 0.5,0.75@0 1.5,0.75@0.1 0.5,0.5@0.2\ndropped: 1 outside the image\n"},
		{"old fixations on a surface", "fixations_on_surface_a.csv", coreOld, ReadOptions{}, "a/ 1x1: (0.5 0.25 0+0.25) (0.5 0.5 0.9+0.31)\ndropped: 1 outside the image\n"},
		{"old gaze on a surface", "gaze_positions_on_surface_a.csv", coreOldGaze, ReadOptions{}, "a/ 1x1: 0.5,0.75@0 1.5,0.75@0.005\ndropped: 1 outside the image\n"},
		{"two fixations in a frame", "fixations_on_surface_a.csv", "world_timestamp,world_index,fixation_id,start_timestamp,duration,norm_pos_x,norm_pos_y,on_surf\n10.0,1,0,10,150,0.5,0.75,True\n10.1,2,0,10,150,0.5,0.75,True\n10.1,2,1,10.15,200,0.1,0.2,True\n" +
			"10.2,3,0,10,150,0.5,0.75,True\n10.2,3,1,10.15,200,0.1,0.2,True\n", ReadOptions{}, "a/ 1x1: (0.5 0.25 0+0.15) (0.1 0.8 0.15+0.2)\n"},
	})
	testBad(t, "pupil-core", []badFile{
		{"confidence", "g.csv", coreFixations + "4,5003,100,18,20,0.5,0.1,1,1.5,gaze\n", ReadOptions{}, `g.csv:5:28: confidence is "1.5", expected a confidence of 0 to 1`, false},
		{"a time", "g.csv", coreFixations + "4,,100,18,20,0.5,0.1,1,1,gaze\n", ReadOptions{}, `g.csv:5:3: start_timestamp is "", expected a time`, false},
		{"a duration", "g.csv", coreFixations + "4,5003,long,18,20,0.5,0.1,1,1,gaze\n", ReadOptions{}, `g.csv:5:8: duration is "long", expected a time that is not negative`, false},
		{"a position", "g.csv", coreFixations + "4,5003,100,18,20,0.5,here,1,1,gaze\n", ReadOptions{}, `g.csv:5:22: norm_pos_y is "here", expected a number, or nothing where it is missing`, false},
		{"a number", "g.csv", coreFixations + ",5003,100,18,20,0.5,0.5,1,1,gaze\n", ReadOptions{}, `g.csv:5:1: id is "", expected the number of the fixation`, false},
		{"twice", "g.csv", coreFixations + "3,5002,100,18,20,0.6,0.1,1,1,gaze\n", ReadOptions{}, `g.csv:5: fixation 1.5 of image "", reader "", comes twice or after a later one, that on line 4`, false},
		{"the surface", "g.csv", coreSurface + "10,1,9,10.9,200,1,0.1,0.2,1,2,perhaps\n", ReadOptions{}, `g.csv:7:31: on_surf is "perhaps", expected 1 or 0, true or false`, false},
		{"no positions", "g.csv", "id,start_timestamp,duration\n", ReadOptions{}, `g.csv:1: the header lacks norm_pos_x and norm_pos_y, or x_norm and y_norm`, true},
		{"no duration", "g.csv", "id,start_timestamp,norm_pos_x,norm_pos_y\n", ReadOptions{}, `g.csv:1: the header lacks the duration and the id of fixations`, true},
		{"no times", "g.csv", "id,duration,norm_pos_x,norm_pos_y\n", ReadOptions{}, `g.csv:1: the header lacks start_timestamp (fixations) or gaze_timestamp (samples)`, true},
	})
}

// An export has the same gaze in several files; one of them is read.
func TestPupilCoreFolder(t *testing.T) {
	files := map[string]string{"fixations.csv": coreFixations, "gaze_positions.csv": coreGaze, "pupil_positions.csv": "pupil_timestamp,world_index,eye_id,confidence,norm_pos_x,norm_pos_y\n1,0,0,1,0.5,0.5\n"}
	read := func(o ReadOptions) string {
		set, err := Load(write(t, files), o)
		if err != nil {
			return err.Error()
		}
		var names []string
		for _, f := range set.Files {
			names = append(names, filepath.Base(f))
		}
		return strings.Join(names, " ")
	}
	if got := read(ReadOptions{}); got != "fixations.csv" {
		t.Errorf("the scene: read %s", got)
	}
	if got := read(ReadOptions{Samples: true}); got != "gaze_positions.csv" {
		t.Errorf("samples of the scene: read %s", got)
	}
	for _, name := range []string{"A", "B"} {
		files["surfaces/fixations_on_surface_"+name+".csv"], files["surfaces/gaze_positions_on_surface_"+name+".csv"] = coreSurface, coreGazeSurface
	}
	if got := read(ReadOptions{}); got != "fixations_on_surface_A.csv fixations_on_surface_B.csv" {
		t.Errorf("surfaces: read %s", got)
	}
	if got := read(ReadOptions{Format: "pupil-core", Samples: true}); got != "gaze_positions_on_surface_A.csv gaze_positions_on_surface_B.csv" {
		t.Errorf("samples on surfaces: read %s", got)
	}
}

func FuzzPupilCore(f *testing.F) {
	for _, text := range []string{coreFixations, coreSurface, coreGaze, coreGazeSurface, coreOld, coreOldGaze} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "pupil-core", "fixations_on_surface_a.csv", in) })
}
