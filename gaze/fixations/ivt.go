package fixations

func init() {
	registerDetector(Detector{
		Name:  "ivt",
		About: "samples at which the eye is slow for long enough (I-VT)",
		Parameters: []Parameter{
			{Name: "velocity", Default: "20", About: "slowest saccade in degrees per second", Least: 1e-3, Most: 1000},
			durationParameter("0.1"),
			windowParameter(),
			gapParameter,
		},
		degrees: true,
		find: func(t *trace, s settings) ([]stretch, error) {
			return findByVelocity(t, s.Number("velocity"), s.Number("duration"), s.Number("window")), nil
		},
	})
}

// findByVelocity is identification by velocity threshold, I-VT (Salvucci & Goldberg, ETRA 2000, section 3.1; 20 degrees per
// second after Sen & Megaw 1984): every sample at which the eye is slower than the threshold belongs to a fixation, every
// other to a saccade, and neighbours of a kind make one event. Slow runs shorter than the shortest fixation are
// unclassified. The difference of two samples that the paper takes is noise on a fast tracker; velocities are measured over
// a window, of 20 ms as in Tobii's filter (Olsen 2012).
func findByVelocity(t *trace, velocity, duration, window float64) []stretch {
	return t.bySpeed(asFastAs(velocity, t.speeds(window)), duration)
}
