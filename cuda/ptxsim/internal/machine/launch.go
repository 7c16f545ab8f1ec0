// Package machine runs PTX: it compiles a function to steps over whole warps, runs clusters of blocks on all cores, and stops at the
// first thing that a kernel must not do.
//
// Files call downwards: launch.go and cluster.go run warps; warp.go runs steps; compile.go makes them, by opcode, from the
// files named after their subject; memory lies in global.go and shared.go behind address.go, and exchange.go orders it.
package machine

// This file runs the clusters of a launch on all cores, and is what a kernel did wrong and where.

import (
	"fmt"
	"io"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Launch is a call of a program.
type Launch struct {
	Program     *Program
	Grid, Block [3]int
	Cluster     [3]int // blocks, zero for what the program says
	Shared      int    // dynamic bytes
	Arguments   []byte

	global     *Global
	cluster    [3]int // blocks
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
	Workers      int       // clusters at a time, 0 for one a core
	Instructions int       // that the warps of a block may run
	IgnoreRaces  bool      // between blocks
	Sample       int       // blocks to run, in whole clusters that are spread evenly over the grid; 0 for all
	Output       io.Writer // of printf, nil for nowhere
	Profile      bool      // whether to count, which takes a tenth of the time
}

func (l *Launch) threads() int { return l.Block[0] * l.Block[1] * l.Block[2] }

func (l *Launch) blocks() int { return l.Grid[0] * l.Grid[1] * l.Grid[2] }

func (l *Launch) sharedBytes() int { return l.Program.SharedBytes + l.Shared }

// clusterSize is the number of blocks of a cluster in each direction: what the launch or else the program says, else 1.
func (l *Launch) clusterSize() [3]int {
	for _, size := range [][3]int{l.Cluster, l.Program.Function.NeedCluster} {
		if size != [3]int{} {
			return size
		}
	}
	return [3]int{1, 1, 1}
}

// Blocks is the grid of blocks that a launch of the program with a grid means.
func (p *Program) Blocks(grid [3]int) [3]int {
	if p.Function.CountsClusters {
		for n := range grid {
			grid[n] *= p.Function.NeedCluster[n]
		}
	}
	return grid
}

// explicitCluster says whether the size of the clusters was said at all.
func (l *Launch) explicitCluster() bool {
	return l.Cluster != [3]int{} || l.Program.Function.NeedCluster != [3]int{}
}

// blockNumber counts the blocks of the grid.
func (l *Launch) blockNumber(index [3]int) int {
	return (index[2]*l.Grid[1]+index[1])*l.Grid[0] + index[0]
}

// warpsOfCluster is the number of warps of a cluster.
func (l *Launch) warpsOfCluster() int { return l.clusterBlocks() * ((l.threads() + 31) / 32) }

// clusterBlocks is the number of its blocks.
func (l *Launch) clusterBlocks() int { return l.cluster[0] * l.cluster[1] * l.cluster[2] }

// blockAt is the index of the block of a cluster that has a rank.
func (l *Launch) blockAt(cluster, rank int) [3]int {
	size := l.cluster
	across := [2]int{l.Grid[0] / size[0], l.Grid[1] / size[1]}
	at := [3]int{cluster % across[0], cluster / across[0] % across[1], cluster / across[0] / across[1]}
	inside := [3]int{rank % size[0], rank / size[0] % size[1], rank / size[0] / size[1]}
	return [3]int{at[0]*size[0] + inside[0], at[1]*size[1] + inside[1], at[2]*size[2] + inside[2]}
}

// blockOf is the number of a block by that in the order of clusters, + 1.
func (l *Launch) blockOf(id uint32) int {
	return l.blockNumber(l.blockAt(int(id-1)/l.clusterBlocks(), int(id-1)%l.clusterBlocks()))
}

// Run runs all blocks, or a sample of them, and returns what they did if the settings ask for it. The error is the *Fault of the first
// cluster, by number, among those that failed before the others stopped.
func (l *Launch) Run(global *Global, number uint32, settings Settings) (*Profile, error) {
	l.global, l.number, l.seed, l.budget = global, number, settings.Seed, settings.Instructions
	l.cluster = l.clusterSize()
	l.checkRaces = l.blocks() > 1 && !settings.IgnoreRaces && !global.hollow
	l.output = settings.Output
	if err := l.prepare(global); err != nil {
		return nil, err
	}
	if l.Program.together {
		defer global.Free(l.workspace)
	}
	workers := settings.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	size := l.clusterBlocks()
	sample := l.blocks() / size
	if settings.Sample > 0 {
		sample = min(sample, (settings.Sample+size-1)/size)
	}
	workers = min(workers, sample)
	if l.Program.together {
		workers = sample
	}
	rooms := make([]*cluster, workers)
	for n := range rooms {
		rooms[n] = l.room(size, settings.Profile)
	}
	touched, err := l.runAll(rooms, sample)
	var profile *Profile
	if settings.Profile {
		profile = l.profile(rooms)
		profile.Ran = sample * size
		profile.touch(touched)
	}
	for _, c := range rooms {
		l.leave(c)
	}
	return profile, err
}

// prepare takes the memory that the launch needs besides its own.
func (l *Launch) prepare(global *Global) error {
	l.published.words = map[wordKey]told{}
	if l.Program.together {
		if global.hollow {
			return fmt.Errorf("%s: blocks that wait for each other cannot be sampled", l.Program.Name)
		}
		if err := l.takeWorkspace(global); err != nil {
			return err
		}
	}
	if !l.Program.allocates {
		return nil
	}
	if global.hollow {
		return fmt.Errorf("%s: kernels that take memory cannot be sampled", l.Program.Name)
	}
	return global.prepareHeap()
}

// runAll runs a sample of clusters, each room one after the other, and returns what their blocks have touched of hollow memory.
func (l *Launch) runAll(rooms []*cluster, sample int) ([]footprint, error) {
	var next, failed atomic.Int64
	failed.Store(int64(sample))
	touched := make([][]footprint, sample)
	errs := make([]error, len(rooms))
	at := make([]int64, len(rooms))
	var group sync.WaitGroup
	for n, c := range rooms {
		group.Go(func() {
			for {
				number := next.Add(1) - 1
				if number >= failed.Load() {
					return
				}
				if err := c.run(l.sampled(int(number), sample)); err != nil {
					l.failing.Store(true)
					errs[n], at[n] = err, number
					failed.Store(min(failed.Load(), number))
					return
				}
				if l.global.hollow {
					for _, b := range c.blocks {
						touched[number] = append(touched[number], b.touched)
					}
				}
			}
		})
	}
	group.Wait()
	return slices.Concat(touched...), firstError(errs, at)
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

// profile sums up what clusters have counted.
func (l *Launch) profile(rooms []*cluster) *Profile {
	counts := rooms[0].counts
	for _, c := range rooms[1:] {
		for line := range counts {
			counts[line].Add(&c.counts[line])
		}
	}
	p := l.Program.profile(counts)
	p.Grid, p.Block, p.SharedBytes = l.Grid, l.Block, l.sharedBytes()
	return p
}

// room is room for a cluster of the launch, from an earlier launch of the program where there is any.
func (l *Launch) room(blocks int, profile bool) *cluster {
	warps := (l.threads() + 31) / 32
	c, _ := l.Program.rooms.Get().(*cluster)
	if c == nil || len(c.blocks) != blocks || len(c.warps) != blocks*warps {
		c = newCluster(l.Program, blocks, warps)
	}
	c.launch = l
	var counts []Counts
	if profile {
		if c.counts == nil {
			c.counts = make([]Counts, len(l.Program.code))
		}
		clear(c.counts)
		counts = c.counts
	}
	for _, b := range c.blocks {
		b.launch = l
	}
	for _, w := range c.warps {
		w.counts, w.area = counts, nil
	}
	return c
}

// leave gives room back.
func (l *Launch) leave(c *cluster) {
	c.launch = nil
	for _, b := range c.blocks {
		b.launch, b.touched = nil, footprint{}
	}
	l.Program.rooms.Put(c)
}

// sampled is the number of cluster i of n that are spread evenly over the grid, each in the middle of its share.
func (l *Launch) sampled(i, n int) int {
	return (2*i + 1) * (l.blocks() / l.clusterBlocks()) / (2 * n)
}

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
	if err := l.checkCluster(); err != nil {
		return err
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

// checkCluster says what is wrong with the size of the clusters.
func (l *Launch) checkCluster() error {
	f, size := l.Program.Function, l.clusterSize()
	blocks := size[0] * size[1] * size[2]
	switch most := f.MaxCluster; {
	case slices.Min(size[:]) < 1:
		return fmt.Errorf("cluster %v, expected at least 1 everywhere", size)
	case f.NeedCluster != [3]int{} && size != f.NeedCluster:
		return fmt.Errorf("cluster %v, the kernel requires %v", size, f.NeedCluster)
	case f.ExplicitCluster && l.Cluster == [3]int{} && f.NeedCluster == [3]int{}:
		return fmt.Errorf("no cluster, and the kernel requires that the launch says one")
	case blocks > mostBlocks:
		return fmt.Errorf("cluster %v, expected at most %d blocks", size, mostBlocks)
	case most > 0 && blocks > most:
		return fmt.Errorf("cluster %v, the kernel allows at most %d blocks", size, most)
	case blocks > 1 && l.Program.module.Tree.Capability() < 90:
		return fmt.Errorf("cluster %v, and target %s has none", size, l.Program.module.Tree.Target)
	}
	for n := range size {
		if l.Grid[n]%size[n] != 0 {
			return fmt.Errorf("grid %v of clusters %v, expected a multiple", l.Grid, size)
		}
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
	by     *warp // nil for the one that runs
}

func fail(lane int, format string, args ...any) {
	panic(stop{lane: lane, reason: fmt.Sprintf(format, args...)})
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
