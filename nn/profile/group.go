package profile

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"gzpt/kernels/trace"
)

// Key is what the calls of a group have in common; what they may differ in is "".
type Key struct {
	Operation string `json:"operation"`
	Shape     string `json:"shape,omitempty"`
	Layer     string `json:"layer,omitempty"`
}

// Group is the calls of a step that have something in common.
type Group struct {
	Key
	// Calls is how many a step has.
	Calls float64 `json:"calls"`
	// Work is that of all calls of a step.
	trace.Work
	// Seconds is the median over the steps of the time of all calls of a step, Share that of the sum over all groups.
	Seconds float64 `json:"seconds"`
	Share   float64 `json:"share"`
	// OfPeak is the rate of operations over the peak, OfCopy the rate of bytes over that of a copy of as many bytes. They are 0
	// where the ceiling is not known.
	OfPeak float64 `json:"of_peak"`
	OfCopy float64 `json:"of_copy"`
	// Limit is what most of a predicted time follows from, "" where it was measured.
	Limit string `json:"limit,omitempty"`
}

// GFLOPs is the rate of operations in GFLOP/s.
func (g Group) GFLOPs() float64 { return rate(g.Operations, g.Seconds) }

// GBs is the rate of bytes in GB/s.
func (g Group) GBs() float64 { return rate(g.Bytes, g.Seconds) }

// OfRoof is the share of the roofline: of the time that the slower of peak and copy would take.
func (g Group) OfRoof() float64 { return max(g.OfPeak, g.OfCopy) }

func rate(amount, seconds float64) float64 {
	if seconds == 0 {
		return 0
	}
	return amount / seconds / 1e9
}

// Grouping says what the rows of a table are.
type Grouping string

// The groupings: the calls of one operation and shape, of one operation and layer, of one operation.
const (
	ByShape     Grouping = "shape"
	ByLayer     Grouping = "layer"
	ByOperation Grouping = "operation"
)

// By is the groups of the step by a grouping, the longest first.
func (s *Step) By(g Grouping) []Group {
	return s.by(func(c trace.Call) Key {
		switch {
		case g == ByOperation:
			return Key{Operation: c.Operation}
		case g == ByLayer && c.Layer != "":
			return Key{Operation: c.Operation, Layer: c.Layer}
		}
		return Key{Operation: c.Operation, Shape: c.Shape}
	})
}

// operations is the sum of the groups in seconds.
func (s *Step) operations() (sum float64) {
	for _, g := range s.Groups {
		sum += g.Seconds
	}
	return sum
}

// Host is what a recorded step takes beyond its operations, in seconds: the host's own work, which no operation is.
func (s *Step) Host() float64 { return max(s.Recorded-s.operations(), 0) }

// by groups the calls. A method may spread its calls over the steps unevenly, so each number is one of a step.
func (s *Step) by(key func(trace.Call) Key) []Group {
	type sums struct {
		Group
		seconds        []float64 // by step
		atPeak, atCopy float64   // seconds of all steps that the ceilings would take
		limits         map[string]float64
	}
	found := map[Key]*sums{}
	for i, calls := range s.Calls {
		for _, c := range calls {
			k := key(c)
			g := found[k]
			if g == nil {
				g = &sums{Group: Group{Key: k}, seconds: make([]float64, len(s.Calls)), limits: map[string]float64{}}
				found[k] = g
			}
			g.Calls++
			g.Work = g.Add(c.Work)
			g.seconds[i] += c.Took.Seconds()
			g.limits[c.Limit] += c.Took.Seconds()
			g.atPeak += seconds(c.Operations, s.Ceilings.Peak)
			g.atCopy += seconds(c.Bytes, s.Ceilings.Bandwidth(c.Bytes))
		}
	}
	steps := float64(len(s.Calls))
	var groups []Group
	var all float64
	for _, g := range found {
		g.Calls, g.Operations, g.Bytes = g.Calls/steps, g.Operations/steps, g.Bytes/steps
		g.Seconds = median(g.seconds)
		if g.Seconds > 0 {
			g.OfPeak, g.OfCopy = g.atPeak/steps/g.Seconds, g.atCopy/steps/g.Seconds
		}
		g.Limit = longest(g.limits)
		all += g.Seconds
		groups = append(groups, g.Group)
	}
	for i := range groups {
		if all > 0 {
			groups[i].Share = groups[i].Seconds / all
		}
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Shape, b.Shape), cmp.Compare(a.Layer, b.Layer))
	})
	return groups
}

// longest is the name of the most seconds.
func longest(seconds map[string]float64) string {
	names := slices.Sorted(maps.Keys(seconds))
	return slices.MaxFunc(names, func(a, b string) int { return cmp.Compare(seconds[a], seconds[b]) })
}

// seconds is how long an amount takes at a rate in 1e9 a second, 0 where no rate is known.
func seconds(amount, rate float64) float64 {
	if rate == 0 {
		return 0
	}
	return amount / rate / 1e9
}

// median is the middle of the values, 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Row is the groups of one key on several devices.
type Row struct {
	Key
	// On is the group on each device, one without calls where the device has none.
	On []Group
}

// Ratio is how many times as long the first device takes as device i, NaN where one of the two has no calls.
func (r Row) Ratio(i int) float64 {
	if r.On[0].Calls == 0 || r.On[i].Seconds == 0 {
		return math.NaN()
	}
	return r.On[0].Seconds / r.On[i].Seconds
}

// Rows puts the groups of several steps side by side, in the order of the first step and then of those that it lacks.
func Rows(steps []*Step, by Grouping) []Row {
	var rows []Row
	place := map[Key]int{}
	for i, s := range steps {
		for _, g := range s.By(by) {
			at, known := place[g.Key]
			if !known {
				at = len(rows)
				place[g.Key] = at
				rows = append(rows, Row{Key: g.Key, On: make([]Group, len(steps))})
			}
			rows[at].On[i] = g
		}
	}
	return rows
}

// Sum is the rows together, under no key.
func Sum(rows []Row) Row {
	sum := Row{On: make([]Group, len(rows[0].On))}
	for i := range sum.On {
		to := &sum.On[i]
		var atPeak, atCopy float64
		for _, r := range rows {
			g := r.On[i]
			to.Calls, to.Work, to.Seconds, to.Share = to.Calls+g.Calls, to.Add(g.Work), to.Seconds+g.Seconds, to.Share+g.Share
			atPeak, atCopy = atPeak+g.OfPeak*g.Seconds, atCopy+g.OfCopy*g.Seconds
		}
		if to.Seconds > 0 {
			to.OfPeak, to.OfCopy = atPeak/to.Seconds, atCopy/to.Seconds
		}
	}
	return sum
}
