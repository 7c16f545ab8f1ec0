package machine

// This file loads, transposes and multiplies matrices that lie over the registers of a warp.

import (
	"encoding/binary"
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
	rows, marks := c.narrowRows(i.Operands[0], "b32"), c.elementMarks(i.Operands[0])
	where, address := c.spaceFor(i, i.Operands[1]), c.addressOf(i.Operands[1])
	transposed := i.Has("trans")
	if where == sharedSpace && !transposed {
		return func(w *warp, mask uint32) {
			whole(mask)
			w.loadMatrices(address(w), rows, marks)
		}
	}
	return func(w *warp, mask uint32) {
		whole(mask)
		at := address(w)
		for n, row := range rows {
			var matrix [8][8]uint16
			w.visitMatrix(where, n, at, access{bytes: 16, read: true, passes: true}, func(line int, p []byte) {
				for column := range 8 {
					matrix[line][column] = uint16(number(p[2*column : 2*column+2]))
				}
			})
			for lane := range 32 {
				w.narrow[row][lane] = fragmentWord(&matrix, lane, transposed)
			}
			w.loseMatrix(n, marks[n], transposed)
		}
		w.lost = uint32(len(w.lostLanes))
	}
}

// loseMatrix notes the lanes whose words of matrix n, which has just been loaded, have bytes without a value.
func (w *warp) loseMatrix(n, mark int, transposed bool) {
	if w.lost == 0 || mark < 0 {
		return
	}
	for lane := range 32 {
		row, column := lane/4, lane%4*2
		missing := w.lostBytes[8*n+row] >> (2 * column) & 15
		if transposed {
			missing = (w.lostBytes[8*n+column] | w.lostBytes[8*n+column+1]) >> (2 * row) & 3
		}
		if missing != 0 {
			w.loseLane(mark, lane)
		}
	}
	w.lost, w.lostBytes = 0, [32]uint16{}
}

func (w *warp) loseLane(mark, lane int) {
	if w.lostLanes == nil {
		w.lostLanes = map[int]uint32{}
	}
	w.lostLanes[mark] |= 1 << lane
}

