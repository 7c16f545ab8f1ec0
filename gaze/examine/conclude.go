package examine

import (
	"fmt"
	"strconv"
)

const conclusionRule = "A signal: the lower end of the 95 % interval of the AUC lies above the mean of permuted gaze plus two of its standard deviations. " +
	"A signal among the nearest: only the precision at 5 lies above that of permuted gaze, by three standard deviations. " +
	"Weak: the precision at 5 goes less than a tenth of the way from that of permuted gaze to 100 %. " +
	"The suggested tau: of those with about one positive an item on average or more, the lowest whose positives share the label at least " +
	"half-way from chance to the best of them; without labels, the one that gives at most 5 positives an item."

// enough is the positives an item, on average, below which a tau is not suggested.
const enough = 0.9

// weakBelow is the part of the way from permuted gaze to perfect neighbours below which a signal is weak.
const weakBelow = 0.1

// Conclude draws the conclusion from the numbers.
func (x *Examination) Conclude() {
	x.Conclusion = Conclusion{Rule: conclusionRule, Verdict: VerdictUnknown}
	switch a := x.Labels; {
	case a == nil:
		x.Conclusion.Signal = "Without labels the question whether this gaze carries a signal for a task stays open."
		x.suggestByNumber()
	case a.Chance == 0 || a.Chance == 1:
		x.Conclusion.Signal = fmt.Sprintf("These labels cannot say whether this gaze carries a signal: of the %d images that have both, %s.",
			a.Items, map[bool]string{true: "all have the same label", false: "no two share a label"}[a.Chance == 1])
		x.suggestByNumber()
	case a.Control == nil:
		x.Conclusion.Signal = fmt.Sprintf("The question whether this gaze carries a signal for the labels stays open: %d images have both, and permuted gaze was not tried.", a.Items)
		x.suggestByNumber()
	default:
		x.judge()
		x.suggest()
	}
}

// judge compares the agreement with the labels with that of permuted gaze.
func (x *Examination) judge() {
	a, c := x.Labels, &x.Conclusion
	near, control := a.Precision[1].Share, a.Control.Precision[1]
	switch {
	case a.AUCLow > a.Control.AUC.Mean+2*a.Control.AUC.SD:
		c.Verdict = VerdictSignal
	case near > control.Mean+3*control.SD:
		c.Verdict = VerdictNear
	default:
		c.Verdict = VerdictNone
	}
	c.Weak = c.Verdict != VerdictNone && near-control.Mean < weakBelow*(1-control.Mean)
	weak := ""
	if c.Weak {
		weak = "weak "
	}
	c.Signal = map[string]string{
		VerdictSignal: "This gaze carries a " + weak + "signal for the labels",
		VerdictNear:   "This gaze carries a " + weak + "signal among the most alike images, not over all pairs",
		VerdictNone:   "No signal of this gaze for the labels is shown",
	}[c.Verdict] + fmt.Sprintf(": the AUC of same label is %.3f (95 %% interval %.3f to %.3f) where permuted gaze gives %.3f ± %.3f, and %.1f %% of the 5 nearest share the label where permuted gaze gives %.1f ± %.1f %%.",
		a.AUC, a.AUCLow, a.AUCHigh, a.Control.AUC.Mean, a.Control.AUC.SD, 100*near, 100*control.Mean, 100*control.SD)
}

// suggestByNumber suggests a tau by the number of positives.
func (x *Examination) suggestByNumber() {
	for t := range x.Candidates {
		if x.Candidates[t].Positives.Mean <= 5 {
			x.take(t)
		}
	}
	if t := x.suggested(); t != nil {
		x.Conclusion.Threshold = fmt.Sprintf("By the number of positives alone: tau %s gives %.1f an image.", tauText(t.Tau), t.Positives.Mean)
	}
}

// suggest chooses a tau by the labels.
func (x *Examination) suggest() {
	best := 0.0
	for _, t := range x.Candidates {
		if t.Positives.Mean >= enough {
			best = max(best, t.Labels)
		}
	}
	if x.Conclusion.Verdict == VerdictNone || best <= x.Labels.Chance {
		x.Conclusion.Threshold = "At no tau is there a reason to expect that the positives help with these labels."
		return
	}
	for t, c := range x.Candidates {
		if c.Positives.Mean >= enough && c.Labels >= (x.Labels.Chance+best)/2 {
			x.take(t)
		}
	}
	if t := x.suggested(); t != nil {
		x.Conclusion.Threshold = fmt.Sprintf("Use tau %s: %.1f positives an image, of which %.1f %% share the label (chance %.1f %%).",
			tauText(t.Tau), t.Positives.Mean, 100*t.Labels, 100*x.Labels.Chance)
	}
}

// tauText is the shortest text with the effect of a threshold.
func tauText(tau float64) string { return strconv.FormatFloat(tau, 'g', -1, 32) }

// take suggests a candidate in place of any before.
func (x *Examination) take(t int) {
	for k := range x.Candidates {
		x.Candidates[k].Suggested = k == t
	}
	x.Conclusion.Tau = x.Candidates[t].Tau
}

func (x *Examination) suggested() *Candidate {
	for t := range x.Candidates {
		if x.Candidates[t].Suggested {
			return &x.Candidates[t]
		}
	}
	return nil
}
