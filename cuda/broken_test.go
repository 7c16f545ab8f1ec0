package cuda

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
)

// broken is a shipped file with one mistake, and the operation that has to show it: by a fault of the interpreter whose text
// is given, or by a wrong result.
type broken struct {
	name, file, old, new string
	fault                string
	run                  func(b bed) []kernels.Tensor
}

// bed makes the operands of an operation.
type bed struct{ kernels.Device }

func (b bed) room(dims ...int) kernels.Tensor { return b.New(kernels.Float32, dims...) }

// filled is a tensor of few different values, so that some are equal.
func (b bed) filled(name string, dims ...int) kernels.Tensor {
	x := b.room(dims...)
	values := kerneltest.Fill(name, -4, 4, dims...)
	for i, v := range values {
		values[i] = math.Round(2*v) / 2
	}
	kerneltest.Set(b, x, values)
	return x
}

func runReLU(b bed) []kernels.Tensor {
	const n = 1100 // several blocks, though a thread has four elements
	y := b.room(n)
	b.ReLU(y, b.filled("x", n))
	return []kernels.Tensor{y}
}

func runReLUBackward(b bed) []kernels.Tensor {
	dx := b.room(16)
	b.ReLUBackward(dx, b.filled("dy", 16), b.filled("y", 16))
	return []kernels.Tensor{dx}
}

func runMoments(b bed) []kernels.Tensor {
	moments := b.New(kernels.Float64, 2, 3)
	b.ChannelMoments(moments, b.filled("x", 200, 3))
	return []kernels.Tensor{moments}
}

func runBias(b bed) []kernels.Tensor {
	db := b.room(3)
	b.AddBiasBackward(db, b.filled("x", 200, 3))
	return []kernels.Tensor{db}
}

func runPool(b bed) []kernels.Tensor {
	x, y, dx := b.filled("x", 1, 6, 6, 8), b.room(1, 6, 6, 8), b.room(1, 6, 6, 8)
	p := kernels.Pool{Size: 3, Stride: 1, Pad: 1}
	b.MaxPool(y, x, p)
	b.MaxPoolBackward(dx, b.filled("dy", 1, 6, 6, 8), y, x, p)
	return []kernels.Tensor{y, dx}
}

// runCells is the pools of ResNets, the first over an image of an odd and an even side.
func runCells(b bed) []kernels.Tensor {
	x, y, dx := b.filled("x", 1, 7, 6, 8), b.room(1, 4, 3, 8), b.room(1, 7, 6, 8)
	p := kernels.Pool{Size: 3, Stride: 2, Pad: 1}
	b.MaxPool(y, x, p)
	b.MaxPoolBackward(dx, b.filled("dy", 1, 4, 3, 8), y, x, p)
	spread := b.room(2, 3, 5, 8)
	b.GlobalAveragePoolBackward(spread, b.filled("dy", 2, 8))
	return []kernels.Tensor{dx, spread}
}

func runSoftmax(b bed) []kernels.Tensor {
	y := b.room(3, 140) // more than the threads have at a time
	b.LogSoftmax(y, b.filled("x", 3, 140))
	return []kernels.Tensor{y}
}

// runAlignment has targets for all warps of a row, and for some of them fewer.
func runAlignment(b bed) []kernels.Tensor {
	loss := b.New(kernels.Float64, 1)
	b.AlignmentLoss(loss, b.filled("o", 41, 8), b.filled("t", 41, 8), b.filled("a", 41, 41), 1)
	return []kernels.Tensor{loss}
}

// runNorm has more parts than threads sum them.
func runNorm(b bed) []kernels.Tensor {
	const rows, channels = leastShare*40 + 5, 3
	v := func(name string) kernels.Tensor { return b.filled(name, channels) }
	n := kernels.Norm{Gamma: v("gamma"), Beta: v("beta"), Mean: v("mean"), InvStd: v("invStd")}
	dx, dgamma, dbeta, moments := b.room(rows, channels), b.room(channels), b.room(channels), b.New(kernels.Float64, 2, channels)
	x := b.filled("x", rows, channels)
	b.BatchNormBackward(dx, dgamma, dbeta, b.filled("dy", rows, channels), x, n)
	b.ChannelMoments(moments, x)
	return []kernels.Tensor{dx, dgamma, dbeta, moments}
}

// runProduct has more than three steps of the sum and tails of every kind.
func runProduct(b bed) []kernels.Tensor {
	c := b.room(20, 27)
	b.MatMul(c, b.filled("a", 20, 72), b.filled("b", 72, 27), kernels.Product{})
	return []kernels.Tensor{c}
}

