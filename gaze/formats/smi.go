package formats

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "smi",
		about: "events and samples of SMI's BeGaze and IDF Converter, as text",
		sniff: sniffSMI, read: readSMI, list: listSMI,
	})
}

// sniffSMI recognises the texts that SMI's programs export, with tabs or commas. BeGaze has a table of events, of which
// the user chooses the columns, and one of samples,
//
//	Trial	Stimulus	Participant	Category	Eye L/R	Index	Event Start Trial Time [ms]	Event End Trial Time [ms]	Event Duration [ms]	Fixation Position X [px]	...
//	RecordingTime [ms]	Trial	Stimulus	Participant	Category Right	Index Right	Point of Regard Right X [px]	...
//
// (Visual Intake for Fixation on glasses), and the IDF Converter a list of events, and one of samples, see [smiList]. Positions
// are pixels of the screen, "-" is a missing one, and so is 0, 0 of a sample. A trial is a recording. Fixations are cut to the
// exported part of a trial, where the table names it. Of two eyes the binocular one is taken, or else the first.
func sniffSMI(head []byte) bool {
	head, _ = decode(head)
	return isSMIList(head) || findHeader(head, isSMITable) >= 0
}

// listSMI leaves out one of the two lists that the IDF Converter writes of a recording, "NAME Events.txt" and "NAME Samples.txt".
func listSMI(dir string, o ReadOptions) ([]string, error) {
	if o.Samples {
		return withoutTwins(dir, "smi", "Samples.txt", "Events.txt")
	}
	return withoutTwins(dir, "smi", "Events.txt", "Samples.txt")
}

// isSMITable reports whether the columns are those of a table of BeGaze.
func isSMITable(h map[string]bool) bool {
	events := h["event start trial time [ms]"] && (h["fixation position x [px]"] || h["visual intake position x [px]"])
	return events || h["recordingtime [ms]"] && slices.ContainsFunc(smiEyes, func(eye string) bool {
		return h["point of regard "+strings.ToLower(eye)+" x [px]"]
	})
}

// smiEyes is the eyes as columns call them, the likeliest first.
var smiEyes = []string{"Binocular", "Right", "Left"}

func readSMI(s *source) error {
	data, err := readDecoded(s.file, s.reader)
	if err != nil {
		return err
	}
	if isSMIList(data[:min(len(data), headSize)]) {
		return s.smiList(data)
	}
	t, err := openBelow(s.file, data, isSMITable, "Event Start Trial Time [ms] or RecordingTime [ms]")
	if err != nil {
		return err
	}
	b := &smi{table: t, collector: collect(s), x: t.first("Fixation Position X [px]", "Visual Intake Position X [px]"),
		y: t.first("Fixation Position Y [px]", "Visual Intake Position Y [px]"), taken: map[string]string{}}
	b.naming = "the column Stimulus"
	add := b.addEvent
	switch {
	case t.has("Event Start Trial Time [ms]"):
		err = t.require("Event Start Trial Time [ms]", "Event End Trial Time [ms]", "Category", cmp.Or(b.x, "Fixation Position X [px]"), cmp.Or(b.y, "Fixation Position Y [px]"))
	default:
		add, err = b.addSample, b.chooseEye()
	}
	if err != nil {
		return err
	}
	if err := s.rows(t, add); err != nil {
		return err
	}
	return b.finish()
}

// smi is a table of BeGaze being read.
type smi struct {
	*table
	*collector
	x, y, category string // columns
	seen           screening
	taken          map[string]string // trial -> eye
}

// chooseEye finds the columns of the samples of one eye.
func (b *smi) chooseEye() error {
	for _, eye := range smiEyes {
		if b.x, b.y = b.first("Point of Regard "+eye+" X [px]"), b.first("Point of Regard "+eye+" Y [px]"); b.x != "" && b.y != "" {
			b.category = b.first("Category " + eye)
			return b.require("RecordingTime [ms]")
		}
	}
	return gaze.Problem{File: b.file, Line: b.above + 1, Reason: "the header lacks Point of Regard X [px] and Y [px] of an eye"}
}

// dash is a field, "" where BeGaze writes that there is none.
func (b *smi) dash(column string) string {
	if text := b.text(column); text != "-" {
		return text
	}
	return ""
}

