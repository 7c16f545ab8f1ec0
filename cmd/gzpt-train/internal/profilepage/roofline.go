package profilepage

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"gzpt/nn/profile"
)

// The roofline is drawn on logarithmic axes: operations a byte to the right, GFLOP/s upwards.
const (
	chartWidth, chartHeight           = 960.0, 520.0
	left, right, topMargin, lowMargin = 70.0, 20.0, 20.0, 50.0
	leastRadius, mostRadius           = 3.0, 22.0
)

// axis is one of the two, from 10^from to 10^to.
type axis struct {
	from, to float64
	pixels   func(share float64) float64
}

func (a axis) at(v float64) float64 {
	return a.pixels((math.Log10(v) - a.from) / (a.to - a.from))
}

// chart is the drawing of all devices.
type chart struct {
	x, y axis
	out  strings.Builder
}

// roofline draws the roofs of the devices and their groups as circles whose area is the share of the step.
func roofline(r *profile.Report, by profile.Grouping) template.HTML {
	c := newChart(r, by)
	if c == nil {
		return ""
	}
	c.grid()
	for i, s := range r.Devices {
		c.roof(i, s)
		groups := s.By(by)
		slices.Reverse(groups) // the longest on top
		for _, g := range groups {
			c.group(i, s, g)
		}
	}
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %g %g" role="img" aria-label="Roofline: operations a byte against GFLOP/s"><g>%s</g></svg>`,
		chartWidth, chartHeight, c.out.String()))
}

// newChart finds the axes, nil where there is nothing to draw.
func newChart(r *profile.Report, by profile.Grouping) *chart {
	lowX, highX, lowY, highY := math.Inf(1), 0.0, math.Inf(1), 0.0
	for _, s := range r.Devices {
		highY = max(highY, s.Ceilings.Peak)
		if ridge := s.Ceilings.Peak / s.Ceilings.Memory(); ridge > 0 && !math.IsInf(ridge, 0) {
			lowX, highX = min(lowX, ridge), max(highX, ridge)
		}
		for _, g := range s.By(by) {
			if g.Operations > 0 && g.Bytes > 0 && g.Seconds > 0 {
				lowX, highX = min(lowX, g.Intensity()), max(highX, g.Intensity())
				lowY, highY = min(lowY, g.GFLOPs()), max(highY, g.GFLOPs())
			}
		}
	}
	if highY == 0 || highX == 0 || math.IsInf(lowY, 0) {
		return nil
	}
	floor, ceil := func(v float64) float64 { return math.Floor(math.Log10(v)) }, func(v float64) float64 { return math.Ceil(math.Log10(v)) }
	c := &chart{}
	c.x = axis{floor(lowX), max(ceil(highX), floor(lowX)+1), func(share float64) float64 { return left + share*(chartWidth-left-right) }}
	c.y = axis{floor(lowY), max(ceil(highY), floor(lowY)+1), func(share float64) float64 { return chartHeight - lowMargin - share*(chartHeight-topMargin-lowMargin) }}
	return c
}

func (c *chart) printf(format string, a ...any) { fmt.Fprintf(&c.out, format, a...) }

func (c *chart) line(class string, x1, y1, x2, y2 float64) {
	c.printf(`<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

// grid draws a line and a number for each power of ten.
func (c *chart) grid() {
	bottom := chartHeight - lowMargin
	for e := c.x.from; e <= c.x.to; e++ {
		x := c.x.at(math.Pow(10, e))
		c.line("axis", x, topMargin, x, bottom)
		c.printf(`<text x="%.1f" y="%.1f" text-anchor="middle">%g</text>`, x, bottom+18, math.Pow(10, e))
	}
	for e := c.y.from; e <= c.y.to; e++ {
		y := c.y.at(math.Pow(10, e))
		c.line("axis", left, y, chartWidth-right, y)
		c.printf(`<text x="%.1f" y="%.1f" text-anchor="end">%g</text>`, left-6, y+4, math.Pow(10, e))
	}
	c.printf(`<text x="%.1f" y="%.1f" text-anchor="middle">floating-point operations a byte</text>`, (left+chartWidth-right)/2, chartHeight-8)
	c.printf(`<text transform="translate(16 %.1f) rotate(-90)" text-anchor="middle">GFLOP/s</text>`, (topMargin+bottom)/2)
}

// roof draws what the ceilings of a device allow, with the rate of the largest copy.
func (c *chart) roof(i int, s *profile.Step) {
	bandwidth, peak := s.Ceilings.Memory(), s.Ceilings.Peak
	if bandwidth == 0 {
		return
	}
	class := fmt.Sprintf("roof d%d", i%colours)
	if s.Predicted {
		class += " predicted"
	}
	low, high := math.Pow(10, c.x.from), math.Pow(10, c.x.to)
	bottom := math.Pow(10, c.y.from)
	from := max(low, bottom/bandwidth) // where the slope enters the chart
	ridge := high
	if peak > 0 {
		ridge = min(max(peak/bandwidth, low), high)
		c.line(class, c.x.at(ridge), c.y.at(peak), c.x.at(high), c.y.at(peak))
		c.printf(`<text class="d%d" x="%.1f" y="%.1f" text-anchor="end">%s, %s</text>`, i%colours, chartWidth-right-4, c.y.at(peak)-6,
			template.HTMLEscapeString(name(s)), gflops(peak))
	}
	c.line(class, c.x.at(from), c.y.at(min(from*bandwidth, math.Pow(10, c.y.to))), c.x.at(ridge), c.y.at(min(ridge*bandwidth, math.Pow(10, c.y.to))))
}

// group draws a group as a circle; what moves no byte or computes nothing has no place.
func (c *chart) group(i int, s *profile.Step, g profile.Group) {
	if g.Operations == 0 || g.Bytes == 0 || g.Seconds == 0 {
		return
	}
	class := fmt.Sprintf("group d%d", i%colours)
	if s.Predicted {
		class += " predicted"
	}
	c.printf(`<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f"><title>%s</title></circle>`, class, c.x.at(g.Intensity()), c.y.at(g.GFLOPs()),
		max(leastRadius, 2*mostRadius*math.Sqrt(g.Share)), template.HTMLEscapeString(told(s, g)))
}

// told is a group in words.
func told(s *profile.Step, g profile.Group) string {
	return fmt.Sprintf("%s: %s, %s of the step, %s, %.4g GB/s, %s of the roof", name(s), label(g.Key), percent(g.Share), gflops(g.GFLOPs()), g.GBs(), percent(g.OfRoof()))
}
