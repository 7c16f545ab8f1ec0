package kerneltest

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// augmentation is views of several images.
type augmentation struct {
	label                                  string
	images, side, size, channels, bits, to int // to is the radius of the blur
	views                                  []kernels.View
}

// whole shows all of an image at full scale, and changes nothing.
func whole(bits int) kernels.View {
	return kernels.View{
		High: float64(int(1)<<bits - 1), Part: kernels.Part{Width: 1, Height: 1}, Threshold: kernels.NoThreshold, Blur: []float64{1},
	}
}

// gaussian is the weights of a blur.
func gaussian(sigma float64, radius int) []float64 {
	weights, sum := make([]float64, radius+1), 0.0
	for k := range weights {
		weights[k] = math.Exp(-float64(k*k) / (2 * sigma * sigma))
		sum += weights[k]
		if k > 0 {
			sum += weights[k]
		}
	}
	for k := range weights {
		weights[k] = float64(float32(weights[k] / sum))
	}
	return weights
}

// switches are views with one thing changed each, then all of it.
func switches(bits, radius int) []kernels.View {
	full := float64(int(1)<<bits - 1)
	step := func(v *kernels.View, steps ...kernels.Step) { copy(v.Steps[:], steps) }
	changes := []func(v *kernels.View){
		func(v *kernels.View) {},
		func(v *kernels.View) { v.Flip = true },
		func(v *kernels.View) { v.Part = kernels.Part{X: 0.125, Y: 0.25, Width: 0.625, Height: 0.5} },
		func(v *kernels.View) { v.Part = kernels.Part{X: 0.3, Y: 0.7, Width: 1e-3, Height: 1e-3, Flip: true} }, // within a pixel
		func(v *kernels.View) { v.Part = kernels.Part{X: 0.9, Y: 0, Width: 0.1, Height: 1} },
		func(v *kernels.View) { v.Low, v.High = full/4, full*3/4 },
		func(v *kernels.View) { v.Low, v.High = 3, 3 }, // an image of one value
		func(v *kernels.View) { step(v, kernels.Step{Kind: kernels.StepBrightness, Amount: 1.75}) },
		func(v *kernels.View) { step(v, kernels.Step{Kind: kernels.StepContrast, Amount: 1.5}) },
		func(v *kernels.View) { step(v, kernels.Step{Kind: kernels.StepContrast}) },
		func(v *kernels.View) { step(v, kernels.Step{Kind: kernels.StepSaturation, Amount: 1.25}) },
		func(v *kernels.View) { step(v, kernels.Step{Kind: kernels.StepHue, Amount: -0.3}) },
		func(v *kernels.View) { v.Steps[4] = kernels.Step{Kind: kernels.StepSaturation} },
		func(v *kernels.View) { v.Blur = gaussian(max(0.01, float64(radius)/3), radius) },
		func(v *kernels.View) { v.Threshold = 0.5 },
	}
	var views []kernels.View
	for _, change := range changes {
		v := whole(bits)
		change(&v)
		views = append(views, v)
	}
	for i, order := range [][4]int{{1, 2, 3, 4}, {4, 3, 2, 1}, {2, 4, 1, 3}, {3, 1, 4, 2}} {
		v := whole(bits)
		v.Part = kernels.Part{X: 0.1 * float64(i), Y: 0.05, Width: 0.6, Height: 0.8, Flip: i%2 == 0}
		for k, kind := range order {
			v.Steps[k] = kernels.Step{Kind: kernels.StepKind(kind), Amount: float64(float32([]float64{0, 0.8, 1.4, 0.9, 0.2}[kind]))}
		}
		if i == 3 {
			v.Steps[4] = kernels.Step{Kind: kernels.StepSaturation}
		}
		v.Blur, v.Threshold = gaussian(1, min(radius, 3)), 0.6
		views = append(views, v)
	}
	return views
}

func augmentations() []augmentation {
	var all []augmentation
	for _, s := range []struct{ side, size, radius int }{{5, 7, 0}, {9, 8, 3}, {8, 8, 1}, {1, 3, 2}, {7, 1, 0}, {37, 5, 4}, {19, 16, 15}} {
		for _, channels := range []int{3, 1} {
			for _, bits := range []int{8, 16} {
				all = append(all, augmentation{
					label:  fmt.Sprintf("%dto%dx%d_%dbits_radius%d", s.side, s.size, channels, bits, s.radius),
					images: 1, side: s.side, size: s.size, channels: channels, bits: bits, to: s.radius, views: switches(bits, s.radius),
				})
			}
		}
	}
	for _, images := range []int{19, 0} { // each its own; none
		a := augmentation{label: fmt.Sprintf("%dimages", images), images: images, side: 6, size: 5, channels: 3, bits: 8, to: 2, views: switches(8, 2)}
		a.views = a.views[:min(images, len(a.views))]
		all = append(all, a)
	}
	return all
}

// common is the form of the views.
func (a augmentation) common() kernels.Views {
	return kernels.Views{Side: a.side, Bits: a.bits, Mean: [3]float64{0.485, 0.456, 0.406}, Std: [3]float64{0.25, 0.125, 0.5}}
}

