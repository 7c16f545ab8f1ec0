package machine

// This file moves and converts values and addresses.

import (
	"math"
	"strings"

	"gzpt/cuda/ptxsim/internal/arith"
	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register(decodeMove, "mov")
	register(decodeConvert, "cvt")
	register(decodeConvertAddress, "cvta")
	register(decodeIsSpace, "isspacep")
}

func decodeMove(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	o := i.Operands
	switch {
	case t == "pred":
		return c.predicateLogic(i)
	case o[0].Kind == syntax.VectorOperand:
		return c.unpack(o[0].List, o[1], t)
	case o[1].Kind == syntax.VectorOperand:
		return c.pack(o[0], o[1].List, t)
	case o[1].Kind == syntax.SpecialOperand && (strings.HasPrefix(o[1].Name, "%clock") || o[1].Name == "%globaltimer"):
		return c.readClock(o[0], o[1].Name, t)
	case t.Size() == 8:
		target, source := c.wide(o[0], t), c.wide(o[1], t)
		return intoWide(target, func(w *warp, z *wideRow) { *z = w.wide[source] })
	}
	target, source := c.narrow(o[0], t), c.narrow(o[1], t)
	if o[1].Kind == syntax.SpecialOperand && t.Size() == 2 { // the low half of a register of 32 bits
		return intoNarrow(target, func(w *warp, z *narrowRow) {
			for n, v := range &w.narrow[source] {
				z[n] = v & 0xffff
			}
		})
	}
	return intoNarrow(target, func(w *warp, z *narrowRow) { *z = w.narrow[source] })
}

// readClock reads the time, which here is the number of instructions that the block has run.
func (c *compiler) readClock(target *syntax.Operand, name string, t syntax.Type) work {
	write := c.target(target, t)
	return func(w *warp, mask uint32) {
		now := uint64(w.block.launch.budget - w.block.left)
		if name == "%clock_hi" {
			now >>= 32
		}
		for m := mask; m != 0; m &= m - 1 {
			write(w, first(m), now)
		}
	}
}

// unpack splits a value over registers, low bits first.
func (c *compiler) unpack(targets []*syntax.Operand, source *syntax.Operand, t syntax.Type) work {
	read := c.row(source, t)
	size := 8 * t.Size() / len(targets)
	part := syntax.Type("b" + map[int]string{8: "8", 16: "16", 32: "32"}[size])
	writes := make([]func(w *warp, lane int, value uint64), len(targets))
	for n, target := range targets {
		writes[n] = c.target(target, part)
	}
	if len(targets) == 2 && size == 32 && holds(source, 8) && holds(targets[0], 4) && holds(targets[1], 4) {
		return c.halve(c.narrow(targets[0], part), c.narrow(targets[1], part), c.wide(source, t))
	}
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			value := read(w, lane)
			for n, write := range writes {
				write(w, lane, value>>(n*size)&(1<<size-1))
			}
		}
	}
}

// holds says whether an operand is a register of so many bytes.
func holds(o *syntax.Operand, bytes int) bool {
	return o.Register != nil && o.Register.Type.Size() == bytes
}

// halve is unpack of rows of 64 bits.
func (c *compiler) halve(low, high, wide int) work {
	return func(w *warp, mask uint32) {
		source, z, y := &w.wide[wide], &w.narrow[low], &w.narrow[high]
		for lane, value := range source {
			if mask>>lane&1 != 0 {
				z[lane], y[lane] = uint32(value), uint32(value>>32)
			}
		}
	}
}

// join is pack of rows of 64 bits.
func (c *compiler) join(wide, low, high int) work {
	return intoWide(wide, func(w *warp, z *wideRow) {
		x, y := &w.narrow[low], &w.narrow[high]
		for lane := range z {
			z[lane] = uint64(x[lane]) | uint64(y[lane])<<32
		}
	})
}

