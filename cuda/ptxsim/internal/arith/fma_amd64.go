//go:build amd64 && !noasm

package arith

import "github.com/klauspost/cpuid/v2"

var hasFMA = cpuid.CPU.Supports(cpuid.AVX, cpuid.AVX2, cpuid.FMA3)

// FMA32 is FMA of F32 to nearest, of each element: with the instruction of the processor, where there is one. Products of float32 are the
// most that kernels without tensor cores compute, and by the loop take a third of their time.
func FMA32(z, a, b, c *[32]uint32) {
	if hasFMA {
		fma32(z, a, b, c)
	} else {
		eachFMA32(z, a, b, c)
	}
}

// fma32 computes, in float32 to nearest and rounded once:
//
//	for n := range z {
//		z[n] = a[n]*b[n] + c[n] // every NaN as F32.NaN
//	}
//
//go:noescape
func fma32(z, a, b, c *[32]uint32)
