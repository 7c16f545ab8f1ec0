package kerneltest

import (
	"math"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest/internal/race"
	"gzpt/kernels/reference"
)

// broken is a float32 device with a fault in some operations. Its other methods are the reference's, its name is not:
// the suite makes no exception for it.
type broken struct {
	kernels.Device
	convolve        func(d broken, y, x, w kernels.Tensor, c kernels.Conv)
	relu            func(d broken, y, x kernels.Tensor)
	reluBackward    func(d broken, dx, dy, y kernels.Tensor)
	addBiasBackward func(d broken, db, dy kernels.Tensor)
	sumSquares      func(d broken, out, x kernels.Tensor)
}

func (broken) Name() string { return "broken" }

func (d broken) Conv2D(y, x, w kernels.Tensor, c kernels.Conv) { d.convolve(d, y, x, w, c) }
func (d broken) ReLU(y, x kernels.Tensor)                      { d.relu(d, y, x) }
func (d broken) ReLUBackward(dx, dy, y kernels.Tensor)         { d.reluBackward(d, dx, dy, y) }
func (d broken) AddBiasBackward(db, dy kernels.Tensor)         { d.addBiasBackward(d, db, dy) }
func (d broken) SumSquares(out, x kernels.Tensor)              { d.sumSquares(d, out, x) }

// callOf is the call of an operation with a label.
func callOf(t *testing.T, calls []call, op, label string) call {
	t.Helper()
	i := slices.IndexFunc(calls, func(c call) bool { return c.op == op && c.label == label })
	if i < 0 {
		t.Fatalf("the suite has no call %s/%s", op, label)
	}
	return calls[i]
}

// TestSuiteSeesFaults gives the suite devices that are wrong in one way each; it must say so.
func TestSuiteSeesFaults(t *testing.T) {
	if race.Enabled {
		t.Skip("with the race detector the suite leaves out half of its checks")
	}
	relu := callOf(t, elementwiseCalls(), "ReLU", "17")
	reluBackward := callOf(t, elementwiseCalls(), "ReLUBackward", "17")
	bias := callOf(t, elementwiseCalls(), "AddBiasBackward", "33x64")
	conv := callOf(t, convolutionCalls(), "Conv2D", geometry(1, 6, 7, 1, 16, 3, 3, 1, 1).String())
	tests := []struct {
		name string
		call call
		dev  broken
		want string // part of a fault
	}{
		{"an error of 1e-5", conv, broken{convolve: func(d broken, y, x, w kernels.Tensor, c kernels.Conv) {
			d.Device.Conv2D(y, x, w, c)
			y.Float32()[7] += 1e-5
		}}, "y[7] = "},
		{"a missing last element", relu, broken{relu: func(d broken, y, x kernels.Tensor) {
			n := y.Len() - 1
			d.Device.ReLU(y.Slice(0, n), x.Slice(0, n))
		}}, "z[16] = NaN"},
		{"a write beyond the end", relu, broken{relu: func(d broken, y, x kernels.Tensor) {
			d.Device.ReLU(y, x)
			if y := y.Float32(); uintptr(unsafe.Pointer(&y[16]))%4096 != 4092 { // not into the unmapped page
				*(*float32)(unsafe.Add(unsafe.Pointer(&y[16]), 4)) = 0
			}
		}}, "beside the operand was overwritten"},
		{"a changed input", relu, broken{relu: func(d broken, y, x kernels.Tensor) {
			d.Device.ReLU(y, x)
			x.Float32()[0] = 0
		}}, "x: the call changed an input"},
		{"a hidden NaN", relu, broken{relu: func(d broken, y, x kernels.Tensor) {
			for i, v := range x.Float32() {
				y.Float32()[i] = 0
				if v > 0 {
					y.Float32()[i] = v
				}
			}
		}}, "x[8] = NaN"},
		{"an output cleared before the input is read", reluBackward, broken{reluBackward: func(d broken, dx, dy, y kernels.Tensor) {
			d.Fill(dx, 0)
			for i, v := range y.Float32() {
				if !(v <= 0) {
					dx.Float32()[i] = dy.Float32()[i]
				}
			}
		}}, "z in place of x"},
		{"bits that depend on the address", relu, broken{relu: func(d broken, y, x kernels.Tensor) {
			d.Device.ReLU(y, x)
			if uintptr(unsafe.Pointer(&y.Float32()[0]))%64 == 4 {
				y.Float32()[0] += 1e-6
			}
		}}, "not the same bits"},
		{"a gradient that is not added", bias, broken{addBiasBackward: func(d broken, db, dy kernels.Tensor) {
			d.Fill(db, 0)
			d.Device.AddBiasBackward(db, dy)
		}}, "db[0] = "},
		{"a bfloat16 that is two units off", halfOf(conv), broken{convolve: func(d broken, y, x, w kernels.Tensor, c kernels.Conv) {
			d.Device.Conv2D(y, x, w, c)
			if y.Type() == kernels.BFloat16 {
				y.BFloat16()[7] += 2
			}
		}}, "y[7] = "},
		{"a choice that is rounded", halfOf(relu), broken{relu: func(d broken, y, x kernels.Tensor) {
			d.Device.ReLU(y, x)
			for i, v := range y.BFloat16() {
				if v != 0 {
					y.BFloat16()[i] = v ^ 1 // the last digit
				}
			}
		}}, "z["},
		{"an allocation", relu, broken{relu: func(d broken, y, x kernels.Tensor) {
			d.Device.ReLU(y, x)
			sink = make([]float32, y.Len())
		}}, "1 allocations a call"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.dev.Device = reference.New(kernels.Float32)
			faults := Suite{}.faults(test.dev, test.call)
			if !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, test.want) }) {
				t.Errorf("the suite found %q, not %q", faults, test.want)
			}
		})
	}
}

