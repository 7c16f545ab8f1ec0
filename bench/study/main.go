// Command study asks whether gaze helps, on real images with real gaze: it trains with several relations and several
// seeds, everything else being equal, judges every encoder on the test split, and writes a table of means and spreads.
//
//	go run ./bench/study --data ../shared/data/kvasir_gaze
//
// It may be stopped at any moment and started again: runs that are done are kept, one that was cut off is resumed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"gzpt/bench"
)

type settings struct {
	data, labels, split, format string
	runs, out                   string
	methods                     []string
	seeds, epochs, size, batch  int
	positives                   float64
}

func main() {
	s := settings{labels: "labels.csv:area_tercile", split: "split", format: "gazemedseg"}
	pflag.StringVar(&s.data, "data", envOr("STUDY_DATA", "../shared/data/kvasir_gaze"), "folder of images and gaze")
	pflag.StringVar(&s.labels, "labels", s.labels, "FILE:COLUMN of the labels")
	pflag.StringVar(&s.split, "split", s.split, "column of the split")
	pflag.StringVar(&s.format, "format", s.format, "format of the gaze")
	pflag.StringVar(&s.runs, "runs", "runs/study", "folder of the runs")
	pflag.StringVar(&s.out, "out", "bench/results/study.md", "table to write")
	pflag.StringSliceVar(&s.methods, "gaze", []string{"none", "permuted:tima", "tima", "heatmap-cc"}, "relations to compare")
	pflag.IntVar(&s.seeds, "seeds", 3, "seeds of each")
	pflag.IntVar(&s.epochs, "epochs", 30, "epochs of a run")
	pflag.IntVar(&s.size, "image-size", 64, "side of the views")
	pflag.IntVar(&s.batch, "batch", 64, "items in a step")
	pflag.Float64Var(&s.positives, "positives", 10, "positives of an item on average, the same for every relation")
	pflag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := study(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "study:", err)
		os.Exit(1)
	}
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// study makes the runs that are missing and writes the table.
func study(ctx context.Context, s settings) error {
	program, err := build(ctx, s.runs)
	if err != nil {
		return err
	}
	results := make([][]evaluation, len(s.methods))
	for seed := range s.seeds { // seed by seed, so that a study that is cut short compares like with like
		for i, method := range s.methods {
			v, err := s.result(ctx, program, method, seed)
			if err != nil {
				return err
			}
			results[i] = append(results[i], v)
		}
	}
	page := s.page(results, time.Now(), bench.Machine())
	fmt.Print(page)
	return os.WriteFile(s.out, []byte(page), 0o644)
}

// build makes the command once for all runs.
func build(ctx context.Context, folder string) (string, error) {
	program, err := filepath.Abs(filepath.Join(folder, "gzpt-train"))
	if err != nil {
		return "", err
	}
	return program, call(ctx, "go", "build", "-o", program, "./cmd/gzpt-train")
}

// call runs a command to its end. An interrupted study lets it finish its step and write a checkpoint.
func call(ctx context.Context, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), errors.Join(ctx.Err(), err))
	}
	return nil
}

// evaluation is what evaluate.json says.
type evaluation struct {
	Step   int    `json:"step"`
	Steps  int    `json:"steps"`
	Test   int    `json:"test_items"`
	Labels string `json:"labels"`
	KNN    scores `json:"knn"`
	Probe  scores `json:"probe"`
}

type scores struct {
	Accuracy float64 `json:"accuracy"`
	Balanced float64 `json:"balanced_accuracy"`
	AUC      float64 `json:"macro_auc"`
}

// result is the evaluation of one run, which is begun, resumed or left alone as it stands.
func (s settings) result(ctx context.Context, program, method string, seed int) (evaluation, error) {
	run := filepath.Join(s.runs, fmt.Sprintf("%s-%d", strings.ReplaceAll(method, ":", "-"), seed))
	if v, err := readEvaluation(run); err != nil || v.Step > 0 && v.Step == v.Steps {
		return v, err
	}
	args := s.arguments(method, seed, run)
	if _, err := os.Stat(run); err == nil {
		args = append(args, "--resume") // refused if the run on the disk is of other settings
	}
	if err := call(ctx, program, args...); err != nil {
		return evaluation{}, err
	}
	if err := call(ctx, program, "evaluate", "--run", run); err != nil {
		return evaluation{}, err
	}
	return readEvaluation(run)
}

func (s settings) arguments(method string, seed int, run string) []string {
	args := []string{
		"--data", s.data, "--format", s.format, "--labels", s.labels, "--split", s.split, "--gaze", method, "--seed", strconv.Itoa(seed),
		"--image-size", strconv.Itoa(s.size), "--batch", strconv.Itoa(s.batch), "--epochs", strconv.Itoa(s.epochs), "--out", run,
	}
	if method != "none" {
		args = append(args, "--positives", strconv.FormatFloat(s.positives, 'g', -1, 64))
	}
	return args
}

// readEvaluation is the evaluation of a run, zero where there is none yet.
func readEvaluation(run string) (v evaluation, err error) {
	path := filepath.Join(run, "evaluate.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return evaluation{}, nil
	}
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}
