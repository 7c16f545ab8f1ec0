package main

import (
	"cmp"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/kernels/atomicfile"
	"gzpt/nn"
	"gzpt/nn/safetensors"
)

// TestWeightsOfTorchvision: the features of torchvision's four networks from the files that torch.save makes of them, where
// torch is installed for PEER_PYTHON or python3.
func TestWeightsOfTorchvision(t *testing.T) {
	if testing.Short() {
		t.Skip("four networks in three kinds of file: only without -short")
	}
	python, err := exec.LookPath(cmp.Or(os.Getenv("PEER_PYTHON"), "python3"))
	if err != nil {
		t.Skip("no Python: ", err)
	}
	if out, err := exec.Command(python, "-c", "import torch, torchvision, numpy, PIL").CombinedOutput(); err != nil {
		t.Skipf("torch or torchvision is not installed for %s: %s", python, out)
	}
	program := filepath.Join(t.TempDir(), "gzpt-train")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c := exec.Command(python, filepath.Join("..", "..", "bench", "peer", "check_weights.py"), "--program", program)
	c.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir())
	out, err := c.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 77 {
		t.Skip(string(out))
	}
	if err != nil || strings.Count(string(out), "agree") != 12 {
		t.Errorf("%v:\n%s", err, out)
	}
	t.Logf("%s", out)
}

// TestForeignWeights: --weights, --init and inspect take PyTorch's files, say what they found, and refuse in a few lines.
func TestForeignWeights(t *testing.T) {
	testdata, err := filepath.Abs(filepath.Join("..", "..", "nn", "torchfile", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	zip, legacy, views := filepath.Join(testdata, "resnet18.pth"), filepath.Join(testdata, "resnet18.legacy.pth"), filepath.Join(testdata, "views.pth")
	work := t.TempDir()
	data := makeData(t, files{})
	var features [2]string
	for i, file := range []string{zip, legacy} {
		out := filepath.Join(work, filepath.Base(file))
		o := succeed(t, "embed", "--weights", file, "--data", data, "--channels", "1", "--image-size", "16", "--out", out)
		if !strings.Contains(o.stderr, "resnet18 width 1 channels 1 from PyTorch") || !strings.Contains(o.stderr, "left out") {
			t.Errorf("embed says nothing of what it found: %s", o.stderr)
		}
		features[i] = readFile(t, filepath.Join(out, "features.npy"))
	}
	if features[0] != features[1] {
		t.Error("the same weights in two kinds of file have other features")
	}
	o := succeed(t, "inspect", zip, legacy, views)
	for _, want := range []string{`names with the prefix "state_dict.module.encoder_q."`, "F16 turned into float32; left out: fc (2)", "views.pth: PyTorch, zip, 14 tensors", "not a backbone"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("inspect does not say %q:\n%s", want, o.stdout)
		}
	}
	if o := gzpt(t, "embed", "--weights", views, "--data", data, "--channels", "1", "--out", filepath.Join(work, "none")); o.status != 1 || !strings.Contains(o.stderr, "not a backbone") {
		t.Errorf("no backbone: status %d, %s", o.status, o.stderr)
	}
	if o := gzpt(t, tiny(filepath.Join(work, "run"), "--init", zip)...); o.status != 1 || !strings.Contains(o.stderr, "it holds a backbone resnet18 width 1") || strings.Count(o.stderr, "\n") > 10 {
		t.Errorf("another network: status %d, %s", o.status, o.stderr)
	}
	o = succeed(t, tiny(filepath.Join(work, "run1"), "--init", zip, "--width", "1", "--channels", "1", "--steps", "1")...)
	if !strings.Contains(o.stderr, zip+": resnet18 width 1") {
		t.Errorf("--init says nothing of what it found: %s", o.stderr)
	}
}

// TestFeaturesThatAreNotFinite: weights that are numbers, but whose features are none, are an error in every verb that
// computes features.
func TestFeaturesThatAreNotFinite(t *testing.T) {
	work := t.TempDir()
	path := filepath.Join(work, "large.safetensors")
	o, err := nn.OpenWeightFile(filepath.Join("..", "..", "nn", "torchfile", "testdata", "resnet18.legacy.pth"))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	var tensors []safetensors.Tensor
	for i, info := range o.Tensors() {
		if !info.Type.Floating() {
			continue
		}
		values, err := o.Floats(i)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(info.Name, "bn2.weight") {
			for k := range values {
				values[k] = 1e30
			}
		}
		tensors = append(tensors, safetensors.Tensor{Name: info.Name, Shape: info.Shape, Floats: values})
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, tensors) }); err != nil {
		t.Fatal(err)
	}
	data := []string{"--weights", path, "--data", makeData(t, files{"l.csv": labels()}), "--labels", "l.csv:grade", "--channels", "1", "--image-size", "16"}
	for _, verb := range [][]string{{"embed", "--out", filepath.Join(work, "features")}, {"evaluate"}} {
		if o := gzpt(t, append(verb, data...)...); o.status != 1 || !strings.Contains(o.stderr, "image \"img00.png\": feature ") {
			t.Errorf("%s: status %d, %s", verb[0], o.status, o.stderr)
		}
	}
}