// runHalf has bfloat16 activations, of which a thread takes eight.
func runHalf(b bed) []kernels.Tensor {
	x, y := b.New(kernels.BFloat16, 16), b.New(kernels.BFloat16, 16)
	b.Convert(x, b.filled("x", 16))
	b.ReLU(y, x)
	return []kernels.Tensor{x, y}
}

// runContrast has more candidates than a tile, a key of their own that anchors do not see, and labels.
func runContrast(b bed) []kernels.Tensor {
	return b.contrast(70, 5, 0, kernels.OtherKeys, false)
}

// runCores has several tiles too, and coefficients so small that what rounding them moves is not seen.
func runCores(b bed) []kernels.Tensor { return b.contrast(70, 40, 0, kernels.OtherKeys, false) }

// runOwnKey has a key for every anchor beside the queue.
func runOwnKey(b bed) []kernels.Tensor { return b.contrast(5, 6, 3, kernels.OwnKey, false) }

// contrast is the loss of n anchors, each with a label, and its gradient; with symmetric the keys are the anchors.
func (b bed) contrast(n, depth, queued int, keys kernels.Keys, symmetric bool) []kernels.Tensor {
	q, lse, dq, loss := b.filled("q", n, depth), b.room(n), b.room(n, depth), b.New(kernels.Float64, 1)
	k, dk, queue := b.filled("k", n, depth), b.room(n, depth), kernels.Tensor{}
	if symmetric {
		k, dk = q, kernels.Tensor{}
	}
	if queued > 0 {
		queue = b.filled("queue", queued, depth)
	}
	labels := kernels.Labels{Offsets: b.New(kernels.Int32, n+1), Columns: b.New(kernels.Int32, n), Weights: b.room(n)}
	offsets, columns := make([]float64, n+1), make([]float64, n)
	for i := range n {
		offsets[i+1], columns[i] = float64(i+1), float64((7*i+1)%(n+queued))
		if keys == kernels.OwnKey {
			columns[i] = float64(i)
		}
	}
	kerneltest.Set(b, labels.Offsets, offsets)
	kerneltest.Set(b, labels.Columns, columns)
	b.Fill(labels.Weights, 1)
	c := kernels.Contrast{Scale: 2 / float64(depth), Keys: keys}
	b.ContrastiveLoss(loss, lse, q, k, queue, labels, c, 1)
	b.ContrastiveLossBackward(dq, dk, lse, q, k, queue, labels, c, 1)
	if symmetric {
		return []kernels.Tensor{loss, lse, dq}
	}
	return []kernels.Tensor{loss, lse, dq, dk}
}

// runAugment has views of two images at 8 and at 16 bits, with every step and tails of every kind.
func runAugment(b bed) (made []kernels.Tensor) {
	const images, size, radius = 2, 5, 3
	left := kernels.View{
		Low: 20, High: 230, Part: kernels.Part{X: 0.1, Y: 0, Width: 0.9, Height: 0.6, Flip: true}, Blur: []float64{0.4, 0.2, 0.07, 0.03}, Threshold: 0.7,
		Steps: [kernels.Steps]kernels.Step{{Kind: kernels.StepBrightness, Amount: 1.2}, {Kind: kernels.StepContrast, Amount: 0.5}, {Kind: kernels.StepHue, Amount: 0.1}},
	}
	right := kernels.View{
		High: 255, Part: kernels.Part{Y: 0.3, Width: 1, Height: 0.7}, Blur: []float64{1}, Threshold: kernels.NoThreshold,
		Steps: [kernels.Steps]kernels.Step{{Kind: kernels.StepSaturation, Amount: 1.3}, {Kind: kernels.StepContrast, Amount: 1.4}},
	}
	list := []kernels.View{left, right, right, left}
	for _, bits := range []int{8, 16} {
		v := kernels.Views{Side: 7, Bits: bits, Mean: [3]float64{0.4, 0.5, 0.6}, Std: [3]float64{0.25, 0.5, 0.75}}
		words := b.New(kernels.Int32, images, v.Row(3))
		table, y := b.New(kernels.Float64, len(list), kernels.ViewColumns(radius)), b.room(len(list), size, size, 3)
		rows := make([]float64, table.Len())
		for i, view := range list {
			if bits == 16 {
				view.Low, view.High = view.Low*257, view.High*257
			}
			view.Encode(rows[i*table.Dim(1):][:table.Dim(1)])
		}
		values := kerneltest.Fill("words", math.MinInt32, math.MaxInt32, words.Len())
		for i, w := range values {
			values[i] = math.Round(w)
		}
		kerneltest.Set(b, words, values)
		kerneltest.Set(b, table, rows)
		b.Augment(y, words, table, v)
		made = append(made, y)
	}
	return made
}

