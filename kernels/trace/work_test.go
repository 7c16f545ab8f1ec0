package trace_test

import (
	"slices"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
	"gzpt/kernels/trace"
)

// TestWork compares the table with sums by hand. Float32 has 4 bytes, the moments, losses and norms in float64 have 8.
func TestWork(t *testing.T) {
	dev := reference.New(kernels.Float32)
	f := func(dims ...int) kernels.Tensor { return dev.New(kernels.Float32, dims...) }
	d := func(dims ...int) kernels.Tensor { return dev.New(kernels.Float64, dims...) }
	norm := func(c int) kernels.Norm {
		return kernels.Norm{Gamma: f(c), Beta: f(c), Mean: f(c), InvStd: f(c)}
	}
	labels := kernels.Labels{Offsets: dev.New(kernels.Int32, 5), Columns: dev.New(kernels.Int32, 8), Weights: f(8)} // 84 bytes
	q := f(4, 8)
	for _, c := range []struct {
		name              string
		run               func(dev kernels.Device)
		operations, bytes float64
	}{
		{"Write", func(dev kernels.Device) { dev.Write(f(10), make([]float32, 10)) }, 0, 40},
		{"Fill", func(dev kernels.Device) { dev.Fill(f(10), 1) }, 0, 40},
		{"Convert", func(dev kernels.Device) { dev.Convert(f(10), d(10)) }, 0, 120},
		{"ReLU", func(dev kernels.Device) { dev.ReLU(f(2, 5), f(2, 5)) }, 10, 80},
		{"AddBias", func(dev kernels.Device) { dev.AddBias(f(3, 5), f(3, 5), f(5)) }, 15, 140},
		{"AddBiasBackward", func(dev kernels.Device) { dev.AddBiasBackward(f(5), f(3, 5)) }, 15, 2*20 + 60},
		// 2x5x5x3 by 4 filters of 3x3 at stride 2, padding 1: 2x3x3x4 outputs of 27 taps.
		{"Conv2D", func(dev kernels.Device) {
			dev.Conv2D(f(2, 3, 3, 4), f(2, 5, 5, 3), f(4, 3, 3, 3), kernels.Conv{Stride: 2, Pad: 1})
		},
			2 * 72 * 27, 4 * (72 + 150 + 108)},
		{"Conv2DStats", func(dev kernels.Device) {
			dev.Conv2DStats(f(2, 3, 3, 4), d(2, 4), f(2, 5, 5, 3), f(4, 3, 3, 3), kernels.Conv{Stride: 2, Pad: 1})
		}, 2 * 72 * 27, 4*(72+150+108) + 64},
		// Two groups: each output has 9 taps of 2 channels.
		{"Conv2D groups", func(dev kernels.Device) {
			dev.Conv2D(f(1, 3, 3, 4), f(1, 5, 5, 4), f(4, 3, 3, 2), kernels.Conv{Stride: 1, Groups: 2})
		},
			2 * 36 * 18, 4 * (36 + 100 + 72)},
		{"Conv2DBackwardData", func(dev kernels.Device) {
			dev.Conv2DBackwardData(f(2, 5, 5, 3), f(2, 3, 3, 4), f(4, 3, 3, 3), kernels.Conv{Stride: 2, Pad: 1})
		}, 2 * 72 * 27, 4 * (72 + 150 + 108)},
		{"Conv2DBackwardDataAdd", func(dev kernels.Device) {
			dev.Conv2DBackwardDataAdd(f(2, 5, 5, 3), f(2, 3, 3, 4), f(4, 3, 3, 3), kernels.Conv{Stride: 2, Pad: 1})
		}, 2 * 72 * 27, 4 * (72 + 2*150 + 108)},
		{"Conv2DBackwardWeights", func(dev kernels.Device) {
			dev.Conv2DBackwardWeights(f(4, 3, 3, 3), f(2, 3, 3, 4), f(2, 5, 5, 3), kernels.Conv{Stride: 2, Pad: 1})
		}, 2 * 72 * 27, 4 * (72 + 150 + 2*108)},
		{"BatchNormReLU", func(dev kernels.Device) { dev.BatchNormReLU(f(6, 5), f(6, 5), norm(5)) }, 5 * 30, 4 * (60 + 20)},
		{"BatchNormAddReLU", func(dev kernels.Device) { dev.BatchNormAddReLU(f(6, 5), f(6, 5), f(6, 5), norm(5)) }, 6 * 30, 4 * (90 + 20)},
		// Two passes over dy, y and x, one over dx; dgamma and dbeta are added to.
		{"BatchNormReLUBackward", func(dev kernels.Device) {
			dev.BatchNormReLUBackward(f(6, 5), f(5), f(5), f(6, 5), f(6, 5), f(6, 5), norm(5))
		}, 12 * 30, 4 * (7*30 + 4*5 + 4*5)},
		{"BatchNormAddReLUBackward", func(dev kernels.Device) {
			dev.BatchNormAddReLUBackward(f(6, 5), f(6, 5), f(5), f(5), f(6, 5), f(6, 5), f(6, 5), norm(5))
		}, 12 * 30, 4 * (8*30 + 4*5 + 4*5)},
		{"MaxPool", func(dev kernels.Device) {
			dev.MaxPool(f(1, 2, 2, 3), f(1, 4, 4, 3), kernels.Pool{Size: 3, Stride: 2, Pad: 1})
		}, 9 * 12, 4 * (12 + 48)},
		{"GlobalAveragePool", func(dev kernels.Device) { dev.GlobalAveragePool(f(2, 3), f(2, 4, 4, 3)) }, 96, 4 * (6 + 96)},
		// Two views of 3x3x3 of one image of 48 bytes, and 21 numbers for each with a blur of radius 2: 8 operations of taps, 2 of
		// normalising, 2*7 of the blur.
		{"Augment", func(dev kernels.Device) {
			dev.Augment(f(2, 3, 3, 3), dev.New(kernels.Int32, 1, 12), d(2, 21), kernels.Views{Side: 4, Bits: 8})
		}, 54 * 24, 4*54 + 48 + 8*42},
		{"MatMul", func(dev kernels.Device) { dev.MatMul(f(2, 3), f(2, 7), f(3, 7), kernels.Product{TransB: true}) }, 2 * 6 * 7, 4 * (6 + 14 + 21)},
		{"MatMul accumulate", func(dev kernels.Device) {
			dev.MatMul(f(2, 3), f(7, 2), f(7, 3), kernels.Product{TransA: true, Accumulate: true})
		}, 2 * 6 * 7, 4 * (12 + 14 + 21)},
		{"PairwiseMinimum", func(dev kernels.Device) { dev.PairwiseMinimum(f(2, 3), f(2, 7), f(3, 7)) }, 2 * 6 * 7, 4 * (6 + 14 + 21)},
		// Four anchors against four keys of 8 numbers, of which each leaves its own out: half the products of 12 pairs.
		{"ContrastiveLoss symmetric", func(dev kernels.Device) {
			dev.ContrastiveLoss(d(1), f(4), q, q, kernels.Tensor{}, labels, kernels.Contrast{Scale: 1, Keys: kernels.OtherKeys}, 1)
		}, 12 * (8 + 5), 4*(4+32) + 84},
		// The anchors are the first two of the four keys: 8 pairs, of which no two are the same.
		{"ContrastiveLoss of some keys", func(dev kernels.Device) {
			some := kernels.Labels{Offsets: labels.Offsets.Slice(0, 3), Columns: labels.Columns, Weights: labels.Weights}
			dev.ContrastiveLoss(d(1), f(2), q.Slice(0, 2, 8), q, kernels.Tensor{}, some, kernels.Contrast{Scale: 1}, 1)
		}, 8 * (16 + 5), 4*(2+16+32) + 76},
		// Against four keys and three rows of a queue: 4*7 pairs, then the products, the gradients of anchors and of keys.
		{"ContrastiveLossBackward", func(dev kernels.Device) {
			dev.ContrastiveLossBackward(f(4, 8), f(4, 8), f(4), q, f(4, 8), f(3, 8), labels, kernels.Contrast{Scale: 1}, 1)
		}, 28 * (3*16 + 5), 4*(4+4*32+24) + 84},
		// The products serve loss and gradient alike.
		{"ContrastiveLossAndBackward symmetric", func(dev kernels.Device) {
			dev.ContrastiveLossAndBackward(d(1), f(4), f(4, 8), kernels.Tensor{}, q, q, kernels.Tensor{}, labels, kernels.Contrast{Scale: 1, Keys: kernels.OtherKeys}, 1)
		}, 12 * (1.5*16 + 5), 4*(4+2*32) + 84},
		{"AlignmentLoss", func(dev kernels.Device) { dev.AlignmentLoss(d(1), f(3, 8), f(3, 8), f(3, 3), 1) }, 2 * 9 * 8, 4 * (24 + 24 + 9)},
		{"AdamW", func(dev kernels.Device) { dev.AdamW(f(10), f(10), f(10), f(10), kernels.AdamW{Step: 1}) }, 140, 7 * 40},
		{"LARS", func(dev kernels.Device) { dev.LARS(f(10), f(10), f(10), kernels.LARS{}) }, 120, 7 * 40},
		{"SumSquares", func(dev kernels.Device) { dev.SumSquares(d(1), f(10)) }, 20, 40},
	} {
		recorder := trace.New(dev, nil)
		recorder.Begin()
		c.run(recorder)
		calls := recorder.End()
		if len(calls) != 1 {
			t.Errorf("%s: %d calls recorded, expected 1", c.name, len(calls))
			continue
		}
		if got := calls[0]; got.Operations != c.operations || got.Bytes != c.bytes {
			t.Errorf("%s: %v operations and %v bytes, expected %v and %v", c.name, got.Operations, got.Bytes, c.operations, c.bytes)
		}
	}
}