// stored is random images; many values are at either end of the scale.
func (a augmentation) stored() []float64 {
	v := a.common()
	words := v.Row(a.channels)
	values := Fill("augment.images", -0.3, 1.3, a.images, words*32/a.bits)
	packed := make([]float64, a.images*words)
	full, each := float64(int(1)<<a.bits-1), 32/a.bits
	for i := range packed {
		var word uint32
		for k := range each {
			word |= uint32(math.Round(full*min(max(values[i*each+k], 0), 1))) << (k * a.bits)
		}
		packed[i] = float64(int32(word))
	}
	return packed
}

func (a augmentation) table() []float64 {
	columns := kernels.ViewColumns(a.to)
	table := make([]float64, len(a.views)*columns)
	for i, v := range a.views {
		v.Encode(table[i*columns:][:columns])
	}
	return table
}

func (a augmentation) call() call {
	v := a.common()
	images := indices(operand{name: "images", dims: []int{a.images, v.Row(a.channels)}, values: a.stored()})
	table := derived(sums(operand{name: "table", dims: []int{len(a.views), kernels.ViewColumns(a.to)}, values: a.table()}))
	return call{op: "Augment", label: a.label, operands: []operand{out("y", []int{len(a.views), a.size, a.size, a.channels}), images, table},
		run:   func(dev kernels.Device, t []kernels.Tensor) { dev.Augment(t[0], t[1], t[2], v) },
		bound: func(c call, _ int) []float64 { return a.bound(c) }}
}

// bound follows the rounding errors of a value, at most 1 in size, from step to step. Where a value is so near to the threshold that
// they decide whether it is inverted, the bound is what that makes of it.
func (a augmentation) bound(c call) []float64 {
	v, plainViews := a.common(), a.common()
	plainViews.Mean, plainViews.Std = [3]float64{}, [3]float64{1, 1, 1}
	for i := range a.views { // before anything is inverted or normalised
		c = c.with(2, i*kernels.ViewColumns(a.to)+kernels.ViewThreshold, math.Inf(1))
	}
	c.run = func(dev kernels.Device, t []kernels.Tensor) { dev.Augment(t[0], t[1], t[2], plainViews) }
	before := c.want()[0]
	bounds := make([]float64, len(before))
	per := a.size * a.size * a.channels
	for i, b := range before {
		view := a.views[i/per]
		allowed := roundings(view, a.taps())
		inverted := allowed
		if math.Abs(b-view.Threshold) <= allowed*0x1p-23 {
			inverted += math.Abs(1-2*b) * 0x1p23
		}
		std := v.Std[i%a.channels]
		bounds[i] = inverted/std + 2*(1+math.Abs(b))/std
	}
	return bounds
}

// taps is the most pixels of the image that a pixel of a view is made of, in one direction.
func (a augmentation) taps() float64 { return 2*math.Ceil(max(1, float64(a.side)/float64(a.size))) + 1 }

// roundings is the error of a value of a view before it is normalised, in units of eps: of the sums of taps with their weights;
// of each step, which makes that of its input larger by its amount; and of the sums of the blur.
func roundings(v kernels.View, taps float64) float64 {
	e := 4 + 2*taps
	for _, s := range v.Steps {
		f := math.Abs(s.Amount)
		switch s.Kind {
		case kernels.StepBrightness:
			e = f*e + 1
		case kernels.StepContrast, kernels.StepSaturation:
			e = f*e + math.Abs(1-f)*(e+2) + 2
		case kernels.StepHue: // chroma is of two values, its ratio to a difference turns and comes back
			e = 6*e + 16
		}
	}
	return e + 2*float64(len(v.Blur)+1)
}

func augmentCalls() []call {
	var calls []call
	for _, a := range augmentations() {
		calls = append(calls, a.call())
	}
	return calls
}

// checkAugment demands of a float32 device the bits of the reference, and that whatever a table holds makes it write nowhere else.
func checkAugment(t *testing.T, dev kernels.Device) {
	oracle := reference.New(kernels.Float32)
	for _, a := range augmentations() {
		c := a.call()
		if dev.Type() == kernels.Float32 && runtime.GOARCH == "amd64" { // elsewhere Go may fuse products and sums
			if d := c.changed(c.apply(oracle, plain).values, c.apply(dev, plain).values); d != "" {
				t.Errorf("%s: %s", c.name(), d)
			}
		}
	}
	a := augmentation{images: 1, side: 5, size: 7, channels: 3, bits: 8, to: 6, views: switches(8, 6)}
	c := a.call()
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, 1, -1, 3, 1e300, -1e300, 0.5, 1e-300}
	for i, v := range Fill("augment.odd", 0, float64(len(odd)), len(c.operands[2].values)) {
		c = c.with(2, i, odd[int(v)])
	}
	for _, fault := range c.apply(dev, offset(3)).faults {
		t.Errorf("odd table: %s", fault)
	}
}
