package formats

import (
	"math"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "multimatch",
		about: "one scanpath as multimatch-gaze and REMoDNaV have it",
		sniff: sniffMultiMatch, read: readMultiMatch,
	})
}

// sniffMultiMatch recognises one scanpath as multimatch-gaze reads it (Wagner, Halchenko & Hanke, Journal of Open Source
// Software 2019) and as REMoDNaV writes it (Dar, Wagner & Hanke, Behavior Research Methods 2021), with tabs:
//
//	start_x	start_y	duration
//	onset	duration	label	start_x	start_y	end_x	end_y	amp	peak_vel	med_vel	avg_vel
//
// Positions are pixels of the image, times seconds. Of REMoDNaV's events those with the label FIXA are fixations, at the
// middle of where they start and where they end. Nothing names the image: the row of the manifest or the file's name does.
func sniffMultiMatch(head []byte) bool {
	h := header(head)
	return h["start_x"] && h["start_y"] && h["duration"]
}

func readMultiMatch(s *source) error {
	t, err := openTable(s.file, s.reader, "start_x", "start_y", "duration")
	if err != nil {
		return err
	}
	m := multiMatch{t, collect(s), clock{}}
	m.alone = &entry{}
	if err := s.rows(t, m.add); err != nil {
		return err
	}
	t.noteUnread(s.set)
	return m.finish()
}

type multiMatch struct {
	*table
	*collector
	clock clock
}

func (m multiMatch) add() (err error) {
	e := entry{fixation: gaze.Fixation{Start: math.NaN()}, order: math.NaN()}
	f := &e.fixation
	if m.has("onset") {
		onset, err := m.seconds("onset", 1, math.Inf(-1))
		if err != nil {
			return err
		}
		f.Start = m.clock.since(e, onset)
		e.order = f.Start
	}
	if m.has("label") {
		label := strings.ToUpper(m.text("label"))
		if label == "" {
			return m.at("label", "the label of an event, such as FIXA or SACC")
		}
		e.none = label != "FIXA"
	}
	if e.none {
		return m.collector.add(m.place(), e)
	}
	if f.X, err = m.middle("start_x", "end_x"); err != nil {
		return err
	}
	if f.Y, err = m.middle("start_y", "end_y"); err != nil {
		return err
	}
	if f.Duration, err = m.seconds("duration", 1, 0); err != nil {
		return err
	}
	return m.collector.add(m.place(), e)
}

// middle is the mean of two columns, or the first where the second is not there.
func (m multiMatch) middle(from, to string) (float64, error) {
	a, err := m.position(from)
	if err != nil || !m.has(to) {
		return a, err
	}
	b, err := m.position(to)
	return (a + b) / 2, err
}
