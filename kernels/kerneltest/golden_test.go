package kerneltest

import (
	"slices"
	"testing"
)

func TestFillRepeatsTheGoldenNumbers(t *testing.T) {
	var golden struct {
		Uniform []float64 `json:"uniform_abc_first8"`
		Hash    uint32    `json:"fnv1a32_abc"`
	}
	LoadGolden(t, "fill.json", &golden)
	if got := Hash("abc"); got != golden.Hash {
		t.Errorf("Hash(abc) = %d, want %d", got, golden.Hash)
	}
	if got := Uniform("abc", 8); !slices.Equal(got, golden.Uniform) {
		t.Errorf("Uniform(abc) = %v, want %v", got, golden.Uniform)
	}
}

func TestChannelsFirstInvertsChannelsLast(t *testing.T) {
	x := Fill("layout", -1, 1, 2, 3, 4, 5)
	y := ChannelsLast(x, 2, 3, 4, 5)
	// element (n=1, c=2, h=3, w=4) of the one is element (1, 3, 4, 2) of the other
	if got, want := y[((1*4+3)*5+4)*3+2], x[((1*3+2)*4+3)*5+4]; got != want {
		t.Errorf("ChannelsLast puts %v where %v belongs", got, want)
	}
	if !slices.Equal(ChannelsFirst(y, 2, 4, 5, 3), x) {
		t.Error("ChannelsFirst does not invert ChannelsLast")
	}
}

func TestProbeSeesADeviation(t *testing.T) {
	x := Fill("probe", -1, 1, 1000)
	p := ProbeOf(x, 1000)
	if d := p.Deviation(x); d != 0 {
		t.Errorf("a tensor deviates by %g from itself", d)
	}
	x[1] += 1e-3 // not among the 16 elements: only the sums see it
	if d := p.Deviation(x); d < 1e-7 || d > 1e-4 {
		t.Errorf("one element moved by 1e-3 deviates by %g", d)
	}
}
