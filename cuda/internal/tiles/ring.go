package tiles

import "strings"

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

// The rings of products: with few tiles the narrow one fills more multiprocessors. Of the contrastive softmax, of whose three
// warpgroups two can sum up exponentials while one multiplies.
var (
	Wide   = Ring{128, 256, 4}
	Narrow = Ring{128, 128, 6}
	Tall   = Ring{192, 128, 5}
)

// exponential is a register of x, at most 0 or NaN, made e^x as the function of functions.ptx does it. A call would end what wgmma has
// under way.
func exponential(x string) string {
	return strings.ReplaceAll(`mul.rn.f32 %u, %x, 0f3FB8AA3B; // e^x
	setp.lt.f32 %p, %x, 0fC2AEAC50;
	cvt.rni.f32.f32 %u, %u;
	fma.rn.f32 %x, %u, 0fBF317200, %x;
	fma.rn.f32 %x, %u, 0fB5BFBE8E, %x;
	cvt.rni.s32.f32 %j, %u;
	fma.rn.f32 %u, %x, 0f39500D01, 0f3AB60B61;
	fma.rn.f32 %u, %u, %x, 0f3C088889;
	fma.rn.f32 %u, %u, %x, 0f3D2AAAAB;
	fma.rn.f32 %u, %u, %x, 0f3E2AAAAB;
	fma.rn.f32 %u, %u, %x, 0f3F000000;
	mul.rn.f32 %square, %x, %x;
	fma.rn.f32 %x, %u, %square, %x;
	add.rn.f32 %x, %x, 0f3F800000;
	shl.b32 %j, %j, 23;
	mov.b32 %bits, %x;
	add.s32 %bits, %bits, %j;
	mov.b32 %x, %bits;
	selp.f32 %x, 0f00000000, %x, %p;`, "%x", x)
}
