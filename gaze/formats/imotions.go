package formats

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "imotions",
		about: "sensor data of iMotions, with gaze and its I-VT fixations",
		sniff: sniffIMotions, read: readIMotions,
	})
}

// sniffIMotions recognises the sensor data that iMotions exports, a file a respondent, a row for each reading of any sensor,
// under lines that begin with # and say whose they are; today and in version 6 and before:
//
//	Row,Timestamp,EventSource,SlideEvent,StimType,Duration,CollectionPhase,SourceStimuliName,...,ET_GazeLeftX,ET_GazeLeftY,
//	ET_GazeRightX,...,Gaze X,Gaze Y,Fixation Index,Fixation Index by Stimulus,Fixation X,Fixation Y,Fixation Start,Fixation End,Fixation Duration,...
//	StudyName,ExportDate,Name,Age,Gender,StimulusName,SlideType,EventSource,Timestamp,MediaTime,...,GazeLeftx,GazeLefty,GazeRightx,...,
//	GazeX,GazeY,FixationSeq,FixationX,FixationY,FixationStart,FixationDuration,...
//
// Times are milliseconds, of MediaTime where there is one, which counts from the onset of the stimulus and is empty
// without one, otherwise of Timestamp. Positions are pixels of the screen, of which -1, -1 is none. Rows repeat the fixation
// that they belong to. A recording is one showing: as long as rows of the eye tracker have the stimulus. The samples are
// Gaze X and Y, or the mean of the eyes that were found.
func sniffIMotions(head []byte) bool {
	head, _ = decode(head)
	return findHeader(head, isIMotions) >= 0
}

// isIMotions reports whether the columns are those of an export.
func isIMotions(h map[string]bool) bool {
	gaze := h["gaze x"] || h["gazex"] || h["et_gazeleftx"] || h["gazeleftx"] || h["fixation x"] || h["fixationx"]
	return h["timestamp"] && (h["sourcestimuliname"] || h["stimuliname"] || h["stimulusname"]) && (h["eventsource"] || h["slideevent"]) && gaze
}

// iMotions is an export being read.
type iMotions struct {
	*table
	follower
	samples                      bool
	reader                       string // of the preamble
	image, name, session         string // columns, as all that follow
	time, source                 string
	x, y                         string
	leftX, leftY, rightX, rightY string
	index, start, end, duration  string
}

func readIMotions(s *source) error {
	data, err := readDecoded(s.file, s.reader)
	if err != nil {
		return err
	}
	t, err := openBelow(s.file, data, isIMotions, "Timestamp and SourceStimuliName")
	if err != nil {
		return err
	}
	m := &iMotions{table: t, follower: follower{collector: collect(s)}, reader: respondent(data, t.above),
		image: t.first("SourceStimuliName", "StimuliName", "StimulusName"), name: t.first("Respondent Name", "Respondent", "Name"),
		leftX: t.first("ET_GazeLeftX", "GazeLeftx"), leftY: t.first("ET_GazeLeftY", "GazeLefty"), rightX: t.first("ET_GazeRightX", "GazeRightx"), rightY: t.first("ET_GazeRightY", "GazeRighty"),
		index: t.first("Fixation Index", "Fixation Index by Stimulus", "FixationSeq"), start: t.first("Fixation Start", "FixationStart"),
		end: t.first("Fixation End", "FixationEnd"), duration: t.first("Fixation Duration", "FixationDuration"), session: t.first("StudyName"), time: t.first("MediaTime", "Timestamp"), source: t.first("EventSource")}
	m.naming = "the column SourceStimuliName, StimuliName or StimulusName"
	if err := m.declare(s.options.Samples); err != nil {
		return err
	}
	s.assume("times in milliseconds")
	if err := s.rows(t, m.add); err != nil {
		return err
	}
	if err := s.pass(m.flush(open)); err != nil {
		return err
	}
	return m.finish()
}

// declare decides for fixations or samples, and wants their columns.
func (m *iMotions) declare(samples bool) error {
	if err := m.require(cmp.Or(m.time, "Timestamp"), cmp.Or(m.image, "SourceStimuliName")); err != nil {
		return err
	}
	m.x, m.y = m.first("Fixation X", "FixationX"), m.first("Fixation Y", "FixationY")
	m.lasting = m.duration != ""
	x, y := m.first("Gaze X", "GazeX"), m.first("Gaze Y", "GazeY")
	sampled := x != "" && y != "" || m.leftX != "" && m.leftY != "" && m.rightX != "" && m.rightY != ""
	fixated := m.index != "" && m.x != "" && m.y != ""
	if m.samples = sampled && (samples || !fixated); m.samples {
		m.x, m.y = x, y
	}
	if !sampled && !fixated {
		return gaze.Problem{File: m.table.file, Line: m.above + 1, Reason: "the header lacks Gaze X and Gaze Y, or those of both eyes, or Fixation X and Y with Fixation Index"}
	}
	return nil
}

