package bench

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the house: what the packages of a folder may import of the folders of this module, beside their own.
var mayImport = map[string][]string{
	"kernels": nil,
	"asm":     {"kernels"},
	"nn":      {"kernels"},
	"gaze":    {"kernels"},
	"cmd":     {"kernels", "asm", "nn", "gaze"},
	"bench":   {"kernels", "asm", "nn", "gaze"},
}

// TestArrows demands that imports point one way, and that the contract itself imports nothing of ours. Tests may import
// anything.
func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		inside := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
		from := top(inside)
		seen[from] = true
		allowed, known := mayImport[from]
		if !known {
			t.Errorf("%s: folder %s has no place in the house: say in mayImport, and in the README, what it may import", path, from)
		}
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			name, ours := strings.CutPrefix(name, "gzpt/")
			to := top(name)
			if ours && (to != from && !slices.Contains(allowed, to) || inside == "kernels") {
				t.Errorf("%s imports gzpt/%s: %s may import only %v, and the contract nothing of ours", path, name, from, allowed)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range mayImport {
		if !seen[name] {
			t.Errorf("no package in %s: the list of packages is not whole", name)
		}
	}
}

// top is the first part of a path.
func top(path string) string {
	name, _, _ := strings.Cut(path, "/")
	return name
}
