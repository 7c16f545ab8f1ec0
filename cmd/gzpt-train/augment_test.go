package main

import (
	"strings"
	"testing"

	"gzpt/nn/data"
)

// resolveViews is the views that some flags make, and the values that they leave for the record of a run.
func resolveViews(t *testing.T, line string) (*augmentSettings, *flags, error) {
	t.Helper()
	f, s := newFlags("pretrain"), &augmentSettings{}
	f.addCommon(&common{})
	s.addFlags(f)
	if err := f.parse(strings.Fields(line)); err != nil {
		t.Fatal(err)
	}
	return s, f, s.resolve(f)
}

// A step that the preset lacks and a flag switches on has the ranges of the medical preset, and the record of the run gives the
// same views.
func TestStepsThatAPresetLacks(t *testing.T) {
	usual := data.Medical()
	none, err := data.Preset("none")
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]func(a *data.Augmentation){
		"--augment none --crop 1": func(a *data.Augmentation) {
			a.CropProbability, a.CropScale = 1, usual.CropScale
		},
		"--augment none --crop 1 --crop-min 0.08": func(a *data.Augmentation) {
			a.CropProbability, a.CropScale = 1, [2]float64{0.08, 1}
		},
		"--augment none --jitter 0.8": func(a *data.Augmentation) {
			a.JitterProbability, a.Brightness, a.Contrast, a.Saturation = 0.8, usual.Brightness, usual.Contrast, usual.Saturation
		},
		"--augment none --jitter 1 --hue 0.1 --brightness 0": func(a *data.Augmentation) {
			a.JitterProbability, a.Contrast, a.Saturation, a.Hue = 1, usual.Contrast, usual.Saturation, 0.1
		},
		"--augment none --blur 1":     func(a *data.Augmentation) { a.BlurProbability = 1 },
		"--augment none --solarize 1": func(a *data.Augmentation) { a.SolarizeProbability = 1 },
	} {
		s, f, err := resolveViews(t, line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		expected := none
		expected.CropScale[1], expected.CropRatio, expected.BlurSigma, expected.SolarizeThreshold = 1, usual.CropRatio, usual.BlurSigma, 0.5
		if want(&expected); s.Augmentation != expected {
			t.Errorf("%s: %+v, expected %+v", line, s.Augmentation, expected)
		}
		again, g, err := resolveViews(t, "")
		if err == nil {
			err = g.restore(f.settings())
		}
		if err == nil {
			err = again.apply()
		}
		if err != nil || again.Augmentation != s.Augmentation {
			t.Errorf("%s: %v, the record gives %+v, the flags %+v", line, err, again.Augmentation, s.Augmentation)
		}
	}
}

// A flag that would change nothing, or whose value would be another one, is refused.
func TestViewsThatFlagsDoNotChange(t *testing.T) {
	for line, want := range map[string]string{
		"--crop-min 0":                                          "--crop-min 0: expected a share above 0",
		"--augment none --crop-min 0.2":                         "--crop-min 0.2: no effect with --crop 0",
		"--augment none --brightness .4":                        "--brightness 0.4: no effect with --jitter 0",
		"--jitter 0 --hue 0.1":                                  "--hue 0.1: no effect with --jitter 0",
		"--jitter 1 --brightness 0 --contrast 0 --saturation 0": "--jitter 1: no effect with --brightness",
	} {
		if _, _, err := resolveViews(t, line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, expected %q", line, err, want)
		}
	}
	for _, line := range []string{
		"--jitter 0 --hue 0", "--crop 0", "--jitter 0", "--brightness 0", "--augment released-dental --jitter 0.5 --saturation 0",
	} {
		if _, _, err := resolveViews(t, line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}
