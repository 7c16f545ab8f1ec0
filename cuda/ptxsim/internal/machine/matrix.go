package machine

// This file loads, transposes and multiplies matrices that lie over the registers of a warp.

import (
	"math"

	"gzpt/cuda/ptxsim/internal/arith"
	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register(decodeLoadMatrix, "ldmatrix")
	register(decodeStoreMatrix, "stmatrix")
	register(decodeTransposeMatrix, "movmatrix")
	register(decodeMultiply, "mma")
	register(decodeWarpMatrix, "wmma")
}

// whole demands that all 32 lanes take part.
func whole(mask uint32) {
	if mask != all {
		fail(first(mask), "only %d of the 32 threads of the warp are there", onesCount(mask))
	}
}

// narrowRows are the rows of a vector of registers.
func (c *compiler) narrowRows(o *syntax.Operand, t syntax.Type) (rows []int) {
	for _, element := range elements(o) {
		rows = append(rows, c.narrow(element, t))
	}
	return rows
}

func decodeLoadMatrix(c *compiler, i *syntax.Instruction) work {
	c.step().aligned = true
	rows := c.narrowRows(i.Operands[0], "b32")
	where, address := c.spaceFor(i, i.Operands[1]), c.addressOf(i.Operands[1])
	transposed := i.Has("trans")
	return func(w *warp, mask uint32) {
		whole(mask)
		at := address(w)
		for n, row := range rows {
			var matrix [8][8]uint16
			w.visitMatrix(where, n, at, access{bytes: 16, read: true}, func(line int, p []byte) {
				for column := range 8 {
					matrix[line][column] = uint16(number(p[2*column : 2*column+2]))
				}
			})
			for lane := range 32 {
				w.narrow[row][lane] = fragmentWord(&matrix, lane, transposed)
			}
		}
	}
}

// visitMatrix visits the 8 rows of matrix n, whose addresses the lanes 8n to 8n+7 hold.
func (w *warp) visitMatrix(where space, n int, at *wideRow, a access, f func(line int, p []byte)) {
	w.visit(where, 0xff<<(8*n), at, a, func(lane int, p []byte) { f(lane-8*n, p) })
}

// fragmentWord is a lane's pair of elements of an 8x8 matrix.
func fragmentWord(matrix *[8][8]uint16, lane int, transposed bool) uint32 {
	row, column := lane/4, lane%4*2
	if transposed {
		return uint32(matrix[column][row]) | uint32(matrix[column+1][row])<<16
	}
	return uint32(matrix[row][column]) | uint32(matrix[row][column+1])<<16
}

// scatter puts a lane's pair back into the matrix.
func scatter(matrix *[8][8]uint16, lane int, transposed bool, word uint32) {
	row, column := lane/4, lane%4*2
	if transposed {
		matrix[column][row], matrix[column+1][row] = uint16(word), uint16(word>>16)
		return
	}
	matrix[row][column], matrix[row][column+1] = uint16(word), uint16(word>>16)
}

func decodeStoreMatrix(c *compiler, i *syntax.Instruction) work {
	c.step().aligned = true
	rows := c.narrowRows(i.Operands[1], "b32")
	where, address := c.spaceFor(i, i.Operands[0]), c.addressOf(i.Operands[0])
	transposed := i.Has("trans")
	return func(w *warp, mask uint32) {
		whole(mask)
		at := address(w)
		for n, row := range rows {
			var matrix [8][8]uint16
			for lane := range 32 {
				scatter(&matrix, lane, transposed, w.narrow[row][lane])
			}
			w.visitMatrix(where, n, at, access{bytes: 16, write: true}, func(line int, p []byte) {
				for column := range 8 {
					putNumber(p[2*column:2*column+2], uint64(matrix[line][column]))
				}
			})
		}
	}
}

func decodeTransposeMatrix(c *compiler, i *syntax.Instruction) work {
	c.step().aligned = true
	target, source := c.narrow(i.Operands[0], "b32"), c.narrow(i.Operands[1], "b32")
	return func(w *warp, mask uint32) {
		whole(mask)
		var matrix [8][8]uint16
		for lane := range 32 {
			scatter(&matrix, lane, false, w.narrow[source][lane])
		}
		for lane := range 32 {
			w.narrow[target][lane] = fragmentWord(&matrix, lane, true)
		}
	}
}

