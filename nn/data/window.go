package data

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"gzpt/nn/data/picture"
)

// AutoWindow is the window of the bits that any of the images uses.
const AutoWindow = "auto"

const (
	percentileWindow = "percentile"
	// percentile is the share of an image's values that the window "percentile" clips at either end.
	percentile = 0.005
)

// windowRule says which window an image has: the full scale, one for all images, or its own.
type windowRule struct {
	kind string // "", AutoWindow, percentileWindow; "fixed" with a window
	picture.Window
}

// CheckWindow says what is wrong with the text of a window, see [CacheOptions].
func CheckWindow(text string) error {
	_, err := parseWindow(text)
	return err
}

func parseWindow(text string) (windowRule, error) {
	switch text {
	case "", AutoWindow, percentileWindow:
		return windowRule{kind: text}, nil
	}
	low, high, both := strings.Cut(text, ",")
	r := windowRule{kind: "fixed"}
	var errs [2]error
	r.Low, errs[0] = strconv.Atoi(strings.TrimSpace(low))
	r.High, errs[1] = strconv.Atoi(strings.TrimSpace(high))
	if !both || errs[0] != nil || errs[1] != nil || r.Low < 0 || r.High > 65535 || r.Low >= r.High {
		return r, fmt.Errorf("window %q, expected auto, percentile, or LO,HI: two stored values from 0 to 65535", text)
	}
	return r, nil
}

// Values is which values the images of a source have as they are stored.
type Values struct {
	// Images counts those of 8 and of 16 bits.
	Images [2]int
	// Low and High are the least and the greatest value of any image of 8 and of 16 bits.
	Low, High [2]int
}

func (v *Values) add(e *entry) {
	k := e.bits/8 - 1
	if v.Images[k] == 0 {
		v.Low[k], v.High[k] = e.low, e.high
	}
	v.Images[k]++
	v.Low[k], v.High[k] = min(v.Low[k], e.low), max(v.High[k], e.high)
}

// Unused says that the images of some depth use less than half of its scale, and which window scales them; "" where
// they use more.
func (v Values) Unused() (text, window string) {
	for k, n := range v.Images {
		depth := 8 * (k + 1)
		full := 1<<depth - 1
		if n == 0 || 2*(v.High[k]-v.Low[k]) >= full {
			continue
		}
		values := fmt.Sprintf("values from %d to %d of %d", v.Low[k], v.High[k], full)
		if used := max(1, bits.Len(uint(v.High[k]))); used < depth {
			return fmt.Sprintf("no image of %d bits uses more than %d of them: %s", depth, used, values), AutoWindow
		}
		return fmt.Sprintf("the images of %d bits have %s alone", depth, values), fmt.Sprintf("%d,%d", v.Low[k], max(v.High[k], v.Low[k]+1))
	}
	return "", ""
}

// resolve makes auto the window of the bits that the images use.
func (r windowRule) resolve(v Values) (windowRule, error) {
	if (r.kind == AutoWindow || r.kind == "fixed") && v.Images[0] > 0 && v.Images[1] > 0 {
		return r, fmt.Errorf("%d images of 8 and %d of 16 bits: %w", v.Images[0], v.Images[1], ErrWindow)
	}
	if r.kind != AutoWindow {
		return r, nil
	}
	return windowRule{"fixed", picture.Window{High: 1<<max(1, bits.Len(uint(max(v.High[0], v.High[1])))) - 1}}, nil
}

// String is the text that gives the rule.
func (r windowRule) String() string {
	if r.kind == "fixed" {
		return fmt.Sprintf("%d,%d", r.Low, r.High)
	}
	return r.kind
}

// window is that of an image.
func (r windowRule) window(e *entry) picture.Window {
	switch r.kind {
	case "fixed":
		return r.Window
	case percentileWindow:
		return picture.Window{Low: e.percentLow, High: e.percentHigh}
	}
	return picture.Window{}
}

// measure takes the least, the greatest and the percentile values of an image.
func (e *entry) measure(m *picture.Image) {
	var counts []int
	if m.Pix16 != nil {
		counts = histogram(m.Pix16, 1<<16)
	} else {
		counts = histogram(m.Pix8, 1<<8)
	}
	total := m.Width * m.Height * m.Channels
	e.low, e.high = rank(counts, 0), rank(counts, total-1)
	clipped := int(percentile * float64(total-1))
	e.percentLow, e.percentHigh = rank(counts, clipped), rank(counts, total-1-clipped)
	if e.percentLow == e.percentHigh { // nearly all of one value: what little differs is what there is to see
		e.percentLow, e.percentHigh = e.low, e.high
	}
}

func histogram[T uint8 | uint16](values []T, levels int) []int {
	counts := make([]int, levels)
	for _, v := range values {
		counts[v]++
	}
	return counts
}

// rank is the value that k values stand before when all are sorted.
func rank(counts []int, k int) int {
	for v, n := range counts {
		if k -= n; k < 0 {
			return v
		}
	}
	panic("data: rank: more than there are") // cannot happen
}
