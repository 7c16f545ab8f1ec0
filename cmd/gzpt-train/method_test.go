package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/gaze/relation"
	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/pretrain"
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

// settingsOf is what the flags of a training say.
func settingsOf(t *testing.T, line string) pretrain.Settings {
	t.Helper()
	f, s := newFlags("pretrain"), &pretrainSettings{}
	f.addCommon(&common{})
	s.addFlags(f)
	if err := f.parse(strings.Fields(line)); err != nil {
		t.Fatal(err)
	}
	if err := s.resolve(f); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	settings, err := s.settings()
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

// TestFlagsReachTheSettings: every flag of a training is the setting that it names, and what no flag says is the method's own.
func TestFlagsReachTheSettings(t *testing.T) {
	init, err := filepath.Abs("w.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	const common = " --gaze heatmap-cc --arch resnet50 --width 8 --channels 1 --image-size 24 --batch 6 --accumulate 2 --epochs 7 --lr 0.01 --schedule constant" +
		" --warmup 0.25 --optimiser sgd --weight-decay 0.5 --decay-weights-only --precision bfloat16 --seed 11 --projector 5 --embedding 4 --tau 0.3 --drop 0.2" +
		" --init w.safetensors --flip 0 --augment released-knee --method "
	contrast := nn.Contrast{Temperature: 0.3, Normaliser: "anchor"}
	for line, own := range map[string]func(c *nn.Config){
		"byol --predictor 3 --target-momentum 0.9": func(c *nn.Config) { c.PredictorHidden, c.TargetMomentum = 3, 0.9 },
		"simsiam --predictor 3":                    func(c *nn.Config) { c.PredictorHidden = 3 },
		"simclr --temperature 0.3 --normaliser anchor --simclr-blocks all": func(c *nn.Config) {
			c.SimCLR = nn.SimCLR{Contrast: contrast, Blocks: "all"}
		},
		"moco --temperature 0.3 --normaliser anchor --queue 40 --queue-start random --queue-self released --key-momentum 0.8": func(c *nn.Config) {
			c.MoCo = nn.MoCo{Contrast: contrast, Queue: 40, QueueStart: "random", QueueSelf: "released", KeyMomentum: 0.8}
		},
	} {
		method, _, _ := strings.Cut(line, " ")
		want := pretrain.MethodSettings(method, nn.Arch{Depth: 50, Width: 8, Channels: 1})
		want.Epochs, want.Warmup, want.Init, want.Drop, want.Rule = 7, 0.25, init, 0.2, relation.Rule{Kind: "threshold", Tau: 0.3, Patients: "any"}
		if want.Views, err = data.Preset("released-knee"); err != nil {
			t.Fatal(err)
		}
		want.Views.FlipProbability = 0
		c := &want.Network
		c.Height, c.Width, c.Batch, c.Accumulate, c.LR, c.Schedule, c.Precision, c.Seed = 24, 24, 6, 2, 0.01, "constant", "bfloat16", 11
		c.ProjectorHidden, c.Embedding = 5, 4
		c.Optimiser = nn.Optimiser{Name: "sgd", Momentum: 0.9, WeightDecay: 0.5, DecayWeightsOnly: true}
		if own(c); settingsOf(t, common+line) != want {
			t.Errorf("%s:\n%+v, expected\n%+v", line, settingsOf(t, common+line), want)
		}
	}
	// On images of one's own only what is given differs from the method's settings; lars has the decay of its own.
	for line, change := range map[string]func(s *pretrain.Settings){
		"":                            func(s *pretrain.Settings) {},
		" --optimiser lars":           func(s *pretrain.Settings) { s.Network.Optimiser = nn.DefaultOptimiser("lars") },
		" --steps 9 --accumulate 3":   func(s *pretrain.Settings) { s.Epochs, s.Network.Steps, s.Network.Accumulate = 0, 9, 3 },
		" --gaze none --drop 0.5":     func(s *pretrain.Settings) { s.Rule, s.Drop = relation.Rule{Kind: "threshold", Patients: "any"}, 0 },
		" --rule top-k --positives 3": func(s *pretrain.Settings) { s.Rule = relation.Rule{Kind: "top-k", K: 3, Patients: "any"} },
	} {
		for _, method := range nn.Methods() {
			want := pretrain.MethodSettings(method, nn.Arch{Depth: 18, Width: 64, Channels: 3})
			want.Rule, want.Views.SolarizeThreshold = relation.Rule{Kind: "threshold", Tau: 0.95, Patients: "any"}, 0.5
			change(&want)
			if got := settingsOf(t, "--data . --method "+method+line); got != want {
				t.Errorf("%s%s:\n%+v, expected\n%+v", method, line, got, want)
			}
		}
	}
}
