package ptxsim

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/cuda/internal/toolkit"
	"gzpt/cuda/ptxsim/internal/arith"
)

// groupCase is a wgmma with the places of its operands in shared memory.
type groupCase struct {
	columns        int
	kind           string // of A and B
	half           bool   // D is f16
	registers      bool   // A lies in registers
	transA, transB bool
	span           int // of the swizzle
	lines          int // of 128 bytes before the pattern begins, told by the base offset
	advance        int // products that the start skips along k within the span
	scaleA, scaleB int
	overwrite      bool // d = a*b
}

func groupCases() (list []groupCase) {
	for _, span := range []int{0, 32, 64, 128} {
		for _, kind := range []string{"bf16", "f16", "tf32", "e4m3", "e5m2"} {
			list = append(list, groupCase{columns: 24, kind: kind, span: span}, groupCase{columns: 64, kind: kind, span: span, registers: true})
		}
		for trans := 1; trans < 4; trans++ {
			list = append(list, groupCase{columns: 64, kind: "bf16", span: span, transA: trans&1 != 0, transB: trans&2 != 0})
		}
		if span > 32 {
			list = append(list, groupCase{columns: 16, kind: "bf16", span: span, advance: span/32 - 1}, groupCase{columns: 16, kind: "tf32", span: span, advance: 1})
		}
		if span == 128 {
			list = append(list, groupCase{columns: 16, kind: "bf16", span: span, lines: 3}, groupCase{columns: 128, kind: "f16", span: span, lines: 5, transB: true})
		}
	}
	list = append(list, groupCase{columns: 256, kind: "bf16", span: 128, scaleA: -1}, groupCase{columns: 8, kind: "tf32", span: 128, scaleB: -1},
		groupCase{columns: 40, kind: "f16", span: 64, half: true}, groupCase{columns: 40, kind: "f16", half: true, overwrite: true, registers: true, scaleA: -1},
		groupCase{columns: 192, kind: "tf32", span: 128, overwrite: true}, groupCase{columns: 16, kind: "e4m3", span: 64, half: true, scaleB: -1},
		groupCase{columns: 32, kind: "e5m2", span: 128, advance: 2, half: true, registers: true, scaleA: -1})
	for n := range list {
		if list[n].scaleA == 0 {
			list[n].scaleA = 1
		}
		if list[n].scaleB == 0 {
			list[n].scaleB = 1
		}
	}
	return list
}

func (c *groupCase) name() string {
	d := map[bool]string{false: "f32", true: "f16"}[c.half]
	return fmt.Sprintf("m64n%dk%d.%s.%s.%s", c.columns, c.k(), d, c.kind, c.kind)
}

// size is the bytes of an element of A and B.
func (c *groupCase) size() int {
	return map[string]int{"bf16": 2, "f16": 2, "tf32": 4, "e4m3": 1, "e5m2": 1}[c.kind]
}

func (c *groupCase) k() int { return 32 / c.size() }

func (c *groupCase) format() *arith.Format {
	return map[string]*arith.Format{"tf32": &arith.TF32, "f16": &arith.F16, "bf16": &arith.BF16, "e4m3": &arith.E4M3, "e5m2": &arith.E5M2}[c.kind]
}

// sharedImage is what the kernel copies to shared memory before the product.
const sharedImage = 48 << 10

// layout is the canonical layout of the PTX manual for lines rows of A or columns of B: strides, and the offset of an element
// from where the pattern begins, written with shapes and strides as the manual does.
func (c *groupCase) layout(lines int, across bool) (leading, stride int, offset func(line, k int) int) {
	size, t := c.size(), 16/c.size()
	atom := 8 * max(c.span, 16)
	switch {
	case c.span == 0 && !across:
		leading, stride = lines/8*128, 128
		return leading, stride, func(line, k int) int { return line%8*16 + line/8*stride + k%t*size + k/t*leading }
	case c.span == 0:
		leading, stride = lines/8*128, 128
		return leading, stride, func(line, k int) int { return line%t*size + line/t*stride + k%8*16 + k/8*leading }
	case !across:
		if stride = atom; lines <= 128 { // room between them
			stride += 1024
		}
		return 16, stride, func(line, k int) int {
			return c.swizzled(line%8*c.span + line/8*stride + k%t*size + k/t*16)
		}
	}
	leading, stride = 2*atom, atom
	return leading, stride, func(line, k int) int {
		w := c.span / 16
		return c.swizzled(line%t*size + line/t%w*16 + line/(t*w)*leading + k%8*c.span + k/8*stride)
	}
}

