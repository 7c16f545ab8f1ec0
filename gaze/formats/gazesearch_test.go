package formats

import (
	"strings"
	"testing"
	"testing/iotest"
)

// The first object is one of the published file, shortened.
const gazeSearchFile = `[
    {
        "name": "a3e1945f-24798491.jpg",
        "subject": 1,
        "task": "lung opacity",
        "condition": "present",
        "bbox": [
            0,
            0,
            0,
            0
        ],
        "X": [
            18,
            112
        ],
        "Y": [
            182,
            56
        ],
        "T": [
            0.76343,
            0.35547
        ],
        "length": 2,
        "fixOnTarget": true,
        "correct": 1,
        "split": "test"
    },
    {"name": "a3e1945f-24798491.jpg", "subject": 1, "task": "pneumonia", "X": [224], "Y": [0], "T": [0]},
    {"name": "a3e1945f-24798491.jpg", "subject": "2", "task": "pneumonia", "X": [56, 0], "Y": [56, 0], "T": [1, 2]}
]
`

func init() { sniffSamples["gazesearch"] = []string{gazeSearchFile} }

func TestGazeSearch(t *testing.T) {
	const good = `{"name": "b.jpg", "subject": 1, "X": [56], "Y": [112], "T": [1]}`
	const goodOut = "b.jpg/1 1x1 line 1: (0.25 0.5 0+1)\n"
	testCases(t, "gazesearch", "g.json", ReadOptions{}, map[string]readCase{
		"several findings and subjects": {strings.Replace(gazeSearchFile, `"X": [224]`, `"X": [223]`, 1),
			"a3e1945f-24798491.jpg/1 1x1 line 2: (0.0803571 0.8125 0+0.76343) (0.5 0.25 0.76343+0.35547)\n" +
				"a3e1945f-24798491.jpg/1 1x1 line 30: (0.995536 0 0+0)\n" +
				"a3e1945f-24798491.jpg/2 1x1 line 31: (0.25 0.25 0+1) (0 0 1+2)\n"},
		"good":                  {"[" + good + "]", goodOut},
		"on the far border":     {`[{"name": "b.jpg", "X": [224, 56], "Y": [1, 112], "T": [1, 1]}]`, "b.jpg/ 1x1 line 1: (0.25 0.5 1+1)\n1 outside the image\n"},
		"an empty list":         {"[]", "error g.json: an empty list, expected objects with name, subject, X, Y, T"},
		"empty":                 {"", "error g.json:1: the file ends, expected a value"},
		"an object":             {"{}", "error g.json:1: the file is an object, expected a list of objects"},
		"an element of numbers": {"[" + good + ",\n7]", "error g.json:2: an element of the list is a number, expected an object"},
		"no name":               {"[" + good + ",\n\n{\"X\": [1], \"Y\": [1], \"T\": [1]}]", "error g.json:3: an object without a name, expected the name of an image"},
		"an empty object":       {"[{}]", "error g.json:1: an object without a name, expected the name of an image"},
		"uneven lists":          {"[\n{\"name\": \"c\", \"X\": [1, 2], \"Y\": [1], \"T\": [1]}]", `error g.json:2: image "c": 2 values of X, 1 of Y and 1 of T, expected as many of each`},
		"another frame":         {`[{"name": "c", "X": [5, 840], "Y": [1, 1], "T": [1, 1]}]`, `error g.json:1: image "c": fixation 2 at (840, 1), expected pixels of a frame of 224 x 224`},
		"negative":              {`[{"name": "c", "X": [-1], "Y": [1], "T": [1]}]`, `error g.json:1: X is -1, expected a pixel of 224, not negative`},
		"a negative duration":   {"[{\"name\": \"c\", \"X\": [1],\n\"Y\": [1],\n\"T\": [-1]}]", `error g.json:3: T is -1, expected a time in seconds that is not negative`},
		"a word":                {`[{"name": "c", "X": ["left"], "Y": [1], "T": [1]}]`, `error g.json:1: X is "left", expected a pixel`},
		"no fixation":           {`[{"name": "c", "X": [], "Y": [], "T": []}]`, "c/ 1x1 line 1:\n"},
		"cut off":               {"[" + good + ",\n{\"name\": \"c\", \"X\": [1,", "error g.json:2: the file ends within a value, expected the rest of the JSON text"},
		"endless":               {`[{"name": "c", "X": [1, 1], "Y": [1, 1], "T": [1e308, 1e308]}]`, `error g.json:1: image "c": durations without a finite sum, expected seconds`},
		"a comma too many":      {"[" + good + ",]", "error g.json:1: invalid character ']'"},
		"text after the list":   {"[" + good + "]\n7", "error g.json:2: what follows is 7, expected the end of the file"},
	})
}

// A bad object is skipped whole, whatever is in it, and the next one is read.
func TestGazeSearchGoesOnAfterABadObject(t *testing.T) {
	const text = `[{"name": {"a": [1, {"b": 2}]}, "X": [1], "Y": [1], "T": [1]},
{"name": "c", "X": [[1, 2], [3]], "Y": [1], "T": [1], "more": {"d": []}}, 5, null, "x", [[], {}],
{"name": "good", "X": [56], "Y": [112], "T": [1]}]`
	set, err := readText("g.json", "gazesearch", text, ReadOptions{SkipBad: true})
	if err != nil || len(set.Skips) != 6 || described(set) != "good/ 1x1 line 3: (0.25 0.5 0+1)\n" {
		t.Errorf("%q, skips %v, error %v", described(set), set.Skips, err)
	}
}

// Lines are counted right however the text arrives.
func TestJSONLinesInPieces(t *testing.T) {
	s := &source{file: "g.json", reader: iotest.OneByteReader(strings.NewReader("\ufeff" + gazeSearchFile)), set: &Set{}}
	if err := readGazeSearch(s); err == nil || !strings.HasPrefix(err.Error(), `g.json:30: image "a3e1945f-24798491.jpg", reader "1": 1 of 1 positions lie outside`) {
		t.Errorf("%v", err)
	}
}

func FuzzGazeSearch(f *testing.F) {
	f.Add([]byte(gazeSearchFile))
	f.Add([]byte(`[{"name": {"a": [1, {"b": 2}]}, "X": [1e308], "Y": [1], "T": [1]}, 5, {"name": "c", "X": [], "T": []}]`))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "gazesearch", "g.json", in) })
}
