package fixations

import "math"

func init() {
	registerDetector(Detector{
		Name:  "ihmm",
		About: "the likeliest sequence of fixations and saccades under a model of their speeds, fitted to the recording (I-HMM)",
		Parameters: []Parameter{
			{Name: "velocity", Default: "20", About: "speed in degrees per second that parts fixations and saccades before the model is fitted", Least: 1e-3, Most: 1000},
			{Name: "stay", Default: "0.95", About: "probability that the next sample is of the same kind, before the model is fitted", Least: 0.5, Most: 0.999999},
			{Name: "iterations", Default: "100", About: "most rounds of fitting the model (Baum-Welch); 0 keeps it as it begins", Least: 0, Most: 10000, Whole: true},
			durationParameter("0.1"),
			windowParameter(),
			gapParameter,
		},
		degrees: true,
		find:    findByModel,
	})
}

// findByModel is identification by a hidden Markov model of two states, I-HMM (Salvucci & Goldberg, ETRA 2000, section 3.2):
// the speed of the eye is normally distributed, in a fixation about a low mean, in a saccade about a high one, and from one
// sample to the next the state stays or changes with a probability. The distributions begin as those of the samples slower
// and faster than the parameter velocity and the probabilities as stay; then Baum and Welch's algorithm fits all of them
// to the recording until the likelihood of its speeds grows by less than 1e-4, and Viterbi's finds the likeliest states
// (both as in Rabiner, Proceedings of the IEEE 1989). Runs of the slow state that last are fixations, those of the other
// saccades. What lies between two gaps is a sequence of its own.
//
// A recording with no fast sample, or no slow one, has nothing to fit a state to and is divided at the parameter velocity,
// as is one in which fitting leaves the slow state without a lower mean.
func findByModel(t *trace, s settings) ([]stretch, error) {
	speeds := t.speeds(s.Number("window"))
	velocity, duration := s.Number("velocity"), s.Number("duration")
	m, ok := newModel(speeds, velocity, s.Number("stay"))
	if ok {
		ok = m.fit(t.parts, speeds, int(s.Number("iterations")))
	}
	if !ok {
		return t.bySpeed(asFastAs(velocity, speeds), duration), nil
	}
	states := make([]uint8, len(speeds))
	for _, p := range t.parts {
		m.decode(speeds[p.first:p.end], states[p.first:p.end])
	}
	return t.bySpeed(func(k int) bool { return states[k] == 1 }, duration), nil
}

// model is a hidden Markov model with the states 0, slow, and 1, fast.
type model struct {
	start      [2]float64
	change     [2][2]float64 // change[i][j] is the probability of j after i
	mean, sd   [2]float64
	likelihood float64 // logarithm of that of the speeds, before the last round of fitting
}

// leastSD keeps a state of equal speeds from a likelihood without bound, in degrees per second.
const leastSD = 0.01

// newModel is the model of the samples slower and not slower than a speed; false where there are none of either.
func newModel(speeds []float64, velocity, stay float64) (model, bool) {
	m := model{start: [2]float64{0.5, 0.5}, change: [2][2]float64{{stay, 1 - stay}, {1 - stay, stay}}, likelihood: math.Inf(-1)}
	var sum, squares, count [2]float64
	side := func(v float64) int {
		if v >= velocity*(1-slack) {
			return 1
		}
		return 0
	}
	for _, v := range speeds {
		sum[side(v)] += v
		count[side(v)]++
	}
	if count[0] == 0 || count[1] == 0 {
		return m, false
	}
	for i := range m.mean {
		m.mean[i] = sum[i] / count[i]
	}
	for _, v := range speeds {
		d := v - m.mean[side(v)]
		squares[side(v)] += d * d
	}
	for i := range m.sd {
		m.sd[i] = math.Max(math.Sqrt(squares[i]/count[i]), leastSD)
	}
	return m, true
}

// logDensity is the logarithm of the density of a speed in both states.
func (m *model) logDensity(v float64) (d [2]float64) {
	for i := range d {
		z := (v - m.mean[i]) / m.sd[i]
		d[i] = -z*z/2 - math.Log(m.sd[i]) - math.Log(2*math.Pi)/2
	}
	return d
}

