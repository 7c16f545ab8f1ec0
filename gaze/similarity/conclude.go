package similarity

import "fmt"

// Conclusion answers in a sentence whether gaze carries a signal for the labels, and which tau to use.
type Conclusion struct {
	// Verdict is one of the Verdict constants.
	Verdict string `json:"verdict"`
	// Signal and Threshold are the sentences, Rule how they follow from the numbers.
	Signal    string `json:"signal"`
	Threshold string `json:"threshold"`
	Rule      string `json:"rule"`
	// Tau is the suggested threshold, where Threshold names one.
	Tau float64 `json:"tau"`
}

const (
	// VerdictSignal: the lower end of the interval of the AUC lies above what permuted gaze gives.
	VerdictSignal = "signal"
	// VerdictNear: only the precision of the nearest items does.
	VerdictNear = "signal among the nearest"
	// VerdictNone: neither does.
	VerdictNone = "no signal shown"
	// VerdictUnknown: there are no labels to compare with.
	VerdictUnknown = "unknown"
)

const conclusionRule = "A signal: the lower end of the 95 % interval of the AUC lies above the mean of permuted gaze plus two of its standard deviations. " +
	"A signal among the nearest: only the precision at 5 lies above that of permuted gaze, by three standard deviations. " +
	"The suggested tau: of those with a positive an item or more on average, the lowest whose positives share the label at least " +
	"half-way from chance to the best of them; without labels, the one that gives at most 5 positives an item."

// Conclude draws the conclusion from the numbers.
func (x *Examination) Conclude() {
	x.Conclusion = Conclusion{Rule: conclusionRule}
	c := &x.Conclusion
	a := x.Labels
	if a == nil || a.Control == nil {
		c.Verdict, c.Signal = VerdictUnknown, "Without labels the question whether this gaze carries a signal for a task stays open."
		x.withoutLabels()
		return
	}
	chance := a.Control.AUC.Mean + 2*a.Control.AUC.SD
	near, control := a.Precision[1].Share, a.Control.Precision[1]
	figures := fmt.Sprintf("the AUC of same label is %.3f (95 %% interval %.3f to %.3f) where permuted gaze gives %.3f ± %.3f, and %.1f %% of the 5 nearest share the label where permuted gaze gives %.1f ± %.1f %%",
		a.AUC, a.AUCLow, a.AUCHigh, a.Control.AUC.Mean, a.Control.AUC.SD, 100*near, 100*control.Mean, 100*control.SD)
	switch {
	case a.AUCLow > chance:
		c.Verdict, c.Signal = VerdictSignal, "This gaze carries a signal for the labels: "+figures+"."
	case near > control.Mean+3*control.SD:
		c.Verdict, c.Signal = VerdictNear, "This gaze carries a signal among the most alike images, not over all pairs: "+figures+"."
	default:
		c.Verdict, c.Signal = VerdictNone, "No signal of this gaze for the labels is shown: "+figures+"."
	}
	x.suggest()
}

// withoutLabels suggests a tau by the number of positives.
func (x *Examination) withoutLabels() {
	for t := range x.Candidates {
		if x.Candidates[t].Positives.Mean <= 5 {
			x.take(t)
		}
	}
	if t := x.suggested(); t != nil {
		x.Conclusion.Threshold = fmt.Sprintf("By the number of positives alone: tau %.4g gives %.1f an image.", t.Tau, t.Positives.Mean)
	}
}

// suggest chooses a tau by the labels.
func (x *Examination) suggest() {
	best := 0.0
	for _, t := range x.Candidates {
		if t.Positives.Mean >= 1 {
			best = max(best, t.Labels)
		}
	}
	if x.Conclusion.Verdict == VerdictNone || best <= x.Labels.Chance {
		x.Conclusion.Threshold = "At no tau is there a reason to expect that the positives help with these labels."
		return
	}
	for t, c := range x.Candidates {
		if c.Positives.Mean >= 1 && c.Labels >= (x.Labels.Chance+best)/2 {
			x.take(t)
		}
	}
	if t := x.suggested(); t != nil {
		x.Conclusion.Threshold = fmt.Sprintf("Use tau %.4g: %.1f positives an image, of which %.1f %% share the label (chance %.1f %%).",
			t.Tau, t.Positives.Mean, 100*t.Labels, 100*x.Labels.Chance)
	}
}

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
