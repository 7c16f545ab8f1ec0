package nn

import (
	"crypto/sha256"
	"encoding/binary"
)

// derive hashes the run's seed, what the numbers are for and a counter into the two words that seed a PCG generator.
// Generators for different purposes or counters are independent, and none has a state to save.
func derive(seed uint64, purpose string, counter uint64) (uint64, uint64) {
	var b [80]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	binary.LittleEndian.PutUint64(b[8:], counter)
	n := 16 + copy(b[16:], purpose)
	if n-16 < len(purpose) {
		panic("nn: derive: purpose is too long")
	}
	h := sha256.Sum256(b[:n])
	return binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:])
}
