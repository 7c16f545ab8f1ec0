package formats

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gzpt/gaze"
)

// eyeLinkTrial is the gaze of a trial, kept until its image is known: the messages about it may come at its end.
type eyeLinkTrial struct {
	begun         bool
	place         place
	start         float64 // seconds, of the first START
	onset         float64 // seconds, of SYNCTIME
	hasOnset      bool
	end           float64 // seconds, of TRIAL_RESULT
	over          bool    // there was one
	width, height float64
	resolution    gaze.Resolution
	fixations     []gaze.Fixation
	samples       []gaze.Sample
	blinks        int
	// fixationPlaces and samplePlaces are where they stand in the file.
	fixationPlaces, samplePlaces []place

	id        string   // the text of TRIALID
	variable  string   // the image by a trial variable
	rank      int      // which of imageVariables it was, from 1
	values    []string // of the other variables
	mentioned []string // the pictures that messages of the experiment name
	loads     []eyeLinkLoad
}

// message reads MSG.
func (b *eyeLink) message(words []string) error {
	if len(words) < 3 {
		return nil
	}
	t, err := b.milliseconds(words, 1)
	if err != nil {
		return err
	}
	text := words[2:]
	if offset, err := strconv.Atoi(text[0]); err == nil && len(text) > 1 {
		// The event was so many milliseconds before its message.
		t -= float64(max(min(offset, 1e6), -1e6)) / 1e3
		text = text[1:]
	}
	if i := trialWord(text); i >= 0 {
		return b.begin(text[i:], t)
	}
	switch text[0] {
	case "GAZE_COORDS", "DISPLAY_COORDS":
		return b.coordinates(text)
	case "SYNCTIME":
		if b.block != nil && !b.trial.hasOnset {
			b.trial.onset, b.trial.hasOnset = t, true
		}
	case "TRIAL_RESULT", "stop_trial":
		if b.trial.begun && !b.trial.over {
			b.trial.end, b.trial.over = t, true
		}
	case "!CAL":
		b.validation(text)
	case "!V":
		return b.viewer(text[1:])
	case "TRIAL_VAR_LABELS", "TRIAL_VAR_DATA":
		return b.viewer(text)
	case "var":
		if len(text) > 2 {
			b.setVariable(text[1], strings.Join(text[2:], " "))
		}
	default:
		b.mention(text)
	}
	return nil
}

// maxLabel is how many words of a label may stand before TRIALID.
const maxLabel = 3

// trialWord is where in a message the word stands that begins a trial, -1 where none does.
func trialWord(text []string) int {
	word := strings.TrimSuffix(text[0], ":")
	if word == "start_trial" || strings.EqualFold(word, "TRIALID") || strings.EqualFold(word, "TRIAL_ID") {
		return 0
	}
	if word == "var" || strings.HasPrefix(word, "!") { // of a variable, or of the tracker
		return -1
	}
	return slices.Index(text[:min(len(text), maxLabel+1)], "TRIALID")
}

// coordinates reads the corners of the screen.
func (b *eyeLink) coordinates(text []string) error {
	ofGaze := text[0] == "GAZE_COORDS"
	if b.gazeCoordinates && !ofGaze {
		return nil
	}
	var v [4]float64
	for i := range v {
		var err error
		if v[i], err = b.number(text, i+1, "the screen's left, top, right and bottom in pixels", maxFrame); err != nil {
			return err
		}
	}
	width, height := side(v[2]-v[0]), side(v[3]-v[1])
	if !(width >= 2 && height >= 2 && width <= maxFrame && height <= maxFrame) {
		return b.problem("a screen from (%g, %g) to (%g, %g), expected left, top, right and bottom in pixels", v[0], v[1], v[2], v[3])
	}
	b.left, b.top, b.width, b.height, b.gazeCoordinates = v[0], v[1], width, height, ofGaze
	return nil
}

// side is the length of a screen's side whose ends are given either as its first and last pixel, or as 0 and its length.
func side(difference float64) float64 {
	if math.Mod(difference, 2) == 1 {
		return difference + 1
	}
	return difference
}

// validation reads how far off the last validation was, in degrees on average:
//
//	!CAL VALIDATION HV9 LR LEFT GOOD ERROR 0.41 avg. 0.64 max ...
func (b *eyeLink) validation(text []string) {
	if len(text) < 2 || text[1] != "VALIDATION" {
		return
	}
	i := slices.Index(text, "ERROR")
	if i < 0 || i+1 >= len(text) {
		return // aborted
	}
	if v, err := parseNumber(text[i+1]); err == nil {
		for _, eye := range []string{"LEFT", "RIGHT"} {
			if slices.Contains(text, eye) {
				b.errors[eye] = v
			}
		}
	}
}

