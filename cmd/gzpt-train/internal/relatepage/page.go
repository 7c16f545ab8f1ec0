// Package relatepage writes the report of a relation for a person: one HTML page that needs no other file, no script and
// no network. All numbers on it come from relate.json and say which: an element with a number has the path of its value
// in data-key and the value itself in value or data-value.
package relatepage

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"gzpt/kernels/plain"
)

// Page is what there is to show.
type Page struct {
	// Title is what the relation was computed from; Command, Version and Date say how and when.
	Title, Command, Version, Date string
	// LabelSource says where the labels come from, "" without labels.
	LabelSource string
	// JSON is relate.json.
	JSON []byte
	// Items is the items of the pairs, by their rows.
	Items map[int]Item
}

// Item is an item to be drawn.
type Item struct {
	Name, Label string
	// Width and Height are the frame of the fixations; 0 where there are none.
	Width, Height float64
	// JPEG is the image, nil where it is not at hand.
	JPEG []byte
	// Readers are those to be drawn, of all AllReaders.
	Readers    []Reader
	AllReaders int
}

// Reader is the gaze of one person.
type Reader struct {
	Name      string
	Fixations []Fixation
}

// Fixation is in pixels of the item's frame, and seconds.
type Fixation struct{ X, Y, Duration float64 }

//go:embed page.html
var source string

// Write writes the page.
func Write(w io.Writer, p Page) error {
	p.escape()
	r := &report{page: p}
	decoder := json.NewDecoder(bytes.NewReader(p.JSON))
	decoder.UseNumber() // the text of a number stays what it is
	if err := decoder.Decode(&r.root); err != nil {
		return fmt.Errorf("relate.json: %w", err)
	}
	t, err := template.New("page").Funcs(template.FuncMap{
		"has": r.has, "text": r.text, "num": r.num, "percent": r.percent, "whole": r.whole, "size": r.size, "exact": r.exact, "each": r.each, "is": r.is,
		"verdict": r.verdict, "suggested": r.suggested, "highest": r.highest,
		"histogram": r.histogram, "positives": r.positives, "item": r.item,
		"list": func() []list {
			return []list{{"closest", "Looked at most alike"}, {"furthest", "Looked at least alike"}}
		},
	}).Parse(source)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

// escape makes the texts that come of files fit to be shown: the template takes care of what means something in HTML, but not
// of what turns the direction of writing.
func (p *Page) escape() {
	for _, text := range []*string{&p.Title, &p.Command, &p.Version, &p.LabelSource} {
		*text = plain.Text(*text)
	}
	items := make(map[int]Item, len(p.Items))
	for i, item := range p.Items {
		item.Name, item.Label, item.Readers = plain.Text(item.Name), plain.Text(item.Label), slices.Clone(item.Readers)
		for k := range item.Readers {
			item.Readers[k].Name = plain.Text(item.Readers[k].Name)
		}
		items[i] = item
	}
	p.Items = items
}

// list is a list of pairs in relate.json.
type list struct{ Key, Title string }

// report finds values of relate.json by their paths: "labels.precision_at.1.share".
type report struct {
	page Page
	root any
}

// at is a value, nil where there is none.
func (r *report) at(path string) any {
	v := r.root
	for _, key := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[key]
		case []any:
			k, err := strconv.Atoi(key)
			if err != nil || k < 0 || k >= len(in) {
				return nil
			}
			v = in[k]
		default:
			return nil
		}
	}
	return v
}

func (r *report) has(path string) bool {
	switch v := r.at(path).(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	}
	return true
}

// is reports whether a truth value is true.
func (r *report) is(path string) bool { return r.at(path) == true }

func (r *report) text(path string) string {
	s, _ := r.at(path).(string)
	return plain.Text(s)
}

// each is the paths of a list's elements.
func (r *report) each(path string) []string {
	list, _ := r.at(path).([]any)
	paths := make([]string, len(list))
	for k := range list {
		paths[k] = path + "." + strconv.Itoa(k)
	}
	return paths
}

