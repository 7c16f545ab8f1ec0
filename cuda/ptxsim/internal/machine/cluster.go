package machine

// This file finds shared memory within a cluster, which here is a single block: the block of rank 0 is the thread's own.

import "gzpt/cuda/ptxsim/internal/syntax"

func init() {
	register(decodeMapAddress, "mapa")
	register(decodeBlockRank, "getctarank")
}

// decodeMapAddress is mapa: the address in another block of the cluster that an address has in this one.
func decodeMapAddress(c *compiler, i *syntax.Instruction) work {
	t := syntax.Type(i.With["T"])
	o := i.Operands
	target, source, rank := c.target(o[0], t), c.row(o[1], t), c.narrow(o[2], "u32")
	return func(w *warp, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			if n := w.narrow[rank][lane]; n != 0 {
				fail(lane, "rank %d in a cluster of 1 block", n)
			}
			target(w, lane, source(w, lane))
		}
	}
}

// decodeBlockRank is getctarank: the block in whose shared memory an address lies.
func decodeBlockRank(c *compiler, i *syntax.Instruction) work {
	return c.unaryWork(i, "u32", syntax.Type(i.With["T"]), func(uint64) uint64 { return 0 })
}
