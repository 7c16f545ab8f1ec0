// Package ring is the shapes of the rings of stages in shared memory that kernels of warpgroups and their launches agree on.
package ring

// Ring is a ring of stages in shared memory through which operands of warpgroups go: of each stage 128 bytes of M rows of a and of N
// rows of b, and behind all stages two mbarriers for each.
type Ring struct{ M, N, Stages int }

// StageBytes is what copies bring at a time.
func (r Ring) StageBytes() int { return 128 * (r.M + r.N) }

// Full and Empty are where the mbarriers of a stage lie: it is filled, it is read.
func (r Ring) Full(stage int) int  { return r.Stages*r.StageBytes() + 8*stage }
func (r Ring) Empty(stage int) int { return r.Full(r.Stages + stage) }

// Bytes is all of it.
func (r Ring) Bytes() int { return r.Full(2 * r.Stages) }

// Readers are the warps that read a stage.
func (r Ring) Readers() int { return r.M / 16 }

// Threads are those of a block: a warpgroup for 64 rows of a, and a warp that copies.
func (r Ring) Threads() int { return 2*r.M + 32 }

// GroupThreads are those of a block with a whole warpgroup that copies, which has registers to give to the others.
func (r Ring) GroupThreads() int { return 2*r.M + 128 }

// The rings of products: with few tiles the narrow one fills more multiprocessors. Of the contrastive softmax, of whose three
// warpgroups two can sum up exponentials while one multiplies.
var (
	Wide   = Ring{128, 256, 4}
	Narrow = Ring{128, 128, 6}
	Tall   = Ring{192, 128, 5}
)
