package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"gzpt/asm"
	"gzpt/bench"
)

// contrastDepth is the numbers of an embedding.
const contrastDepth = 128

// largeContrast is the anchors above which PyTorch takes seconds: those are compared on the last tier alone, in few turns.
const largeContrast = 4096

// side is one way to compute a contrastive loss with its gradient.
type side struct {
	Seconds []float64 `json:"seconds"` // of one, in each turn
	Memory  float64   `json:"memory"`  // bytes at its peak beyond the operands
}

// contrastRow is one size and form of the loss on one tier.
type contrastRow struct {
	Tier       string          `json:"tier"`
	Form       string          `json:"form"`
	Anchors    int             `json:"anchors"`
	Operations float64         `json:"operations"` // of the products that ours carries out
	Difference float64         `json:"difference"` // of the losses
	Sides      map[string]side `json:"sides"`
	Peaks      []float64       `json:"peak_gflops"`
	Between    []float64       `json:"ns_between"` // bench.BetweenCores, in each turn
}

// contrastSides are gzpt and the ways that PyTorch has.
var contrastSides = []string{"gzpt", "eager", "compiled"}

// contrastRecord is everything that one run measured.
type contrastRecord struct {
	Date    string            `json:"date"`
	Machine string            `json:"machine"`
	Peers   map[string]string `json:"peers"` // by tier, in their own words
	Rows    []contrastRow     `json:"rows"`
}

// runContrast compares the contrastive loss on every tier.
func runContrast(s settings) error {
	c := contrastRecord{Date: time.Now().UTC().Format(time.DateOnly), Machine: bench.Machine(), Peers: map[string]string{}}
	for _, tier := range s.tiers {
		if err := c.compare(s, tier); err != nil {
			return fmt.Errorf("tier %s: %w", tier, err)
		}
	}
	return nil
}

// compare adds the rows of one tier, and writes what there is after each: the largest sizes take minutes.
func (c *contrastRecord) compare(s settings, tier string) error {
	cache, err := os.MkdirTemp("", "contrast")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	// What PyTorch compiled for another instruction set, and finds in a cache of all, computes something else.
	if err := os.Setenv("TORCHINDUCTOR_CACHE_DIR", cache); err != nil {
		return err
	}
	theirs, err := start(s.python, "bench/peer/contrast_loss.py", tier, runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	defer theirs.stop()
	c.Peers[tier] = theirs.name
	for _, form := range []string{"plain", "symmetric"} {
		for _, n := range s.anchors {
			if n > largeContrast && tier != s.tiers[len(s.tiers)-1] {
				continue
			}
			r, err := compareContrast(s, tier, form, n, theirs)
			if err != nil {
				return fmt.Errorf("%s, %d anchors: %w", form, n, err)
			}
			fmt.Println(r.line())
			c.Rows = append(c.Rows, r)
			if err := c.write(s.out); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareContrast checks that both sides compute the same loss, measures their memory, then gives them turns.
func compareContrast(s settings, tier, form string, n int, theirs *peer) (contrastRow, error) {
	dev, err := asm.Open(tier)
	if err != nil {
		return contrastRow{}, err
	}
	defer dev.Close()
	ours := bench.NewContrast(dev, n, contrastDepth, form == "symmetric")
	r := contrastRow{Tier: tier, Form: form, Anchors: n, Operations: ours.Operations(), Sides: map[string]side{}}
	memory, err := bench.PeakMemory(ours.Run)
	if err != nil {
		return r, err
	}
	r.Sides["gzpt"] = side{Memory: float64(memory)}
	loss, err := ours.Loss()
	if err != nil {
		return r, err
	}
	for _, how := range contrastSides[1:] {
		work := fmt.Sprintf("%s %s %d %d", how, form, n, contrastDepth)
		theirLoss, err := theirs.number("loss " + work)
		if err != nil {
			return r, err
		}
		r.Difference = max(r.Difference, math.Abs(theirLoss/loss-1))
		if !(r.Difference <= maxDifference) {
			return r, fmt.Errorf("the loss is %g, %s %g", loss, how, theirLoss)
		}
		memory, err := theirs.number("memory " + work)
		if err != nil {
			return r, err
		}
		r.Sides[how] = side{Memory: memory}
	}
	rounds := s.rounds
	if n > largeContrast {
		rounds = min(rounds, 3)
	}
	return r, r.turns(rounds, ours, theirs)
}

// turns lets every side compute for some tenths of a second a turn, or once: a first loss after the other side's turn finds its
// operands and workers cold.
func (r *contrastRow) turns(rounds int, ours *bench.Contrast, theirs *peer) error {
	times := max(1, int(4e10/r.Operations))
	sides := []func() error{func() error {
		start := time.Now()
		for range times {
			ours.Run()
		}
		r.took("gzpt", time.Since(start).Seconds()/float64(times))
		return nil
	}}
	for _, how := range contrastSides[1:] {
		sides = append(sides, func() error {
			seconds, err := theirs.time(fmt.Sprintf("%s %s %d %d", how, r.Form, r.Anchors, contrastDepth), times)
			r.took(how, seconds)
			return err
		})
	}
	return takeTurns(rounds, sides, func() {
		r.Peaks = append(r.Peaks, bench.Peak(r.Tier, pause))
		r.Between = append(r.Between, bench.BetweenCores())
	})
}

// took adds a turn to a side.
func (r *contrastRow) took(name string, seconds float64) {
	s := r.Sides[name]
	s.Seconds = append(s.Seconds, seconds)
	r.Sides[name] = s
}

// line is the row of the page.
func (r contrastRow) line() string {
	var b strings.Builder
	ours := median(r.Sides["gzpt"].Seconds)
	fmt.Fprintf(&b, "| %s | %s | %d | %.3g (%.0f %%) |", r.Form, r.Tier, r.Anchors, 1e3*ours, 100*r.Operations/ours/1e9/median(r.Peaks))
	for _, how := range contrastSides[1:] {
		fmt.Fprintf(&b, " %.3g, %.2f times |", 1e3*median(r.Sides[how].Seconds), median(r.Sides[how].Seconds)/ours)
	}
	for _, name := range contrastSides {
		fmt.Fprintf(&b, " %.0f |", r.Sides[name].Memory/1e6)
	}
	fmt.Fprintf(&b, " %.0f to %.0f |", slices.Min(r.Between), slices.Max(r.Between))
	return b.String()
}

// page is the table of the record.
func (c contrastRecord) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s. ", c.Date, c.Machine)
	writePeers(&b, c.Peers)
	fmt.Fprintf(&b, "Medians of %d interleaved turns. A loss with its gradients for embeddings of %d numbers; the share of the peak counts the products that gzpt carries out, memory is beyond the operands. The last column is how long a cache line takes from one core to another and back, in the turns: a virtual machine's cores move, and what one makes the other reads.\n\n",
		len(c.Rows[0].Peaks), contrastDepth)
	b.WriteString("| form | tier | anchors | gzpt, ms (of peak) | PyTorch eager, ms | PyTorch compiled, ms | gzpt, MB | eager, MB | compiled, MB | between cores, ns |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range c.Rows {
		b.WriteString(r.line() + "\n")
	}
	return b.String()
}

// write leaves the record and its page in a folder.
func (c contrastRecord) write(folder string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := bench.WriteFile(filepath.Join(folder, "contrast.json"), string(text)+"\n"); err != nil {
		return err
	}
	return bench.WriteFile(filepath.Join(folder, "contrast.md"), c.page())
}
