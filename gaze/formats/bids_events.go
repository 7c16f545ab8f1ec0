package formats

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
)

// bidsShowing is an image before the reader, in seconds of the run, and where that stands.
type bidsShowing struct {
	image      string
	begin, end float64
	place      place
}

// showings reads the images from the table of events; where that names none there is a single one, of no name.
func (b *bidsRun) showings() ([]bidsShowing, error) {
	whole := []bidsShowing{{"", math.Inf(-1), math.Inf(1), place{b.source.file, 1}}}
	path, err := bidsTable(withoutRecording(b.source.file), "_events.tsv")
	if path == "" || err != nil {
		return whole, err
	}
	list, err := b.events(path)
	if err != nil || len(list) == 0 {
		return whole, err
	}
	slices.SortStableFunc(list, func(a, b bidsShowing) int { return cmp.Compare(a.begin, b.begin) })
	for i := range list[:len(list)-1] {
		list[i].end = min(list[i].end, list[i+1].begin)
	}
	return list, nil
}

// events is the images of a table of events, in its order; none of several events that names one is an error.
func (b *bidsRun) events(path string) (list []bidsShowing, err error) {
	f, err := input.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := openTable(path, f, "onset", "duration")
	if err != nil {
		return nil, err
	}
	column := cmp.Or(b.source.options.ImageFrom, "stim_file")
	if b.source.options.ImageFrom != "" {
		if err := t.require(column); err != nil {
			return nil, err
		}
	}
	trials, first := 0, 0
	err = b.source.rows(t, func() error {
		if trials++; trials == 1 {
			first = t.line()
		}
		image := b.stimulus(t, column)
		if image == "" {
			return nil
		}
		v, err := showingOf(t, image)
		if err == nil {
			list = append(list, v)
		}
		return err
	})
	if err == nil && len(list) == 0 && trials > 1 {
		return nil, gaze.Problem{File: path, Line: first, Reason: fmt.Sprintf("%d events, none of which names an image; expected the column stim_file, the name of another, or a manifest with a run for each image", trials)}
	}
	return list, err
}

// showingOf is the showing of an image by the row of an event; the mere onset of one has no end.
func showingOf(t *table, image string) (v bidsShowing, err error) {
	v = bidsShowing{image: image, end: math.Inf(1), place: t.place()}
	if v.begin, err = t.seconds("onset", 1, math.Inf(-1)); err != nil || missing(t.text("duration")) {
		return v, err
	}
	duration, err := t.seconds("duration", 1, 0)
	if duration > 0 {
		v.end = v.begin + duration
	}
	return v, err
}

// stimulus is the image of a row of the events, "" where it shows none: that in a column, or, in a table without that, the
// only value that ends as a picture's file.
func (b *bidsRun) stimulus(t *table, column string) string {
	if t.has(column) {
		if image := t.text(column); !missing(image) {
			return image
		}
		return ""
	}
	found := ""
	for _, value := range t.row {
		if value = strings.TrimSpace(value); isPicture(value) {
			if found != "" && found != value {
				return ""
			}
			found = value
		}
	}
	return found
}

// bidsFixation is a fixation in seconds of the run, with its place.
type bidsFixation struct {
	gaze.Fixation
	place place
}

// fixations reads those of the file of events beside the samples; nil where there are none or samples are wanted.
func (b *bidsRun) fixations() ([]bidsFixation, error) {
	if b.source.options.Samples || len(b.times) == 0 {
		return nil, nil
	}
	f, path, err := b.sibling(b.source.file, "_physioevents.tsv.gz")
	if f == nil && err == nil {
		f, path, err = b.sibling(b.source.file, "_physioevents.tsv")
	}
	if f == nil || err != nil {
		return nil, err
	}
	defer f.Close()
	return b.readFixations(f, path)
}

