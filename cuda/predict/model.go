package predict

import (
	"fmt"
	"strings"

	"gzpt/cuda/ptxsim"
)

// Term is one bound on the time of a launch: what it would take if nothing else were in the way.
type Term struct {
	Name    string
	Seconds float64
}

// The bounds of a launch.
const (
	launchTerm  = "launch"  // starting a kernel behind another one
	memoryTerm  = "memory"  // bytes through memory
	l2Term      = "L2"      // bytes between the second cache and the multiprocessors
	accessTerm  = "access"  // requests to shared memory and the first cache
	issueTerm   = "issue"   // all instructions, four a clock
	integerTerm = "integer" // and so on: instructions of a kind
	float32Term = "float32"
	float64Term = "float64"
	specialTerm = "special"
	tensorTerm  = "tensor"
	latencyTerm = "latency" // loads that a warp waits for
	linkTerm    = "link"    // bytes between host and device
)

const (
	// launchSeconds is what a kernel takes at least in a row of kernels.
	launchSeconds = 3e-6
	// hitClocks and missClocks are about how long a load takes from the first cache and from memory by microbenchmarks of A100 and
	// H100 (arXiv 2402.13499); together is how many loads of a warp are on their way at a time.
	hitClocks, missClocks = 40, 480
	together              = 2

	warp           = 32
	issuedAClock   = 4   // instructions of a multiprocessor
	integerAClock  = 2   // by 64 lanes, capability 8.0 and 9.0
	specialAClock  = 0.5 // by 16 lanes
	accessedAClock = 128 // bytes
	sectorBytes    = 32
)

// Launch is the prediction for a launch of a kernel.
type Launch struct {
	Kernel string
	// Blocks and Threads are the sizes of grid and block; Occupancy is how many blocks a multiprocessor holds, and Waves how often
	// all multiprocessors are filled.
	Blocks, Threads, Occupancy int
	Waves                      float64
	// Registers is that of a thread, 0 where nobody has recorded it; SharedBytes are a block's, static and dynamic.
	Registers, SharedBytes int
	// Counts is what one block does, as the interpreter has counted it; Bytes is what the launch moves through memory.
	Counts Counts
	Bytes  float64
	// Seconds is the longest of the terms, whose name is Limit.
	Seconds float64
	Limit   string
	Terms   []Term
}

// Counts is the work of a block by the units of a multiprocessor: instructions of warps, and operations of tensor cores.
type Counts struct {
	Instructions, Integer, Float32, Float64, Special float64
	BFloat16, TF32                                   float64 // floating-point operations of warps, by mma.sync
	GroupBFloat16, GroupTF32                         float64 // of warpgroups, by wgmma
	Passes                                           float64 // through the first cache and shared memory, of 128 bytes
	Waits                                            float64 // clocks that the loads of a warp take
	// Read and Written are bytes of global memory, each sector once; of those read, Common are read by the other blocks too.
	Read, Written, Common float64
	// Copied is the bytes of copies that go past the first cache, whatever a block has copied before.
	Copied float64
}

// count sorts the instructions of a sampled launch by unit, for one block.
func count(p *ptxsim.Profile) Counts {
	var c Counts
	for _, l := range p.Lines {
		c.add(l)
	}
	blocks, warps := float64(p.Ran), float64((p.Block[0]*p.Block[1]*p.Block[2]+warp-1)/warp)
	for _, v := range []*float64{&c.Instructions, &c.Integer, &c.Float32, &c.Float64, &c.Special, &c.BFloat16, &c.TF32, &c.GroupBFloat16, &c.GroupTF32, &c.Passes, &c.Copied} {
		*v /= blocks
	}
	c.Read, c.Written = float64(p.ReadBytes)/blocks, float64(p.WrittenBytes)/blocks
	if p.Ran > 1 {
		c.Common = float64(p.ReadBytes-p.UnionReadBytes) / (blocks - 1)
	}
	loads, copies := p.Class[ptxsim.GlobalLoad], p.Class[ptxsim.AsyncCopy] // no warp waits for a copy behind its back
	if sectors := loads.GlobalSectors + copies.GlobalSectors; sectors > 0 {
		missed := min(float64(p.ReadBytes)/sectorBytes/float64(sectors), 1)
		c.Waits = float64(loads.Instructions) / blocks / warps / together * (missed*missClocks + (1-missed)*hitClocks)
	}
	return c
}

