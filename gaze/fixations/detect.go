// Package fixations finds the fixations in the samples of an eye tracker.
//
// A detector is chosen by a text, "idt" or "idt:dispersion=1.5,duration=0.08"; [Detectors] lists them. What they share:
//
//   - Parameters are seconds, degrees of visual angle and degrees per second. Degrees come from the pixels in a degree that
//     a recording or, under zoom, a sample has; a detector that needs them refuses a recording without. The detector
//     released needs none.
//   - A lost sample is never a position. Where the time between two valid samples is longer than the parameter gap, a
//     fixation ends; a shorter one may bridge it. The default, 75 ms, is the longest gap that Tobii's filter fills in
//     (Olsen, The Tobii I-VT Fixation Filter, 2012).
//   - The times between samples may differ. A sample stands for the time up to the next one, at most the median step, so
//     that a fixation of n even samples lasts n steps and fixations never overlap.
//   - What is just a threshold, as with whole pixels and even steps much is, is decided as for decimals: rounding has no say, nor
//     has the time or the place that a recording counts from.
//   - The position of a fixation is the mean of its samples, weighted by the time that each stands for.
package fixations

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/gaze/internal/parallel"
	"gzpt/gaze/internal/spec"
)

// Detector is one definition of what a fixation is.
type Detector struct {
	Name string
	// About says in a line what makes a fixation.
	About      string
	Parameters []Parameter

	// degrees says that the parameters are degrees: the resolution must be known.
	degrees bool
	// find is the events in a trace, in the order of time; samples that belong to none are unclassified. nil for auto.
	find func(t *trace, s settings) ([]stretch, error)
	// choose is the text of another detector, the one that fits a recording; nil for all but auto.
	choose func(r gaze.Recording) string
}

// Parameter is a setting of a detector: a number, or where Choices are given one of these words.
type Parameter = spec.Parameter

// settings is a detector's parameters by name.
type settings = spec.Settings

// gapParameter is a parameter of every detector.
var gapParameter = Parameter{Name: "gap", Default: "0.075", About: "longest time in seconds without a valid sample within a fixation", Least: 0, Most: 1}

func durationParameter(standard string) Parameter {
	return Parameter{Name: "duration", Default: standard, About: "shortest fixation in seconds", Least: 0, Most: 10}
}

var detectors []Detector

func registerDetector(d Detector) {
	detectors = append(detectors, d)
	slices.SortFunc(detectors, func(a, b Detector) int { return strings.Compare(a.Name, b.Name) })
}

// Detectors is all detectors, sorted by name.
func Detectors() []Detector { return slices.Clone(detectors) }

func (d Detector) choice() spec.Choice { return spec.Choice{Name: d.Name, Parameters: d.Parameters} }

// parseDetector reads "name" or "name:parameter=value,parameter=value".
func parseDetector(text string) (Detector, settings, error) {
	choices := make([]spec.Choice, len(detectors))
	for i, d := range detectors {
		choices[i] = d.choice()
	}
	i, s, err := spec.Parse("fixation detector", text, choices)
	if err != nil {
		return Detector{}, nil, err
	}
	return detectors[i], s, nil
}

// ResolveDetector checks the text of a detector and writes out every parameter, for a run's record: "idt" gives
// "idt:dispersion=1,duration=0.1,gap=0.075".
func ResolveDetector(text string) (string, error) {
	d, s, err := parseDetector(text)
	if err != nil {
		return "", err
	}
	return d.choice().Text(s), nil
}

// Report says what was detected by what.
type Report struct {
	// Used counts the recordings by the detector that they were given to, every parameter written out. There may be
	// several under auto.
	Used map[string]int
	// Kept counts the recordings without samples, which stay as they are.
	Kept int
	// Dropped counts the fixations that lie outside their frame, which are left out.
	Dropped gaze.Dropped
}

func (r *Report) add(other Report) {
	for text, n := range other.Used {
		if r.Used == nil {
			r.Used = map[string]int{}
		}
		r.Used[text] += n
	}
	r.Kept += other.Kept
	r.Dropped.Add(other.Dropped)
}

// Detect is the recording with the fixations of its samples in place of those that it had. The samples stay. A recording
// without samples is returned as it is, and one whose samples are all lost has no fixations. Fixations outside the frame
// are dropped, where the frame is known.
func Detect(r gaze.Recording, detector string) (gaze.Recording, Report, error) {
	d, s, err := parseDetector(detector)
	if err != nil {
		return gaze.Recording{}, Report{}, err
	}
	return detect(r, d, s)
}

func detect(r gaze.Recording, d Detector, s settings) (gaze.Recording, Report, error) {
	if len(r.Samples) == 0 {
		return r, Report{Kept: 1}, nil
	}
	t, stretches, used, err := find(r, d, s)
	if err != nil {
		return gaze.Recording{}, Report{}, err
	}
	r.Fixations = nil
	for _, f := range stretches {
		if f.event == Fixation {
			r.Fixations = append(r.Fixations, t.fixation(f))
		}
	}
	report := Report{Used: map[string]int{used: 1}}
	if r.Width > 0 && r.Height > 0 {
		report.Dropped.Outside = r.Clip()
	}
	return r, report, nil
}

// DetectAll is [Detect] for the recordings of all items, on all cores.
func DetectAll(items [][]gaze.Recording, detector string) ([][]gaze.Recording, Report, error) {
	d, s, err := parseDetector(detector)
	if err != nil {
		return nil, Report{}, err
	}
	out := make([][]gaze.Recording, len(items))
	reports, errs := make([]Report, len(items)), make([]error, len(items))
	parallel.Each(context.Background(), len(items), func() func(int) {
		return func(i int) {
			for _, r := range items[i] {
				detected, report, err := detect(r, d, s)
				if err != nil {
					errs[i] = err
					break
				}
				out[i] = append(out[i], detected)
				reports[i].add(report)
			}
		}
	})
	var all Report
	for i, report := range reports {
		if errs[i] != nil { // the first in the order of the items, whoever came to it first
			return nil, Report{}, errs[i]
		}
		all.add(report)
	}
	return out, all, nil
}

// Events is what the eye does at each sample of a recording.
func Events(r gaze.Recording, detector string) ([]Event, error) {
	d, s, err := parseDetector(detector)
	if err != nil {
		return nil, err
	}
	t, stretches, _, err := find(r, d, s)
	if err != nil {
		return nil, err
	}
	events := make([]Event, len(r.Samples))
	for _, i := range t.sample {
		events[i] = Unclassified
	}
	for _, f := range stretches {
		for _, i := range t.sample[f.first:f.end] {
			events[i] = f.event
		}
	}
	return events, nil
}

// find gives a recording to a detector, and says to which.
func find(r gaze.Recording, d Detector, s settings) (t *trace, stretches []stretch, used string, err error) {
	if d.choose != nil {
		if d, s, err = parseDetector(d.choose(r)); err != nil {
			return nil, nil, "", err
		}
	}
	if t, err = newTrace(r, s.Number("gap")); err == nil && d.degrees && !t.degrees {
		err = fmt.Errorf("the pixels in a degree of visual angle are not known, expected them for detector %s; detector released needs none", d.Name)
	}
	if err == nil {
		stretches, err = d.find(t, s)
	}
	if err != nil {
		reason := fmt.Sprintf("image %q, reader %q: %v", r.Image, r.Reader, err)
		return nil, nil, "", gaze.Problem{File: r.File, Line: r.Line, Reason: reason}
	}
	return t, stretches, d.choice().Text(s), nil
}
