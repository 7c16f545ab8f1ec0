//go:build linux || darwin || freebsd

package atomicfile

import (
	"os"
	"syscall"
)

// writable returns an error unless the system says that files can be made in a folder. Nothing is tried, which a crash would leave.
func writable(folder string) error {
	if info, err := os.Stat(folder); err != nil {
		return err
	} else if !info.IsDir() {
		return syscall.ENOTDIR
	}
	const write, search = 2, 1
	return syscall.Access(folder, write|search)
}