// swizzled is Swizzle<B,4,3> of CuTe: bits 7 on exchange the bits from 4 on.
func (c *groupCase) swizzled(offset int) int {
	bits := map[int]int{32: 1, 64: 2, 128: 3}[c.span]
	return offset ^ (offset>>7&(1<<bits-1))<<4
}

// put writes a matrix into the image and returns its descriptor.
func (c *groupCase) put(image []byte, at, lines int, across bool, values []uint32) uint64 {
	at += 128 * c.lines
	leading, stride, offset := c.layout(lines, across)
	for n, value := range values {
		line, k := n/c.k(), n%c.k()
		to := image[at+offset(line, k+c.advance*c.k()):]
		switch c.size() {
		case 4:
			binary.LittleEndian.PutUint32(to, value)
		case 2:
			binary.LittleEndian.PutUint16(to, uint16(value))
		default:
			to[0] = byte(value)
		}
	}
	mode := map[int]uint64{0: 0, 128: 1, 64: 2, 32: 3}[c.span]
	return uint64(at+32*c.advance)>>4 | uint64(leading)>>4<<16 | uint64(stride)>>4<<32 | uint64(c.lines)<<49 | mode<<62
}

// kernel brings the image to shared memory, the registers, multiplies, and stores d.
func (c *groupCase) kernel() string {
	var s strings.Builder
	letter, words := "f", c.columns/2
	if c.half {
		letter, words = "r", c.columns/4
	}
	s.WriteString(`.version 8.0
.target sm_90a
.address_size 64
.visible .entry k(.param .u64 in, .param .u64 out, .param .u64 da, .param .u64 db)
{
	.reg .b32 %t, %n, %to, %r<64>, %a<4>, %v<4>;
	.reg .f32 %f<128>;
	.reg .b64 %in, %out, %at, %da, %db;
	.reg .pred %p, %acc;
	.shared .align 1024 .b8 s[49152];
	ld.param.u64 %in, [in];
	ld.param.u64 %out, [out];
	ld.param.u64 %da, [da];
	ld.param.u64 %db, [db];
	mov.u32 %t, %tid.x;
	mul.wide.u32 %at, %t, 16;
	add.s64 %at, %in, %at;
	mov.u32 %to, s;
	mad.lo.u32 %to, %t, 16, %to;
	mov.u32 %n, 24;
COPY:
	ld.global.v4.u32 {%v0,%v1,%v2,%v3}, [%at];
	st.shared.v4.u32 [%to], {%v0,%v1,%v2,%v3};
	add.s64 %at, %at, 2048;
	add.u32 %to, %to, 2048;
	sub.u32 %n, %n, 1;
	setp.ne.u32 %p, %n, 0;
	@%p bra COPY;
	mul.wide.u32 %at, %t, 4;
	add.s64 %in, %in, %at;
	add.s64 %in, %in, 49152;
	add.s64 %out, %out, %at;
`)
	for w := range words {
		fmt.Fprintf(&s, "\tld.global.b32 %%%s%d, [%%in+%d];\n", letter, w, 512*w)
	}
	for w := range 4 {
		fmt.Fprintf(&s, "\tld.global.b32 %%a%d, [%%in+%d];\n", w, 512*(words+w))
	}
	a, trans := "%da", fmt.Sprintf(", %d, %d", number(c.transA), number(c.transB))
	if c.registers {
		a, trans = registers("a", 4), fmt.Sprintf(", %d", number(c.transB))
	}
	if c.size() != 2 {
		trans = ""
	}
	fmt.Fprintf(&s, "\tfence.proxy.async.shared::cta;\n\tbar.sync 0;\n\tsetp.eq.u32 %%acc, 0, %d;\n\twgmma.fence.sync.aligned;\n", number(c.overwrite))
	fmt.Fprintf(&s, "\twgmma.mma_async.sync.aligned.%s %s, %s, %%db, %%acc, %d, %d%s;\n", c.name(), registers(letter, words), a, c.scaleA, c.scaleB, trans)
	s.WriteString("\twgmma.commit_group.sync.aligned;\n\twgmma.wait_group.sync.aligned 0;\n")
	for w := range words {
		fmt.Fprintf(&s, "\tst.global.b32 [%%out+%d], %%%s%d;\n", 512*w, letter, w)
	}
	s.WriteString("\tret;\n}\n")
	return s.String()
}

func number(is bool) int {
	if is {
		return 1
	}
	return 0
}

