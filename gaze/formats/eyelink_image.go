package formats

import (
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/names"
)

// imageVariables are the names of trial variables that hold the image, without _file and _name, the surest first.
var imageVariables = []string{"image", "img", "picture", "pic", "stimulus", "stim", "imagefile", "imgfile"}

// eyeLinkLoad is an image of IMGLOAD and where on the screen it was.
type eyeLinkLoad struct {
	file  string
	shown Rectangle   // empty where the image filled the screen, or was in its own size
	own   *gaze.Place // in its own size
	fill  bool
}

// viewer reads a command to Data Viewer: a trial variable or an image.
func (b *eyeLink) viewer(text []string) error {
	switch {
	case len(text) >= 3 && text[0] == "TRIAL_VAR":
		b.setVariable(strings.TrimSuffix(text[1], "="), strings.TrimPrefix(strings.Join(text[2:], " "), "="))
	case len(text) >= 2 && text[0] == "TRIAL_VAR_LABELS":
		b.labels = slices.Clone(text[1:])
	case len(text) >= 2 && text[0] == "TRIAL_VAR_DATA":
		b.setVariables(text[1:])
	case len(text) >= 3 && text[0] == "IMGLOAD":
		return b.load(text[1], text[2:])
	}
	return nil
}

// setVariables takes the values of all labels; where their number is another, because some have blanks or the labels are
// not there, nothing tells which is whose.
func (b *eyeLink) setVariables(values []string) {
	for i, value := range values {
		name := ""
		if len(values) == len(b.labels) {
			name = b.labels[i]
		}
		b.setVariable(name, value)
	}
}

// setVariable takes a trial variable, which may name the image.
func (b *eyeLink) setVariable(name, value string) {
	value = strings.Trim(strings.TrimSpace(value), `"'`)
	if value == "" || missing(value) || strings.EqualFold(value, "UNDEFINED") {
		return
	}
	t := &b.trial
	rank := len(imageVariables) + 1
	if from := b.source.options.ImageFrom; from != "" {
		if strings.EqualFold(name, from) {
			t.variable, t.rank = value, 1
		}
		return
	}
	plain := strings.ToLower(name)
	for _, ending := range []string{"_file", "_name", "file", "name"} {
		plain = strings.TrimSuffix(plain, ending)
	}
	if i := slices.Index(imageVariables, plain); i >= 0 {
		rank = i + 1
	}
	switch {
	case rank > len(imageVariables):
		if _, err := parseNumber(value); err != nil { // a number is no name that it would have by chance
			t.values = append(t.values, value)
		}
	case t.rank == 0 || rank < t.rank:
		t.variable, t.rank = value, rank
	}
}

// load reads IMGLOAD: how, and the file with its place.
func (b *eyeLink) load(how string, text []string) error {
	file, numbers := text, []string(nil)
	if how == "CENTER" || how == "TOP_LEFT" {
		file, numbers = cutNumbers(text)
	}
	l := eyeLinkLoad{file: strings.Trim(strings.Join(file, " "), `"'`), fill: how == "FILL"}
	var v [4]float64
	for i := range numbers {
		var err error
		if v[i], err = b.number(numbers, i, "the image's x, y, width and height on the screen", maxFrame); err != nil {
			return err
		}
	}
	switch len(numbers) {
	case 2:
		l.own = &gaze.Place{X: v[0] - b.left, Y: v[1] - b.top, Centre: how == "CENTER"}
	case 4:
		if v[2] < 1 || v[3] < 1 {
			return b.problem("an image of %g x %g pixels on the screen, expected its width and height", v[2], v[3])
		}
		if how == "CENTER" {
			v[0], v[1] = v[0]-v[2]/2, v[1]-v[3]/2
		}
		l.shown = Rectangle{v[0] - b.left, v[1] - b.top, v[2], v[3]}
	}
	b.trial.loads = append(b.trial.loads, l)
	return nil
}

// cutNumbers splits the words of IMGLOAD into those of the path, which may have blanks, and two or four numbers.
func cutNumbers(text []string) (path, numbers []string) {
	n := len(text)
	first := n
	for first > 1 && n-first < 4 {
		if _, err := parseNumber(text[first-1]); err != nil {
			break
		}
		first--
	}
	if n-first == 3 {
		first++ // a word of the path that is a number
	}
	if n-first == 1 {
		first++
	}
	return text[:first], text[first:]
}

// load is the one of the trial's images that the trial variable names, or the only one there is: loaded again, as it was
// last. Where there are others, other is one of them.
func (t eyeLinkTrial) load() (l eyeLinkLoad, other string) {
	for _, candidate := range t.loads {
		if t.variable != "" && !names.Same(t.variable, candidate.file) {
			continue
		}
		if l.file != "" && l.file != candidate.file {
			return l, candidate.file
		}
		l = candidate
	}
	return l, ""
}

// image is the name of a trial's image, and where nothing says that it is one, the texts that may name it.
func (t eyeLinkTrial) image() (name string, candidates []string) {
	if t.variable != "" {
		return t.variable, nil
	}
	if l, _ := t.load(); l.file != "" {
		return l.file, nil
	}
	var pictures []string
	for _, value := range t.values {
		if isPicture(value) && !slices.Contains(pictures, value) {
			pictures = append(pictures, value)
		}
	}
	if len(pictures) == 1 {
		return pictures[0], nil
	}
	for _, word := range slices.Backward(strings.Fields(t.id)) {
		if extension := filepath.Ext(word); len(extension) > 1 && strings.Trim(extension[1:], "0123456789") != "" {
			return word, nil
		}
	}
	others := slices.Concat(t.values, t.mentioned)
	switch {
	case t.id == "" && len(others) == 1 && len(t.mentioned) == 1:
		return t.mentioned[0], nil
	case t.id == "" && len(others) == 0:
		return "", nil
	}
	return t.id, append(others, t.id)
}

// mention keeps the pictures that a message of the experiment names.
func (b *eyeLink) mention(text []string) {
	for _, word := range text {
		if word = strings.Trim(word, `"'(),;`); isPicture(word) && !slices.Contains(b.trial.mentioned, word) {
			b.trial.mentioned = append(b.trial.mentioned, word)
		}
	}
}

// mapping gives an entry the frame of the image where the trial says where on the screen it was.
func (t *eyeLinkTrial) mapping(e *entry, load eyeLinkLoad) {
	shown := load.shown
	switch {
	case load.fill && t.width > 0:
		// Stretched over the screen, whatever the image's shape: fractions of either.
		e.resolution = gaze.Resolution{X: e.resolution.X / t.width, Y: e.resolution.Y / t.height}
		for i := range t.fixations {
			f := &t.fixations[i]
			f.X, f.Y = f.X/t.width, f.Y/t.height
			f.Resolution = gaze.Resolution{X: f.Resolution.X / t.width, Y: f.Resolution.Y / t.height}
		}
		for i := range t.samples {
			t.samples[i].X, t.samples[i].Y = t.samples[i].X/t.width, t.samples[i].Y/t.height
		}
		e.width, e.height, e.screen, e.place = 1, 1, false, &gaze.Place{}
	case load.fill:
		e.place = &gaze.Place{Fill: true}
	case !shown.empty():
		for i := range t.fixations {
			t.fixations[i].X -= shown.X
			t.fixations[i].Y -= shown.Y
		}
		for i := range t.samples {
			t.samples[i].X -= shown.X
			t.samples[i].Y -= shown.Y
		}
		e.width, e.height, e.screen, e.place = shown.Width, shown.Height, false, &gaze.Place{X: shown.X, Y: shown.Y}
	}
}
