package machine

// This file has the video instructions: sums and comparisons of a word, of its halves or of its bytes.

import (
	"gzpt/cuda/ptxsim/internal/syntax"
)

func init() {
	register(decodeVideo, "vadd", "vsub", "vabsdiff", "vmin", "vmax")
	register(decodeVideoParts, "vadd2", "vsub2", "vavrg2", "vabsdiff2", "vmin2", "vmax2", "vset2")
	register(decodeVideoParts, "vadd4", "vsub4", "vavrg4", "vabsdiff4", "vmin4", "vmax4", "vset4")
}

// videoOperations are those of two numbers that fit 33 bits.
var videoOperations = map[string]func(a, b int64) int64{
	"vadd": func(a, b int64) int64 { return a + b },
	"vsub": func(a, b int64) int64 { return a - b },
	"vabsdiff": func(a, b int64) int64 {
		return max(a-b, b-a)
	},
	"vmin": func(a, b int64) int64 { return min(a, b) },
	"vmax": func(a, b int64) int64 { return max(a, b) },
	"vavrg": func(a, b int64) int64 { // rounds away from zero
		if a+b >= 0 {
			return (a + b + 1) >> 1
		}
		return (a + b) >> 1
	},
}

// videoPart is the number in some bits of a word.
func videoPart(word uint32, from, size int, signed bool) int64 {
	if signed {
		return int64(int32(word<<(32-from-size)) >> (32 - size))
	}
	return int64(word << (32 - from - size) >> (32 - size))
}

// clampVideo limits a number to so many bits.
func clampVideo(x int64, size int, signed bool) int64 {
	if signed {
		return min(max(x, -1<<(size-1)), 1<<(size-1)-1)
	}
	return min(max(x, 0), 1<<size-1)
}

// decodeVideo is an operation on whole words: z = (x op y), perhaps clamped, perhaps combined with a third operand.
func decodeVideo(c *compiler, i *syntax.Instruction) work {
	operation, saturate, second := videoOperations[i.Opcode], i.Has("sat"), i.With["second"]
	signed, signedA, signedB := i.With["T"] == "s32", i.With["U"] == "s32", i.With["V"] == "s32"
	return c.lanes3(i, "b32", func(a, b, v uint32) uint32 {
		x := operation(videoPart(a, 0, 32, signedA), videoPart(b, 0, 32, signedB))
		if saturate {
			x = clampVideo(x, 32, signed)
		}
		switch r := videoPart(uint32(x), 0, 32, signed); second {
		case "add":
			return uint32(x) + v
		case "min":
			return uint32(min(r, videoPart(v, 0, 32, signed)))
		case "max":
			return uint32(max(r, videoPart(v, 0, 32, signed)))
		}
		return uint32(x)
	}, len(i.Operands)-1)
}

// decodeVideoParts is an operation on each half or byte. The results take the places of their operands or are added to a third one.
func decodeVideoParts(c *compiler, i *syntax.Instruction) work {
	last := len(i.Opcode) - 1
	size := 32 / int(i.Opcode[last]-'0')
	operation := videoOperations[i.Opcode[:last]]
	if holds := relations[i.With["cmp"]]; i.Has("cmp") {
		operation = func(a, b int64) int64 { return int64(choose(1, 0, relate(a, b)&holds != 0)) }
	}
	saturate, sums := i.Has("sat"), i.Has("second")
	signed, signedA, signedB := i.With["T"] == "s32", i.With["U"] == "s32", i.With["V"] == "s32"
	return c.lanes3(i, "b32", func(a, b, v uint32) (result uint32) {
		for from := 0; from < 32; from += size {
			x := operation(videoPart(a, from, size, signedA), videoPart(b, from, size, signedB))
			if saturate {
				x = clampVideo(x, size, signed)
			}
			if sums {
				v += uint32(x)
			}
			result |= uint32(x) & (1<<size - 1) << from
		}
		if sums {
			return v
		}
		return result
	}, 3)
}
