package bench

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFilesCallDownwards demands that the files of some packages have an order in which each uses only what those below it
// declare.
func TestFilesCallDownwards(t *testing.T) {
	for _, folder := range []string{"cmd/gzpt-train", "nn/pretrain", "nn/pretrain/dataset"} {
		t.Run(folder, func(t *testing.T) {
			if circle := circleIn(uses(t, folder)); circle != nil {
				t.Errorf("files that call in a circle: %s", strings.Join(circle, " -> "))
			}
		})
	}
}

// uses is the other files whose declarations each file of a package uses.
func uses(t *testing.T, folder string) map[string][]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	positions := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(positions, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	fileOf := func(p token.Pos) string { return filepath.Base(positions.Position(p).Filename) }
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	// Other packages are empty here: what comes from them is an error, which does not matter.
	c := types.Config{Importer: nothing{}, Error: func(error) {}}
	inside, _ := c.Check(folder, positions, files, info)
	all := map[string][]string{}
	for name, object := range info.Uses {
		from, to := fileOf(name.Pos()), ""
		if object.Pkg() == inside && object.Pos().IsValid() {
			to = fileOf(object.Pos())
		}
		if to != "" && to != from && !slices.Contains(all[from], to) {
			all[from] = append(all[from], to)
		}
	}
	if len(all) == 0 {
		t.Fatalf("no file of %s uses another one: they were not understood", folder)
	}
	return all
}

// nothing imports every package as an empty one.
type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	return p, nil
}

// circleIn is a circle of a graph, nil where there is none.
func circleIn(uses map[string][]string) []string {
	done := map[string]bool{}
	var path []string
	var visit func(name string) []string
	visit = func(name string) []string {
		if i := slices.Index(path, name); i >= 0 {
			return append(slices.Clone(path[i:]), name)
		}
		if done[name] {
			return nil
		}
		done[name] = true
		path = append(path, name)
		for _, other := range slices.Sorted(slices.Values(uses[name])) {
			if circle := visit(other); circle != nil {
				return circle
			}
		}
		path = path[:len(path)-1]
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		if circle := visit(name); circle != nil {
			return circle
		}
	}
	return nil
}
