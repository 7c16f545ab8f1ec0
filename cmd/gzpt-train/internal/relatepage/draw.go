package relatepage

import (
	"fmt"
	"math"
	"strings"
)

// path draws a scanpath in a picture of some height.
func (reader Reader) path(k int, item Item, height, longest float64) path {
	p := path{Class: fmt.Sprintf("reader%d", k%readerColours)}
	var line strings.Builder
	for n, f := range reader.Fixations {
		x, y := f.X/item.Width*pictureWidth, f.Y/item.Height*height
		c := circle{X: coordinate(x), Y: coordinate(y), First: n == 0, Last: n == len(reader.Fixations)-1}
		radius := 2.0
		if longest > 0 {
			radius = max(largest*math.Sqrt(f.Duration/longest), 2)
		}
		c.R = coordinate(radius)
		c.Title = fmt.Sprintf("fixation %d, %.2f s", n+1, f.Duration)
		if reader.Name != "" {
			c.Title = reader.Name + ": " + c.Title
		}
		p.Circles = append(p.Circles, c)
		fmt.Fprintf(&line, "%s,%s ", c.X, c.Y)
	}
	p.Line = strings.TrimSpace(line.String())
	return p
}

// readerColours is how many readers the page has colours for.
const readerColours = 3

func coordinate(v float64) string { return fmt.Sprintf("%.1f", v) }

// chart is a histogram ready to be drawn.
type chart struct {
	Width, Height int
	// Label says what is drawn to those who do not see it.
	Label string
	Bars  []bar
	// Marks is the thresholds in the range.
	Marks []mark
	Ticks []tick
	// Most is the count of the highest bar.
	Most string
}

// bar stands for a count; Inner for a part of it, with a key of "" where there is none.
type bar struct {
	X, Width, Y, Height  string
	Key, Count, Title    string
	InnerY, InnerHeight  string
	InnerKey, InnerCount string
}

// mark is a threshold; Top is where its line begins.
type mark struct{ X, Top, Class, Key, Value, Text, Anchor string }

// tick is a number on the axis; Less that it is left out where there is little room.
type tick struct {
	X, Text, Anchor string
	Less            bool
}

const (
	chartWidth  = 640
	chartHeight = 200
)

// histogram draws the distribution of the similarities with the thresholds in use and suggested.
func (r *report) histogram() (*chart, error) {
	counts, err := r.counts("histogram.pairs", "")
	if err != nil {
		return nil, err
	}
	least, _, err := r.number("histogram.least")
	if err != nil {
		return nil, err
	}
	most, _, err := r.number("histogram.most")
	if err != nil {
		return nil, err
	}
	c := &chart{Width: chartWidth, Height: chartHeight, Label: fmt.Sprintf("Histogram: similarity of all pairs, from %.3f to %.3f", least, most)}
	c.bars(counts)
	step := (most - least) / float64(max(len(counts), 1))
	for k := range c.Bars {
		b := &c.Bars[k]
		b.Key = fmt.Sprintf("histogram.pairs.%d", k)
		b.Title = fmt.Sprintf("%s pairs from %.3f to %.3f", b.Count, least+float64(k)*step, least+float64(k+1)*step)
		if inner := fmt.Sprintf("histogram.same_label.%d", k); r.has(inner) {
			v, text, err := r.number(inner)
			if err != nil {
				return nil, err
			}
			b.InnerKey, b.InnerCount = inner, text
			b.InnerHeight = coordinate(c.scale(counts) * v)
			b.InnerY = coordinate(chartHeight - c.scale(counts)*v)
			b.Title += fmt.Sprintf(", %s of one label", text)
		}
	}
	for k := range 5 {
		c.Ticks = append(c.Ticks, tick{coordinate(chartWidth * float64(k) / 4), fmt.Sprintf("%.2f", least+(most-least)*float64(k)/4), anchor(float64(k) / 4), k%2 == 1})
	}
	return c, r.marks(c, least, most)
}

// marks draws the thresholds in use and suggested, one above the other.
func (r *report) marks(c *chart, least, most float64) error {
	add := func(key, class, name, top string) error {
		tau, text, err := r.number(key)
		if at := (tau - least) / (most - least); err == nil && at >= 0 && at <= 1 {
			inside := anchor(0.5 + 1.6*(at-0.5)) // the text is long
			c.Marks = append(c.Marks, mark{coordinate(chartWidth * at), top, class, key, text, fmt.Sprintf("%s %.4g", name, tau), inside})
			c.Label += fmt.Sprintf("; %s %.4g", name, tau)
		}
		return err
	}
	if r.text("rule.kind") != "top-k" {
		if err := add("tau", "used", "tau in use", "-8"); err != nil {
			return err
		}
	}
	if path := r.suggested(); path != "" && !r.is(path+".chosen") {
		return add(path+".tau", "suggested", "suggested", "-36")
	}
	return nil
}

// positives draws how many positives the items have.
func (r *report) positives() (*chart, error) {
	counts, err := r.counts("positives_histogram", ".items")
	if err != nil {
		return nil, err
	}
	c := &chart{Width: chartWidth, Height: chartHeight, Label: "Histogram: how many images have how many positives"}
	c.bars(counts)
	for k := range c.Bars {
		b := &c.Bars[k]
		from, first, err := r.number(fmt.Sprintf("positives_histogram.%d.from", k))
		if err != nil {
			return nil, err
		}
		to, last, err := r.number(fmt.Sprintf("positives_histogram.%d.to", k))
		if err != nil {
			return nil, err
		}
		label := first
		if to > from {
			label += "–" + last
		}
		b.Key, b.Title = fmt.Sprintf("positives_histogram.%d.items", k), fmt.Sprintf("%s images with %s positives", b.Count, label)
		if every := max(len(counts)/8, 1); k%every == 0 && k+every/2 < len(counts) {
			at := (float64(k) + 0.5) / float64(len(counts))
			c.Ticks = append(c.Ticks, tick{coordinate(chartWidth * at), label, anchor(at), k/every%3 > 0})
		}
	}
	return c, nil
}

// counts is the numbers of a list, each at its path with a suffix.
func (r *report) counts(path, suffix string) ([]float64, error) {
	var counts []float64
	for _, key := range r.each(path) {
		v, _, err := r.number(key + suffix)
		if err != nil {
			return nil, err
		}
		counts = append(counts, v)
	}
	return counts, nil
}

// scale is the height of a count of one.
func (c *chart) scale(counts []float64) float64 {
	most := 1.0
	for _, n := range counts {
		most = max(most, n)
	}
	return chartHeight / most
}

func (c *chart) bars(counts []float64) {
	scale, width := c.scale(counts), float64(chartWidth)/float64(max(len(counts), 1))
	for k, n := range counts {
		c.Bars = append(c.Bars, bar{X: coordinate(float64(k) * width), Width: coordinate(max(width-1, 0.5)), Y: coordinate(chartHeight - scale*n),
			Height: coordinate(scale * n), Count: fmt.Sprintf("%.0f", n)})
	}
	c.Most = fmt.Sprintf("%.0f", chartHeight/scale)
}

// anchor is where a text stands to its point, so that it stays in the picture.
func anchor(share float64) string {
	switch {
	case share < 0.1:
		return "start"
	case share > 0.9:
		return "end"
	}
	return "middle"
}
