package data

import (
	"crypto/sha256"
	"encoding/binary"
)

// Derive hashes a seed, what the numbers are for and counters into the two words that seed a PCG generator. Generators
// for different purposes or counters are independent, and none has a state to save.
func Derive(seed uint64, purpose string, counters ...uint64) (uint64, uint64) {
	b := make([]byte, 0, 128) // stays on the stack
	b = binary.LittleEndian.AppendUint64(b, seed)
	b = append(b, purpose...)
	for _, c := range counters {
		b = binary.LittleEndian.AppendUint64(b, c)
	}
	h := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:])
}
