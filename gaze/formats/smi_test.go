package formats

import "testing"

// The lists are written from published ones, the tables from the columns that public readers of them name: no sample of
// those could be had.
var (
	smiEvents = tabs("Trial | Stimulus | Export Start Trial Time [ms] | Export End Trial Time [ms] | Participant | Category | Eye L/R | Index | Event Start Trial Time [ms] | Event End Trial Time [ms] | Event Duration [ms] | Fixation Position X [px] | Fixation Position Y [px]",
		"Trial001 | a.jpg | 0.0 | 1000.0 | P1 | Fixation | Right | 1 | 0.0 | 200.0 | 200.0 | 100.5 | 200.5",
		"Trial001 | a.jpg | 0.0 | 1000.0 | P1 | Fixation | Left | 1 | 0.0 | 200.0 | 200.0 | 101.5 | 201.5",
		"Trial001 | a.jpg | 0.0 | 1000.0 | P1 | Saccade | Right | 1 | 200.0 | 240.0 | 40.0 | - | -",
		"Trial001 | a.jpg | 0.0 | 1000.0 | P1 | Blink | Right | 1 | 240.0 | 300.0 | 60.0 | - | -",
		"Trial001 | a.jpg | 0.0 | 1000.0 | P1 | Fixation | Right | 2 | 900.0 | 1200.0 | 300.0 | 300 | 400",
		"Trial002 | a.jpg | 0.0 | 1000.0 | P1 | Fixation | Right | 1 | 10.0 | 310.0 | 300.0 | 5 | 6")
	smiIntake = "Trial,Stimulus,Participant,Category,Event Start Trial Time [ms],Event End Trial Time [ms],Visual Intake Position X [px],Visual Intake Position Y [px]\n" +
		"T1,scene.avi,P1,Visual Intake,0,200,10,20\nT1,scene.avi,P1,Visual Intake,240,500,-,-\n"
	smiRaw = tabs("RecordingTime [ms] | Trial | Stimulus | Participant | Category Right | Category Left | Index Right | Point of Regard Right X [px] | Point of Regard Right Y [px] | Point of Regard Left X [px] | Point of Regard Left Y [px]",
		"1000.5 | T1 | a.jpg | P1 | Fixation | Fixation | 1 | 10 | 20 | 11 | 21",
		"1004.5 | T1 | a.jpg | P1 | Blink | Blink | 1 | 0 | 0 | 0 | 0",
		"1008.5 | T1 | a.jpg | P1 | - | - | - | - | - | 11 | 21",
		"1012.5 | T1 | a.jpg | P1 | User Event | User Event | - | # Message: x | - | - | -",
		"2000.5 | T2 | b.jpg | P1 | Fixation | Fixation | 2 | 30 | 40 | 11 | 21")
	smiListed = "[BeGaze]\r\nConverted from:\tC:\\x.idf\r\nSample Rate:\t120\r\nSubject:\tP 7\r\nCalibration Area:\t1680\t1050\r\n\r\nTable Header for Fixations:\r\n" +
		"Event Type\tTrial\tNumber\tStart\tEnd\tDuration\tLocation X\tLocation Y\tDispersion X\tDispersion Y\tPlane\tAvg. Pupil Size X\tAvg. Pupil Size Y\r\n\r\n" +
		"Table Header for Saccades:\r\nEvent Type\tTrial\tNumber\tStart\tEnd\tDuration\tStart Loc.X\r\n\r\n" +
		"UserEvent\t1\t1\t1000000\t# Message: a.jpg\r\n" +
		"Fixation L\t1\t1\t900000\t1200000\t300000\t100.5\t200.5\t1\t1\t-1\t9\t9\r\nFixation R\t1\t1\t900000\t1200000\t300000\t101\t201\t1\t1\t-1\t9\t9\r\n" +
		"Saccade L\t1\t1\t1200000\t1240000\t40000\t1\r\nUserEvent\t1\t2\t1500000\t# Message: UE-keypress A\r\n" +
		"Fixation L\t1\t2\t1900000\t2300000\t400000\t300\t400\t1\t1\t-1\t9\t9\r\nUserEvent\t1\t3\t2000000\t# Message: b.jpg\r\n"
	smiSampled = "## [iView]\n## Subject:\tP7\n## Calibration Area:\t1680\t1050\nTime\tType\tTrial\tL POR X [px]\tL POR Y [px]\tTiming\tL Validity\n" +
		"900000\tSMP\t1\t1\t2\t0\t1\n1000000\tMSG\t1\t# Message: a.jpg\n1004000\tSMP\t1\t10.5\t20.5\t0\t1\n1008000\tSMP\t1\t0.00\t0.00\t0\t1\n1012000\tSMP\t1\t90.5\t20.5\t0\t0\n2000000\tMSG\t2\t# Message: b.jpg\n2004000\tSMP\t2\t30\t40\t0\t1\n"
)

