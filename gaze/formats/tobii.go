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
		sniff: sniffTobii, read: readTobii, list: listTobii,
	})
}

// sniffTobii recognises the data export of Tobii Pro Lab and of its forerunner Tobii Studio, a table with tabs, in UTF-8
// or UTF-16, of which the user chooses the columns:
//
//	Recording timestamp [ms]	Participant name	Recording name	Sensor	Presented Stimulus name	Gaze point X [DACS px]	...
//	RecordingTimestamp	ParticipantName	MediaName	FixationIndex	GazeEventType	FixationPointX (MCSpx)	...
//
// and of Studio 1 and 2, All-Data with a row a sample and Fixation-Data with a row a fixation, often under a preamble that
// names the participant and the size of the screen:
//
//	Timestamp	GazePointXLeft	...	ValidityLeft	...	FixationIndex	GazePointX	StimuliName	MediaWidth	MediaPosX	MappedFixationPointX	FixationDuration	...
//	FixationIndex	Timestamp	FixationDuration	MappedFixationPointX	MappedFixationPointY
//
// Their times are milliseconds, mapped points pixels of the media or, where none is named, of the screen.
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
// and lasts for Gaze event duration, or, without that column, until the next row that is not its own. It is cut to the time
// for which the image was there, or for which it was mapped to the snapshot, and what goes on into the next image counts
// there. Rows of sensors
// other than the eye tracker, rows of events, rows without an image and those of what else Pro Lab calls a stimulus, a text
// or the calibration, are no gaze on an image. A sample is lost where both eyes are invalid: "Invalid", or 2 to 4 on the older scale.
//
// A recording is one showing: as long as rows in a row have the image. Times count from its first row.
func sniffTobii(head []byte) bool {
	head, _ = decode(head)
	return findHeader(head, isTobii) >= 0
}

// listTobii leaves out Studio's Fixation-Data of a recording that has All-Data, which names the images too.
func listTobii(dir string, _ ReadOptions) ([]string, error) {
	return withoutTwins(dir, "tobii", "-All-Data.tsv", "-Fixation-Data.tsv")
}

