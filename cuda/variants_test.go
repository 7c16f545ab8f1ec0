package cuda

import (
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
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
// thread, or four bfloat16, and takes four sectors for 128 bytes. Sums in float64 are few.
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
			b.MaxPool(active(2, 3, 4, channels), images, kernels.Pool{Size: 3, Stride: 2, Pad: 1})
			b.GlobalAveragePool(b.room(2, channels), images)
			b.GlobalAveragePoolBackward(images, b.filled("dy", 2, channels))
			if typ == kernels.BFloat16 {
				b.Convert(y, full)
				b.Convert(full, y)
				return
			}
			g, m, v := b.filled("g", rows, channels), b.room(rows, channels), b.room(rows, channels)
			b.SGD(full, g, m, kernels.SGD{LR: 1})
			b.AdamW(full, g, m, v, kernels.AdamW{LR: 1, Beta1: .9, Beta2: .9, Eps: 1, Step: 1})
			b.LARS(full, g, m, kernels.LARS{LR: 1, Trust: 1})
			b.EMA(full, g, .5)
		})
		wanted := []string{"relu", "relu_backward", "add_bias", "column_sums", "moments_parts", "norm", "norm_parts", "norm_data", "max_pool",
			"average", "average_backward"}
		exact := []string{"sgd_wide", "adamw_wide", "lars_wide", "ema_wide", "block_sums"}
		if typ == kernels.BFloat16 {
			wanted, exact = append(wanted, "round", "extend"), nil
		}
		for _, kernel := range wanted {
			exact = append(exact, variant{half: typ == kernels.BFloat16, wide: true}.name(kernel))
		}
		alone := []string{"lars_wide", "block_sums"} // whose threads read norms or write a sum besides
		for _, kernel := range exact {
			p := found[kernel]
			if p == nil {
				t.Errorf("%v: no launch of %s", typ, kernel)
				continue
			}
			for _, line := range p.Lines {
				if 128*line.GlobalSectors > 4*line.GlobalBytes && !strings.Contains(line.Text, "f64") {
					t.Errorf("%s, line %d, %s: %d sectors for %d bytes", kernel, line.Line, line.Text, line.GlobalSectors, line.GlobalBytes)
				}
				if four := line.Text == "ld.global.v2.b32" || line.Text == "st.global.v2.b32"; !four && line.GlobalBytes != 16*line.Lanes && line.GlobalRequests > 0 && !slices.Contains(alone, kernel) {
					t.Errorf("%s, line %d, %s: %d bytes of %d threads", kernel, line.Line, line.Text, line.GlobalBytes, line.Lanes)
				}
			}
		}
	}
}
