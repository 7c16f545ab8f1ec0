package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	const text = "goos: linux\nBenchmarkCopy-16 \t  12\t 345 ns/op\t 4100.5 GB/s\nBenchmarkStep/size=224/batch=16 \t 3 \t 1e+06 ns/op\nPASS\n"
	want := []measurement{{"Copy", 12, map[string]float64{"ns/op": 345, "GB/s": 4100.5}}, {"Step/size=224/batch=16", 3, map[string]float64{"ns/op": 1e6}}}
	if got := parse(text); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, expected %v", got, want)
	}
}

func TestMachine(t *testing.T) {
	line, name := machineOf("x_test.go:7: machine: NVIDIA H200 (SXM), capability 90, more\n")
	if line != "NVIDIA H200 (SXM), capability 90, more" || name != "nvidia-h200-sxm" {
		t.Errorf("line %q, name %q", line, name)
	}
	if _, name := machineOf("FAIL"); name != "gpu" {
		t.Errorf("without a line the name is %q", name)
	}
}

// A stage passes where it does what it should within its time, and shows it.
func TestStages(t *testing.T) {
	b := &bundle{root: ".", work: t.TempDir()}
	for _, test := range []struct {
		stage stage
		want  string
	}{
		{stage{"good", time.Minute, "done", func(context.Context, *bundle) (string, error) { return "done", nil }}, ""},
		{stage{"silent", time.Minute, "done", func(context.Context, *bundle) (string, error) { return "no tests to run", nil }}, "nothing that says"},
		{stage{"wrong", time.Minute, "done", func(context.Context, *bundle) (string, error) { return "done", errors.New("exit 1") }}, "exit 1: done"},
		{stage{"slow", 50 * time.Millisecond, "", func(ctx context.Context, b *bundle) (string, error) {
			return b.command(ctx, ".", "sleep", "20")
		}}, "it took too long"},
	} {
		if _, got := b.do(test.stage); got.Passed != (test.want == "") || !strings.Contains(got.Error, test.want) {
			t.Errorf("%s: %+v, expected error %q", test.stage.name, got, test.want)
		}
	}
	total := time.Duration(0)
	for _, s := range stages(false) {
		total += s.limit
	}
	if total >= 10*time.Minute {
		t.Errorf("the stages may take %v", total)
	}
}

// A place that results cannot be written to is found before the work, which takes minutes.
func TestOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(file, "results")
	if err := measure(t.TempDir(), out, true); err == nil || !strings.Contains(err.Error(), out) {
		t.Errorf("error %v, expected one of %s", err, out)
	}
}
