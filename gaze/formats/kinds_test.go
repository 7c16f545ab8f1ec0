package formats

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
)

// outcome is a file's text and what comes of it: the recordings, or an error that begins with "error ".
type outcome struct{ text, want string }

// kindFile is what a reader makes of the kinds of files that people have. A kind of which a format knows nothing is absent,
// and says why in without.
type kindFile struct {
	file    string
	options ReadOptions
	beside  map[string]string // other files of the folder
	// plain is read as it is, with a mark, with either line end, in Latin-1 and with decimal commas, all alike.
	plain outcome
	// trials has two trials of a reader on one image, which stay two or are an error; edge a fixation over the edge of a
	// showing, which is cut; overlap two fixations at a time; unit another unit than the format has.
	trials, edge, overlap, unit, header outcome
	without                             map[string]string
}

const (
	fileEach   = "a file is one reading of one image"
	noTimes    = "nothing says when an image was shown"
	samples    = "it has samples alone"
	noStarts   = "it has no start times"
	noUnits    = "there is no unit to mistake"
	noHeader   = "it has no header"
	withBraces = "JSON has neither"
)

var mappedKinds = Columns{"x": {"gx", "px"}, "y": {"gy", "px"}, "t": {"at", "s"}, "duration": {"d", "s"}, "image": {"pic", ""}, "trial": {"nr", ""}}

