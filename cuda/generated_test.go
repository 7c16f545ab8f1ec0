package cuda_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"gzpt/cuda/internal/tiles"
)

var update = flag.Bool("update", false, "write the generated kernels anew")

// TestGenerated: the kernels on tensor cores are what their source makes.
func TestGenerated(t *testing.T) {
	files, err := tiles.Files()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join("ptx", name)
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(path); err != nil || string(have) != text {
			t.Errorf("%s is not what its source makes (%v): go test ./cuda -run Generated -update", path, err)
		}
	}
}