var brokenFiles = []broken{
	{"comparison", "elementwise.ptx", "setp.lt.f32 %q, %x,", "setp.gt.f32 %q, %x,", "", runReLU},
	{"bound of the threads", "elementwise.ptx", "setp.ge.u32 %p, %i, %n;", "setp.gt.u32 %p, %i, %n;", "out of bounds", runReLU},
	{"one place for all threads", "elementwise.ptx", "st.global.f32 [%a], %x;", "ld.param.u64 %a, [y];\n\tst.global.f32 [%a], %x;", "race", runReLU},
	{"distance of the parts", "normalisation.ptx", "fma.rn.f64 %sum, %v, %count, %sum;", "", "", runMoments},
	{"parts of another thread", "normalisation.ptx", "add.u32 %s, %s, 32;", "add.u32 %s, %s, 16;", "", runNorm},
	{"channels of another block", "normalisation.ptx", "setp.lt.u32 %live, %c, %channels;", "setp.le.u32 %live, %c, %channels;", "", runNorm},
	{"barrier before columns of threads are summed", "normalisation.ptx", "bar.sync 0;\n\tand.b32", "and.b32", "race", runNorm},
	{"barrier behind the sum", "normalisation.ptx", "bar.sync 0;\n\tst.param", "st.param", "race", runNorm},
	{"rows of columns of threads", "normalisation.ptx", "add.u32 %at, %at, 64;", "add.u32 %at, %at, 128;", "", runNorm},
	{"rows of a group", "normalisation.ptx", "mul.lo.u32 %share, %share, %each;", "", "", runNorm},
	{"no fence before a block is counted", "normalisation.ptx", "fence.acq_rel.gpu; // of the", "// of the", "race between blocks", runNorm},
	{"no fence behind", "normalisation.ptx", "1;\n\tfence.acq_rel.gpu;", "1;", "no fence lies behind the strong read", runNorm},
	{"fences of all threads in front of the barrier", "normalisation.ptx",
		"bar.sync 0; // all threads have written\n\tmov.u32 %t, %tid.x;\n\tsetp.ne.u32 %p, %t, 0;\n\t@%p bra COUNTED;\n\tfence.acq_rel.gpu; // of",
		"fence.acq_rel.gpu;\n\tbar.sync 0;\n\tmov.u32 %t, %tid.x;\n\tsetp.ne.u32 %p, %t, 0;\n\t@%p bra COUNTED;\n\t// of",
		"race between blocks", runNorm},
	{"counters not 0 again", "normalisation.ptx", "@%p st.global.u32 [%counter], 0;", "", "", runNorm},
	{"another block than the last", "normalisation.ptx", "setp.eq.u32 %p, %t, %blocks;", "setp.eq.u32 %p, %t, 1;", "", runNorm},
	{"rows of a thread", "normalisation.ptx", "add.u32 %i, %i, %n;\n\tsetp.lt.u32 %p, %i, %total;", "mad.lo.u32 %i, %n, 2, %i;\n\tsetp.lt.u32 %p, %i, %total;", "", runNorm},
	{"the last row of a thread", "normalisation.ptx", "setp.lt.u32 %p, %i, %total;", "setp.le.u32 %p, %i, %total;", "", runNorm},
	{"slope of the gradient", "normalisation.ptx", "neg.f32 %slope, %slope;", "", "", runNorm},
	{"partial sum not stored", "reduction.ptx", "st.global.f64 [%a], %sum;", "", "uninitialised", runBias},
	{"parts one after the other", "reduction.ptx", "mul.wide.u32 %step, %n, 8;", "mul.wide.u32 %step, %n, 4;", "", runBias},
	{"an earlier equal", "pooling.ptx", "setp.neu.and.f32 %hit, %x, %best, %hit;", "", "", runPool},
	{"a window that goes on looking", "pooling.ptx", "selp.f32 %besta, 0f7FC00000, %besta, %hit;", "", "", runCells},
	{"the row behind the image", "pooling.ptx", "setp.lt.u32 %down, %t, %H;", "setp.le.u32 %down, %t, %H;", "out of bounds", runCells},
	{"the last pixel of an average", "pooling.ptx", "setp.lt.u32 %p, %pixel, %area;", "setp.le.u32 %p, %pixel, %area;", "", runCells},
	{"gradient of the other window", "pooling.ptx", "%sumd, %gb;", "%sumd, %gc;", "", runCells},
	{"half a warp", "softmax.ptx", "mov.u32 %lane, 16;", "mov.u32 %lane, 8;", "", runSoftmax},
	{"columns of the other lanes", "softmax.ptx", "add.u32 %c, %c, 124;", "add.u32 %c, %c, 120;", "", runSoftmax},
	{"targets of a warp", "softmax.ptx", "mad.lo.u32 %i, %r, %batch, %first;", "mul.lo.u32 %i, %r, %batch;", "", runAlignment},
	{"barrier before the sums of warps", "softmax.ptx", "bar.sync 0;", "", "race", runAlignment},
	{"sums of half the warps", "softmax.ptx", "setp.lt.u32 %p, %l, 16;", "setp.lt.u32 %p, %l, 8;", "", runAlignment},
	{"upper bits of log(2)", "softmax.ptx", "0fBF317200", "0fBF317000", "", runSoftmax},
	{"mark of a register", "elementwise.ptx", ".reg .f32 %g, %y; // element", ".reg .f32 %g; // element\n\t.reg .f32 %y;", "", runReLUBackward},
	{"mark of an access", "elementwise.ptx", "st.global.f32 [%a], %x; // activation", "st.global.f32 [%a], %x;", "misaligned", runHalf},
	{"barrier between steps", "product.ptx", "bar.sync 0;", "", "race", runProduct},
	{"the other buffer", "product.ptx", "xor.b32 %buffer, %buffer, 16896;", "", "race", runProduct},
	{"edge of the matrix", "product.ptx", "setp.lt.u32 %b0, %j, %columns;", "setp.le.u32 %b0, %j, %columns;", "out of bounds", runProduct},
	{"end of the sum", "product.ptx", "min.u32 %left, %left, 16;", "min.u32 %left, %left, 15;", "", runProduct},
	{"column of the anchor itself", "contrast_lse.ptx", "not.pred %in, %in;", "", "", runContrast},
	{"shares of a block", "contrast_lse.ptx", "mad.lo.u32 %i, %part, 4, %i;", "mad.lo.u32 %i, %part, 2, %i;", "", runContrast},
	{"barrier behind the tile", "contrast_lse.ptx", "bar.sync 0;\n\tmov.u32 %n, 0;", "mov.u32 %n, 0;", "race", runContrast},
	{"barrier before the labels", "contrast_gradient.ptx", "bar.sync 0;\n// Less the labels", "\n// Less the labels", "race", runContrast},
	{"roles of the labels", "contrast_gradient.ptx", "selp.u32 %j, %i, %t, %role;", "selp.u32 %j, %t, %i, %role;", "", runContrast},
	{"columns of the anchors themselves", "contrast_gradient.ptx", "setp.eq.and.u32 %p, %keys, 1, %p;", "setp.eq.and.u32 %p, %keys, 9, %p;", "", runContrast},
	{"end of the image", "augmentation.ptx", "min.s32 %end, %end, %side;", "", "", runAugment},
	{"centre of a pixel", "augmentation.ptx", "add.rn.f64 %v, %v, 0d3FE0000000000000; // 0.5", "", "", runAugment},
	{"direction of the taps", "augmentation.ptx", "and.b32 %t, %t, 1;", "xor.b32 %t, %t, 1; and.b32 %t, %t, 1;", "", runAugment},
	{"left and right", "augmentation.ptx", "setp.neu.f32 %p, %f, 0f00000000;", "setp.equ.f32 %p, %f, 0f00000000;", "", runAugment},
	{"image of the view", "augmentation.ptx", "rem.u32 %i, %view, %t;", "mov.u32 %i, %view;", "out of bounds", runAugment},
	{"values of 16 bits", "augmentation.ptx", "setp.eq.u32 %wide, %t, 16;", "setp.eq.u32 %wide, %t, 8;", "", runAugment},
	{"steps behind the contrast", "augmentation.ptx", "@%second bra STEP;", "", "", runAugment},
	{"steps before the contrast", "augmentation.ptx", "xor.pred %q, %seen, %second;", "not.pred %q, %second;", "", runAugment},
	{"mean not stored", "augmentation.ptx", "st.global.f64 [%a], %sum;", "", "uninitialised", runAugment},
	{"the last pixels of the mean", "augmentation.ptx", "setp.ge.u32 %p, %t, %n;", "setp.gt.u32 %p, %t, %n;", "", runAugment},
	{"a sixth of the circle", "augmentation.ptx", "mov.f32 %w, 0f40000000; // 2", "mov.f32 %w, 0f40400000;", "", runAugment},
	{"left border of the blur", "augmentation.ptx", "abs.s32 %left, %left;", "", "", runAugment},
	{"right border of the blur", "augmentation.ptx", "min.s32 %left, %left, %t;", "", "", runAugment},
	{"a row that is not waited for", "augmentation.ptx", "bar.sync 0; // the row is there", "", "race", runAugment},
	{"the middle of the blur", "augmentation.ptx", "add.u32 %t, %thread, %radius;", "mov.u32 %t, %thread;", "", runAugment},
	{"upper border of the blur", "augmentation.ptx", "abs.s32 %above, %above;", "", "", runAugment},
	{"the last weight", "augmentation.ptx", "setp.gt.u32 %p, %k, %radius;", "setp.ge.u32 %p, %k, %radius;", "", runAugment},
	{"threshold", "augmentation.ptx", "setp.ge.f32 %q, %sum, %threshold;", "setp.lt.f32 %q, %sum, %threshold;", "", runAugment},
	{"mean of the third channel", "augmentation.ptx", "selp.f32 %m, %mean2, %m, %q;", "", "", runAugment},
	{"label of the own key", "contrast.ptx", "sub.rn.f32 %z, %z, %x;\n\tbra LABEL;", "bra LABEL;", "", runOwnKey},
}

