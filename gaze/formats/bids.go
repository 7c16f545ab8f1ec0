package formats

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
)

func init() {
	registerFormat(format{
		name:  "bids",
		about: "eye tracking of the Brain Imaging Data Structure: *_physio.tsv.gz with its JSON",
		sniff: sniffBIDS, read: readBIDS, list: listBIDS, extensions: []string{".tsv.gz"},
	})
}

// sniffBIDS recognises the eye tracking of the Brain Imaging Data Structure (BIDS 1.11, BEP020), a table of samples
// without a header in gzip, *_physio.tsv.gz, whose columns stand in the JSON file beside it:
//
//	timestamp	x_coordinate	y_coordinate	[pupil_size	...]
//
// What these mean is in *_physio.json (Columns, SamplingFrequency, StartTime, PhysioType eyetrack, Units of the columns)
// and in StimulusPresentation of *_events.json (ScreenOrigin, ScreenResolution, ScreenSize, ScreenDistance), each also in a
// folder above, as BIDS inherits. Positions are pixels, or lengths on the screen, of a screen whose origin is at the top
// left, at the bottom left or at the centre, with y down only from the top. Screen size and distance give pixels per
// degree. Fixations come from *_physioevents.tsv.gz where there are any, each at the mean of its samples; otherwise, or
// with ReadOptions.Samples, the samples are taken.
//
// The images are those in the column stim_file of *_events.tsv, or in that of ReadOptions.ImageFrom, or without either what
// ends as a picture's file in a row. The table may lie in a folder above, too. An image is there from its onset for its
// duration, or until the next one, and each time a recording; samples between them are on no image, and fixations are cut to
// them. Several events that name no image are an error. Without that table the row of the manifest, or the file's name,
// tells the one image. The reader is the subject. Of the files of two eyes the cyclopean one is read from a folder, else the first.
func sniffBIDS(head []byte) bool {
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return false
	}
	text := make([]byte, headSize)
	n, _ := io.ReadFull(z, text) // the head of the file is not its end
	text, _ = decode(text[:n])
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Split(strings.TrimRight(line, "\r"), "\t")
	if len(fields) < 3 {
		return false
	}
	for i, field := range fields[:3] {
		if _, err := parseNumber(strings.TrimSpace(field)); err != nil && (i == 0 || !missing(strings.TrimSpace(field))) {
			return false
		}
	}
	return true
}

const physioEnding = "_physio.tsv.gz"

// bidsSubjects is the folders of a data set's subjects, or the folder itself where it is one, or one within.
func bidsSubjects(dir string) ([]string, error) {
	subjects, err := filepath.Glob(filepath.Join(globQuote(dir), "sub-*"))
	if err != nil {
		return nil, err
	}
	isPhysio := func(name string) bool { return strings.HasSuffix(name, physioEnding) }
	here, err := filesIn(dir, isPhysio)
	if len(here) > 0 || strings.HasPrefix(filepath.Base(dir), "sub-") {
		subjects = []string{dir}
	}
	return subjects, err
}

