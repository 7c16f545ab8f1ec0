// Package machine runs PTX: it compiles a function to steps over whole warps, runs blocks on all cores, and stops at the
// first thing that a kernel must not do.
//
// Files call downwards: launch.go and block.go run warps; warp.go runs steps; compile.go makes them, by opcode, from the
// files named after their subject; memory lies in global.go and shared.go behind address.go.
package machine

// This file runs the blocks of a launch on all cores, and is what a kernel did wrong and where.

import (
	"fmt"
	"io"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

// Launch is a call of a program.
type Launch struct {
	Program     *Program
	Grid, Block [3]int
	Shared      int // dynamic bytes
	Arguments   []byte

	global     *Global
	number     uint32
	seed       uint64
	budget     int
	checkRaces bool
	published  published
	failing    atomic.Bool // of a grid whose blocks wait for each other: one of them has failed
	workspace  uint64      // of such a grid: the address of the words by which they do
	output     io.Writer
	printing   sync.Mutex
}

// Settings are how a machine runs launches.
type Settings struct {
	Seed         uint64    // of the schedule of warps
	Workers      int       // blocks at a time, 0 for one a core
	Instructions int       // that the warps of a block may run
	IgnoreRaces  bool      // between blocks
	Sample       int       // blocks to run, spread evenly over the grid; 0 for all
	Output       io.Writer // of printf, nil for nowhere
	Profile      bool      // whether to count, which takes a tenth of the time
}

func (l *Launch) threads() int { return l.Block[0] * l.Block[1] * l.Block[2] }

func (l *Launch) blocks() int { return l.Grid[0] * l.Grid[1] * l.Grid[2] }

func (l *Launch) sharedBytes() int { return l.Program.SharedBytes + l.Shared }

// Run runs all blocks, or a sample of them, and returns what they did if the settings ask for it. The error is the *Fault of the first block, by number, among those that failed before the others
// stopped.
func (l *Launch) Run(global *Global, number uint32, settings Settings) (*Profile, error) {
	l.global, l.number, l.seed, l.budget = global, number, settings.Seed, settings.Instructions
	l.checkRaces = l.blocks() > 1 && !settings.IgnoreRaces && !global.hollow
	l.output = settings.Output
	if l.Program.together {
		if global.hollow {
			return nil, fmt.Errorf("%s: blocks that wait for each other cannot be sampled", l.Program.Name)
		}
		if err := l.takeWorkspace(global); err != nil {
			return nil, err
		}
		defer global.Free(l.workspace)
	}
	if l.Program.allocates {
		if global.hollow {
			return nil, fmt.Errorf("%s: kernels that take memory cannot be sampled", l.Program.Name)
		}
		if err := global.prepareHeap(); err != nil {
			return nil, err
		}
	}
	l.published.words = map[uint64]map[uint32]uint32{}
	workers := settings.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	sample := l.blocks()
	if settings.Sample > 0 {
		sample = min(sample, settings.Sample)
	}
	workers = min(workers, sample)
	if l.Program.together {
		workers = sample
	}
	var next, failed atomic.Int64
	failed.Store(int64(sample))
	var touched []footprint
	if global.hollow {
		touched = make([]footprint, sample)
	}
	rooms := make([]*block, workers)
	errs := make([]error, workers)
	at := make([]int64, workers)
	var group sync.WaitGroup
	for n := range workers {
		b := l.room(settings.Profile)
		rooms[n] = b
		group.Go(func() {
			for {
				block := next.Add(1) - 1
				if block >= failed.Load() {
					return
				}
				if err := b.run(l.sampled(int(block), sample)); err != nil {
					l.failing.Store(true)
					errs[n], at[n] = err, block
					failed.Store(min(failed.Load(), block))
					return
				}
				if global.hollow {
					touched[block] = b.touched
				}
			}
		})
	}
	group.Wait()
	var profile *Profile
	if settings.Profile {
		profile = l.profile(rooms)
		profile.Ran = sample
		profile.touch(touched)
	}
	for _, b := range rooms {
		l.leave(b)
	}
	return profile, firstError(errs, at)
}

// workspaceBytes are those of a grid whose blocks wait for each other: they hold its barrier.
const workspaceBytes = 64

func (l *Launch) takeWorkspace(global *Global) (err error) {
	if l.workspace, err = global.Alloc(workspaceBytes); err == nil {
		err = global.Fill(l.workspace, 0, workspaceBytes/4)
	}
	return err
}

// reservedBytes of shared memory are the system's, where a program asks for them: behind its own.
const reservedBytes = 1024

func (l *Launch) reservedAt() int { return alignUp(l.sharedBytes(), 16) }

// mostTogether is how many blocks can wait for each other: those that a GPU holds at a time, where they are small.
const mostTogether = 132 * 32

// profile sums up what blocks have counted.
func (l *Launch) profile(rooms []*block) *Profile {
	counts := rooms[0].counts
	for _, b := range rooms[1:] {
		for line := range counts {
			counts[line].Add(&b.counts[line])
		}
	}
	p := l.Program.profile(counts)
	p.Grid, p.Block, p.SharedBytes = l.Grid, l.Block, l.sharedBytes()
	return p
}

// room is room for a block of the launch, from an earlier launch of the program where there is any.
func (l *Launch) room(profile bool) *block {
	b, _ := l.Program.rooms.Get().(*block)
	if b == nil || len(b.warps) != (l.threads()+31)/32 {
		b = newBlock(l.Program, (l.threads()+31)/32)
	}
	b.launch = l
	var counts []Counts
	if profile {
		if b.counts == nil {
			b.counts = make([]Counts, len(l.Program.code))
		}
		clear(b.counts)
		counts = b.counts
	}
	for _, w := range b.warps {
		w.counts, w.area = counts, nil
	}
	return b
}

// leave gives room back.
func (l *Launch) leave(b *block) {
	b.launch, b.touched = nil, footprint{}
	l.Program.rooms.Put(b)
}

// sampled is the number of block i of n that are spread evenly over the grid, each in the middle of its share.
func (l *Launch) sampled(i, n int) int { return (2*i + 1) * l.blocks() / (2 * n) }

func firstError(errs []error, at []int64) (err error) {
	best := int64(-1)
	for n, e := range errs {
		if e != nil && (best < 0 || at[n] < best) {
			best, err = at[n], e
		}
	}
	return err
}

// Check says what is wrong with the sizes of a launch.
func (l *Launch) Check(mostShared int) error {
	for n := range 3 {
		if l.Grid[n] < 1 || l.Block[n] < 1 {
			return fmt.Errorf("grid %v of blocks %v, expected at least 1 everywhere", l.Grid, l.Block)
		}
	}
	f := l.Program.Function
	most := 1024
	if n := f.MaxThreads; n[0] > 0 {
		most = n[0] * n[1] * n[2]
	}
	if need := f.NeedThreads; need[0] > 0 && need != l.Block {
		return fmt.Errorf("block %v, the kernel requires %v", l.Block, need)
	}
	if l.threads() > most || l.Block[2] > 64 {
		return fmt.Errorf("block %v, expected at most %d threads and 64 in the third dimension", l.Block, most)
	}
	if l.Grid[0] >= 1<<31 || l.Grid[1] >= 1<<16 || l.Grid[2] >= 1<<16 {
		return fmt.Errorf("grid %v, expected below 2^31, 2^16 and 2^16", l.Grid)
	}
	if l.Program.together && l.blocks() > mostTogether {
		return fmt.Errorf("%d blocks that wait for each other, expected at most %d", l.blocks(), mostTogether)
	}
	if bytes := l.sharedBytes(); bytes > mostShared {
		return fmt.Errorf("%d bytes of shared memory, expected at most %d", bytes, mostShared)
	}
	if size := l.Program.ParamBytes; len(l.Arguments) != size && len(l.Arguments) != alignUp(size, 8) {
		return fmt.Errorf("%d bytes of arguments, expected %d", len(l.Arguments), size)
	}
	return nil
}

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
