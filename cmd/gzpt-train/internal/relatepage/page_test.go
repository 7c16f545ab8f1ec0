package relatepage

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// smallest is a relate.json with nothing that a page can do without.
const smallest = `{"several_readers": "merge", "items": 2, "items_with_gaze": 2, "tau": 0.5, "share_above_tau": 1,
"positives_per_item": {"mean": 1, "median": 1, "min": 1, "max": 1, "share_without": 0},
"rule": {"kind": "threshold", "tau": 0.5, "patients": "any"},
"histogram": {"least": 0.75, "most": 0.75, "pairs": [1, 0]}, "positives_histogram": [{"from": 0, "to": 0, "items": 0}, {"from": 1, "to": 1, "items": 2}],
"closest": [{"i": 0, "j": 1, "similarity": 0.75}], "furthest": null,
"taus": [{"tau": 0.5, "positives_per_item": {"mean": 1, "median": 1, "max": 1, "share_without": 0}, "chosen": true, "suggested": false}],
"conclusion": {"verdict": "unknown", "signal": "Open & <b>unknown</b>.", "rule": "none"},
"dropped": {"outside": 0, "missing": 0, "invalid": 0, "blinks": 0}}`

func wellFormed(t *testing.T, page string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(page)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
	}
}

func TestWrite(t *testing.T) {
	var out bytes.Buffer
	page := Page{Title: "a <i>measure</i>", Command: `gzpt-train relate --out "x"`, Version: "v", Date: "d", JSON: []byte(smallest), Items: map[int]Item{
		0: {Name: `<img src="x" onerror="y">.png`, Label: "</figcaption>", Width: 1, Height: 1, AllReaders: 2,
			Readers: []Reader{{Name: "anna & \"co\"", Fixations: []Fixation{{X: .25, Y: .5, Duration: .4}, {X: .5, Y: .75, Duration: .1}}}}},
		1: {Name: "b", Width: 640, Height: 480, JPEG: []byte("not a real picture"), AllReaders: 1, Readers: []Reader{{Fixations: []Fixation{{X: 320, Y: 240}}}}},
	}}
	if err := Write(&out, page); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	wellFormed(t, text)
	for _, want := range []string{
		"a &lt;i&gt;measure&lt;/i&gt;", "&lt;img src=", "&lt;/figcaption&gt;", "anna &amp; &#34;co&#34;: fixation 1, 0.40 s", "Open &amp; &lt;b&gt;",
		`points="80.0,160.0 160.0,240.0"`,                // a frame of 1 x 1 is drawn as a square of 320
		`cx="80.0" cy="160.0" r="18.0"`,                  // the longest fixation
		`cx="160.0" cy="240.0" r="9.0"`,                  // a quarter of its duration is a quarter of its area
		`viewBox="0 0 320 240"`, `cx="160.0" cy="120.0"`, // 640 x 480
		"no image at hand", "1 of 2 readers", "data:image/jpeg;base64,bm90IGEgcmVhbCBwaWN0dXJl",
		`<data value="0.75" data-key="closest.0.similarity">0.750</data>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, never := range []string{"<script", "http://localhost", "<img", "ZgotmplZ", "least alike"} {
		if strings.Contains(text, never) {
			t.Errorf("the page has %s", never)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	for want, text := range map[string]string{
		"relate.json: ":                   "{",
		"relate.json has no number items": strings.Replace(smallest, `"items": 2,`, "", 1),
		"relate.json has no number taus.0.positives_per_item.mean": strings.Replace(smallest, `"positives_per_item": {"mean": 1, "median": 1, "max"`, `"positives_per_item": {"median": 1, "max"`, 1),
		"relate.json has no number histogram.least":                strings.Replace(smallest, `"least": 0.75`, `"least": "low"`, 1),
	} {
		if err := Write(io.Discard, Page{JSON: []byte(text)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// The mark of tau stands where tau is in the range, and is left out where it is not or where there is no threshold.
func TestMark(t *testing.T) {
	wide := strings.Replace(smallest, `"least": 0.75, "most": 0.75`, `"least": 0.25, "most": 0.75`, 1)
	for text, want := range map[string]bool{
		wide: true,
		strings.Replace(wide, `"tau": 0.5, "share`, `"tau": 0.9, "share`, 1):       false,
		strings.Replace(wide, `"kind": "threshold"`, `"kind": "top-k", "k": 3`, 1): false,
		strings.Replace(smallest, `"tau": 0.5, "share`, `"tau": 0.75, "share`, 1):  false,
	} {
		var out bytes.Buffer
		if err := Write(&out, Page{JSON: []byte(text)}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), `x1="320.0" y1="-8"`); got != want {
			t.Errorf("mark %v, want %v for %.200s", got, want, text)
		}
	}
}

// The answers stand at the top in a word, and the suggested threshold is marked beside the one in use.
func TestAnswers(t *testing.T) {
	answered := strings.NewReplacer(`"verdict": "unknown"`, `"weak": true, "verdict": "signal"`, `"most": 0.75, "pairs"`, `"most": 0.95, "pairs"`,
		`"taus": [`, `"taus": [{"tau": 0.8400000000000001, "positives_per_item": {"mean": 1, "median": 1, "max": 1, "share_without": 0}, "chosen": false, "suggested": true}, `).Replace(smallest)
	for text, want := range map[string][]string{
		answered: {`id="verdict">Yes, but weak<`, `data-key="taus.0.tau">0.84</data></p>`, `class="mark suggested"`, "suggested 0.84<"},
		smallest: {`id="verdict">Unknown<`, "None is suggested"},
		strings.Replace(smallest, `"unknown"`, `"no signal shown"`, 1): {`id="verdict">Not shown<`, `class="answer no"`},
	} {
		var out bytes.Buffer
		if err := Write(&out, Page{JSON: []byte(text)}); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, out.String())
		for _, part := range want {
			if !strings.Contains(out.String(), part) {
				t.Errorf("the page lacks %s", part)
			}
		}
	}
}

// Text has a contrast of 4.5 to 1 to what is behind it, and what is drawn 3 to 1, by light and by dark (WCAG 2, 1.4.3 and
// 1.4.11).
func TestContrast(t *testing.T) {
	schemes := regexp.MustCompile(`:root \{[^}]*\}`).FindAllString(source, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d colour schemes, want light and dark", len(schemes))
	}
	for _, scheme := range schemes {
		colour := map[string]float64{}
		for _, m := range regexp.MustCompile(`--(\w+): #(\w{6})`).FindAllStringSubmatch(scheme, -1) {
			colour[m[1]] = luminance(t, m[2])
		}
		for least, pairs := range map[float64][]string{
			4.5: {"ink paper", "ink panel", "soft paper", "soft panel", "mark paper", "yes paper"},
			3:   {"bar paper", "accent bar", "yes panel", "no panel", "soft panel", "mark paper"},
		} {
			for _, pair := range pairs {
				a, b, _ := strings.Cut(pair, " ")
				high, low := max(colour[a], colour[b]), min(colour[a], colour[b])
				if _, ok := colour[a]; !ok {
					t.Fatalf("no colour %s", a)
				}
				if ratio := (high + .05) / (low + .05); ratio < least {
					t.Errorf("%s: %.2f to 1, want %g in %.60s", pair, ratio, least, scheme)
				}
			}
		}
	}
}

// luminance is the relative luminance of a colour.
func luminance(t *testing.T, hex string) float64 {
	v, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(shift int) float64 {
		c := float64(v>>shift&255) / 255
		if c <= .04045 {
			return c / 12.92
		}
		return math.Pow((c+.055)/1.055, 2.4)
	}
	return .2126*linear(16) + .7152*linear(8) + .0722*linear(0)
}