// listBIDS is the eye-tracking files of a data set, one for each run.
func listBIDS(dir string, _ ReadOptions) ([]string, error) {
	subjects, err := bidsSubjects(dir)
	if err != nil {
		return nil, err
	}
	chosen, cyclopean := map[string]string{}, map[string]bool{}
	var runs []string
	for _, subject := range subjects {
		err := filepath.WalkDir(subject, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, physioEnding) {
				return err
			}
			meta, err := bidsSidecar(path, "physio")
			if err != nil {
				return err
			}
			if !strings.EqualFold(meta.text("PhysioType"), "eyetrack") {
				return nil
			}
			run := withoutRecording(path)
			if chosen[run] == "" {
				runs = append(runs, run)
			} else if cyclopean[run] || !strings.EqualFold(meta.text("RecordedEye"), "cyclopean") {
				return nil
			}
			chosen[run], cyclopean[run] = path, strings.EqualFold(meta.text("RecordedEye"), "cyclopean")
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var files []string
	for _, run := range runs {
		files = append(files, chosen[run])
	}
	return files, nil
}

// withoutRecording is a path less the entity of its recording.
func withoutRecording(path string) string {
	parts := strings.Split(filepath.Base(path), "_")
	parts = slices.DeleteFunc(parts, func(p string) bool { return strings.HasPrefix(p, "recording-") })
	return filepath.Join(filepath.Dir(path), strings.Join(parts, "_"))
}

// bidsRun is one run of one reader.
type bidsRun struct {
	*collector
	source *source
	meta   bidsMeta
	screen bidsScreen
	reader string
	tick   float64 // seconds of a unit of the timestamp
	first  float64 // timestamp
	start  float64 // StartTime
	times  []float64
	x, y   []float64
	lines  []int
}

func readBIDS(s *source) error {
	b := &bidsRun{collector: collect(s), source: s}
	for _, part := range strings.Split(filepath.Base(s.file), "_") {
		if strings.HasPrefix(part, "sub-") {
			b.reader = part
		}
	}
	var err error
	if b.meta, err = bidsSidecar(s.file, "physio"); err != nil {
		return err
	}
	if kind := b.meta.text("PhysioType"); !strings.EqualFold(kind, "eyetrack") {
		return gaze.Problem{File: s.file, Reason: fmt.Sprintf("PhysioType is %q, expected eyetrack in the JSON file beside it", kind)}
	}
	events, err := bidsSidecar(withoutRecording(s.file), "events")
	if err != nil {
		return err
	}
	if b.screen, err = newBIDSScreen(s.file, b.meta, events); err != nil {
		return err
	}
	if b.screen.far {
		s.set.note("%s: the screen is farther than %d m by ScreenDistance, which has to be in metres; pixels per degree are not known", filepath.Base(s.file), farthest)
	}
	showings, err := b.showings()
	if err != nil {
		return err
	}
	// The start of the samples matters where images have onsets alone.
	if b.meta["StartTime"] != nil || showings[0].image != "" {
		if b.start, err = b.meta.number(s.file, "StartTime"); err != nil {
			return err
		}
	}
	if err := b.readSamples(); err != nil {
		return err
	}
	fixations, err := b.fixations()
	if err != nil {
		return err
	}
	if err := b.fill(showings, fixations); err != nil {
		return err
	}
	return b.finish()
}

// openHeadless opens a table whose columns stand elsewhere, gzip or not.
func openHeadless(file string, r io.Reader, columns []string) (*table, error) {
	b := bufio.NewReader(r)
	text := io.Reader(b)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1F, 0x8B}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, gaze.Problem{File: file, Reason: fmt.Sprintf("no whole gzip file: %v", err)}
		}
		text = input.Limit(whole{z}, input.Unpacked(sizeOf(r)))
	}
	t := rawTable(file, input.Text(text, repaired))
	t.names, t.used = columns, make([]bool, len(columns))
	t.reader.Comma, t.reader.FieldsPerRecord, t.reader.LazyQuotes, t.reader.ReuseRecord = '\t', -1, true, true
	for i, name := range columns {
		name = strings.ToLower(name)
		if _, ok := t.columns[name]; ok {
			return nil, gaze.Problem{File: file, Reason: fmt.Sprintf("Columns in the JSON file has %q twice", name)}
		}
		t.columns[name] = i
	}
	return t, nil
}

// sizeOf is the bytes of a file, 0 where they are not known.
func sizeOf(r io.Reader) int64 {
	switch r := r.(type) {
	case *os.File:
		if info, err := r.Stat(); err == nil {
			return info.Size()
		}
	case interface{ Len() int }:
		return int64(r.Len())
	}
	return 0
}

// whole says of what the reading of a gzip file fails.
type whole struct{ z *gzip.Reader }

func (w whole) Read(p []byte) (int, error) {
	n, err := w.z.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("no whole gzip file: %w", err)
	}
	return n, err
}

// need says which columns a JSON file must list.
func (t *table) need(columns ...string) error {
	for _, column := range columns {
		if !t.has(column) {
			return gaze.Problem{File: t.file, Reason: fmt.Sprintf("Columns in the JSON file lacks %q; expected %s", column, strings.Join(columns, ", "))}
		}
	}
	return nil
}

