package tracer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// callOf is what PTRACE_GET_SYSCALL_INFO tells.
type callOf struct {
	op     uint8
	_      [3]uint8
	_      uint32    // architecture
	_      [2]uint64 // instruction and stack pointer
	number uint64
	args   [6]uint64
	_      [2]uint64
}

const (
	atEntry = 1
	atExit  = 2
)

func callInfo(id int) (info callOf, err error) {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(id), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return info, errno
	}
	return info, nil
}

// form says where among the arguments of a call its file is: a descriptor, or a path beside the descriptor of its folder.
type form struct {
	name             string
	descriptor, path int // argument, -1 for none
	bytes            int // argument with the number of bytes written or set aside, -1 for none
	makes            bool
}

// forms is the calls that are told of. Reading and closing belong to them: a disk fails there too.
var forms = map[uint64]form{
	unix.SYS_OPENAT:          {"openat", 0, 1, -1, false},
	unix.SYS_MKDIRAT:         {"mkdirat", 0, 1, -1, true},
	unix.SYS_UNLINKAT:        {"unlinkat", 0, 1, -1, false},
	unix.SYS_RENAMEAT:        {"renameat", 2, 3, -1, false},
	unix.SYS_RENAMEAT2:       {"renameat2", 2, 3, -1, false},
	unix.SYS_LINKAT:          {"linkat", 2, 3, -1, true},
	unix.SYS_SYMLINKAT:       {"symlinkat", 1, 2, -1, true},
	unix.SYS_FCHMODAT:        {"fchmodat", 0, 1, -1, false},
	unix.SYS_NEWFSTATAT:      {"newfstatat", 0, 1, -1, false},
	unix.SYS_READ:            {"read", 0, -1, -1, false},
	unix.SYS_PREAD64:         {"pread64", 0, -1, -1, false},
	unix.SYS_WRITE:           {"write", 0, -1, 2, false},
	unix.SYS_PWRITE64:        {"pwrite64", 0, -1, 2, false},
	unix.SYS_FSYNC:           {"fsync", 0, -1, -1, false},
	unix.SYS_FDATASYNC:       {"fdatasync", 0, -1, -1, false},
	unix.SYS_FTRUNCATE:       {"ftruncate", 0, -1, -1, false},
	unix.SYS_FALLOCATE:       {"fallocate", 0, -1, 3, false},
	unix.SYS_COPY_FILE_RANGE: {"copy_file_range", 2, -1, 4, false},
	unix.SYS_GETDENTS64:      {"getdents64", 0, -1, -1, false},
	unix.SYS_LSEEK:           {"lseek", 0, -1, -1, false},
	unix.SYS_FSTAT:           {"fstat", 0, -1, -1, false},
	unix.SYS_FCHMOD:          {"fchmod", 0, -1, -1, false},
	unix.SYS_FLOCK:           {"flock", 0, -1, -1, false},
	unix.SYS_CLOSE:           {"close", 0, -1, -1, false},
	unix.SYS_MMAP:            {"mmap", 4, -1, -1, false},
	unix.SYS_MSYNC:           {"msync", -1, -1, -1, false}, // only files are synced
}

// describe is the call of a thread, if it is one to be told of.
func (t *trace) describe(info callOf) (c Call, ok bool) {
	f, known := forms[info.number]
	if !known {
		return c, false
	}
	c = Call{Name: f.name, Makes: f.makes}
	switch {
	case f.path >= 0:
		c.Path = t.pathAt(int32(info.args[f.descriptor]), info.args[f.path])
		if f.path == 3 { // two pairs of a folder and a path
			c.From = t.pathAt(int32(info.args[0]), info.args[1])
		}
	case f.descriptor >= 0:
		c.Path = t.pathOf(int32(info.args[f.descriptor]))
	default:
		return c, true
	}
	if f.bytes >= 0 {
		c.Bytes = int64(info.args[f.bytes])
	}
	if info.number == unix.SYS_OPENAT && info.args[2]&unix.O_CREAT != 0 {
		_, err := os.Lstat(c.Path)
		c.Makes = os.IsNotExist(err)
	}
	return c, t.matters(c.Path)
}

func (t *trace) matters(path string) bool {
	for _, root := range t.command.Roots {
		if path == root || strings.HasPrefix(path, root+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// pathOf is the file of a descriptor, "" for none.
func (t *trace) pathOf(descriptor int32) string {
	if descriptor < 0 {
		return ""
	}
	path, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", t.pid, descriptor))
	return path
}

// pathAt is a path in the program's memory, which may be relative to a folder.
func (t *trace) pathAt(folder int32, address uint64) string {
	var text [4096]byte
	n, _ := t.memory.ReadAt(text[:], int64(address)) // less where the memory ends
	end := bytes.IndexByte(text[:n], 0)
	if end < 0 {
		return ""
	}
	path := string(text[:end])
	switch {
	case filepath.IsAbs(path):
	case folder == unix.AT_FDCWD:
		path = filepath.Join(t.command.Dir, path)
	default:
		path = filepath.Join(t.pathOf(folder), path)
	}
	path = filepath.Clean(path)
	if real, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil { // as the path of a descriptor is
		path = filepath.Join(real, filepath.Base(path))
	}
	return path
}