// halfOf is a call with bfloat16 activations.
func halfOf(c call) call {
	m, ok := c.mixed()
	if !ok {
		panic("no call with bfloat16 activations")
	}
	return m
}

var sink []float32 // keeps an allocation on the heap

// TestFuzzSeesAChangedInput: what fuzz tests run finds a right result that costs an input.
func TestFuzzSeesAChangedInput(t *testing.T) {
	g := geometry(1, 6, 7, 1, 16, 3, 3, 1, 1)
	dev := broken{Device: reference.New(kernels.Float32), convolve: func(d broken, y, x, w kernels.Tensor, c kernels.Conv) {
		d.Device.Conv2D(y, x, w, c)
		x.Float32()[0] = 0
	}}
	want := "x: the call changed an input"
	if faults := callOf(t, g.calls(), "Conv2D", g.String()).guardedFaults(dev); !slices.Equal(faults, []string{want, want, want}) {
		t.Errorf("found %q, expected three times %q", faults, want)
	}
}

func TestSuiteSeesAReadBeyondTheEnd(t *testing.T) {
	c := callOf(t, elementwiseCalls(), "ReLU", "17")
	for _, atEnd := range []bool{true, false} {
		dev := broken{Device: reference.New(kernels.Float32), relu: func(_ broken, y, x kernels.Tensor) {
			beyond := unsafe.Add(unsafe.Pointer(&x.Float32()[16]), 4)
			if !atEnd {
				beyond = unsafe.Add(unsafe.Pointer(&x.Float32()[0]), -4)
			}
			y.Float32()[0] = *(*float32)(beyond)
		}}
		func() {
			defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
			defer func() {
				if err, ok := recover().(runtime.Error); !ok {
					t.Errorf("atEnd %v: one element too far: %v, want a fault", atEnd, err)
				}
			}()
			c.apply(dev, guarded(atEnd))
		}()
	}
}

func TestSuiteSeesOtherBitsForOtherProcessors(t *testing.T) {
	c := callOf(t, optimiserCalls(), "SumSquares", "4099")
	open := func() kernels.Device {
		return broken{Device: reference.New(kernels.Float32), sumSquares: func(d broken, out, x kernels.Tensor) {
			workers := runtime.GOMAXPROCS(0)
			var sum float64
			for w := range workers {
				n := x.Len() / workers
				d.Device.SumSquares(out, x.Slice(w*n, n))
				sum += out.Float64()[0]
			}
			out.Float64()[0] = sum
		}}
	}
	if faults := processorFaults([]call{c}, []int{1, 2, 5}, open); len(faults) != 2 {
		t.Errorf("the suite found %q, want one fault for 2 and one for 5 processors", faults)
	}
}

func TestSuiteSeesAcceptedMistakes(t *testing.T) {
	dev := broken{Device: reference.New(kernels.Float32), relu: func(broken, kernels.Tensor, kernels.Tensor) {}}
	c := callOf(t, elementwiseCalls(), "ReLU", "40")
	if faults := c.misuseFaults(dev); len(faults) != 13 { // of two operands shape, two types, presence, device, life, and one overlap
		t.Errorf("the suite found %q, want 13 mistakes accepted", faults)
	}
	c.op = "Rectify"
	if fault := refusal(c.op, "a short slice", func() { panic("kernels: ReLU: shapes differ") }); fault == "" {
		t.Error("a panic that names another operation passes")
	}
}

