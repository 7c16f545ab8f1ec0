// Command readme copies recorded results into the README, so that every number there is one that a file of results
// holds. A section of the README begins with a line
//
//	<!-- begin bench/results/NAME.md -->
//
// and ends with <!-- end -->; what stands between is replaced by the file.
//
//	go run ./bench/readme
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if err := update("README.md"); err != nil {
		fmt.Fprintln(os.Stderr, "readme:", err)
		os.Exit(1)
	}
}

// update rewrites the sections of the page at path.
func update(path string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	filled, err := fill(string(page), filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(filled), 0o644)
}

var section = regexp.MustCompile(`(?s)<!-- begin (\S+) -->\n.*?<!-- end -->`)

// fill is the page with every section replaced by its file, found relative to root.
func fill(page, root string) (string, error) {
	var failed error
	filled := section.ReplaceAllStringFunc(page, func(old string) string {
		name := section.FindStringSubmatch(old)[1]
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			failed = err
			return old
		}
		return "<!-- begin " + name + " -->\n" + strings.TrimSpace(string(content)) + "\n<!-- end -->"
	})
	return filled, failed
}