// add counts an instruction of PTX as what ptxas makes of it: moves and reads of arguments vanish, a division is a short
// program, an integer of 64 bits is two.
func (c *Counts) add(l ptxsim.LineCounts) {
	n, opcode := float64(l.Instructions), l.Text
	switch l.Class {
	case ptxsim.Move:
		if strings.HasPrefix(opcode, "mov") || strings.HasPrefix(opcode, "cvta") {
			return
		}
		c.Integer += n
	case ptxsim.ParamAccess:
		return
	case ptxsim.Integer:
		if strings.Contains(opcode, "64") && !strings.Contains(opcode, "wide") {
			n *= 2
		}
		c.Integer += n
	case ptxsim.Float32, ptxsim.Half:
		c.Float32 += n
	case ptxsim.Float64:
		c.Float64 += n
	case ptxsim.Conversion:
		if strings.Contains(opcode, "f64") {
			c.Special += n
		} else {
			c.Integer += n
		}
	case ptxsim.Special:
		n = c.special(opcode, n)
	case ptxsim.Tensor:
		c.tensor(opcode, n)
	}
	c.Instructions += n
	c.Passes += passes(l)
	if pastFirstCache(l) && !strings.Contains(opcode, ".global.shared") {
		c.Copied += float64(l.GlobalSectors) * sectorBytes
	}
}

// pastFirstCache reports whether an instruction is a copy that does not go through the first cache: one in bulk, or of 16 bytes that says so.
func pastFirstCache(l ptxsim.LineCounts) bool {
	_, copies, _ := strings.Cut(" "+l.Text, " cp.async.")
	return strings.HasPrefix(copies, "bulk") || strings.HasPrefix(copies, "cg")
}

// What a division or root that is exact takes, in instructions of the unit of its type.
const (
	exactFloat32 = 8
	exactFloat64 = 16
	exactInteger = 16
)

// special counts an instruction of the special units, or the program that stands for it; the result is its instructions.
func (c *Counts) special(opcode string, n float64) float64 {
	switch approximate := strings.Contains(opcode, ".approx") || strings.HasPrefix(opcode, "ex2") || strings.HasPrefix(opcode, "lg2"); {
	case strings.Contains(opcode, ".f64"):
		c.Float64 += exactFloat64 * n
		return exactFloat64 * n
	case approximate:
		c.Special += n
		return n
	case strings.Contains(opcode, ".f32"):
		c.Float32 += exactFloat32 * n
		return exactFloat32 * n
	}
	c.Integer += exactInteger * n
	return exactInteger * n
}

// groupWarps is the number of warps that execute a wgmma together.
const groupWarps = 4

// tensor counts the operations of mma.sync...m16n8k16..., or of the four warps' wgmma...m64n256k16...: 2*m*n*k.
func (c *Counts) tensor(opcode string, n float64) {
	operations := 2 * n
	for _, modifier := range strings.Split(opcode, ".") {
		if m, columns, k, ok := matrixShape(modifier); ok {
			operations *= float64(m * columns * k)
		}
	}
	switch group, tf32 := strings.HasPrefix(opcode, "wgmma"), strings.Contains(opcode, "tf32"); {
	case group && tf32:
		c.GroupTF32 += operations / groupWarps
	case group:
		c.GroupBFloat16 += operations / groupWarps
	case tf32:
		c.TF32 += operations
	default:
		c.BFloat16 += operations
	}
}

