package cuda

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// TestVariantText: a variant is the kernel, line by line, with the accesses and registers that its marks name.
func TestVariantText(t *testing.T) {
	const kernel = `.visible .entry k(.param .u64 x)
{
	.reg .f32 %x; // element
	mad.lo.u32 %i, %i, %t, %n;
	mul.wide.u32 %o, %i, 4; // activation
	@%p ld.global.f32 %x, [%a]; // activation
	add.rn.f32 %x, %x, %scale;
	st.global.f32 [%b], %x;
	ret;
}
`
	for v, want := range map[variant]string{
		{wide: true}: `.visible .entry k_wide(.param .u64 x)
{
	.reg .f32 %x$0, %x$1, %x$2, %x$3;
	mad.lo.u32 %i, %i, %t, %n; mul.lo.u32 %i, %i, 4;
	mul.wide.u32 %o, %i, 4; // activation
	@%p ld.global.v4.f32 {%x$0, %x$1, %x$2, %x$3}, [%a];
	add.rn.f32 %x$0, %x$0, %scale; 	add.rn.f32 %x$1, %x$1, %scale; 	add.rn.f32 %x$2, %x$2, %scale; 	add.rn.f32 %x$3, %x$3, %scale;
	st.global.v4.f32 [%b], {%x$0, %x$1, %x$2, %x$3};
	ret;
}
`,
		{half: true}: `.visible .entry k_half(.param .u64 x)
{ .reg .b32 %raw<5>;
	.reg .f32 %x; // element
	mad.lo.u32 %i, %i, %t, %n;
	mul.wide.u32 %o, %i, 2;
	@%p ld.global.u16 %raw0, [%a]; @%p shl.b32 %raw0, %raw0, 16; @%p mov.b32 %x, %raw0;
	add.rn.f32 %x, %x, %scale;
	st.global.f32 [%b], %x;
	ret;
}
`,
	} {
		if got := v.of(family{name: "k.ptx", text: kernel}); got.text != want || got.widths["k"] != v.width(kernel) {
			t.Errorf("%+v: widths %v,\n%s", v, got.widths, got.text)
		}
	}
}

// TestWideAccesses: where operands are aligned and rows are whole, every access of the kernels that memory bounds is of 16 bytes a
// thread, or four bfloat16, and takes four sectors for 128 bytes. Sums in float64, and norms that
// one thread of a row stores, are few.
func TestWideAccesses(t *testing.T) {
	const rows, channels = 96, 32
	for _, typ := range []kernels.Type{kernels.Float32, kernels.BFloat16} {
		found := profiles(t, Settings{}, func(dev *Device) {
			b := bed{dev}
			active := func(dims ...int) kernels.Tensor {
				x := b.New(typ, dims...)
				b.Fill(x, 1)
				return x
			}
			vector := func() kernels.Tensor { return b.filled("v", channels) }
			x, y, r, dy := active(rows, channels), active(rows, channels), active(rows, channels), active(rows, channels)
			n := kernels.Norm{Gamma: vector(), Beta: vector(), Mean: vector(), InvStd: vector()}
			b.ReLU(y, x)
			b.ReLUBackward(dy, dy, y)
			b.AddBias(y, x, vector())
			b.AddBiasBackward(vector(), dy)
			b.ChannelMoments(b.New(kernels.Float64, 2, channels), x)
			b.BatchNormAddReLU(y, x, r, n)
			b.BatchNormAddReLUBackward(active(rows, channels), active(rows, channels), vector(), vector(), dy, y, x, n)
			images, full := active(2, 6, 8, channels), b.filled("full", rows, channels)
			pooled, pool := active(2, 3, 4, channels), kernels.Pool{Size: 3, Stride: 2, Pad: 1}
			b.MaxPool(pooled, images, pool)
			b.MaxPoolBackward(active(2, 6, 8, channels), active(2, 3, 4, channels), pooled, images, pool)
			b.MaxPoolBackward(active(2, 6, 8, channels), active(2, 3, 4, channels), pooled, images, kernels.Pool{Size: 2, Stride: 2})
			b.GlobalAveragePool(b.room(2, channels), images)
			b.GlobalAveragePoolBackward(images, b.filled("dy", 2, channels))
			if typ == kernels.BFloat16 {
				b.Convert(y, full)
				b.Convert(full, y)
				return
			}
			b.NormalizeRows(b.room(rows, channels), b.room(rows), full, 1)
			b.NormalizeRowsBackward(b.room(rows, channels), full, full, b.filled("norms", rows))
			b.LogSoftmax(b.room(rows, channels), full)
			b.LogSoftmaxBackward(b.room(rows, channels), full, full)
			targets, labels, loss := b.filled("t", rows, channels), b.filled("a", rows, rows), b.New(kernels.Float64, 1)
			b.AlignmentLoss(loss, full, targets, labels, 1)
			b.AlignmentLossBackward(b.room(rows, channels), targets, labels, 1)
			g, m, v := b.filled("g", rows, channels), b.room(rows, channels), b.room(rows, channels)
			b.SGD(full, g, m, kernels.SGD{LR: 1})
			b.AdamW(full, g, m, v, kernels.AdamW{LR: 1, Beta1: .9, Beta2: .9, Eps: 1, Step: 1})
			b.LARS(full, g, m, kernels.LARS{LR: 1, Trust: 1})
			b.EMA(full, g, .5)
		})
		wanted := []string{"relu", "relu_backward", "add_bias", "column_sums", "moments_parts", "norm", "norm_parts", "norm_data", "max_pool", "max_pool_backward", "max_pool_backward_3x3",
			"average", "average_backward"}
		exact := []string{"sgd_wide", "adamw_wide", "lars_wide", "ema_wide", "block_sums", "normalize_rows_wide", "normalize_rows_backward_wide",
			"log_softmax_wide", "log_softmax_backward_wide", "alignment_rows_wide", "alignment_backward_wide"}
		if typ == kernels.BFloat16 {
			wanted, exact = append(wanted, "round", "extend"), nil
		}
		for _, kernel := range wanted {
			exact = append(exact, variant{half: typ == kernels.BFloat16, wide: true}.name(kernel))
		}
		// Their threads also read labels or norms that a row has in common, or write a sum.
		alone := []string{"lars_wide", "block_sums", "normalize_rows_wide", "normalize_rows_backward_wide", "alignment_rows_wide", "alignment_backward_wide"}
		for _, kernel := range exact {
			p := found[kernel]
			if p == nil {
				t.Errorf("%v: no launch of %s", typ, kernel)
				continue
			}
			for _, line := range p.Lines {
				oneThread := line.Lanes == line.Instructions // of a warp
				if 128*line.GlobalSectors > 4*line.GlobalBytes && !strings.Contains(line.Text, "f64") && !oneThread {
					t.Errorf("%s, line %d, %s: %d sectors for %d bytes", kernel, line.Line, line.Text, line.GlobalSectors, line.GlobalBytes)
				}
				if four := line.Text == "ld.global.v2.b32" || line.Text == "st.global.v2.b32"; !four && line.GlobalBytes != 16*line.Lanes && line.GlobalRequests > 0 && !slices.Contains(alone, kernel) {
					t.Errorf("%s, line %d, %s: %d bytes of %d threads", kernel, line.Line, line.Text, line.GlobalBytes, line.Lanes)
				}
			}
		}
	}
}

