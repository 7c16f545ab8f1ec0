package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"gzpt/asm"
	"gzpt/bench"
	"gzpt/gaze"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
)

// gazeWork is a measure that both sides have. They compare all pairs of the first items, of as many as take a while.
type gazeWork struct {
	measure      string
	ours, theirs int // items
	library      string
	// similarity is our value of what theirs returns.
	similarity func(theirs float64) float64
}

const (
	frameWidth, frameHeight = 800, 600 // of bench.Scanpaths
	fixationsEach           = 25       // as many as the median recording of a medical data set has
)

// mapGrids are the rows and columns of the maps that the measures compare by default; the first is that of most.
var mapGrids = [][2]int{{32, 32}, {8, 8}, {8, 9}}

func same(v float64) float64 { return v }

// ofDiagonal is the similarity of a distance in pixels.
func ofDiagonal(v float64) float64 { return 1 - v/math.Hypot(frameWidth, frameHeight) }

var gazeWorks = []gazeWork{
	{"multimatch", 600, 20, "multimatch-gaze", same},
	{"dtw", 600, 20, "dtw", same},
	{"hausdorff", 600, 100, "SciPy", ofDiagonal},
	{"frechet", 600, 20, "similaritymeasures", ofDiagonal},
	{"levenshtein", 600, 600, "RapidFuzz", same},
	{"jsd", 300, 60, "SciPy", func(v float64) float64 { return 1 - v }}, // both are roots of the divergence
	{"heatmap-cc", 4000, 4000, "NumPy", same},
	{"cosine", 4000, 4000, "NumPy", same},
	{"sim", 4000, 300, "NumPy", same},
	{"ssim", 150, 40, "scikit-image", same},
	{"emd", 100, 60, "POT", func(v float64) float64 { return 1 - v/(7*math.Sqrt2) }}, // in cells of 8 x 8
	{"dhash", 4000, 1000, "ImageHash", same},
	{"ahash", 4000, 300, "ImageHash", same},
	{"phash", 4000, 300, "ImageHash", same},
}

// gazeRow is a measure, in seconds of one comparison of all pairs for each turn.
type gazeRow struct {
	Measure    string    `json:"measure"`
	Library    string    `json:"library"`
	Pairs      int       `json:"gzpt_pairs"`
	TheirPairs int       `json:"peer_pairs"`
	Difference float64   `json:"largest_difference"` // of the values of some pairs
	Ours       []float64 `json:"gzpt_seconds"`
	Theirs     []float64 `json:"peer_seconds"`
	Peaks      []float64 `json:"peak_gflops"`
}

func (r gazeRow) rates() (ours, theirs float64) {
	return float64(r.Pairs) / median(r.Ours), float64(r.TheirPairs) / median(r.Theirs)
}

// gazeRecord is everything that one run measured.
type gazeRecord struct {
	Date    string    `json:"date"`
	Machine string    `json:"machine"`
	Peer    string    `json:"peer"`
	Rows    []gazeRow `json:"rows"`
}

// runGaze compares the measures on one core.
func runGaze(s settings) error {
	runtime.GOMAXPROCS(1)
	tiers := asm.Tiers()
	tier := tiers[len(tiers)-1]
	dev, err := asm.Open(tier)
	if err != nil {
		return err
	}
	defer dev.Close()
	items := bench.Scanpaths(4000, fixationsEach)
	theirs, err := start(s.python, "bench/peer/gaze_measures.py", tier, 1)
	if err != nil {
		return err
	}
	defer theirs.stop()
	if err := share(items, theirs); err != nil {
		return err
	}
	c := gazeRecord{Date: time.Now().UTC().Format(time.DateOnly), Machine: bench.Machine(), Peer: theirs.name}
	for _, w := range gazeWorks {
		r, err := w.compare(s, dev, tier, items, theirs)
		if err != nil {
			return fmt.Errorf("%s: %w", w.measure, err)
		}
		ours, other := r.rates()
		fmt.Printf("%s: %.4g pairs/s beside %.4g, %.4g\n", w.measure, ours, other, ours/other)
		c.Rows = append(c.Rows, r)
	}
	return c.write(s.out)
}

