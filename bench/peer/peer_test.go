package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fake starts a peer that answers every line with the given text.
func fake(t *testing.T, answer string) *peer {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh to play the other side")
	}
	script := filepath.Join(t.TempDir(), "peer.sh")
	if err := os.WriteFile(script, []byte("echo fake \"$@\"\nwhile read line; do echo "+answer+"; done\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := start("sh", script, "avx2", 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

// TestTurns plays a comparison against a peer that always needs three seconds for a turn of two repetitions.
func TestTurns(t *testing.T) {
	p := fake(t, "3")
	if p.name != "fake --threads 3" {
		t.Errorf("the peer introduced itself as %q", p.name)
	}
	turns := 0
	r, err := interleave(5, 2, "reference", p, "byol 64 8", func() error { turns++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if r.theirs != 1.5 {
		t.Errorf("one repetition of theirs took %v s: expected 1.5", r.theirs)
	}
	if turns != 1+5*2 {
		t.Errorf("ours ran %d times: expected one warm-up and 5 turns of 2", turns)
	}
}

// TestBadAnswer shows that an answer that is no number ends the comparison.
func TestBadAnswer(t *testing.T) {
	_, err := fake(t, "oops").time("byol 64 8", 1)
	if err == nil || !strings.Contains(err.Error(), "oops") {
		t.Errorf("got error %v: expected one that quotes the answer", err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}, {[]float64{7}, 7}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median %v: expected %v", got, c.want)
		}
	}
}
