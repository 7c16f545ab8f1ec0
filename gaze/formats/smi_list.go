package formats

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gzpt/gaze"
)

// smiLines is a list of the IDF Converter being read.
type smiLines struct {
	*collector
	file          string
	line          int
	separator     rune
	reader, image string // image is that of the preamble, then that of the last message
	width, height float64
	columns       map[string]int // of fixations or of samples
	named         bool           // messages name images
	eye           string         // the one that is taken, as rows call it
	samples       bool
	seen          screening
	shown         []smiShowing
	fixations     []smiFixation
	fields        []string
}

// smiShowing is an image from a message on.
type smiShowing struct {
	image, trial string
	begin        float64
	place        place
}

// smiFixation is a fixation in seconds of the tracker's clock.
type smiFixation struct {
	gaze.Fixation
	trial string
	place place
}

// smiList reads a list of SMI's IDF Converter, lines of which the first field says what they are: events,
//
//	Table Header for Fixations:
//	Event Type	Trial	Number	Start	End	Duration	Location X	Location Y	...
//	UserEvent	1	1	4242	# Message: a.jpg
//	Fixation L	1	1	5000	205000	200000	512.3	384.9	...
//
// or samples, under lines that begin with ##,
//
//	## Calibration Area:	1680	1050
//	Time	Type	Trial	L POR X [px]	L POR Y [px]	...
//	4242	MSG	1	# Message: a.jpg
//	4250	SMP	1	512.3	384.9	...
//
// Times are microseconds. A sample with a validity of 0 is lost. A message that ends as a picture's file shows it, until the
// next one or the end of the trial; before the first one of a trial there is no image, and where no message names one the
// trial is the preamble's stimulus.
func (s *source) smiList(data []byte) error {
	l := &smiLines{collector: collect(s), file: s.file, separator: '\t'}
	l.naming = "messages that name them, as in # Message: a.png"
	s.assume("times in microseconds")
	for line := range bytes.Lines(data) {
		l.named = l.named || shownImage(string(line)) != ""
	}
	for text := range bytes.Lines(data) {
		l.line++
		line := strings.TrimRight(string(text), "\r\n")
		if strings.HasPrefix(line, "Event Type") {
			l.separator = separator([]byte(line))
		}
		if err := s.pass(l.read(line, l.split(line))); err != nil {
			return err
		}
	}
	if err := s.pass(l.distribute()); err != nil {
		return err
	}
	return l.finish()
}

// split is the fields of a line, which the program does not quote.
func (l *smiLines) split(line string) []string {
	l.fields = l.fields[:0]
	for field := range strings.SplitSeq(line, string(l.separator)) {
		l.fields = append(l.fields, strings.TrimSpace(field))
	}
	return l.fields
}

func (l *smiLines) problem(format string, a ...any) error {
	return place{l.file, l.line}.problem(fmt.Sprintf(format, a...))
}

// read reads a line.
func (l *smiLines) read(line string, fields []string) error {
	kind := fields[0]
	switch {
	case kind == "Event Type" && strings.Contains(line, "Location X"):
		l.setColumns()
	case kind == "Time" && len(fields) > 2 && fields[1] == "Type":
		l.setColumns()
		l.samples = true
		return l.chooseEye()
	case strings.HasPrefix(kind, "Fixation ") && !strings.HasSuffix(kind, ":"):
		return l.fixation(strings.TrimPrefix(kind, "Fixation "))
	case kind == "UserEvent":
		return l.message(3, 1)
	case l.samples && len(fields) > 3 && fields[1] == "MSG":
		return l.message(0, 2)
	case l.samples && len(fields) > 2 && fields[1] == "SMP":
		return l.sample()
	case l.columns == nil:
		l.preamble(line)
	}
	return nil
}

func (l *smiLines) setColumns() {
	l.columns = map[string]int{}
	for i, name := range l.fields {
		l.columns[strings.ToLower(name)] = i
	}
}

// chooseEye finds the columns of one eye.
func (l *smiLines) chooseEye() error {
	for _, eye := range []string{"b", "l", "r"} {
		if _, ok := l.columns[eye+" por x [px]"]; ok {
			l.eye = eye
			return nil
		}
	}
	return l.problem("the header lacks L POR X [px] or R POR X [px]")
}

// preamble reads what stands above the header.
func (l *smiLines) preamble(line string) {
	name, value, _ := strings.Cut(strings.TrimLeft(line, "# "), ":")
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "subject":
		l.reader = value
	case "stimulus":
		if isPicture(value) {
			l.image = value
		}
	case "calibration area":
		var w, h float64
		if _, err := fmt.Sscan(value, &w, &h); err == nil && w >= 1 && h >= 1 && w <= maxFrame && h <= maxFrame {
			l.width, l.height = w, h
		}
	}
}

// number is a field that must be a finite number.
func (l *smiLines) number(i int, what string, most float64) (float64, error) {
	if i >= len(l.fields) {
		return 0, l.problem("%d fields, expected %s in the %dth", len(l.fields), what, i+1)
	}
	v, err := decimal(l.fields[i], l.separator)
	if err != nil || !(math.Abs(v) <= most) {
		return 0, l.problem("field %d is %q, expected %s", i+1, l.fields[i], what)
	}
	return v, nil
}