// pack joins registers to one value, low bits first.
func (c *compiler) pack(target *syntax.Operand, sources []*syntax.Operand, t syntax.Type) work {
	write := c.target(target, t)
	size := 8 * t.Size() / len(sources)
	part := syntax.Type("b" + map[int]string{8: "8", 16: "16", 32: "32"}[size])
	if len(sources) == 2 && size == 32 && holds(target, 8) {
		return c.join(c.wide(target, t), c.narrow(sources[0], part), c.narrow(sources[1], part))
	}
	reads := make([]func(w *warp, lane int) uint64, len(sources))
	for n, source := range sources {
		reads[n] = c.row(source, part)
	}
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			value := uint64(0)
			for n, read := range reads {
				value |= read(w, lane) & (1<<size - 1) << (n * size)
			}
			write(w, lane, value)
		}
	}
}

// conversion makes of a source's low bits a target's, extended to 64 bits where it is a signed whole number.
type conversion func(value uint64) uint64

func decodeConvert(c *compiler, i *syntax.Instruction) work {
	to, from := syntax.Type(i.With["T"]), syntax.Type(i.With["U"])
	o := i.Operands
	switch {
	case i.Has("pack"):
		return c.convertPack(i, to)
	case len(o) == 3:
		return c.convertPair(i, to)
	case to.Pair() != "" && from.Pair() != "":
		return c.convertHalves(i, to.Pair(), from.Pair())
	}
	if quick := c.quickConvert(i, to, from); quick != nil {
		return quick
	}
	convert := conversionOf(i, to, from)
	sourceType := bitsOrType(from)
	write := c.target(o[0], bitsOrType(to))
	var read func(w *warp, lane int) uint64
	if r := o[1].Register; r != nil && r.Type.Size() == 8 {
		read = c.row(o[1], "b64")
	} else {
		read = c.row(o[1], sourceType)
	}
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			write(w, lane, convert(read(w, lane)))
		}
	}
}

// quickConvert are the loops of the conversions that fill most kernels, between registers of the types' sizes.
func (c *compiler) quickConvert(i *syntax.Instruction, to, from syntax.Type) work {
	for _, more := range []string{"ftz", "sat", "satfinite", "relu"} {
		if i.Has(more) {
			return nil
		}
	}
	size := to.Size()
	if to == "tf32" {
		size = 4
	}
	target, source := i.Operands[0], i.Operands[1]
	if !holds(target, size) || !holds(source, from.Size()) {
		return nil
	}
	z, x := c.rows[target.Register].row, c.rows[source.Register].row
	switch i.With["rnd"] + " " + string(to) + " " + string(from) {
	case "rn f32 f64":
		return intoNarrow(z, func(w *warp, z *narrowRow) {
			for n, bits := range &w.wide[x] {
				z[n] = bits32(float32(math.Float64frombits(bits)))
			}
		})
	case " f64 f32":
		return intoWide(z, func(w *warp, z *wideRow) {
			for n, bits := range &w.narrow[x] {
				value := float64(math.Float32frombits(bits))
				if value != value {
					value = arith.Integral(value, arith.Nearest)
				}
				z[n] = math.Float64bits(value)
			}
		})
	case "rna tf32 f32":
		return intoNarrow(z, func(w *warp, z *narrowRow) {
			for n, bits := range &w.narrow[x] {
				z[n] = arith.TF32.RoundFloat32(bits, arith.Away)
			}
		})
	case "rn f32 s32":
		return intoNarrow(z, func(w *warp, z *narrowRow) {
			for n, bits := range &w.narrow[x] {
				z[n] = math.Float32bits(float32(int32(bits)))
			}
		})
	case "rn f32 u32":
		return intoNarrow(z, func(w *warp, z *narrowRow) {
			for n, bits := range &w.narrow[x] {
				z[n] = math.Float32bits(float32(bits))
			}
		})
	}
	return nil
}

