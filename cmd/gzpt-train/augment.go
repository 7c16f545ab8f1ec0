package main

import (
	"cmp"
	"slices"

	"gzpt/nn/data"
)

// augmentSettings says how views are made: a preset, and what differs from it.
type augmentSettings struct {
	preset  string
	changes []float64 // the values of augmentFlags
	data.Augmentation
}

// augmentFlags are the flags that change a preset, each with what it sets.
var augmentFlags = []struct {
	name, usage string
	field       func(*data.Augmentation) *float64
}{
	{"crop", "probability `P` of a random resized crop", func(a *data.Augmentation) *float64 { return &a.CropProbability }},
	{"crop-min", "smallest `SHARE` of the image that a crop keeps", func(a *data.Augmentation) *float64 { return &a.CropScale[0] }},
	{"flip", "probability `P` of exchanging left and right; 0 where the side matters", func(a *data.Augmentation) *float64 { return &a.FlipProbability }},
	{"jitter", "probability `P` of the four changes of colour", func(a *data.Augmentation) *float64 { return &a.JitterProbability }},
	{"brightness", "change of brightness by a factor in 1-`X` to 1+X", func(a *data.Augmentation) *float64 { return &a.Brightness }},
	{"contrast", "change of contrast, likewise `X`", func(a *data.Augmentation) *float64 { return &a.Contrast }},
	{"saturation", "change of saturation, likewise `X`", func(a *data.Augmentation) *float64 { return &a.Saturation }},
	{"hue", "turn of the hue by a part of the colour circle in -`X` to X", func(a *data.Augmentation) *float64 { return &a.Hue }},
	{"decolour", "probability `P` of taking the colour away", func(a *data.Augmentation) *float64 { return &a.GreyProbability }},
	{"blur", "probability `P` of a Gaussian blur", func(a *data.Augmentation) *float64 { return &a.BlurProbability }},
	{"solarize", "probability `P` of inverting the bright half", func(a *data.Augmentation) *float64 { return &a.SolarizeProbability }},
}

func (s *augmentSettings) addFlags(f *flags) {
	g := f.group("Views (what no flag says is the preset's; 0 switches a step off)")
	f.choice(g, &s.preset, "augment", presets(), "`PRESET`")
	s.changes = make([]float64, len(augmentFlags))
	for i, a := range augmentFlags {
		g.Float64Var(&s.changes[i], a.name, 0, a.usage)
	}
}

// presets is the names of the presets, the default first.
func presets() []string {
	const first = "medical"
	words := []string{first}
	for _, name := range data.Presets() {
		if name != first {
			words = append(words, name)
		}
	}
	return words
}

// resolve writes the preset's values into the flags that were not given. A step that the preset lacks and a flag switches on has
// the ranges of the medical preset.
func (s *augmentSettings) resolve(f *flags) error {
	preset, err := data.Preset(s.preset)
	if err != nil {
		return inFlags(err)
	}
	usual := data.Medical()
	if preset.CropProbability == 0 && f.given("crop") {
		preset.CropScale = usual.CropScale
	}
	if preset.JitterProbability == 0 && f.given("jitter") {
		preset.Brightness, preset.Contrast, preset.Saturation, preset.Hue = usual.Brightness, usual.Contrast, usual.Saturation, usual.Hue
	}
	for i, a := range augmentFlags {
		if !f.given(a.name) {
			s.changes[i] = *a.field(&preset)
		}
	}
	return cmp.Or(s.idle(f), s.apply())
}

// idle finds a flag that would change nothing.
func (s *augmentSettings) idle(f *flags) error {
	value := map[string]float64{}
	for i, a := range augmentFlags {
		value[a.name] = s.changes[i]
	}
	colours := []string{"brightness", "contrast", "saturation", "hue"}
	switch {
	case f.given("crop-min") && value["crop-min"] == 0:
		return usagef("--crop-min 0: expected a share above 0; --crop 0 switches crops off")
	case f.given("crop-min") && value["crop"] == 0:
		return usagef("--crop-min %g: no effect with --crop 0", value["crop-min"])
	case f.given("jitter") && value["jitter"] > 0 && !slices.ContainsFunc(colours, func(name string) bool { return value[name] > 0 }):
		return usagef("--jitter %g: no effect with --brightness, --contrast, --saturation and --hue 0", value["jitter"])
	}
	for _, name := range colours {
		if f.given(name) && value[name] > 0 && value["jitter"] == 0 {
			return usagef("--%s %g: no effect with --jitter 0", name, value[name])
		}
	}
	return nil
}

// apply makes the augmentation from the resolved flags.
func (s *augmentSettings) apply() error {
	a, err := data.Preset(s.preset)
	if err != nil {
		return inFlags(err)
	}
	usual := data.Medical()
	if a.CropProbability == 0 {
		a.CropScale, a.CropRatio = usual.CropScale, usual.CropRatio
	}
	if a.BlurProbability == 0 {
		a.BlurSigma = usual.BlurSigma
	}
	if a.SolarizeProbability == 0 {
		a.SolarizeThreshold = 0.5
	}
	for i, flag := range augmentFlags {
		*flag.field(&a) = s.changes[i]
	}
	if a.CropProbability > 0 && a.CropScale[0] == 0 { // as older versions recorded the usual share
		a.CropScale[0] = usual.CropScale[0]
	}
	s.Augmentation = a
	if err := a.Validate(); err != nil {
		return inFlags(err)
	}
	return nil
}
