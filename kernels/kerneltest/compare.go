package kerneltest

import (
	"fmt"
	"math"

	"gzpt/kernels"
)

// epsilon is the distance from 1 to the next number of a type.
func epsilon(typ kernels.Type) float64 {
	if typ == kernels.Float64 {
		return 0x1p-52
	}
	return 0x1p-23
}

// underflow is an absolute error that every element may have: float32 products below it lose their digits.
const underflow = 0x1p-126

// leniency is where a call that met a NaN or an infinity may differ from the reference.
type leniency struct {
	infinities bool               // an infinite input: another order of the same sums may make a NaN of an infinity, or the reverse
	reaches    func(out int) bool // the elements where a NaN may take the place of any number
}

// difference says where the result of a call differs from the reference by more than its bound, or "".
func (c call) difference(typ kernels.Type, got, want [][]float64, lenient leniency) string {
	for i, o := range c.operands {
		if !o.out {
			continue
		}
		tolerances := c.tolerances(typ, i, want)
		for j, expected := range want[i] {
			if c.bound == nil && typ == kernels.Float32 && !o.sums {
				expected = float64(float32(expected))
			}
			if lenient.reaches != nil && lenient.reaches(j) && math.IsNaN(got[i][j]) {
				continue
			}
			if !agree(got[i][j], expected, tolerances[j], lenient.infinities) {
				return fmt.Sprintf("%s[%d] = %g, want %g with an error of at most %.3g", o.name, j, got[i][j], expected, tolerances[j])
			}
		}
	}
	return ""
}

// agree reports whether got is as good as want. A NaN is wanted exactly where the reference has one.
func agree(got, want, tolerance float64, infinities bool) bool {
	if isFinite(want) {
		return math.Abs(got-want) <= tolerance
	}
	return got == want || math.IsNaN(got) && math.IsNaN(want) || infinities && !isFinite(got)
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