// conversionOf composes reading the source's value, rounding and writing the target's bits.
func conversionOf(i *syntax.Instruction, to, from syntax.Type) conversion {
	mode := arith.Modes[i.With["rnd"]]
	fromInteger, toInteger := isInteger(from) && from != "tf32", isInteger(to) && to != "tf32"
	switch {
	case fromInteger && toInteger:
		return integerConversion(to, from, i.Has("sat"))
	case fromInteger && to == "f64":
		kind := widthOf(from)
		return func(v uint64) uint64 {
			return math.Float64bits(arith.FromInteger64(kind.extend(v), kind.signed, mode))
		}
	case fromInteger:
		kind := widthOf(from)
		f, _ := format(to)
		return finish(i, to, func(v uint64) uint64 {
			return uint64(f.Round(arith.FromInteger(kind.extend(v), kind.signed), mode))
		})
	}
	value := valueOf(from, i.Has("ftz"))
	if toInteger {
		size, signed, wide := 8*to.Size(), to.Signed(), from == "f64"
		return func(v uint64) uint64 { return arith.ToInteger(value(v), mode, size, signed, wide) }
	}
	return floatConversion(i, to, from, value, mode)
}

// valueOf reads bits of a floating-point type.
func valueOf(t syntax.Type, flush bool) func(v uint64) float64 {
	if t == "f64" {
		return math.Float64frombits
	}
	f, _ := format(t)
	cut := f.Sign | (f.Sign - 1)
	flush = flush && t == "f32"
	return func(v uint64) float64 {
		bits := uint32(v) & cut
		if flush {
			bits = f.Flush(bits)
		}
		return f.Value(bits)
	}
}

func floatConversion(i *syntax.Instruction, to, from syntax.Type, value func(uint64) float64, mode arith.Rounding) conversion {
	integral := strings.HasSuffix(i.With["rnd"], "i")
	if to == "f64" {
		saturate := i.Has("sat")
		return func(v uint64) uint64 {
			x := value(v)
			if integral || x != x {
				x = arith.Integral(x, mode)
			}
			if saturate {
				x = saturate64(x)
			}
			return math.Float64bits(x)
		}
	}
	target := &arith.TF32
	if to != "tf32" {
		target, _ = format(to)
	}
	if i.Has("satfinite") {
		return finish(i, to, func(v uint64) uint64 { return uint64(target.RoundFinite(value(v), mode)) })
	}
	return finish(i, to, func(v uint64) uint64 {
		x := value(v)
		if integral {
			x = arith.Integral(x, mode)
		}
		return uint64(target.Round(x, mode))
	})
}

func saturate64(x float64) float64 {
	if x != x {
		return 0
	}
	return min(max(x, 0), 1)
}

// finish puts flushing, clamping and relu behind a conversion to a small format.
func finish(i *syntax.Instruction, to syntax.Type, convert conversion) conversion {
	f := &arith.F32
	if to != "tf32" {
		f, _ = format(to)
	}
	flush, saturate, relu := i.Has("ftz") && to == "f32", i.Has("sat"), i.Has("relu")
	if !flush && !saturate && !relu {
		return convert
	}
	return func(v uint64) uint64 {
		bits := uint32(convert(v))
		if flush {
			bits = f.Flush(bits)
		}
		if saturate {
			bits = f.Saturate(bits)
		}
		if relu && bits&f.Sign != 0 && !f.IsNaN(bits) {
			bits = 0
		}
		return uint64(bits)
	}
}

func integerConversion(to, from syntax.Type, saturate bool) conversion {
	source, target := widthOf(from), widthOf(to)
	return func(v uint64) uint64 {
		v = source.extend(v)
		if saturate {
			v = clampTo(target, v, source.signed)
		}
		return target.extend(v)
	}
}

// clampTo limits a whole number to the range of a type.
func clampTo(t width, v uint64, signed bool) uint64 {
	size := 64 - t.shift
	most := uint64(1)<<(size-1) - 1
	if !t.signed {
		most = most<<1 | 1
	}
	switch {
	case signed && int64(v) < 0:
		if !t.signed {
			return 0
		}
		return uint64(max(int64(v), -1<<(size-1)))
	case v > most:
		return most
	}
	return v
}

