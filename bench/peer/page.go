package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/bench"
)

// record is everything that one run measured.
type record struct {
	Date    string            `json:"date"`
	Machine string            `json:"machine"`
	Peers   map[string]string `json:"peers"` // by tier, in their own words
	Rows    []row             `json:"rows"`
}

// row is one work on one tier, in seconds of one repetition for each turn.
type row struct {
	Tier       string    `json:"tier"`
	Work       string    `json:"work"` // the line that the peer was asked with
	Name       string    `json:"name"`
	Direction  string    `json:"direction,omitempty"` // of a convolution
	Pairs      int       `json:"pairs,omitempty"`     // of views in a training step
	Operations float64   `json:"operations"`
	Ours       []float64 `json:"gzpt_seconds"`
	Theirs     []float64 `json:"peer_seconds"`
	Peaks      []float64 `json:"peak_gflops"`
}

// rates are the two sides' medians: pairs of views a second for a training step, otherwise GFLOP/s; each with its share
// of the median peak.
func (r row) rates() (ours, theirs string) {
	side := func(seconds []float64) string {
		gflops := r.Operations / median(seconds) / 1e9
		rate := fmt.Sprintf("%.0f", gflops)
		if r.Pairs > 0 {
			rate = fmt.Sprintf("%.2f", float64(r.Pairs)/median(seconds))
		}
		return fmt.Sprintf("%s (%.0f %%)", rate, 100*gflops/median(r.Peaks))
	}
	return side(r.Ours), side(r.Theirs)
}

func (r row) ratio() float64 { return median(r.Theirs) / median(r.Ours) }

// steps is the page of the training steps.
func (c record) steps() string {
	var b strings.Builder
	c.head(&b)
	b.WriteString("| BYOL step of ResNet-18 | tier | gzpt, pairs/s (of peak) | PyTorch, pairs/s (of peak) | gzpt / PyTorch |\n|---|---|---|---|---|\n")
	for _, r := range c.Rows {
		if r.Pairs > 0 {
			ours, theirs := r.rates()
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %.2f |\n", r.Name, r.Tier, ours, theirs, r.ratio())
		}
	}
	return b.String()
}

// convolutions is the page of the single convolutions.
func (c record) convolutions() string {
	var b strings.Builder
	c.head(&b)
	b.WriteString("| convolution | direction | tier | gzpt, GFLOP/s (of peak) | PyTorch, GFLOP/s (of peak) | gzpt / PyTorch |\n|---|---|---|---|---|---|\n")
	for _, r := range c.Rows {
		if r.Pairs == 0 {
			ours, theirs := r.rates()
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.2f |\n", r.Name, r.Direction, r.Tier, ours, theirs, r.ratio())
		}
	}
	return b.String()
}

// head says what was measured on what.
func (c record) head(b *strings.Builder) {
	fmt.Fprintf(b, "%s, %s. ", c.Date, c.Machine)
	writePeers(b, c.Peers)
	fmt.Fprintf(b, "Medians of %d interleaved turns.\n\n", len(c.Rows[0].Ours))
}

// writePeers says what stands beside each tier.
func writePeers(b *strings.Builder, peers map[string]string) {
	var tiers []string
	for tier := range peers {
		tiers = append(tiers, tier)
	}
	slices.Sort(tiers)
	for _, tier := range tiers {
		fmt.Fprintf(b, "Beside %s: %s. ", tier, peers[tier])
	}
}

// write leaves the record and its pages in a folder. Without convolutions the earlier page of them stays.
func (c record) write(folder string) error {
	pages := map[string]string{"speed.md": c.steps()}
	if slices.ContainsFunc(c.Rows, func(r row) bool { return r.Pairs == 0 }) {
		pages["convolutions.md"] = c.convolutions()
	}
	return leave(folder, "speed.json", c, pages)
}

// leave writes everything that was measured and the pages that show it into a folder.
func leave(folder, name string, measured any, pages map[string]string) error {
	text, err := json.MarshalIndent(measured, "", "  ")
	if err != nil {
		return err
	}
	pages[name] = string(text) + "\n"
	for name, content := range pages {
		if err := bench.WriteFile(filepath.Join(folder, name), content); err != nil {
			return err
		}
	}
	return nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
