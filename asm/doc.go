// Package asm is the CPU device: the operations of package kernels in hand-written AVX2 and AVX-512 Go assembly, with
// the Go that tiles, packs and spreads them over the cores.
//
// A tier is one instruction set. [Tiers] lists what the machine has and [Open] starts one; the environment variable
// GZPT_CPU (reference, avx2, avx512) forces a tier for a whole process. Built with -tags noasm, or for another
// architecture, the package offers the portable reference alone.
package asm