// brokenInTF32 are mistakes that a device with tf32 products has to show.
var brokenInTF32 = []broken{
	{"copies awaited", "product_tf32.ptx", "cp.async.wait_group 1;", "cp.async.wait_group 2;", "asynchronous copy", runProduct},
	{"barrier after copies", "product_tf32.ptx", "bar.sync 0;", "", "", runProduct},
	{"the upper eight k", "product_tf32.ptx", "xor.b32 %j, %j, 32;", "", "", runProduct},
	{"chunks that change places", "product_tf32.ptx", "xor.b32 %size, %size, %j;", "add.u32 %size, %size, %j;", "", runProduct},
	{"the upper eight rows", "contrast_gradient.ptx", "xor.b32 %c1, %c1, 32;", "", "", runCores},
	{"eight rows of the other sixteen", "contrast_gradient.ptx", "xor.b32 %c2, %c0, 64;", "mov.b32 %c2, %c0;", "", runCores},
	{"coefficients of the other sixteen", "contrast_gradient.ptx", "xor.b32 %c0, %c0, %i;", "", "", runCores},
	{"barrier before sums change hands", "contrast_gradient.ptx", "bar.sync 0;\n\tshr.u32 %n, %t, 4;", "shr.u32 %n, %t, 4;", "race", runCores},
	{"chunks of sums", "contrast_gradient.ptx", "xor.b32 %j, %j, 96;", "", "", runCores},
}

