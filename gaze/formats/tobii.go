package formats

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "tobii",
		about: "data export of Tobii Pro Lab and Tobii Studio",
		sniff: sniffTobii, read: readTobii,
	})
}

// sniffTobii recognises the data export of Tobii Pro Lab and of its forerunner Tobii Studio, a table with tabs, in UTF-8
// or UTF-16, of which the user chooses the columns:
//
//	Recording timestamp [ms]	Participant name	Recording name	Sensor	Presented Stimulus name	Gaze point X [DACS px]	...
//	RecordingTimestamp	ParticipantName	MediaName	FixationIndex	GazeEventType	FixationPointX (MCSpx)	...
//
// A unit stands in brackets or parentheses behind the name, or nowhere. It is ms or μs for times and, for positions, one of
// MCS norm (fractions of the image), MCS px (pixels of the image) and DACS px, ADCS px or RCS px (pixels of the screen),
// which is also what positions without a unit are. Of several the reader takes, in this order: MCS norm; DACS px where Presented
// Media position, width and height say where the image was; MCS px; DACS px on a screen of Recording resolution. Fixations
// that were mapped to snapshots ("Mapped fixation X [NAME]", with a type and an index each) are pixels of the image NAME,
// and come first. In a file that names no image MCS is the video of the scene, which is like a screen on which the image
// is somewhere. A recording timestamp without a unit is told by the step between rows, which is 0.8 to 100 ms with any
// tracker.
//
// Where there are fixations (Eye movement type, its index, Fixation point) the reader takes these, otherwise samples.
// Every sample repeats the fixation that it belongs to; the index tells them apart. A fixation begins with its first row
// and lasts for Gaze event duration, or, without that column, until the next row that is not its own. Rows of sensors
// other than the eye tracker, rows of events, rows without an image and those of what else Pro Lab calls a stimulus, a text
// or the calibration, are no gaze on an image. A sample is lost where both eyes are invalid: "Invalid", or 2 to 4 on the older scale.
//
// Times count from the first row that the reader has with the image.
func sniffTobii(head []byte) bool {
	names := tobiiNames{}
	for name := range header(head) {
		names.add(name)
	}
	return names["recordingtimestamp"] != nil &&
		(names["gazepointx"] != nil || names["fixationpointx"] != nil || names["mappedfixationx"] != nil)
}

// tobiiNames is the columns by their names without blanks and units, in lower case, then by unit in the same form.
type tobiiNames map[string]map[string]string

func (n tobiiNames) add(column string) {
	plain, unit := column, ""
	if i := strings.IndexAny(column, "[("); i >= 0 {
		plain, unit = column[:i], strings.TrimRight(strings.TrimSpace(column[i+1:]), "])")
	}
	plain, unit = squeeze(plain), squeeze(unit)
	if n[plain] == nil {
		n[plain] = map[string]string{}
	}
	n[plain][strings.NewReplacer("adcs", "dacs", "rcs", "dacs", "μ", "u", "µ", "u").Replace(unit)] = column
}

// tobiiCalibration is what the stimulus is called while the tracker is calibrated.
const tobiiCalibration = "Eyetracker Calibration"

func squeeze(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }

// any is the first of the columns that is there, whatever its unit.
func (n tobiiNames) any(plain ...string) string {
	for _, p := range plain {
		for _, unit := range []string{"", "px", "dacspx"} {
			if column := n[p][unit]; column != "" {
				return column
			}
		}
	}
	return ""
}

// tobiiPoint is a column pair of positions.
type tobiiPoint struct {
	x, y string
	kind string // mcsnorm, mcspx, dacspx
	// image, if not "", is the snapshot that the positions were mapped to.
	image string
}

// tobiiKey is what a fixation is told by: reader, recording, snapshot and index.
type tobiiKey [4]string

// tobiiView is a frame in which the export has the gaze: the image on the screen, or a snapshot.
type tobiiView struct {
	point       tobiiPoint
	kind, index string // columns
	// pending is the fixation that the last row belonged to, begun and at where it began.
	pending *entry
	key     tobiiKey
	begun   float64
	at      place
}

// tobii is an export being read.
type tobii struct {
	*table
	*collector
	names tobiiNames
	clock clock
	unit  float64 // seconds per unit of time
	now   float64
	views []tobiiView
	// fixations says that rows are read for the fixations they belong to.
	fixations                             bool
	time, media, reader, session          string // columns, as all that follow
	duration                              string
	sensor, event                         string
	left, right                           string // validity
	durationUnit                          float64
	width, height, presentedX, presentedY string // the image on the screen
	presentedWidth, presentedHeight       string
	screenWidth, screenHeight, screenBoth string
	seen                                  map[tobiiKey]bool // keys of the fixations
}