// microseconds is a time, given in seconds.
func (l *smiLines) microseconds(i int) (float64, error) {
	v, err := l.number(i, "a time in microseconds", maxSeconds*1e6)
	return v / 1e6, err
}

// column is where a column is, a place that no line has where there is none.
func (l *smiLines) column(name string) int {
	if i, ok := l.columns[name]; ok {
		return i
	}
	return math.MaxInt - 1
}

// message reads the message of a line, which may show an image.
func (l *smiLines) message(time, trial int) error {
	t, err := l.microseconds(time)
	if err != nil {
		return err
	}
	image := shownImage(l.fields[len(l.fields)-1])
	if image == "" {
		return nil
	}
	l.shown = append(l.shown, smiShowing{image, l.fields[trial], t, place{l.file, l.line}})
	return nil
}

// shownImage is the image that a message shows, "" where it shows none.
func shownImage(message string) string {
	_, image, _ := strings.Cut(message, "# Message:")
	if image = strings.TrimSpace(image); isPicture(image) {
		return image
	}
	return ""
}

// fixation reads the line of one.
func (l *smiLines) fixation(eye string) error {
	if l.columns == nil {
		return l.problem("a fixation above Table Header for Fixations")
	}
	if l.eye = cmp.Or(l.eye, eye); l.eye != eye {
		return nil
	}
	var f gaze.Fixation
	var err error
	if f.Start, err = l.microseconds(l.column("start")); err != nil {
		return err
	}
	if f.Duration, err = l.microseconds(l.column("duration")); err != nil {
		return err
	}
	if f.Duration < 0 {
		return l.problem("a fixation of %s us, expected a duration that is not negative", l.fields[l.column("duration")])
	}
	if f.X, err = l.number(l.column("location x"), "a pixel of the screen", maxPosition); err != nil {
		return err
	}
	if f.Y, err = l.number(l.column("location y"), "a pixel of the screen", maxPosition); err != nil {
		return err
	}
	trial := "" // of a list without that column
	if i := l.column("trial"); i < len(l.fields) {
		trial = l.fields[i]
	}
	l.fixations = append(l.fixations, smiFixation{f, trial, place{l.file, l.line}})
	return nil
}

// entry is what holds for a showing.
func (l *smiLines) entry(image, part string) entry {
	return entry{image: image, reader: l.reader, part: part, width: l.width, height: l.height, screen: true}
}

// distribute adds the fixations to the images that were shown while they lasted.
func (l *smiLines) distribute() error {
	if l.samples {
		return nil
	}
	slices.SortStableFunc(l.shown, func(a, b smiShowing) int { return cmp.Compare(a.begin, b.begin) })
	for i, v := range l.shown {
		span := showing{v.begin, open}
		if i+1 < len(l.shown) {
			span.end = l.shown[i+1].begin
		}
		e := l.entry(v.image, fmt.Sprint(i))
		e.none = true
		if err := l.collector.add(v.place, e); err != nil {
			return err
		}
		for _, f := range l.fixations {
			if seen, ok := span.cut(f.Fixation); ok && f.trial == v.trial {
				e.fixation, e.order, e.none = seen, seen.Start, false
				if err := l.source.pass(l.collector.add(f.place, e)); err != nil {
					return err
				}
			}
		}
	}
	if len(l.shown) > 0 {
		return nil
	}
	begin := map[string]float64{}
	for _, f := range l.fixations {
		if _, ok := begin[f.trial]; !ok {
			begin[f.trial] = f.Start
		}
		e := l.entry(l.image, f.trial)
		e.fixation = f.Fixation
		e.fixation.Start -= begin[f.trial]
		e.order = e.fixation.Start
		if err := l.source.pass(l.collector.add(f.place, e)); err != nil {
			return err
		}
	}
	return nil
}

// sample reads the line of one.
func (l *smiLines) sample() error {
	t, err := l.microseconds(0)
	if err != nil {
		return err
	}
	trial, image, before := l.fields[2], l.image, l.named
	if n := len(l.shown); n > 0 {
		if v := l.shown[n-1]; v.trial == trial {
			image, before = v.image, false
		}
	}
	if before {
		return nil // the first image of the trial is still to come
	}
	l.seen.see(image, l.reader, fmt.Sprint(trial, "/", len(l.shown)), true, t)
	e := l.entry(image, l.seen.part())
	e.order = t - l.seen.begin
	x, err := l.number(l.column(l.eye+" por x [px]"), "a pixel of the screen", maxPosition)
	if err != nil {
		return err
	}
	y, err := l.number(l.column(l.eye+" por y [px]"), "a pixel of the screen", maxPosition)
	if err != nil {
		return err
	}
	e = l.smiSample(e, x, y, false)
	if i := l.column(l.eye + " validity"); i < len(l.fields) && l.fields[i] == "0" { // the position is that of the other eye, off
		e.lose(e.sample, &l.source.set.Dropped.Invalid)
	}
	return l.collector.add(place{l.file, l.line}, e)
}
