package machine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRun demands of any text that loading, compiling and running it ends, with nothing worse than an error.
func FuzzRun(f *testing.F) {
	files, err := filepath.Glob("../../testdata/wrong/*.ptx")
	if err != nil || len(files) == 0 {
		f.Fatal("no kernels to begin with", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		global := NewGlobal(1 << 20)
		m, err := Load("fuzz.ptx", text, global)
		if err != nil {
			return
		}
		for _, entry := range m.Tree.Functions {
			if !entry.Entry {
				continue
			}
			p, err := m.Program(entry.Name)
			if err != nil {
				if !strings.HasPrefix(err.Error(), "fuzz.ptx:") {
					t.Fatalf("error without a place: %v", err)
				}
				continue
			}
			if p.ParamBytes > 1<<12 {
				continue
			}
			threads := 40
			if p.multiplies {
				threads = 128 // a warpgroup
			}
			l := &Launch{Program: p, Grid: [3]int{2, 1, 1}, Block: [3]int{threads, 1, 1}, Arguments: make([]byte, p.ParamBytes)}
			if l.Check(48<<10) != nil {
				continue
			}
			_, err = l.Run(global, 1, Settings{Workers: 1, Instructions: 2000, Profile: true})
			var fault *Fault
			if err != nil && (!errors.As(err, &fault) || fault.Line == 0) {
				t.Fatalf("error %v, expected a fault with its place", err)
			}
		}
	})
}
