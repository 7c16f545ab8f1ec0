package formats

import (
	"path/filepath"
	"strings"
	"testing"
)

// The files are written from the description of the exports: no sample could be had.
const (
	neonFixations = "section id,recording id,fixation id,start timestamp [ns],end timestamp [ns],duration [ms],fixation x [px],fixation y [px],azimuth [deg],elevation [deg]\n" +
		"s1,r1,1,1700000000000000000,1700000000250000000,250,800.5,600.25,0.1,0.2\ns1,r1,2,1700000000500000000,1700000000600000000,100,810,610,0.1,0.2\n"
	neonMapped = "section id,recording id,fixation id,start timestamp [ns],end timestamp [ns],duration [ms],fixation detected in reference image,fixation x [px],fixation y [px]\n" +
		"s1,r1,1,1700000000000000000,1700000000250000000,250,True,80,60\ns1,r1,2,1700000000500000000,1700000000600000000,100,False,,\ns2,r2,1,1700000100000000000,1700000100600000000,600,true,10,20\n"
	neonGaze = "section id,recording id,timestamp [ns],gaze x [px],gaze y [px],worn,fixation id,blink id,azimuth [deg],elevation [deg]\n" +
		"s1,r1,1700000000000000000,800,600,1,1,,0,0\ns1,r1,1700000000005000000,801,601,1,1,,0,0\ns1,r1,1700000000010000000,801,601,1,,7,0,0\ns1,r1,1700000000015000000,801,601,0,,,0,0\n"
	neonGazeMapped = "section id,recording id,timestamp [ns],gaze detected in reference image,gaze position in reference image x [px],gaze position in reference image y [px],fixation id,blink id\n" +
		"s1,r1,1700000000000000000,True,8,6,1,\ns1,r1,1700000000005000000,False,,,1,\n"
	neonSections = "section id,recording id,recording name,wearer id,wearer name,section start time [ns],section end time [ns],start event name,end event name\n" +
		"s1,r1,first,w1,Ann,1,2,recording.begin,recording.end\ns2,r2,second,w1,Ann,1,2,recording.begin,recording.end\n"
)

func TestPupilNeon(t *testing.T) {
	testGood(t, "pupil-neon", []goodFile{
		{"fixations", "fixations.csv", neonFixations, ReadOptions{}, "/r1 0x0 screen: (800.5 600.25 0+0.25) (810 610 0.5+0.1)\n"},
		{"in a reference image", "x/Reference-Image-Mapper_Chest 12_csv/fixations.csv", neonMapped, ReadOptions{},
			"Chest 12/r1 0x0: (80 60 0+0.25)\nChest 12/r2 0x0: (10 20 0+0.6)\ndropped: 1 outside the image\n"},
		{"gaze", "gaze.csv", neonGaze, ReadOptions{}, "/r1 0x0 screen: 800,600@0 801,601@0.005 lost@0.01 lost@0.015\ndropped: 1 marked invalid, 1 in a blink\n"},
		{"gaze in a reference image", "REFERENCE-IMAGE-MAPPER_a.png_csv/gaze.csv", neonGazeMapped, ReadOptions{}, "a.png/r1 0x0: 8,6@0 lost@0.005\ndropped: 1 outside the image\n"},
	})
	testBad(t, "pupil-neon", []badFile{
		{"a time", "g.csv", neonFixations + "s1,r1,3,-5,1,1,1,1,1,1\n", ReadOptions{}, `g.csv:4:9: start timestamp [ns] is "-5", expected a time in nanoseconds`, false},
		{"a duration", "g.csv", neonFixations + "s1,r1,3,1800000000000000000,1,long,1,1,1,1\n", ReadOptions{}, `g.csv:4:31: duration [ms] is "long", expected a time that is not negative`, false},
		{"a position", "g.csv", neonFixations + "s1,r1,3,1800000000000000000,1,1,x,1,1,1\n", ReadOptions{}, `g.csv:4:33: fixation x [px] is "x", expected a number, or nothing where it is missing`, false},
		{"back in time", "g.csv", neonFixations + "s1,r1,3,1600000000000000000,1,1,1,1,1,1\n", ReadOptions{}, `g.csv:4: fixation -1e+08 of image "", reader "r1", comes twice or after a later one, that on line 3`, false},
		{"detected", "g.csv", neonMapped + "s1,r1,1,1800000000000000000,1,250,so,80,60\n", ReadOptions{}, `g.csv:5:35: fixation detected in reference image is "so", expected 1 or 0, true or false`, false},
		{"worn", "g.csv", neonGaze + "s1,r1,1700000000025000000,801,601,x,,,0,0\n", ReadOptions{}, `g.csv:6:35: worn is "x", expected 0 where the glasses are not worn`, false},
		{"no positions", "g.csv", "recording id,timestamp [ns]\n", ReadOptions{}, `g.csv:1: the header lacks fixation x [px] and fixation y [px], or gaze x [px] and gaze y [px]`, true},
		{"no duration", "g.csv", "recording id,start timestamp [ns],fixation x [px],fixation y [px]\n", ReadOptions{}, `g.csv:1: the header lacks the column "duration [ms]"`, true},
		{"no time", "g.csv", "recording id,fixation x [px],fixation y [px]\n", ReadOptions{}, `g.csv:1: the header lacks start timestamp [ns] (fixations) or timestamp [ns] (samples)`, true},
	})
}

