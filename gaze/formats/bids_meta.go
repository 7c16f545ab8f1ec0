package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
)

// bidsMeta is the JSON files that hold for a BIDS file, merged.
type bidsMeta map[string]json.RawMessage

// bidsSidecar merges the JSON files of a suffix that hold for a file: in its folder and in those above it up to that of
// dataset_description.json, those with no entity that the file has not. The nearer and the more specific one wins.
func bidsSidecar(path, suffix string) (bidsMeta, error) {
	entities := bidsEntities(path)
	meta := bidsMeta{}
	for _, dir := range slices.Backward(bidsFolders(filepath.Dir(path))) {
		files, err := filepath.Glob(filepath.Join(globQuote(dir), "*"+suffix+".json"))
		if err != nil {
			return nil, err
		}
		slices.SortFunc(files, func(a, b string) int { return len(bidsEntities(a)) - len(bidsEntities(b)) })
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".json")
			if name != suffix && !strings.HasSuffix(name, "_"+suffix) ||
				slices.ContainsFunc(bidsEntities(file), func(e string) bool { return !slices.Contains(entities, e) }) {
				continue
			}
			if err := meta.merge(file); err != nil {
				return nil, err
			}
		}
	}
	return meta, nil
}

// bidsTable is the table with an ending that holds for a file: the nearest one, and of a folder the most specific, with no
// entity that the file has not; "" where there is none.
func bidsTable(path, ending string) (string, error) {
	entities := bidsEntities(path)
	for _, dir := range bidsFolders(filepath.Dir(path)) {
		files, err := filepath.Glob(filepath.Join(globQuote(dir), "*"+ending))
		if err != nil {
			return "", err
		}
		files = slices.DeleteFunc(files, func(file string) bool {
			return slices.ContainsFunc(bidsEntities(file), func(e string) bool { return !slices.Contains(entities, e) })
		})
		if len(files) > 0 {
			return slices.MaxFunc(files, func(a, b string) int { return len(bidsEntities(a)) - len(bidsEntities(b)) }), nil
		}
	}
	return "", nil
}

// globQuote makes a folder's name a pattern that fits nothing else.
func globQuote(dir string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(dir)
}

// bidsEntities is the parts of a name that are a key and a value.
func bidsEntities(path string) []string {
	return slices.DeleteFunc(strings.Split(filepath.Base(path), "_"), func(p string) bool { return !strings.Contains(p, "-") })
}

// bidsFolders is a folder and those above it, up to the data set's; without a data set, the folder alone.
func bidsFolders(dir string) []string {
	folders := []string{dir}
	for d := dir; len(folders) <= 5; {
		if _, err := os.Stat(filepath.Join(d, "dataset_description.json")); err == nil {
			return folders
		}
		up := filepath.Dir(d)
		if up == d {
			break
		}
		d = up
		folders = append(folders, d)
	}
	return folders[:1]
}

func (m bidsMeta) merge(file string) error {
	data, err := input.ReadFile(file, input.Document)
	if err != nil {
		return err
	}
	data, err = decode(data)
	if err != nil {
		return gaze.Problem{File: file, Reason: err.Error()}
	}
	var more bidsMeta
	if err := json.Unmarshal(data, &more); err != nil {
		p := gaze.Problem{File: file, Reason: err.Error() + ", expected a JSON object"}
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			before := data[:min(max(int(syntax.Offset)-1, 0), len(data))]
			p.Line, p.Column = bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n')
		}
		return p
	}
	for key, value := range more {
		m[key] = value
	}
	return nil
}

// text is a value that is a text, "" where it is not there or no text.
func (m bidsMeta) text(key string) string {
	var s string
	if json.Unmarshal(m[key], &s) != nil {
		return ""
	}
	return strings.TrimSpace(s)
}

// list is a value that is texts.
func (m bidsMeta) list(key string) []string {
	var list []string
	if json.Unmarshal(m[key], &list) != nil {
		return nil
	}
	return list
}

// numbers is a value of one number or several; none where it is "n/a" or not there.
func (m bidsMeta) numbers(key string) []float64 {
	var list []float64
	if json.Unmarshal(m[key], &list) == nil {
		return list
	}
	var v float64
	if m[key] != nil && json.Unmarshal(m[key], &v) == nil {
		return []float64{v}
	}
	return nil
}

// number is a finite number, which must be there.
func (m bidsMeta) number(file, key string) (float64, error) {
	v := m.numbers(key)
	if len(v) != 1 || !finite(v[0]) || math.Abs(v[0]) > maxSeconds {
		return 0, gaze.Problem{File: file, Reason: fmt.Sprintf("the JSON file has %s %s, expected a number", key, m.raw(key))}
	}
	return v[0], nil
}

// raw is a value as it stands in the file, for messages.
func (m bidsMeta) raw(key string) string {
	if m[key] == nil {
		return "not at all"
	}
	return string(m[key])
}

// object is a value that is an object.
func (m bidsMeta) object(key string) bidsMeta {
	var o bidsMeta
	if json.Unmarshal(m[key], &o) != nil {
		return nil
	}
	return o
}

// units is the unit of a column.
func (m bidsMeta) units(column string) string { return m.object(column).text("Units") }

