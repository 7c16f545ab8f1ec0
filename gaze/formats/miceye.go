package formats

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
)

func init() {
	registerFormat(format{
		name:  "miceye",
		about: "log of MicEye, a line an image; no times, see --gaze-rate",
		sniff: sniffMicEye, read: readMicEye,
	})
}

// sniffMicEye recognises the log of MicEye (Wang et al., IEEE TMI 2022), a line an image, without a header:
//
//	path;class;[[x, y], ...];[bounding boxes];(key point)
//
// Positions are those of [clamped]; the height at which images were shown stands in the program's config.json. MicEye 2
// writes [(x, y), scale] for each, where x / scale and y / scale are pixels of the image, and no gaze beside it. There are
// no times. The reader is in the file's name, before the date: NAME2021-9-17-15-3.csv.
func sniffMicEye(head []byte) bool { return micEyeLine.Match(bytes.TrimPrefix(head, []byte("\ufeff"))) }

var (
	micEyeLine = regexp.MustCompile(`^[^;\n]+;[^;\n]*;\[(?:[\[(] ?[\[(]? ?-?\d|\])`)
	micEyeName = regexp.MustCompile(`^(.*?)[ _]?\d{4}(?:-\d{1,2}){4}$`)
)

// defaultShownHeight is the height that MicEye comes with.
const defaultShownHeight = 800

// maxMicEyeLine bounds a line, which holds all gaze on an image: hours of it.
const maxMicEyeLine = 1 << 24

func readMicEye(s *source) error {
	height, origin, err := configuredHeight(s.file)
	if err != nil {
		return err
	}
	reader := ""
	if parts := micEyeName.FindStringSubmatch(stem(s.file)); parts != nil {
		reader = parts[1]
	}
	lines := bufio.NewScanner(s.reader)
	lines.Buffer(nil, maxMicEyeLine)
	line := 1
	for ; lines.Scan(); line++ {
		text := string(repaired(bytes.TrimRight(lines.Bytes(), "\r")))
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if strings.TrimSpace(text) != "" {
			if err := s.pass(s.micEye(place{s.file, line}, text, reader, s.clampedTo(height, origin))); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return gaze.Problem{File: s.file, Line: line, Reason: fmt.Sprintf("%v, expected a line of text", err)}
	}
	if len(s.set.Recordings) == 0 && len(s.skips) == 0 {
		return s.pass(gaze.Problem{File: s.file, Reason: "the file is empty, expected lines of path;class;[[x, y], ...];[boxes];(key point)"})
	}
	return nil
}

// micEye reads one line.
func (s *source) micEye(at place, line, reader string, c *clamped) error {
	fields := strings.Split(line, ";")
	n := len(fields)
	if n < 5 {
		return at.problem(fmt.Sprintf("%d fields between semicolons, expected 5: path;class;[[x, y], ...];[boxes];(key point)", n))
	}
	path := strings.TrimSpace(strings.Join(fields[:n-4], ";")) // a path may hold semicolons
	if path == "" {
		return at.problem("no path, expected the name of an image")
	}
	begin := len(strings.Join(fields[:n-3], ";")) + 1
	list := pairs{text: fields[n-3]}
	err := list.each(c)
	if err != nil {
		p := at.problem(err.Error())
		p.Column = begin + list.at + 1
		return p
	}
	s.noteHeight(c)
	s.set.Dropped.Outside += c.outside
	r := gaze.Recording{Image: path, Reader: reader, Height: c.height, Samples: c.samples, File: at.file, Line: at.line}
	if c.scaled {
		r.Height = 0
	}
	return s.set.keep(r, c.outside)
}

// clamped collects the positions that MicEye writes: pixels of the image as it was shown, resized to a height, in its own
// shape. Gaze beside the image is written as the nearest point of its border, and only samples with a position are
// written. So a position on the border is off the image, and lost; that on the right border shows once the image's
// shape is known. Times are counted at a rate.
type clamped struct {
	height, rate float64
	origin       string // of the height
	scaled       bool   // the positions are pixels of the image, not of the image as it was shown
	samples      []gaze.Sample
	outside      int
}

// clampedTo takes a height for images whose file does not say it.
func (s *source) clampedTo(height float64, origin string) *clamped {
	c := &clamped{height: height, rate: s.rate(), origin: origin}
	if s.options.ShownHeight > 0 {
		c.height, c.origin = s.options.ShownHeight, "as asked for"
	}
	return c
}

// noteHeight says what height was assumed, where one was needed.
func (s *source) noteHeight(c *clamped) {
	if !c.scaled {
		s.set.note("positions are in images shown %g pixels high, %s", c.height, c.origin)
	}
}

// rate is the samples a second of a file that gives no times.
func (s *source) rate() float64 {
	if s.options.Rate > 0 && s.options.Rate != DefaultRate {
		s.set.note("files without times have %g samples a second, as asked for", s.options.Rate)
		return s.options.Rate
	}
	s.set.note("files without times are taken to have %d samples a second, the rate of a Tobii 4C", DefaultRate)
	return DefaultRate
}

// outOfRange is a position that a clamped one cannot be.
type outOfRange string

func (o outOfRange) Error() string { return string(o) }

// addScaled adds a position on an image that was shown so many times as large.
func (c *clamped) addScaled(x, y, scale float64) error {
	if c.scaled = true; !(scale > 0) || x < 0 || y < 0 || x/scale > maxFrame || y/scale > maxFrame {
		return outOfRange(fmt.Sprintf("gaze at (%g, %g) on an image %g times as large, expected a position in it", x, y, scale))
	}
	c.samples = append(c.samples, gaze.Sample{X: x / scale, Y: y / scale, Time: float64(len(c.samples)) / c.rate})
	return nil
}

func (c *clamped) add(x, y float64) error {
	if c.scaled {
		return outOfRange("a pair without a scale after one with, expected [(x, y), scale] for all")
	}
	if x < 0 || y < 0 || y > c.height || x > maxFrame {
		return outOfRange(fmt.Sprintf("gaze at (%g, %g), expected a position in an image shown %g pixels high", x, y, c.height))
	}
	v := gaze.Sample{X: x, Y: y, Time: float64(len(c.samples)) / c.rate}
	if x == 0 || y == 0 || y == c.height {
		v.X, v.Y = math.NaN(), math.NaN()
		c.outside++
	}
	c.samples = append(c.samples, v)
	return nil
}

// configuredHeight is MicEye's setting "image height", from the config.json beside a log or in the folder above, where
// the program stands; without one it is the program's own.
func configuredHeight(log string) (height float64, origin string, err error) {
	folder := filepath.Dir(log)
	for _, file := range []string{filepath.Join(folder, "config.json"), filepath.Join(folder, "..", "config.json")} {
		text, err := input.ReadFile(file, input.Document)
		if errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return 0, "", err
		}
		config := map[string]json.RawMessage{}
		if json.Unmarshal(text, &config) != nil || config["image height"] == nil {
			continue // another program's
		}
		height, err := parseNumber(string(config["image height"]))
		if err != nil || !finite(height) || height < 1 || height > maxFrame {
			return 0, "", gaze.Problem{File: file, Reason: fmt.Sprintf("image height is %s, expected pixels, 1 to 100000", config["image height"])}
		}
		return height, "as config.json says", nil
	}
	return defaultShownHeight, "MicEye's default, as there is no config.json of it", nil
}

