package formats

import (
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/names"
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

	id       string // the text of TRIALID
	variable string // the image by a trial variable
	rank     int    // which of imageVariables it was, from 1
	loads    []eyeLinkLoad
}

// eyeLinkLoad is an image of IMGLOAD and where on the screen it was, if that says so.
type eyeLinkLoad struct {
	file  string
	shown Rectangle
	fill  bool
}

// imageVariables are the names of trial variables that hold the image, without _file and _name, the surest first.
var imageVariables = []string{"image", "img", "picture", "pic", "stimulus", "stim"}

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
	switch text[0] {
	case "GAZE_COORDS", "DISPLAY_COORDS":
		return b.coordinates(text)
	case "TRIALID":
		return b.begin(text, t)
	case "SYNCTIME":
		if b.block != nil && !b.trial.hasOnset {
			b.trial.onset, b.trial.hasOnset = t, true
		}
	case "TRIAL_RESULT":
		if b.trial.begun && !b.trial.over {
			b.trial.end, b.trial.over = t, true
		}
	case "!CAL":
		b.validation(text)
	case "!V":
		return b.viewer(text[1:])
	}
	return nil
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
	if v, err := strconv.ParseFloat(text[i+1], 64); err == nil {
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
	err := b.flush()
	b.trial.id = strings.Join(text[1:], " ")
	if b.block != nil {
		b.within(at) // a block may hold several trials
	}
	return err
}

// within begins a trial in the middle of a block, at its message: a fixation that goes on from the trial before is cut off
// there. Where the message is out of its time the trial begins with the first of its fixations or samples.
func (b *eyeLink) within(at float64) {
	b.trial.begun, b.trial.place = true, place{b.file, b.line}
	b.trial.width, b.trial.height = b.width, b.height
	if b.trial.start = at; at < b.block.reached {
		b.trial.start = math.NaN()
	}
}

// viewer reads a command to Data Viewer: a trial variable or an image.
func (b *eyeLink) viewer(text []string) error {
	switch {
	case len(text) >= 3 && text[0] == "TRIAL_VAR":
		name := strings.ToLower(strings.TrimSuffix(text[1], "="))
		for _, ending := range []string{"_file", "_name", "file", "name"} {
			name = strings.TrimSuffix(name, ending)
		}
		value := strings.Trim(strings.TrimSpace(strings.TrimPrefix(strings.Join(text[2:], " "), "=")), `"'`)
		rank := slices.Index(imageVariables, name) + 1
		if rank > 0 && value != "" && !missing(value) && !strings.EqualFold(value, "UNDEFINED") && (b.trial.rank == 0 || rank < b.trial.rank) {
			b.trial.variable, b.trial.rank = value, rank
		}
	case len(text) >= 3 && text[0] == "IMGLOAD":
		return b.load(text[1], text[2:])
	}
	return nil
}

// load reads IMGLOAD: how, and the file with its place.
func (b *eyeLink) load(how string, text []string) error {
	l := eyeLinkLoad{file: text[0], fill: how == "FILL"}
	if len(text) >= 5 && (how == "CENTER" || how == "TOP_LEFT") { // fewer numbers are an image in its own size
		var v [4]float64
		for i := range v {
			var err error
			if v[i], err = b.number(text, i+1, "the image's x, y, width and height on the screen", maxFrame); err != nil {
				return err
			}
		}
		if v[2] < 1 || v[3] < 1 {
			return b.problem("an image of %g x %g pixels on the screen, expected its width and height", v[2], v[3])
		}
		if how == "CENTER" {
			v[0], v[1] = v[0]-v[2]/2, v[1]-v[3]/2
		}
		l.shown = Rectangle{v[0] - b.left, v[1] - b.top, v[2], v[3]}
	}
	b.trial.loads = append(b.trial.loads, l)
	return nil
}