func readTobii(s *source) error {
	data, err := io.ReadAll(s.reader)
	if err != nil {
		return err
	}
	t, err := openTable(s.file, bytes.NewReader(data))
	if err != nil {
		return err
	}
	b := &tobii{table: t, collector: collect(s), names: tobiiNames{}, clock: clock{}, seen: map[tobiiKey]bool{}}
	for _, name := range t.names {
		b.names.add(name)
	}
	if err := b.declare(s.options.Samples); err != nil {
		return err
	}
	if b.unit == 0 {
		if b.unit, err = b.tellUnit(data); err != nil {
			return err
		}
	}
	if err := s.rows(t, b.add); err != nil {
		return err
	}
	for i := range b.views {
		if err := s.pass(b.flush(&b.views[i])); err != nil {
			return err
		}
	}
	return b.finish()
}

// declare finds the columns.
func (b *tobii) declare(samples bool) error {
	n := b.names
	fail := func(expected string) error {
		return gaze.Problem{File: b.file, Line: 1, Reason: "the header lacks " + expected}
	}
	for unit, scale := range map[string]float64{"": 0, "ms": 1e-3, "us": 1e-6} {
		if column := n["recordingtimestamp"][unit]; column != "" && (b.time == "" || scale > b.unit) {
			b.time, b.unit = column, scale
		}
	}
	if b.time == "" {
		return fail("Recording timestamp, in ms or μs")
	}
	b.media = n.any("presentedstimulusname", "presentedmedianame", "medianame")
	b.reader = n.any("participantname", "participant")
	b.session = n.any("recordingname")
	b.sensor, b.event = n.any("sensor"), n.any("event", "studioevent")
	b.left, b.right = n.any("validityleft"), n.any("validityright")
	b.width, b.height = n.any("originalmediawidth"), n.any("originalmediaheight")
	b.presentedX, b.presentedY = n.any("presentedmediapositionx", "mediaposx"), n.any("presentedmediapositiony", "mediaposy")
	b.presentedWidth, b.presentedHeight = n.any("presentedmediawidth", "mediawidth"), n.any("presentedmediaheight", "mediaheight")
	b.screenWidth, b.screenHeight, b.screenBoth = n.any("recordingresolutionwidth"), n.any("recordingresolutionheight"), n.any("recordingresolution")
	b.declareDuration()
	if !samples {
		b.declareFixations()
	}
	if b.fixations = len(b.views) > 0; b.fixations {
		return nil
	}
	view := tobiiView{point: b.findPoint("gazepoint")}
	if view.point.x == "" {
		return fail("Gaze point X and Y, or Fixation point X and Y with Eye movement type and Eye movement type index")
	}
	b.views = append(b.views, view)
	return nil
}

// declareFixations finds the columns of fixations: of every snapshot, or else of the image on the screen.
func (b *tobii) declareFixations() {
	n := b.names
	kind, index := n.any("eyemovementtype", "gazeeventtype"), n.any("eyemovementtypeindex", "fixationindex")
	add := func(v tobiiView, name string) {
		ownIndex := cmp.Or(n["mappedeyemovementtypeindex"][name], n["mappedeyemovementindex"][name])
		if own := n["mappedeyemovementtype"][name]; name != "" && own != "" && ownIndex != "" {
			v.kind, v.index = own, ownIndex
		}
		if v.kind != "" && v.index != "" && v.point.x != "" && v.point.y != "" {
			b.views = append(b.views, v)
		}
	}
	xs, ys := n["mappedfixationx"], n["mappedfixationy"]
	for _, name := range slices.Sorted(maps.Keys(xs)) {
		p := tobiiPoint{x: xs[name], y: ys[name], kind: "mcspx"}
		if !slices.Contains([]string{"", "px", "mcspx"}, name) {
			_, inner, _ := strings.Cut(p.x, "[")
			p.image = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(inner), "]"))
		}
		add(tobiiView{point: p, kind: kind, index: index}, name)
	}
	if len(b.views) == 0 {
		add(tobiiView{point: b.findPoint("fixationpoint"), kind: kind, index: index}, "")
	}
}

func (b *tobii) declareDuration() {
	for _, name := range []string{"eyemovementeventduration", "gazeeventduration"} {
		for _, unit := range []struct {
			name  string
			scale float64
		}{{"", 1e-3}, {"ms", 1e-3}, {"us", 1e-6}} {
			if column := b.names[name][unit.name]; column != "" {
				b.duration, b.durationUnit = column, unit.scale
				return
			}
		}
	}
}

