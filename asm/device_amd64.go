//go:build amd64 && !noasm

package asm

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"

	"gzpt/kernels"
)

// hasAVX2 and hasAVX512 say what the machine can run; each is independent of the other, so that switching one tier
// off never switches another off.
var (
	hasAVX2   = cpuid.CPU.Supports(cpuid.AVX, cpuid.AVX2, cpuid.FMA3)
	hasAVX512 = cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL, cpuid.FMA3, cpuid.BMI2)
)

func assemblyTiers() []string {
	var tiers []string
	if hasAVX2 {
		tiers = append(tiers, "avx2")
	}
	if hasAVX512 {
		tiers = append(tiers, "avx512")
	}
	return tiers
}

// device is the CPU device of one assembly tier. It is used by one goroutine at a time and spreads each operation over
// the workers of its pool.
type device struct {
	kernels.HostHeap
	check  kernels.Check
	avx512 bool // else AVX2
	pool   *pool
	conv   convState // reusable jobs and scratch of convolutions and products
	elem   elemState // reusable jobs and scratch of everything else
}

var _ kernels.Device = (*device)(nil)

func openAssembly(tier string) kernels.Device {
	d := &device{avx512: tier == "avx512", pool: newPool()}
	d.Owner = d
	d.check = kernels.Check{Type: kernels.Float32, Owner: d, Host: true}
	return d
}

func (d *device) Name() string {
	if d.avx512 {
		return "cpu/avx512"
	}
	return "cpu/avx2"
}

func (d *device) Type() kernels.Type { return kernels.Float32 }

func (d *device) Supports(t kernels.Type) bool {
	return t == kernels.Float32 || t == kernels.Float64 || t == kernels.Int32
}

func (d *device) New(t kernels.Type, dims ...int) kernels.Tensor {
	d.check.New(t)
	return d.HostHeap.New(t, dims...)
}

func (d *device) NewBuffer(n int) []float32 { return aligned(n) }

func (d *device) FreeBuffer([]float32) {}

func (d *device) Write(dst kernels.Tensor, src []float32) {
	d.check.Transfer("Write", dst, len(src))
	if dst.Type() == kernels.Float32 {
		d.transfer(dst.Float32(), src)
		return
	}
	kernels.HostWrite(dst, src)
}

func (d *device) WriteFloat64(dst kernels.Tensor, src []float64) {
	d.check.Transfer("WriteFloat64", dst, len(src))
	kernels.HostWrite(dst, src)
}

func (d *device) WriteInt32(dst kernels.Tensor, src []int32) {
	d.check.Transfer("WriteInt32", dst, len(src))
	copy(dst.Int32(), src)
}

func (d *device) Read(dst []float32, src kernels.Tensor) error {
	d.check.Transfer("Read", src, len(dst))
	if src.Type() == kernels.Float32 {
		d.transfer(dst, src.Float32())
		return nil
	}
	kernels.HostRead(dst, src)
	return nil
}

// transfer is copy on all cores and with a safepoint every now and then: a batch of images takes milliseconds, and the
// runtime's copy cannot be preempted.
func (d *device) transfer(dst, src []float32) {
	d.elem.copy = copyJob{y: dst, x: src}
	d.stream(&d.elem.copy, len(src), 1)
	d.elem.copy = copyJob{}
}

func (d *device) ReadFloat64(dst []float64, src kernels.Tensor) error {
	d.check.Transfer("ReadFloat64", src, len(dst))
	kernels.HostRead(dst, src)
	return nil
}

// Sync has nothing to wait for: every operation returns when it is done.
func (d *device) Sync() error { return nil }

func (d *device) Close() { d.pool.close() }

// alignment is one cache line, the widest load of any tier.
const alignment = 64

// aligned allocates n zeroed floats on a cache-line boundary: a 64-byte load that straddles lines costs two.
func aligned(n int) []float32 {
	b := make([]float32, n+alignment/4)
	skip := 0
	if r := int(uintptr(unsafe.Pointer(&b[0])) % alignment); r != 0 {
		skip = (alignment - r) / 4
	}
	return b[skip : skip+n : skip+n]
}
