package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/nn"
)

// ofMethod is a small run by a method with its own flags, three steps an update.
func ofMethod(method, out string, more ...string) []string {
	own := map[string][]string{
		"byol":    {"--predictor", "8", "--target-momentum", "0.9"},
		"simsiam": {"--predictor", "8"},
		"simclr":  {"--temperature", "0.5", "--normaliser", "anchor", "--simclr-blocks", "all"},
		"moco":    {"--temperature", "0.1", "--queue", "40", "--queue-start", "random", "--queue-self", "released", "--key-momentum", "0.9"},
	}
	args := append([]string{
		"--method", method, "--gaze", "heatmap-cc", "--image-size", "16", "--width", "2", "--phantoms", "60", "--batch", "8", "--accumulate", "3",
		"--projector", "8", "--embedding", "8", "--drop", "0.5", "--out", out,
	}, own[method]...)
	return append(args, more...)
}

// Every method trains with gaze, with labels and without, and goes on from a stop inside an accumulation to the same backbone,
// with its own flags; the metrics know its chance level.
func TestMethods(t *testing.T) {
	chance := map[string]func(step int) float64{
		"byol":    func(int) float64 { return 0 },
		"simsiam": func(int) float64 { return 0 },
		"simclr":  func(step int) float64 { return math.Log(float64(16*((step-1)%3+1) - 1)) },
		"moco":    func(int) float64 { return math.Log(41) },
	}
	for _, method := range nn.Methods() {
		t.Run(method, func(t *testing.T) {
			folder := t.TempDir()
			whole, run := filepath.Join(folder, "whole"), filepath.Join(folder, "run")
			succeed(t, ofMethod(method, whole, "--epochs", "2")...)
			succeed(t, ofMethod(method, run, "--epochs", "2", "--stop-after", "1")...)
			succeed(t, "--resume", "--out", run)
			if backboneOf(t, run) != backboneOf(t, whole) {
				t.Error("the resumed run ends with another backbone")
			}
			lines := strings.Split(strings.TrimSpace(readFile(t, run, "metrics.jsonl")), "\n")
			var positives float64
			for _, line := range lines {
				var m struct {
					Step      int
					Loss      float64
					Chance    float64 `json:"loss_chance"`
					Positives float64 `json:"positives_per_anchor"`
				}
				if err := json.Unmarshal([]byte(line), &m); err != nil {
					t.Fatal(err)
				}
				if want := chance[method](m.Step); math.Abs(m.Chance-want) > 1e-12 {
					t.Errorf("step %d: chance %v, expected %v", m.Step, m.Chance, want)
				}
				positives += m.Positives
			}
			if positives == 0 || len(lines) != 10 {
				t.Errorf("%d steps with %v positives", len(lines), positives)
			}
			for _, gaze := range []string{"none", "labels"} {
				succeed(t, ofMethod(method, filepath.Join(folder, gaze), "--epochs", "2", "--gaze", gaze)...)
			}
			if none := backboneOf(t, filepath.Join(folder, "none")); none == backboneOf(t, whole) || none == backboneOf(t, filepath.Join(folder, "labels")) {
				t.Error("gaze or labels change nothing")
			}
		})
	}
}

// The settings of flags that a method lacks are not in its record's settings of the network.
func TestRecordOfAMethod(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, "--method", "simclr", "--gaze", "none", "--image-size", "16", "--width", "2", "--phantoms", "60", "--batch", "8", "--steps", "1", "--out", run)
	var record struct {
		Network map[string]any
	}
	if err := json.Unmarshal([]byte(readFile(t, run, "config.json")), &record); err != nil {
		t.Fatal(err)
	}
	n := record.Network
	contrast, _ := n["simclr"].(map[string]any)
	if n["moco"] != nil || n["predictor_hidden"] != 0.0 || n["target_momentum"] != 0.0 || contrast["temperature"] != 0.07 || contrast["blocks"] != "view1" {
		t.Errorf("network %v", n)
	}
}