// load is the one of the trial's images that the trial variable names, or the only one there is: loaded again, as it was
// last. Where there are others, other is one of them.
func (t eyeLinkTrial) load() (l eyeLinkLoad, other string) {
	for _, candidate := range t.loads {
		if t.variable != "" && !names.Same(t.variable, candidate.file) {
			continue
		}
		if l.file != "" && l.file != candidate.file {
			return l, candidate.file
		}
		l = candidate
	}
	return l, ""
}

// image is the name of a trial's image.
func (t eyeLinkTrial) image() string {
	if t.variable != "" {
		return t.variable
	}
	if l, _ := t.load(); l.file != "" {
		return l.file
	}
	words := strings.Fields(t.id)
	for _, word := range slices.Backward(words) {
		if extension := filepath.Ext(word); len(extension) > 1 && strings.Trim(extension[1:], "0123456789") != "" {
			return word
		}
	}
	return t.id
}

// flush adds the gaze of the trial, and begins another one.
func (b *eyeLink) flush() error {
	t := b.trial
	b.trial = eyeLinkTrial{}
	if !t.begun {
		return nil
	}
	load, other := t.load()
	if other != "" {
		return t.place.problem("a trial with the images " + strconv.Quote(load.file) + " and " + strconv.Quote(other) + ", expected one")
	}
	b.set.Dropped.Blinks += t.blinks
	e := entry{image: t.image(), reader: b.reader, width: t.width, height: t.height, screen: true, resolution: t.resolution}
	t.mapping(&e, load)
	e.none = true
	if err := b.collector.add(t.place, e); err != nil {
		return err
	}
	if b.block != nil {
		b.waiting = append(b.waiting, [2]string{e.image, e.reader})
	}
	e.none = false
	return b.entries(t, e)
}

// mapping gives an entry the frame of the image where the trial says where on the screen it was.
func (t *eyeLinkTrial) mapping(e *entry, load eyeLinkLoad) {
	shown := load.shown
	switch {
	case load.fill && t.width > 0:
		// Stretched over the screen, whatever the image's shape: fractions of either.
		e.resolution = gaze.Resolution{X: e.resolution.X / t.width, Y: e.resolution.Y / t.height}
		for i := range t.fixations {
			f := &t.fixations[i]
			f.X, f.Y = f.X/t.width, f.Y/t.height
			f.Resolution = gaze.Resolution{X: f.Resolution.X / t.width, Y: f.Resolution.Y / t.height}
		}
		for i := range t.samples {
			t.samples[i].X, t.samples[i].Y = t.samples[i].X/t.width, t.samples[i].Y/t.height
		}
		e.width, e.height, e.screen = 1, 1, false
	case !shown.empty():
		for i := range t.fixations {
			t.fixations[i].X -= shown.X
			t.fixations[i].Y -= shown.Y
		}
		for i := range t.samples {
			t.samples[i].X -= shown.X
			t.samples[i].Y -= shown.Y
		}
		e.width, e.height, e.screen = shown.Width, shown.Height, false
	}
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
	// An image that is seen in several trials has one clock, which goes on from trial to trial.
	key := [2]string{e.image, b.reader}
	before := b.ends[key]
	last := before
	for i, f := range t.fixations {
		late := t.over && f.Start >= t.end
		f.Start -= onset
		if late || f.Start+f.Duration <= 0 {
			b.set.Dropped.Outside++
			continue
		}
		if f.Start < 0 {
			f.Start, f.Duration = 0, f.Start+f.Duration
		}
		f.Start += before
		e.fixation, e.order = f, f.Start
		last = max(last, f.Start+f.Duration)
		if err := b.collector.add(t.fixationPlaces[i], e); err != nil {
			return err
		}
	}
	if len(t.fixations) > 0 {
		t.samples = nil // of a block that has no events
	}
	for i, s := range t.samples {
		late := t.over && s.Time >= t.end
		s.Time -= onset
		if late || s.Time < 0 {
			continue // the image was not there
		}
		s.Time += before
		e.sample = &s
		last = max(last, s.Time)
		if err := b.collector.add(t.samplePlaces[i], e); err != nil {
			return err
		}
	}
	b.ends[key] = last
	return nil
}
