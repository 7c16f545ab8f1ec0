package machine

// This file has what lanes of a warp do together: shuffles, votes, matches, reductions.

import (
	"math/bits"

	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register(decodeShuffle, "shfl")
	register(decodeVote, "vote")
	register(decodeMatch, "match")
	register(decodeReduce, "redux")
	register(decodeActive, "activemask")
	register(decodeElect, "elect")
}

// members lets a .sync wait for the lanes that an operand names.
func (c *compiler) members(o *syntax.Operand) int {
	row := c.narrow(o, "b32")
	c.collectOperand(&c.step().lost.named, o)
	c.step().everyone = o.Kind == syntax.IntegerOperand && uint32(o.Value) == all
	c.step().members = func(w *warp, lane int) uint32 { return w.narrow[row][lane] }
	return row
}

// pairTarget are the rows of a register and of the predicate after |, each -1 where it is left out, with their marks.
type pairTarget struct{ row, mark, pred, predMark int }

func (c *compiler) pairTarget(o *syntax.Operand) pairTarget {
	t := pairTarget{-1, -1, -1, -1}
	if o.Register != nil {
		t.row, t.mark = c.rows[o.Register].row, c.rows[o.Register].mark
	}
	if o.Second != nil {
		t.pred, t.predMark = c.rows[o.Second].row, c.rows[o.Second].mark
	}
	return t
}

// set writes a lane's value and predicate; without known the value stays unset, so that its use faults.
func (t pairTarget) set(w *warp, lane int, value uint32, holds, known bool) {
	if t.row >= 0 {
		w.narrow[t.row][lane] = value
		w.ready[t.mark] &^= 1 << lane
		if known {
			w.ready[t.mark] |= 1 << lane
		}
	}
	if t.pred >= 0 {
		w.pred[t.pred] &^= 1 << lane
		if holds {
			w.pred[t.pred] |= 1 << lane
		}
		w.ready[t.predMark] |= 1 << lane
	}
}

func decodeShuffle(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	target, source, from := c.pairTarget(o[0]), c.narrow(o[1], "b32"), c.elementMarks(o[1])[0]
	offset, clamp := c.narrow(o[2], "b32"), c.narrow(o[3], "b32")
	named := c.members(o[4])
	c.step().writes = nil
	mode := i.With["mode"]
	var whole func(w *warp)
	if number := syntax.IntegerOperand; c.step().everyone && o[2].Kind == number && o[3].Kind == number && target.row >= 0 {
		whole = target.shuffled(source, mode, uint32(o[2].Value), uint32(o[3].Value))
	}
	return func(w *warp, mask uint32) {
		values, valued := &w.narrow[source], w.readyOf(from)
		if whole != nil && mask == all && valued == all {
			whole(w)
			return
		}
		if valued&mask != mask && target.mark >= 0 {
			w.setOrigin(target.mark, w.lostOrigin)
		}
		was := *values // the target may be the source
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			other, inside := shuffleSource(mode, lane, w.narrow[offset][lane], w.narrow[clamp][lane])
			known := mask&valued&w.narrow[named][lane]>>other&1 == 1
			target.set(w, lane, was[other], inside, known)
		}
	}
}

// shuffled is the shuffle of all lanes by numbers that do not change.
func (t pairTarget) shuffled(source int, mode string, offset, clamp uint32) func(w *warp) {
	var from [32]uint8
	holds := uint32(0)
	for lane := range from {
		other, inside := shuffleSource(mode, lane, offset, clamp)
		from[lane] = uint8(other)
		if inside {
			holds |= 1 << lane
		}
	}
	return func(w *warp) {
		values, z := w.narrow[source], &w.narrow[t.row]
		for lane := range z {
			z[lane] = values[from[lane]&31]
		}
		w.ready[t.mark] = all
		if t.pred >= 0 {
			w.pred[t.pred], w.ready[t.predMark] = holds, all
		}
	}
}

// shuffleSource is the lane that a lane reads, itself where that lies outside its segment.
func shuffleSource(mode string, lane int, offset, clamp uint32) (from int, inside bool) {
	b, c, segment := int(offset&31), int(clamp&31), int(clamp>>8&31)
	most := lane&segment | c&^segment
	switch mode {
	case "up":
		from = lane - b
		inside = from >= most
	case "down":
		from = lane + b
		inside = from <= most
	case "bfly":
		from = lane ^ b
		inside = from <= most
	default:
		from = lane&segment | b&^segment
		inside = from <= most
	}
	if !inside {
		return lane, false
	}
	return from, true
}

func decodeVote(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	vote := c.pred(o[1])
	named := c.members(o[2])
	if i.With["mode"] == "ballot" {
		row := c.narrow(o[0], "b32")
		return func(w *warp, mask uint32) {
			yes := vote(w) & mask
			for m := mask; m != 0; m &= m - 1 {
				lane := first(m)
				w.narrow[row][lane] = yes & w.narrow[named][lane]
			}
		}
	}
	row, mode := c.predTarget(o[0].Register), i.With["mode"]
	return func(w *warp, mask uint32) {
		yes := vote(w) & mask
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			members := w.narrow[named][lane] & mask
			holds := yes&members != 0
			switch mode {
			case "all":
				holds = yes&members == members
			case "uni":
				holds = yes&members == members || yes&members == 0
			}
			w.pred[row] &^= 1 << lane
			if holds {
				w.pred[row] |= 1 << lane
			}
		}
	}
}

func decodeMatch(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	target, value := c.pairTarget(o[0]), c.row(o[1], syntax.Type(i.With["T"]))
	named := c.members(o[2])
	c.step().writes = nil
	every := i.With["mode"] == "all"
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			members, same := w.narrow[named][lane]&mask, uint32(0)
			for others := members; others != 0; others &= others - 1 {
				if other := first(others); value(w, other) == value(w, lane) {
					same |= 1 << other
				}
			}
			holds := same == members
			if every && !holds {
				same = 0
			}
			target.set(w, lane, same, holds, true)
		}
	}
}

func decodeReduce(c *compiler, i *syntax.Instruction) work {
	o := i.Operands
	t := syntax.Type(i.With["T"])
	target, source := c.narrow(o[0], t), c.narrow(o[1], t)
	named := c.members(o[2])
	f, kind := binaryOf(i.With["op"], t), widthOf(t)
	return func(w *warp, mask uint32) {
		values := w.narrow[source]
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			members := w.narrow[named][lane] & mask
			result := kind.extend(uint64(values[first(members)]))
			for others := members & (members - 1); others != 0; others &= others - 1 {
				result = f(result, kind.extend(uint64(values[first(others)])))
			}
			w.narrow[target][lane] = uint32(result)
		}
	}
}

func decodeActive(c *compiler, i *syntax.Instruction) work {
	target := c.narrow(i.Operands[0], "b32")
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			w.narrow[target][first(m)] = mask
		}
	}
}

// decodeElect chooses the lowest member.
func decodeElect(c *compiler, i *syntax.Instruction) work {
	target := c.pairTarget(i.Operands[0])
	named := c.members(i.Operands[1])
	c.step().writes = nil
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			leader := bits.TrailingZeros32(w.narrow[named][lane] & mask)
			target.set(w, lane, uint32(leader), leader == lane, true)
		}
	}
}