var kinds = map[string]kindFile{
	"andersson": {file: "g.csv", plain: outcome{anderssonHeader + "1000,1.5,2,0,0,1,1\n3000,3,4.5,0,0,1,1\n5000,3,4.5,0,0,1,1\n", "g/ 0x0: 1.5,2@0 3,4.5@0.002 3,4.5@0.004\n"},
		unit:    outcome{anderssonHeader + "1,1.5,2,0,0,1,1\n3,3,4.5,0,0,1,1\n5,3,4.5,0,0,1,1\n", "error samples are 2e-06 s apart"},
		header:  outcome{anderssonHeader, "g/ 0x0:\n"},
		without: map[string]string{"trials": fileEach, "edge": noTimes, "overlap": samples}},
	"dataviewer": {file: "g.txt", plain: outcome{viewerHeader + "s1\t1\t1\t400.5\t300\t8\t107\t100\t30.5\t31\tgröße.png\n", "größe.png/s1 0x0 screen: (400.5 300 0.008+0.1)[30.5,31]\n"},
		trials: outcome{viewerHeader + "s1\t1\t1\t40\t30\t8\t107\t100\t.\t.\ta\ns1\t2\t1\t50\t60\t8\t107\t100\t.\t.\ta\n", "a/s1 0x0 screen: (40 30 0.008+0.1)\na/s1 0x0 screen: (50 60 0.008+0.1)\n"},
		edge: outcome{"TRIAL_INDEX\tTRIAL_START_TIME\tIP_START_TIME\tIP_END_TIME\tCURRENT_FIX_X\tCURRENT_FIX_Y\tCURRENT_FIX_START\tCURRENT_FIX_DURATION\timage\n" +
			"1\t1000\t1200\t1800\t5\t6\t100\t300\ta\n1\t1000\t1200\t1800\t7\t8\t700\t300\ta\n1\t1000\t1200\t1800\t7\t8\t1100\t300\ta\n", "a/ 0x0 screen: (5 6 0+0.2) (7 8 0.5+0.1)\ndropped: 1 outside the image\n"},
		overlap: outcome{viewerHeader + "s1\t1\t1\t40\t30\t8\t407\t400\t.\t.\ta\ns1\t1\t2\t50\t60\t208\t307\t100\t.\t.\ta\n", "error g.txt:3: a fixation of image \"a\", reader \"s1\", starts at 0.208 s, before the one on line 2 ends at 0.408 s"},
		unit:    outcome{"image\tCURRENT_FIX_X\tCURRENT_FIX_Y\tCURRENT_FIX_DURATION\na\t10\t20\t0.3\na\t30\t40\t0.5\n", "error the middle one of 2 fixations lasts 0.0005 s"},
		header:  outcome{viewerHeader, "error no recording after the header"}},
	"egd-cxr": {file: "fixations.csv", plain: outcome{egdHeader + egdRow("s1", "größe", .5, .4, .4, .25, .3, 1, "1", "0,0,0,900,800"), "größe/s1 0x0: (900 800 0+0.3)\n"},
		trials:  outcome{egdHeader + egdRow("s1", "a", .5, .4, .4, .25, .3, 1, "1", "0,0,0,900,800") + egdRow("s2", "a", .5, .4, .4, .25, .4, 1, "1", "0,0,0,90,80"), "a/s1 0x0: (900 800 0+0.3)\na/s2 0x0: (90 80 0+0.4)\n"},
		overlap: outcome{egdHeader + egdRow("s1", "a", .5, .4, .4, .25, .3, 1, "1", "0,0,0,900,800") + egdRow("s1", "a", .5, .4, .4, .35, .4, 2, "1", "0,0,0,90,80"), "error before the one on line 2 ends"},
		unit:    outcome{egdHeader + egdRow("s1", "a", 500, .4, .4, 250, 300, 1, "1", "0,0,0,900,800") + egdRow("s1", "a", 1000, .4, .4, 600, 400, 2, "1", "0,0,0,90,80"), "error lasts 400 s"},
		header:  outcome{egdHeader, "error no recording after the header"},
		without: map[string]string{"edge": noTimes}},
	"eyecrowd": {file: "g.csv", plain: outcome{crowdHeader + "größe.jpg,A,1,10.5,20,250,100,100\n", "größe.jpg/A 100x100: (10.5 20 0+0.25)\n"},
		trials:  outcome{crowdHeader + "1,A,1,10,20,250,100,100\n1,A,2,10,20,250,100,100\n1,A,1,30,40,250,100,100\n", "error g.csv:4: fixation 1 of image \"1\", reader \"A\", comes twice or after a later one, that on line 3"},
		unit:    outcome{crowdHeader + "1,A,1,10,20,0.25,100,100\n1,A,2,10,20,0.3,100,100\n", "error lasts 0.0003 s"},
		header:  outcome{crowdHeader, "error no recording after the header"},
		without: map[string]string{"edge": noTimes, "overlap": noStarts}},
	"eyelink": {file: "s.asc", plain: outcome{"MSG\t1 TRIALID größe.png\nSTART\t10 LEFT EVENTS\nEFIX L 10 109 100 50.5 60 1\nEND\t200 EVENTS\n", "größe.png/s 0x0 screen: (50.5 60 0+0.1)\n"},
		trials:  outcome{"MSG 1 TRIALID a.png\nSTART 10 LEFT EVENTS\nEFIX L 10 109 100 5 6 1\nEND 200 EVENTS\nMSG 300 TRIALID a.png\nSTART 310 LEFT EVENTS\nEFIX L 320 409 90 7 8 1\nEND 500 EVENTS\n", "a.png/s 0x0 screen: (5 6 0+0.1)\na.png/s 0x0 screen: (7 8 0.01+0.09)\n"},
		edge:    outcome{"MSG 1 TRIALID a.png\nSTART 10 LEFT EVENTS\nMSG 200 TRIALID b.png\nEFIX L 100 299 200 50 60 1\nMSG 400 TRIAL_RESULT 0\nEFIX L 320 419 100 70 80 1\nEND 500 EVENTS\n", "a.png/s 0x0 screen: (50 60 0.09+0.1)\nb.png/s 0x0 screen: (50 60 0+0.1) (70 80 0.12+0.08)\n"},
		overlap: outcome{"MSG 1 TRIALID a.png\nSTART 10 LEFT EVENTS\nEFIX L 10 409 400 5 6 1\nEFIX L 200 309 110 7 8 1\nEND 500 EVENTS\n", "error s.asc:4: a fixation of image \"a.png\", reader \"s\", starts at 0.19 s, before the one on line 3 ends at 0.4 s"},
		unit:    outcome{"MSG 0.1 TRIALID a.png\nSTART 0.1 LEFT EVENTS\nEFIX L 0.2 0.3 0.1 50 60 1\nEFIX L 0.4 0.5 0.1 70 80 1\nEND 0.6 EVENTS\n", "error lasts 0.0001 s"},
		header:  outcome{"** CONVERTED FROM x.edf\n", "error no recording after the header"},
		without: map[string]string{"commas": "edf2asc writes points"}},
	"gazemedseg": {file: "g.csv", plain: outcome{medSegHeader + "größe.png,1,0.5,0.25,100,1,10,10,20\n", "größe.png/ 20x10: (10 2.5 0.01+0.1)\n"},
		trials:  outcome{medSegHeader + "a,1,0.5,0.5,100,1,0,10,10\na,2,0.5,0.5,100,1,200,10,10\na,1,0.6,0.5,100,1,0,10,10\n", "error g.csv:4: fixation 1 of image \"a\", reader \"\", comes twice or after a later one, that on line 3"},
		overlap: outcome{medSegHeader + "a,1,0.5,0.5,300,1,0,10,10\na,2,0.6,0.5,100,1,200,10,10\n", "error starts at 0.2 s, before the one on line 2 ends at 0.3 s"},
		unit:    outcome{medSegHeader + "a,1,0.5,0.5,0.3,1,0,10,10\na,2,0.6,0.5,0.1,1,0.5,10,10\n", "error lasts 0.0003 s"},
		header:  outcome{medSegHeader, "error no recording after the header"},
		without: map[string]string{"edge": noTimes}},
	"gazepoint": {file: "User 1_all_gaze.csv", plain: outcome{gazepointHeader + "0,größe.jpg,0,0.5,100,0.1,0.2,0.5,0.25,1,1,0.11,0.21,1,0,0,0,,,,\n", "größe.jpg/User 1 1x1 screen: (0.1 0.2 0+0.25)\n"},
		trials: outcome{gazepointAgain, "a.jpg/User 1 1x1 screen: (0.1 0.2 0+0.5) (0.2 0.3 0.6+0.4)\na.jpg/User 1 1x1 screen: (0.3 0.4 0+0.2)\n"},
		edge: outcome{gazepointHeader + "0,a,0,1.00,1,0.1,0.2,0.50,0.50,1,1,0.1,0.2,1,0,0,0,,,,\n0,a,1,1.25,1,0.1,0.2,0.50,0.75,1,1,0.1,0.2,1,0,0,0,,,,\n" +
			"1,b,2,1.50,1,0.1,0.2,0.50,1.00,1,1,0.1,0.2,1,0,0,0,,,,\n1,b,3,1.75,1,0.1,0.2,0.50,1.25,1,1,0.1,0.2,1,0,0,0,,,,\n", "a/User 1 1x1 screen: (0.1 0.2 0+0.25)\nb/User 1 1x1 screen: (0.1 0.2 0+0.25)\n"},
		overlap: outcome{gazepointHeader + "0,a,0,0.5,1,0.1,0.2,0.5,0.4,1,1,0.1,0.2,1,0,0,0,,,,\n0,a,1,0.6,1,0.3,0.2,0.6,0.4,2,1,0.1,0.2,1,0,0,0,,,,\n", "error before the one on line 2 ends"},
		unit:    outcome{gazepointHeader + "0,a,0,500,1,0.1,0.2,500,400,1,1,0.1,0.2,1,0,0,0,,,,\n0,a,1,1000,1,0.3,0.2,1000,300,2,1,0.1,0.2,1,0,0,0,,,,\n", "error lasts 400 s"},
		header:  outcome{gazepointHeader, "error no recording after the header"}},
	"gazesearch": {file: "g.json", plain: outcome{`[{"name": "größe.jpg", "subject": 1, "X": [112], "Y": [56], "T": [0.25]}]` + "\n", "größe.jpg/1 1x1: (0.5 0.25 0+0.25)\n"},
		trials:  outcome{`[{"name": "a", "subject": 1, "X": [112], "Y": [56], "T": [0.25]}, {"name": "a", "subject": 1, "X": [56], "Y": [56], "T": [0.5]}]`, "a/1 1x1: (0.5 0.25 0+0.25)\na/1 1x1: (0.25 0.25 0+0.5)\n"},
		unit:    outcome{`[{"name": "a", "subject": 1, "X": [112, 5], "Y": [56, 5], "T": [250, 300]}]`, "error lasts 300 s"},
		header:  outcome{"[]", "error an empty list, expected objects with name, subject, X, Y, T"},
		without: map[string]string{"edge": noTimes, "overlap": noStarts, "commas": withBraces, "Latin-1": "JSON is UTF-8"}},
	"imotions": {file: "1.csv", plain: outcome{"Timestamp,EventSource,StimuliName,Name,Fixation Index,Fixation X,Fixation Y,Fixation Start,Fixation Duration\n90,ET,größe,anna,1,11.5,21,90,210\n400,ET,größe,anna,2,12,22,400,100\n", "größe/anna 0x0 screen: (11.5 21 0+0.21) (12 22 0.31+0.1)\n"},
		trials:  outcome{strings.Replace(iMotionsOld, "GSR\t17\t\t\t\t\t\t\t\ns\tbob\ta.jpg", "ET\t100\t1\t2\t\t\t\t\t\ns\tbob\tb.jpg\tET\t200\t1\t2\t\t\t\t\t\ns\tbob\ta.jpg", 1), "a.jpg/bob 0x0 screen: (5 6 0+0.2)\nb.jpg/bob 0x0 screen:\na.jpg/bob 0x0 screen: (7 8 0+0.15)\n"},
		edge:    outcome{iMotionsData, "a/anna 0x0 screen: (11 21 0+0.2) (31 41 0.25+0.05)\nb/anna 0x0 screen: (31 41 0+0.35) (50 60 0.4+0.1)\n"},
		overlap: outcome{"Timestamp,EventSource,StimuliName,Fixation Index,Fixation X,Fixation Y,Fixation Start,Fixation Duration\n90,ET,a,1,11,21,90,410\n200,ET,a,2,12,22,200,100\n", "error 1.csv:3: a fixation of image \"a\", reader \"\", starts at 0.11 s, before the one on line 2 ends at 0.41 s"},
		unit:    outcome{"Timestamp,EventSource,StimuliName,Fixation Index,Fixation X,Fixation Y,Fixation Start,Fixation Duration\n0.09,ET,a,1,11,21,0.09,0.41\n0.6,ET,a,2,12,22,0.6,0.2\n", "error read as imotions (times in milliseconds), the middle one of 2 fixations lasts 0.00041 s"},
		header:  outcome{"Timestamp,EventSource,StimuliName,Fixation Index,Fixation X,Fixation Y\n", "error no recording after the header"}},
	"inbreast": {file: "g.csv", plain: outcome{breastHeader + "16182.0,100.5,200\n16182.01,101,201\n16182.02,102,202\n", "g/ 0x0: 100.5,200@0 101,201@0.01 102,202@0.02\n"},
		unit:    outcome{breastHeader + "0,100,200\n200,101,201\n400,101,201\n", "error system_time_in_pc has steps of 200"},
		header:  outcome{breastHeader, "g/ 0x0:\n"},
		without: map[string]string{"trials": fileEach, "edge": noTimes, "overlap": samples}},
	"mapped": {file: "g.csv", options: ReadOptions{Columns: mappedKinds}, plain: outcome{"pic,nr,at,gx,gy,d\ngröße.png,1,0.5,10.5,20,0.25\n", "größe.png/ 0x0: (10.5 20 0+0.25)\n"},
		trials:  outcome{"pic,nr,at,gx,gy,d\na,1,0.5,10,20,0.25\na,2,0.5,30,40,0.25\n", "a/ 0x0: (10 20 0+0.25)\na/ 0x0: (30 40 0+0.25)\n"},
		overlap: outcome{"pic,nr,at,gx,gy,d\na,1,0.5,10,20,0.25\na,1,0.6,30,40,0.25\n", "error before the one on line 2 ends"},
		unit:    outcome{"pic,nr,at,gx,gy,d\na,1,500,10,20,250\na,1,1000,30,40,300\n", "error read as mapped (duration in s), the middle one of 2 fixations lasts 300 s"},
		header:  outcome{"pic,nr,at,gx,gy,d\n", "error no recording after the header"},
		without: map[string]string{"edge": noTimes}},
	"manifest": {file: "items.csv", beside: map[string]string{"1.csv": "x [px],y [px],duration [s]\n10,20,0.25\n", "2.csv": "x [px],y [px],duration [s]\n30,40,0.25\n", "ms.csv": "x [px],y [px],duration [s]\n30,40,250\n", "two.csv": "trial,x [px],y [px],duration [s]\n1,30,40,0.25\n2,30,41,0.25\n"},
		plain:   outcome{"image,gaze\ngröße.png,1.csv\n", "größe.png/ 0x0: (10 20 0+0.25)\n"},
		trials:  outcome{"image,gaze\na.png,1.csv\na.png,2.csv\nb.png,two.csv\n", "error two.csv:2: 2 of 2 trials of reader \"\" name no image"},
		unit:    outcome{"image,gaze\na.png,ms.csv\n", "error ms.csv: read as table, the middle one of 1 fixations lasts 250 s"},
		header:  outcome{"image,gaze\n", "error no item after the header"},
		without: map[string]string{"edge": noTimes, "overlap": "its files have it"}},
	"miceye": {file: "g.csv", plain: outcome{"größe.png;1;[[206, 412], [205.5, 411]];[];(-1, -1)\n", "größe.png/ 0x800: 206,412@0 205.5,411@0.0111111\n"},
		trials:  outcome{"a.png;1;[[206, 412]];[];(-1, -1)\na.png;1;[[20, 41]];[];(-1, -1)\n", "a.png/ 0x800: 206,412@0\na.png/ 0x800: 20,41@0\n"},
		unit:    outcome{"a.png;1;[[206, 1412]];[];(-1, -1)\n", "error expected a position in an image shown 800 pixels high"},
		without: map[string]string{"edge": noTimes, "overlap": samples, "header": noHeader, "commas": "commas separate positions"}},
	"multimatch": {file: "g.tsv", plain: outcome{"start_x\tstart_y\tduration\n10.5\t20\t0.3\n", "/ 0x0: (10.5 20 0+0.3)\n"},
		trials:  outcome{"onset\tduration\tlabel\tstart_x\tstart_y\n0.5\t0.3\tFIXA\t10\t20\n0.1\t0.3\tFIXA\t30\t40\n", "error comes twice or after a later one"},
		overlap: outcome{"onset\tduration\tlabel\tstart_x\tstart_y\n0.5\t0.3\tFIXA\t10\t20\n0.6\t0.3\tFIXA\t30\t40\n", "error before the one on line 2 ends"},
		unit:    outcome{"start_x\tstart_y\tduration\n10.5\t20\t300\n30\t40\t250\n", "error lasts 300 s"},
		header:  outcome{"start_x\tstart_y\tduration\n", "/ 0x0:\n"},
		without: map[string]string{"edge": noTimes}},
	"oai": {file: "g.json", plain: outcome{`{"gaze": [[206, 412.5]], "img": "größe.png"}` + "\n", "größe.png/ 0x800: 206,412.5@0\n"},
		unit:    outcome{`{"gaze": [[206, 1412]], "img": "a.png"}`, "error expected a position in an image shown 800 pixels high"},
		header:  outcome{`{"gaze": [], "img": "a.png"}`, "a.png/ 0x800:\n"},
		without: map[string]string{"trials": fileEach, "edge": noTimes, "overlap": samples, "commas": withBraces, "Latin-1": "JSON is UTF-8"}},
	"pupil-core": {file: "fixations_on_surface_a.csv", plain: outcome{"world_timestamp,world_index,fixation_id,start_timestamp,duration,dispersion,norm_pos_x,norm_pos_y,x_scaled,y_scaled,on_surf\n10.0,1,0,10.0,200.0,0.5,0.5,0.75,0.5,0.75,True\n", "a/ 1x1: (0.5 0.25 0+0.2)\n"},
		edge: outcome{"world_timestamp,world_index,fixation_id,start_timestamp,duration,norm_pos_x,norm_pos_y,on_surf\n10.0,1,0,9.9,400,1.5,0.75,False\n10.1,2,0,9.9,400,0.5,0.75,True\n10.2,3,0,9.9,400,1.5,0.75,False\n10.5,4,1,10.5,200,0.5,0.75,True\n",
			"a/ 1x1: (0.5 0.25 0.2+0.1) (0.5 0.25 0.6+0.2)\n"},
		overlap: outcome{"fixation_id,start_timestamp,duration,norm_pos_x,norm_pos_y,on_surf\n0,10,400,0.5,0.5,True\n1,10.2,400,0.6,0.5,True\n", "error starts at 0.2 s, before the one on line 2 ends at 0.4 s"},
		unit:    outcome{"fixation_id,start_timestamp,duration,norm_pos_x,norm_pos_y,on_surf\n0,10,0.4,0.5,0.5,True\n1,11,0.4,0.6,0.5,True\n", "error read as pupil-core (durations in units of 0.001 s), the middle one of 2 fixations lasts 0.0004 s"},
		header:  outcome{"fixation_id,start_timestamp,duration,norm_pos_x,norm_pos_y,on_surf\n", "a/ 1x1:\n"},
		without: map[string]string{"trials": fileEach}},
	"pupil-neon": {file: "fixations.csv", beside: map[string]string{"sections.csv": "section id,recording id,wearer name,section start time [ns],section end time [ns]\ns1,r1,Größe,1000000000,2000000000\ns2,r1,Größe,3000000000,4000000000\n"},
		plain:   outcome{neonSurface + "s1,r1,1,1100000000,1300000000,200.5,true,0.25,0.75\n", "/Größe 1x1: (0.25 0.75 0+0.2005)\n"},
		trials:  outcome{neonSurface + "s1,r1,1,1100000000,1300000000,200,true,0.25,0.75\ns2,r1,1,3100000000,3300000000,300,true,0.5,0.5\n", "/Größe 1x1: (0.25 0.75 0+0.2)\n/Größe 1x1: (0.5 0.5 0+0.3)\n"},
		edge:    outcome{neonSurface + "s1,r1,1,900000000,1300000000,400,true,0.25,0.75\ns1,r1,2,1900000000,2300000000,400,true,0.5,0.5\n", "/Größe 1x1: (0.25 0.75 0+0.3) (0.5 0.5 0.9+0.1)\n"},
		overlap: outcome{neonSurface + "s1,r1,1,1100000000,1300000000,400,true,0.25,0.75\ns1,r1,2,1200000000,1300000000,300,true,0.5,0.5\n", "error before the one on line 2 ends"},
		unit:    outcome{neonSurface + "s1,r1,1,1100000000,1300000000,0.2,true,0.25,0.75\ns1,r1,2,1400000000,1600000000,0.2,true,0.5,0.5\n", "error lasts 0.0002 s"},
		header:  outcome{neonSurface, "/ 1x1:\n"}},
	"reflacx": {file: "P1/fixations.csv", plain: outcome{reflacxFixation + "0.5,0.75,100.5,200" + reflacxWhole, "P1/P1 0x0: (100.5 200 0.5+0.25)[90,91]\n"},
		overlap: outcome{reflacxFixation + "0.5,0.9,100,200" + reflacxWhole + "0.6,0.8,150,200" + reflacxWhole, "error starts at 0.6 s, before the one on line 2 ends at 0.9 s"},
		unit:    outcome{reflacxFixation + "500,900,100,200" + reflacxWhole + "1000,1300,150,200" + reflacxWhole, "error lasts 400 s"},
		header:  outcome{reflacxFixation, "P1/P1 0x0:\n"},
		without: map[string]string{"trials": fileEach, "edge": noTimes}},
	"smi": {file: "g.txt", plain: outcome{tabs("Stimulus | Participant | Category | Event Start Trial Time [ms] | Event End Trial Time [ms] | Fixation Position X [px] | Fixation Position Y [px]", "größe.png | P | Fixation | 100.5 | 300.5 | 40.5 | 30"), "größe.png/P 0x0 screen: (40.5 30 0.1005+0.2)\n"},
		trials:  outcome{smiEvents, "a.jpg/P1 0x0 screen: (100.5 200.5 0+0.2) (300 400 0.9+0.1)\na.jpg/P1 0x0 screen: (5 6 0.01+0.3)\n"},
		edge:    outcome{smiListed, "a.jpg/P 7 1680x1050 screen: (100.5 200.5 0+0.2) (300 400 0.9+0.1)\nb.jpg/P 7 1680x1050 screen: (300 400 0+0.3)\n"},
		overlap: outcome{smiIntake + "T1,scene.avi,P1,Visual Intake,600,900,10,20\nT1,scene.avi,P1,Visual Intake,700,800,30,40\n", "error before the one on line 4 ends"},
		unit:    outcome{strings.Replace(smiIntake, "0,200,10,20\nT1,scene.avi,P1,Visual Intake,240,500,-,-", "0,200000,10,20\nT1,scene.avi,P1,Visual Intake,240000,500000,30,40", 1), "error lasts 260 s"},
		header:  outcome{"Stimulus,Category,Event Start Trial Time [ms],Event End Trial Time [ms],Fixation Position X [px],Fixation Position Y [px]\n", "error no recording after the header"}},
	"table": {file: "g.csv", plain: outcome{"image,x [px],y [px],start [s],duration [s]\ngröße.png,10.5,20,0.5,0.25\n", "größe.png/ 0x0: (10.5 20 0.5+0.25)\n"},
		trials:  outcome{"image,trial,x [px],y [px],start [s],duration [s]\na,1,10,20,0,0.25\na,2,30,40,0,0.25\n", "a/ 0x0: (10 20 0+0.25)\na/ 0x0: (30 40 0+0.25)\n"},
		overlap: outcome{"image,x [px],y [px],start [s],duration [s]\na,10,20,0,0.25\na,30,40,0.1,0.25\n", "error g.csv:3: a fixation of image \"a\", reader \"\", starts at 0.1 s, before the one on line 2 ends at 0.25 s"},
		unit:    outcome{"image,x [px],y [px],duration [s]\na,10,20,250\na,30,40,300\n", "error read as table, the middle one of 2 fixations lasts 300 s"},
		header:  outcome{"image,x [px],y [px],duration [s]\n", "error no recording after the header"},
		without: map[string]string{"edge": noTimes}},
	"tobii": {file: "g.tsv", plain: outcome{tabs("Recording timestamp [ms] | Participant name | Presented Stimulus name | Eye movement type | Eye movement type index | Gaze event duration [ms] | Fixation point X [MCS px] | Fixation point Y [MCS px]", "500 | P | größe.png | Fixation | 1 | 20 | 1.5 | 2"), "größe.png/P 0x0: (1.5 2 0+0.02)\n"},
		trials: outcome{tabs("Recording timestamp [ms] | Presented Stimulus name | Eye movement type | Eye movement type index | Gaze event duration [ms] | Fixation point X [MCS px] | Fixation point Y [MCS px]",
			"500 | a | Fixation | 1 | 20 | 10 | 2", "600 |  |  |  |  |  | ", "700 | a | Fixation | 2 | 30 | 30 | 4"), "a/ 0x0: (10 2 0+0.02)\na/ 0x0: (30 4 0+0.03)\n"},
		edge: outcome{tabs("Recording timestamp [ms] | Presented Stimulus name | Eye movement type | Eye movement type index | Gaze event duration [ms] | Fixation point X [MCS px] | Fixation point Y [MCS px]",
			"500 | a | Fixation | 1 | 300 | 10 | 2", "600 | b | Fixation | 1 | 300 | 30 | 4"), "a/ 0x0: (10 2 0+0.1)\nb/ 0x0: (30 4 0+0.2)\n"},
		overlap: outcome{tabs("Recording timestamp [ms] | Presented Stimulus name | Eye movement type | Eye movement type index | Gaze event duration [ms] | Fixation point X [MCS px] | Fixation point Y [MCS px]",
			"500 | a | Fixation | 1 | 300 | 10 | 2", "600 | a | Fixation | 2 | 300 | 30 | 4"), "error g.tsv:3: a fixation of image \"a\", reader \"\", starts at 0.1 s, before the one on line 2 ends at 0.3 s"},
		unit: outcome{tabs("Recording timestamp [ms] | Presented Stimulus name | Eye movement type | Eye movement type index | Gaze event duration [ms] | Fixation point X [MCS px] | Fixation point Y [MCS px]",
			"500 | a | Fixation | 1 | 0.3 | 10 | 2", "600 | a | Fixation | 2 | 0.3 | 30 | 4"), "error read as tobii (times in units of 0.001 s), the middle one of 2 fixations lasts 0.0003 s"},
		header: outcome{tabs("Recording timestamp [ms] | Presented Stimulus name | Gaze point X | Gaze point Y"), "error no recording after the header"}},
}