// TestWideBits: operations whose threads take several elements where addresses allow it give the same bits at others.
func TestWideBits(t *testing.T) {
	const rows, channels = 9, 140
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	launched := map[string]bool{}
	results := func(typ kernels.Type, offset int) (all []float64) {
		dev, err := open(ptxsim.Open(ptxsim.Options{Observe: func(p *ptxsim.Profile) { launched[p.Kernel] = true }}), Settings{}, list)
		if err != nil {
			t.Fatal(err)
		}
		defer dev.Close()
		b := bed{dev}
		place := func(typ kernels.Type, name string, dims ...int) kernels.Tensor {
			values := kerneltest.Fill(name, -2, 2, dims...)
			for i, v := range values {
				values[i] = math.Round(4*v) / 4 // some are equal
			}
			x := b.New(typ, offset+len(values)).Slice(offset, len(values)).View(dims...)
			kerneltest.Set(b, x, values)
			return x
		}
		keep := func(tensors ...kernels.Tensor) {
			for _, x := range tensors {
				all = append(all, kerneltest.Get(b, x)...)
			}
		}
		pool := kernels.Pool{Size: 3, Stride: 2, Pad: 1}
		x, y, dx := place(typ, "image", 2, 7, 6, 16), place(typ, "y", 2, 4, 3, 16), place(typ, "dx", 2, 7, 6, 16)
		b.MaxPool(y, x, pool)
		b.MaxPoolBackward(dx, place(typ, "dy", 2, 4, 3, 16), y, x, pool)
		keep(y, dx)
		overlapping := kernels.Pool{Size: 3, Stride: 1, Pad: 1}
		y = place(typ, "y", 2, 7, 6, 16)
		b.MaxPool(y, x, overlapping)
		b.MaxPoolBackward(dx, place(typ, "dy", 2, 7, 6, 16), y, x, overlapping)
		keep(y, dx)
		if typ == kernels.BFloat16 {
			return all
		}
		row := func(name string) kernels.Tensor { return place(kernels.Float32, name, rows, channels) }
		logits, gradient, unit, norms := row("logits"), row("gradient"), row("unit"), place(kernels.Float32, "norms", rows)
		b.LogSoftmax(logits, logits)
		b.LogSoftmaxBackward(gradient, gradient, logits)
		b.NormalizeRows(unit, norms, unit, 1e-3)
		back, labels, loss := row("back"), place(kernels.Float32, "labels", rows, rows), b.New(kernels.Float64, 1)
		b.NormalizeRowsBackward(back, back, unit, norms)
		keep(logits, gradient, unit, norms, back)
		b.AlignmentLoss(loss, unit, logits, labels, 1)
		b.AlignmentLossBackward(back, unit, labels, 1)
		keep(loss, back)
		return all
	}
	for _, typ := range []kernels.Type{kernels.Float32, kernels.BFloat16} {
		if aligned, shifted := results(typ, 0), results(typ, 1); !slices.Equal(aligned, shifted) {
			t.Errorf("%v: other bits at other addresses", typ)
		}
	}
	for _, kernel := range []string{"log_softmax", "log_softmax_backward", "normalize_rows", "normalize_rows_backward", "alignment_rows", "alignment_backward",
		"max_pool_backward", "max_pool_backward_half", "max_pool_backward_3x3", "max_pool_backward_3x3_half"} {
		if !launched[kernel] || !launched[kernel+"_wide"] {
			t.Errorf("no launch of %s, alone and wide", kernel)
		}
	}
}
