package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gzpt/nn"
)

// tinyProfile is the flags of a step that takes milliseconds.
func tinyProfile(method string) []string {
	args := []string{"profile", "--quiet", "--method", method, "--width", "4", "--image-size", "32", "--channels", "1", "--batch", "4", "--steps", "1", "--projector", "16",
		"--embedding", "8"}
	if method == "moco" {
		args = append(args, "--queue", "16")
	}
	return args
}

// TestProfile: every method is profiled on every tier, and table, JSON, trace and page tell the same step.
func TestProfile(t *testing.T) {
	methods := nn.Methods()
	if testing.Short() {
		methods = methods[:1]
	}
	for _, method := range methods {
		folder := t.TempDir()
		report, trace, page := filepath.Join(folder, "p.json"), filepath.Join(folder, "t.json"), filepath.Join(folder, "p.html")
		args := append(tinyProfile(method), "--device", "cpu,cpu/reference,cuda", "--by", "layer", "--top", "0", "--json", report, "--trace", trace, "--html", page)
		out := succeed(t, args...).stdout
		var read struct {
			Settings nn.Config
			Devices  []struct {
				Device     string
				Predicted  bool
				Seconds    float64
				Operations []struct {
					Operation, Layer  string
					Seconds, Share    float64
					Operations, Bytes float64
				}
			}
		}
		if err := json.Unmarshal([]byte(readFile(t, report)), &read); err != nil {
			t.Fatal(err)
		}
		if read.Settings.Method != method || len(read.Devices) != 3 || read.Devices[1].Device != "reference/float32" {
			t.Errorf("%s: %+v", method, read.Settings)
		}
		if !read.Devices[2].Predicted || read.Devices[0].Predicted || !strings.Contains(out, "no GPU was timed, as this build or machine has none") {
			t.Errorf("%s: what was predicted is not told from what was timed:\n%s", method, out)
		}
		for _, d := range read.Devices {
			said := d.Device
			if d.Predicted {
				said += " (predicted)"
			}
			if !strings.Contains(out, said+": a step takes ") || !(d.Seconds > 0) || len(d.Operations) < 50 {
				t.Errorf("%s: %s has %d operations in %v s\n%s", method, d.Device, len(d.Operations), d.Seconds, out)
			}
		}
		if !regexp.MustCompile(`(?m)^Conv2DBackwardWeights  \w+ layer4\.1\.conv2 .* [\d.]+%`).MatchString(out) {
			t.Errorf("%s: no line of the last convolution in\n%s", method, out)
		}
		if text := readFile(t, trace); !strings.Contains(text, `"layer":"`) || !json.Valid([]byte(text)) {
			t.Errorf("%s: the trace is %.200s", method, text)
		}
		html := readFile(t, page)
		for _, want := range []string{"<svg", "reference/float32", "Conv2DStats", "layer1.0.conv1", `class="group d1"`} {
			if !strings.Contains(html, want) {
				t.Errorf("%s: the page has no %s", method, want)
			}
		}
		if regexp.MustCompile(`(?i)(src|href)=|url\(|<script|<link`).MatchString(html) {
			t.Errorf("%s: the page needs more than itself", method)
		}
	}
}

// TestProfileRows: --top and --by shorten the table, whose shares still sum up to the step.
func TestProfileRows(t *testing.T) {
	out := succeed(t, append(tinyProfile("byol"), "--device", "cpu", "--by", "operation", "--top", "3")...).stdout
	lines := strings.Split(strings.TrimSpace(out), "\n")
	table := lines[len(lines)-4:]
	if !regexp.MustCompile(`^\d+ more  `).MatchString(table[3]) || strings.Contains(strings.Join(table, "\n"), "layer1") {
		t.Errorf("%s", out)
	}
}

func TestProfileRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--steps 0", "--steps 0: expected at least 1"},
		{"--top -1", "--top -1: expected at least 0"},
		{"--device cpu/sse", "--device cpu/sse: expected cpu, cpu/reference"},
		{"--gpu v100", "--gpu v100: expected one of h200, h100, a100"},
		{"--batch 1", "--batch 1: expected at least 2"},
		{"--width 0", "--width"},
		{"--queue 3", "--queue is for --method moco"},
		{"--epochs 3", "unknown flag --epochs"},
		{"phantoms", `unexpected argument "phantoms"`},
	} {
		refuses(t, gzpt(t, append([]string{"profile"}, strings.Fields(c.args)...)...), 2, c.want)
	}
	if o := gzpt(t, append(tinyProfile("byol"), "--device", "cpu", "--json", "/dev/null/profile.json")...); o.status != 1 {
		t.Errorf("status %d of a file that cannot be written", o.status)
	}
}
