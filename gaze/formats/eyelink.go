package formats

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "eyelink",
		about: "text that edf2asc makes of an EyeLink's EDF: .asc, .txt",
		sniff: sniffEyeLink, read: readEyeLink, extensions: []string{".asc", ".txt"},
	})
}

// sniffEyeLink recognises what edf2asc makes of an EyeLink's EDF file, a text of lines with tabs or blanks:
//
//	** CONVERTED FROM ...                            the header
//	MSG t [offset] text                              a message, of which the reader knows those below
//	START t LEFT|RIGHT|LEFT RIGHT SAMPLES EVENTS     a block of gaze begins
//	SAMPLES GAZE LEFT [RIGHT] RATE r ...             its eyes, also in EVENTS
//	t x y pupil ... | t xl yl pl xr yr pr ...        a sample, "." where the eye is lost
//	EFIX e t0 t1 duration x y pupil [xres yres]      a fixation of the eye L or R
//	EBLINK e t0 t1 duration                          a blink
//	END t SAMPLES EVENTS RES xres yres               the block ends; pixels per degree
//
// Times are milliseconds, with decimals at 2 kHz, and positions pixels of the screen GAZE_COORDS left top right bottom, else
// DISPLAY_COORDS. These are the last pixel's (0 0 1279 1023) or the size (0 0 1920 1080): screens have even sides, so an odd
// difference lacks 1. Lines outside the blocks are no gaze, however much those of a calibration look like it.
//
// A trial begins with the message TRIALID, before which a label may stand, or start_trial of OpenSesame and PyGaze, or
// where there is neither with START; it ends with TRIAL_RESULT or stop_trial, or with the next trial; gaze between trials
// is outside the image. Each is a recording. Its image is, in this order: the value of the variable ReadOptions.ImageFrom;
// that of the variable image (!V TRIAL_VAR image a.jpg, var image a.jpg, or !V TRIAL_VAR_DATA under TRIAL_VAR_LABELS),
// whose name may also be img, picture, pic, stimulus, stim or imgfile, with _file or _name behind it; the file of !V IMGLOAD
// FILL|CENTER|TOP_LEFT file; the only value of a variable, or else the last word of TRIALID, that ends as a picture's
// file; the one of the other values, or of the pictures that other messages name, that is an image, or else the whole text of
// TRIALID, which Align finds out; none, and then the row of the manifest or the file's name tells it. IMGLOAD says where on the screen the image was; without it
// Placement does. A trial that loads several images is refused. The reader is the file's name without extension.
//
// Times count from the message SYNCTIME, which stands for the image's onset, or from START, or from a TRIALID within a
// block. What of a fixation is before it, or after the end, is outside the image; a fixation that goes on into the next
// trial counts there, too. EFIX is taken
// where there is any, the samples otherwise or with ReadOptions.Samples. Of two eyes it is the one with the smaller error
// in the last validation, the left one where they do not differ.
func sniffEyeLink(head []byte) bool {
	head, _ = decode(head)
	for _, line := range bytes.Split(head, []byte("\n")) {
		words := strings.Fields(string(line))
		if len(words) > 2 && words[0] == "**" && words[1] == "CONVERTED" {
			return true
		}
		block := func(word string) bool {
			return word == "LEFT" || word == "RIGHT" || word == "SAMPLES" || word == "EVENTS"
		}
		if len(words) > 2 && (words[0] == "MSG" || words[0] == "START" && slices.ContainsFunc(words[2:], block)) {
			if _, err := parseNumber(words[1]); err == nil {
				return true
			}
		}
	}
	return false
}

// eyeLink is a file being read.
type eyeLink struct {
	*collector
	set     *Set
	samples bool
	reader  string
	file    string
	line    int
	words   []string // of the line

	width, height, left, top float64
	gazeCoordinates          bool               // as opposed to those of the display
	errors                   map[string]float64 // of the last validation, by eye
	block                    *eyeLinkBlock      // nil outside
	trial                    eyeLinkTrial
	earlier                  []eyeLinkTrial // those that ended within the block
	numbered                 bool           // the file has trials
	trials                   int            // so far
	labels                   []string       // of TRIAL_VAR_DATA
}

