package ptxsim

// This file counts how many blocks a multiprocessor holds.

const (
	usualShared    = 48 << 10
	reservedShared = 1 << 10
)

// limits are what a multiprocessor has.
type limits struct {
	multiprocessors, threads, blocks, registers, shared, sharedMost int
}

// limitsOf are the published ones of A100 and H100.
func limitsOf(target int) limits {
	if target >= 90 {
		return limits{132, 2048, 32, 64 << 10, 228 << 10, 227 << 10}
	}
	return limits{108, 2048, 32, 64 << 10, 164 << 10, 163 << 10}
}

// Occupancy is the number of blocks that a multiprocessor of the target (10*major + minor) holds at a time, of so many
// threads with so many registers each (0 where they are not known) and so many bytes of shared memory. Registers are given
// out to warps in portions of 256, shared memory to blocks in portions of 128 bytes after 1 KiB for the system.
func Occupancy(target, threads, registers, shared int) int {
	limit := limitsOf(target)
	warps := (threads + 31) / 32
	if warps == 0 {
		return 0
	}
	blocks := min(limit.blocks, limit.threads/(32*warps))
	if registers > 0 {
		perWarp := (registers*32 + 255) / 256 * 256
		// Each of the four parts of a multiprocessor has a quarter of the registers and takes whole warps.
		blocks = min(blocks, limit.registers/4/perWarp*4/warps)
	}
	perBlock := (shared + reservedShared + 127) / 128 * 128
	return min(blocks, limit.shared/perBlock)
}
