package formats

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The table of docs/formats.md has every format that is registered, and no other.
func TestTheTableListsEveryFormat(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "\n| format | file | columns |\n")
	if !ok {
		t.Fatal("no table of formats")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(table, -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	if !slices.Equal(listed, Formats()) {
		t.Errorf("docs/formats.md lists %q, registered are %q", listed, Formats())
	}
}

// Every reader is a file of its own and has a file of tests, with a fuzz target, that says where its samples come from.
func TestEveryReaderHasItsTests(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") || !strings.Contains(string(text), "registerFormat(format{") {
			continue
		}
		found++
		name := strings.TrimSuffix(file, ".go") + "_test.go"
		tests, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		for want, what := range map[string]string{`(?m)^func Test`: "a test", `(?m)^func Fuzz`: "a fuzz target",
			`(?m)^\s*// .*\b(sample|written from|published)`: "a comment that says where its samples come from"} {
			if !regexp.MustCompile(want).Match(tests) {
				t.Errorf("%s lacks %s", name, what)
			}
		}
	}
	if found != len(formats) {
		t.Errorf("%d files register %d formats, expected one each", found, len(formats))
	}
}