func (b *bidsRun) readFixations(f *os.File, path string) ([]bidsFixation, error) {
	meta, err := bidsSidecar(path, "physioevents")
	if err != nil {
		return nil, err
	}
	t, err := openHeadless(path, f, meta.list("Columns"))
	if err != nil {
		return nil, err
	}
	if err := t.need("onset", "duration", "trial_type"); err != nil {
		return nil, err
	}
	// ForeignIndexColumn is what drafts of the specification called it. Without a column the onset is the number of a row.
	index := missing(cmp.Or(meta.text("OnsetSource"), meta.text("ForeignIndexColumn")))
	var list []bidsFixation
	err = b.source.rows(t, func() error {
		blink := t.text("trial_type") == "blink"
		if t.has("blink") && !missing(t.text("blink")) {
			flagged, err := t.flag("blink")
			if err != nil {
				return err
			}
			blink = blink || flagged
		}
		if blink {
			b.source.set.Dropped.Blinks++
			return nil
		}
		if t.text("trial_type") != "fixation" {
			return nil
		}
		v := bidsFixation{place: t.place()}
		if v.Start, err = b.onset(t, index); err != nil {
			return err
		}
		if v.Duration, err = t.number("duration", "a time that is not negative", 0); err != nil {
			return err
		}
		if v.Duration > maxSeconds/1e-9 {
			return t.at("duration", "a time of less than 1e10 seconds")
		}
		list = append(list, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	unit, err := b.durationUnit(path, meta.units("duration"), list)
	for i := range list {
		list[i].Duration *= unit
		list[i].X, list[i].Y = b.mean(list[i].Start, list[i].Start+list[i].Duration)
	}
	return list, err
}

// onset is the start of an event in seconds of the run.
func (b *bidsRun) onset(t *table, index bool) (float64, error) {
	v, err := t.number("onset", "a time", math.Inf(-1))
	if err != nil {
		return 0, err
	}
	if index {
		if v < 0 || v >= float64(len(b.times)) || v != math.Trunc(v) {
			return 0, t.at("onset", fmt.Sprintf("the number of a sample, 0 to %d", len(b.times)-1))
		}
		return b.times[int(v)], nil
	}
	at := (v-b.first)*b.tick + b.start
	if !(math.Abs(at) <= maxSeconds) {
		return 0, t.at("onset", "a time by the clock of the samples")
	}
	return at, nil
}

// durationUnit is the seconds of a unit of the durations. BIDS has seconds, but the example in its text has the units of
// the timestamp: where no unit is declared, and most fixations would last far beyond the beginning of the next one, it is
// these.
func (b *bidsRun) durationUnit(path, declared string, list []bidsFixation) (float64, error) {
	if declared != "" {
		unit, ok := bidsTime(declared)
		if !ok {
			return 1, gaze.Problem{File: path, Reason: fmt.Sprintf("the Units of duration are %q, expected s, ms, us or ns", declared)}
		}
		return unit, nil
	}
	long := 0
	for i, v := range list {
		next := b.times[len(b.times)-1]
		if i+1 < len(list) {
			next = list[i+1].Start
		}
		if v.Duration > 3*max(next-v.Start, 0)+1./10 {
			long++
		}
	}
	if 2*long > len(list) {
		b.source.set.noteFirst("duration", "durations of BIDS's physioevents without Units are read as those of the timestamps: in seconds they would overlap")
		return b.tick, nil
	}
	return 1, nil
}

// mean is the mean position of the samples between two times that have one, NaN where none has.
func (b *bidsRun) mean(from, to float64) (x, y float64) {
	n := 0
	for i := sort.SearchFloat64s(b.times, from); i < len(b.times) && b.times[i] <= to; i++ {
		if !math.IsNaN(b.x[i]) && !math.IsNaN(b.y[i]) {
			x, y, n = x+b.x[i], y+b.y[i], n+1
		}
	}
	return x / float64(n), y / float64(n)
}

// seen reports an error where no image was there while samples were taken.
func (b *bidsRun) seen(showings []bidsShowing) error {
	if len(b.times) == 0 {
		return nil // said already
	}
	first, last := b.times[0], b.times[len(b.times)-1]
	for _, v := range showings {
		if v.begin <= last && v.end > first {
			return nil
		}
	}
	return b.source.pass(showings[0].place.problem(fmt.Sprintf("the images are there from %.6g s to %.6g s and the samples from %.6g s to %.6g s, expected onset, duration and StartTime by one clock",
		showings[0].begin, showings[len(showings)-1].end, first, last)))
}

// fill adds the fixations, or else the samples, to the images that were there at their time.
func (b *bidsRun) fill(showings []bidsShowing, fixations []bidsFixation) error {
	if err := b.seen(showings); err != nil {
		return err
	}
	for i, v := range showings {
		e := entry{image: v.image, reader: b.reader, part: strconv.Itoa(i), width: b.screen.width, height: b.screen.height, screen: true, resolution: b.screen.resolution}
		begin := v.begin
		if math.IsInf(begin, -1) && len(b.times) > 0 {
			begin = b.times[0]
		}
		empty := true
		add := func(at place) error {
			empty = false
			return b.source.pass(b.collector.add(at, e))
		}
		for _, f := range fixations {
			seen, ok := showing{begin, v.end}.cut(f.Fixation)
			if !ok {
				continue
			}
			e.fixation, e.order = seen, seen.Start
			if err := add(f.place); err != nil {
				return err
			}
		}
		for i := sort.SearchFloat64s(b.times, v.begin); len(fixations) == 0 && i < len(b.times) && b.times[i] < v.end; i++ {
			e.sample = &gaze.Sample{X: b.x[i], Y: b.y[i], Time: b.times[i] - begin}
			if err := add(place{b.source.file, b.lines[i]}); err != nil {
				return err
			}
		}
		if e.none = empty && len(b.times) > 0; e.none {
			if err := add(v.place); err != nil {
				return err
			}
		}
	}
	return nil
}