// TestEveryOperationHasCalls: the suite calls every operation of the contract, and tries the mistakes on each.
func TestEveryOperationHasCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes all calls, in one goroutine; run without -short")
	}
	tried := map[string]bool{}
	for _, f := range families {
		for _, c := range f.calls() {
			if c.tried() {
				tried[c.op] = true
			}
		}
	}
	for _, family := range []reflect.Type{
		reflect.TypeFor[kernels.Elementwise](), reflect.TypeFor[kernels.Convolution](), reflect.TypeFor[kernels.Normalisation](),
		reflect.TypeFor[kernels.Pooling](), reflect.TypeFor[kernels.Algebra](), reflect.TypeFor[kernels.Losses](),
		reflect.TypeFor[kernels.Optimisers](), reflect.TypeFor[kernels.Augmentation](),
	} {
		for i := range family.NumMethod() {
			if name := family.Method(i).Name; !tried[name] {
				t.Errorf("no mistake is tried on %s", name)
			}
		}
	}
}

// TestActivationsAreNamed: every operand that may be bfloat16 belongs to a call.
func TestActivationsAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range families {
		for _, c := range f.calls() {
			for _, o := range c.operands {
				seen[c.op+"."+o.name] = true
			}
		}
	}
	for op, names := range activations {
		for _, name := range names {
			if !seen[op+"."+name] {
				t.Errorf("no call of %s has an operand %s", op, name)
			}
		}
	}
}

// TestSuiteKnowsRoundings: a device that rounds the factors of a convolution to 11 digits is found, and passes where it says so;
// what is twice as far off does not.
func TestSuiteKnowsRoundings(t *testing.T) {
	if race.Enabled {
		t.Skip("with the race detector the suite leaves out half of its checks")
	}
	cut := func(x kernels.Tensor, mask uint32) {
		for i, v := range x.Float32() {
			x.Float32()[i] = math.Float32frombits(math.Float32bits(v) &^ mask)
		}
	}
	rounding := func(mask uint32) broken {
		return broken{Device: reference.New(kernels.Float32), convolve: func(d broken, y, x, w kernels.Tensor, c kernels.Conv) {
			scope := kernels.NewScope(d.Device)
			defer scope.Close()
			left, right := scope.New(kernels.Float32, shapeOf(x)...), scope.New(kernels.Float32, shapeOf(w)...)
			d.Device.Copy(left, x)
			d.Device.Copy(right, w)
			cut(left, mask)
			cut(right, mask)
			d.Device.Conv2D(y, left, right, c)
		}}
	}
	c := callOf(t, convolutionCalls(), "Conv2D", geometry(1, 1, 1, 1, 1, 1, 1).String())
	share := func(int, bool) float64 { return 0x1p13 } // 2^-10: two factors of 10 digits behind the point, cut, are off by less as a rule
	for _, test := range []struct {
		mask      uint32
		roundings Roundings
		found     bool
	}{{0, nil, false}, {0x1fff, nil, true}, {0x1fff, share, false}, {0x1ffff, share, true}} {
		s := Suite{Allocates: true, Roundings: test.roundings}
		faults := s.faults(rounding(test.mask), s.rounding([]call{c})[0])
		if (len(faults) > 0) != test.found {
			t.Errorf("digits %#x cut, roundings known: %v: faults %q", test.mask, test.roundings != nil, faults)
		}
	}
}

func shapeOf(x kernels.Tensor) (dims []int) {
	for i := range x.Rank() {
		dims = append(dims, x.Dim(i))
	}
	return dims
}

// TestMistakesNeedElements: no mistake is tried on operands without elements, whose overlap is none.
func TestMistakesNeedElements(t *testing.T) {
	for _, c := range typedCalls(0) {
		if c.tried() {
			t.Errorf("%s is tried", c.name())
		}
	}
}

// forgetful is a recorder that fills with what its first recorded fill had, as one does that does not compare what it is asked with
// what it has.
type forgetful struct {
	kernels.Device
	records bool
	value   *float64
}

func (f *forgetful) Record() { f.records = true }
func (f *forgetful) Issue()  {}
func (f *forgetful) Stop()   { f.records = false }

func (f *forgetful) Fill(x kernels.Tensor, v float64) {
	if f.records {
		if f.value == nil {
			f.value = &v
		}
		v = *f.value
	}
	f.Device.Fill(x, v)
}

// TestSuiteSeesStaleParameters: a recorder that keeps what a list of before had is found.
func TestSuiteSeesStaleParameters(t *testing.T) {
	dev := &forgetful{Device: reference.New(kernels.Float32)}
	want := newDeeds(t, dev, 0, false).run()
	if slices.Equal(newDeeds(t, dev, 0, true).run(), want) {
		t.Error("recorded operations have the values of others, though their parameters are not")
	}
}