// findPoint is the columns of a position, of the kind that says most about where in the image it is.
func (b *tobii) findPoint(name string) tobiiPoint {
	xs, ys := b.names[name+"x"], b.names[name+"y"]
	kinds := []string{"mcsnorm", "mcspx", "dacspx", ""}
	if b.onScreen() {
		kinds = []string{"mcsnorm", "dacspx", "", "mcspx"}
	}
	for _, kind := range kinds {
		if xs[kind] != "" && ys[kind] != "" {
			return tobiiPoint{x: xs[kind], y: ys[kind], kind: cmp.Or(kind, "dacspx")}
		}
	}
	return tobiiPoint{}
}

// onScreen reports whether the file says where on the screen the image was.
func (b *tobii) onScreen() bool {
	return b.presentedX != "" && b.presentedY != "" && b.presentedWidth != "" && b.presentedHeight != ""
}

// pictureless reports a row whose stimulus is no picture but a text, say: of one the file would say where it was.
func (b *tobii) pictureless() bool {
	return b.onScreen() && missing(b.text(b.presentedX)) && missing(b.text(b.presentedY)) && missing(b.text(b.presentedWidth)) && missing(b.text(b.presentedHeight))
}

// tellUnit finds the unit of timestamps that have none, from the step between rows of the eye tracker.
func (b *tobii) tellUnit(data []byte) (float64, error) {
	t, err := openTable(b.file, bytes.NewReader(data))
	if err != nil {
		return 0, err
	}
	probe := *b
	probe.table = t
	var steps []float64
	last := math.NaN()
	for len(steps) < 1000 {
		if err := t.next(); err == io.EOF {
			break
		} else if err != nil || probe.noGaze() {
			continue // a bad row is reported when it is read
		}
		v, err := t.number(b.time, "a time", math.Inf(-1))
		if err != nil {
			continue
		}
		if v > last {
			steps = append(steps, v-last)
		}
		last = v
	}
	slices.Sort(steps)
	switch {
	case len(steps) > 0 && steps[len(steps)/2] <= 100:
		return 1e-3, nil
	case len(steps) > 0 && steps[len(steps)/2] >= 300:
		return 1e-6, nil
	}
	return 0, gaze.Problem{File: b.file, Line: 1, Reason: fmt.Sprintf("the unit of %s is not declared, and the steps between rows do not tell it; expected [ms] or [μs] behind its name", b.time)}
}

// noGaze reports a row that is not of the eye tracker.
func (b *tobii) noGaze() bool {
	if b.sensor != "" {
		return !strings.EqualFold(b.text(b.sensor), "Eye Tracker")
	}
	return b.event != "" && b.text(b.event) != "" && missing(b.text(b.views[0].point.x))
}

// add adds what the present row says, in each view.
func (b *tobii) add() (err error) {
	if b.noGaze() {
		return nil
	}
	if b.now, err = b.seconds(b.time, b.unit, math.Inf(-1)); err != nil {
		return err
	}
	for i := range b.views {
		if err := b.look(&b.views[i]); err != nil {
			return err
		}
	}
	return nil
}

// look adds what the present row says in a view.
func (b *tobii) look(v *tobiiView) (err error) {
	e := entry{image: v.point.image, reader: cmp.Or(b.text(b.reader), b.text(b.session))}
	if e.image == "" {
		e.image = b.text(b.media)
	}
	key := tobiiKey{e.reader, b.text(b.session)}
	fixating := b.fixations && strings.EqualFold(b.text(v.kind), "fixation")
	if fixating {
		if key[2], key[3] = v.point.image, b.text(v.index); key[3] == "" {
			return b.at(v.index, "the number of the fixation")
		}
	}
	off := b.media != "" && (e.image == "" || strings.EqualFold(e.image, tobiiCalibration) || b.pictureless())
	if v.pending != nil && (off || !fixating || key != v.key) {
		if err := b.flush(v); err != nil {
			return err
		}
	}
	if off {
		return nil
	}
	e.order = b.clock.since(e.image, e.reader, key[1], b.now)
	if err := b.frame(&e, v.point); err != nil {
		return err
	}
	switch {
	case !b.fixations:
		return b.addSample(e, v.point)
	case !fixating:
		e.none = true
		return b.collector.add(b.place(), e)
	}
	return b.fixate(v, e, key)
}

func (b *tobii) addSample(e entry, p tobiiPoint) (err error) {
	sample := gaze.Sample{Time: e.order}
	if sample.X, sample.Y, err = b.read(e, p); err != nil {
		return err
	}
	valid, err := b.valid()
	if err != nil {
		return err
	}
	if !valid {
		e.lose(&sample, &b.source.set.Dropped.Invalid)
	}
	e.sample = &sample
	return b.collector.add(b.place(), e)
}

