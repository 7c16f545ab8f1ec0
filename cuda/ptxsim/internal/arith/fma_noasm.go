//go:build !amd64 || noasm

package arith

// FMA32 is FMA of F32 to nearest, of each element.
func FMA32(z, a, b, c *[32]uint32) { eachFMA32(z, a, b, c) }
