package rundir

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCreate(t *testing.T) {
	out := filepath.Join(t.TempDir(), "runs", "a")
	failure := errors.New("no")
	if _, err := Create(out, func(Dir) error { return failure }); err != failure {
		t.Fatalf("error %v, expected that of fill", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(out)); len(left) != 0 {
		t.Fatalf("a failed run left %v", left)
	}
	if err := os.Mkdir(out, 0o777); err != nil { // an empty folder may be taken
		t.Fatal(err)
	}
	fill := func(d Dir) error {
		if _, err := os.Stat(filepath.Join(out, "config.json")); err == nil {
			t.Error("the run is visible before it is whole")
		}
		return WriteJSON(d.Config(), map[string]int{"a": 1})
	}
	d, err := Create(out, fill)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := Open(out); err != nil || opened != d {
		t.Errorf("Open gives %q, %v", opened, err)
	}
	if _, err := Create(out, fill); err == nil || !strings.Contains(err.Error(), "never overwritten") {
		t.Errorf("an existing run gives error %v", err)
	}
	if _, err := Open(filepath.Dir(out)); err == nil || !strings.Contains(err.Error(), "not a run directory") {
		t.Errorf("a folder without config.json gives error %v", err)
	}
}

func TestWriteAsideKeepsTheOldFileOnFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "file")
	write := func(text string, err error) error {
		return WriteAside(path, func(w io.Writer) error {
			io.WriteString(w, text)
			return err
		})
	}
	if err := write("old", nil); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("disk full")
	if err := write("half of the n", failure); !errors.Is(err, failure) {
		t.Fatalf("error %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
		t.Errorf("file holds %q, %v", text, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("the failed write left %v", left)
	}
}

func TestMetricsContinueBehindTheCheckpoint(t *testing.T) {
	type line struct {
		Step int `json:"step"`
	}
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	m, err := OpenMetrics(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 5; step++ {
		if err := m.Append(line{step}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(m.Sync(), m.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"st`) // killed while writing step 6
	f.Close()

	m, err = OpenMetrics(path, 3)
	if err != nil {
		t.Fatal(err)
	}
	m.Append(line{4})
	m.Close()
	want := `{"step":1,"crc32c":2798826490}
{"step":2,"crc32c":3045212174}
{"step":3,"crc32c":1206502157}
{"step":4,"crc32c":2468587494}
`
	if got, _ := os.ReadFile(path); string(got) != want {
		t.Errorf("got %q, expected %q", got, want)
	}
	if _, err := OpenMetrics(path, 5); err == nil || !strings.Contains(err.Error(), "line 5: missing") {
		t.Errorf("fewer lines than steps give error %v", err)
	}
	os.WriteFile(path, []byte("{\"step\":2}\n"), 0o666)
	if _, err := OpenMetrics(path, 1); err == nil || !strings.Contains(err.Error(), "line 1: expected the metrics of step 1") {
		t.Errorf("another step gives error %v", err)
	}
}

// Whatever byte of the metrics is damaged, the run goes on and the line is known; lines of an older version have no checksum.
func TestDamagedMetrics(t *testing.T) {
	const steps = 12
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	m, err := OpenMetrics(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= steps; step++ {
		m.Append(map[string]any{"step": step, "loss": 0.5})
	}
	m.Close()
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range good {
		for _, bit := range []byte{1, 4, 0x80} {
			bad := bytes.Clone(good)
			bad[at] ^= bit
			if err := os.WriteFile(path, bad, 0o666); err != nil {
				t.Fatal(err)
			}
			m, err := OpenMetrics(path, steps)
			if err != nil {
				t.Fatalf("byte %d, bit %d: %v", at, bit, err)
			}
			m.Close()
			if unsealed := bytes.Count(bad, []byte(lineSeal)) == steps-1; len(m.Damaged()) == 0 && !unsealed { // the checksum under another name
				t.Fatalf("byte %d, bit %d: nothing is damaged in %q", at, bit, bad)
			}
		}
	}
	old := []byte("{\"step\":1}\n{\"step\":2}\n")
	if err := os.WriteFile(path, old, 0o666); err != nil {
		t.Fatal(err)
	}
	if m, err = OpenMetrics(path, 2); err != nil || len(m.Damaged()) > 0 {
		t.Errorf("lines of an older version: %v, %v", m.Damaged(), err)
	}
	m.Close()
}

func TestLock(t *testing.T) {
	d := Dir(t.TempDir())
	if err := WriteJSON(d.Config(), struct{}{}); err != nil {
		t.Fatal(err)
	}
	release, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Lock(); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("second lock gives error %v", err)
	}
	release()
	release, err = d.Lock()
	if err != nil {
		t.Fatalf("lock after release: %v", err)
	}
	release()
}