// fixate begins the fixation of the present row, or gives the one that goes on the position that it has lacked so far.
func (b *tobii) fixate(v *tobiiView, e entry, key tobiiKey) (err error) {
	if b.seen[key] && v.pending == nil {
		return nil // it went on after a stretch without the image
	}
	f := &e.fixation
	if f.X, f.Y, err = b.read(e, v.point); err != nil {
		return err
	}
	if p := v.pending; p != nil {
		if p.image == e.image && (math.IsNaN(p.fixation.X) || math.IsNaN(p.fixation.Y)) {
			p.fixation.X, p.fixation.Y = f.X, f.Y
		}
		return nil
	}
	f.Start = e.order
	if b.duration != "" {
		if f.Duration, err = b.seconds(b.duration, b.durationUnit, 0); err != nil {
			return err
		}
	}
	b.seen[key] = true
	v.pending, v.key, v.begun, v.at = &e, key, b.now, b.place()
	return nil
}

// flush adds the fixation that the present row ends.
func (b *tobii) flush(v *tobiiView) error {
	if v.pending == nil {
		return nil
	}
	e := *v.pending
	v.pending = nil
	if b.duration == "" {
		e.fixation.Duration = max(b.now-v.begun, 0)
	}
	b.clock.reaches(e.image, e.reader, e.fixation.Start+e.fixation.Duration)
	return b.collector.add(v.at, e)
}

// frame is the frame of the row's positions.
func (b *tobii) frame(e *entry, p tobiiPoint) (err error) {
	if p.image != "" {
		return nil
	}
	if p.kind == "dacspx" && b.onScreen() {
		e.width, e.height, err = b.table.frame(b.presentedWidth, b.presentedHeight)
		return err
	}
	e.screen = p.kind == "dacspx" || b.media == ""
	switch {
	case e.screen && b.screenWidth != "" && b.screenHeight != "":
		e.width, e.height, err = b.table.frame(b.screenWidth, b.screenHeight)
	case e.screen && b.screenBoth != "":
		if _, err := fmt.Sscanf(squeeze(b.text(b.screenBoth)), "%fx%f", &e.width, &e.height); err != nil || !(e.width >= 1 && e.width <= maxFrame && e.height >= 1 && e.height <= maxFrame) {
			return b.at(b.screenBoth, "a size in pixels, as 1920 x 1080")
		}
	case !e.screen && b.presentedWidth != "" && b.presentedHeight != "" && !missing(b.text(b.presentedWidth)):
		e.width, e.height, err = b.table.frame(b.presentedWidth, b.presentedHeight)
	case !e.screen && b.width != "" && b.height != "" && !missing(b.text(b.width)):
		e.width, e.height, err = b.table.frame(b.width, b.height)
	case p.kind == "mcsnorm":
		e.width, e.height = 1, 1
	}
	return err
}

// read is the row's position in its frame.
func (b *tobii) read(e entry, p tobiiPoint) (x, y float64, err error) {
	if x, err = b.position(p.x); err != nil {
		return x, y, err
	}
	if y, err = b.position(p.y); err != nil {
		return x, y, err
	}
	switch {
	case p.kind == "mcsnorm":
		return x * e.width, y * e.height, nil
	case p.kind == "dacspx" && b.onScreen():
		left, err := b.number(b.presentedX, "the left edge of the image on the screen", -maxFrame)
		if err != nil {
			return x, y, err
		}
		top, err := b.number(b.presentedY, "the upper edge of the image on the screen", -maxFrame)
		if err != nil {
			return x, y, err
		}
		return x - left, y - top, nil
	}
	return x, y, nil
}

// valid reports whether an eye was found; a file without validity only has positions where one was.
func (b *tobii) valid() (bool, error) {
	if b.left == "" && b.right == "" {
		return true, nil
	}
	for _, column := range []string{b.left, b.right} {
		if column == "" || missing(b.text(column)) {
			continue
		}
		if valid, err := b.tobiiValid(column); valid || err != nil {
			return valid, err
		}
	}
	return false, nil
}

// tobiiValid reads the validity of an eye: "Valid" or "Invalid", or how sure the tracker is, from 0, certain, to 4, not
// found; from 2 on it may be the other eye.
func (t *table) tobiiValid(column string) (bool, error) {
	switch strings.ToLower(t.text(column)) {
	case "valid", "0", "1":
		return true, nil
	case "invalid", "2", "3", "4":
		return false, nil
	}
	return false, t.at(column, "Valid or Invalid, or 0 to 4")
}
