package formats

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gzpt/gaze"
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
// Times are nanoseconds of UTC. The reference image is the image: positions are its pixels, and rows in which it was not
// detected are outside. It bears the name of the enrichment, which is in that of its folder,
// Reference-Image-Mapper_NAME_csv; otherwise the row of the manifest tells it. Without it positions are pixels of the scene
// camera, which is like a screen on which the image is somewhere. The reader is the wearer of sections.csv beside the
// file, otherwise the recording.
//
// In gaze.csv a sample in a blink, or while the glasses are not worn, is lost.
func sniffPupilNeon(head []byte) bool {
	h := header(head)
	return h["recording id"] && (h["timestamp [ns]"] && (h["gaze x [px]"] || h["gaze position in reference image x [px]"]) ||
		h["start timestamp [ns]"] && h["fixation x [px]"])
}

// listPupilNeon is the fixations.csv, or else the gaze.csv, of every folder of an export, and the gaze.csv where samples are
// asked for; where some are mapped to reference images, these alone.
func listPupilNeon(dir string, o ReadOptions) ([]string, error) {
	var all, mapped []string
	folder := ""
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrPermission) && path != dir {
			return fs.SkipDir // not the reader's business in a folder of images
		}
		if err != nil {
			return err
		}
		if name := strings.ToLower(d.Name()); !d.Type().IsRegular() || name != "gaze.csv" && (name != "fixations.csv" || o.Samples) {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		head := readHead(f)
		// Within a folder names come in order, so fixations come first.
		if !sniffPupilNeon(head) || folder == filepath.Dir(path) {
			return nil
		}
		folder = filepath.Dir(path)
		all = append(all, path)
		if h := header(head); h["fixation detected in reference image"] || h["gaze detected in reference image"] {
			mapped = append(mapped, path)
		}
		return nil
	})
	if len(mapped) > 0 {
		return mapped, err
	}
	return all, err
}

// pupilNeon is an export being read.
type pupilNeon struct {
	*table
	*collector
	set       *Set
	clock     clock
	wearers   map[string]string // section id or recording id -> wearer
	image     string
	reference bool // in the frame of the reference image
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
	t, err := openTable(s.file, s.reader, "recording id")
	if err != nil {
		return err
	}
	p := &pupilNeon{table: t, collector: collect(s), set: s.set, clock: clock{},
		detected: t.first("fixation detected in reference image", "gaze detected in reference image"),
		x:        t.first("fixation x [px]", "gaze position in reference image x [px]", "gaze x [px]"),
		y:        t.first("fixation y [px]", "gaze position in reference image y [px]", "gaze y [px]"),
		time:     t.first("start timestamp [ns]", "timestamp [ns]"), worn: t.first("worn"), blink: t.first("blink id")}
	if p.wearers, err = wearers(s.file); err != nil {
		return err
	}
	p.reference = p.detected != ""
	if p.reference {
		p.image = enrichment(s.file)
	}
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

// enrichment is NAME of a file in a folder Reference-Image-Mapper_NAME_csv, "" for any other.
func enrichment(file string) string {
	folder := filepath.Base(filepath.Dir(file))
	const prefix = "reference-image-mapper_"
	if len(folder) <= len(prefix) || !strings.EqualFold(strings.ReplaceAll(folder[:len(prefix)], "_", "-"), strings.ReplaceAll(prefix, "_", "-")) {
		return ""
	}
	name, _ := cutEnding(folder[len(prefix):], "_csv")
	return name
}

// wearers reads the names of the readers, by section and by recording, from the sections.csv beside a file, if there is
// one.
func wearers(file string) (map[string]string, error) {
	names := map[string]string{}
	path := filepath.Join(filepath.Dir(file), "sections.csv")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return names, nil
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
			return names, nil
		case err != nil:
			return nil, err
		}
		for _, column := range []string{"section id", "recording id"} {
			if key := t.text(column); key != "" {
				names[key] = t.text("wearer name")
			}
		}
	}
}

func (p *pupilNeon) add() error {
	session := p.text("section id") + "/" + p.text("recording id")
	e := entry{image: p.image, screen: !p.reference}
	if e.reader = p.wearers[p.text("section id")]; e.reader == "" {
		e.reader = p.wearers[p.text("recording id")]
	}
	if e.reader == "" {
		e.reader = p.text("recording id")
	}
	t, err := p.nanoseconds()
	if err != nil {
		return err
	}
	e.order = p.clock.since(e.image, e.reader, session, t)
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
		return p.addSample(e, x, y, detected)
	}
	if !detected {
		p.set.Dropped.Outside++
		e.none = true
		return p.collector.add(p.place(), e)
	}
	e.fixation = gaze.Fixation{X: x, Y: y, Start: e.order}
	if e.fixation.Duration, err = p.seconds(p.duration, 1e-3, 0); err != nil {
		return err
	}
	p.clock.reaches(e.image, e.reader, e.fixation.Start+e.fixation.Duration)
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