// An export has a folder for each recording or enrichment; the mapped fixations are read, by the names of the readers.
func TestPupilNeonFolder(t *testing.T) {
	files := map[string]string{"2024-01-01_first/fixations.csv": neonFixations, "2024-01-01_first/gaze.csv": neonGaze, "2024-01-01_first/imu.csv": "timestamp [ns]\n1\n"}
	set, err := Load(write(t, files), ReadOptions{})
	if err != nil || len(set.Files) != 1 || filepath.Base(set.Files[0]) != "fixations.csv" {
		t.Errorf("a recording: %+v, %v", set, err)
	}
	if set, err = Load(write(t, files), ReadOptions{Samples: true}); err != nil || len(set.Files) != 1 || filepath.Base(set.Files[0]) != "gaze.csv" {
		t.Errorf("samples: %+v, %v", set, err)
	}
	for name, text := range map[string]string{"fixations.csv": neonMapped, "gaze.csv": neonGazeMapped, "sections.csv": neonSections} {
		files["Reference-Image-Mapper_Chest_csv/"+name] = text
	}
	dir := write(t, files)
	set, err = Load(dir, ReadOptions{})
	if err != nil || account(set) != "Chest/Ann 0x0: (80 60 0+0.25)\nChest/Ann 0x0: (10 20 0+0.6)\ndropped: 1 outside the image\n" {
		t.Errorf("an enrichment: %v, %v", set, err)
	}
	// The first recording ends with a fixation, after which the second one goes on.
	files["Reference-Image-Mapper_Chest_csv/fixations.csv"] = strings.Replace(neonMapped, "False,,", "True,70,50", 1)
	set, err = Load(write(t, files), ReadOptions{})
	if err != nil || account(set) != "Chest/Ann 0x0: (80 60 0+0.25) (70 50 0.5+0.1)\nChest/Ann 0x0: (10 20 0+0.6)\n" {
		t.Errorf("a recording after another: %v, %v", set, err)
	}
	files["Reference-Image-Mapper_Chest_csv/sections.csv"] = "section id\n1\n"
	if _, err := Load(write(t, files), ReadOptions{}); err == nil || !strings.Contains(err.Error(), `sections.csv:1: the header lacks the column "recording id"`) {
		t.Errorf("bad sections: %v", err)
	}
}

func FuzzPupilNeon(f *testing.F) {
	for _, text := range []string{neonFixations, neonMapped, neonGaze, neonGazeMapped, neonSurface + "s1,r1,1,1100000000,1300000000,200,true,0.25,0.75\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "pupil-neon", "none/fixations.csv", in) })
}