// eyeLinkBlock is what lies between START and END.
type eyeLinkBlock struct {
	line         int
	left, right  bool
	events       bool
	eye          string  // L or R, the one that is taken
	eventsHaveRS bool    // EFIX has the resolution at its end
	reached      float64 // the latest beginning of a fixation or sample, in seconds
}

func readEyeLink(s *source) error {
	b := &eyeLink{collector: collect(s), set: s.set, samples: s.options.Samples, file: s.file, errors: map[string]float64{}}
	b.naming = "a trial variable with the image, as in !V TRIAL_VAR image a.png"
	b.reader = strings.TrimSuffix(base(s.file), filepath.Ext(base(s.file)))
	lines := bufio.NewScanner(s.reader)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		b.line++
		if err := s.pass(b.read(lines.Bytes())); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return gaze.Problem{File: s.file, Line: b.line + 1, Reason: fmt.Sprintf("%v, expected a line of text", err)}
	}
	if b.block != nil {
		if err := s.pass(gaze.Problem{File: s.file, Line: b.block.line, Reason: "START without END: the file is cut off"}); err != nil {
			return err
		}
	}
	if err := s.pass(b.flushAll()); err != nil {
		return err
	}
	return b.finish()
}

func (b *eyeLink) problem(format string, a ...any) error {
	return gaze.Problem{File: b.file, Line: b.line, Reason: fmt.Sprintf(format, a...)}
}

// read reads a line.
func (b *eyeLink) read(line []byte) error {
	if b.line == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	if line = bytes.TrimLeft(line, " \t"); len(line) == 0 || isDigit(line[0]) && !b.wanted() {
		return nil // most lines are samples
	}
	if !utf8.Valid(line) {
		line = repaired(line)
	}
	b.words = b.words[:0]
	for word := range strings.FieldsSeq(string(line)) {
		b.words = append(b.words, word)
	}
	words := b.words
	if len(words) == 0 {
		return nil
	}
	switch words[0] {
	case "MSG":
		return b.message(words)
	case "START":
		return b.start(words)
	}
	if b.block == nil {
		return nil
	}
	switch words[0] {
	case "END":
		return b.end(words)
	case "SAMPLES", "EVENTS":
		if taken := b.wanted() == (words[0] == "SAMPLES"); taken && len(words) > 1 && words[1] != "GAZE" {
			return b.problem("%s are of the type %s, expected GAZE, positions on the screen", words[0], words[1])
		}
		b.eyes(words)
	case "EFIX":
		return b.fixation(words)
	case "EBLINK":
		if len(words) < 5 {
			return b.problem("%d fields, expected EBLINK, eye, start, end, duration", len(words))
		}
		if words[1] == b.block.eye {
			b.trial.blinks++
		}
	default:
		if isDigit(words[0][0]) && b.wanted() {
			return b.sample(words)
		}
	}
	return nil
}