// loadMatrices loads matrices, not transposed, from shared memory: each of four lanes has a word of a row.
func (w *warp) loadMatrices(address *wideRow, rows, marks []int) {
	address = w.inOwn(all>>(32-8*len(rows)), address)
	for n, row := range rows {
		w.touchShared(0xff<<(8*n), address, access{bytes: 16, read: true, passes: true})
		w.loseMatrix(n, marks[n], false)
		data, z := w.block.shared.data, &w.narrow[row]
		for line, at := range address[8*n:][:8] {
			p := data[at:][:16]
			for word := range 4 {
				z[4*line+word] = binary.LittleEndian.Uint32(p[4*word:])
			}
		}
	}
	w.lost = uint32(len(w.lostLanes))
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

// element is a place whose register is known: the row of that.
type element struct {
	row         int32
	lane, shift uint8
}

func (e element) of(w *warp) uint32 { return w.narrow[e.row][e.lane&31] >> (e.shift & 31) }

// put sets the element's bits, which are below so many.
func (e element) put(w *warp, value, bits uint32) {
	word := &w.narrow[e.row][e.lane&31]
	*word = *word&^(bits<<(e.shift&31)) | value<<(e.shift&31)
}

// in are the elements at places of a vector of registers, whose rows these are.
func in(rows []int, places []place) (list []element) {
	for _, p := range places {
		list = append(list, element{int32(rows[p.register]), uint8(p.lane), uint8(p.shift)})
	}
	return list
}

// matrices is a compiled product: where its operands lie.
type matrices struct {
	m, n, k  int
	a, b     []element // element k of row or column i at i*k+k
	c, d     []element // column j of row i at i*n+j
	typeA    syntax.Type
	typeB    syntax.Type
	typeC    syntax.Type
	typeD    syntax.Type
	saturate bool
	format   *arith.Format // of A, nil for whole numbers
	formatB  *arith.Format
	marks    map[int32]int // by row of the registers, their places in warp.ready
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
	per := 32 / p.typeA.Bits()
	perC := 1
	if p.typeC == "f16" {
		perC = 2
	}
	var placesA, placesB, placesC []place
	for row := range m {
		for k := range p.k {
			placesA = append(placesA, placeA(row, k, per))
		}
		for column := range n {
			placesC = append(placesC, placeC(row, column, perC))
		}
	}
	for column := range n {
		for k := range p.k {
			placesB = append(placesB, placeB(k, column, per))
		}
	}
	p.d, p.a = in(c.narrowRows(i.Operands[0], register), placesC), in(c.narrowRows(i.Operands[1], "b32"), placesA)
	p.b, p.c = in(c.narrowRows(i.Operands[2], "b32"), placesB), in(c.narrowRows(i.Operands[3], register), placesC)
	p.format, p.formatB = formatOf(p.typeA), formatOf(p.typeB)
	p.marks = map[int32]int{}
	for _, o := range i.Operands {
		for _, element := range elements(o) {
			if element.Register != nil {
				p.marks[int32(c.rows[element.Register].row)] = c.rows[element.Register].mark
			}
		}
	}
	return p.multiply
}

// lose notes which elements of D have no value: those whose row of A, column of B or element of C lacks one.
func (p *matrices) lose(w *warp) {
	var rows, columns uint32
	for n, e := range p.a {
		rows |= p.lacks(w, e) << (n / p.k)
	}
	for n, e := range p.b {
		columns |= p.lacks(w, e) << (n / p.k)
	}
	for n, e := range p.d {
		if (rows>>(n/p.n)|columns>>(n%p.n)|p.lacks(w, p.c[n]))&1 != 0 {
			if mark, known := p.marks[e.row]; known {
				w.loseLane(mark, int(e.lane))
			}
		}
	}
}

// lacks is 1 for an element without a value.
func (p *matrices) lacks(w *warp, e element) uint32 {
	mark, known := p.marks[e.row]
	if !known {
		return 0
	}
	return ^w.ready[mark] >> e.lane & 1
}

// formatOf is the format of the elements of a product, nil of whole numbers.
func formatOf(t syntax.Type) *arith.Format {
	return map[syntax.Type]*arith.Format{
		"tf32": &arith.TF32, "f16": &arith.F16, "bf16": &arith.BF16, "e4m3": &arith.E4M3, "e5m2": &arith.E5M2,
	}[t]
}

// gather reads elements from the registers.
func (w *warp) gather(rows []int, at place, bits int) uint32 {
	return w.narrow[rows[at.register]][at.lane] >> at.shift & uint32(1<<bits-1)
}

func (p *matrices) multiply(w *warp, mask uint32) {
	whole(mask)
	if w.lost != 0 {
		p.lose(w)
	}
	var results [32 * 32]uint32
	if p.format == nil {
		p.multiplyIntegers(w, &results)
	} else {
		p.multiplyFloats(w, &results)
	}
	bits := all
	if p.typeD == "f16" {
		bits = 0xffff
	}
	for n, e := range p.d {
		e.put(w, results[n], bits)
	}
}

func (p *matrices) multiplyFloats(w *warp, results *[32 * 32]uint32) {
	a, b := &w.block.rows, &w.block.columns
	w.unpackLines(a, p.a, p.m, p.k, p.format, 0)
	a.Rows()
	w.unpackLines(b, p.b, p.n, p.k, p.formatB, 0)
	b.Columns()
	for row := range p.m {
		for column := 0; column < p.n; column += 8 {
			at := row*p.n + column
			w.sumEight(a, row, b, column, p.c[at:], p.typeC == "f16", p.typeD == "f16", (*[8]uint32)(results[at:]))
		}
	}
}

// unpackLines reads an operand of a product, the sign changed where flip has its bit.
func (w *warp) unpackLines(to *arith.Lines, elements []element, lines, k int, f *arith.Format, flip uint32) {
	cut := f.Sign | (f.Sign - 1)
	bits := w.block.bits[:0]
	for _, e := range elements {
		bits = append(bits, e.of(w)&cut^flip)
	}
	w.block.bits = bits
	to.Reset(lines, k)
	to.Fill(f, bits)
}

// sumEight computes eight elements of a row of D from those of C.
func (w *warp) sumEight(a *arith.Lines, row int, b *arith.Lines, column int, c []element, halfC, halfD bool, results *[8]uint32) {
	var addends [8]uint32
	for n, e := range c[:8] {
		if addends[n] = e.of(w); halfC {
			addends[n] = math.Float32bits(float32(arith.F16.Value(addends[n] & 0xffff)))
		}
	}
	for n, sum := range arith.Sums(a, row, b, column, &addends) {
		if halfD {
			results[n] = arith.F16.Round(sum, arith.Nearest)
		} else {
			results[n] = arith.Cut(sum)
		}
	}
}

func (p *matrices) multiplyIntegers(w *warp, results *[32 * 32]uint32) {
	var a, b [16 * 64]int64
	bits := p.typeA.Bits()
	for n, e := range p.a {
		a[n] = videoPart(e.of(w), 0, bits, p.typeA.Signed())
	}
	for n, e := range p.b {
		b[n] = videoPart(e.of(w), 0, bits, p.typeB.Signed())
	}
	for n, e := range p.c {
		row, column := n/p.n, n%p.n
		sum := int64(int32(e.of(w)))
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

// doubleRows are the rows of a vector of float64.
func (c *compiler) doubleRows(o *syntax.Operand) (rows []int) {
	for _, element := range elements(o) {
		rows = append(rows, c.wide(element, "f64"))
	}
	return rows
}

// multiplyDouble is the product of float64: a chain of fused multiply-adds in the order of k.
func (c *compiler) multiplyDouble(i *syntax.Instruction) work {
	o := i.Operands
	m, n, k := i.Shape()
	d, a, b, addend := c.doubleRows(o[0]), c.doubleRows(o[1]), c.doubleRows(o[2]), c.doubleRows(o[3])
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
	rows := c.doubleRows(i.Operands[0])
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
	rows := c.doubleRows(i.Operands[1])
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
	// places are those of so many elements of a type, which at puts in their order.
	places := func(t syntax.Type, count int, at func(n int) int) (list []place) {
		bytes, per := sizeOf(t)
		for n := range count {
			list = append(list, wmmaPlace(at(n), per, 8*bytes))
		}
		return list
	}
	same := func(n int) int { return n }
	p.a = in(c.narrowRows(i.Operands[1], "b32"), places(p.typeA, p.m*p.k, same))
	p.b = in(c.narrowRows(i.Operands[2], "b32"), places(p.typeA, p.n*p.k, func(n int) int { return n%p.k*p.n + n/p.k }))
	p.c = in(c.narrowRows(i.Operands[3], registerType(p.typeC)), places(p.typeC, p.m*p.n, same))
	p.d = in(c.narrowRows(i.Operands[0], registerType(p.typeD)), places(p.typeD, p.m*p.n, same))
	p.format, p.formatB = formatOf(p.typeA), formatOf(p.typeB)
	return p.multiply
}