// TestResults: of a matrix product only what it gives is written, and nothing of one that ends in a loss.
func TestResults(t *testing.T) {
	dev := trace.New(reference.New(kernels.Float32), nil)
	f := func(dims ...int) kernels.Tensor { return dev.New(kernels.Float32, dims...) }
	dev.Begin()
	dev.MatMul(f(2, 3), f(2, 7), f(7, 3), kernels.Product{})
	dev.PairwiseMinimum(f(2, 3), f(2, 7), f(3, 7))
	dev.AlignmentLossBackward(f(3, 8), f(3, 8), f(3, 3), 1)
	dev.AlignmentLoss(dev.New(kernels.Float64, 1), f(3, 8), f(3, 8), f(3, 3), 1)
	var results []float64
	for _, c := range dev.End() {
		results = append(results, c.Results)
	}
	if want := []float64{24, 24, 96, 0}; !slices.Equal(results, want) {
		t.Errorf("%v bytes are only written, expected %v", results, want)
	}
}

// TestRecording: calls are in order, with the layer of the first operand that has one, and times that do not overlap;
// outside a recording nothing is kept.
func TestRecording(t *testing.T) {
	dev := trace.New(reference.New(kernels.Float32), nil)
	x, w, y := dev.New(kernels.Float32, 4, 8), dev.New(kernels.Float32, 3, 8), dev.New(kernels.Float32, 4, 3)
	dev.Layer = func(v kernels.Tensor) string {
		if v.Memory() == w.Memory() {
			return "head"
		}
		return ""
	}
	dev.Fill(x, 1)
	dev.Begin()
	dev.Fill(w, 2)
	dev.MatMul(y, x, w, kernels.Product{TransB: true})
	if err := dev.Read(make([]float32, 12), y); err != nil {
		t.Fatal(err)
	}
	calls := dev.End()
	dev.Fill(x, 3)
	var names, layers, shapes []string
	for i, c := range calls {
		names, layers, shapes = append(names, c.Operation), append(layers, c.Layer), append(shapes, c.Shape)
		if c.Took <= 0 || i > 0 && c.Began < calls[i-1].Began+calls[i-1].Took {
			t.Errorf("call %d began at %v and took %v", i, c.Began, c.Took)
		}
	}
	if want := []string{"Fill", "MatMul", "Read"}; !slices.Equal(names, want) {
		t.Errorf("calls %v, expected %v", names, want)
	}
	if want := []string{"head", "head", ""}; !slices.Equal(layers, want) {
		t.Errorf("layers %q, expected %q", layers, want)
	}
	if want := []string{"3x8", "4x8 by 8x3", "4x3"}; !slices.Equal(shapes, want) {
		t.Errorf("shapes %q, expected %q", shapes, want)
	}
	if more := dev.End(); len(more) != 3 {
		t.Errorf("%d calls after the end, expected 3", len(more))
	}
}

// rounding is a device that multiplies in something else.
type rounding struct{ kernels.Device }

func (rounding) Products() string { return "tf32" }

// TestProducts: behind a recorder a device multiplies in what it does.
func TestProducts(t *testing.T) {
	plain := reference.New(kernels.Float32)
	if got := trace.New(plain, nil).Products(); got != "float32" {
		t.Error(got)
	}
	if got := trace.New(rounding{plain}, nil).Products(); got != "tf32" {
		t.Error(got)
	}
}

// TestNothingIsRecorded: each operation is timed, so none may be held back to be done with others.
func TestNothingIsRecorded(t *testing.T) {
	var dev any = trace.New(reference.New(kernels.Float32), nil)
	if _, records := dev.(kernels.Recorder); records {
		t.Error("a traced device records operations")
	}
}