// wanted reports whether the lines that begin with a number are samples to read.
func (b *eyeLink) wanted() bool { return b.block != nil && (b.samples || !b.block.events) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number is a field that must be finite and at most most in size.
func (b *eyeLink) number(words []string, i int, what string, most float64) (float64, error) {
	if i >= len(words) {
		return 0, b.problem("%d fields, expected %s in the %dth", len(words), what, i+1)
	}
	v, err := parseNumber(words[i])
	if err != nil || !(math.Abs(v) <= most) {
		return 0, b.problem("field %d is %q, expected %s", i+1, words[i], what)
	}
	return v, nil
}

// milliseconds is a time, given in seconds.
func (b *eyeLink) milliseconds(words []string, i int) (float64, error) {
	v, err := b.number(words, i, "a time in milliseconds", maxSeconds*1e3)
	return v / 1e3, err
}

// position is a coordinate of the gaze less the origin of the screen, NaN where there is none.
func (b *eyeLink) position(words []string, i int, origin float64) (float64, error) {
	if i < len(words) && missing(words[i]) {
		return math.NaN(), nil
	}
	v, err := b.number(words, i, "a position in pixels, or a point where it is missing", maxPosition)
	return v - origin, err
}

// start begins a block, and a trial where the file does not number them.
func (b *eyeLink) start(words []string) error {
	if b.block != nil {
		if err := b.source.pass(b.problem("START within the block that begins on line %d; expected END", b.block.line)); err != nil {
			return err
		}
	}
	t, err := b.milliseconds(words, 1)
	if err != nil {
		return err
	}
	if !b.numbered && b.trial.begun {
		if err := b.flushAll(); err != nil {
			return err
		}
	}
	b.block = &eyeLinkBlock{line: b.line, events: slices.Contains(words, "EVENTS"), reached: t}
	b.eyes(words)
	if !b.trial.begun {
		b.trial.begun, b.trial.start = true, t
		b.trial.place = place{b.file, b.line}
		b.trial.width, b.trial.height = b.width, b.height
	}
	return nil
}

// eyes reads which eyes were recorded, and decides for one.
func (b *eyeLink) eyes(words []string) {
	k := b.block
	if left, right := slices.Contains(words, "LEFT"), slices.Contains(words, "RIGHT"); left || right {
		k.left, k.right = left, right
	}
	if words[0] == "EVENTS" {
		k.eventsHaveRS = slices.Contains(words, "RES")
	}
	k.eye = "L"
	if !k.left && k.right {
		k.eye = "R"
	} else if l, r := b.errors["LEFT"], b.errors["RIGHT"]; k.left && k.right && r > 0 && r < l {
		k.eye = "R"
	}
}

func (b *eyeLink) end(words []string) (err error) {
	b.block = nil
	defer b.flushEarlier(&err)
	i := slices.Index(words, "RES")
	if i < 0 || i+2 >= len(words) || words[i+1] == "." || words[i+2] == "." {
		return nil
	}
	x, err := b.number(words, i+1, "pixels per degree", maxFrame)
	if err != nil {
		return err
	}
	y, err := b.number(words, i+2, "pixels per degree", maxFrame)
	if err != nil {
		return err
	}
	b.trial.resolution = gaze.Resolution{X: x, Y: y}
	for i := range b.earlier {
		b.earlier[i].resolution = b.trial.resolution
	}
	return nil
}

// fixation reads EFIX.
func (b *eyeLink) fixation(words []string) error {
	if len(words) < 7 {
		return b.problem("%d fields, expected EFIX, eye, start, end, duration, x, y, pupil", len(words))
	}
	if words[1] != b.block.eye || b.samples {
		return nil
	}
	var f gaze.Fixation
	var err error
	if f.Start, err = b.milliseconds(words, 2); err != nil {
		return err
	}
	end, err := b.milliseconds(words, 3)
	if err != nil {
		return err
	}
	if f.Duration, err = b.milliseconds(words, 4); err != nil {
		return err
	}
	if end < f.Start || f.Duration < 0 {
		return b.problem("a fixation from %s to %s of %s ms, expected an end after its start", words[2], words[3], words[4])
	}
	if f.X, err = b.position(words, 5, b.left); err != nil {
		return err
	}
	if f.Y, err = b.position(words, 6, b.top); err != nil {
		return err
	}
	if b.block.eventsHaveRS && len(words) >= 10 && words[8] != "." && words[9] != "." {
		if f.Resolution.X, err = b.number(words, 8, "pixels per degree", maxFrame); err != nil {
			return err
		}
		if f.Resolution.Y, err = b.number(words, 9, "pixels per degree", maxFrame); err != nil {
			return err
		}
	}
	b.block.reached = max(b.block.reached, f.Start)
	b.reach(f, place{b.file, b.line})
	return nil
}

// sample reads a line of numbers.
func (b *eyeLink) sample(words []string) error {
	first, fields := 1, 4
	if b.block.left && b.block.right {
		fields = 7
		if b.block.eye == "R" {
			first = 4
		}
	}
	if len(words) < fields {
		return b.problem("a sample of %d fields, expected time and x, y, pupil of each eye", len(words))
	}
	t, err := b.milliseconds(words, 0)
	if err != nil {
		return err
	}
	x, err := b.position(words, first, b.left)
	if err != nil {
		return err
	}
	y, err := b.position(words, first+1, b.top)
	if err != nil {
		return err
	}
	b.block.reached = max(b.block.reached, t)
	b.trial.samples = append(b.trial.samples, gaze.Sample{X: x, Y: y, Time: t})
	b.trial.samplePlaces = append(b.trial.samplePlaces, place{b.file, b.line})
	return nil
}
