package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/gaze/examine"
	"gzpt/kernels/kerneltest"
)

// sample makes a folder with the first n images of a real data set, as links, and the rows of its tables that belong to
// them.
func sample(t *testing.T, name string, n int, tables ...string) string {
	t.Helper()
	root, folder := filepath.Join(kerneltest.Shared(t), "data", name), t.TempDir()
	images, err := os.ReadDir(filepath.Join(root, "images"))
	if err != nil {
		t.Skipf("no real data: %v", err)
	}
	if err := os.Mkdir(filepath.Join(folder, "images"), 0o777); err != nil {
		t.Fatal(err)
	}
	chosen := map[string]bool{}
	for _, image := range images[:n] {
		chosen[image.Name()] = true
		if err := os.Symlink(filepath.Join(root, "images", image.Name()), filepath.Join(folder, "images", image.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range tables {
		lines, err := csv.NewReader(strings.NewReader(readFile(t, root, table))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var kept strings.Builder
		w := csv.NewWriter(&kept)
		for i, line := range lines {
			if i == 0 || chosen[line[0]] {
				w.Write(line)
			}
		}
		w.Flush()
		if err := os.WriteFile(filepath.Join(folder, table), []byte(kept.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestRealData runs the two main commands on real images and real gaze, on fewer images and a smaller network.
func TestRealData(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long under the race detector, which shows nothing new here")
	}
	small := []string{"--image-size", "32", "--width", "4", "--batch", "16", "--projector", "16", "--predictor", "16", "--embedding", "16", "--epochs", "1"}
	t.Run("kvasir_gaze", func(t *testing.T) {
		run := filepath.Join(t.TempDir(), "k1")
		folder := sample(t, "kvasir_gaze", 64, "kvasir_fixation.csv", "labels.csv")
		succeed(t, append([]string{"--data", folder, "--format", "gazemedseg", "--labels", "labels.csv:area_tercile", "--split", "split", "--gaze", "tima",
			"--out", run}, small...)...)
		o := succeed(t, "evaluate", "--run", run, "--k", "5")
		if !strings.Contains(o.stdout, "3 classes of labels.csv:area_tercile") {
			t.Errorf("evaluate prints %s", o.stdout)
		}
	})
	t.Run("eyecrowd", func(t *testing.T) {
		run := filepath.Join(t.TempDir(), "e1")
		folder := sample(t, "eyecrowd", 32, "fixations.csv", "labels.csv")
		for _, readers := range []string{"merge", "mean"} {
			out := fmt.Sprintf("%s-%s", run, readers)
			succeed(t, append([]string{"--data", folder, "--format", "eyecrowd", "--gaze", "heatmap-cc", "--readers", readers, "--out", out}, small...)...)
			if items := readFile(t, out, "items.csv"); !strings.Contains(items, "001.jpg,,,,true,16,") {
				t.Errorf("items.csv does not have the 16 readers of the first image:\n%s", items)
			}
		}
	})
}

func TestDemo(t *testing.T) {
	out := filepath.Join(t.TempDir(), "demo")
	o := succeed(t, "--phantoms", "80", "--image-size", "16", "--width", "4", "--batch", "16", "--epochs", "1", "--out", out)
	lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "method") {
		t.Fatalf("the demo prints\n%s", o.stdout)
	}
	for i, want := range []string{"with gaze", "permuted gaze", "no gaze"} {
		if !strings.HasPrefix(lines[i+1], want) || strings.Count(lines[i+1], "%") != 2 {
			t.Errorf("row %d is %q, expected %q with two shares", i+1, lines[i+1], want)
		}
	}
	for _, run := range []string{"gaze", "permuted", "none"} {
		if v := readFile(t, out, run, "evaluate.json"); !strings.Contains(v, `"accuracy"`) {
			t.Errorf("%s: evaluate.json is %s", run, v)
		}
		metricsOf(t, filepath.Join(out, run), 3)
	}
	if readFile(t, out, "gaze", "relation.npy") == readFile(t, out, "permuted", "relation.npy") {
		t.Error("permuted gaze has the relation of the real one")
	}
	if o := gzpt(t, "--epochs", "1", "--out", out); o.status != 1 || !strings.Contains(o.stderr, "never overwritten") {
		t.Errorf("an existing folder: status %d, %s", o.status, o.stderr)
	}
}

// The demo says what makes its scores mean less than they seem to.
func TestDemoWarns(t *testing.T) {
	o := succeed(t, "--phantoms", "26", "--image-size", "16", "--width", "2", "--projector", "8", "--predictor", "8", "--embedding", "8", "--batch", "8", "--epochs", "1",
		"--quiet", "--out", filepath.Join(t.TempDir(), "demo"))
	if !strings.Contains(o.stderr, "has no test items") {
		t.Errorf("two test images of four classes: %s", o.stderr)
	}
}

// A demo that cannot be leaves no folder behind.
func TestDemoLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	for want, args := range map[string][]string{
		"do not fill a batch of 64": {"--phantoms", "60", "--batch", "64"}, "--phantoms 24: none of them are to test on": {"--phantoms", "24", "--batch", "8"},
	} {
		o := gzpt(t, append(args, "--image-size", "16", "--epochs", "1")...)
		left, err := os.ReadDir(folder)
		if o.status == 0 || !strings.Contains(o.stderr, want) || strings.Contains(o.stderr, "epoch 1") || err != nil || len(left) != 0 {
			t.Errorf("%d %s: %v, %v", o.status, o.stderr, left, err)
		}
	}
}

// TestRelateRealData holds the report of real recordings to what is known of them.
func TestRelateRealData(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long under the race detector, which shows nothing new here")
	}
	root := filepath.Join(kerneltest.Shared(t), "data")
	t.Run("kvasir_gaze", func(t *testing.T) { // the images are not needed: a file of gaze alone, fractions of each image
		out := filepath.Join(t.TempDir(), "k")
		succeed(t, "relate", "--data", filepath.Join(root, "kvasir_gaze", "kvasir_fixation.csv"), "--labels", "labels.csv:area_tercile", "--gaze", "heatmap-cc", "--out", out)
		pageOf(t, out)
		found := relateJSON(t, out)
		if a := found.Labels; found.WithGaze != 1000 || a.Neighbour < .70 || a.Chance > .34 || a.Control.Precision[0].Most > .42 {
			t.Errorf("%d items with gaze: the nearest shares the label in %.3f, chance %.3f, permuted %+v", found.WithGaze, a.Neighbour, a.Chance, a.Control.Precision[0])
		}
		if found.Conclusion.Verdict != examine.VerdictNear && found.Conclusion.Verdict != examine.VerdictSignal {
			t.Errorf("%+v", found.Conclusion)
		}
		t.Log(found.Conclusion.Signal, found.Conclusion.Threshold)
		succeed(t, "relate", "--data", filepath.Join(root, "kvasir_gaze", "kvasir_fixation.csv"), "--labels", "labels.csv:area_tercile", "--gaze", "permuted:heatmap-cc", "--out", out+"p")
		if found := relateJSON(t, out+"p"); found.Conclusion.Verdict != examine.VerdictNone {
			t.Errorf("permuted gaze: %+v", found.Conclusion)
		}
	})
	t.Run("eyecrowd", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "e")
		o := succeed(t, "relate", "--data", filepath.Join(root, "eyecrowd"), "--labels", "labels.csv:crowd_tercile", "--gaze", "heatmap-cc", "--image-size", "16", "--out", out)
		pageOf(t, out)
		found := relateJSON(t, out)
		if a := found.Examination.Readers; a == nil || a.AUC < .77 || a.OfImages != 500 || a.Recordings < 1500 || a.AUCLow > a.AUC || a.AUCHigh < a.AUC {
			t.Errorf("readers %+v", a)
		}
		if found.Dropped.Outside != 3 {
			t.Errorf("dropped %+v", found.Dropped)
		}
		t.Log(o.stdout)
	})
}
