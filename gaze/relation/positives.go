package relation

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Rule turns a relation into weights of pairs: which images count as alike in training, and how much.
//
// For two different items i and j with gaze that Patients allows, with R the relation:
//
//	threshold:  w = 1 if R_ij > Tau, otherwise 0
//	quantile:   the same with Tau the quantile of R over all pairs
//	soft:       w = (R_ij - Tau) / (Full - Tau), not below 0 and not above 1
//	top-k:      w = 1 if j is among the K items that are most like i, or i among the K of j; with Mutual: and; otherwise 0
type Rule struct {
	// Kind is one of RuleKinds, "" the first.
	Kind string  `json:"kind"`
	Tau  float64 `json:"tau"`
	// PerItem, if more than 0, chooses the Tau of threshold and soft: the smallest at which the items with gaze have at
	// most this many positives on average.
	PerItem float64 `json:"per_item,omitempty"`
	// Full is the similarity from which the weight of soft is 1.
	Full float64 `json:"full,omitempty"`
	// K is how many items top-k takes; those of equal similarity in the order of their index.
	K      int  `json:"k,omitempty"`
	Mutual bool `json:"mutual,omitempty"`
	// Quantile is from 0 to 1: 0.99 makes a hundredth of all pairs positives.
	Quantile float64 `json:"quantile,omitempty"`
	// Patients is one of PatientRules, "" the first: what two images of one group have to do with each other. An item
	// without a group ("") is of a patient that nobody else is.
	Patients string `json:"patients"`
}

// RuleKinds is the kinds of rules.
func RuleKinds() []string { return []string{"threshold", "top-k", "quantile", "soft"} }

// PatientRules is what a rule may say of patients: any joins all pairs, apart never two images of one patient, within
// only those.
func PatientRules() []string { return []string{"any", "apart", "within"} }

// Check says what is wrong with a rule.
func (r Rule) Check() error {
	kind := cmp.Or(r.Kind, "threshold")
	switch {
	case !slices.Contains(RuleKinds(), kind):
		return fmt.Errorf("rule %q, expected one of %v", r.Kind, RuleKinds())
	case !slices.Contains(PatientRules(), cmp.Or(r.Patients, "any")):
		return fmt.Errorf("patients %q, expected one of %v", r.Patients, PatientRules())
	case kind == "top-k" && r.K < 1:
		return fmt.Errorf("top-k takes the %d most alike items, expected at least 1", r.K)
	case kind == "quantile" && !(r.Quantile >= 0 && r.Quantile <= 1):
		return fmt.Errorf("quantile %g, expected 0 to 1", r.Quantile)
	case kind == "soft" && r.PerItem == 0 && !(r.Full > r.Tau):
		return fmt.Errorf("soft weights that rise from similarity %g to %g, expected the second to be larger", r.Tau, r.Full)
	case r.Mutual && kind != "top-k":
		return fmt.Errorf("mutual is for top-k: the rule %s is the same for both items of a pair", kind)
	case math.IsNaN(r.Tau) || math.IsNaN(r.Full) || !(r.PerItem >= 0):
		return fmt.Errorf("tau %g, full %g, %g positives an item: expected numbers, the last not below 0", r.Tau, r.Full, r.PerItem)
	}
	return nil
}

// Positives is a rule applied to a relation. Its memory is proportional to the number of items.
type Positives struct {
	relation  *Relation
	rule      Rule
	tau, full float32
	patients  []int32   // group of each item, -1 for none; nil where the rule does not ask
	part      []bool    // of top-k: who takes part
	last      []Partner // of top-k: the last one that each item takes
}

// Partner is an item with its similarity to another, in the order in which top-k takes them.
type Partner struct {
	Value float32
	Index int
}

// before reports whether top-k takes p before q.
func (p Partner) before(q Partner) bool {
	return p.Value > q.Value || p.Value == q.Value && p.Index < q.Index
}

