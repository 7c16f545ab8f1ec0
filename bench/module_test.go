package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readmeProgram is the program that the README shows.
var readmeProgram = regexp.MustCompile("(?s)## The library\n.*?```go\n(.*?)```")

// TestModuleInAnotherProgram builds the README's program as a module of its own, which requires this one, and runs it. The
// network is not needed: what this module requires is where this test was built from.
func TestModuleInAnotherProgram(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program := readmeProgram.FindSubmatch(readme)
	if program == nil {
		t.Fatal("README.md shows no program")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range map[string]string{
		"main.go": string(program[1]),
		"go.mod":  fmt.Sprintf("module example\n\ngo 1.26\n\nrequire gzpt v0.0.0\n\nreplace gzpt => %s\n", root),
		"go.sum":  string(sums),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if unformatted, err := exec.Command("gofmt", "-l", folder).CombinedOutput(); err != nil || len(unformatted) > 0 {
		t.Errorf("gofmt: %v %s", err, unformatted)
	}
	c := exec.Command("go", "run", ".")
	c.Dir = folder
	c.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	text, err := c.CombinedOutput()
	if want := "gaze 0.78, loss 0.693, error <nil>\n"; err != nil || !strings.HasSuffix(string(text), want) {
		t.Errorf("%v\n%s, expected %s", err, text, want)
	}
}

// TestDefaultBuild: what the program is built of without tags has no C, and nothing of the module that is under the GPL.
func TestDefaultBuild(t *testing.T) {
	c := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{len .CgoFiles}}{{end}}", "../cmd/gzpt-train")
	c.Env = append(os.Environ(), "GOFLAGS=")
	text, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := strings.Fields(string(text))
	if len(found) < 20 {
		t.Fatalf("%d packages: the list is not whole", len(found)/2)
	}
	for i := 0; i < len(found); i += 2 {
		if strings.Contains(found[i], "mumax") || found[i+1] != "0" {
			t.Errorf("%s, with %s files in C, is part of the default build", found[i], found[i+1])
		}
	}
}
