package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A place that results cannot be written to is found before the work, which takes minutes.
func TestOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(file, "results")
	if err := run(settings{out: out, data: "no such folder"}); err == nil || !strings.Contains(err.Error(), out) {
		t.Errorf("error %v, expected one of %s", err, out)
	}
}
