package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// pages are what the project says about itself.
func pages(t *testing.T) []string {
	t.Helper()
	all, err := pagesOf(root)
	if err != nil {
		t.Fatal(err)
	}
	return append(all, "CONTRIBUTING.md", "CHANGELOG.md")
}

// TestTheREADMEIsOnePage demands that it stays short: the rest belongs to docs.
func TestTheREADMEIsOnePage(t *testing.T) {
	if lines := strings.Count(read(t, "README.md"), "\n"); lines > 150 {
		t.Errorf("README.md has %d lines, expected at most 150", lines)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestFlags demands that every flag and verb in the pages is one of the command.
func TestFlags(t *testing.T) {
	for _, source := range []string{"cmd/gzpt-train/*.go", "gaze/*.go"} { // a result that go test kept is stale when these change
		if names, err := filepath.Glob(filepath.Join(root, source)); err != nil || len(names) == 0 {
			t.Fatalf("no %s: %v", source, err)
		} else {
			for _, name := range names {
				os.Stat(name)
			}
		}
	}
	program := filepath.Join(t.TempDir(), "gzpt-train")
	if out, err := exec.Command("go", "build", "-o", program, "gzpt/cmd/gzpt-train").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	help := func(arguments ...string) string {
		out, err := exec.Command(program, append(arguments, "--help")...).Output()
		if err != nil {
			t.Fatalf("%v --help: %v", arguments, err)
		}
		return string(out)
	}
	general := help()
	verbs := submatches(`(?m)^  ([a-z]+)  `, general)
	flags := []string{"help", "version"}
	for _, verb := range verbs {
		flags = append(flags, submatches(`--([a-z-]+)`, help(verb))...)
	}
	for _, page := range pages(t) {
		for _, flag := range submatches(`[^-a-z]--([a-z][a-z-]*)`, read(t, page)) {
			if !slices.Contains(flags, flag) {
				t.Errorf("%s names --%s, which is no flag of gzpt-train", page, flag)
			}
		}
		for _, verb := range submatches(`gzpt-train ([a-z]+)`, read(t, page)) {
			if !slices.Contains(verbs, verb) {
				t.Errorf("%s names the verb %s, which gzpt-train has not", page, verb)
			}
		}
	}
}

// TestFiles demands that the files and make targets that the pages name exist.
func TestFiles(t *testing.T) {
	makefile := read(t, "Makefile")
	for _, page := range pages(t) {
		text := read(t, page)
		named := submatches("[`(]((?:kernels|asm|nn|gaze|cmd|bench)/[a-zA-Z0-9_/.-]*)[`)]", text)
		for _, name := range append(named, submatches(`\]\(((?:docs/)?\w+\.md|[A-Z]\w+\.\w+|LICENSE)\)`, text)...) {
			if strings.HasPrefix(page, "docs/") && strings.HasSuffix(name, ".md") && !strings.Contains(name, "/") {
				name = "docs/" + name // links are relative to their page
			}
			if strings.Contains(name, "NAME") || strings.Contains(name, "ARCH") {
				continue // a file that the reader is to write
			}
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("%s names %s, which does not exist", page, name)
			}
		}
		for _, target := range submatches("(?:`|    |&& )make ([a-z-]+)", text) {
			if !strings.Contains(makefile, "\n"+target+":") {
				t.Errorf("%s names make %s, which the Makefile has not", page, target)
			}
		}
	}
}

// TestDependencies demands that the README gives a reason for every direct dependency, and for no other.
func TestDependencies(t *testing.T) {
	var direct []string
	for _, line := range strings.Split(read(t, "go.mod"), "\n") {
		if found := submatches(`^(?:require |\t)(\S+?)(?:/v\d+)? v\S+$`, line); found != nil {
			direct = append(direct, found[0])
		}
	}
	_, table, _ := strings.Cut(read(t, "README.md"), "\n## Dependencies\n")
	table, _, _ = strings.Cut(table, "\n## ")
	listed := submatches(`(?m)^\| \[([^\]]+)\]`, table)
	slices.Sort(direct)
	slices.Sort(listed)
	if len(direct) == 0 || !slices.Equal(direct, listed) {
		t.Errorf("go.mod requires %v, the README gives reasons for %v", direct, listed)
	}
}

// submatches is what the group of a pattern matches throughout a text.
func submatches(pattern, text string) []string {
	var found []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}
