package formats

import (
	"compress/gzip"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
)

// sniffSamples is beginnings of files by format, which no other format may recognise. The readers' tests add theirs.
var sniffSamples = map[string][]string{
	"gazepoint": {"CNT\tTIME\tTIME_TICK\tFPOGX\tFPOGY\tFPOGS\tFPOGD\tFPOGID\tFPOGV\tBPOGX\tBPOGY\tBPOGV\tUSER\n", "MEDIA_ID,MEDIA_NAME,CNT,TIME(2026/02/20 00:53:57.275),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,\n"},
	"tobii": {"Recording timestamp [ms]\tParticipant name\tRecording name\tSensor\tPresented Stimulus name\tGaze point X [DACS px]\tGaze point Y [DACS px]\n",
		"RecordingTimestamp\tParticipantName\tMediaName\tFixationIndex\tGazeEventType\tFixationPointX (MCSpx)\tFixationPointY (MCSpx)\n",
		"Data properties:\n\nSubject: P1\nScreen resolution: 1280 x 1024\n\nFixationIndex\tTimestamp\tFixationDuration\tMappedFixationPointX\tMappedFixationPointY\t\n",
		"Timestamp\tNumber\tGazePointXLeft\tValidityLeft\tFixationIndex\tGazePointX\tGazePointY\tEvent\tStimuliName\tMediaWidth\tMappedFixationPointX\n"},
	"pupil-core": {"id,start_timestamp,duration,start_frame_index,end_frame_index,norm_pos_x,norm_pos_y,dispersion,confidence\n",
		"gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y\n", "world_timestamp,world_index,gaze_timestamp,x_norm,y_norm,x_scaled,y_scaled,on_surf,confidence\n",
		"id,start_timestamp,duration,start_frame,end_frame,norm_pos_x,norm_pos_y,dispersion,avg_pupil_size,confidence\n", "timestamp,index,confidence,norm_pos_x,norm_pos_y,base_data\n",
		"world_timestamp,world_frame_idx,eye_timestamp,x_norm,y_norm,x_scaled,y_scaled,on_srf\n"},
	"pupil-neon": {"section id,recording id,timestamp [ns],gaze x [px],gaze y [px],worn,fixation id,blink id\n",
		"section id,recording id,fixation id,start timestamp [ns],end timestamp [ns],duration [ms],fixation x [px],fixation y [px]\n",
		"section id,recording id,timestamp [ns],gaze detected on surface,gaze position on surface x [normalized],gaze position on surface y [normalized],fixation id\n",
		"section id,recording id,fixation id,start timestamp [ns],end timestamp [ns],duration [ms],fixation detected on surface,fixation x [normalized],fixation y [normalized]\n",
		"timestamp [ns],gaze detected on surface,gaze position on surface x [normalized],gaze position on surface y [normalized]\n"},
	"eyelink":    {"** CONVERTED FROM a.edf\n", "MSG\t10 TRIALID 1\nSTART\t20 LEFT SAMPLES EVENTS\n"},
	"multimatch": {"start_x\tstart_y\tduration\n1\t2\t0.3\n", "onset\tduration\tlabel\tstart_x\tstart_y\tend_x\tend_y\tamp\tpeak_vel\tmed_vel\tavg_vel\n"},
	"bids":       {zipped("0.1\t500.2\t300.1\t1000\n0.102\tn/a\tn/a\t0\n")},
}

