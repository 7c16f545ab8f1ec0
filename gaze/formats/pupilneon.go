package formats

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
)

func init() {
	registerFormat(format{
		name:  "pupil-neon",
		about: "gaze.csv and fixations.csv of Pupil Cloud and Neon Player",
		sniff: sniffPupilNeon, read: readPupilNeon, list: listPupilNeon,
	})
}

// sniffPupilNeon recognises the gaze.csv and fixations.csv that Pupil Cloud and Neon Player write for Neon and Invisible,
// of a recording and of its enrichment Reference Image Mapper:
//
//	section id,recording id,timestamp [ns],gaze x [px],gaze y [px],worn,fixation id,blink id,azimuth [deg],elevation [deg]
//	section id,recording id,fixation id,start timestamp [ns],end timestamp [ns],duration [ms],fixation x [px],fixation y [px],...
//	section id,recording id,timestamp [ns],gaze detected in reference image,gaze position in reference image x [px],...
//	section id,recording id,fixation id,start timestamp [ns],end timestamp [ns],duration [ms],fixation detected in reference image,fixation x [px],...
//
// and of the Marker Mapper and of Neon Player's surfaces, fractions of the surface from its left upper corner:
//
//	section id,recording id,timestamp [ns],gaze detected on surface,gaze position on surface x [normalized],...
//	section id,recording id,fixation id,start timestamp [ns],...,fixation detected on surface,fixation x [normalized],...
//
// Times are nanoseconds of UTC. The reference image, or the surface, is the image: rows in which it was not detected are
// outside. It bears the name of the enrichment, which is in that of its folder, Reference-Image-Mapper_NAME_csv or
// Marker-Mapper_NAME_csv, or that behind fixations_on_surface_ or gaze_positions_on_surface_; otherwise the row of the
// manifest tells it. Without it positions are pixels of the scene
// camera, which is like a screen on which the image is somewhere. The reader is the wearer of sections.csv beside the
// file, otherwise the recording, which Neon Player does not name. A section is a recording, and fixations are cut to the
// times that sections.csv gives it.
//
// In gaze.csv a sample in a blink, or while the glasses are not worn, is lost.
func sniffPupilNeon(head []byte) bool {
	h := header(head)
	mapped := h["gaze position on surface x [normalized]"] || h["fixation detected on surface"] && h["fixation x [normalized]"]
	return h["recording id"] && (h["timestamp [ns]"] && (h["gaze x [px]"] || h["gaze position in reference image x [px]"]) ||
		h["start timestamp [ns]"] && h["fixation x [px]"]) || mapped && (h["timestamp [ns]"] || h["start timestamp [ns]"])
}

// listPupilNeon is the fixations.csv, or else the gaze.csv, of every folder of an export, and the gaze.csv where samples are
// asked for; where some are mapped to reference images, these alone.
func listPupilNeon(dir string, o ReadOptions) ([]string, error) {
	var all, mapped, seen []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrPermission) && path != dir {
			return fs.SkipDir // not the reader's business in a folder of images
		}
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() || !neonWanted(strings.ToLower(d.Name()), o.Samples) {
			return nil
		}
		f, err := input.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		head := readHead(f)
		// Within a folder names come in order, so fixations come first; of surfaces there may be several.
		surface := surfaceName(d.Name())
		if !sniffPupilNeon(head) || slices.Contains(seen, filepath.Dir(path)+"/"+surface) {
			return nil
		}
		seen = append(seen, filepath.Dir(path)+"/"+surface)
		all = append(all, path)
		if neonDetected(header(head)) != "" {
			mapped = append(mapped, path)
		}
		return nil
	})
	if len(mapped) > 0 {
		return mapped, err
	}
	return all, err
}

// neonWanted reports whether a file's name is one of fixations, or of gaze.
func neonWanted(name string, samples bool) bool {
	fixations := name == "fixations.csv" || isCSV(name) && strings.HasPrefix(name, coreFixationsPrefix)
	return fixations && !samples || name == "gaze.csv" || isCSV(name) && strings.HasPrefix(name, coreGazePrefix)
}

