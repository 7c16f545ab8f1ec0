//go:build unix

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gzpt/bench/torture/tracer"
)

// small is a world whose program is a script: with what it finds in the file "in" it makes the file "out", and where that is
// damaged it does something else.
func small(t *testing.T, otherwise string) *world {
	t.Helper()
	folder := t.TempDir()
	script := "#!/bin/sh\n[ -e blocked ] && { echo 'error: blocked' >&2; exit 1; }\nif [ \"$(cat in)\" = good ]; then echo golden >out; exit 0; fi\n" + otherwise + "\n"
	w := &world{program: filepath.Join(folder, "program"), folder: folder, patience: 10 * time.Second}
	w.works = []*work{{name: "make", start: "begun", results: []string{"out"}, owns: true, golden: map[string]string{"out": "golden\n"}, took: time.Millisecond}}
	if err := os.MkdirAll(w.state("begun"), 0o777); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{w.program: script, filepath.Join(w.state("begun"), "in"): "good"} {
		if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// TestVerdicts has programs behave in every way that there is.
func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		name, otherwise string
		want            outcome
	}{
		{"bears it", "echo golden >out", survived},
		{"says so", "echo 'error: in is damaged' >&2; exit 1", told},
		{"forges", "echo other >out", lost},
		{"makes nothing", "exit 0", lost},
		{"makes another thing and says so", "echo other >out; echo 'warning: in is damaged'", told},
		{"blocks the next call", "touch blocked; echo 'error: in' >&2; exit 1", lost},
		{"crashes", "echo 'panic: oh' >&2; exit 2", untold},
		{"crashes without a word", "kill -SEGV $$", untold},
		{"says nothing", "exit 1", untold},
		{"another status", "echo 'error: in' >&2; exit 3", untold},
		{"is interrupted by nobody", "echo 'error: in' >&2; exit 130", untold},
		{"leaves a file behind", "touch out.part; echo 'error: in' >&2; exit 1", littered},
	} {
		v, err := small(t, test.otherwise).try(trial{"damage", "make", "in:flip:0:0"}, "a")
		if err != nil || v.outcome != test.want {
			t.Errorf("a program that %s: %v, %v; expected %s", test.name, v, err, test.want)
		}
	}
	w := small(t, "exec sleep 100")
	w.patience = 300 * time.Millisecond
	if v, err := w.try(trial{"damage", "make", "in:gone:0"}, "a"); err != nil || v.outcome != hung {
		t.Errorf("a program that hangs: %v, %v", v, err)
	}
}

// TestSpoil damages a file in every way.
func TestSpoil(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for how, want := range map[string]string{"flip:1:5": "aBc", "cut:2": "ab", "cut:0": "", "zero:1": "a\x00\x00"} {
		if err := spoil(path, []byte("abc"), how); err != nil {
			t.Fatal(err)
		}
		if text, _ := os.ReadFile(path); string(text) != want {
			t.Errorf("%s gives %q, expected %q", how, text, want)
		}
	}
	if err := spoil(path, []byte("abc"), "grow:7"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); len(text) != 10 || string(text[:3]) != "abc" {
		t.Errorf("grow gives %q", text)
	}
	for _, how := range []string{"flip:3:0", "cut:4", "melt", "flip:x:0"} {
		if err := spoil(path, []byte("abc"), how); err == nil {
			t.Errorf("%s was accepted", how)
		}
	}
	if err := spoil(path, nil, "gone:0"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is still there")
	}
}

func TestRoom(t *testing.T) {
	r := &room{bytes: 10, names: 1}
	for i, test := range []struct {
		call tracer.Call
		want tracer.Action
	}{
		{tracer.Call{Name: "openat", Makes: true}, tracer.Action{}},
		{tracer.Call{Name: "write", Bytes: 8}, tracer.Action{}},
		{tracer.Call{Name: "fallocate", Bytes: 3}, tracer.Action{Fail: syscall.ENOSPC}},
		{tracer.Call{Name: "write", Bytes: 3}, tracer.Action{Limit: 2}},
		{tracer.Call{Name: "write", Bytes: 1}, tracer.Action{Fail: syscall.ENOSPC}},
		{tracer.Call{Name: "mkdirat", Makes: true}, tracer.Action{Fail: syscall.ENOSPC}},
		{tracer.Call{Name: "read"}, tracer.Action{}},
	} {
		if got := r.decide(test.call); got != test.want {
			t.Errorf("call %d: %+v, expected %+v", i, got, test.want)
		}
	}
}

