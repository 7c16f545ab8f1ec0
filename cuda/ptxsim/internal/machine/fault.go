// Package machine runs PTX: it compiles a function to steps over whole warps, runs blocks on all cores, and stops at the
// first thing that a kernel must not do.
//
// Files call downwards: launch.go and block.go run warps; warp.go runs steps; compile.go makes them, by opcode, from the
// files named after their subject; memory lies in global.go and shared.go behind address.go.
package machine

// This file is what a kernel did wrong and where.

import (
	"fmt"
	"math/bits"
)

// Fault is a mistake of a kernel.
type Fault struct {
	Kernel string
	File   string
	Line   int
	Text   string // the instruction
	Block  [3]int
	Thread [3]int
	Reason string
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%s, %s:%d, %s, block (%d,%d,%d), thread (%d,%d,%d): %s", f.Kernel, f.File, f.Line, f.Text,
		f.Block[0], f.Block[1], f.Block[2], f.Thread[0], f.Thread[1], f.Thread[2], f.Reason)
}

// stop is what the machine panics with inside a warp; the block adds where.
type stop struct {
	lane   int
	reason string
}

func fail(lane int, format string, args ...any) {
	panic(stop{lane, fmt.Sprintf(format, args...)})
}

// first is the lowest lane of a mask.
func first(mask uint32) int { return bits.TrailingZeros32(mask) & 31 }

// fault puts the place to a reason.
func (w *warp) fault(s stop) *Fault {
	step := &w.program.code[w.pc]
	return &Fault{
		Kernel: w.program.Name, File: w.program.module.File, Line: step.line, Text: step.text, Block: w.block.index,
		Thread: w.thread(s.lane), Reason: s.reason,
	}
}

// thread is the index of a lane's thread in its block.
func (w *warp) thread(lane int) [3]int {
	n, size := w.number*32+lane, w.block.launch.Block
	return [3]int{n % size[0], n / size[0] % size[1], n / size[0] / size[1]}
}
