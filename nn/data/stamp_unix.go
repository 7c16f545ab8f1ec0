//go:build unix

package data

import "golang.org/x/sys/unix"

// inodeOf is the number of a file's inode and the time at which that was changed last, in nanoseconds since 1970. No program
// can set that time: it tells of a file that was replaced by one of the same size and time.
func inodeOf(path string) (inode uint64, changed int64) {
	var s unix.Stat_t
	if unix.Stat(path, &s) != nil {
		return 0, 0
	}
	return uint64(s.Ino), s.Ctim.Nano()
}
