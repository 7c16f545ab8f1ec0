package formats

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "inbreast",
		about: "gaze on INbreast's mammograms, a table a mammogram",
		sniff: sniffINbreast, loose: isPairs, read: readINbreast, list: listINbreast, perImage: true,
	})
}

// sniffINbreast recognises the gaze on INbreast's mammograms (Ji et al., Mammo-Net, MICCAI 2023), one table a mammogram:
//
//	system_time_in_pc,img_gaze_X,img_gaze_Y
//
// in pixels of the whole mammogram, and the form of EG-ViT (Ma et al., IEEE TMI 2023), two columns x,y without a header,
// whose times are counted at a rate. As that may be any table, it has to be named.
//
// The images are cut out of the mammogram; the name of each begins with that of the table and says where it was cut:
// NAME_..._roi120-340-1144-1364_....jpg, left-top-right-bottom. An image has the samples strictly inside; the others are
// lost. Images are sought in the folder above the table's and in the folders beside it (train, test), unless a manifest
// names one. A table without an image of its own has one recording, on the whole mammogram.
func sniffINbreast(head []byte) bool {
	h := header(head)
	return h["img_gaze_x"] && h["img_gaze_y"]
}

// isPairs reports whether a text begins with a line of two numbers, and goes on with another if at all.
func isPairs(text []byte) bool {
	lines := bytes.SplitN(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\n"), 3)
	return twoNumbers.Match(lines[0]) && (len(lines) < 3 || twoNumbers.Match(lines[1]))
}

const plainNumber = `[ \t]*-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?[ \t]*`

var (
	twoNumbers  = regexp.MustCompile(`^` + plainNumber + `,` + plainNumber + `\r?$`)
	cutFromName = regexp.MustCompile(`(?:^|_)[A-Za-z]{0,3}(\d{1,6})-(\d{1,6})-(\d{1,6})-(\d{1,6})(?:[_.]|$)`)
)

const inBreastFolder = "labelme_cut_gaze"

func listINbreast(dir string, _ ReadOptions) ([]string, error) {
	return filesIn(filepath.Join(dir, inBreastFolder), isCSV)
}

func isCSV(name string) bool { return strings.EqualFold(filepath.Ext(name), ".csv") }

// timed is a sample with its line and its time in the file's own unit.
type timed struct {
	x, y, time float64
	line       int
}

func readINbreast(s *source) error {
	text, err := readWhole(s.file, s.reader)
	if err != nil {
		return err
	}
	var rows []timed
	if first, _, _ := bytes.Cut(text, []byte("\n")); isPairs(first) {
		rows, err = s.pairRows(text)
	} else {
		rows, err = s.mammogramRows(text)
	}
	if err != nil {
		return err
	}
	if len(rows) == 0 && len(s.skips) > 0 {
		return nil
	}
	images, err := s.cuts()
	if err != nil {
		return err
	}
	for _, image := range images {
		if err := s.pass(s.cut(rows, image)); err != nil {
			return err
		}
	}
	return nil
}

// mammogramRows reads the table with a header; its times become seconds from the first one.
func (s *source) mammogramRows(text []byte) ([]timed, error) {
	t, err := openTable(s.file, bytes.NewReader(text), "system_time_in_pc", "img_gaze_X", "img_gaze_Y")
	if err != nil {
		return nil, err
	}
	var rows []timed
	err = s.rows(t, func() (err error) {
		row := timed{line: t.line()}
		if row.time, err = t.instant("system_time_in_pc", "a time as a number"); err != nil {
			return err
		}
		if n := len(rows); n > 0 && row.time < rows[n-1].time {
			return t.at("system_time_in_pc", "a time no earlier than the one above")
		}
		if row.x, err = t.position("img_gaze_X"); err != nil {
			return err
		}
		if row.y, err = t.position("img_gaze_Y"); err != nil {
			return err
		}
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := s.seconds(rows); err != nil {
		return nil, s.pass(err)
	}
	return rows, nil
}

// seconds brings times of an unknown unit to seconds from the first one. The unit is that in which the median step is one
// of an eye tracker, 10 to 2000 samples a second: a range of 1 to 200, so that s, ms and us, 1000 apart, do not overlap.
func (s *source) seconds(rows []timed) error {
	var steps []float64
	for i := 1; i < len(rows); i++ {
		if step := rows[i].time - rows[i-1].time; step > 0 {
			steps = append(steps, step)
		}
	}
	unit := 1.0
	if len(steps) > 0 {
		slices.Sort(steps)
		step, name := steps[len(steps)/2], ""
		for _, u := range []struct {
			name    string
			seconds float64
		}{{"seconds", 1}, {"milliseconds", 1e-3}, {"microseconds", 1e-6}} {
			if v := step * u.seconds; v >= 1./2000*0.999 && v <= 1./10*1.001 {
				unit, name = u.seconds, u.name
			}
		}
		if name == "" {
			return gaze.Problem{File: s.file, Reason: fmt.Sprintf("system_time_in_pc has steps of %g, expected those of 10 to 2000 samples a second in s, ms or us", step)}
		}
		s.set.note("times of inbreast are read as %s, which makes %.3g samples a second", name, 1/(step*unit))
	}
	begin := 0.0
	if len(rows) > 0 {
		begin = rows[0].time
	}
	for i := range rows {
		rows[i].time = (rows[i].time - begin) * unit
	}
	return nil
}

// pairRows reads two columns without a header.
func (s *source) pairRows(text []byte) ([]timed, error) {
	rate := s.rate()
	var rows []timed
	line := 0
	for text := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		line++
		text = strings.TrimRight(text, "\r\n")
		if strings.TrimSpace(text) == "" {
			continue
		}
		x, y, err := pairOf(place{s.file, line}, text)
		if err == nil {
			rows = append(rows, timed{x: x, y: y, time: float64(len(rows)) / rate, line: line})
		} else if err := s.pass(err); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// pairOf reads a line of two numbers, either of which may be missing.
func pairOf(at place, line string) (x, y float64, err error) {
	fields := strings.Split(line, ",")
	if len(fields) != 2 {
		return 0, 0, at.problem(fmt.Sprintf("%d fields, expected x and y", len(fields)))
	}
	var v [2]float64
	for i, field := range fields {
		field = strings.TrimSpace(field)
		v[i] = math.NaN()
		if missing(field) {
			continue
		}
		if v[i], err = parseNumber(field); err != nil || !finite(v[i]) {
			p := at.problem(fmt.Sprintf("%s is %q, expected a number, or nothing where it is missing", string("xy"[i]), field))
			p.Column = 1 + i*(len(fields[0])+1)
			return 0, 0, p
		}
	}
	return v[0], v[1], nil
}

// cuts is the names of the images that the file has gaze for.
func (s *source) cuts() ([]string, error) {
	if s.image != "" {
		return []string{s.image}, nil
	}
	folder := filepath.Dir(s.file)
	tables, err := filesIn(folder, isCSV)
	if err != nil {
		return nil, err
	}
	root := filepath.Join(folder, "..")
	if filepath.Base(folder) != inBreastFolder {
		root = folder // a table on its own: only beside it
	}
	found, err := filesIn(root, isPicture)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.IsDir() {
			more, err := filesIn(filepath.Join(root, e.Name()), isPicture)
			if err != nil {
				return nil, err
			}
			found = append(found, more...)
		}
	}
	var images []string
	for _, image := range found {
		file := filepath.Base(image)
		if !strings.HasPrefix(file, stem(s.file)+"_") || tableOf(file, tables) != stem(s.file) {
			continue
		}
		name, err := filepath.Rel(root, image)
		if err != nil {
			return nil, err
		}
		images = append(images, filepath.ToSlash(name))
	}
	if images == nil {
		images = []string{stem(s.file)}
	}
	return images, nil
}

// tableOf is the stem of the table that an image's name begins with, the longest one: A_B.csv and A_B_C.csv may both be
// there.
func tableOf(image string, tables []string) string {
	best := ""
	for _, table := range tables {
		if name := stem(table); strings.HasPrefix(image, name+"_") && len(name) > len(best) {
			best = name
		}
	}
	return best
}

// cutRectangle is where an image was cut out of a mammogram, as its name says.
func cutRectangle(image string) (r Rectangle, ok bool) {
	parts := cutFromName.FindStringSubmatch(base(image))
	if parts == nil {
		return r, false
	}
	var sides [4]float64
	for i := range sides {
		sides[i], _ = parseNumber(parts[i+1])
	}
	return between(sides[0], sides[1], sides[2], sides[3]), true
}

// cut adds the recording of one image.
func (s *source) cut(rows []timed, image string) error {
	r := gaze.Recording{Image: image, File: s.file, Line: 1}
	if len(rows) > 0 {
		r.Line = rows[0].line
	}
	part, ok := cutRectangle(image)
	if ok {
		r.Width, r.Height = part.Width, part.Height
		if !part.hasArea() || r.Width > maxFrame || r.Height > maxFrame {
			return gaze.Problem{File: s.file, Reason: fmt.Sprintf("image %q was cut at %g-%g-%g-%g, expected left-top-right-bottom with an area", image, part.X, part.Y, part.X+part.Width, part.Y+part.Height)}
		}
	}
	outside := 0
	for _, row := range rows {
		v := gaze.Sample{X: row.x, Y: row.y, Time: row.time}
		if ok {
			v.X, v.Y = row.x-part.X, row.y-part.Y
			if !part.within(row.x, row.y) && !v.Lost() {
				outside++
				v.X, v.Y = math.NaN(), math.NaN()
			}
		}
		if v.Lost() {
			v.X, v.Y = math.NaN(), math.NaN()
		}
		r.Samples = append(r.Samples, v)
	}
	s.set.Dropped.Outside += outside
	return s.set.keep(r, outside)
}
