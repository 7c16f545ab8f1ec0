package formats

import (
	"strings"
	"testing"
)

// The exports are written from a published one of version 6, and from the columns that data descriptions name for later ones.
const (
	iMotionsData = "#INFO,,\n#Respondent Name,anna,\n#METADATA,,\n#DATA,,\n" +
		"Row,Timestamp,EventSource,SlideEvent,StimType,SourceStimuliName,ET_GazeLeftX,ET_GazeLeftY,ET_GazeRightX,ET_GazeRightY,Fixation Index,Fixation X,Fixation Y,Fixation Start,Fixation End,Fixation Duration\n" +
		"1,90,1,,,,5,5,5,5,1,700,800,90,300,210\n2,100,1,StartSlide,Image,a,10,20,12,22,1,11,21,90,300,210\n3,101,2,,Image,a,,,,,,,,,,\n" +
		"4,110,1,,Image,a,-1,-1,14,24,1,11,21,90,300,210\n5,310,1,,Image,a,-1,-1,-1,-1,,,,,,\n6,350,1,,Image,a,30,40,32,42,2,31,41,350,750,400\n7,400,1,StartSlide,Image,b,30,40,32,42,2,31,41,350,750,400\n8,800,1,,Image,b,30,40,32,42,3,50,60,800,900,100\n"
	iMotionsSix = "StudyName\tName\tStimulusName\tSlideType\tEventSource\tTimestamp\tMediaTime\tGazeX\tGazeY\tFixationSeq\tFixationX\tFixationY\tFixationStart\tFixationDuration\n" +
		"s\tbob\ta\tBlackInterslide\tET\t20171004_182231250\t\t1\t2\t\t\t\t\t\ns\tbob\ta\tTestImage\tET|GSR\t20171004_182231262\t10\t1\t2\t1\t5\t6\t10\t200\n" +
		"s\tbob\ta\tTestImage\tGSR\t20171004_182231263\t10\t1\t2\t1\t5\t6\t10\t200\ns\tbob\ta\tTestImage\tET\t20171004_182231502\t250\t3\t4\t2\t7\t8\t250\t150\n" +
		"s\tbob\ta\tBlackInterslide\tET\t20171004_182231550\t\t1\t2\t\t\t\t\t\ns\tbob\tb\tTestImage\tET\t20171004_182231650\t0\t3\t4\t3\t9\t9\t0\t150\n"
	iMotionsOld = "StudyName\tName\tStimuliName\tEventSource\tTimestamp\tGazeX\tGazeY\tFixationSeq\tFixationX\tFixationY\tFixationStart\tFixationDuration\n" +
		"s\tbob\ta.jpg\tET\t0\t1\t2\t1\t5\t6\t0\t200\ns\tbob\ta.jpg\tET\t16\t-1\t-1\t1\t5\t6\t0\t200\ns\tbob\ta.jpg\tGSR\t17\t\t\t\t\t\t\t\ns\tbob\ta.jpg\tET\t250\t3\t4\t2\t7\t8\t250\t150\n"
)

func init() { sniffSamples["imotions"] = []string{iMotionsData, iMotionsSix, iMotionsOld} }

func TestIMotions(t *testing.T) {
	testGood(t, "imotions", []goodFile{
		{"fixations", "1.csv", iMotionsData, ReadOptions{}, "a/anna 0x0 screen: (11 21 0+0.2) (31 41 0.25+0.05)\nb/anna 0x0 screen: (31 41 0+0.35) (50 60 0.4+0.1)\n"},
		{"samples", "1.csv", iMotionsData, ReadOptions{Samples: true}, "a/anna 0x0 screen: 11,21@0 14,24@0.01 lost@0.21 31,41@0.25\nb/anna 0x0 screen: 31,41@0 31,41@0.4\ndropped: 1 without a position\n"},
		{"version 6 with slides", "1.txt", iMotionsSix, ReadOptions{}, "a/bob 0x0 screen: (5 6 0+0.2) (7 8 0.24+0.15)\nb/bob 0x0 screen: (9 9 0+0.15)\n"},
		{"its samples with slides", "1.txt", iMotionsSix, ReadOptions{Samples: true}, "a/bob 0x0 screen: 1,2@0 3,4@0.24\nb/bob 0x0 screen: 3,4@0\n"},
		{"version 6", "1.txt", iMotionsOld, ReadOptions{}, "a.jpg/bob 0x0 screen: (5 6 0+0.2) (7 8 0.25+0.15)\n"},
		{"its samples", "1.txt", iMotionsOld, ReadOptions{Samples: true}, "a.jpg/bob 0x0 screen: 1,2@0 lost@0.016 3,4@0.25\ndropped: 1 without a position\n"},
		{"a column for each sensor", "1.csv", strings.Replace(iMotionsData, "StimType", "Row", 1), ReadOptions{}, "a/anna 0x0 screen: (11 21 0+0.2) (31 41 0.25+0.05)\nb/anna 0x0 screen: (31 41 0+0.35) (50 60 0.4+0.1)\n"},
	})
	testBad(t, "imotions", []badFile{
		{"a time", "1.csv", iMotionsData + "9,soon,1,,Image,b,30,40,32,42,3,50,60,800,900,100\n", ReadOptions{}, `1.csv:14:3: Timestamp is "soon", expected a time`, false},
		{"a duration", "1.csv", iMotionsData + "9,1000,1,,Image,b,30,40,32,42,4,50,60,1000,900,-1\n", ReadOptions{}, `1.csv:14:48: Fixation Duration is "-1", expected a time that is not negative`, false},
		{"a position", "1.csv", iMotionsData + "9,1000,1,,Image,b,30,40,32,42,4,here,60,1000,900,1\n", ReadOptions{}, `1.csv:14:33: Fixation X is "here", expected a number, or nothing where it is missing`, false},
		{"no gaze", "1.csv", "Timestamp,SourceStimuliName,Fixation X\n1,a,2\n", ReadOptions{}, "1.csv:1: the header lacks Gaze X and Gaze Y, or those of both eyes, or Fixation X and Y with Fixation Index", true},
	})
}

func FuzzIMotions(f *testing.F) {
	for _, text := range []string{iMotionsData, iMotionsSix, iMotionsOld} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, samples bool) {
		checkWith(t, "imotions", "1.csv", in, ReadOptions{Samples: samples})
	})
}
