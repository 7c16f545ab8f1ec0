package data

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCaches(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a [b]*?")
	if files, err := Caches(folder); err != nil || len(files) > 0 {
		t.Errorf("no folder holds %v, %v", files, err)
	}
	items := pictures(t, 3)
	for _, size := range []int{7, 14} {
		openCache(t, items, CacheOptions{Folder: folder, ImageSize: size, Channels: 3}).Close()
	}
	other := filepath.Join(folder, "notes.txt")
	damaged := filepath.Join(folder, "pixels-0000.cache")
	for _, path := range []string{other, damaged} {
		if err := os.WriteFile(path, []byte("text"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	files, err := Caches(folder)
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	sides := map[int]bool{}
	for _, f := range files {
		if f.Path == damaged {
			if f.Fault == "" || f.Size != 4 {
				t.Errorf("%+v", f)
			}
			continue
		}
		sides[f.Side] = true
		if f.Images != 3 || f.Channels != 3 || f.First != items[0].Path || f.Size < 3*64*3 || f.Fault != "" || f.Written.IsZero() {
			t.Errorf("%+v", f)
		}
	}
	if !sides[8] || !sides[16] {
		t.Errorf("sides %v", sides)
	}
	if removed, err := ClearCaches(folder); err != nil || len(removed) != 3 {
		t.Errorf("removed %v, %v", removed, err)
	}
	left, _ := os.ReadDir(folder)
	if len(left) != 1 || left[0].Name() != "notes.txt" {
		t.Errorf("left %v", left)
	}
}
