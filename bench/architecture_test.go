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
// folder inside another one that is listed has rules of its own.
var mayImport = map[string][]string{
	"kernels":     nil,
	"asm":         {"kernels"},
	"cuda":        {"kernels"},
	"nn":          {"kernels"},
	"nn/pretrain": {"kernels", "gaze"},
	"gaze":        {"kernels"},
	"cmd":         {"kernels", "asm", "cuda", "nn", "gaze"},
	"bench":       {"kernels", "asm", "cuda", "nn", "gaze"},
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

// rooms is what the packages behind the gaze of one person may import of this module, so that each knows only what lies below
// it. No other package of gaze may import them.
var rooms = map[string][]string{
	"gaze/relation":                                {"gaze", "gaze/internal/parallel", "kernels/atomicfile", "kernels/checksum", "kernels/input", "kernels/npy", "kernels/plain"},
	"gaze/similarity/internal/measure":             {"gaze", "gaze/internal/parallel", "gaze/internal/spec", "gaze/relation", "kernels"},
	"gaze/similarity/internal/measure/measuretest": {"gaze", "gaze/internal/gazetest", "gaze/relation", "gaze/similarity/internal/measure"},
	"gaze/similarity/heatmaps":                     {"gaze", "gaze/relation", "gaze/similarity/internal/measure", "kernels"},
	"gaze/similarity/scanpaths":                    {"gaze", "gaze/relation", "gaze/similarity/internal/measure"},
	"gaze/similarity": {
		"gaze", "gaze/relation", "gaze/similarity/heatmaps", "gaze/similarity/internal/measure", "gaze/similarity/scanpaths", "kernels",
	},
	"gaze/examine": {"gaze", "gaze/internal/parallel", "gaze/relation", "gaze/similarity", "kernels"},
}

// TestArrows demands that imports point one way, and that the contract itself imports nothing of ours. Tests may import
// anything.
func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range sources(t) {
		from := rulesOf(file.inside)
		seen[from], seen[file.inside] = true, true
		allowed, known := mayImport[from]
		if !known {
			t.Errorf("%s: folder %s has no place in the house: say in mayImport, and in the README, what it may import", file.path, from)
		}
		for _, name := range file.imports {
			to := top(name)
			if to != top(from) && !slices.Contains(allowed, to) || file.inside == "kernels" {
				t.Errorf("%s imports gzpt/%s: %s may import only %v, and the contract nothing of ours", file.path, name, from, allowed)
			}
			if rules := rulesOf(name); to == top(from) && rules != to && rules != from {
				t.Errorf("%s imports gzpt/%s, which may import more than %s may", file.path, name, from)
			}
			if behind, known := rooms[file.inside]; known && !slices.Contains(behind, name) {
				t.Errorf("%s imports gzpt/%s: %s may import only %v", file.path, name, file.inside, behind)
			} else if rooms[name] != nil && from == "gaze" && !known {
				t.Errorf("%s imports gzpt/%s, which lies above it", file.path, name)
			}
		}
	}
	for name := range mayImport {
		if !seen[name] {
			t.Errorf("no package in %s: the list of packages is not whole", name)
		}
	}
	for name := range rooms {
		if !seen[name] {
			t.Errorf("no package in %s: the list of rooms is not whole", name)
		}
	}
}

// TestPackagesAreRooms demands that a package is about one thing: no more files than one can look over, but for the device,
// and for registries of one file a member.
func TestPackagesAreRooms(t *testing.T) {
	const most = 25
	larger := []string{"asm", "gaze/formats"}
	files := map[string]int{}
	for _, file := range sources(t) {
		files[file.inside]++
	}
	for name, n := range files {
		if n > most && !slices.Contains(larger, name) {
			t.Errorf("%s has %d files, expected at most %d", name, n, most)
		}
	}
}

// source is a file that is not a test.
type source struct {
	path, inside string   // inside is its package
	imports      []string // of this module
}

func sources(t *testing.T) (files []source) {
	t.Helper()
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		file := source{path: name, inside: strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "../")}
		for _, spec := range parsed.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if name, ours := strings.CutPrefix(name, "gzpt/"); ours {
				file.imports = append(file.imports, name)
			}
		}
		files = append(files, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// top is the first part of a path.
func top(path string) string {
	name, _, _ := strings.Cut(path, "/")
	return name
}