// bidsScreen is the screen of a BIDS recording.
type bidsScreen struct {
	width, height float64 // pixels, 0 where unknown
	resolution    gaze.Resolution
	scaleX        float64 // pixels per unit of a position
	scaleY        float64
	originX       float64 // of the positions' origin, in pixels
	originY       float64
	up            bool // y runs up
	far           bool // by a distance that cannot be in metres
}

// newBIDSScreen reads what the JSON files say of the screen.
func newBIDSScreen(file string, physio, events bidsMeta) (bidsScreen, error) {
	s := bidsScreen{scaleX: 1, scaleY: 1}
	fail := func(format string, a ...any) (bidsScreen, error) {
		return s, gaze.Problem{File: file, Reason: fmt.Sprintf(format, a...)}
	}
	system := physio.text("SampleCoordinateSystem")
	switch system {
	case "", "gaze-on-screen", "gaze-in-world":
	default:
		return fail("SampleCoordinateSystem is %q, expected gaze-on-screen, or gaze-in-world for a scene camera", system)
	}
	presentation := events.object("StimulusPresentation")
	if presentation == nil {
		presentation = physio.object("StimulusPresentation")
	}
	if system == "gaze-in-world" {
		presentation = nil // the frame is the scene camera's
	}
	if v := presentation.numbers("ScreenResolution"); len(v) > 0 {
		if len(v) != 2 || !(v[0] >= 1 && v[0] <= maxFrame && v[1] >= 1 && v[1] <= maxFrame) {
			return fail("ScreenResolution is %s, expected width and height in pixels", presentation.raw("ScreenResolution"))
		}
		s.width, s.height = v[0], v[1]
	}
	size := presentation.numbers("ScreenSize")
	if len(size) != 2 || s.width == 0 || !(size[0] > 0 && size[1] > 0) {
		size = nil
	}
	if size != nil {
		d := screenDistance(presentation.numbers("ScreenDistance"))
		if s.far = d > farthest; s.far {
			d = 0
		}
		s.resolution = gaze.Resolution{X: gaze.PixelsPerDegree(s.width, size[0], d), Y: gaze.PixelsPerDegree(s.height, size[1], d)}
	}
	for _, axis := range []struct {
		column string
		scale  *float64
		side   int
		pixels float64
	}{{"x_coordinate", &s.scaleX, 0, s.width}, {"y_coordinate", &s.scaleY, 1, s.height}} {
		metres, ok := bidsLength(physio.units(axis.column))
		switch {
		case !ok:
			return fail("the Units of %s are %q, expected pixel, m, cm or mm", axis.column, physio.units(axis.column))
		case metres > 0 && size == nil:
			return fail("%s is a length on the screen, but StimulusPresentation has no ScreenSize and ScreenResolution", axis.column)
		case metres > 0:
			*axis.scale = metres * axis.pixels / size[axis.side]
			if !(*axis.scale < maxFrame) {
				return fail("ScreenSize is %s, expected width and height in metres", presentation.raw("ScreenSize"))
			}
		}
	}
	return s, s.origin(file, presentation)
}

// farthest is how many metres a screen may be away: distances in centimetres have been published.
const farthest = 10

// screenDistance is how far the eye is from the screen in metres: one number, or the way from the eye to the middle of the
// screen along x, y and z. "n/a" is not known, 0.
func screenDistance(v []float64) float64 {
	switch {
	case len(v) == 1 && v[0] > 0:
		return v[0]
	case len(v) == 3:
		return math.Hypot(math.Hypot(v[0], v[1]), v[2])
	}
	return 0
}

// bidsLength is the metres of a unit of length, 0 for pixels, which no unit is taken for.
func bidsLength(unit string) (float64, bool) {
	switch strings.ToLower(unit) {
	case "", "px", "pixel", "pixels":
		return 0, true
	case "m", "metre", "metres", "meter", "meters":
		return 1, true
	case "cm":
		return .01, true
	case "mm":
		return .001, true
	}
	return 0, false
}

// origin reads ScreenOrigin, a text such as top-left or the two words apart.
func (s *bidsScreen) origin(file string, presentation bidsMeta) error {
	words := presentation.list("ScreenOrigin")
	if words == nil {
		words = strings.FieldsFunc(presentation.text("ScreenOrigin"), func(r rune) bool { return r == '-' || r == ' ' || r == ',' })
	}
	for i, word := range words {
		words[i] = strings.ToLower(strings.TrimSpace(word))
	}
	slices.Sort(words)
	switch strings.Join(slices.Compact(words), " ") {
	case "", "left top", "left upper":
		return nil
	case "bottom left", "left lower":
		s.originY, s.up = s.height, true
	case "center", "centre":
		s.originX, s.originY, s.up = s.width/2, s.height/2, true
	default:
		return gaze.Problem{File: file, Reason: fmt.Sprintf("ScreenOrigin is %s, expected top left, bottom left or centre", presentation.raw("ScreenOrigin"))}
	}
	if s.width == 0 {
		return gaze.Problem{File: file, Reason: fmt.Sprintf("ScreenOrigin is %s, but ScreenResolution is not given", presentation.raw("ScreenOrigin"))}
	}
	return nil
}

// pixels is a position in pixels from the top left.
func (s bidsScreen) pixels(x, y float64) (float64, float64) {
	x, y = x*s.scaleX, y*s.scaleY
	if s.up {
		y = -y
	}
	return x + s.originX, y + s.originY
}