// place is where an element of a fragment lies: a lane, a register of its vector and the first bit there.
type place struct{ lane, register, shift int }

// fragments of mma.m16n8 with 32-bit accumulators. g is the lane's group of four, t its place in the group.

// placeA finds element (row, k) of A, of which per lie in a register.
func placeA(row, k, per int) place {
	lane := row%8*4 + k/per%4
	register := row/8 + k/(4*per)*2
	return place{lane, register, k % per * (32 / per)}
}

// placeB finds element (k, column) of B.
func placeB(k, column, per int) place {
	return place{column*4 + k/per%4, k / (4 * per), k % per * (32 / per)}
}

// placeC finds element (row, column) of C and D: two columns a lane, in two registers of 32 bits or halves of one.
func placeC(row, column, per int) place {
	lane := row%8*4 + column/2
	if per == 2 {
		return place{lane, row / 8, column % 2 * 16}
	}
	return place{lane, row/8*2 + column%2, 0}
}

// matrices is a compiled product: where its operands lie.
type matrices struct {
	m, n, k    int
	a, b, c, d []int // rows of registers
	typeA      syntax.Type
	typeB      syntax.Type
	typeC      syntax.Type
	typeD      syntax.Type
	saturate   bool
	placesA    []place // by row*k
	placesB    []place // by column*k
	placesC    []place // by row*n
	placesD    []place
	elements   *arith.Format // of A
	elementsB  *arith.Format
}

func decodeMultiply(c *compiler, i *syntax.Instruction) work {
	c.step().aligned = true
	m, n, k := i.Shape()
	switch i.With["A"] {
	case "f64":
		return c.multiplyDouble(i)
	case "b1":
		return c.multiplyBits(i)
	}
	p := &matrices{
		m: m, n: n, k: k, typeA: syntax.Type(i.With["A"]), typeB: syntax.Type(i.With["B"]), typeC: syntax.Type(i.With["C"]),
		typeD: syntax.Type(i.With["D"]), saturate: i.Has("satfinite"),
	}
	register := syntax.Type("b32")
	if p.typeC != "f16" {
		register = p.typeC
	}
	p.d, p.a = c.narrowRows(i.Operands[0], register), c.narrowRows(i.Operands[1], "b32")
	p.b, p.c = c.narrowRows(i.Operands[2], "b32"), c.narrowRows(i.Operands[3], register)
	p.layout(32 / p.typeA.Bits())
	return p.multiply
}

// layout finds the places of all elements.
func (p *matrices) layout(per int) {
	for row := range p.m {
		for k := range p.k {
			p.placesA = append(p.placesA, placeA(row, k, per))
		}
	}
	for column := range p.n {
		for k := range p.k {
			p.placesB = append(p.placesB, placeB(k, column, per))
		}
	}
	perC := 1
	if p.typeC == "f16" {
		perC = 2
	}
	for row := range p.m {
		for column := range p.n {
			p.placesC = append(p.placesC, placeC(row, column, perC))
		}
	}
	p.placesD = p.placesC
	p.chooseFormat()
}

func (p *matrices) chooseFormat() {
	p.elements, p.elementsB = elementFormats[p.typeA], elementFormats[p.typeB]
}

// elementFormats are those of the elements of A and B, where they are no whole numbers.
var elementFormats = map[syntax.Type]*arith.Format{
	"tf32": &arith.TF32, "f16": &arith.F16, "bf16": &arith.BF16, "e4m3": &arith.E4M3, "e5m2": &arith.E5M2,
}

// gather reads elements from the registers.
func (w *warp) gather(rows []int, at place, bits int) uint32 {
	return w.narrow[rows[at.register]][at.lane] >> at.shift & uint32(1<<bits-1)
}

func (p *matrices) multiply(w *warp, mask uint32) {
	whole(mask)
	var results [32 * 32]uint32
	if p.elements == nil {
		p.multiplyIntegers(w, results[:])
	} else {
		p.multiplyFloats(w, results[:])
	}
	for _, row := range p.d {
		w.narrow[row] = narrowRow{}
	}
	for n, at := range p.placesD {
		w.narrow[p.d[at.register]][at.lane] |= results[n] << at.shift
	}
}

