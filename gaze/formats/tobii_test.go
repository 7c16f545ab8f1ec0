package formats

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// tabs turns a table that is easy to read, with columns between bars, into one with tabs.
func tabs(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		fields := strings.Split(line, "|")
		for i, f := range fields {
			fields[i] = strings.TrimSpace(f)
		}
		b.WriteString(strings.Join(fields, "\t") + "\n")
	}
	return b.String()
}

// The files are written from the columns that public readers of such exports name: no sample could be had.
var (
	// Screen project of Pro Lab, new names: a fixation repeated in its samples, one on the next image, rows of the mouse,
	// of an event, and without an image.
	tobiiNew = tabs(
		"Recording timestamp [ms] | Sensor | Participant name | Recording name | Event | Presented Stimulus name | Presented Media width [px] | Presented Media height [px] | Presented Media position X [DACS px] | Presented Media position Y [DACS px] | Gaze point X [DACS px] | Gaze point Y [DACS px] | Validity left | Validity right | Eye movement type | Eye movement event duration [ms] | Eye movement type index | Fixation point X [DACS px] | Fixation point Y [DACS px]",
		"100 | Eye Tracker | P1 | Rec1 | | a | 800 | 600 | 560 | 240 | 960 | 540 | Valid | Valid | Saccade | 16 | 1 | | ",
		"110 |             | P1 | Rec1 | ImageStimulusStart | a | 800 | 600 | 560 | 240 | | | | | | | | | ",
		"116 | Eye Tracker | P1 | Rec1 | | a | 800 | 600 | 560 | 240 | 961 | 541 | Valid | Invalid | Fixation | 48 | 1 | 960 | 540",
		"120 | Mouse       | P1 | Rec1 | | a | 800 | 600 | 560 | 240 | | | | | | | | | ",
		"133 | Eye Tracker | P1 | Rec1 | | a | 800 | 600 | 560 | 240 | 962 | 542 | Valid | Valid | Fixation | 48 | 1 | 960 | 540",
		"150 | Eye Tracker | P1 | Rec1 | | a | 800 | 600 | 560 | 240 | | | Invalid | Invalid | EyesNotFound | 16 | 1 | | ",
		"166 | Eye Tracker | P1 | Rec1 | | a | 800 | 600 | 560 | 240 | 600 | 300 | Valid | Valid | Fixation | 33 | 2 | 600 | 300",
		"183 | Eye Tracker | P1 | Rec1 | |   |     |     |     |     | 600 | 300 | Valid | Valid | Fixation | 33 | 2 | 600 | 300",
		"200 | Eye Tracker | P1 | Rec1 | | b | 400 | 400 | 760 | 340 | 960 | 540 | Valid | Valid | Fixation | 16 | 3 | 960 | 540",
		"300 | Eye Tracker | P1 | Rec1 | | b | 400 | 400 | 760 | 340 | 960 | 540 | Valid | Valid | Fixation | 20 | 4 | 100 | 100",
		"350 | Eye Tracker | P1 | Rec1 | | b | 400 | 400 | 760 | 340 | 960 | 540 | Valid | Valid | Fixation | 20 | 5 | 961.5 | 540",
		"400 | Eye Tracker | P1 | Rec1 | | b | 400 | 400 | 760 | 340 | 960 | 540 | Valid | Valid | Fixation | 20 | 6 |  | ")
	tobiiNewWant = "a/P1 800x600: (400 300 0.016+0.048) (40 60 0.066+0.017)\nb/P1 400x400: (200 200 0+0.016) (201.5 200 0.15+0.02)\n" +
		"dropped: 1 outside the image, 1 without a position\n"
	// Pro Lab in microseconds with decimal commas and fractions of the image.
	tobiiNorm = tabs(
		"Recording timestamp [μs] | Participant name | Presented Media name | Gaze point X [MCS norm] | Gaze point Y [MCS norm] | Gaze point X [DACS px] | Gaze point Y [DACS px] | Validity left | Validity right",
		"1000000 | P2 | a.png | 0,5000 | 0,2500 | 960 | 540 | 0 | 4",
		"1008333 | P2 | a.png | 0,5100 | 0,2600 | 961 | 541 | 2 | 4",
		"1016667 | P2 | a.png | 0,5200 | 0,2700 | 962 | 542 | 1 | 0")
	tobiiNormWant = "a.png/P2 1x1: 0.5,0.25@0 lost@0.008333 0.52,0.27@0.016667\ndropped: 1 marked invalid\n"
	// Tobii Studio, with names without blanks.
	tobiiStudio = tabs(
		"ParticipantName | RecordingName | RecordingResolution | MediaName | RecordingTimestamp | FixationIndex | GazeEventType | GazeEventDuration | FixationPointX (MCSpx) | FixationPointY (MCSpx) | MediaWidth | MediaHeight | GazePointX (ADCSpx) | GazePointY (ADCSpx)",
		"P3 | R | 1920 x 1080 | a.jpg | 0  | 1 | Fixation | 50 | 100 | 200 | 640 | 480 | 740 | 500",
		"P3 | R | 1920 x 1080 | a.jpg | 17 | 1 | Fixation | 50 | 100 | 200 | 640 | 480 | 741 | 501",
		"P3 | R | 1920 x 1080 | a.jpg | 33 |   | Saccade | 17 |  |  | 640 | 480 | 742 | 502",
		"P3 | R | 1920 x 1080 | a.jpg | 50 | 2 | Fixation | 100 | 300 | 100 | 640 | 480 | 942 | 402")
	// Glasses: fixations mapped to a snapshot, a timestamp without a unit, in microseconds by its steps.
	tobiiGlasses = tabs(
		"Recording timestamp | Sensor | Participant name | Eye movement type | Gaze event duration | Eye movement type index | Fixation point X | Fixation point Y | Mapped fixation X [Poster A] | Mapped fixation Y [Poster A]",
		"0     | Eye Tracker | P4 | Fixation | 40 | 1 | 10 | 10 |     |    ",
		"20000 | Eye Tracker | P4 | Fixation | 40 | 1 | 10 | 10 | 500 | 600",
		"30000 | Gyro        | P4 |          |    |   |    |    |     |    ",
		"40000 | Eye Tracker | P4 | Fixation | 60 | 2 | 10 | 10 | 510 | 610")
	tobiiSnapshots = tabs(
		"Recording timestamp [ms] | Participant name | Gaze point X | Gaze point Y | Mapped eye movement type [01-walk] | Mapped eye movement type [02-walk] | Mapped eye movement type index [01-walk] | Mapped eye movement type index [02-walk] | Mapped fixation X [01-walk] | Mapped fixation Y [01-walk] | Mapped fixation X [02-walk] | Mapped fixation Y [02-walk]",
		"0  | P5 | 1 | 1 | Fixation |          | 1 |   | 5 | 6 |   |  ",
		"10 | P5 | 2 | 2 | Fixation | Saccade  | 1 |   | 5 | 6 |   |  ",
		"20 | P5 | 3 | 3 | Fixation | Fixation | 1 | 1 | 5 | 6 | 50 | 60",
		"30 | P5 | 4 | 4 | Fixation | Fixation | 2 | 1 | 7 | 8 | 50 | 60",
		"40 | P5 | 5 | 5 | Fixation |          | 2 |   | 7 | 8 |  | ",
		"50 | P5 | 6 | 6 | Saccade  | Fixation |   | 2 |   |   |  | ")
	// A screen project in all its columns, of which the reader wants a few: the calibration is a stimulus there.
	tobiiWhole = tabs(
		"Recording timestamp [μs] | Computer timestamp [μs] | Sensor | Project name | Export date | Participant name | Recording name | Timeline name | Recording Fixation filter name | Recording resolution height [px] | Recording resolution width [px] | Event | Event value | Gaze point X [DACS px] | Gaze point Y [DACS px] | Pupil diameter left [mm] | Validity left | Validity right | Gaze point X [MCS norm] | Gaze point Y [MCS norm] | Presented Stimulus name | Presented Media name | Presented Media width [px] | Presented Media height [px] | Original Media width [px] | Original Media height [px] | Eye movement type | Gaze event duration [ms] | Eye movement type index | Fixation point X [DACS px] | Fixation point Y [DACS px] | Fixation point X [MCS norm] | Fixation point Y [MCS norm] | AOI hit [scan 1 - Lesion] | Mouse position X [DACS px]",
		"0 | 5000000 |  | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 | RecordingStart |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  | ",
		"8333 | 5008333 | Eye Tracker | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 |  |  | 960 | 540 | 3,02 | Valid | Valid |  |  | Eyetracker Calibration |  |  |  |  |  | Fixation | 50 | 1 | 960 | 540 |  |  |  | ",
		"20000 | 5020000 |  | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 | ImageStimulusStart | scan 1 |  |  |  |  |  |  |  | scan 1 | scan 1.png | 1024 | 768 | 2048 | 1536 |  |  |  |  |  |  |  |  | ",
		"25000 | 5025000 | Eye Tracker | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 |  |  | 449 | 156 | 3,02 | Valid | Valid | 0,0005 | 0,0003 | scan 1 | scan 1.png | 1024 | 768 | 2048 | 1536 | Saccade | 8 | 1 |  |  |  |  |  | ",
		"33333 | 5033333 | Eye Tracker | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 |  |  | 449 | 157 | 3,02 | Valid | Valid | 0,0010 | 0,0007 | scan 1 | scan 1.png | 1024 | 768 | 2048 | 1536 | Fixation | 17 | 2 | 449 | 156 | 0,0005 | 0,0003 |  | ",
		"35000 | 5035000 | Mouse | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 |  |  |  |  |  |  |  |  |  | scan 1 | scan 1.png | 1024 | 768 | 2048 | 1536 |  |  |  |  |  |  |  |  | 12",
		"41667 | 5041667 | Eye Tracker | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 |  |  |  |  |  | Invalid | Invalid |  |  | scan 1 | scan 1.png | 1024 | 768 | 2048 | 1536 | Fixation | 17 | 2 | 449 | 156 | 0,0005 | 0,0003 |  | ",
		"50000 | 5050000 | Eye Tracker | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 |  |  |  |  |  | Invalid | Invalid |  |  | scan 1 | scan 1.png | 1024 | 768 | 2048 | 1536 | EyesNotFound | 8 | 1 |  |  |  |  |  | ",
		"58333 | 5058333 | Eye Tracker | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 |  |  | 960 | 540 | 3,02 | Valid | Valid | 0,5000 | 0,5000 | scan 1 | scan 1.png | 1024 | 768 | 2048 | 1536 | Fixation | 8 | 3 | 960 | 540 | 0,5000 | 0,5000 |  | ",
		"66667 | 5066667 | Eye Tracker | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 |  |  | 400 | 100 | 3,02 | Valid | Valid | -0,0479 | -0,0729 | scan 1 | scan 1.png | 1024 | 768 | 2048 | 1536 | Fixation | 8 | 4 | 400 | 100 | -0,0479 | -0,0729 |  | ",
		"75000 | 5075000 |  | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 | ImageStimulusEnd | scan 1 |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  | ",
		"80000 | 5080000 |  | Reading, 2nd | 03.03.2023 | P07 | Recording3 | Timeline1 | Tobii I-VT (Fixation) | 1080 | 1920 | RecordingEnd |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  | ")
	tobiiScreen = tabs(
		"Recording timestamp | Recording name | Recording resolution width | Recording resolution height | Presented Stimulus name | Gaze point X | Gaze point Y | Event",
		"0  | R1 | 1920 | 1080 | a | 10 | 20 | ",
		"8  | R1 | 1920 | 1080 | a |    |    | KeyboardEvent",
		"16 | R1 | 1920 | 1080 | a | 1e4 | -5 | ",
		"33 | R1 | 1920 | 1080 | a |    |    | ")
)