// TestPower: a power cut takes what was renamed without being synced, whatever else is mapped and synced, and nothing that was.
func TestPower(t *testing.T) {
	for _, sync := range []bool{false, true} {
		lost := 0
		for seed := range uint64(20) {
			folder := t.TempDir()
			mapped, aside, path := filepath.Join(folder, "mapped"), filepath.Join(folder, "aside"), filepath.Join(folder, "file")
			for name, text := range map[string]string{mapped: "m", aside: "new", path: "old"} {
				if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			p := &power{synced: map[string][]byte{aside: nil}, dirty: map[string]bool{}, mapped: map[string]bool{}}
			calls := []tracer.Call{{Name: "openat", Path: mapped}, {Name: "mmap", Path: mapped}, {Name: "openat", Path: aside, Makes: true}, {Name: "write", Path: aside}}
			if sync {
				calls = append(calls, tracer.Call{Name: "fsync", Path: aside})
			}
			for _, c := range calls {
				p.follow(c)
			}
			p.follow(tracer.Call{Name: "renameat", From: aside, Path: path})
			if err := os.Rename(aside, path); err != nil {
				t.Fatal(err)
			}
			p.follow(tracer.Call{Name: "msync"})
			if err := p.lose(rand.New(rand.NewPCG(seed, 0))); err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(path); err != nil {
				t.Fatal(err)
			} else if string(text) != "new" {
				lost++
			}
		}
		if (lost > 0) == sync {
			t.Errorf("synced %v: lost %d times of 20", sync, lost)
		}
	}
}

// TestDrawing demands that the order of trials follows from the seed, that names say all of a trial, and that every kind comes.
func TestDrawing(t *testing.T) {
	w := small(t, "")
	for _, name := range []string{"pretrain", "relate", "matrix"} {
		w.works = append(w.works, &work{name: name, calls: map[string]int{"write": 2, "renameat": 1}, bytes: 9, made: 3})
	}
	for _, name := range []string{"data", "scanpaths"} {
		path := filepath.Join(w.folder, name, "file")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	w.works[0].calls = map[string]int{"fsync": 2}
	a, b := w.drawing(5), w.drawing(5)
	seen := map[string]bool{}
	for range 400 {
		one, ok := a.draw()
		two, _ := b.draw()
		if !ok || one != two {
			t.Fatalf("%v and %v, %v", one, two, ok)
		}
		if again, err := parseTrial(one.String()); err != nil || again != one {
			t.Errorf("%v reads as %v, %v", one, again, err)
		}
		seen[one.kind] = true
	}
	if len(seen) != len(kinds()) {
		t.Errorf("kinds %v", seen)
	}
}

// TestRecord demands that a torture goes on behind the trials of the same program, and begins anew with another one.
func TestRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.jsonl")
	of := subject{"a", "t", 1}
	r, err := openRecord(path, of)
	if err != nil {
		t.Fatal(err)
	}
	one := trial{"disk", "resume", "bytes:3"}
	if err := r.add(one, verdict{lost, "why"}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(r.file, `{"trial":"cut o`) // killed
	r.file.Close()
	if r, err = openRecord(path, of); err != nil || len(r.done) != 1 || r.done[one.String()] != (verdict{lost, "why"}) {
		t.Fatalf("%+v, %v", r, err)
	}
	r.file.Close()
	if r, err = openRecord(path, subject{"b", "t", 1}); err != nil || len(r.done) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	r.file.Close()
}

func TestTable(t *testing.T) {
	done := map[string]verdict{"disk/a/bytes:1": {told, ""}, "disk/a/bytes:2": {lost, "gone"}, "disk/a/bytes:3": {missed, ""}, "clock/b/all:past": {survived, ""}}
	text := table(done)
	for _, line := range []string{"| a disk that fills | 2 | 0 | 1 | 1 | 0 | 0 | 0 |", "| all | 3 | 1 | 1 | 1 | 0 | 0 | 0 |"} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the table lacks %q:\n%s", line, text)
		}
	}
	if bad := badTrials(done); len(bad) != 1 || !strings.Contains(bad[0], "make torture TRIAL='disk/a/bytes:2'") {
		t.Errorf("badly ended %q", bad)
	}
}

// TestMetricsWithoutSpeed demands that only what follows from the clock is left out of a comparison.
func TestMetricsWithoutSpeed(t *testing.T) {
	a := lasting("m.jsonl", []byte("{\"step\":1,\"loss\":0.5,\"images_per_s\":7}\n"), "/f")
	if b := lasting("m.jsonl", []byte("{\"step\":1,\"loss\":0.5,\"images_per_s\":8}\n"), "/f"); a != b {
		t.Error("speed makes a difference")
	}
	if b := lasting("m.jsonl", []byte("{\"step\":1,\"loss\":0.6,\"images_per_s\":7}\n"), "/f"); a == b {
		t.Error("the loss makes no difference")
	}
	c := lasting("m.json", []byte(`{"date":"x","a":[{"timing":3,"b":"/t/f/run"}]}`), "/t/f")
	if d := lasting("m.json", []byte(`{"date":"y","a":[{"timing":4,"b":"/t/g/run"}]}`), "/t/g"); c != d {
		t.Errorf("%s differs from %s", c, d)
	}
}

// A place that results cannot be written to is found before the work, which takes minutes.
func TestOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(file, "table.md")
	_, err := run(t.Context(), settings{out: out, folder: t.TempDir(), program: "no such program"}, false)
	if err == nil || !strings.Contains(err.Error(), out) {
		t.Errorf("error %v, expected one of %s", err, out)
	}
}
