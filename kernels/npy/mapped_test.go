package npy

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.npy")
	m, err := CreateMapped(path, []int{3, 4})
	if errors.Is(err, ErrNoMapping) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Data) != 12 || !slices.Equal(m.Dims, []int{3, 4}) {
		t.Errorf("%d elements of %v", len(m.Data), m.Dims)
	}
	for i := range m.Data {
		m.Data[i] = float32(i)
	}
	if err := m.Sync(); err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	dims, data, err := ReadFile(path)
	if err != nil || !slices.Equal(dims, []int{3, 4}) || data[11] != 11 {
		t.Errorf("%v %v %v", dims, data, err)
	}
	if _, err := CreateMapped(path, []int{3, 4}); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file that exists: %v", err)
	}
	again, err := OpenMapped(path, true)
	if err != nil {
		t.Fatal(err)
	}
	again.Data[0] = -1
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	read, err := OpenMapped(path, false)
	if err != nil || read.Data[0] != -1 || read.Data[11] != 11 {
		t.Fatalf("%v %v", read, err)
	}
	read.Close()
	os.Truncate(path, 150)
	if _, err := OpenMapped(path, false); err == nil {
		t.Error("a truncated file was mapped")
	}
	empty, err := CreateMapped(filepath.Join(t.TempDir(), "e.npy"), []int{0, 0})
	if err != nil || len(empty.Data) != 0 {
		t.Fatalf("%v %v", empty, err)
	}
	empty.Close()
}
