package machine

// This file has wmma, whose fragments have no documented layout: element n of a fragment lies in register n/per/32 of lane n/per%32, where
// per elements share a register. Registers that a fragment does not fill repeat the others.

import (
	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() { register(decodeWarpMatrix, "wmma") }

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
	p.stored = p.k
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