// respondent is the name that the lines above the header give the reader.
func respondent(data []byte, lines int) string {
	for _, line := range strings.SplitN(string(data), "\n", lines+1)[:lines] {
		name, value, _ := strings.Cut(strings.TrimLeft(line, "# \""), ",")
		if n := squeeze(strings.TrimSuffix(name, "\"")); n == "respondentname" || n == "respondent" {
			return strings.Trim(strings.TrimSpace(value), ",\"\t ")
		}
	}
	return ""
}

// noGaze reports a row of another sensor, which may repeat the gaze of the last one: where the source is named it is not ET.
// Otherwise it has neither a position nor a fixation.
func (m *iMotions) noGaze() bool {
	if sources := m.text(m.source); strings.Trim(sources, "0123456789. ") != "" {
		return !slices.ContainsFunc(strings.Split(sources, "|"), func(s string) bool { return strings.HasPrefix(strings.TrimSpace(s), "ET") || strings.Contains(s, "ye") })
	}
	for _, column := range []string{m.x, m.index, m.leftX, m.rightX} {
		if column != "" && !missing(m.text(column)) {
			return false
		}
	}
	return true
}

func (m *iMotions) add() error {
	if m.noGaze() {
		return nil
	}
	off := m.time == "MediaTime" && missing(m.text(m.time))
	t := m.now // of a row without a stimulus nothing is known but that the last one is over
	if !off {
		var err error
		if t, err = m.seconds(m.time, 1e-3, math.Inf(-1)); err != nil {
			return err
		}
	}
	e := entry{image: m.text(m.image), reader: cmp.Or(m.text(m.name), m.reader), screen: true}
	row := rowFrame{image: e.image, reader: e.reader, session: m.text(m.session), on: e.image != "" && !off, time: t, begin: t}
	var err error
	if index := m.text(m.index); !off && !m.samples && !missing(index) && index != "0" && index != "-1" {
		row.fixation = e.reader + "\x00" + row.session + "\x00" + index
		if m.start != "" && !missing(m.text(m.start)) {
			if row.begin, err = m.seconds(m.start, 1e-3, math.Inf(-1)); err != nil {
				return err
			}
		}
	}
	begins, err := m.see(row)
	if err != nil || !row.on {
		return err
	}
	e.part, e.order = m.seen.part(), t-m.seen.begin
	if begins && !m.samples {
		none := e
		none.none = true
		if err := m.collector.add(m.place(), none); err != nil {
			return err
		}
	}
	switch {
	case m.samples:
		return m.addSample(e)
	case row.fixation != "":
		return m.addFixation(e)
	}
	return nil
}

func (m *iMotions) addFixation(e entry) (err error) {
	f := &e.fixation
	if f.X, f.Y, err = m.point(m.x, m.y); err != nil {
		return err
	}
	if m.pending == nil && m.duration != "" {
		if f.Duration, err = m.seconds(m.duration, 1e-3, 0); err != nil {
			return err
		}
	}
	m.fixate(m.place(), e)
	return nil
}

// point is a position in two columns, NaN where there is none.
func (m *iMotions) point(x, y string) (float64, float64, error) {
	a, err := m.position(x)
	if err != nil {
		return 0, 0, err
	}
	b, err := m.position(y)
	if a == -1 && b == -1 {
		a, b = math.NaN(), math.NaN()
	}
	return a, b, err
}

func (m *iMotions) addSample(e entry) error {
	columns := [][2]string{{m.leftX, m.leftY}, {m.rightX, m.rightY}}
	if m.x != "" && m.y != "" {
		columns = [][2]string{{m.x, m.y}}
	}
	var x, y, n float64
	for _, c := range columns {
		a, b, err := m.point(c[0], c[1])
		if err != nil {
			return err
		}
		if !math.IsNaN(a) && !math.IsNaN(b) {
			x, y, n = x+a, y+b, n+1
		}
	}
	return m.collector.add(m.place(), e.sampled(x/n, y/n)) // NaN where no eye was found
}