// neonDetected is the column that says whether the image was found in the scene, "" where positions are of the scene.
func neonDetected(names map[string]bool) string {
	for _, column := range []string{"fixation detected in reference image", "gaze detected in reference image", "fixation detected on surface", "gaze detected on surface"} {
		if names[column] {
			return column
		}
	}
	return ""
}

// pupilNeon is an export being read.
type pupilNeon struct {
	*table
	*collector
	set       *Set
	clock     clock
	sections  map[string]neonSection // by section id, and by recording id
	image     string
	reference bool // in the frame of the reference image, or of the surface
	surface   bool // fractions of it
	detected  string
	x, y      string
	time      string
	begun     bool
	first     int64  // nanoseconds
	duration  string // "" for samples
	worn      string
	blink     string // "" where there is none
}

func readPupilNeon(s *source) error {
	t, err := openTable(s.file, s.reader)
	if err != nil {
		return err
	}
	p := &pupilNeon{table: t, collector: collect(s), set: s.set, clock: clock{},
		x:    t.first("fixation x [px]", "fixation x [normalized]", "gaze position in reference image x [px]", "gaze position on surface x [normalized]", "gaze x [px]"),
		y:    t.first("fixation y [px]", "fixation y [normalized]", "gaze position in reference image y [px]", "gaze position on surface y [normalized]", "gaze y [px]"),
		time: t.first("start timestamp [ns]", "timestamp [ns]"), worn: t.first("worn"), blink: t.first("blink id")}
	if p.sections, err = readNeonSections(s.file); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, name := range t.names {
		names[strings.ToLower(name)] = true
	}
	p.detected, p.surface = neonDetected(names), strings.Contains(strings.ToLower(p.x), "[normalized]")
	if p.reference = p.detected != ""; p.reference {
		p.image = cmp.Or(enrichment(s.file), surfaceName(base(s.file)))
		p.ofOne, p.alone = true, &entry{image: p.image}
		if p.surface {
			p.alone.width, p.alone.height = 1, 1
		}
	}
	p.naming = "an enrichment that maps gaze to images"
	switch {
	case p.x == "" || p.y == "":
		return gaze.Problem{File: s.file, Line: 1, Reason: "the header lacks fixation x [px] and fixation y [px], or gaze x [px] and gaze y [px]"}
	case p.time == "":
		return gaze.Problem{File: s.file, Line: 1, Reason: "the header lacks start timestamp [ns] (fixations) or timestamp [ns] (samples)"}
	case strings.EqualFold(p.time, "start timestamp [ns]"):
		if p.duration = t.first("duration [ms]"); p.duration == "" {
			return gaze.Problem{File: s.file, Line: 1, Reason: `the header lacks the column "duration [ms]"`}
		}
	}
	if err := s.rows(t, p.add); err != nil {
		return err
	}
	return p.finish()
}

// enrichment is NAME of a file in a folder Reference-Image-Mapper_NAME_csv, Marker-Mapper_NAME_csv or
// Manual-Mapper_NAME_csv, "" for any other.
func enrichment(file string) string {
	folder := filepath.Base(filepath.Dir(file))
	for _, prefix := range []string{"reference-image-mapper-", "marker-mapper-", "manual-mapper-"} {
		if n := len(prefix); len(folder) > n && strings.EqualFold(strings.NewReplacer("_", "-", " ", "-").Replace(folder[:n]), prefix) {
			name, _ := cutEnding(folder[n:], "_csv")
			return name
		}
	}
	return ""
}

// neonSection is a part of a recording: who wore the glasses, and from when to when, in nanoseconds, 0 where that is not
// known.
type neonSection struct {
	wearer     string
	begin, end int64
}

