// Package words makes what packages and mistakes say into what a user of the command understands: flags instead of settings,
// the word that was probably meant, and each path once.
package words

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/plain"
	"gzpt/nn/data"
)

// subjects is what packages call the settings that are flags here.
var subjects = map[string]string{
	"learning rate": "--lr", "weight decay": "--weight-decay", "target momentum": "--target-momentum", "key momentum": "--key-momentum",
	"batch": "--batch", "accumulate": "--accumulate", "steps": "--steps", "warm-up": "--warmup", "width": "--width", "temperature": "--temperature",
	"the predictor's hidden layer": "--predictor: the predictor's hidden layer", "a head": "--projector, --predictor or --embedding:", "a queue of": "--queue: a queue of", "crop scale": "--crop-min", "grey probability": "--decolour",
	"crop probability": "--crop", "flip probability": "--flip", "jitter probability": "--jitter", "blur probability": "--blur",
	"solarize probability": "--solarize", "brightness": "--brightness", "contrast": "--contrast", "saturation": "--saturation", "hue": "--hue",
	"drop": "--drop", "quantile": "--quantile", "top-k": "--positives: top-k", "soft weights": "--tau, --tau-full: soft weights", "mutual": "--mutual: mutual",
}

var (
	packagePrefix = regexp.MustCompile(`^(?:(?:nn|pretrain|data|augmentation|relation)(?:: [a-z]+)?: )`)
	isValue       = regexp.MustCompile(`^(--[a-z-]+) is (\S+?)[:,] `)
)

// InFlags says the mistakes that a package has found in the words of the flags: an error for each.
func InFlags(err error) error {
	var lines []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		line = packagePrefix.ReplaceAllString(line, "")
		longest := ""
		for subject := range subjects {
			if strings.HasPrefix(line, subject+" ") && len(subject) > len(longest) {
				longest = subject
			}
		}
		if longest != "" {
			line = subjects[longest] + strings.TrimPrefix(line, longest)
		}
		lines = append(lines, errors.New(isValue.ReplaceAllString(line, "$1 $2: ")))
	}
	return errors.Join(lines...)
}

// DidYouMean asks for the nearest word, "" where none is near.
func DidYouMean(word string, words []string) string {
	if near := Nearest(word, words); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// Nearest is the word that the fewest changes make of another: at most a third of its letters, and at least one.
func Nearest(word string, words []string) string {
	best, least := "", max(1, (len(word)+1)/3)+1
	for _, candidate := range words {
		if d := changes(word, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// changes is how many letters must be put in, left out, replaced or exchanged with their neighbour to make b of a (the
// optimal string alignment of Damerau's errors).
func changes(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// Message is an error for a person: each path once, and nothing in it but what can be shown, see [plain.Error].
func Message(err error) string {
	var paths []string
	collectPaths(err, &paths)
	text := plain.Error(err)
	for _, path := range paths {
		text = once(text, plain.Text(path))
	}
	return text
}

// collectPaths is the files that an error and its causes are about.
func collectPaths(err error, paths *[]string) {
	add := func(path string) {
		if path != "" && !slices.Contains(*paths, path) {
			*paths = append(*paths, path)
		}
	}
	switch e := err.(type) {
	case *fs.PathError:
		add(e.Path)
	case data.Problem:
		add(e.File)
	case gaze.Problem:
		add(e.File)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if cause := e.Unwrap(); cause != nil {
			collectPaths(cause, paths)
		}
	case interface{ Unwrap() []error }:
		for _, cause := range e.Unwrap() {
			collectPaths(cause, paths)
		}
	}
}

// once leaves out a path, with what was done to it, where it comes a second time before what happened. A path within a
// longer one is not it.
func once(text, path string) string {
	const before = `(^|[ ("])`
	first := regexp.MustCompile(before + regexp.QuoteMeta(path)).FindStringIndex(text)
	if first == nil {
		return text
	}
	again := regexp.MustCompile(before + `(?:(?:open|stat|lstat|read|write|rename|mkdir|readdirent) )?` + regexp.QuoteMeta(path) + `: `)
	return text[:first[1]] + again.ReplaceAllString(text[first[1]:], "$1")
}