func (p *matrices) multiplyFloats(w *warp, results []uint32) {
	var a, b [32 * 16]arith.Element
	bits := p.typeA.Bits()
	for n, at := range p.placesA {
		a[n] = p.elements.Unpack(w.gather(p.a, at, bits))
	}
	for n, at := range p.placesB {
		b[n] = p.elementsB.Unpack(w.gather(p.b, at, bits))
	}
	zeroA, finiteA := survey(a[:p.m*p.k], p.k)
	zeroB, finiteB := survey(b[:p.n*p.k], p.k)
	halfC, halfD := p.typeC == "f16", p.typeD == "f16"
	for n, at := range p.placesC {
		row, column := n/p.n, n%p.n
		left, right := a[row*p.k:][:p.k], b[column*p.k:][:p.k]
		if (zeroA>>row&(finiteB>>column)|zeroB>>column&(finiteA>>row))&1 != 0 { // what lies beyond the edges of a matrix
			left, right = nil, nil
		}
		c := w.narrow[p.c[at.register]][at.lane]
		if halfC {
			c = math.Float32bits(float32(arith.F16.Value(c >> at.shift & 0xffff)))
		}
		if sum := arith.Dot(left, right, c); halfD {
			results[n] = arith.F16.Round(sum, arith.Nearest)
		} else {
			results[n] = arith.Cut(sum)
		}
	}
}

// survey has a bit for each row of k elements: whether all are zeros, whether all are finite.
func survey(elements []arith.Element, k int) (zeros, finite uint32) {
	for row := range len(elements) / k {
		z, f := arith.Survey(elements[row*k:][:k])
		if z {
			zeros |= 1 << row
		}
		if f {
			finite |= 1 << row
		}
	}
	return zeros, finite
}

func (p *matrices) multiplyIntegers(w *warp, results []uint32) {
	var a, b [16 * 64]int64
	bits := p.typeA.Bits()
	for n, at := range p.placesA {
		a[n] = videoPart(w.gather(p.a, at, bits), 0, bits, p.typeA.Signed())
	}
	for n, at := range p.placesB {
		b[n] = videoPart(w.gather(p.b, at, bits), 0, bits, p.typeB.Signed())
	}
	for n, at := range p.placesC {
		row, column := n/p.n, n%p.n
		sum := int64(int32(w.gather(p.c, at, 32)))
		for k := range p.k {
			sum += a[row*p.k+k] * b[column*p.k+k]
		}
		if p.saturate {
			results[n] = clamp32(sum)
		} else {
			results[n] = uint32(sum)
		}
	}
}

// wideRows are the rows of a vector of registers of 64 bits.
func (c *compiler) wideRows(o *syntax.Operand) (rows []int) {
	for _, element := range elements(o) {
		rows = append(rows, c.wide(element, "f64"))
	}
	return rows
}

// multiplyDouble is the product of float64: a chain of fused multiply-adds in the order of k.
func (c *compiler) multiplyDouble(i *syntax.Instruction) work {
	o := i.Operands
	m, n, k := i.Shape()
	d, a, b, addend := c.wideRows(o[0]), c.wideRows(o[1]), c.wideRows(o[2]), c.wideRows(o[3])
	mode := arith.Modes[i.With["rnd"]]
	value := func(w *warp, rows []int, at place) float64 {
		return math.Float64frombits(w.wide[rows[at.register]][at.lane])
	}
	return func(w *warp, mask uint32) {
		whole(mask)
		var results [4]wideRow
		for row := range m {
			for column := range n {
				at := placeC(row, column, 1)
				sum := value(w, addend, at)
				for step := range k {
					sum = arith.FMA64(value(w, a, placeA(row, step, 1)), value(w, b, placeB(step, column, 1)), sum, mode)
				}
				results[at.register][at.lane] = math.Float64bits(sum)
			}
		}
		for register, row := range d {
			w.wide[row] = results[register]
		}
	}
}