const (
	// leastDensity is the least that a density counts for beside that of the other state, and leastChance the least
	// probability: a state is never impossible, or one odd sample would leave no way at all.
	leastDensity = 1e-200
	leastChance  = 1e-12
)

// expected are the sums over all samples that a round of fitting needs, each weighted by the probability of the states.
type expected struct {
	start         [2]float64
	change        [2][2]float64
	weight, sum   [2]float64
	squares       [2]float64
	logLikelihood float64
}

// fit changes the model to fit the speeds. It reports whether the slow state still has the lower mean.
func (m *model) fit(parts []part, speeds []float64, iterations int) bool {
	for range iterations {
		var e expected
		for _, p := range parts {
			m.expect(&e, speeds[p.first:p.end])
		}
		if e.logLikelihood-m.likelihood < 1e-4 {
			break
		}
		next := *m
		next.likelihood = e.logLikelihood
		for i := range 2 {
			from := e.change[i][0] + e.change[i][1]
			if e.weight[i] < 1e-6 || from < 1e-6 {
				return false // nothing is in this state any more
			}
			next.start[i] = max(e.start[i]/(e.start[0]+e.start[1]), leastChance)
			for j := range 2 {
				next.change[i][j] = max(e.change[i][j]/from, leastChance)
			}
			d := e.sum[i] / e.weight[i] // from the mean before
			next.mean[i] = m.mean[i] + d
			next.sd[i] = math.Max(math.Sqrt(math.Max(e.squares[i]/e.weight[i]-d*d, 0)), leastSD)
		}
		*m = next
	}
	return m.mean[0] < m.mean[1]
}

// expect adds what a sequence of speeds contributes: the forward and the backward pass, scaled at every sample.
func (m *model) expect(e *expected, speeds []float64) {
	n := len(speeds)
	forward, density, norm := make([][2]float64, n), make([][2]float64, n), make([]float64, n)
	before := m.start
	for k, v := range speeds {
		d := m.logDensity(v)
		scale := max(d[0], d[1])
		density[k] = [2]float64{max(math.Exp(d[0]-scale), leastDensity), max(math.Exp(d[1]-scale), leastDensity)}
		a := [2]float64{before[0] * density[k][0], before[1] * density[k][1]}
		norm[k] = a[0] + a[1]
		forward[k] = [2]float64{a[0] / norm[k], a[1] / norm[k]}
		e.logLikelihood += math.Log(norm[k]) + scale
		for j := range before {
			before[j] = forward[k][0]*m.change[0][j] + forward[k][1]*m.change[1][j]
		}
	}
	backward := [2]float64{1, 1}
	for k := n - 1; k >= 0; k-- {
		for i := range 2 {
			w := forward[k][i] * backward[i]
			d := speeds[k] - m.mean[i]
			e.weight[i] += w
			e.sum[i] += w * d
			e.squares[i] += w * d * d
			if k == 0 {
				e.start[i] += w
			}
		}
		if k == 0 {
			return
		}
		var earlier [2]float64
		for i := range 2 {
			for j := range 2 {
				p := m.change[i][j] * density[k][j] * backward[j] / norm[k]
				e.change[i][j] += forward[k-1][i] * p
				earlier[i] += p
			}
		}
		backward = earlier
	}
}

// decode finds the likeliest states of a sequence of speeds.
func (m *model) decode(speeds []float64, states []uint8) {
	came := make([][2]uint8, len(speeds)) // the state before, on the likeliest way to a state
	var best [2]float64
	for k, v := range speeds {
		d := m.logDensity(v)
		if k == 0 {
			best = [2]float64{math.Log(m.start[0]) + d[0], math.Log(m.start[1]) + d[1]}
			continue
		}
		var now [2]float64
		for j := range 2 {
			stay, change := best[j]+math.Log(m.change[j][j]), best[1-j]+math.Log(m.change[1-j][j])
			came[k][j] = uint8(j)
			if change > stay {
				came[k][j], stay = uint8(1-j), change
			}
			now[j] = stay + d[j]
		}
		best = now
	}
	state := uint8(0)
	if best[1] > best[0] {
		state = 1
	}
	for k := len(speeds) - 1; k >= 0; k-- {
		states[k] = state
		state = came[k][state]
	}
}