const neonSurface = "section id,recording id,fixation id,start timestamp [ns],end timestamp [ns],duration [ms],fixation detected on surface,fixation x [normalized],fixation y [normalized]\n"

// readKind loads a file with those beside it, and gives its error in place of the recordings, without the folder.
func (k kindFile) read(t *testing.T, text string) string {
	t.Helper()
	files := map[string]string{k.file: text}
	for name, beside := range k.beside {
		files[name] = beside
	}
	dir := write(t, files)
	set, err := Load(filepath.Join(dir, k.file), k.options)
	if err == nil {
		return account(set)
	}
	if p, ok := errors.AsType[gaze.Problem](err); !ok || p.File == "" || p.Reason == "" {
		t.Errorf("%v names no file", err)
	}
	return "error " + strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
}

func (o outcome) check(t *testing.T, k kindFile, kind string) {
	t.Helper()
	got := k.read(t, o.text)
	if want, bad := strings.CutPrefix(o.want, "error "); bad && !(strings.HasPrefix(got, "error ") && strings.Contains(got, want)) || !bad && got != o.want {
		t.Errorf("%s: got\n%swant\n%s", kind, got, o.want)
	}
}

// notInTable are the formats whose files are no texts; their own tests hold them to the same kinds.
var notInTable = []string{"bids", "heatmap"}

