// Command pages copies recorded results into the README and the pages of docs, so that every number there is one that a
// file of results holds. A section of a page begins with a line
//
//	<!-- begin bench/results/NAME.md -->
//
// and ends with <!-- end -->; what stands between is replaced by the file.
//
//	go run ./bench/pages
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if err := updateAll("."); err != nil {
		fmt.Fprintln(os.Stderr, "pages:", err)
		os.Exit(1)
	}
}

// pagesOf is the pages of the project in the folder root, relative to it.
func pagesOf(root string) ([]string, error) {
	docs, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		return nil, err
	}
	for i, page := range docs {
		if docs[i], err = filepath.Rel(root, page); err != nil {
			return nil, err
		}
	}
	return append([]string{"README.md"}, docs...), nil
}

func updateAll(root string) error {
	pages, err := pagesOf(root)
	if err != nil {
		return err
	}
	for _, page := range pages {
		if err := update(root, page); err != nil {
			return err
		}
	}
	return nil
}

// update rewrites the sections of a page.
func update(root, name string) error {
	path := filepath.Join(root, name)
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	filled, err := fill(string(page), root)
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