// zipped is a text in gzip.
func zipped(text string) string {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

// neverSniffed are the formats without a beginning of their own.
var neverSniffed = []string{"heatmap", "mapped"}

func TestEveryFormatIsRecognisedByItselfAlone(t *testing.T) {
	for _, f := range formats {
		if !slices.Contains(neverSniffed, f.name) && len(sniffSamples[f.name]) == 0 {
			t.Errorf("no sample of format %s in sniffSamples", f.name)
		}
	}
	for name, samples := range sniffSamples {
		if !slices.Contains(Formats(), name) {
			t.Errorf("a sample of format %q, which is not registered", name)
		}
		for _, text := range samples {
			var found []string
			for _, f := range formats {
				for _, form := range []string{text, "\ufeff" + text, strings.ReplaceAll(text, "\n", "\r\n")} {
					if f.sniff([]byte(form)) && !slices.Contains(found, f.name) {
						found = append(found, f.name)
					}
				}
			}
			if !slices.Equal(found, []string{name}) {
				t.Errorf("%.80q is recognised as %q, want %q alone", text, found, name)
			}
		}
	}
}

// No format may claim what is no gaze file.
func TestNoFormatClaimsOtherFiles(t *testing.T) {
	for _, text := range []string{
		"", "\n", "image,label\na.png,1\n", "id,age\n1,2\n", "hello\n", `{"a": 1}`, `{"images": [], "annotations": []}`, "[]", "[1, 2]", `[{"name": "a"}]`, "\x89PNG\r\n\x1a\n", "1\n2\n", "1,2,3\n4,5,6\n", "1,2\n3,4\n",
		"a;b;c;d;e\n", `{"image folder": "x", "image height": 800}`, "recording,subject,stimulus\n",
	} {
		for _, f := range formats {
			if f.sniff([]byte(text)) {
				t.Errorf("%s recognises %q", f.name, text)
			}
		}
	}
}

// described is what matters of a set: its recordings, then what was dropped and the notes.
func described(set *Set) string {
	var b strings.Builder
	for _, r := range set.Recordings {
		fmt.Fprintf(&b, "%s/%s %gx%g line %d:", r.Image, r.Reader, r.Width, r.Height, r.Line)
		if r.Resolution.Known() {
			fmt.Fprintf(&b, " %.5g,%.5g px/deg", r.Resolution.X, r.Resolution.Y)
		}
		for _, f := range r.Fixations {
			fmt.Fprintf(&b, " (%.6g %.6g %.6g+%.6g%s)", f.X, f.Y, f.Start, f.Duration, atResolution(f.Resolution))
		}
		for _, v := range r.Samples {
			if v.Lost() {
				fmt.Fprintf(&b, " [lost %.6g%s]", v.Time, atResolution(v.Resolution))
			} else {
				fmt.Fprintf(&b, " [%.6g %.6g %.6g%s]", v.X, v.Y, v.Time, atResolution(v.Resolution))
			}
		}
		b.WriteString("\n")
	}
	if set.Dropped.Any() {
		b.WriteString(set.Dropped.String() + "\n")
	}
	return b.String()
}

func atResolution(r gaze.Resolution) string {
	if !r.Known() {
		return ""
	}
	return fmt.Sprintf(" at %g,%g", r.X, r.Y)
}

// readCase is a file's text and what comes of it: what [described] says, or an error that begins with "error ".
type readCase struct{ text, want string }

// testCases reads texts as a file in either mode.
func testCases(t *testing.T, format, file string, o ReadOptions, cases map[string]readCase) {
	t.Helper()
	for name, tc := range cases {
		set, err := readText(file, format, tc.text, o)
		want, bad := strings.CutPrefix(tc.want, "error ")
		switch {
		case !bad && err != nil:
			t.Errorf("%s: %v", name, err)
		case !bad:
			if got := described(set); got != tc.want {
				t.Errorf("%s: got\n%swant\n%s", name, got, tc.want)
			}
		case err == nil || !strings.Contains(err.Error(), want):
			t.Errorf("%s: error %v, want %q", name, err, want)
		default:
			var p gaze.Problem
			if !errors.As(err, &p) || p.File == "" {
				t.Errorf("%s: %v names no file", name, err)
			}
			o.SkipBad = true
			if set, err := readText(file, format, tc.text, o); err == nil && (len(set.Skips) == 0 || !strings.Contains(set.Skips[0].Error(), want)) {
				t.Errorf("%s: skips %v, want %q", name, set.Skips, want)
			}
			o.SkipBad = false
		}
	}
}
