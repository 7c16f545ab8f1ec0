// Command measures tells what every measure of gaze is worth and what it costs, on the two real data sets that the tests
// use: does the nearest neighbour share a label, do readers of one image rank above readers of others, and how many pairs
// a second one core compares. It writes measures.md.
//
//	go run ./bench/measures --data ../shared/data
package main

import (
	"context"
	"encoding/csv"
	"fmt"
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
	"gzpt/gaze/formats"
	"gzpt/gaze/similarity"
	"gzpt/kernels"
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
	fmt.Fprintf(&b, "%s, %s, both cores for the figures, one for the rates, %s.\n\n", time.Now().UTC().Format(time.DateOnly), bench.Machine(), dev.Name())
	b.WriteString("| measure | kvasir: neighbour shares the label | kvasir: AUC of the same label | eyecrowd: AUC of readers of one image | images there | pairs/s, one core |\n|---|---|---|---|---|---|\n")
	for _, m := range similarity.Measures() {
		if s.measures != nil && !slices.Contains(s.measures, m.Name) {
			continue
		}
		line, err := s.judge(dev, m.Name, kvasir, tercile, crowd)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		fmt.Print(line)
		b.WriteString(line)
	}
	return os.WriteFile(filepath.Join(s.out, "measures.md"), []byte(b.String()), 0o666)
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
func (s settings) judge(dev kernels.Device, measure string, kvasir [][]gaze.Recording, tercile []string, crowd [][]gaze.Recording) (string, error) {
	rate, err := oneCore(measure, kvasir)
	if err != nil {
		return "", err
	}
	r, err := similarity.Relate(context.Background(), dev, kvasir, similarity.RelateOptions{Measure: measure})
	if err != nil {
		return "", err
	}
	labels := r.Diagnose(0.5, tercile).Labels
	images := len(crowd)
	if seconds := pairsOf(readersOf(crowd)) / rate / float64(runtime.GOMAXPROCS(0)); seconds > s.limit.Seconds() {
		images = s.some
	}
	var alone [][]gaze.Recording
	var image []string
	for _, readers := range crowd[:images] {
		for _, r := range readers {
			alone, image = append(alone, []gaze.Recording{r}), append(image, r.Image)
		}
	}
	r, err = similarity.Relate(context.Background(), dev, alone, similarity.RelateOptions{Measure: measure})
	if err != nil {
		return "", err
	}
	readers := r.Diagnose(0.5, image).Labels
	return fmt.Sprintf("| `%s` | %.3f | %.3f | %.3f | %d | %.3g |\n", measure, labels.Neighbour, labels.AUC, readers.AUC, images, rate), nil
}

func readersOf(items [][]gaze.Recording) int {
	n := 0
	for _, readers := range items {
		n += len(readers)
	}
	return n
}

func pairsOf(n int) float64 { return float64(n) * float64(n-1) / 2 }

// oneCore is how many pairs of scanpaths a second one core compares, preparation included: the median of three turns
// over as many items as take half a second, up to all.
func oneCore(measure string, items [][]gaze.Recording) (float64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	tiers := asm.Tiers()
	dev, err := asm.Open(tiers[len(tiers)-1])
	if err != nil {
		return 0, err
	}
	defer dev.Close()
	turn := func(n int) (float64, error) {
		start := time.Now()
		_, err := similarity.Relate(context.Background(), dev, items[:n], similarity.RelateOptions{Measure: measure})
		return time.Since(start).Seconds(), err
	}
	n := 50
	for {
		seconds, err := turn(n)
		if err != nil {
			return 0, err
		}
		if seconds > 0.25 || n == len(items) {
			break
		}
		n = min(2*n, len(items))
	}
	var rates []float64
	for range 3 {
		seconds, err := turn(n)
		if err != nil {
			return 0, err
		}
		rates = append(rates, pairsOf(n)/seconds)
	}
	slices.Sort(rates)
	return rates[1], nil
}
