package kerneltest

import (
	"fmt"
	"math"
	"slices"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// operand is one tensor of a call.
type operand struct {
	name    string
	dims    []int
	values  []float64 // before the call; nil for an output that the call only writes
	out     bool      // the call writes it
	sums    bool      // float64 on every device
	indices bool      // int32
	half    bool      // bfloat16 on every device
	inPlace []string  // the inputs that this output may be
	free    bool      // any shape is legal, so none is refused
	derived bool      // its values follow from another operand's, so no NaN is put into it alone
	// reaches, where it is set, says which elements of the outputs a NaN in element at may reach beyond those of the
	// reference, because it meets the zeros of the padding.
	reaches func(at, out int) bool
}

// in is an input with the given values, rounded so that float32 holds them exactly.
func in(name string, values []float64, dims ...int) operand {
	return operand{name: name, dims: dims, values: rounded(values)}
}

// out is an output that may be the tensor of any of the inputs named in inPlace.
func out(name string, dims []int, inPlace ...string) operand {
	return operand{name: name, dims: dims, out: true, inPlace: inPlace}
}

// uniform is an input with values in [lo,hi), another sequence for every name.
func uniform(name string, lo, hi float64, dims ...int) operand {
	return in(name, Fill("suite."+name, lo, hi, dims...), dims...)
}

// inout makes an input one that the call also writes.
func inout(o operand) operand {
	o.out = true
	return o
}

// sums makes an operand float64 on every device.
func sums(o operand) operand {
	o.sums = true
	return o
}

// indices makes an operand int32.
func indices(o operand) operand {
	o.indices = true
	return o
}

// free marks an input of which any shape is legal.
func free(o operand) operand {
	o.free = true
	return o
}

// derived marks an input whose values follow from another operand's.
func derived(o operand) operand {
	o.derived = true
	return o
}

// reaching marks an input whose NaN may meet the zeros of the padding.
func reaching(o operand, reaches func(at, out int) bool) operand {
	o.reaches = reaches
	return o
}

func (o operand) len() int {
	n := 1
	for _, d := range o.dims {
		n *= d
	}
	return n
}

// rounded is the values as float32 holds them.
func rounded(values []float64) []float64 {
	r := make([]float64, len(values))
	for i, v := range values {
		r[i] = float64(float32(v))
	}
	return r
}

// bound is the error that a call allows every element of output number out, in units of the device's eps, the distance
// from 1 to the next number. A call without a bound is exact: the float64 result rounded once.
type bound func(c call, out int) []float64

// call is one operation on operands of given shapes and values.
type call struct {
	op       string // the name of the method
	label    string // what is special about this call
	operands []operand
	run      func(dev kernels.Device, t []kernels.Tensor) // t in the order of operands
	bound    bound
	large    bool // compared once, without the sweeps over placements
	finite   bool // no infinities are tried: what one makes of a sum, it or NaN, decides whether what follows is 0 or NaN

	roundings Roundings // of the device's products, nil for those of a chain of multiply-adds in its type
	rounded   bool      // full has put all digits in the place of bfloat16
	known     *known    // what has been computed of the call, nil where nothing is kept
}

// known is what bounds and comparisons of a call ask for again and again, output by output.
type known struct {
	first      [][]float64 // results of a device
	want       [][]float64
	full       *call
	magnitudes map[string][][]float64 // by the operands that are absolute values
	terms      *contrastTerms
}

// remembering is the call, of which everything is computed once.
func (c call) remembering() call {
	c.known = &known{magnitudes: map[string][][]float64{}}
	return c
}

func (c call) name() string { return c.op + "/" + c.label }

// oracle is where every expected value comes from. Close has nothing to release, so one serves all tests.
var oracle = reference.New(kernels.Float64)

// want is the operands after the call on the float64 reference.
func (c call) want() [][]float64 {
	if c.known == nil {
		return c.apply(oracle, plain).values
	}
	if c.known.want == nil {
		c.known.want = c.apply(oracle, plain).values
	}
	return c.known.want
}

// with is the call with element i of an operand replaced.
func (c call) with(operand, i int, v float64) call {
	values := slices.Clone(c.operands[operand].values)
	values[i] = v
	c.operands = slices.Clone(c.operands)
	c.operands[operand].values = values
	return c.remembering()
}

// magnitude is the absolute value of output number out of the call on the absolute values of the given operands, of all
// without any: where the operation is a sum of products, the sum of the absolute products.
func (c call) magnitude(out int, operands ...int) []float64 {
	key := fmt.Sprint(operands)
	if c.known != nil && c.known.magnitudes[key] != nil {
		return mapped(math.Abs, c.known.magnitudes[key][out])
	}
	absolute := c
	absolute.known, absolute.operands = nil, slices.Clone(c.operands)
	for i := range absolute.operands {
		if len(operands) == 0 || slices.Contains(operands, i) {
			absolute.operands[i].values = mapped(math.Abs, absolute.operands[i].values)
		}
	}
	want := absolute.want()
	if c.known != nil {
		c.known.magnitudes[key] = want
	}
	return mapped(math.Abs, want[out])
}

// mapped is f of every value.
func mapped(f func(float64) float64, x []float64) []float64 {
	if x == nil {
		return nil
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

// products is the bound of sums of depth products: 4*sqrt(depth) times the sum of the absolute products. The operands
// given, or all, are the ones that the sum is linear in.
func products(depth int, operands ...int) bound {
	return func(c call, out int) []float64 {
		factor := 4 * math.Sqrt(float64(max(depth, 1)))
		return mapped(func(m float64) float64 { return factor * m }, c.magnitude(out, operands...))
	}
}

// Roundings is the error of a sum of depth products on a device whose products of matrices are not multiply-adds in its type: a
// share of the sum of the absolute products, in units of eps. half says that the factors are bfloat16.
type Roundings func(depth int, half bool) float64

// matrixProducts is products for operations that a device may carry out with roundings of its own.
func matrixProducts(depth int, operands ...int) bound {
	return func(c call, out int) []float64 {
		if c.roundings == nil {
			return products(depth, operands...)(c, out)
		}
		factor := c.roundings(depth, c.rounded || c.halves())
		return mapped(func(m float64) float64 { return factor * m }, c.magnitude(out, operands...))
	}
}

// relative is a bound of factor times the expected value.
func relative(factor float64) bound {
	return func(c call, out int) []float64 {
		return mapped(func(w float64) float64 { return factor * math.Abs(w) }, c.want()[out])
	}
}

// each is a bound given by a formula for element i of an output, from the operands before the call.
func each(formula func(v [][]float64, out, i int) float64) bound {
	return func(c call, out int) []float64 {
		v := make([][]float64, len(c.operands))
		for i, o := range c.operands {
			v[i] = o.values
		}
		b := make([]float64, c.operands[out].len())
		for i := range b {
			b[i] = formula(v, out, i)
		}
		return b
	}
}

// shapeName writes dimensions as they are spoken: 2x3x4.
func shapeName(dims ...int) string {
	s := ""
	for i, d := range dims {
		if i > 0 {
			s += "x"
		}
		s += fmt.Sprint(d)
	}
	return s
}

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
