package rundir

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzMetrics: whatever is in the file, it is refused as it is, or keeps the lines of the steps, all of them unless one is told to
// be damaged, and takes the next one.
func FuzzMetrics(f *testing.F) {
	f.Add("{\"step\":1,\"loss\":2}\n{\"step\":2}\n{\"step\":3}\n", 2)
	f.Add("{\"step\":1}\n{\"st", 1)
	f.Add("{\"step\":1}{\"step\":2}\n", 1)
	f.Add("", 0)
	f.Add("\n", 6)
	f.Fuzz(func(t *testing.T, text string, step int) {
		step &= 7
		path := filepath.Join(t.TempDir(), "metrics.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		m, err := OpenMetrics(path, step)
		if err != nil {
			if now, err := os.ReadFile(path); err != nil || string(now) != text {
				t.Fatalf("a file that is refused became %q, %v", now, err)
			}
			return
		}
		all := len(m.Damaged()) == 0
		if err := m.Append(struct {
			Step int `json:"step"`
		}{step + 1}); err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		now, err := os.ReadFile(path)
		if err != nil || all && bytes.Count(now, []byte("\n")) != step+1 || !bytes.HasPrefix([]byte(text), now[:bytes.LastIndexByte(now[:len(now)-1], '\n')+1]) {
			t.Fatalf("%q became %q, %v", text, now, err)
		}
		if m, err = OpenMetrics(path, step+1); err != nil {
			t.Fatal(err)
		}
		m.Close()
	})
}

// FuzzIs: whatever config.json holds, it is a run's or not.
func FuzzIs(f *testing.F) {
	f.Add(`{"started": "now", "settings": {}}`)
	f.Add(`{"started": 1, "network": []}`)
	f.Fuzz(func(t *testing.T, text string) {
		folder := t.TempDir()
		if err := os.WriteFile(Dir(folder).Config(), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if Is(folder) {
			if _, err := Open(folder); err != nil {
				t.Fatal(err)
			}
		}
	})
}