// point is the row's position, NaN where there is none.
func (b *smi) point() (x, y float64, err error) {
	if b.dash(b.x) == "" || b.dash(b.y) == "" {
		return math.NaN(), math.NaN(), nil
	}
	if x, err = b.position(b.x); err == nil {
		y, err = b.position(b.y)
	}
	return x, y, err
}

// entry is what the row says of the trial.
func (b *smi) entry() entry {
	return entry{image: b.dash("Stimulus"), reader: cmp.Or(b.dash("Participant"), b.dash("Subject")), part: b.dash("Trial"), screen: true}
}

func (b *smi) addEvent() error {
	category := strings.ToLower(b.text("Category"))
	if category != "fixation" && category != "visual intake" {
		return nil
	}
	e := b.entry()
	if eye := b.first("Eye L/R", "Eye"); eye != "" {
		trial := e.image + "\x00" + e.reader + "\x00" + e.part
		if b.taken[trial] = cmp.Or(b.taken[trial], b.text(eye)); b.taken[trial] != b.text(eye) {
			return nil
		}
	}
	start, err := b.seconds("Event Start Trial Time [ms]", 1e-3, math.Inf(-1))
	if err != nil {
		return err
	}
	end, err := b.seconds("Event End Trial Time [ms]", 1e-3, math.Inf(-1))
	if err != nil {
		return err
	}
	if end < start {
		return b.at("Event End Trial Time [ms]", "a time no earlier than Event Start Trial Time [ms]")
	}
	e.fixation = gaze.Fixation{Start: start, Duration: end - start}
	if e.fixation.X, e.fixation.Y, err = b.point(); err != nil {
		return err
	}
	span, err := b.exported()
	if err != nil {
		return err
	}
	seen, ok := span.cut(e.fixation)
	if !ok {
		b.source.set.Dropped.Outside++
		e.none = true
	}
	e.fixation, e.order = seen, seen.Start
	return b.collector.add(b.place(), e)
}

// exported is the part of the trial that was exported, otherwise what is not before it.
func (b *smi) exported() (showing, error) {
	span := showing{0, open}
	for column, edge := range map[string]*float64{"Export Start Trial Time [ms]": &span.begin, "Export End Trial Time [ms]": &span.end} {
		if b.has(column) && b.dash(column) != "" {
			t, err := b.seconds(column, 1e-3, math.Inf(-1))
			if err != nil {
				return span, err
			}
			*edge = t
		}
	}
	if span.end <= span.begin {
		span.end = open
	}
	return span, nil
}

func (b *smi) addSample() error {
	e := b.entry()
	t, err := b.seconds("RecordingTime [ms]", 1e-3, math.Inf(-1))
	if err != nil {
		return err
	}
	category := strings.ToLower(b.dash(b.category))
	if category == "user event" || category == "separator" {
		return nil
	}
	b.seen.see(e.image, e.reader, e.part, true, t)
	e.part, e.order = b.seen.part(), t-b.seen.begin
	x, y, err := b.point()
	if err != nil {
		return err
	}
	return b.collector.add(b.place(), b.smiSample(e, x, y, category == "blink"))
}

// smiSample is the entry of a sample, lost in a blink, and where both coordinates are 0.
func (c *collector) smiSample(e entry, x, y float64, blink bool) entry {
	if x == 0 && y == 0 {
		x, y = math.NaN(), math.NaN()
	}
	e = e.sampled(x, y)
	if blink {
		e.lose(e.sample, &c.source.set.Dropped.Blinks)
	}
	return e
}

// isSMIList reports whether a text is a list of the IDF Converter.
func isSMIList(head []byte) bool {
	return bytes.HasPrefix(head, []byte("[BeGaze]")) || bytes.Contains(head, []byte("Table Header for Fixations:")) || bytes.HasPrefix(head, []byte("## [BeGaze]")) ||
		bytes.HasPrefix(head, []byte("## [iView]")) || findHeader(head, isSMISamples) >= 0
}

// isSMISamples reports whether the columns are those of a list of samples.
func isSMISamples(h map[string]bool) bool {
	return h["time"] && h["type"] && h["trial"] && (h["l por x [px]"] || h["r por x [px]"] || h["b por x [px]"])
}