// multiplyBits is the product of single bits: how many of k are in both, or in one of both.
func (c *compiler) multiplyBits(i *syntax.Instruction) work {
	o := i.Operands
	m, n, k := i.Shape()
	d, a, b, addend := c.narrowRows(o[0], "s32"), c.narrowRows(o[1], "b32"), c.narrowRows(o[2], "b32"), c.narrowRows(o[3], "s32")
	differ := i.With["logic"] == "xor"
	return func(w *warp, mask uint32) {
		whole(mask)
		var results [4]narrowRow
		for row := range m {
			for column := range n {
				at := placeC(row, column, 1)
				sum := w.gather(addend, at, 32)
				for step := 0; step < k; step += 32 {
					x, y := w.gather(a, placeA(row, step, 32), 32), w.gather(b, placeB(step, column, 32), 32)
					if differ {
						sum += uint32(onesCount(x ^ y))
					} else {
						sum += uint32(onesCount(x & y))
					}
				}
				results[at.register][at.lane] = sum
			}
		}
		for register, row := range d {
			w.narrow[row] = results[register]
		}
	}
}

// wmma, whose fragments have no documented layout: element n of a fragment lies in register n/per/32 of lane n/per%32, where
// per elements share a register. Registers that a fragment does not fill repeat the others.

func decodeWarpMatrix(c *compiler, i *syntax.Instruction) work {
	c.step().aligned = true
	switch i.Modifiers[0] {
	case "load":
		return c.wmmaLoad(i)
	case "store":
		return c.wmmaStore(i)
	}
	return c.wmmaMultiply(i)
}

// extents are the rows and columns of a fragment.
func extents(i *syntax.Instruction, name string) (rows, columns int) {
	m, n, k := i.Shape()
	switch name {
	case "a":
		return m, k
	case "b":
		return k, n
	}
	return m, n
}

func wmmaPlace(n, per, bits int) place {
	return place{n / per % 32, n / per / 32, n % per * bits}
}

// sizeOf is the bytes of an element in memory and how many share a register.
func sizeOf(t syntax.Type) (bytes, per int) {
	bytes = t.Size()
	return bytes, 4 / bytes
}

// wmmaAccess calls f for each element of a fragment, with its memory, in rounds of one element a lane.
func (c *compiler) wmmaAccess(i *syntax.Instruction, name string, t syntax.Type, at, stride *syntax.Operand, a access) func(w *warp, f func(element int, p []byte)) {
	rows, columns := extents(i, name)
	byRow := i.With["layout"] == "row"
	where, address := c.spaceFor(i, at), c.addressOf(at)
	bytes, _ := sizeOf(t)
	a.bytes = bytes
	leading := uint32(columns)
	if !byRow {
		leading = uint32(rows)
	}
	row := c.constant(uint64(leading), false)
	if stride != nil {
		row = c.narrow(stride, "u32")
	}
	return func(w *warp, f func(element int, p []byte)) {
		base, step := address(w)[0], uint64(w.narrow[row][0])
		for from := 0; from < rows*columns; from += 32 {
			var addresses wideRow
			for lane := range 32 {
				y, x := (from+lane)/columns, (from+lane)%columns
				if !byRow {
					y, x = (from+lane)%rows, (from+lane)/rows
				}
				if byRow {
					addresses[lane] = base + (uint64(y)*step+uint64(x))*uint64(bytes)
				} else {
					addresses[lane] = base + (uint64(x)*step+uint64(y))*uint64(bytes)
				}
			}
			w.visit(where, all, &addresses, a, func(lane int, p []byte) {
				n := from + lane
				if !byRow {
					n = n%rows*columns + n/rows
				}
				f(n, p)
			})
		}
	}
}

func optional(o []*syntax.Operand, n int) *syntax.Operand {
	if n < len(o) {
		return o[n]
	}
	return nil
}

func registerType(t syntax.Type) syntax.Type {
	if t == "f32" || t == "s32" {
		return t
	}
	return "b32"
}