func TestKindsOfFiles(t *testing.T) {
	for _, name := range Formats() {
		k, ok := kinds[name]
		if !ok {
			if !slices.Contains(notInTable, name) {
				t.Errorf("%s is not in the table of kinds", name)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			k.options.Format = name
			for kind, o := range map[string]outcome{"trials": k.trials, "edge": k.edge, "overlap": k.overlap, "unit": k.unit, "header": k.header} {
				if o.text == "" && k.without[kind] == "" {
					t.Errorf("%s: neither a file nor a reason why not", kind)
				} else if o.text != "" {
					o.check(t, k, kind)
				}
			}
			outcome{"", "error "}.check(t, k, "empty")
			k.plain.check(t, k, "plain")
			outcome{"\ufeff" + k.plain.text, k.plain.want}.check(t, k, "a mark")
			outcome{strings.ReplaceAll(strings.ReplaceAll(k.plain.text, "\r\n", "\n"), "\n", "\r\n"), k.plain.want}.check(t, k, "CRLF")
			outcome{strings.TrimRight(k.plain.text, "\r\n"), k.plain.want}.check(t, k, "no end of the last line")
			if k.without["Latin-1"] == "" {
				outcome{strings.NewReplacer("ö", "\xf6", "ß", "\xdf").Replace(k.plain.text), k.plain.want}.check(t, k, "Latin-1")
			}
			if k.without["commas"] == "" {
				outcome{decimalCommas(k.plain.text), k.plain.want}.check(t, k, "decimal commas")
			}
		})
	}
}

var decimalPoint = regexp.MustCompile(`(^|[;\t])(-?\d+)\.(\d+)`)

// decimalCommas is a table with semicolons for commas between columns, and commas for points in numbers.
func decimalCommas(text string) string {
	if !strings.Contains(text, "\t") {
		text = strings.ReplaceAll(text, ",", ";")
	}
	return decimalPoint.ReplaceAllString(text, "$1$2,$3")
}
