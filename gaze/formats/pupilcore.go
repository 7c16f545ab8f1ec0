package formats

import (
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "pupil-core",
		about: "exports of Pupil Player: fixations and gaze, of the scene camera or on surfaces",
		sniff: sniffPupilCore, read: readPupilCore, list: listPupilCore,
	})
}

// sniffPupilCore recognises the exports of Pupil Player for Pupil Core, of fixations and of gaze, in the frame of the
// scene camera and on surfaces:
//
//	id,start_timestamp,duration,start_frame_index,end_frame_index,norm_pos_x,norm_pos_y,dispersion,confidence,...
//	world_timestamp,world_index,fixation_id,start_timestamp,duration,dispersion,norm_pos_x,norm_pos_y,x_scaled,y_scaled,on_surf
//	gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y,...
//	world_timestamp,world_index,gaze_timestamp,x_norm,y_norm,x_scaled,y_scaled,on_surf,confidence
//
// and those before version 1.3 or so, of which the first two have durations in seconds:
//
//	id,start_timestamp,duration,start_frame,end_frame,norm_pos_x,norm_pos_y,dispersion,avg_pupil_size,confidence
//	id,start_timestamp,duration,start_frame,end_frame,norm_pos_x,norm_pos_y,x_scaled,y_scaled,on_srf
//	timestamp,index,confidence,norm_pos_x,norm_pos_y,...
//	world_timestamp,world_frame_idx,gaze_timestamp,x_norm,y_norm,x_scaled,y_scaled,on_srf
//
// Positions are fractions, origin at the bottom left, y up. Timestamps are seconds, other durations milliseconds (also under
// "duration (ms)"). On a surface a fixation has a row for each frame of the scene camera; its position is that of its first
// row on the surface, and it is cut to the frames from that to the last one there. The surface of fixations_on_surface_NAME.csv
// and gaze_positions_on_surface_NAME.csv is the image NAME, in older exports NAME_NUMBER; the scene
// camera's frame is like a screen on which the image is somewhere.
//
// Rows with a confidence below 0.6, which is what Pupil Labs recommend, are invalid; rows off the surface are outside.
func sniffPupilCore(head []byte) bool {
	h := header(head)
	surface := h["on_surf"] || h["on_srf"]
	return h["norm_pos_x"] && (h["start_timestamp"] || h["gaze_timestamp"] || h["timestamp"] && h["index"] && h["confidence"] && !h["diameter"]) ||
		h["x_norm"] && (h["gaze_timestamp"] || h["eye_timestamp"] || h["world_timestamp"]) && surface
}

// The files of an export begin with these; behind the last two stands the surface.
const (
	coreFixationsFile   = "fixations.csv"
	coreGazeFile        = "gaze_positions.csv"
	coreFixationsPrefix = "fixations_on_surface_"
	coreGazePrefix      = "gaze_positions_on_surface_"
)

// listPupilCore is the files of an export's folder, which has the gaze twice or more: those on surfaces if there are any,
// and of these, or of the whole scene, the fixations, unless there are none or samples are asked for.
func listPupilCore(dir string, o ReadOptions) ([]string, error) {
	for _, folder := range []string{filepath.Join(dir, "surfaces"), dir} {
		for _, kind := range []struct{ fixations, gaze string }{{coreFixationsPrefix, coreGazePrefix}, {coreFixationsFile, coreGazeFile}} {
			order := []string{kind.fixations, kind.gaze}
			if o.Samples {
				slices.Reverse(order)
			}
			for _, prefix := range order {
				files, err := coreFiles(folder, prefix)
				if err != nil || len(files) > 0 {
					return files, err
				}
			}
		}
	}
	return nil, nil
}

// coreFiles is the files of a folder that begin with a prefix and are of this format.
func coreFiles(folder, prefix string) ([]string, error) {
	files, err := filesIn(folder, func(name string) bool { return isCSV(name) && strings.HasPrefix(strings.ToLower(name), prefix) })
	if err != nil {
		return nil, err
	}
	var found []string
	for _, path := range files {
		formats, err := recognise(path)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(formats, func(f format) bool { return f.name == "pupil-core" }) {
			found = append(found, path)
		}
	}
	return found, nil
}

// surfaceFixation is a fixation whose frames are being read.
type surfaceFixation struct {
	off   bool   // its frames so far were off the surface
	entry *entry // nil before the first one on it
	place place
	until float64 // when it left the surface, infinity while it has not
}

// minConfidence is that of useful data, on a scale from 0 to 1.
const minConfidence = 0.6

// pupilCore is an export being read.
type pupilCore struct {
	*table
	*collector
	set          *Set
	clock        clock
	x, y         string
	duration, id string // "" for samples
	time         string
	image        string
	onSurface    string
	confidence   string
	candidates   []string
	unit         float64 // seconds in a unit of the durations
	frame        string  // the time of a frame of the scene camera
	// tracked is the fixations on a surface by their number, in the order of their first frames there.
	tracked map[string]*surfaceFixation
	order   []*surfaceFixation
}