// place is the register and thread of element (row, column) of d as the manual's figure has it, of 32 bits or halves of them.
func (c *groupCase) place(row, column int) (register, thread, shift int) {
	thread = row/16*32 + row%8*4 + column%8/2
	if c.half {
		return column/8*2 + row/8%2, thread, column % 2 * 16
	}
	return column/8*4 + row/8%2*2 + column%2, thread, 0
}

// TestGroupMultiply holds wgmma to the manual's layouts in shared memory and registers and, bit for bit, to the sums of the
// tensor core.
func TestGroupMultiply(t *testing.T) {
	for _, c := range groupCases() {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			random := rand.New(rand.NewPCG(91, uint64(c.columns)))
			draw := func(n int, f *arith.Format) []uint32 {
				list := make([]uint32, n)
				for i := range list {
					list[i] = f.Round(random.NormFloat64()*math.Exp2(float64(random.IntN(9)-4)), arith.Nearest)
				}
				return list
			}
			k, accumulator, words := c.k(), &arith.F32, c.columns/2
			if c.half {
				accumulator, words = &arith.F16, c.columns/4
			}
			a, b, d := draw(64*k, c.format()), draw(c.columns*k, c.format()), draw(64*c.columns, accumulator)
			in := make([]byte, sharedImage+512*(words+4))
			for i := range sharedImage {
				in[i] = 0xff // NaN
			}
			da := c.put(in, 0, 64, c.transA, a)
			db := c.put(in, 16<<10, c.columns, c.transB, b)
			fragments := in[sharedImage:]
			or := func(register, thread int, value uint32) {
				at := fragments[512*register+4*thread:]
				binary.LittleEndian.PutUint32(at, binary.LittleEndian.Uint32(at)|value)
			}
			for i, value := range d {
				register, thread, shift := c.place(i/c.columns, i%c.columns)
				or(register, thread, value<<shift)
			}
			for i, value := range a { // A in registers is laid out as in mma
				row, at, per := i/k, i%k, 4/c.size()
				or(words+row/8%2+at/(4*per)*2, row/16*32+row%8*4+at/per%4, value<<(at%per*8*c.size()))
			}
			r := newRig(t, Options{}, "wgmma.ptx", c.kernel())
			out := r.room(512 * words)
			r.launch("k", line(1), line(128), 0, r.in(in), out, da, db)
			got := make([]uint32, 128*words)
			r.out(got, out)
			for i := range d {
				register, thread, shift := c.place(i/c.columns, i%c.columns)
				bits := got[128*register+thread] >> shift
				if c.half {
					bits &= 0xffff
				}
				if want := c.element(a, b, d[i], i/c.columns, i%c.columns); bits != want {
					t.Fatalf("d(%d,%d) = %#x, expected %#x", i/c.columns, i%c.columns, bits, want)
				}
			}
		})
	}
}

// TestGroupMultiplyAgainstPtxas demands that the assembler accepts the kernels.
func TestGroupMultiplyAgainstPtxas(t *testing.T) {
	if testing.Short() {
		t.Skip("ptxas, and no goroutine of ours; run without -short")
	}
	ptxas := toolkit.Tool(t, "ptxas")
	var whole strings.Builder
	whole.WriteString(".version 8.0\n.target sm_90a\n.address_size 64\n")
	cases := groupCases()
	for n, c := range cases {
		_, body, _ := strings.Cut(c.kernel(), ".address_size 64\n")
		whole.WriteString(strings.Replace(body, "entry k(", fmt.Sprintf("entry k%d(", n), 1))
	}
	file := filepath.Join(t.TempDir(), "wgmma.ptx")
	if err := os.WriteFile(file, []byte(whole.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	if usage, err := toolkit.Assemble(ptxas, file, "sm_90a"); err != nil || len(usage) != len(cases) {
		t.Errorf("%d kernels of %d, error %v", len(usage), len(cases), err)
	}
}

// element is one sum.
func (c *groupCase) element(a, b []uint32, d uint32, row, column int) uint32 {
	var left, right []arith.Element
	f := c.format()
	signed := func(bits uint32, scale int) arith.Element {
		return f.Unpack(f.Round(float64(scale)*f.Value(bits), arith.Nearest))
	}
	for k := range c.k() {
		left = append(left, signed(a[row*c.k()+k], c.scaleA))
		right = append(right, signed(b[column*c.k()+k], c.scaleB))
	}
	if c.half {
		d = math.Float32bits(float32(arith.F16.Value(d)))
	}
	if c.overwrite {
		d = 0
	}
	sum := arith.Dot(left, right, d)
	if c.half {
		return arith.F16.Round(sum, arith.Nearest)
	}
	return arith.Cut(sum)
}