// share gives the other side the scanpaths, and the maps that we make of them.
func share(items [][]gaze.Recording, theirs *peer) error {
	content := struct {
		Frame     [2]int        `json:"frame"`
		Scanpaths [][][]float64 `json:"scanpaths"`
		Maps      [][][]float32 `json:"maps"` // of each grid
		Grids     [][2]int      `json:"grids"`
	}{Frame: [2]int{frameWidth, frameHeight}, Maps: make([][][]float32, len(mapGrids)), Grids: mapGrids}
	for _, item := range items {
		var path [][]float64
		for _, f := range item[0].Fixations {
			path = append(path, []float64{f.X, f.Y, f.Duration})
		}
		content.Scanpaths = append(content.Scanpaths, path)
		for k, grid := range mapGrids {
			cells := make([]float32, grid[0]*grid[1])
			gaze.HeatMap(cells, item[0], grid[0], grid[1], gaze.Spread{Fraction: 0.05})
			content.Maps[k] = append(content.Maps[k], cells)
		}
	}
	folder, err := os.MkdirTemp("", "gaze")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	file := filepath.Join(folder, "recordings.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	_, err = theirs.number("load " + file + " 1")
	return err
}

// maxDifference is how far the two sides' values may lie apart: ours are float32.
const maxDifference = 1e-5

// compare checks that both sides compute the same, then gives them turns.
func (w gazeWork) compare(s settings, dev kernels.Device, tier string, items [][]gaze.Recording, theirs *peer) (gazeRow, error) {
	r := gazeRow{Measure: w.measure, Library: w.library, Pairs: w.ours * (w.ours - 1) / 2, TheirPairs: w.theirs * (w.theirs - 1) / 2}
	relate := func(n int) (*relation.Relation, error) {
		return similarity.Relate(context.Background(), dev, items[:n], similarity.RelateOptions{Measure: w.measure})
	}
	few, err := relate(8)
	if err != nil {
		return r, err
	}
	for j := 1; j < few.N; j++ {
		v, err := theirs.number(fmt.Sprintf("value %s 0 %d", w.measure, j))
		if err != nil {
			return r, err
		}
		r.Difference = max(r.Difference, math.Abs(float64(few.At(0, j))-w.similarity(v)))
	}
	if !(r.Difference <= maxDifference) {
		return r, fmt.Errorf("the sides differ by %g", r.Difference)
	}
	turns := row{Tier: tier, Work: fmt.Sprintf("%s %d", w.measure, w.theirs)}
	err = turns.interleave(s.rounds, 1, theirs, func() error {
		_, err := relate(w.ours)
		return err
	})
	r.Ours, r.Theirs, r.Peaks = turns.Ours, turns.Theirs, turns.Peaks
	return r, err
}

// page is the table of the record.
func (c gazeRecord) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, one core. Beside %s. Medians of %d interleaved turns over scanpaths of %d fixations, maps of %d x %d, of emd and ahash 8 x 8, "+
		"of dhash 8 x 9; ours with the preparation of every scanpath, and of maps their drawing, theirs with maps that are there.\n\n", c.Date, c.Machine, c.Peer, len(c.Rows[0].Ours), fixationsEach, mapGrids[0][0], mapGrids[0][1])
	b.WriteString("| measure | beside | gzpt, pairs/s | peer, pairs/s | gzpt / peer | largest difference of values |\n|---|---|---|---|---|---|\n")
	for _, r := range c.Rows {
		ours, theirs := r.rates()
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %.3g | %.0e |\n", r.Measure, r.Library, thousands(ours), thousands(theirs), ours/theirs, r.Difference)
	}
	return b.String()
}

// thousands is a rate to three digits, readable at a glance.
func thousands(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3g M", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.3g k", v/1e3)
	}
	return fmt.Sprintf("%.3g", v)
}

func (c gazeRecord) write(folder string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := bench.WriteFile(filepath.Join(folder, "gaze.json"), string(text)+"\n"); err != nil {
		return err
	}
	return bench.WriteFile(filepath.Join(folder, "gaze.md"), c.page())
}