// Positives applies a rule, which must pass its Check. groups names each item's patient; nil where nobody knows. top-k
// counts the partners among the given items alone, and joins no others: those that a run trains on; nil for all. The
// thresholds come from all items.
func (r *Relation) Positives(rule Rule, groups []string, among []int) *Positives {
	if err := rule.Check(); err != nil {
		panic("relation: Positives: a rule that does not pass its check: " + err.Error())
	}
	if groups != nil && len(groups) != r.N {
		panic("relation: Positives: one group per item")
	}
	p := &Positives{relation: r, rule: rule}
	p.rule.Kind, p.rule.Patients = cmp.Or(rule.Kind, "threshold"), cmp.Or(rule.Patients, "any")
	if p.rule.Patients != "any" {
		if groups == nil {
			groups = make([]string, r.N)
		}
		p.patients = Numbered(groups)
	}
	switch p.rule.Kind {
	case "top-k":
		p.take(among)
	case "quantile":
		p.rule.Tau = p.Pairs().Quantiles([]float64{rule.Quantile})[0]
	default:
		if rule.PerItem > 0 {
			p.rule.Tau = p.Pairs().tauForPositives(rule.PerItem)
		}
	}
	p.tau, p.full = float32(p.rule.Tau), float32(p.rule.Full)
	return p
}

// Numbered replaces words by numbers, the empty one by -1.
func Numbered(words []string) []int32 {
	numbers, known := make([]int32, len(words)), map[string]int32{}
	for i, w := range words {
		n, ok := known[w]
		switch {
		case w == "":
			n = -1
		case !ok:
			n = int32(len(known))
			known[w] = n
		}
		numbers[i] = n
	}
	return numbers
}

// Relation is what the rule is applied to.
func (p *Positives) Relation() *Relation { return p.relation }

// Rule is the rule with what it left to the relation filled in: Tau.
func (p *Positives) Rule() Rule { return p.rule }

// counted reports whether an item can have positives: it has gaze, and takes part in a top-k.
func (p *Positives) counted(i int) bool {
	return p.relation.HasGaze[i] && (p.part == nil || p.part[i])
}

// allowed reports whether two different items can be positives at all.
func (p *Positives) allowed(i, j int) bool {
	if !p.relation.HasGaze[i] || !p.relation.HasGaze[j] {
		return false
	}
	switch p.rule.Patients {
	case "apart":
		return p.patients[i] < 0 || p.patients[i] != p.patients[j]
	case "within":
		return p.patients[i] >= 0 && p.patients[i] == p.patients[j]
	}
	return true
}

// Pairs is the pairs that can be positives, as the rule has it of patients.
func (p *Positives) Pairs() Pairs {
	if p.rule.Patients == "any" {
		return p.relation.Pairs()
	}
	return Pairs{p.relation, p.allowed}
}

// Weight is how much items i and j count as alike, 0 to 1: symmetric, and 1 for an item with itself.
func (p *Positives) Weight(i, j int) float32 {
	if i == j {
		return 1
	}
	if !p.allowed(i, j) {
		return 0
	}
	v := p.relation.At(i, j)
	switch p.rule.Kind {
	case "top-k":
		one, other := p.takes(i, j, v), p.takes(j, i, v)
		if one && other || !p.rule.Mutual && (one || other) {
			return 1
		}
		return 0
	case "soft":
		return min(max((v-p.tau)/(p.full-p.tau), 0), 1)
	}
	if v > p.tau {
		return 1
	}
	return 0
}

// takes reports whether top-k of item i takes item j, whose similarity is v.
func (p *Positives) takes(i, j int, v float32) bool {
	last := p.last[i]
	return last.Index >= 0 && p.last[j].Index >= 0 && !last.before(Partner{v, j})
}

// take finds the last partner that top-k takes of each item.
func (p *Positives) take(among []int) {
	n := p.relation.N
	p.part, p.last = make([]bool, n), make([]Partner, n)
	for i := range p.last {
		p.last[i].Index = -1 // takes none
	}
	if among == nil {
		among = make([]int, n)
		for i := range among {
			among[i] = i
		}
	}
	for _, i := range among {
		p.part[i] = true
	}
	best := make([]Partner, 0, min(p.rule.K, n)+1)
	for _, i := range among {
		best = best[:0]
		for _, j := range among {
			if i == j || !p.allowed(i, j) {
				continue
			}
			best = Nearest(best, Partner{p.relation.At(i, j), j}, p.rule.K)
		}
		if len(best) > 0 {
			p.last[i] = best[len(best)-1]
		}
	}
}

// Nearest puts a partner into the first k, which are in order.
func Nearest(best []Partner, p Partner, k int) []Partner {
	if len(best) == k && !p.before(best[k-1]) {
		return best
	}
	at, _ := slices.BinarySearchFunc(best, p, func(q, p Partner) int {
		if q.before(p) {
			return -1
		}
		return 1
	})
	best = slices.Insert(best, at, p)
	return best[:min(len(best), k)]
}