func readPupilCore(s *source) error {
	t, err := openTable(s.file, s.reader)
	if err != nil {
		return err
	}
	p := &pupilCore{table: t, collector: collect(s), set: s.set, clock: clock{}, tracked: map[string]*surfaceFixation{},
		x: t.first("norm_pos_x", "x_norm"), y: t.first("norm_pos_y", "y_norm"), frame: t.first("world_timestamp"), unit: 1e-3,
		time:     t.first("start_timestamp", "gaze_timestamp", "eye_timestamp", "timestamp", "world_timestamp"),
		duration: t.first("duration", "duration (ms)", "duration [ms]"), id: t.first("fixation_id", "id"),
		onSurface: t.first("on_surf", "on_srf"), confidence: t.first("confidence"), image: surfaceName(base(s.file))}
	p.surface()
	fixations := strings.EqualFold(p.time, "start_timestamp")
	if fixations && strings.EqualFold(p.duration, "duration") && !t.has("world_timestamp") && (t.has("start_frame") || t.has("start_index") || t.has("avg_pupil_size")) {
		p.unit = 1
	}
	if fixations {
		s.assume("durations in units of %g s", p.unit)
	}
	switch {
	case p.x == "" || p.y == "":
		return gaze.Problem{File: s.file, Line: 1, Reason: "the header lacks norm_pos_x and norm_pos_y, or x_norm and y_norm"}
	case p.time == "":
		return gaze.Problem{File: s.file, Line: 1, Reason: "the header lacks start_timestamp (fixations) or gaze_timestamp (samples)"}
	case fixations && (p.duration == "" || p.id == ""):
		return gaze.Problem{File: s.file, Line: 1, Reason: "the header lacks the duration and the id of fixations"}
	case !fixations:
		p.duration = ""
	}
	if err := s.rows(t, p.add); err != nil {
		return err
	}
	for _, f := range p.order {
		if err := s.pass(p.settle(f)); err != nil {
			return err
		}
	}
	for _, f := range p.tracked {
		if f.entry == nil && f.off {
			p.set.Dropped.Outside++
		}
	}
	return p.finish()
}

// surface takes the image from the file's name.
func (p *pupilCore) surface() {
	if p.image == "" {
		return
	}
	p.ofOne, p.alone = true, &entry{image: p.image, width: 1, height: 1}
	if i := strings.LastIndexByte(p.image, '_'); i > 0 && i+1 < len(p.image) && p.has("on_srf") && strings.Trim(p.image[i+1:], "0123456789.") == "" {
		p.candidates = []string{p.image[:i], p.image}
	}
}

// surfaceName is the name of the surface in a file's name, "" where it has none.
func surfaceName(file string) string {
	for _, prefix := range []string{coreFixationsPrefix, coreGazePrefix} {
		if n := len(prefix); len(file) > n && strings.EqualFold(file[:n], prefix) {
			name, _ := cutEnding(file[n:], ".csv")
			return name
		}
	}
	return ""
}

func (p *pupilCore) add() error {
	e := entry{image: p.image, candidates: p.candidates, width: 1, height: 1, screen: p.onSurface == ""}
	t, err := p.seconds(p.time, 1, math.Inf(-1))
	if err != nil {
		return err
	}
	e.order = p.clock.since(e, t)
	x, err := p.position(p.x)
	if err != nil {
		return err
	}
	y, err := p.position(p.y)
	if err != nil {
		return err
	}
	y = 1 - y
	valid, err := p.sure()
	if err != nil {
		return err
	}
	onSurface := true
	if p.onSurface != "" {
		if onSurface, err = p.flag(p.onSurface); err != nil {
			return err
		}
	}
	if p.duration == "" {
		e.sample = &gaze.Sample{X: x, Y: y, Time: e.order}
		if !valid {
			e.lose(e.sample, &p.set.Dropped.Invalid)
		}
		return p.collector.add(p.place(), e)
	}
	return p.addFixation(e, x, y, valid, onSurface)
}

// sure reports whether the confidence suffices.
func (p *pupilCore) sure() (bool, error) {
	if p.confidence == "" {
		return true, nil
	}
	c, err := p.number(p.confidence, "a confidence of 0 to 1", 0)
	if err == nil && c > 1 {
		return false, p.at(p.confidence, "a confidence of 0 to 1")
	}
	return c >= minConfidence, err
}

func (p *pupilCore) addFixation(e entry, x, y float64, valid, onSurface bool) (err error) {
	id := p.text(p.id)
	if id == "" {
		return p.at(p.id, "the number of the fixation")
	}
	if !valid {
		p.set.Dropped.Invalid++
		e.none = true
		return p.collector.add(p.place(), e)
	}
	e.fixation = gaze.Fixation{X: x, Y: y, Start: e.order}
	if onSurface {
		if e.fixation.Duration, err = p.seconds(p.duration, p.unit, 0); err != nil {
			return err
		}
	}
	if p.onSurface == "" {
		return p.collector.add(p.place(), e)
	}
	return p.track(id, e, onSurface)
}

// track follows a fixation over the frames of the scene camera.
func (p *pupilCore) track(id string, e entry, onSurface bool) error {
	frame := e.order
	if p.frame != "" {
		t, err := p.seconds(p.frame, 1, math.Inf(-1))
		if err != nil {
			return err
		}
		frame = p.clock.since(e, t)
	}
	f := p.tracked[id]
	if f == nil {
		f = &surfaceFixation{until: open}
		p.tracked[id] = f
	}
	switch {
	case !onSurface && f.entry != nil:
		f.until = min(f.until, frame)
	case !onSurface, f.off && f.entry == nil && frame >= e.fixation.Start+e.fixation.Duration: // it was over before it was there
		f.off = true
		e.none = true
		return p.collector.add(p.place(), e)
	case f.entry != nil:
		f.until = open // it is back
	default:
		if f.off { // its first frames were not on the surface
			e.fixation, _ = during(e.fixation, frame, open)
			e.order = e.fixation.Start
		}
		f.entry, f.place = &e, p.place()
		p.order = append(p.order, f)
	}
	return nil
}

// settle adds a fixation whose frames were read, as far as it was on the surface.
func (p *pupilCore) settle(f *surfaceFixation) error {
	e := *f.entry
	var some bool
	if e.fixation, some = during(e.fixation, e.fixation.Start, f.until); !some {
		p.set.Dropped.Outside++
		e.none = true
	}
	return p.collector.add(f.place, e)
}