// matrixShape reads the shape of an mma: m16n8k16.
func matrixShape(modifier string) (m, n, k int, ok bool) {
	read, err := fmt.Sscanf(modifier, "m%dn%dk%d", &m, &n, &k)
	return m, n, k, err == nil && read == 3
}

// passes are those of an instruction through the first cache or shared memory: at least one a request, one for each 128 bytes,
// one for each bank conflict.
func passes(l ptxsim.LineCounts) float64 {
	global := max(float64(l.GlobalRequests), float64(l.GlobalSectors)*sectorBytes/accessedAClock)
	if pastFirstCache(l) {
		global = 0
	}
	shared := max(float64(l.SharedRequests), float64(l.SharedBytes)/accessedAClock) + float64(l.SharedConflicts)
	return global + shared
}

// written is the bytes that all blocks of a sampled launch write.
func written(p *ptxsim.Profile) float64 {
	return float64(p.WrittenBytes) / float64(p.Ran) * float64(p.Grid[0]*p.Grid[1]*p.Grid[2])
}

// predict is the time of a sampled launch on a GPU. Of memory it reads once what the sampled blocks have in common, and what each
// has for itself as often as there are blocks; but no more than readable, the bytes that there are to read, those of the operation's
// operands and what its launches before have written for others: what blocks read again lies in the second cache.
func predict(g GPU, p *ptxsim.Profile, registers int, readable float64) Launch {
	c := count(p)
	blocks, threads := p.Grid[0]*p.Grid[1]*p.Grid[2], p.Block[0]*p.Block[1]*p.Block[2]
	l := Launch{Kernel: p.Kernel, Blocks: blocks, Threads: threads, Registers: registers, SharedBytes: p.SharedBytes, Counts: c}
	l.Occupancy = max(ptxsim.Occupancy(g.Capability, threads, registers, p.SharedBytes), 1)
	l.Waves = float64(blocks) / float64(g.Multiprocessors*l.Occupancy)
	read := c.Common + (c.Read-c.Common)*float64(blocks)
	if readable > 0 {
		read = min(read, readable)
	}
	l.Bytes = read + written(p)

	// The busiest multiprocessor has so many blocks; each of its units works through their instructions.
	busiest := float64((blocks + g.Multiprocessors - 1) / g.Multiprocessors)
	clocks := func(name string, amount, aClock float64) Term { return Term{name, busiest * amount / aClock / g.Clock} }
	flops := func(name string, operations, rate float64) Term {
		return Term{name, busiest * operations / (rate / float64(g.Multiprocessors))}
	}
	tensor := flops(tensorTerm, c.BFloat16, g.BFloat16*g.MMASync)
	tensor.Seconds += flops(tensorTerm, c.TF32, g.TF32*g.MMASync).Seconds
	tensor.Seconds += flops(tensorTerm, c.GroupBFloat16, g.BFloat16).Seconds + flops(tensorTerm, c.GroupTF32, g.TF32).Seconds
	waves := float64((blocks + g.Multiprocessors*l.Occupancy - 1) / (g.Multiprocessors * l.Occupancy))
	l.Terms = []Term{
		{launchTerm, launchSeconds},
		{memoryTerm, l.Bytes / g.Bandwidth},
		{l2Term, (max(c.Read, c.Copied) + c.Written) * float64(blocks) / g.L2Bandwidth},
		clocks(accessTerm, c.Passes, 1),
		clocks(issueTerm, c.Instructions, issuedAClock),
		clocks(integerTerm, c.Integer, integerAClock),
		flops(float32Term, c.Float32*2*warp, g.Float32),
		flops(float64Term, c.Float64*2*warp, g.Float64),
		clocks(specialTerm, c.Special, specialAClock),
		tensor,
		{latencyTerm, waves * c.Waits / g.Clock},
	}
	for _, t := range l.Terms {
		if t.Seconds > l.Seconds {
			l.Seconds, l.Limit = t.Seconds, t.Name
		}
	}
	return l
}