// isTobii reports whether the columns are those of an export.
func isTobii(columns map[string]bool) bool {
	names := tobiiNames{}
	for name := range columns {
		names.add(name)
	}
	return names["recordingtimestamp"] != nil && (names["gazepointx"] != nil || names["fixationpointx"] != nil || names["mappedfixationx"] != nil) ||
		names["timestamp"] != nil && names["fixationindex"] != nil && (names["mappedfixationpointx"] != nil || names["gazepointx"] != nil && names["stimuliname"] != nil)
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

// tobiiView is a frame in which the export has the gaze: the image on the screen, or a snapshot.
type tobiiView struct {
	follower
	point       tobiiPoint
	kind, index string // columns; without kind a row with an index is of a fixation
}

// tobii is an export being read.
type tobii struct {
	*table
	*collector
	names tobiiNames
	above tobiiPreamble
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
}

func readTobii(s *source) error {
	data, err := readDecoded(s.file, s.reader)
	if err != nil {
		return err
	}
	t, err := openBelow(s.file, data, isTobii, "Recording timestamp")
	if err != nil {
		return err
	}
	b := &tobii{table: t, collector: collect(s), names: tobiiNames{}, above: readTobiiPreamble(data, t.above)}
	b.naming = "the column Presented Stimulus name, Presented Media name, MediaName or StimuliName"
	for _, name := range t.names {
		b.names.add(name)
	}
	if err := b.declare(s.options.Samples); err != nil {
		return err
	}
	if b.unit == 0 {
		var step float64
		if b.unit, step, err = b.tellUnit(data); err != nil {
			return err
		}
		s.set.note("%s: %s has no unit, and is read in units of %g s: rows are %g of them apart", base(s.file), b.time, b.unit, step)
	}
	s.assume("times in units of %g s", b.unit)
	if err := s.rows(t, b.add); err != nil {
		return err
	}
	for i := range b.views {
		if err := s.pass(b.views[i].flush(open)); err != nil {
			return err
		}
	}
	return b.finish()
}

// tobiiPreamble is what stands above the header of Studio's older exports.
type tobiiPreamble struct {
	reader        string
	width, height float64 // of the screen
}

func readTobiiPreamble(data []byte, lines int) (p tobiiPreamble) {
	for range lines {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		name, value, _ := strings.Cut(string(line), ":")
		value = strings.TrimSpace(value)
		switch squeeze(name) {
		case "subject", "participant", "participantname":
			p.reader = value
		case "screenresolution", "recordingresolution":
			p.width, p.height, _ = screenSize(value)
		}
	}
	return p
}

// screenSize reads "1920 x 1080".
func screenSize(text string) (width, height float64, ok bool) {
	_, err := fmt.Sscanf(squeeze(text), "%fx%f", &width, &height)
	if err != nil || !(width >= 1 && width <= maxFrame && height >= 1 && height <= maxFrame) {
		return 0, 0, false
	}
	return width, height, true
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
		b.time, b.unit = n["timestamp"][""], 1e-3 // of Studio 1 and 2
	}
	if b.time == "" {
		return fail("Recording timestamp, in ms or μs")
	}
	b.media = n.any("presentedstimulusname", "presentedmedianame", "medianame", "stimuliname")
	b.reader = n.any("participantname", "participant")
	b.session = n.any("recordingname")
	b.sensor, b.event = n.any("sensor"), n.any("event", "studioevent")
	b.left, b.right = n.any("validityleft"), n.any("validityright")
	b.width, b.height = n.any("originalmediawidth"), n.any("originalmediaheight")
	b.presentedX, b.presentedY = n.any("presentedmediapositionx", "mediaposx"), n.any("presentedmediapositiony", "mediaposy")
	b.presentedWidth, b.presentedHeight = n.any("presentedmediawidth", "mediawidth"), n.any("presentedmediaheight", "mediaheight")
	b.screenWidth, b.screenHeight, b.screenBoth = n.any("recordingresolutionwidth"), n.any("recordingresolutionheight"), n.any("recordingresolution")
	b.declareDuration()
	if !samples || b.findPoint("gazepoint").x == "" { // without samples the fixations are kept
		b.declareFixations()
	}
	if b.fixations = len(b.views) > 0; !b.fixations {
		view := tobiiView{point: b.findPoint("gazepoint")}
		if view.point.x == "" {
			return fail("Gaze point X and Y, or Fixation point X and Y with Eye movement type and Eye movement type index")
		}
		b.views = append(b.views, view)
	}
	for i := range b.views {
		b.views[i].follower = follower{collector: b.collector, mapped: b.views[i].point.image != "", lasting: b.duration != ""}
	}
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
		if (v.kind != "" || n["recordingtimestamp"] == nil) && v.index != "" && v.point.x != "" && v.point.y != "" {
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
	if len(b.views) == 0 {
		add(tobiiView{point: tobiiPoint{x: n.any("mappedfixationpointx"), y: n.any("mappedfixationpointy"), kind: "mcspx"}, index: index}, "")
	}
}

func (b *tobii) declareDuration() {
	for _, name := range []string{"eyemovementeventduration", "gazeeventduration", "fixationduration"} {
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

// tellUnit finds the unit of timestamps that have none, from the middle step between rows of the eye tracker.
func (b *tobii) tellUnit(data []byte) (unit, step float64, err error) {
	t, err := newTable(b.file, data, b.table.above)
	if err != nil {
		return 0, 0, err
	}
	probe := *b
	probe.table = t
	var steps []float64
	last := math.NaN()
	for len(steps) < 1000 {
		if err := t.next(); err == io.EOF || t.failed != nil {
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
	if len(steps) > 0 {
		step = median(steps)
	}
	switch {
	case step > 0 && step <= 100:
		return 1e-3, step, nil
	case step >= 300:
		return 1e-6, step, nil
	}
	return 0, 0, gaze.Problem{File: b.file, Line: 1, Reason: fmt.Sprintf("the unit of %s is not declared, and the steps between rows do not tell it; expected [ms] or [μs] behind its name", b.time)}
}

// noGaze reports a row that is not of the eye tracker.
func (b *tobii) noGaze() bool {
	if b.sensor != "" {
		return !strings.EqualFold(b.text(b.sensor), "Eye Tracker")
	}
	return b.event != "" && b.text(b.event) != "" && missing(b.text(b.views[0].point.x))
}
