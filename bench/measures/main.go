// Command measures tells what every measure of gaze is worth and what it costs, on the two real data sets that the tests
// use: does the nearest neighbour share a label, do readers of one image rank above readers of others, and how many pairs
// a second one core compares. It writes measures.md, and maps.md: how long the measures that are products of maps take for
// 10,000 items on all cores.
//
//	go run ./bench/measures --data ../shared/data
package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"gzpt/asm"
	"gzpt/bench"
	"gzpt/gaze"
	"gzpt/gaze/examine"
	"gzpt/gaze/formats"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
	"gzpt/kernels/atomicfile"
)

type settings struct {
	data, out string
	limit     time.Duration
	some      int
	measures  []string
}

func main() {
	var s settings
	pflag.StringVar(&s.data, "data", "../shared/data", "folder of kvasir_gaze and eyecrowd")
	pflag.StringVar(&s.out, "out", "bench/results", "folder for the result")
	pflag.DurationVar(&s.limit, "limit", 2*time.Minute, "a measure that would take longer on all images of eyecrowd sees some of them")
	pflag.IntVar(&s.some, "some", 40, "how many these are")
	pflag.StringSliceVar(&s.measures, "measures", nil, "names of measures (default: all)")
	pflag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "measures:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	if err := atomicfile.ReadyFolder(s.out); err != nil {
		return err
	}
	tiers := asm.Tiers()
	dev, err := asm.Open(tiers[len(tiers)-1])
	if err != nil {
		return err
	}
	defer dev.Close()
	kvasir, tercile, err := load(filepath.Join(s.data, "kvasir_gaze"), "area_tercile")
	if err != nil {
		return err
	}
	crowd, _, err := load(filepath.Join(s.data, "eyecrowd"), "image")
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s. Default parameters. Polyps: how often the nearest of the %d images of kvasir_gaze has a polyp of the same third of sizes "+
		"(chance 0.333), and the AUC of that for all pairs. Readers: the AUC of two readers of one photograph against readers of two, %d photographs of "+
		"eyecrowd, or the first %d (*) where all would take long. Pairs and scanpaths: compared, and before that prepared, a second by one core, of kvasir_gaze with 27 fixations each.\n\n",
		time.Now().UTC().Format(time.DateOnly), bench.Machine(), dev.Name(), len(kvasir), len(crowd), s.some)
	b.WriteString("| measure | what is alike | polyps: neighbour | polyps: AUC | readers: AUC | pairs/s | scanpaths/s |\n|---|---|---|---|---|---|---|\n")
	for _, m := range similarity.Measures() {
		if s.measures != nil && !slices.Contains(s.measures, m.Name) {
			continue
		}
		line, err := s.judge(dev, m, kvasir, tercile, crowd)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		fmt.Print(line)
		b.WriteString(line)
	}
	if err := bench.WriteFile(filepath.Join(s.out, "measures.md"), b.String()); err != nil {
		return err
	}
	return s.timeMaps()
}

// manyItems is the items of a large relation.
const manyItems = 10_000

// timeMaps writes how long a large relation takes by the measures that are products, from fixations to the matrix: the
// median of three turns on every tier.
func (s settings) timeMaps() error {
	tiers := asm.Tiers()[1:]
	items := bench.Scanpaths(manyItems, 20)
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s. The relation of %d scanpaths of 20 fixations, %.0f million pairs, from fixations to the whole matrix in memory, "+
		"all cores, in seconds; medians of three.\n\n", time.Now().UTC().Format(time.DateOnly), bench.Machine(), manyItems, pairsOf(manyItems)/1e6)
	fmt.Fprintf(&b, "| measure | %s |\n|---|%s\n", strings.Join(tiers, " | "), strings.Repeat("---|", len(tiers)))
	for _, measure := range []string{"heatmap-cc", "cosine", "sim", "dhash", "ahash", "phash", "nss", "ig", "kl"} {
		if s.measures != nil && !slices.Contains(s.measures, measure) {
			continue
		}
		fmt.Fprintf(&b, "| `%s` |", measure)
		for _, tier := range tiers {
			seconds, err := timeRelation(tier, measure, items)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %.2f |", seconds)
		}
		b.WriteString("\n")
	}
	fmt.Print(b.String())
	return bench.WriteFile(filepath.Join(s.out, "maps.md"), b.String())
}

