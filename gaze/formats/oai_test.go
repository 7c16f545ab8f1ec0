package formats

import (
	"strings"
	"testing"
)

// The files are written from the source of McGIP, which makes them; there is no sample.
const oaiFile = `{"gaze": [[206, 412], [205, 411]], "img": "9063823L.png", "case": "9063823", "gt": 1}`

func init() {
	sniffSamples["oai"] = []string{oaiFile, "{\n  \"img\": \"a.png\",\n  \"gt\": 1,\n  \"gaze\": [\n    [\n      1,\n      2\n    ]\n  ]\n}\n", `{"gaze": [], "img": "a"}`,
		`{"gaze": [` + strings.Repeat("[206, 412], ", 900)[:8000]}
}

func TestOAI(t *testing.T) {
	testCases(t, "oai", "g.json", ReadOptions{Rate: 10}, map[string]readCase{
		"as written": {oaiFile, "9063823L.png/ 0x800 line 1: [206 412 0] [205 411 0.1]\n"},
		"indented, keys in another order": {"\ufeff{\n \"gt\": {\"kl\": [1]},\n \"img\": \"a.png\",\n \"gaze\": [\n  [1.5,\n 2],\n  [0, 7]]}\n",
			"a.png/ 0x800 line 1: [1.5 2 0] [lost 0.1]\n1 outside the image\n"},
		"no gaze":               {`{"gaze": [], "img": "a.png"}`, "a.png/ 0x800 line 1:\n"},
		"no list":               {`{"img": "a.png"}`, `error g.json: image "a.png": no "gaze", expected a list of pairs [x, y]`},
		"no image":              {`{"gaze": [[1, 2]]}`, `error g.json: no "img", expected the name of an image`},
		"empty":                 {"", "error g.json:1: the file ends, expected a value"},
		"a list":                {"[1]", "error g.json:1: the file is a list, expected an object"},
		"cut off":               {"{\"gaze\": [[1, 2],\n[3", "error g.json:2: the file ends within a value, expected the rest of the JSON text"},
		"NaN":                   {"{\"gaze\": [[1, 2],\n[NaN, 3]], \"img\": \"a\"}", "error g.json:2: invalid character 'N'"},
		"a word for a number":   {"{\"gaze\": [[1, 2],\n[\"three\", 3]], \"img\": \"a\"}", `error g.json:2: a pair of gaze is "three", expected a pixel that is not negative`},
		"null for a pair":       {"{\"gaze\": [[1, 2],\n\nnull], \"img\": \"a\"}", `error g.json:3: a pair of gaze is null, expected a list`},
		"negative":              {"{\"gaze\": [[1, -2]], \"img\": \"a\"}", "error g.json:1: a pair of gaze is -2, expected a pixel that is not negative"},
		"huge":                  {"{\"gaze\": [[1e999, 2]], \"img\": \"a\"}", "error g.json:1: a pair of gaze is 1e999, expected a pixel that is not negative"},
		"too low":               {"{\"gaze\": [[1, 2],\n[1, 900]], \"img\": \"a\"}", "error g.json:2: gaze at (1, 900), expected a position in an image shown 800 pixels high"},
		"three coordinates":     {"{\"gaze\": [\n[1, 2, 3]], \"img\": \"a\"}", "error g.json:2: a pair of gaze has 3 numbers, expected x and y"},
		"gaze is a word":        {"{\"gaze\": \"x\", \"img\": \"a\"}", `error g.json:1: gaze is a text, expected a list of pairs [x, y]`},
		"gaze twice":            {"{\"gaze\": [[1, 2]], \"img\": \"a\",\n\"gaze\": [[3, 4]]}", "error g.json:2: gaze comes twice"},
		"an image of a list":    {"{\"img\": [], \"gaze\": [[1, 2]]}", "error g.json:1: img is a list, expected the name of an image"},
		"text after the object": {oaiFile + "\n{}", "error g.json:2: what follows is an object, expected the end of the file"},
	})
}

func FuzzOAI(f *testing.F) {
	f.Add([]byte(oaiFile))
	f.Add([]byte("{\n \"gt\": {\"kl\": [1]},\n \"img\": \"a.png\",\n \"gaze\": [\n  [1.5,\n 2],\n  [0, 7]]}\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "oai", "g.json", in) })
}