// number is a value with its text.
func (r *report) number(path string) (v float64, text string, err error) {
	n, ok := r.at(path).(json.Number)
	if !ok {
		return 0, "", fmt.Errorf("relate.json has no number %s", path)
	}
	v, err = n.Float64()
	return v, n.String(), err
}

// data shows a number and says which one it is. All that it puts together is numbers and paths of this package.
func (r *report) data(path string, show func(v float64) string) (template.HTML, error) {
	v, text, err := r.number(path)
	if err != nil {
		return "", err
	}
	return template.HTML(fmt.Sprintf(`<data value="%s" data-key="%s">%s</data>`, text, template.HTMLEscapeString(path), template.HTMLEscapeString(show(v)))), nil
}

// num shows three digits after the point.
func (r *report) num(path string) (template.HTML, error) {
	return r.data(path, func(v float64) string { return fmt.Sprintf("%.3f", v) })
}

// percent shows a share.
func (r *report) percent(path string) (template.HTML, error) {
	return r.data(path, func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) })
}

// whole shows a count.
func (r *report) whole(path string) (template.HTML, error) {
	return r.data(path, func(v float64) string { return fmt.Sprintf("%.0f", v) })
}

// size shows four digits of a number of any size.
func (r *report) size(path string) (template.HTML, error) {
	return r.data(path, func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) })
}

// exact shows a threshold with all digits that matter.
func (r *report) exact(path string) (template.HTML, error) { return r.data(path, shortest) }

func shortest(v float64) string { return strconv.FormatFloat(v, 'g', -1, 32) }

// verdict is the conclusion in a word or two.
func (r *report) verdict() string {
	word := map[string]string{"signal": "Yes", "signal among the nearest": "Among the nearest", "no signal shown": "Not shown"}[r.text("conclusion.verdict")]
	switch {
	case word == "":
		return "Unknown"
	case r.is("conclusion.weak"):
		return word + ", but weak"
	}
	return word
}

// suggested is the path of the suggested threshold, "" where there is none.
func (r *report) suggested() string {
	for _, path := range r.each("taus") {
		if r.is(path + ".suggested") {
			return path
		}
	}
	return ""
}

// highest is the path of the highest bar of the histogram.
func (r *report) highest() (path string, err error) {
	most := -1.0
	for _, key := range r.each("histogram.pairs") {
		v, _, err := r.number(key)
		if err != nil {
			return "", err
		}
		if v > most {
			path, most = key, v
		}
	}
	return path, nil
}

// drawn is an item ready to be drawn.
type drawn struct {
	Item
	Row, Height int
	Image       template.URL
	// Alt says what the picture shows.
	Alt   string
	Paths []path
}

// path is the scanpath of a reader in the picture.
type path struct {
	Class, Line string
	Circles     []circle
}

type circle struct {
	X, Y, R     string
	First, Last bool
	Title       string
}

const (
	// pictureWidth is the width of a picture in its own units.
	pictureWidth = 320
	// largest is the radius of the circle of the longest fixation; the area of the others goes with their duration.
	largest = 18
	// noFrame is the height of a picture of an item without gaze and image.
	noFrame = 240
)

// item prepares the item that a number of relate.json names.
func (r *report) item(key string) (drawn, error) {
	v, _, err := r.number(key)
	if err != nil {
		return drawn{}, err
	}
	item := r.page.Items[int(v)]
	d := drawn{Item: item, Row: int(v), Height: noFrame}
	if item.Width > 0 && item.Height > 0 {
		d.Height = min(max(int(pictureWidth*item.Height/item.Width+0.5), 40), 3*pictureWidth)
	}
	if item.JPEG != nil {
		d.Image = template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(item.JPEG))
	}
	longest, fixations := 0.0, 0
	for _, reader := range item.Readers {
		fixations += len(reader.Fixations)
		for _, f := range reader.Fixations {
			longest = max(longest, f.Duration)
		}
	}
	d.Alt = fmt.Sprintf("%s with %d fixations of %d readers, the longest of %.2f s", item.Name, fixations, len(item.Readers), longest)
	for k, reader := range item.Readers {
		d.Paths = append(d.Paths, reader.path(k, item, float64(d.Height), longest))
	}
	return d, nil
}
