package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFill replaces a section, keeps what surrounds it, and names a file that is not there.
func TestFill(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "table.md"), []byte("| 1 |\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := fill("a\n<!-- begin table.md -->\nold\n<!-- end -->\nb\n", dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := "a\n<!-- begin table.md -->\n| 1 |\n<!-- end -->\nb\n"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
	if _, err := fill("<!-- begin none.md -->\n<!-- end -->", dir); err == nil {
		t.Error("a section whose file is missing was accepted")
	}
}

// TestPagesShowTheResults demands that the pages show the results as they are recorded.
func TestPagesShowTheResults(t *testing.T) {
	for _, name := range pages(t) {
		page := read(t, name)
		want, err := fill(page, root)
		if err != nil {
			t.Fatal(err)
		}
		if page != want {
			t.Errorf("%s differs from the files in bench/results: go run ./bench/pages", name)
		}
	}
}