func TestTobii(t *testing.T) {
	testGood(t, "tobii", []goodFile{
		{"new names", "g.tsv", tobiiNew, ReadOptions{}, tobiiNewWant},
		{"UTF-16, little endian", "g.tsv", utf16Text(binary.LittleEndian, strings.ReplaceAll(tobiiNew, "\n", "\r\n")), ReadOptions{}, tobiiNewWant},
		{"UTF-16, big endian", "g.tsv", utf16Text(binary.BigEndian, tobiiNorm), ReadOptions{}, tobiiNormWant},
		{"decimal commas, microseconds, fractions", "g.tsv", "\ufeff" + tobiiNorm, ReadOptions{}, tobiiNormWant},
		{"the micro sign in place of mu", "g.tsv", strings.ReplaceAll(tobiiNorm, "\u03bc", "\u00b5"), ReadOptions{}, tobiiNormWant},
		{"units in parentheses and without a blank", "g.tsv", strings.NewReplacer("[MCS norm]", "(MCSnorm)", "[DACS px]", "(DACSpx)", "[μs]", "(us)").Replace(tobiiNorm), ReadOptions{}, tobiiNormWant},
		{"samples where there are fixations", "g.tsv", tobiiNew, ReadOptions{Samples: true},
			"a/P1 800x600: 400,300@0 401,301@0.016 402,302@0.033 lost@0.05 40,60@0.066\nb/P1 400x400: 200,200@0 200,200@0.1 200,200@0.15 200,200@0.2\n" +
				"dropped: 1 marked invalid\n"},
		{"Studio", "g.tsv", tobiiStudio, ReadOptions{}, "a.jpg/P3 640x480: (100 200 0+0.05) (300 100 0.05+0.1)\n"},
		{"Studio, samples", "g.tsv", tobiiStudio, ReadOptions{Samples: true}, "a.jpg/P3 1920x1080 screen: 740,500@0 741,501@0.017 742,502@0.033 942,402@0.05\n"},
		{"glasses", "g.tsv", tobiiGlasses, ReadOptions{}, "Poster A/P4 0x0: (500 600 0.02+0.02) (510 610 0.04+0.06)\n"},
		{"two snapshots, without durations", "g.tsv", tobiiSnapshots, ReadOptions{}, "01-walk/P5 0x0: (5 6 0+0.03) (7 8 0.03+0.02)\n02-walk/P5 0x0: (50 60 0.02+0.02)\ndropped: 1 without a position\n"},
		{"two snapshots' scene camera", "g.tsv", tobiiSnapshots, ReadOptions{Samples: true}, "/P5 0x0 screen: 1,1@0 2,2@0.01 3,3@0.02 4,4@0.03 5,5@0.04 6,6@0.05\n"},
		{"fixations of Studio 2, under a preamble", "g.tsv", "Data properties:\n\nSubject: P105\nScreen resolution: 1280 x 1024\n\nFixationIndex\tTimestamp\tFixationDuration\tMappedFixationPointX\tMappedFixationPointY\t\n" +
			"12\t26\t633\t513\t518\t\n13\t659\t849\t-1\t527\t\n14\t1508\t350\t629\t559\t\n", ReadOptions{}, "/P105 1280x1024 screen: (513 518 0+0.633) (629 559 1.482+0.35)\ndropped: 1 outside the image\n"},
		{"samples of Studio 2", "g.tsv", tabs("Timestamp | GazePointXLeft | ValidityLeft | ValidityRight | FixationIndex | GazePointX | GazePointY | Event | StimuliName | MediaWidth | MediaHeight | MediaPosX | MediaPosY",
			"0 | 140,5 | 0 | 0 | 1 | 140 | 200 | | a | 800 | 600 | 40 | 0", "20 | | 4 | 4 | | -1280 | -1024 | | a | 800 | 600 | 40 | 0", "30 | | | | | | | LeftMouseClick | a | | | | "), ReadOptions{Samples: true},
			"a/ 800x600: 100,200@0 lost@0.02\ndropped: 1 marked invalid\n"},
		{"a screen", "g.tsv", tobiiScreen, ReadOptions{}, "a/R1 1920x1080 screen: 10,20@0 10000,-5@0.016 lost@0.033\ndropped: 1 without a position\n"},
		{"older names of snapshots' columns", "g.tsv", strings.ReplaceAll(tobiiSnapshots, "Mapped eye movement type index", "Mapped Eye Movement Index"), ReadOptions{}, "01-walk/P5 0x0: (5 6 0+0.03) (7 8 0.03+0.02)\n02-walk/P5 0x0: (50 60 0.02+0.02)\ndropped: 1 without a position\n"},
		{"a file of Pro Lab with its calibration", "g.tsv", tobiiWhole, ReadOptions{}, "scan 1/P07 1024x768: (0.512 0.2304 0.008333+0.017) (512 384 0.033333+0.008)\ndropped: 1 outside the image\n"},
		{"its samples", "g.tsv", tobiiWhole, ReadOptions{Samples: true}, "scan 1/P07 1024x768: 0.512,0.2304@0 1.024,0.5376@0.008333 lost@0.016667 lost@0.025 512,384@0.033333 -49.0496,-55.9872@0.041667\ndropped: 1 outside the image, 2 marked invalid\n"},
		{"a stimulus that is a text", "g.tsv", tobiiNew + tabs("450 | Eye Tracker | P1 | Rec1 | | Instruction | | | | | 960 | 540 | Valid | Valid | Fixation | 20 | 7 | 960 | 540"), ReadOptions{}, tobiiNewWant},
		{"the screen under its oldest name", "g.tsv", strings.ReplaceAll(tobiiNew, "[DACS px]", "(RCSpx)"), ReadOptions{}, tobiiNewWant},
		{"rows that another program has numbered", "g.csv", ",Recording timestamp [ms],Gaze point X [MCS px],Gaze point Y [MCS px]\n0,0,5,6\n1,20,7,8\n", ReadOptions{}, "/ 0x0 screen: 5,6@0 7,8@0.02\n"},
		{"a scene video", "g.tsv", tabs("Recording timestamp [ms] | Gaze point X [MCS px] | Gaze point Y [MCS px] | Recording resolution width [px] | Recording resolution height [px]",
			"0 | 5 | 6 | 1920 | 1080", "20 | 7 | 8 | 1920 | 1080"), ReadOptions{}, "/ 1920x1080 screen: 5,6@0 7,8@0.02\n"},
		{"fixations of two recordings of a reader", "g.tsv", tabs("Recording timestamp [ms] | Participant name | Recording name | Presented Stimulus name | Eye movement type | Eye movement type index | Gaze event duration [ms] | Fixation point X [MCS px] | Fixation point Y [MCS px]",
			"500 | P | R1 | a | Fixation | 1 | 20 | 1 | 2", "510 | P | R1 | a | Fixation | 1 | 20 | 1 | 2", "520 | P | R1 | a | Fixation | 2 | 30 | 3 | 4", "400 | P | R2 | a | Fixation | 1 | 10 | 5 | 6"), ReadOptions{},
			"a/P 0x0: (1 2 0+0.02) (3 4 0.02+0.03)\na/P 0x0: (5 6 0+0.01)\n"},
		{"two recordings of a reader", "g.tsv", tabs("Recording timestamp [ms] | Participant name | Recording name | Presented Stimulus name | Gaze point X [MCS px] | Gaze point Y [MCS px] | Original Media width | Original Media height",
			"500 | P | R1 | a | 1 | 2 | 30 | 40", "510 | P | R1 | a | 3 | 4 | 30 | 40", "400 | P | R2 | a | 5 | 6 | 30 | 40", "410 | P | R2 | a | 7 | 8 | 30 | 40"), ReadOptions{},
			"a/P 30x40: 1,2@0 3,4@0.01\na/P 30x40: 5,6@0 7,8@0.01\n"},
	})
	row := func(table, line string) string { return table + tabs(line) }
	testBad(t, "tobii", []badFile{
		{"a time", "g.tsv", row(tobiiNorm, "soon|P2|a.png|0,5|0,5|1|1|0|0"), ReadOptions{}, `g.tsv:5:1: Recording timestamp [μs] is "soon", expected a time`, false},
		{"a position", "g.tsv", row(tobiiNorm, "1020000|P2|a.png|0,5,1|0,5|1|1|0|0"), ReadOptions{}, `g.tsv:5:18: Gaze point X [MCS norm] is "0,5,1", expected a number, or nothing where it is missing`, false},
		{"validity", "g.tsv", row(tobiiNorm, "1020000|P2|a.png|0,5|0,5|1|1|7|0"), ReadOptions{}, `g.tsv:5:30: Validity left is "7", expected Valid or Invalid, or 0 to 4`, false},
		{"back in time", "g.tsv", row(tobiiNorm, "1000000|P2|a.png|0,5|0,5|1|1|0|0"), ReadOptions{}, `g.tsv:5: a sample of image "a.png", reader "P2", at 0 s, before the one above it at 0.016666999999999987 s`, false},
		{"a duration", "g.tsv", row(tobiiStudio, "P3 | R | 1920 x 1080 | a.jpg | 150 | 3 | Fixation | -1 | 300 | 100 | 640 | 480 | 942 | 402"), ReadOptions{}, `g.tsv:6:39: GazeEventDuration is "-1", expected a time that is not negative`, false},
		{"no index", "g.tsv", row(tobiiStudio, "P3 | R | 1920 x 1080 | a.jpg | 150 |  | Fixation | 1 | 300 | 100 | 640 | 480 | 942 | 402"), ReadOptions{}, `g.tsv:6:28: FixationIndex is "", expected the number of the fixation`, false},
		{"a size", "g.tsv", row(tobiiStudio, "P3 | R | 1920 x 1080 | a.jpg | 150 | 3 | Fixation | 1 | 300 | 100 | 0 | 480 | 942 | 402"), ReadOptions{}, `g.tsv:6:49: MediaWidth is "0", expected a size in pixels, 1 to 100000`, false},
		{"a screen", "g.tsv", row(tobiiStudio, "P3 | R | big | a.jpg | 150 | 3 | Fixation | 1 | 300 | 100 | 640 | 480 | 942 | 402"), ReadOptions{Samples: true}, `g.tsv:6:6: RecordingResolution is "big", expected a size in pixels, as 1920 x 1080`, false},
		{"an edge", "g.tsv", row(tobiiNew, "416 | Eye Tracker | P1 | Rec1 | | b | 400 | 400 | | 340 | 960 | 540 | Valid | Valid | Fixation | 16 | 7 | 960 | 540"), ReadOptions{}, `g.tsv:14:36: Presented Media position X [DACS px] is "", expected the left edge of the image on the screen`, false},
		{"no timestamp", "g.tsv", tabs("Participant name | Gaze point X | Gaze point Y", "P | 1 | 2"), ReadOptions{}, `g.tsv:1: the header lacks Recording timestamp, in ms or μs`, true},
		{"no gaze", "g.tsv", tabs("Recording timestamp [ms] | Gaze point X", "1 | 2"), ReadOptions{}, `g.tsv:1: the header lacks Gaze point X and Y, or Fixation point X and Y with Eye movement type and Eye movement type index`, true},
		{"a unit that nothing tells", "g.tsv", tabs("Recording timestamp | Gaze point X | Gaze point Y", "1 | 2 | 3"), ReadOptions{}, `g.tsv:1: the unit of Recording timestamp is not declared, and the steps between rows do not tell it; expected [ms] or [μs] behind its name`, true},
		{"a unit between the two", "g.tsv", tabs("Recording timestamp | Gaze point X | Gaze point Y", "1 | 2 | 3", "201 | 2 | 3"), ReadOptions{}, `g.tsv:1: the unit of Recording timestamp is not declared, and the steps between rows do not tell it; expected [ms] or [μs] behind its name`, true},
	})
}

