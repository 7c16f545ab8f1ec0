//go:build unix && (amd64 || arm64)

package npy

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// blocks is how much of the disk a file takes, in bytes.
func blocks(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return 512 * info.Sys().(*syscall.Stat_t).Blocks
}

// A mapped file has its space from the beginning, also one that an older version made with a hole for its elements; what it
// holds stays.
func TestMappedFilesHaveTheirSpace(t *testing.T) {
	const side = 1000
	path := filepath.Join(t.TempDir(), "m.npy")
	m, err := CreateMapped(path, []int{side, side})
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if got := blocks(t, path); got < 4*side*side {
		t.Errorf("a new file takes %d bytes of the disk, expected %d", got, 4*side*side)
	}
	for name, take := range map[string]func(*os.File, int64) error{"allocate": allocate, "fill": fill} {
		sparse := filepath.Join(t.TempDir(), "sparse")
		f, err := os.Create(sparse)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.WriteString("text")
		if err := f.Truncate(3 << 20); err != nil {
			t.Fatal(err)
		}
		if before := blocks(t, sparse); before > 1<<20 {
			t.Skip("this file system has no holes")
		}
		if err := take(f, 3<<20+5); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(sparse)
		if err != nil || len(content) != 3<<20+5 || string(content[:5]) != "text\x00" {
			t.Errorf("%s: the file has %d bytes, %v", name, len(content), err)
		}
		if got := blocks(t, sparse); got < 3<<20 {
			t.Errorf("%s: the file takes %d bytes of the disk", name, got)
		}
	}
}

// Where there is no space the file is not made, and the error says how much it takes.
func TestNoSpaceForAMappedFile(t *testing.T) {
	const asked = "GZPT_NPY_TEST_FILE"
	if path := os.Getenv(asked); path != "" {
		limit := syscall.Rlimit{Cur: 1 << 16, Max: 1 << 16}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		_, err := CreateMapped(path, []int{1000, 1000})
		if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), path+": no space for 4000128 bytes: ") {
			t.Errorf("error %v", err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file was left: %v", err)
		}
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "-test.run", "^"+t.Name()+"$")
	c.Env = append(os.Environ(), asked+"="+filepath.Join(t.TempDir(), "m.npy"))
	if text, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}
