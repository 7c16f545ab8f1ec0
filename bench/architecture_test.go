package bench

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the house: what the packages of a folder may import of the folders of this module, beside their own. A
// folder inside another one may have rules of its own.
var mayImport = map[string][]string{
	"kernels":     nil,
	"asm":         {"kernels"},
	"nn":          {"kernels"},
	"nn/pretrain": {"kernels", "gaze"},
	"gaze":        {"kernels"},
	"cmd":         {"kernels", "asm", "nn", "gaze"},
	"bench":       {"kernels", "asm", "nn", "gaze"},
}

// rulesOf is the folder of mayImport whose rules hold for a package: the innermost one.
func rulesOf(inside string) string {
	for folder := inside; folder != "."; folder = path.Dir(folder) {
		if _, known := mayImport[folder]; known {
			return folder
		}
	}
	return top(inside)
}

// TestArrows demands that imports point one way, and that the contract itself imports nothing of ours. Tests may import
// anything.
func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		inside := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "../")
		from := rulesOf(inside)
		seen[from] = true
		allowed, known := mayImport[from]
		if !known {
			t.Errorf("%s: folder %s has no place in the house: say in mayImport, and in the README, what it may import", name, from)
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			imported, ours := strings.CutPrefix(imported, "gzpt/")
			to := top(imported)
			if ours && (to != top(from) && !slices.Contains(allowed, to) || inside == "kernels") {
				t.Errorf("%s imports gzpt/%s: %s may import only %v, and the contract nothing of ours", name, imported, from, allowed)
			}
			if ours && rulesOf(imported) != from && rulesOf(imported) != to && to == top(from) {
				t.Errorf("%s imports gzpt/%s: that package may import more than %s may", name, imported, from)
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