// convertPair is the conversion of two float32 to a pair: the first operand becomes the high half.
func (c *compiler) convertPair(i *syntax.Instruction, to syntax.Type) work {
	one, size := conversionOf(i, to.Pair(), "f32"), 4*to.Size()
	half := func(v uint32) uint32 { return uint32(one(uint64(v))) }
	if to == "bf16x2" && i.With["rnd"] == "rn" && !i.Has("satfinite") && !i.Has("relu") {
		half = func(v uint32) uint32 { return arith.BF16.RoundFloat32(v, arith.Nearest) }
	}
	o := i.Operands
	a, b := c.narrow(o[1], "f32"), c.narrow(o[2], "f32")
	return intoNarrow(c.narrow(o[0], bitsOf(to)), func(w *warp, z *narrowRow) {
		x, y := &w.narrow[a], &w.narrow[b]
		for n := range z {
			z[n] = half(x[n])<<size | half(y[n])
		}
	})
}

// convertHalves converts both halves of a pair: float8 to float16 and back.
func (c *compiler) convertHalves(i *syntax.Instruction, to, from syntax.Type) work {
	one := conversionOf(i, to, from)
	high, source := 8*to.Size(), 8*from.Size()
	return c.unaryWork(i, bitsOf(syntax.Type(i.With["T"])), bitsOf(syntax.Type(i.With["U"])), func(v uint64) uint64 {
		return one(v>>source)<<high | one(v&(1<<source-1))
	})
}

// convertPack is cvt.pack: two clamped numbers, the second lowest, and above them what a third operand holds.
func (c *compiler) convertPack(i *syntax.Instruction, to syntax.Type) work {
	size := 8 * to.Size()
	cut := uint32(1<<size - 1)
	target := widthOf(to)
	f := func(a, b, rest uint32) uint32 {
		high, low := clampTo(target, uint64(int32(a)), true), clampTo(target, uint64(int32(b)), true)
		return rest<<(2*size) | uint32(high)&cut<<size | uint32(low)&cut
	}
	if len(i.Operands) == 3 {
		return c.lanes3(i, "s32", func(a, b, _ uint32) uint32 { return f(a, b, 0) }, 2)
	}
	return c.lanes3(i, "b32", f, 3)
}

// decodeConvertAddress is cvta: generic addresses of shared and local memory and of arguments lie in windows, those of global memory are
// the addresses themselves.
func decodeConvertAddress(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	window := uint64(0)
	switch spaceOf(i.With["space"]) {
	case sharedSpace, clusterSpace:
		window = sharedWindow
	case localSpace:
		window = localWindow
	}
	if i.With["space"] == "param" {
		window = paramWindow
	}
	target, source := c.wide(o[0], "u64"), c.wide(o[1], "u64")
	if i.Has("to") {
		return intoWide(target, func(w *warp, z *wideRow) {
			for n, v := range &w.wide[source] {
				z[n] = v &^ window
			}
		})
	}
	return intoWide(target, func(w *warp, z *wideRow) {
		for n, v := range &w.wide[source] {
			z[n] = v | window
		}
	})
}

func decodeIsSpace(c *compiler, i *syntax.Instruction) work {
	target, source := c.predTarget(i.Operands[0].Register), c.wide(i.Operands[1], "u64")
	var inside func(w *warp, address uint64) bool
	switch name := i.With["space"]; name {
	case "const", "global": // constants lie in global memory here, where nobody may write
		inside = func(w *warp, address uint64) bool {
			area := w.block.launch.global.find(address)
			constant := area != nil && area.readOnly && address-area.base < uint64(area.size)
			return address&windowMask == 0 && constant == (name == "const")
		}
	default:
		window := map[space]uint64{sharedSpace: sharedWindow, clusterSpace: sharedWindow, localSpace: localWindow}[spaceOf(name)]
		if name == "param" {
			window = paramWindow
		}
		own := spaceOf(name) == sharedSpace
		inside = func(w *warp, address uint64) bool {
			return address&windowMask == window && (!own || rankOf(address) == w.block.rank)
		}
	}
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			w.pred[target] &^= 1 << lane
			if inside(w, w.wide[source][lane]) {
				w.pred[target] |= 1 << lane
			}
		}
	}
}