func (c *compiler) wmmaLoad(i *syntax.Instruction) work {
	name := i.With["matrix"]
	t, _ := i.Fragment(name)
	if t == "f64" {
		return c.wmmaLoadDouble(i, name)
	}
	rows := c.narrowRows(i.Operands[0], registerType(t))
	visit := c.wmmaAccess(i, name, t, i.Operands[1], optional(i.Operands, 2), access{read: true})
	bytes, per := sizeOf(t)
	height, width := extents(i, name)
	filled := height * width / per / 32
	return func(w *warp, mask uint32) {
		whole(mask)
		for _, row := range rows {
			w.narrow[row] = narrowRow{}
		}
		visit(w, func(element int, p []byte) {
			at := wmmaPlace(element, per, 8*bytes)
			for register := at.register; register < len(rows); register += filled {
				w.narrow[rows[register]][at.lane] |= uint32(number(p)) << at.shift
			}
		})
	}
}

func (c *compiler) wmmaStore(i *syntax.Instruction) work {
	t, _ := i.Fragment("d")
	if t == "f64" {
		return c.wmmaStoreDouble(i)
	}
	rows := c.narrowRows(i.Operands[1], registerType(t))
	visit := c.wmmaAccess(i, "d", t, i.Operands[0], optional(i.Operands, 2), access{write: true})
	bytes, per := sizeOf(t)
	return func(w *warp, mask uint32) {
		whole(mask)
		visit(w, func(element int, p []byte) {
			putNumber(p, uint64(w.gather(rows, wmmaPlace(element, per, 8*bytes), 8*bytes)))
		})
	}
}

// wmma of float64 has the fragments of mma.m8n8k4.

func (c *compiler) wmmaLoadDouble(i *syntax.Instruction, name string) work {
	rows := c.wideRows(i.Operands[0])
	visit := c.wmmaAccess(i, name, "f64", i.Operands[1], optional(i.Operands, 2), access{read: true})
	return func(w *warp, mask uint32) {
		whole(mask)
		visit(w, func(element int, p []byte) {
			at := placeDouble(name, element)
			w.wide[rows[at.register]][at.lane] = number(p)
		})
	}
}

func (c *compiler) wmmaStoreDouble(i *syntax.Instruction) work {
	rows := c.wideRows(i.Operands[1])
	visit := c.wmmaAccess(i, "d", "f64", i.Operands[0], optional(i.Operands, 2), access{write: true})
	return func(w *warp, mask uint32) {
		whole(mask)
		visit(w, func(element int, p []byte) {
			at := placeDouble("d", element)
			putNumber(p, w.wide[rows[at.register]][at.lane])
		})
	}
}

// placeDouble is the place of an element of a matrix of m8n8k4, counted row by row.
func placeDouble(name string, element int) place {
	switch name {
	case "a":
		return placeA(element/4, element%4, 1)
	case "b":
		return placeB(element/8, element%8, 1)
	}
	return placeC(element/8, element%8, 1)
}

func (c *compiler) wmmaMultiply(i *syntax.Instruction) work {
	if i.With["D"] == "f64" {
		return c.multiplyDouble(i)
	}
	p := &matrices{saturate: i.Has("satfinite")}
	p.m, p.n, p.k = i.Shape()
	p.typeA, _ = i.Fragment("a")
	p.typeB = p.typeA // in every form
	p.typeC, _ = i.Fragment("c")
	p.typeD, _ = i.Fragment("d")
	p.d, p.a = c.narrowRows(i.Operands[0], registerType(p.typeD)), c.narrowRows(i.Operands[1], "b32")
	p.b, p.c = c.narrowRows(i.Operands[2], "b32"), c.narrowRows(i.Operands[3], registerType(p.typeC))
	bytes, per := sizeOf(p.typeA)
	for n := range p.m * p.k {
		p.placesA = append(p.placesA, wmmaPlace(n, per, 8*bytes))
	}
	for column := range p.n {
		for k := range p.k {
			p.placesB = append(p.placesB, wmmaPlace(k*p.n+column, per, 8*bytes))
		}
	}
	bytes, per = sizeOf(p.typeC)
	for n := range p.m * p.n {
		p.placesC = append(p.placesC, wmmaPlace(n, per, 8*bytes))
	}
	bytes, per = sizeOf(p.typeD)
	for n := range p.m * p.n {
		p.placesD = append(p.placesD, wmmaPlace(n, per, 8*bytes))
	}
	p.chooseFormat()
	return p.multiply
}
