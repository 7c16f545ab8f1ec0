package kernels

import (
	"encoding/binary"
	"math"
)

// Views is what all views of a call of Augment have in common.
type Views struct {
	// Side is the side of the square images in pixels.
	Side int
	// Bits of a stored value, 8 or 16.
	Bits int
	// Mean and Std normalise a channel; grey views take the first.
	Mean, Std [3]float64
}

// Row is how many int32 an image of so many channels takes in Augment.
func (v Views) Row(channels int) int { return (v.Side*v.Side*channels*v.Bits/8 + 3) / 4 }

// Images is stored images in host memory and how views of them are made: what is written to the operands of Augment.
type Images struct {
	Views
	// Words is the stored values, [M,Row(C)]; it may lie in a buffer of the device.
	Words []int32
	// Table has a row of each view, [N,ViewColumns(r)].
	Table []float64
}

// PackBytes writes bytes to words as Augment reads them, the first to the lowest bits of the first. What a last word has beyond the
// bytes becomes 0.
func PackBytes(words []int32, bytes []byte) {
	whole := min(len(bytes)/4, len(words))
	for i := range whole {
		words[i] = int32(binary.LittleEndian.Uint32(bytes[4*i:]))
	}
	if whole < len(words) {
		words[whole] = 0
		for k, b := range bytes[4*whole:] {
			words[whole] |= int32(b) << (8 * k)
		}
	}
}

// Part is the part of an image that a view shows: the rectangle from (X, Y) of the given width and height, in fractions of the
// image's, and whether left and right are exchanged.
type Part struct {
	X, Y, Width, Height float64
	Flip                bool
}

// StepKind is what a step does to the colours of a view. Each keeps values within [0,1].
type StepKind uint8

const (
	// NoStep does nothing.
	NoStep StepKind = iota
	// StepBrightness: v = v*Amount.
	StepBrightness
	// StepContrast: v = v*Amount + m*(1-Amount), m the mean luma of the view before its first step of this kind.
	StepContrast
	// StepSaturation: v = v*Amount + l*(1-Amount), l the luma of the pixel. Grey views have none.
	StepSaturation
	// StepHue turns the hue by Amount of the colour circle; value and saturation (HSV) stay. Grey views have none.
	StepHue
)

// Step is a change of the colours of a view.
type Step struct {
	Kind   StepKind
	Amount float64
}

// Steps is the most that a view has.
const Steps = 5

// View is how Augment makes a view, a row of its table. The zero values of Steps change nothing.
type View struct {
	// Low and High are the stored values that become 0 and 1; what lies beyond is clipped. Where High is not above Low, all is 0.
	Low, High float64
	Part
	Steps [Steps]Step
	// Threshold is the least value that is inverted, +Inf for none.
	Threshold float64
	// Blur is the weights of a pixel and of those 1, 2, ... away on either side, in both directions: {1} changes nothing. There
	// are no more than the view has pixels in a row.
	Blur []float64
}

// The columns of the table of Augment.
const (
	ViewLow = iota
	ViewHigh
	ViewX
	ViewY
	ViewWidth
	ViewHeight
	ViewFlip
	ViewSteps     // kind and amount of each
	ViewThreshold = ViewSteps + 2*Steps
	ViewBlur      = ViewThreshold + 1 // all that follow
)

// ViewColumns is how many columns the table of Augment has for views whose blur reaches up to radius pixels.
func ViewColumns(radius int) int { return ViewBlur + 1 + radius }

// Encode writes the row of the view; weights that are not there are 0.
func (v *View) Encode(row []float64) {
	row[ViewLow], row[ViewHigh] = v.Low, v.High
	row[ViewX], row[ViewY], row[ViewWidth], row[ViewHeight], row[ViewFlip] = v.X, v.Y, v.Width, v.Height, 0
	if v.Flip {
		row[ViewFlip] = 1
	}
	for i, s := range v.Steps {
		row[ViewSteps+2*i], row[ViewSteps+2*i+1] = float64(s.Kind), s.Amount
	}
	row[ViewThreshold] = v.Threshold
	if len(v.Blur) > len(row)-ViewBlur {
		panic("kernels: View.Encode: more weights than columns")
	}
	clear(row[ViewBlur+copy(row[ViewBlur:], v.Blur):])
}

// Decode reads a row, whose weights the view then shares. Any row is one: a kind that there is not is [NoStep], and a part begins
// and is as large as from 0 to 1, where a NaN is 0.
func (v *View) Decode(row []float64) {
	*v = View{
		Low: row[ViewLow], High: row[ViewHigh], Threshold: row[ViewThreshold], Blur: row[ViewBlur:],
		Part: Part{within(row[ViewX]), within(row[ViewY]), within(row[ViewWidth]), within(row[ViewHeight]), row[ViewFlip] != 0},
	}
	for i := range v.Steps {
		kind, amount := row[ViewSteps+2*i], row[ViewSteps+2*i+1]
		for k := StepBrightness; k <= StepHue; k++ {
			if kind == float64(k) {
				v.Steps[i] = Step{k, amount}
			}
		}
	}
}

// within is v in [0,1], 0 for a NaN.
func within(v float64) float64 {
	if !(v > 0) {
		return 0
	}
	return min(v, 1)
}

// NoThreshold is the threshold that nothing reaches.
var NoThreshold = math.Inf(1)
