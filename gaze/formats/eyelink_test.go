package formats

import (
	"strings"
	"testing"
)

// The files are written from the grammar of edf2asc's output, with the quirks of real ones: lines of numbers in a
// calibration, messages with an offset or out of their time, tabs and blanks.
var (
	ascHead = `** CONVERTED FROM sub_6.edf using edfapi 4.2 on Tue Aug 19 14:43:00 2025
** VERSION: EYELINK II 1
**

MSG	100 DISPLAY_COORDS 0 0 1279 1023
MSG	100 !CAL
>>>>>>> CALIBRATION (HV9,P-CR) FOR LEFT: <<<<<<<<<
MSG	100 !CAL Cal coeff:(X=a+bx+cy+dxx+eyy,Y=f+gx+goaly+ixx+jyy)
     -0  187.55  7.0443  0.53469  0.55406
   132.75 -13.023  242.52 -0.051945  1.6939
MSG	101 !CAL VALIDATION HV9 LR LEFT  GOOD ERROR 0.41 avg. 0.64 max  OFFSET 0.35 deg. 12.5,9.6 pix.
MSG	101 !CAL VALIDATION HV9 LR RIGHT GOOD ERROR 0.31 avg. 0.84 max  OFFSET 0.27 deg. 9.2,8.4 pix.
`
	ascBlock = `MSG	1000 RECCFG CR 1000 2 1 L
MSG	1000 GAZE_COORDS 0.00 0.00 1279.00 1023.00
START	1001 	LEFT	SAMPLES	EVENTS
PRESCALER	1
VPRESCALER	1
PUPIL	AREA
EVENTS	GAZE	LEFT	RATE	1000.00	TRACKING	CR	FILTER	2
SAMPLES	GAZE	LEFT	RATE	1000.00	TRACKING	CR	FILTER	2	INPUT
INPUT	1001	0
SFIX L   1001
1001	  138.1	  132.8	  778.0	    0.0	...
1002	  -12.5	  -0.3	  778.0	    0.0	...
EFIX L   1001	1100	100	  138.0	  132.0	    791
SSACC L  1101
ESACC L  1101	1119	19	  673.2	  523.8	  629.0	  531.4	   1.21	    103
EFIX L   1120	1219	100	  -5.5	  30.0	    791
EFIX L   1220	1419	200	  1279.5	  1023.9	    791
SBLINK L 1420
1420	   .	   .	    0.0	    0.0	.C.
EBLINK L 1420	1499	80
EFIX L   1500	1549	50	  640.0	  512.0	    791
END	1600 	SAMPLES	EVENTS	RES	  37.17	  37.75
`
	ascTrials = `MSG	500 -4 SYNCTIME 766 0
START	600 	LEFT	SAMPLES	EVENTS
EFIX L   600	799	200	  1.0	  2.0	    791
END	800 	SAMPLES	EVENTS	RES	  37.17	  37.75
MSG	900 TRIALID 1
` + strings.Replace(ascBlock, "PRESCALER", "MSG	1001 1 SYNCTIME\nPRESCALER", 1) + `MSG	1601 !V IMGLOAD CENTER pics/first.jpg 640 512
MSG	1602 !V TRIAL_VAR_DATA 1
MSG	1602 !V TRIAL_VAR trial 1
MSG	1603 TRIAL_RESULT 0
MSG	2000 TRIALID 2
MSG	2001 !V TRIAL_VAR image_file= "second image.png"
START	2002 	LEFT	SAMPLES	EVENTS
EVENTS	GAZE	LEFT	RATE	1000.00	TRACKING	CR	FILTER	2	RES
EFIX L   1900	1999	100	  1.0	  2.0	    791	30.0	31.0
MSG	2100 SYNCTIME
EFIX L   2010	2099	90	  1.0	  2.0	    791	30.0	31.0
EFIX L   2095	2194	100	  3.0	  4.0	    791	30.0	31.0
EFIX L   2200	2299	100	  5.0	  6.0	    791	32.0	33.0
END	2300 	SAMPLES	EVENTS	RES	  .	  .
`
	// The trial's first fixation is on nothing, the last one after its result.
	ascLate = `MSG 1 GAZE_COORDS 0 0 99 99
MSG 1 TRIALID a.png
START 10 LEFT EVENTS
EFIX L 10 109 100 5 6 1
MSG 150 TRIAL_RESULT 0
EFIX L 110 209 100 7 8 1
EFIX L 210 309 100 9 9 1
MSG 320 TRIALID b.png
EFIX L 330 429 100 1 2 1
END 500 EVENTS RES 20 21
`
	ascBinocular = `MSG	1408659 GAZE_COORDS 0.00 0.00 1920.00 1080.00
START	1408660 	LEFT	RIGHT	SAMPLES	EVENTS
EVENTS	GAZE	LEFT	RIGHT	RATE	1000.00	TRACKING	CR	FILTER	2
SAMPLES	GAZE	LEFT	RIGHT	RATE	1000.00	TRACKING	CR	FILTER	2
1408660	  964.3	  541.5	  288.0	  960.5	  538.8	  305.0	.....
1408661	  964.5	  542.2	  288.0	  960.4	  539.5	  306.0	.....
1408662	   .	   .	    0.0	  933.4	  568.2	  298.0	.C...
1408663	   .	   .	    0.0	   .	   .	    0.0	.C.C.
EFIX L   1408660	1408661	2	  961.2	  540.5	    284
EFIX R   1408660	1408662	3	  956.3	  541.9	    310
EBLINK L 1408662	1408700	39
EBLINK R 1408663	1408700	38
END	1408701 	SAMPLES	EVENTS	RES	  40.00	  41.00
`
	asc2kHz = `MSG	2154540.0 TRIALID 0
START	2154556.0 	LEFT	SAMPLES
SAMPLES	GAZE	LEFT	RATE	2000.00	TRACKING	CR	FILTER	2
2154556.5	  138.1	  132.8	  778.0	    0.0	...
MSG	2154598.0 SYNCTIME_READING
2154557.0	  138.2	  132.7	  778.0	    0.0	...
MSG 2154562.0 TRIALID 1
2154564.0	  -1.5	  131.0	  778.0	    0.0	...
MSG 2154561.0 BACK.IN.TIME
2154564.5	  140.5	  131.0	  778.0	    0.0	...
END	2339292 	SAMPLES	EVENTS	RES	  37.17	  37.75
`
	// What an experiment's file has from its header to its end: a set-up in which RECCFG and the display disagree with what
	// was recorded, buttons, inputs, a drift correction, a variable in quotes, missing values under another name, and a
	// block that was begun and broken off.
	ascWhole = `** CONVERTED FROM /data/r07.edf using edfapi 4.2 Linux standalone on Fri Mar 3 10:00:00 2023
** DATE: Wed Mar  8 09:25:20 2023
** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED
** VERSION: EYELINK II 1
** SOURCE: EYELINK CL
** EYELINK II CL v5.50 Jun 16 2022 (EyeLink 1000 Plus)
**

MSG	220960 !CMD 0 link_sample_data = LEFT,RIGHT,GAZE
MSG	300000 RECCFG CR 500 2 1 L
MSG	300000 ELCLCFG MTABLER
MSG	300000 GAZE_COORDS 0.00 0.00 1679.00 1049.00
MSG	300001 DISPLAY_COORDS 0 0 1023 767
>>>>>>> CALIBRATION (HV5,P-CR) FOR RIGHT: <<<<<<<<<
MSG	300100 !CAL CALIBRATION HV5 R RIGHT   GOOD
MSG	300200 !CAL VALIDATION HV5 R RIGHT GOOD ERROR 0.27 avg. 0.37 max  OFFSET 0.15 deg. 7.8,4.8 pix.
MSG	300200 VALIDATE R POINT 0  RIGHT  at 840,525  OFFSET 0.28 deg.  13.4,10.0 pix.
MSG	300300 DRIFTCORRECT R RIGHT at 840,525  OFFSET 0.38 deg.  12.5,7.9 pix.
START	300400 	RIGHT	SAMPLES	EVENTS
PRESCALER	1
VPRESCALER	1
PUPIL	AREA
EVENTS	GAZE	RIGHT	RATE	1000.00	TRACKING	CR	FILTER	2
SAMPLES	GAZE	RIGHT	RATE	1000.00	TRACKING	CR	FILTER	2	INPUT
END	300410 	SAMPLES	EVENTS	RES	  .	  .
MSG	310000 TRIALID 1 scans/042_L.png
START	310001 	RIGHT	SAMPLES	EVENTS
PRESCALER	1
VPRESCALER	1
PUPIL	AREA
EVENTS	GAZE	RIGHT	RATE	1000.00	TRACKING	CR	FILTER	2
SAMPLES	GAZE	RIGHT	RATE	1000.00	TRACKING	CR	FILTER	2	INPUT
MSG	310001 !MODE RECORD CR 1000 2 1 R
INPUT	310001	127
310001	  840.0	  525.5	 1012.0	  127.0	...
SFIX R   310001
MSG	310002 -1 SYNCTIME
310002	  840.5	  525.0	 1011.0	  127.0	...
310003	  840.0	  524.5	 1012.0	  127.0	...
BUTTON	310003	5	1
EFIX R   310001	310003	3	  840.2	  525.0	   1012
SBLINK R 310004
310004	   NaN	   NaN	    0.0	  127.0	.C.
310005	   .	   .	    0.0	  127.0	.C.
EBLINK R 310004	310005	2
SSACC R  310006
310006	  -14.2	  300.0	  990.0	  127.0	...
ESACC R  310004	310006	3	  840.0	  524.5	  -14.2	  300.0	  24.10	    390
SFIX R   310007
310007	  -15.0	  301.0	  991.0	  127.0	...
EFIX R   310007	310007	1	  -15.0	  301.0	    991
SFIX R   310008
310008	  100.0	  200.0	  991.0	  127.0	...
EFIX R   310008	310008	1	  100.0	  200.0	    991
END	310009 	SAMPLES	EVENTS	RES	  41.50	  42.25
MSG	310010 !V TRIAL_VAR condition "left first"
MSG	310011 TRIAL_RESULT 0
`
	ascPlaces = "MSG 1 GAZE_COORDS 0 0 1919 1079\nMSG 1 TRIALID a\nSTART 2 RIGHT EVENTS\nMSG 2 !V IMGLOAD FILL a.png\nEFIX R 2 101 100 960 270 1\nEND 200 EVENTS RES 40 40\n" +
		"MSG 300 TRIALID b\nSTART 302 RIGHT EVENTS\nMSG 302 !V IMGLOAD TOP_LEFT b.png 100 50 400 300\nEFIX R 302 401 100 300 200 1\nEND 500 EVENTS RES 40 40\n" +
		"MSG 600 TRIALID c\nSTART 602 RIGHT EVENTS\nMSG 602 !V IMGLOAD CENTER c.png 960 540 400 300\nEFIX R 602 701 100 960 540 1\nEND 800 EVENTS RES 40 40\n" +
		"MSG 900 TRIALID trial 7 of block d.jpg now\nSTART 902 RIGHT EVENTS\nEFIX R 902 1001 100 960 540 1\nEND 1100 EVENTS RES 40 40\n"
)

