package machine

// This file has wmma, whose fragments have no documented layout: element n of a fragment lies in register n/per/32 of lane
// n/per%32, where per elements share a register. Registers that a fragment does not fill repeat the others.

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

func (c *compiler) wmmaMultiply(i *syntax.Instruction) work {
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
