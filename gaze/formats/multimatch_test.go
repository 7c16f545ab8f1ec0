package formats

import (
	"strings"
	"testing"
)

const (
	multiMatchHeader = "start_x\tstart_y\tduration\n"
	remodnavHeader   = "onset\tduration\tlabel\tstart_x\tstart_y\tend_x\tend_y\tamp\tpeak_vel\tmed_vel\tavg_vel\n"
)

// The table of REMoDNaV is written from its description: no sample of it could be had.
func TestMultiMatch(t *testing.T) {
	testGood(t, "multimatch", []goodFile{
		{"a scanpath", "segment.tsv", multiMatchHeader + "500.5\t300\t0.25\n510\t310\t0.1\n", ReadOptions{}, "/ 0x0: (500.5 300 0+0.25) (510 310 0.25+0.1)\n"},
		{"commas", "segment.csv", strings.ReplaceAll(multiMatchHeader+"500\t300\t0.25\n", "\t", ","), ReadOptions{}, "/ 0x0: (500 300 0+0.25)\n"},
		{"REMoDNaV", "g.tsv", remodnavHeader + "1.0\t0.2\tFIXA\t100\t200\t110\t220\t0.1\t20\t5\t4\n1.2\t0.02\tSACC\t110\t220\t300\t400\t5\t200\t90\t80\n" +
			"1.22\t0.01\tHPSO\t1\t1\t1\t1\t1\t1\t1\t1\n1.25\t0.3\tFIXA\t300\t400\t300\t400\t0\t1\t1\t1\n1.6\t0.1\tPURS\t1\t1\t1\t1\t1\t1\t1\t1\n", ReadOptions{},
			"/ 0x0: (105 210 0+0.2) (300 400 0.25+0.3)\n"},
		{"saccades alone", "g.tsv", remodnavHeader + "1.2\t0.02\tSACC\t110\t220\t300\t400\t5\t200\t90\t80\n", ReadOptions{}, "/ 0x0:\n"},
		{"an empty scanpath", "g.tsv", multiMatchHeader, ReadOptions{}, "/ 0x0:\n"},
		{"a position that is missing", "g.tsv", multiMatchHeader + "1\t1\t1\nn/a\t2\t0.5\n3\t3\t1\n", ReadOptions{}, "/ 0x0: (1 1 0+1) (3 3 1.5+1)\ndropped: 1 without a position\n"},
	})
	testBad(t, "multimatch", []badFile{
		{"a duration", "g.tsv", multiMatchHeader + "1\t1\t1\n1\t1\tn/a\n", ReadOptions{}, `g.tsv:3:5: duration is "n/a", expected a time that is not negative`, false},
		{"a position", "g.tsv", multiMatchHeader + "1\t1\t1\n1e10\t1\t1\n", ReadOptions{}, `g.tsv:3:1: start_x is "1e10", expected a number of at most 1e9, or nothing where it is missing`, false},
		{"an end", "g.tsv", remodnavHeader + "1.0\t0.2\tFIXA\t100\t200\t110\t220\t0.1\t20\t5\t4\n1.2\t1\tFIXA\t1\t1\tx\t1\t1\t1\t1\t1\n", ReadOptions{}, `g.tsv:3:16: end_x is "x", expected a number, or nothing where it is missing`, false},
		{"no label", "g.tsv", remodnavHeader + "1.0\t0.2\tFIXA\t100\t200\t110\t220\t0.1\t20\t5\t4\n1.2\t1\t\t1\t1\t1\t1\t1\t1\t1\t1\n", ReadOptions{}, `g.tsv:3:7: label is "", expected the label of an event, such as FIXA or SACC`, false},
		{"order", "g.tsv", remodnavHeader + "1.0\t0.2\tFIXA\t100\t200\t110\t220\t0.1\t20\t5\t4\n0.5\t1\tFIXA\t1\t1\t1\t1\t1\t1\t1\t1\n", ReadOptions{}, `g.tsv:3: fixation -0.5 of image "", reader "", comes twice or after a later one, that on line 2`, false},
		{"no column", "g.tsv", "start_x\tstart_y\n", ReadOptions{}, `g.tsv:1: the header lacks the column "duration"; expected start_x, start_y, duration`, true},
	})
}

func FuzzMultiMatch(f *testing.F) {
	f.Add([]byte(multiMatchHeader + "500.5\t300\t0.25\n510\t310\t0.1\n"))
	f.Add([]byte(remodnavHeader + "1.0\t0.2\tFIXA\t100\t200\t110\t220\t0.1\t20\t5\t4\n1.2\t0.02\tSACC\t110\t220\t300\t400\t5\t200\t90\t80\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "multimatch", "g.tsv", in) })
}

// The scanpaths that multimatch-gaze's own figures were computed on: a folder of a file each.
func TestMultiMatchReference(t *testing.T) {
	set, err := Load(shared(t, "data", "multimatch_reference", "fixvectors"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Recordings) != 110 || set.Dropped.Any() {
		t.Errorf("%d recordings, expected 110; dropped %s", len(set.Recordings), set.Dropped)
	}
	for _, r := range set.Recordings {
		if len(r.Fixations) < 3 || r.Dwell() <= 0 || r.Dwell() > 300 {
			t.Errorf("%s: %d fixations of %g s", r.File, len(r.Fixations), r.Dwell())
		}
	}
}