// The unit of a timestamp without one, for the rates of all of the maker's trackers.
func TestTobiiUnit(t *testing.T) {
	for _, rate := range []float64{30, 50, 60, 100, 120, 150, 250, 300, 600, 1200} {
		for unit, scale := range map[string]float64{"ms": 1e3, "us": 1e6} {
			lines := []string{"Recording timestamp | Gaze point X | Gaze point Y"}
			for i := range 20 {
				lines = append(lines, fmt.Sprintf("%.0f | 1 | 1", float64(i)/rate*scale))
			}
			set, err := readText("g.tsv", "tobii", tabs(lines...), ReadOptions{})
			if err != nil {
				t.Errorf("%g Hz in %s: %v", rate, unit, err)
			} else if got := set.Recordings[0].Samples[19].Time; !within(got, 19/rate, 1e-3) {
				t.Errorf("%g Hz in %s: the last sample at %g s, want %g", rate, unit, got, 19/rate)
			}
		}
	}
}

func FuzzTobii(f *testing.F) {
	for _, text := range []string{tobiiNew, tobiiNorm, tobiiStudio, tobiiGlasses, tobiiSnapshots, tobiiScreen, tobiiWhole, utf16Text(binary.LittleEndian, tobiiNorm)} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, samples bool) {
		checkWith(t, "tobii", "g.tsv", in, ReadOptions{Samples: samples})
	})
}
