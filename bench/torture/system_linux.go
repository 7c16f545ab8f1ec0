package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

// inside says that this process may mount what no other one sees.
const inside = "GZPT_TORTURE_MOUNTS"

// withMounts starts the program once more where it may mount file systems: with mounts of its own, and where that takes more
// rights than it has, as the only user of its own. It returns where neither is permitted, and where it is there already.
func withMounts() (mounts bool) {
	if os.Getenv(inside) != "" {
		return true
	}
	for _, attributes := range []*syscall.SysProcAttr{
		{Unshareflags: syscall.CLONE_NEWNS},
		{
			Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS, UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		},
	} {
		attributes.Pdeathsig = syscall.SIGKILL
		c := exec.Command("/proc/self/exe", os.Args[1:]...)
		c.Args[0], c.SysProcAttr = os.Args[0], attributes
		c.Stdin, c.Stdout, c.Stderr, c.Env = os.Stdin, os.Stdout, os.Stderr, append(os.Environ(), inside+"=1")
		signals := make(chan os.Signal, 2)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		if c.Start() != nil {
			signal.Stop(signals)
			continue
		}
		go func() {
			for s := range signals {
				c.Process.Signal(s)
			}
		}()
		err := c.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			os.Exit(max(exit.ExitCode(), 1))
		}
		os.Exit(0)
	}
	return false
}

// mountMemory makes a file system in memory of so many bytes at path.
func mountMemory(path string, bytes int64) (unmount func(), err error) {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		return nil, fmt.Errorf("mount %s: %w", path, err)
	}
	return func() { syscall.Unmount(path, syscall.MNT_DETACH) }, nil
}

// growMemory gives such a file system more room.
func growMemory(path string, bytes int64) error {
	return syscall.Mount("tmpfs", path, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", bytes))
}

// sizeOf is what the files in a folder take on a disk.
func sizeOf(folder string) (bytes int64, err error) {
	const page = 4096
	err = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && entry.Type().IsRegular() {
			bytes += (info.Size() + page - 1) / page * page
		}
		return err
	})
	return bytes, err
}

// peakMemory is the most memory that a process took, in bytes.
func peakMemory(p *os.ProcessState) int64 {
	if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}