// readNeonSections reads the sections.csv beside a file, if there is one.
func readNeonSections(file string) (map[string]neonSection, error) {
	sections := map[string]neonSection{}
	path := filepath.Join(filepath.Dir(file), "sections.csv")
	f, err := input.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return sections, nil
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := openTable(path, f, "recording id", "wearer name")
	if err != nil {
		return nil, err
	}
	for {
		switch err := t.next(); {
		case err == io.EOF:
			return sections, nil
		case err != nil:
			return nil, err
		}
		section := neonSection{wearer: t.text("wearer name")}
		if recording := t.text("recording id"); recording != "" {
			sections[recording] = section
		}
		begin, _ := strconv.ParseInt(t.text("section start time [ns]"), 10, 64)
		end, _ := strconv.ParseInt(t.text("section end time [ns]"), 10, 64)
		if section.begin, section.end = begin, end; t.text("section id") != "" {
			sections[t.text("section id")] = section
		}
	}
}

// entry is what a row says of its recording, a section, and when that was, in seconds since the first row of the file.
func (p *pupilNeon) entry() (entry, showing) {
	id := p.text("section id")
	e := entry{image: p.image, screen: !p.reference, part: id + "/" + p.text("recording id")}
	section, ok := p.sections[id]
	if !ok {
		section = p.sections[p.text("recording id")]
	}
	if e.reader = cmp.Or(section.wearer, p.text("recording id")); p.surface {
		e.width, e.height = 1, 1
	}
	span := showing{-open, open}
	if section.end > section.begin && section.begin > 0 {
		span = showing{float64(section.begin-p.first) / 1e9, float64(section.end-p.first) / 1e9}
	}
	return e, span
}

func (p *pupilNeon) add() error {
	t, err := p.nanoseconds()
	if err != nil {
		return err
	}
	e, span := p.entry()
	detected := true
	if p.reference {
		if detected, err = p.flag(p.detected); err != nil {
			return err
		}
	}
	x, err := p.position(p.x)
	if err != nil {
		return err
	}
	y, err := p.position(p.y)
	if err != nil {
		return err
	}
	if p.duration == "" {
		e.order = p.clock.since(e, t)
		return p.addSample(e, x, y, detected)
	}
	e.fixation = gaze.Fixation{X: x, Y: y, Start: t}
	if e.fixation.Duration, err = p.seconds(p.duration, 1e-3, 0); err != nil && detected {
		return err
	}
	if !detected {
		p.set.Dropped.Outside++
		p.clock.since(e, t)
		e.none = true
		return p.collector.add(p.place(), e)
	}
	var some bool
	if e.fixation, some = during(e.fixation, span.begin, span.end); !some {
		p.set.note("sections.csv beside %s has times of sections without the gaze in them; they are not used", base(p.table.file))
	}
	e.fixation.Start = p.clock.since(e, e.fixation.Start)
	e.order = e.fixation.Start
	return p.collector.add(p.place(), e)
}

// nanoseconds is the row's time in seconds since the first row's: a float64 of UTC would be off by a quarter of a
// microsecond.
func (p *pupilNeon) nanoseconds() (float64, error) {
	v, err := strconv.ParseInt(p.text(p.time), 10, 64)
	if err != nil || v < 0 {
		return 0, p.at(p.time, "a time in nanoseconds")
	}
	if !p.begun {
		p.begun, p.first = true, v
	}
	return float64(v-p.first) / 1e9, nil
}

func (p *pupilNeon) addSample(e entry, x, y float64, detected bool) error {
	worn := 1.0
	if p.worn != "" && !missing(p.text(p.worn)) {
		var err error
		if worn, err = p.number(p.worn, "0 where the glasses are not worn", 0); err != nil {
			return err
		}
	}
	e.sample = &gaze.Sample{X: x, Y: y, Time: e.order}
	dropped := &p.set.Dropped
	switch {
	case worn == 0:
		e.lose(e.sample, &dropped.Invalid)
	case !missing(p.text(p.blink)):
		e.lose(e.sample, &dropped.Blinks)
	case !detected:
		e.lose(e.sample, &dropped.Outside)
	}
	return p.collector.add(p.place(), e)
}