// stem is a file's name without folder and ending.
func stem(file string) string {
	return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
}

// pairs reads Python's [[x, y], (x, y), ...], or [[(x, y), scale], ...].
type pairs struct {
	text string
	at   int
}

func (p *pairs) each(c *clamped) error {
	if err := p.want("[", "a list of pairs [x, y]"); err != nil {
		return err
	}
	if p.next("]") {
		return p.rest()
	}
	for {
		p.blanks()
		begin := p.at
		x, y, scale, err := p.point()
		if err != nil {
			return err
		}
		switch {
		case scale != 0 && !c.scaled && len(c.samples) > 0:
			err = outOfRange("a pair with a scale after one without, expected [x, y] for all")
		case scale != 0:
			err = c.addScaled(x, y, scale)
		default:
			err = c.add(x, y)
		}
		if err != nil {
			p.at = begin
			return err
		}
		if p.next("]") {
			return p.rest()
		}
		if err := p.want(",", "a comma or the end of the list"); err != nil {
			return err
		}
	}
}

// point is a pair, or one with its scale, otherwise 0.
func (p *pairs) point() (x, y, scale float64, err error) {
	p.blanks()
	begin := p.at
	if !(p.next("[") && (p.next("(") || p.next("["))) {
		p.at = begin
		x, y, err = p.pair()
		return x, y, 0, err
	}
	p.at--
	if x, y, err = p.pair(); err != nil {
		return 0, 0, 0, err
	}
	if err = p.want(",", "a comma and the scale"); err != nil {
		return 0, 0, 0, err
	}
	p.blanks()
	at := p.at
	if scale, err = p.number(); err == nil && scale <= 0 {
		p.at = at
		err = p.unexpected("a scale above 0")
	}
	if err != nil {
		return 0, 0, 0, err
	}
	return x, y, scale, p.want("]", "the end of the pair and its scale")
}

func (p *pairs) pair() (x, y float64, err error) {
	closing := "]"
	if p.next("(") {
		closing = ")"
	} else if err := p.want("[", "a pair [x, y]"); err != nil {
		return 0, 0, err
	}
	if x, err = p.number(); err != nil {
		return 0, 0, err
	}
	if err := p.want(",", "a comma between x and y"); err != nil {
		return 0, 0, err
	}
	if y, err = p.number(); err != nil {
		return 0, 0, err
	}
	return x, y, p.want(closing, "the end of the pair")
}

func (p *pairs) rest() error {
	p.blanks()
	if p.at < len(p.text) {
		return p.unexpected("nothing after the list")
	}
	return nil
}

func (p *pairs) blanks() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// next moves over a character if it comes next.
func (p *pairs) next(c string) bool {
	p.blanks()
	ok := strings.HasPrefix(p.text[p.at:], c)
	if ok {
		p.at++
	}
	return ok
}

func (p *pairs) want(c, expected string) error {
	if !p.next(c) {
		return p.unexpected(expected)
	}
	return nil
}

func (p *pairs) number() (float64, error) {
	p.blanks()
	n := strings.IndexAny(p.text[p.at:], ",]) ")
	if n < 0 {
		n = len(p.text) - p.at
	}
	v, err := parseNumber(p.text[p.at : p.at+n])
	if err != nil || !finite(v) {
		return 0, p.unexpected("a number")
	}
	p.at += n
	return v, nil
}

func (p *pairs) unexpected(expected string) error {
	rest := p.text[p.at:]
	if rest == "" {
		return fmt.Errorf("the gaze ends, expected %s", expected)
	}
	if len(rest) > 20 {
		rest = rest[:20] + "..."
	}
	return fmt.Errorf("the gaze goes on with %q, expected %s", rest, expected)
}