// readSamples reads the table of samples.
func (b *bidsRun) readSamples() error {
	s := b.source
	t, err := openHeadless(s.file, s.reader, b.meta.list("Columns"))
	if err != nil {
		return err
	}
	if err := t.need("timestamp", "x_coordinate", "y_coordinate"); err != nil {
		return err
	}
	err = s.rows(t, func() error {
		at, err := t.number("timestamp", "a time", math.Inf(-1))
		if err != nil {
			return err
		}
		if n := len(b.times); n > 0 && at < b.times[n-1] {
			return t.at("timestamp", "a time that is not before the one above it")
		}
		x, err := t.position("x_coordinate")
		if err != nil {
			return err
		}
		y, err := t.position("y_coordinate")
		if err != nil {
			return err
		}
		x, y = b.screen.pixels(x, y)
		b.times, b.x, b.y, b.lines = append(b.times, at), append(b.x, x), append(b.y, y), append(b.lines, t.line())
		return nil
	})
	if err != nil {
		return err
	}
	if len(b.times) == 0 {
		return s.pass(gaze.Problem{File: s.file, Reason: "no sample, expected a row for each"})
	}
	return b.seconds()
}

// seconds turns the timestamps into seconds since the start of the run, by their unit or, where there is none, by the
// sampling rate.
func (b *bidsRun) seconds() error {
	fail := func(expected string) error {
		return gaze.Problem{File: b.source.file, Reason: "the unit of timestamp is not known; expected " + expected}
	}
	rate, err := b.meta.number(b.source.file, "SamplingFrequency")
	if err != nil {
		return err
	}
	var known bool
	if unit := b.meta.units("timestamp"); unit != "" {
		if b.tick, known = bidsTime(unit); !known {
			return fail(fmt.Sprintf("s, ms, us or ns in the JSON file, found %q", unit))
		}
	} else if b.tick, known = tellTick(b.times, rate); !known {
		return fail("Units of timestamp, or a SamplingFrequency that fits s, ms, us or ns")
	} else if len(b.times) > 1 {
		b.source.set.noteFirst("tick", "timestamps of BIDS without Units are read in units of %g s, which makes SamplingFrequency true", b.tick)
	}
	b.first = b.times[0]
	for i, t := range b.times {
		b.times[i] = (t-b.first)*b.tick + b.start
		if !(math.Abs(b.times[i]) <= maxSeconds) {
			return gaze.Problem{File: b.source.file, Line: b.lines[i], Column: 1, Reason: "a timestamp more than 1e10 seconds from the first"}
		}
	}
	return nil
}

// bidsTime is the seconds of a unit.
func bidsTime(unit string) (float64, bool) {
	switch strings.ToLower(unit) {
	case "s", "sec", "second", "seconds":
		return 1, true
	case "ms", "msec", "millisecond", "milliseconds":
		return 1e-3, true
	case "us", "µs", "μs", "usec", "microsecond", "microseconds":
		return 1e-6, true
	case "ns", "nanosecond", "nanoseconds":
		return 1e-9, true
	}
	return 0, false
}

// tellTick is the unit in which the middle step between samples is that of the sampling rate, within a factor of 3.
func tellTick(times []float64, rate float64) (float64, bool) {
	var steps []float64
	for i := 1; i < len(times); i++ {
		if times[i] > times[i-1] {
			steps = append(steps, times[i]-times[i-1])
		}
	}
	if len(steps) == 0 {
		return 1, len(times) == 1 // one sample needs no unit
	}
	slices.Sort(steps)
	step := steps[len(steps)/2]
	for _, unit := range []float64{1, 1e-3, 1e-6, 1e-9} {
		if ratio := step * unit * rate; ratio > 1./3 && ratio < 3 {
			return unit, true
		}
	}
	return 0, false
}

// sibling is a file of the same run with another suffix, or nil where there is none.
func (b *bidsRun) sibling(path, ending string) (*os.File, string, error) {
	stem, ok := cutEnding(path, physioEnding)
	if !ok {
		if stem, ok = cutEnding(path, "_physio.tsv"); !ok {
			return nil, "", nil
		}
	}
	f, err := input.Open(stem + ending)
	if os.IsNotExist(err) {
		return nil, "", nil
	}
	return f, stem + ending, err
}