// begin begins a numbered trial at a time. What was recorded before the first one belongs to none.
func (b *eyeLink) begin(text []string, at float64) error {
	if !b.numbered && b.trial.begun {
		b.set.Dropped.Outside += len(b.trial.fixations)
		b.trial = eyeLinkTrial{}
	}
	b.numbered = true
	var err error
	if b.block != nil && b.trial.begun { // a block may hold several trials
		if !b.trial.over {
			b.trial.end, b.trial.over = at, true
		}
		b.earlier = append(b.earlier, b.trial)
		b.trial = eyeLinkTrial{}
	} else {
		err = b.flushAll()
	}
	b.trial.id = strings.Join(text[1:], " ")
	if b.block != nil {
		b.within(at)
	}
	return err
}

// within begins a trial in the middle of a block, at its message. Where the message is out of its time the trial begins
// with the first of its fixations or samples.
func (b *eyeLink) within(at float64) {
	b.trial.begun, b.trial.place = true, place{b.file, b.line}
	b.trial.width, b.trial.height = b.width, b.height
	if b.trial.start = at; at < b.block.reached {
		b.trial.start = math.NaN()
		if n := len(b.earlier); n > 0 && b.earlier[n-1].end == at {
			b.earlier[n-1].over = false
		}
	}
}

// reach adds a fixation to the trials of the block that it reaches into: that before the present one ended while it lasted
// if its line comes after the message.
func (b *eyeLink) reach(f gaze.Fixation, at place) {
	before := false
	for i := range b.earlier {
		t := &b.earlier[i]
		if t.over && f.Start < t.end && !(f.Start+f.Duration <= t.start) {
			t.fixations, t.fixationPlaces = append(t.fixations, f), append(t.fixationPlaces, at)
			before = true
		}
	}
	if before && f.Start+f.Duration <= b.trial.start {
		return
	}
	b.trial.fixations, b.trial.fixationPlaces = append(b.trial.fixations, f), append(b.trial.fixationPlaces, at)
}

// flushAll adds the gaze of the trials that ended within a block, and of the present one, and begins another.
func (b *eyeLink) flushAll() (err error) {
	b.flushEarlier(&err)
	t := b.trial
	b.trial = eyeLinkTrial{}
	if err != nil {
		return err
	}
	return b.flush(t)
}

// flushEarlier adds the gaze of the trials that ended within a block.
func (b *eyeLink) flushEarlier(err *error) {
	earlier := b.earlier
	b.earlier = nil
	for _, t := range earlier {
		if failed := b.source.pass(b.flush(t)); failed != nil && *err == nil {
			*err = failed
		}
	}
}

// flush adds the gaze of a trial.
func (b *eyeLink) flush(t eyeLinkTrial) error {
	if !t.begun {
		return nil
	}
	load, other := t.load()
	if other != "" {
		return t.place.problem("a trial with the images " + strconv.Quote(load.file) + " and " + strconv.Quote(other) + ", expected one")
	}
	b.set.Dropped.Blinks += t.blinks
	b.trials++
	e := entry{reader: b.reader, part: strconv.Itoa(b.trials), width: t.width, height: t.height, screen: true, resolution: t.resolution, place: load.own}
	if e.image = t.variable; b.source.options.ImageFrom == "" {
		e.image, e.candidates = t.image()
	}
	t.mapping(&e, load)
	e.none = true
	if err := b.collector.add(t.place, e); err != nil {
		return err
	}
	e.none = false
	return b.entries(t, e)
}

// entries adds the fixations or the samples of a trial, in seconds since the image's onset.
func (b *eyeLink) entries(t eyeLinkTrial, e entry) error {
	onset := t.start
	switch {
	case t.hasOnset:
		onset = t.onset
	case !math.IsNaN(onset):
	case len(t.fixations) > 0:
		onset = t.fixations[0].Start
	case len(t.samples) > 0:
		onset = t.samples[0].Time
	}
	span := showing{onset, open}
	if t.over {
		span.end = t.end
	}
	for i, f := range t.fixations {
		seen, ok := span.cut(f)
		if !ok {
			b.set.Dropped.Outside++
			continue
		}
		e.fixation, e.order = seen, seen.Start
		if err := b.collector.add(t.fixationPlaces[i], e); err != nil {
			return err
		}
	}
	if len(t.fixations) > 0 {
		t.samples = nil // of a block that has no events
	}
	for i, s := range t.samples {
		if s.Time < span.begin || s.Time >= span.end {
			continue // the image was not there
		}
		s.Time -= span.begin
		e.sample = &s
		if err := b.collector.add(t.samplePlaces[i], e); err != nil {
			return err
		}
	}
	return nil
}