func timeRelation(tier, measure string, items [][]gaze.Recording) (float64, error) {
	dev, err := asm.Open(tier)
	if err != nil {
		return 0, err
	}
	defer dev.Close()
	var seconds []float64
	for range 3 {
		start := time.Now()
		if _, err := similarity.Relate(context.Background(), dev, items, similarity.RelateOptions{Measure: measure}); err != nil {
			return 0, err
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	slices.Sort(seconds)
	return seconds[1], nil
}

// load is the recordings of a data set in the order of its labels.csv, and a column of that.
func load(folder, column string) (items [][]gaze.Recording, labels []string, err error) {
	set, err := formats.Load(folder, formats.ReadOptions{})
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(filepath.Join(folder, "labels.csv"))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, nil, err
	}
	name, label := slices.Index(rows[0], "image"), slices.Index(rows[0], column)
	var images []formats.Image
	for _, row := range rows[1:] {
		images = append(images, formats.Image{Name: row[name]})
		labels = append(labels, row[label])
	}
	items, _, err = set.Align(images, formats.AlignOptions{})
	return items, labels, err
}

// judge is the line of one measure.
func (s settings) judge(dev kernels.Device, m similarity.Measure, kvasir [][]gaze.Recording, tercile []string, crowd [][]gaze.Recording) (string, error) {
	c, err := oneCore(m.Name, kvasir)
	if err != nil {
		return "", err
	}
	r, err := similarity.Relate(context.Background(), dev, kvasir, similarity.RelateOptions{Measure: m.Name})
	if err != nil {
		return "", err
	}
	labels := examine.DiagnoseAt(r, 0.5, tercile).Labels
	images, mark := len(crowd), ""
	if seconds := pairsOf(readersOf(crowd)) * c.pair / float64(runtime.GOMAXPROCS(0)); seconds > s.limit.Seconds() {
		images, mark = min(s.some, len(crowd)), "*"
	}
	var alone [][]gaze.Recording
	var image []string
	for _, readers := range crowd[:images] {
		for _, r := range readers {
			alone, image = append(alone, []gaze.Recording{r}), append(image, r.Image)
		}
	}
	r, err = similarity.Relate(context.Background(), dev, alone, similarity.RelateOptions{Measure: m.Name})
	if err != nil {
		return "", err
	}
	readers := examine.DiagnoseAt(r, 0.5, image).Labels
	return fmt.Sprintf("| `%s` | %s | %.3f | %.3f | %.3f%s | %s | %s |\n", m.Name, m.About, labels.Neighbour, labels.AUC, readers.AUC, mark, thousands(1/c.pair), thousands(1/c.item)), nil
}

// thousands is a rate to two digits, with a comma before every three.
func thousands(v float64) string {
	if math.IsInf(v, 0) {
		return "–"
	}
	scale := math.Pow(10, max(math.Floor(math.Log10(v))-1, 0))
	text := fmt.Sprintf("%.0f", math.Round(v/scale)*scale)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func readersOf(items [][]gaze.Recording) int {
	n := 0
	for _, readers := range items {
		n += len(readers)
	}
	return n
}

func pairsOf(n int) float64 { return float64(n) * float64(n-1) / 2 }

// cost is what comparing scanpaths takes on one core, in seconds: preparing one of them, and comparing a pair; 0 where that
// is too little beside the other to be told.
type cost struct{ item, pair float64 }

// oneCore solves t(n) = n item + n(n-1)/2 pair for two numbers of items, n and n/2, each the median of three turns, n being
// as many as take a second, up to all.
func oneCore(measure string, items [][]gaze.Recording) (cost, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	tiers := asm.Tiers()
	dev, err := asm.Open(tiers[len(tiers)-1])
	if err != nil {
		return cost{}, err
	}
	defer dev.Close()
	turn := func(n int) (float64, error) {
		runtime.GC()
		start := time.Now()
		_, err := similarity.Relate(context.Background(), dev, items[:n], similarity.RelateOptions{Measure: measure})
		return time.Since(start).Seconds(), err
	}
	n := 64
	for ; n < len(items); n = min(2*n, len(items)) {
		seconds, err := turn(n)
		if err != nil {
			return cost{}, err
		}
		if seconds > 1 {
			break
		}
	}
	var half, whole []float64
	for range 3 {
		for _, c := range []struct {
			n  int
			to *[]float64
		}{{n / 2, &half}, {n, &whole}} {
			seconds, err := turn(c.n)
			if err != nil {
				return cost{}, err
			}
			*c.to = append(*c.to, seconds)
		}
	}
	slices.Sort(half)
	slices.Sort(whole)
	share := float64(n) / float64(n/2)
	c := cost{pair: (whole[1] - share*half[1]) / (pairsOf(n) - share*pairsOf(n/2))}
	c.item = (whole[1] - pairsOf(n)*c.pair) / float64(n)
	// What is a small part of the whole is lost in the noise of both.
	if least := whole[1] / 20; c.pair*pairsOf(n) < least {
		c.pair = 0
	} else if c.item*float64(n) < least {
		c.item = 0
	}
	return c, nil
}
