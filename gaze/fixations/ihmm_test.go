package fixations

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gzpt/gaze"
)

// known is a model with states that overlap.
func known() model {
	return model{start: [2]float64{.7, .3}, change: [2][2]float64{{.9, .1}, {.2, .8}}, mean: [2]float64{5, 40}, sd: [2]float64{4, 30}}
}

// draw makes a sequence of speeds, and its states.
func (m model) draw(g *rand.Rand, n int) (speeds []float64, states []uint8) {
	chance := m.start
	for range n {
		state := uint8(0)
		if g.Float64() >= chance[0] {
			state = 1
		}
		speeds, states = append(speeds, m.mean[state]+m.sd[state]*g.NormFloat64()), append(states, state)
		chance = m.change[state]
	}
	return speeds, states
}

// joint is the logarithm of the probability of states and speeds together: the definition of the model.
func (m model) joint(speeds []float64, states []uint8) float64 {
	sum := math.Log(m.start[states[0]])
	for k, v := range speeds {
		i := states[k]
		if k > 0 {
			sum += math.Log(m.change[states[k-1]][i])
		}
		z := (v - m.mean[i]) / m.sd[i]
		sum += math.Log(math.Exp(-z*z/2) / m.sd[i] / math.Sqrt(2*math.Pi))
	}
	return sum
}

// eachPath calls do with every sequence of n states.
func eachPath(n int, do func(states []uint8)) {
	states := make([]uint8, n)
	for bits := range 1 << n {
		for k := range states {
			states[k] = uint8(bits >> k & 1)
		}
		do(states)
	}
}

// Viterbi's sequence is the likeliest of all sequences.
func TestDecodeByAllPaths(t *testing.T) {
	g, m := rand.New(rand.NewPCG(6, 6)), known()
	for range 60 {
		speeds, _ := m.draw(g, 1+g.IntN(9))
		best, want := math.Inf(-1), []uint8(nil)
		eachPath(len(speeds), func(states []uint8) {
			if p := m.joint(speeds, states); p > best {
				best, want = p, slices.Clone(states)
			}
		})
		got := make([]uint8, len(speeds))
		m.decode(speeds, got)
		if !slices.Equal(got, want) {
			t.Fatalf("%v: %v, want %v", speeds, got, want)
		}
	}
}

// The sums that a round of fitting is made of are those over all sequences, each weighted by its probability.
func TestExpectByAllPaths(t *testing.T) {
	g, m := rand.New(rand.NewPCG(8, 8)), known()
	for range 30 {
		speeds, _ := m.draw(g, 1+g.IntN(8))
		total := 0.0
		eachPath(len(speeds), func(states []uint8) { total += math.Exp(m.joint(speeds, states)) })
		var want, got expected
		eachPath(len(speeds), func(states []uint8) {
			p := math.Exp(m.joint(speeds, states)) / total
			want.start[states[0]] += p
			for k, v := range speeds {
				i := states[k]
				d := v - m.mean[i]
				want.weight[i], want.sum[i], want.squares[i] = want.weight[i]+p, want.sum[i]+p*d, want.squares[i]+p*d*d
				if k > 0 {
					want.change[states[k-1]][i] += p
				}
			}
		})
		m.expect(&got, speeds)
		same := within(got.logLikelihood, math.Log(total), 1e-9)
		for i := range 2 {
			same = same && within(got.start[i], want.start[i], 1e-9) && within(got.weight[i], want.weight[i], 1e-9) &&
				within(got.sum[i], want.sum[i], 1e-7) && within(got.squares[i], want.squares[i], 1e-5)
			for j := range 2 {
				same = same && within(got.change[i][j], want.change[i][j], 1e-9)
			}
		}
		if !same {
			t.Fatalf("%+v, want %+v, log-likelihood %g", got, want, math.Log(total))
		}
	}
}

// Fitting finds the model that the speeds were drawn from, each round at least as likely as the one before.
func TestFit(t *testing.T) {
	g, truth := rand.New(rand.NewPCG(10, 10)), known()
	var speeds []float64
	var states []uint8
	var parts []part
	for range 20 {
		s, u := truth.draw(g, 1000)
		parts = append(parts, part{len(speeds), len(speeds) + len(s)})
		speeds, states = append(speeds, s...), append(states, u...)
	}
	m, ok := newModel(speeds, 20, .95)
	if !ok {
		t.Fatal("no model")
	}
	for before := math.Inf(-1); ; {
		round := m
		if !round.fit(parts, speeds, 1) {
			t.Fatal("the states have changed places")
		}
		if round.likelihood < before-1e-6 {
			t.Fatalf("the likelihood falls from %g to %g", before, round.likelihood)
		}
		if round == m {
			break
		}
		m, before = round, round.likelihood
	}
	for i := range 2 {
		if !within(m.mean[i], truth.mean[i], .03*truth.mean[i]) || !within(m.sd[i], truth.sd[i], .03*truth.sd[i]) || !within(m.change[i][i], truth.change[i][i], .01) {
			t.Errorf("state %d: %+v, want %+v", i, m, truth)
		}
	}
	got, wrong := make([]uint8, len(states)), 0
	for _, p := range parts {
		m.decode(speeds[p.first:p.end], got[p.first:p.end])
	}
	for k := range got {
		if got[k] != states[k] {
			wrong++
		}
	}
	if share := float64(wrong) / float64(len(got)); share > .06 {
		t.Errorf("%.3f of the states are wrong", share)
	}
}

// A recording with one kind of movement is divided at the parameter velocity, and one sample out of the ordinary is no
// reason to fail.
func TestModelsOfOneKind(t *testing.T) {
	rest := synthetic(500, 1, 0, still{300, 300, 0})
	if got := detected(t, rest, "ihmm"); len(got) != 1 || !within(got[0].Duration, 1, 1e-9) {
		t.Errorf("at rest: %+v", got)
	}
	flying := gaze.Recording{Width: 1e6, Height: 100, Resolution: gaze.Resolution{X: 10, Y: 10}}
	for k := range 500 {
		flying.Samples = append(flying.Samples, gaze.Sample{X: float64(k), Y: 5, Time: float64(k) / 500}) // 50 degrees per second
	}
	if events, err := Events(flying, "ihmm"); err != nil || slices.Contains(events, Fixation) {
		t.Errorf("in flight: %v, %v", events, err)
	}
	odd := rest
	odd.Samples = slices.Clone(rest.Samples)
	odd.Samples[250].X = 1e9
	if got := detected(t, odd, "ihmm"); len(got) != 2 {
		t.Errorf("one odd sample: %+v", got)
	}
	if got := detected(t, odd, "ihmm:iterations=0"); len(got) != 2 {
		t.Errorf("one odd sample, not fitted: %+v", got)
	}
}
