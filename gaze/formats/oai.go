package formats

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	"gzpt/gaze"
)

func init() {
	registerFormat(format{
		name:  "oai",
		about: "gaze of McGIP on knee X-rays of the Osteoarthritis Initiative; no times, see --gaze-rate",
		sniff: sniffOAI, read: readOAI, extensions: []string{".json"},
	})
}

// sniffOAI recognises the gaze of McGIP's knee X-rays from the Osteoarthritis Initiative (Zhao et al., AAAI 2024), one
// file an image, each a line of a MicEye log:
//
//	{"gaze": [[206, 412], [206, 412], ...], "img": "9063823L.png", "case": "9063823", "gt": 1}
//
// Positions are those of a MicEye log, see [clamped]: pixels of the image shown 800 pixels high, which McGIP calls the
// canvas, or ReadOptions.ShownHeight. There are no times.
func sniffOAI(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	return oaiStart.Match(head)
}

var oaiStart = regexp.MustCompile(`^\s*\{(?:[^{}\[\]]*,)?\s*"gaze"\s*:\s*\[\s*[\[\]]`)

func readOAI(s *source) error {
	return s.pass(s.oai(openJSON(s.file, s.reader)))
}

func (s *source) oai(j *jsonReader) error {
	c := s.clampedTo(defaultShownHeight, "as in McGIP")
	r := gaze.Recording{Height: c.height, File: s.file, Line: 1}
	begun := false
	err := j.object("the file", func(key string) (err error) {
		switch key {
		case "gaze":
			if begun {
				return j.problem("gaze comes twice")
			}
			begun = true
			return j.array(key, "a list of pairs [x, y]", func() error {
				point, err := j.numbers("a pair of gaze", "a pixel that is not negative", 0)
				if err == nil && len(point) != 2 {
					err = j.problem("a pair of gaze has %d numbers, expected x and y", len(point))
				}
				if err == nil {
					err = c.add(point[0], point[1])
				}
				var wrong outOfRange
				if errors.As(err, &wrong) {
					return j.problem("%v", err)
				}
				return err
			})
		case "img":
			r.Image, err = j.text(key, "the name of an image")
		default:
			err = j.skip()
		}
		return err
	})
	if err == nil {
		err = j.end()
	}
	if err == nil && r.Image == "" {
		err = gaze.Problem{File: s.file, Reason: `no "img", expected the name of an image`}
	}
	if err == nil && !begun {
		err = gaze.Problem{File: s.file, Reason: fmt.Sprintf("image %q: no %q, expected a list of pairs [x, y]", r.Image, "gaze")}
	}
	if err != nil {
		return err
	}
	s.noteHeight(c)
	s.set.Dropped.Outside += c.outside
	r.Samples = c.samples
	return s.set.keep(r, c.outside)
}