func TestEyeLink(t *testing.T) {
	head := strings.Replace(ascHead, "DISPLAY", "SCREEN", 1)
	testGood(t, "eyelink", []goodFile{
		{"one block", "data/s1.asc", ascHead + ascBlock, ReadOptions{},
			"/s1 1280x1024 screen 37.17,37.75 px/deg: (138 132 0+0.1) (1279.5 1023.9 0.219+0.2) (640 512 0.499+0.05)\ndropped: 1 outside the image, 1 in a blink\n"},
		{"CRLF", "data/s1.asc", strings.ReplaceAll(ascHead+ascBlock, "\n", "\r\n"), ReadOptions{},
			"/s1 1280x1024 screen 37.17,37.75 px/deg: (138 132 0+0.1) (1279.5 1023.9 0.219+0.2) (640 512 0.499+0.05)\ndropped: 1 outside the image, 1 in a blink\n"},
		{"its samples", "s1.asc", ascHead + ascBlock, ReadOptions{Samples: true},
			"/s1 1280x1024 screen 37.17,37.75 px/deg: 138.1,132.8@0 -12.5,-0.3@0.001 lost@0.419\ndropped: 1 without a position, 1 in a blink\n"},
		{"trials, images, the onset, resolution at a fixation", "s1.asc", ascHead + ascTrials, ReadOptions{},
			"pics/first.jpg/s1 1280x1024 screen 37.17,37.75 px/deg: (138 132 0.001+0.1) (1279.5 1023.9 0.22+0.2) (640 512 0.5+0.05)\n" +
				"second image.png/s1 1280x1024 screen: (3 4 0+0.095)[30,31] (5 6 0.1+0.1)[32,33]\ndropped: 4 outside the image, 1 in a blink\n"},
		{"two trials of a block, with a gap", "s1.asc", ascLate, ReadOptions{},
			"a.png/s1 100x100 screen 20,21 px/deg: (5 6 0+0.1) (7 8 0.1+0.04)\nb.png/s1 100x100 screen 20,21 px/deg: (1 2 0.01+0.1)\ndropped: 1 outside the image\n"},
		{"a fixation that goes on into the next trial of the block", "s1.asc", "MSG 1 GAZE_COORDS 0 0 99 99\nMSG 1 TRIALID a.png\nSTART 10 LEFT EVENTS\nEFIX L 10 109 100 5 6 1\nMSG 200 TRIALID b.png\nEFIX L 110 209 100 7 8 1\nEFIX L 220 319 100 9 9 1\nEND 500 EVENTS\n",
			ReadOptions{}, "a.png/s1 100x100 screen: (5 6 0+0.1) (7 8 0.1+0.09)\nb.png/s1 100x100 screen: (7 8 0+0.01) (9 9 0.02+0.1)\n"},
		{"a trial of the block whose message is out of its time", "s1.asc", "MSG 1 GAZE_COORDS 0 0 99 99\nMSG 1 TRIALID a.png\nSTART 10 LEFT EVENTS\nEFIX L 210 309 100 5 6 1\nMSG 50 TRIALID b.png\nEFIX L 310 409 100 7 8 1\nEND 500 EVENTS\n",
			ReadOptions{}, "a.png/s1 100x100 screen: (5 6 0.2+0.1)\nb.png/s1 100x100 screen: (7 8 0+0.1)\n"},
		{"fixations beside samples in angles of the head", "s1.asc", "MSG 1 GAZE_COORDS 0 0 99 99\nSTART 10 LEFT SAMPLES EVENTS\nEVENTS GAZE LEFT RATE 1000.00\nSAMPLES HREF LEFT RATE 1000.00\n10 -2310.0 1250.0 900.0\nEFIX L 10 109 100 5 6 1\nEND 200 SAMPLES EVENTS\n",
			ReadOptions{}, "/s1 100x100 screen: (5 6 0+0.1)\n"},
		{"a whole file", "r07.asc", ascWhole, ReadOptions{}, "scans/042_L.png/r07 1680x1050 screen 41.5,42.25 px/deg: (840.2 525 0+0.001) (100 200 0.005+0.001)\ndropped: 1 outside the image, 1 in a blink\n"},
		{"a whole file's samples", "r07.asc", ascWhole, ReadOptions{Samples: true}, "scans/042_L.png/r07 1680x1050 screen 41.5,42.25 px/deg: 840,524.5@0 lost@0.001 lost@0.002 -14.2,300@0.003 -15,301@0.004 100,200@0.005\ndropped: 2 without a position, 1 in a blink\n"},
		{"two eyes, the better one", "s2.asc", head + ascBinocular, ReadOptions{}, "/s2 1920x1080 screen 40,41 px/deg: (956.3 541.9 0+0.003)\ndropped: 1 in a blink\n"},
		{"two eyes, not validated", "s2.asc", ascBinocular, ReadOptions{}, "/s2 1920x1080 screen 40,41 px/deg: (961.2 540.5 0+0.002)\ndropped: 1 in a blink\n"},
		{"samples of the right eye", "s2.asc", head + ascBinocular, ReadOptions{Samples: true},
			"/s2 1920x1080 screen 40,41 px/deg: 960.5,538.8@0 960.4,539.5@0.001 933.4,568.2@0.002 lost@0.003\ndropped: 1 without a position, 1 in a blink\n"},
		{"2 kHz, samples alone, two trials of a block, no screen", "s3.asc", asc2kHz, ReadOptions{},
			"0/s3 0x0 screen 37.17,37.75 px/deg: 138.1,132.8@0.0005 138.2,132.7@0.001\n1/s3 0x0 screen 37.17,37.75 px/deg: -1.5,131@0.002 140.5,131@0.0025\n"},
		{"places of images", "s4.asc", ascPlaces, ReadOptions{},
			"a.png/s4 1x1 0.020833,0.037037 px/deg: (0.5 0.25 0+0.1)\nb.png/s4 400x300 40,40 px/deg: (200 150 0+0.1)\n" +
				"c.png/s4 400x300 40,40 px/deg: (200 150 0+0.1)\nd.jpg/s4 1920x1080 screen 40,40 px/deg: (960 540 0+0.1)\n"},
		{"two images, of which a variable names one", "s7.asc", "MSG 1 GAZE_COORDS 0 0 99 99\nSTART 10 LEFT EVENTS\nMSG 11 !V IMGLOAD FILL cross.png\nMSG 12 !V IMGLOAD TOP_LEFT x/a.png 5 5 50 50\nEFIX L 10 109 100 5 6 1\nEND 200 EVENTS\n" +
			"MSG 201 !V TRIAL_VAR stim a\nMSG 202 !V TRIAL_VAR img x/a.png\n", ReadOptions{}, "x/a.png/s7 50x50: (0 1 0+0.1)\n"},
		{"an image in two trials", "s5.asc", "MSG 1 GAZE_COORDS 0 0 99 99\nMSG 1 TRIALID a.png\nSTART 10 LEFT EVENTS\nEFIX L 10 109 100 5 6 1\nEND 200 EVENTS\n" +
			"MSG 300 TRIALID a.png\nSTART 310 LEFT EVENTS\nEFIX L 320 409 90 7 8 1\nEND 500 EVENTS\n", ReadOptions{}, "a.png/s5 100x100 screen: (5 6 0+0.1)\na.png/s5 100x100 screen: (7 8 0.01+0.09)\n"},
		{"a trial without gaze", "s8.asc", "MSG 1 GAZE_COORDS 0 0 99 99\nMSG 1 TRIALID 1\nSTART 10 LEFT EVENTS\nEFIX L 10 109 100 5 6 1\nEND 200 EVENTS\nMSG 300 TRIALID 2\nSTART 310 LEFT EVENTS\nEND 500 EVENTS\n",
			ReadOptions{}, "1/s8 100x100 screen: (5 6 0+0.1)\n2/s8 100x100 screen:\n"},
		{"a screen that does not begin at 0", "s6.asc", "MSG 1 GAZE_COORDS 100 50 1123 817\nSTART 10 LEFT EVENTS\nEFIX L 10 109 100 110 60 1\nEND 200 EVENTS\n", ReadOptions{}, "/s6 1024x768 screen: (10 10 0+0.1)\n"},
	})
	block := func(lines string) string {
		return ascHead + "START	1001 	LEFT	SAMPLES	EVENTS\nEFIX L 1001 1100 100 138.0 132.0 791\n" + lines + "END	1600 	SAMPLES	EVENTS\n"
	}
	testBad(t, "eyelink", []badFile{
		{"fields", "s.asc", block("EFIX L 1101 1200\n"), ReadOptions{}, "s.asc:15: 4 fields, expected EFIX, eye, start, end, duration, x, y, pupil", false},
		{"a start", "s.asc", block("EFIX L soon 1200 100 1 1 1\n"), ReadOptions{}, `s.asc:15: field 3 is "soon", expected a time in milliseconds`, false},
		{"a position", "s.asc", block("EFIX L 1101 1200 100 x 1 1\n"), ReadOptions{}, `s.asc:15: field 6 is "x", expected a position in pixels, or a point where it is missing`, false},
		{"infinite", "s.asc", block("EFIX L 1101 1200 100 Inf 1 1\n"), ReadOptions{}, `s.asc:15: field 6 is "Inf", expected a position in pixels, or a point where it is missing`, false},
		{"fixations in angles of the head", "s.asc", block("EVENTS HREF LEFT RATE 1000.00 TRACKING CR FILTER 2\n"), ReadOptions{}, `s.asc:15: EVENTS are of the type HREF, expected GAZE, positions on the screen`, false},
		{"angles of the head", "s.asc", block("SAMPLES HREF LEFT RATE 1000.00 TRACKING CR FILTER 2\n"), ReadOptions{Samples: true}, `s.asc:15: SAMPLES are of the type HREF, expected GAZE, positions on the screen`, false},
		{"backwards", "s.asc", block("EFIX L 1201 1200 100 1 1 1\n"), ReadOptions{}, `s.asc:15: a fixation from 1201 to 1200 of 100 ms, expected an end after its start`, false},
		{"before the one above", "s.asc", block("EFIX L 1001 1200 100 1 1 1\n"), ReadOptions{}, `s.asc:15: fixation 0 of image "", reader "s", comes twice or after a later one, that on line 14`, false},
		{"a blink", "s.asc", block("EBLINK L 1201\n"), ReadOptions{}, `s.asc:15: 3 fields, expected EBLINK, eye, start, end, duration`, false},
		{"a sample", "s.asc", block("1001 5 5 5\n1002 1\n"), ReadOptions{Samples: true}, `s.asc:16: a sample of 2 fields, expected time and x, y, pupil of each eye`, false},
		{"a sample's position", "s.asc", block("1001 5 5 5\n1002 1 1e400 5\n"), ReadOptions{Samples: true}, `s.asc:16: field 3 is "1e400", expected a position in pixels, or a point where it is missing`, false},
		{"resolution", "s.asc", ascHead + "START 1 LEFT EVENTS\nEFIX L 1 100 100 1 1 1\nEND 200 EVENTS RES high 3\n", ReadOptions{}, `s.asc:15: field 5 is "high", expected pixels per degree`, false},
		{"cut off", "s.asc", ascHead + "START 1 LEFT EVENTS\nEFIX L 1 100 100 1 1 1\n", ReadOptions{}, `s.asc:13: START without END: the file is cut off`, false},
		{"a block in a block", "s.asc", ascHead + "MSG 1 TRIALID a.png\nSTART 1 LEFT EVENTS\nEFIX L 1 100 100 1 1 1\nSTART 200 LEFT EVENTS\nEFIX L 200 300 100 1 1 1\nEND 400 EVENTS\n", ReadOptions{}, `s.asc:16: START within the block that begins on line 14; expected END`, false},
		{"a screen", "s.asc", "MSG 1 GAZE_COORDS 0 0 0 0\n" + block(""), ReadOptions{}, `s.asc:1: a screen from (0, 0) to (0, 0), expected left, top, right and bottom in pixels`, false},
		{"half a screen", "s.asc", "MSG 1 GAZE_COORDS 0 0 1279\n" + block(""), ReadOptions{}, `s.asc:1: 4 fields, expected the screen's left, top, right and bottom in pixels in the 5th`, false},
		{"two images", "s.asc", "MSG 1 TRIALID 1\n" + block("") + "MSG 2000 TRIALID 2\nSTART 2001 LEFT EVENTS\nMSG 2002 !V IMGLOAD FILL a.png\nMSG 2003 !V IMGLOAD FILL b.png\nEFIX L 2010 2100 90 1 1 1\nEND 2200 EVENTS\n", ReadOptions{},
			`s.asc:18: a trial with the images "a.png" and "b.png", expected one`, false},
		{"a message's time", "s.asc", block("") + "MSG later TRIALID 2\n", ReadOptions{}, `s.asc:16: field 2 is "later", expected a time in milliseconds`, false},
	})
	if _, err := readText("s.asc", "eyelink", "** CONVERTED FROM x.edf\n", ReadOptions{}); err == nil || err.Error() != "s.asc: no recording after the header" {
		t.Errorf("no block: %v", err)
	}
	for _, other := range []string{"MSG\thello there\n", "x,y,duration\n1,2,3\n", "START of a file\n", "START 2024 of the notes\n", ""} {
		if sniffEyeLink([]byte(other)) {
			t.Errorf("%q is no EyeLink file", other)
		}
	}
}

// A folder of .asc files is read without being told the format.
func TestEyeLinkFolder(t *testing.T) {
	dir := write(t, map[string]string{"s1.asc": ascHead + ascTrials, "s2.ASC": ascPlaces, "notes.asc.bak": "x"})
	set, err := Load(dir, ReadOptions{})
	if err != nil || len(set.Recordings) != 6 || len(set.Files) != 2 {
		t.Errorf("%+v, %v", set, err)
	}
}

func FuzzEyeLink(f *testing.F) {
	for _, text := range []string{ascHead + ascTrials, ascLate, ascBinocular, asc2kHz, ascWhole, ascPlaces} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, samples bool) {
		checkWith(t, "eyelink", "s.asc", in, ReadOptions{Samples: samples})
	})
}