func init() { sniffSamples["smi"] = []string{smiEvents, smiIntake, smiRaw, smiListed, smiSampled} }

func TestSMI(t *testing.T) {
	testGood(t, "smi", []goodFile{
		{"events", "g.txt", smiEvents, ReadOptions{}, "a.jpg/P1 0x0 screen: (100.5 200.5 0+0.2) (300 400 0.9+0.1)\na.jpg/P1 0x0 screen: (5 6 0.01+0.3)\n"},
		{"visual intakes", "g.csv", smiIntake, ReadOptions{}, "scene.avi/P1 0x0 screen: (10 20 0+0.2)\ndropped: 1 without a position\n"},
		{"samples", "g.txt", smiRaw, ReadOptions{}, "a.jpg/P1 0x0 screen: 10,20@0 lost@0.004 lost@0.008\nb.jpg/P1 0x0 screen: 30,40@0\ndropped: 1 without a position, 1 in a blink\n"},
		{"a list of events", "g.txt", smiListed, ReadOptions{}, "a.jpg/P 7 1680x1050 screen: (100.5 200.5 0+0.2) (300 400 0.9+0.1)\nb.jpg/P 7 1680x1050 screen: (300 400 0+0.3)\n"},
		{"a list of samples", "g.txt", smiSampled, ReadOptions{}, "a.jpg/P7 1680x1050 screen: 10.5,20.5@0 lost@0.004 lost@0.008\nb.jpg/P7 1680x1050 screen: 30,40@0\ndropped: 1 without a position, 1 marked invalid\n"},
	})
	testBad(t, "smi", []badFile{
		{"an end", "g.txt", smiEvents + tabs("T9 | a.jpg | 0 | 9 | P1 | Fixation | Right | 1 | 10 | 5 | 5 | 1 | 1"), ReadOptions{}, `g.txt:8:37: Event End Trial Time [ms] is "5", expected a time no earlier than Event Start Trial Time [ms]`, false},
		{"a position", "g.csv", smiIntake + "T1,scene.avi,P1,Visual Intake,600,700,x,1\n", ReadOptions{}, `g.csv:4:39: Visual Intake Position X [px] is "x", expected a number, or nothing where it is missing`, false},
		{"a time", "g.txt", smiSampled + "soon\tSMP\t2\t30\t40\t0\n", ReadOptions{}, `g.txt:12: field 1 is "soon", expected a time in microseconds`, false},
		{"fields", "g.txt", smiListed + "Fixation L\t1\t3\t1900000\r\n", ReadOptions{}, `g.txt:20: 4 fields, expected a time in microseconds in the 6th`, false},
		{"no positions", "g.txt", tabs("RecordingTime [ms] | Stimulus", "1 | a.jpg"), ReadOptions{}, "g.txt:1: the header lacks Point of Regard X [px] and Y [px] of an eye", true},
	})
}

func FuzzSMI(f *testing.F) {
	for _, text := range []string{smiEvents, smiIntake, smiRaw, smiListed, smiSampled} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "smi", "g.txt", in) })
}