// TestBroken: a mistake in a file that ships is found on small operands, which the file itself passes.
func TestBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of the interpreter, minutes under the race detector")
	}
	whole, err := families()
	if err != nil {
		t.Fatal(err)
	}
	for products, mistakes := range [][]broken{Float32: brokenFiles, TF32: brokenInTF32} {
		for _, b := range mistakes {
			t.Run(b.name, func(t *testing.T) { b.check(t, whole, Settings{Products: Products(products)}) })
		}
	}
}

// check demands that the mistake is found, and nothing without it.
func (b broken) check(t *testing.T, whole []family, settings Settings) {
	t.Helper()
	if found := b.found(t, whole, settings); found != "" {
		t.Errorf("without the mistake: %s", found)
	}
	switch found := b.found(t, changed(t, whole, b.file, b.old, b.new), settings); {
	case found == "":
		t.Error("the mistake is not found")
	case !strings.Contains(found, b.fault):
		t.Errorf("found by %q, expected a fault with %q", found, b.fault)
	}
}

// found says what the operation shows on the given kernels, "" where all is as on the reference.
func (b broken) found(t *testing.T, list []family, settings Settings) string {
	t.Helper()
	dev, err := open(ptxsim.Open(ptxsim.Options{}), settings, list)
	if err != nil {
		return err.Error()
	}
	defer dev.Close()
	dev.beginning, dev.groupParts = 1, 36 // so that threads serve several rows, and sums have groups
	oracle := reference.New(kernels.Float32)
	want := b.run(bed{oracle})
	for i, got := range b.run(bed{dev}) {
		values := make([]float64, got.Len())
		if err := dev.ReadFloat64(values, got); err != nil {
			return err.Error()
		}
		for j, w := range kerneltest.Get(oracle, want[i]) {
			if !(math.Abs(values[j]-w) <= 1e-5*(1+math.Abs(w))) {
				return fmt.Sprintf("result %d[%d] = %g, want %g", i, j, values[j], w)
			}
		}
	}
	return ""
}
