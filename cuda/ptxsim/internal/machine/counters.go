package machine

// This file counts what kernels do: by line, by class of instruction, by level of memory.

import (
	"math/bits"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// Class is a kind of instruction, by the unit of the multiprocessor that runs it.
type Class uint8

// The classes.
const (
	Integer Class = iota
	Float32
	Float64
	Half // float16 and bfloat16
	Special
	Conversion
	Move
	Tensor
	GlobalLoad
	GlobalStore
	SharedLoad
	SharedStore
	LocalAccess
	ParamAccess
	GenericAccess
	Atomic
	AsyncCopy
	WarpOperation
	Barrier
	Control
	Classes // their number
)

var classNames = [Classes]string{
	"integer", "float32", "float64", "half", "special", "conversion", "move", "tensor", "global load", "global store", "shared load",
	"shared store", "local", "param", "generic", "atomic", "async copy", "warp", "barrier", "control",
}

func (c Class) String() string { return classNames[c] }

// Counts is what one instruction did, or all.
type Counts struct {
	Instructions uint64 // of warps
	Lanes        uint64 // of threads
	// Requests of warps to global memory, the 32-byte sectors that they touched and the bytes that they asked for.
	GlobalRequests, GlobalSectors, GlobalBytes uint64
	// Requests of warps to shared memory, the passes that their bank conflicts add, the bytes.
	SharedRequests, SharedConflicts, SharedBytes uint64
	LocalBytes                                   uint64
}

// Add adds.
func (c *Counts) Add(d *Counts) {
	c.Instructions += d.Instructions
	c.Lanes += d.Lanes
	c.GlobalRequests += d.GlobalRequests
	c.GlobalSectors += d.GlobalSectors
	c.GlobalBytes += d.GlobalBytes
	c.SharedRequests += d.SharedRequests
	c.SharedConflicts += d.SharedConflicts
	c.SharedBytes += d.SharedBytes
	c.LocalBytes += d.LocalBytes
}

// LineCounts are the counts of an instruction.
type LineCounts struct {
	Line  int
	Text  string
	Class Class
	Counts
}

// Profile is what a launch did.
type Profile struct {
	Kernel string
	Lines  []LineCounts // in the order of the code, those that ran
	Class  [Classes]Counts
	Total  Counts

	Grid, Block [3]int
	SharedBytes int // of a block, static and dynamic
	Ran         int // blocks that ran, fewer than those of the grid in a sample
	// On memory without contents, the bytes of the sectors that the blocks have read and written, each once a block, and those read
	// by any block, each once.
	ReadBytes, WrittenBytes, UnionReadBytes uint64
}

// profile sums up the counters by step.
func (p *Program) profile(counts []Counts) *Profile {
	result := &Profile{Kernel: p.Name}
	for n := range counts {
		s := &p.code[n]
		if counts[n].Instructions == 0 {
			continue
		}
		result.Lines = append(result.Lines, LineCounts{s.line, s.text, s.class, counts[n]})
		result.Class[s.class].Add(&counts[n])
		result.Total.Add(&counts[n])
	}
	return result
}

// touch sums up what blocks have touched.
func (p *Profile) touch(blocks []footprint) {
	union := footprint{pages: map[uint64]*touchedPage{}}
	for n := range blocks {
		read, written := blocks[n].bytes()
		p.ReadBytes += read
		p.WrittenBytes += written
		union.merge(&blocks[n])
	}
	p.UnionReadBytes, _ = union.bytes()
}

var classByOpcode = map[string]Class{
	"mov": Move, "selp": Move, "slct": Move, "prmt": Move, "cvta": Move, "isspacep": Move, "cvt": Conversion, "ex2": Special,
	"lg2": Special, "sin": Special, "cos": Special, "tanh": Special, "rsqrt": Special, "rcp": Special, "sqrt": Special, "div": Special,
	"rem": Special, "mma": Tensor, "setmaxnreg": Control, "griddepcontrol": Control, "ldmatrix": SharedLoad, "stmatrix": SharedStore, "movmatrix": WarpOperation, "atom": Atomic, "red": Atomic,
	"cp": AsyncCopy, "shfl": WarpOperation, "vote": WarpOperation, "match": WarpOperation, "redux": WarpOperation, "elect": WarpOperation,
	"activemask": WarpOperation, "bar": Barrier, "barrier": Barrier, "mbarrier": Barrier, "membar": Barrier, "fence": Barrier, "bra": Control, "brx": Control,
	"ret": Control, "exit": Control, "trap": Control, "brkpt": Control, "call": Control, "nanosleep": Control, "prefetch": GlobalLoad,
}

func classOf(i *syntax.Instruction) Class {
	switch i.Opcode {
	case "ld", "ldu", "st":
		return accessClass(i)
	case "wgmma":
		if i.Has("A") {
			return Tensor
		}
		return Barrier
	case "wmma":
		if i.Modifiers[0] == "mma" {
			return Tensor
		}
		return GenericAccess
	}
	if class, known := classByOpcode[i.Opcode]; known {
		return class
	}
	switch i.With["T"] {
	case "f32":
		return Float32
	case "f64":
		return Float64
	case "f16", "f16x2", "bf16", "bf16x2":
		return Half
	}
	return Integer
}

func accessClass(i *syntax.Instruction) Class {
	store := i.Opcode == "st"
	switch i.With["space"] {
	case "global", "const":
		if store {
			return GlobalStore
		}
		return GlobalLoad
	case "shared", "shared::cta":
		if store {
			return SharedStore
		}
		return SharedLoad
	case "local":
		return LocalAccess
	case "param", "param::entry", "param::func":
		return ParamAccess
	}
	return GenericAccess
}

// sectors counts the 32-byte sectors that the lanes touch, each once.
func sectors(mask uint32, address *wideRow, bytes int) uint64 {
	if consecutive(mask, address, bytes) {
		return (address[31]+uint64(bytes)-1)>>5 - address[0]>>5 + 1
	}
	var seen [64]uint64
	n := 0
	last := ^uint64(0)
	for m := mask; m != 0; m &= m - 1 {
		from := address[first(m)]
		for s := from >> 5; s <= (from+uint64(bytes)-1)>>5; s++ {
			if s == last {
				continue
			}
			last = s
			known := false
			for _, other := range seen[:n] {
				known = known || other == s
			}
			if !known {
				seen[n] = s
				n++
			}
		}
	}
	return uint64(n)
}

// bankConflicts counts the passes through shared memory that a request needs beyond the least: of 32 lanes at a time for up
// to 4 bytes a lane, of 16 for 8, of 8 for 16. Lanes that touch the same word share it.
func bankConflicts(mask uint32, address *wideRow, bytes int) uint64 {
	if consecutive(mask, address, bytes) {
		return 0
	}
	lanes := 32
	if bytes > 4 {
		lanes = 32 * 4 / bytes
	}
	extra := 0
	for from := 0; from < 32; from += lanes {
		phase := mask >> from & uint32(1<<lanes-1)
		extra += phaseConflicts(phase, address[from:], bytes)
	}
	return uint64(extra)
}

// consecutive says whether all lanes touch one stretch of memory, each the next part.
func consecutive(mask uint32, address *wideRow, bytes int) bool {
	if mask != all {
		return false
	}
	for n := 1; n < 32; n++ {
		if address[n] != address[n-1]+uint64(bytes) {
			return false
		}
	}
	return true
}

// phaseConflicts lists the words of each bank, of at most 32 words.
func phaseConflicts(mask uint32, address []uint64, bytes int) int {
	var words [32]uint32
	var next [32]uint8 // the word of the bank before, + 1
	var last [32]uint8 // by bank, + 1
	var count [32]uint8
	n, most := 0, 1
	for m := mask; m != 0; m &= m - 1 {
		from := uint32(address[first(m)])
		for word := from >> 2; word <= (from+uint32(bytes)-1)>>2; word++ {
			bank := word & 31
			at := last[bank]
			for at != 0 && words[at-1] != word {
				at = next[at-1]
			}
			if at == 0 {
				words[n], next[n] = word, last[bank]
				n++
				last[bank] = uint8(n)
				count[bank]++
				most = max(most, int(count[bank]))
			}
		}
	}
	return most - 1
}

const (
	sectorBytes = 32
	pageSectors = pageBytes / sectorBytes
)

// footprint is the sectors of global memory that a block has read and written, by page: what passes a cache of the block that
// forgets nothing.
type footprint struct {
	pages map[uint64]*touchedPage
	last  *touchedPage // the page at hand, number at
	at    uint64
}

// touchedPage has a bit for each sector.
type touchedPage struct{ read, written [pageSectors / 64]uint64 }

// touch notes the sectors of an access.
func (f *footprint) touch(address uint64, a access) {
	for sector := address / sectorBytes; sector <= (address+uint64(a.bytes)-1)/sectorBytes; sector++ {
		if page := sector / pageSectors; f.last == nil || page != f.at {
			f.at, f.last = page, f.pages[page]
			if f.last == nil {
				f.last = &touchedPage{}
				f.pages[page] = f.last
			}
		}
		word, bit := sector%pageSectors/64, uint64(1)<<(sector%64)
		if a.read {
			f.last.read[word] |= bit
		}
		if a.write {
			f.last.written[word] |= bit
		}
	}
}

// merge adds what another block has touched.
func (f *footprint) merge(other *footprint) {
	for at, p := range other.pages {
		if f.pages[at] == nil {
			f.pages[at] = &touchedPage{}
		}
		for n := range p.read {
			f.pages[at].read[n] |= p.read[n]
			f.pages[at].written[n] |= p.written[n]
		}
	}
}

// bytes is how much was read and written, each sector once.
func (f *footprint) bytes() (read, written uint64) {
	for _, p := range f.pages {
		for n := range p.read {
			read += uint64(bits.OnesCount64(p.read[n]))
			written += uint64(bits.OnesCount64(p.written[n]))
		}
	}
	return read * sectorBytes, written * sectorBytes
}
