package nn

import (
	"math"
	"testing"
)

func TestLearningRate(t *testing.T) {
	c := Config{LR: 2, WarmupRatio: 1e-4, Schedule: "cosine"}
	constant := c
	constant.Schedule = "constant"
	for _, s := range []struct {
		name       string
		c          Config
		u, warm, n int
		want       float64
	}{
		{"begin of the warm-up", c, 0, 10, 100, 2e-4},
		{"middle of the warm-up", c, 5, 10, 100, 2 * (1 + math.Cos(math.Pi*.05)) / 2 * (1 - .5*.9999)},
		{"end of the warm-up", c, 10, 10, 100, 1 + math.Cos(math.Pi*.1)},
		{"without warm-up", c, 0, 0, 100, 2},
		{"half-way", c, 50, 10, 100, 1},
		{"end", c, 100, 10, 100, 0},
		{"constant warms up", constant, 0, 10, 100, 2e-4},
		{"constant", constant, 99, 10, 100, 2},
	} {
		if got := learningRate(s.c, s.u, s.warm, s.n); math.Abs(got-s.want) > 1e-12 {
			t.Errorf("%s: %v, expected %v", s.name, got, s.want)
		}
	}
}

func TestTargetMomentum(t *testing.T) {
	for k, want := range map[int]float64{0: .99, 5: .995, 10: 1} {
		if got := targetMomentum(.99, k, 10); math.Abs(got-want) > 1e-15 {
			t.Errorf("after micro-batch %d of 10: %v, expected %v", k, got, want)
		}
	}
}
