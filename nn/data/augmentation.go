package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gzpt/kernels/augment"
)

// Augmentation says how a random view of an image is made. The steps come in the order of the fields, each with its
// probability; a step of probability 0 is switched off.
type Augmentation struct {
	// A crop takes an area of CropScale[0] to CropScale[1] of the square image, with a ratio of width to height of
	// CropRatio[0] to CropRatio[1], uniform in its logarithm, at a uniform place; without a crop the view shows the whole
	// image. Both are resized to the view antialiased, as torchvision's RandomResizedCrop does, but for whole pixels: a
	// crop may begin anywhere.
	CropProbability float64    `json:"crop_probability"`
	CropScale       [2]float64 `json:"crop_scale"`
	CropRatio       [2]float64 `json:"crop_ratio"`
	// FlipProbability is that of exchanging left and right. Where the side matters (the heart in a chest film) it is 0.
	FlipProbability float64 `json:"flip_probability"`
	// Jitter changes brightness, contrast, saturation and hue in a random order, as torchvision's ColorJitter does: each of
	// the first three by a factor uniform in [max(0, 1-x), 1+x], the hue by a part of the colour circle uniform in [-x, x];
	// 0 leaves it out. Grey images have neither saturation nor hue.
	JitterProbability float64 `json:"jitter_probability"`
	Brightness        float64 `json:"brightness"`
	Contrast          float64 `json:"contrast"`
	Saturation        float64 `json:"saturation"`
	Hue               float64 `json:"hue"`
	// GreyProbability is that of taking the colour away.
	GreyProbability float64 `json:"grey_probability"`
	// Blur is a Gaussian with a standard deviation uniform in [BlurSigma[0], BlurSigma[1]], in pixels of a view of 224
	// pixels; for other sizes it is scaled in proportion, so that the same structures survive. At the borders the image is
	// reflected.
	BlurProbability float64    `json:"blur_probability"`
	BlurSigma       [2]float64 `json:"blur_sigma"`
	// Solarize inverts the values from SolarizeThreshold on.
	SolarizeProbability float64 `json:"solarize_probability"`
	SolarizeThreshold   float64 `json:"solarize_threshold"`
	// Normalisation comes last, and always.
	Normalisation Normalisation `json:"normalisation"`
}

// blurReference is the size of the view that BlurSigma is meant for.
const blurReference = 224

// Normalisation subtracts Mean from every value, a fraction of full scale, and divides by Std, channel by channel. Images
// of one channel take the mean of the three.
type Normalisation struct {
	Mean [3]float64 `json:"mean"`
	Std  [3]float64 `json:"std"`
}

// ImageNet is the normalisation that torchvision's weights expect.
func ImageNet() Normalisation {
	return Normalisation{Mean: [3]float64{0.485, 0.456, 0.406}, Std: [3]float64{0.229, 0.224, 0.225}}
}

// Medical is the default: what keeps a lesion a lesion. Crops keep at least half of the image, brightness and contrast
// vary as exposure does, colour hardly and hue not at all, because stains and mucosa are diagnosed by it.
func Medical() Augmentation {
	return Augmentation{
		CropProbability: 1, CropScale: [2]float64{0.5, 1}, CropRatio: [2]float64{3. / 4, 4. / 3},
		FlipProbability:   0.5,
		JitterProbability: 0.8, Brightness: 0.4, Contrast: 0.4, Saturation: 0.1,
		BlurProbability: 0.5, BlurSigma: [2]float64{0.1, 2},
		Normalisation: ImageNet(),
	}
}

// presets are the named augmentations. Those that begin with released are the settings that the released code of GzPT
// (IEEE TMI 2025) and McGIP (AAAI 2024) has for each of its data sets, but for the crop of the knee films, which is
// bicubic there.
var presets = map[string]func() Augmentation{
	"medical": Medical,
	"none":    func() Augmentation { return Augmentation{Normalisation: ImageNet()} },
	"released-mammography": func() Augmentation {
		return Augmentation{
			FlipProbability:   0.5,
			JitterProbability: 0.8, Brightness: 0.8, Contrast: 0.8, Saturation: 0.8, Hue: 0.2,
			BlurProbability: 0.5, BlurSigma: [2]float64{0.1, 2},
			Normalisation: ImageNet(),
		}
	},
	"released-dental": func() Augmentation {
		return Augmentation{BlurProbability: 0.5, BlurSigma: [2]float64{0.1, 2}, Normalisation: ImageNet()}
	},
	"released-knee": func() Augmentation {
		return Augmentation{
			CropProbability: 1, CropScale: [2]float64{0.08, 1}, CropRatio: [2]float64{3. / 4, 4. / 3},
			FlipProbability: 0.5,
			BlurProbability: 0.5, BlurSigma: [2]float64{0.1, 2},
			SolarizeProbability: 0.2, SolarizeThreshold: 128. / 255,
			Normalisation: ImageNet(),
		}
	},
}

// Presets is the names of the augmentations that Preset knows, sorted.
func Presets() []string {
	var names []string
	for name := range presets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Preset is a named augmentation: medical, none, or one of the released settings (released-dental, released-knee,
// released-mammography).
func Preset(name string) (Augmentation, error) {
	p, ok := presets[name]
	if !ok {
		return Augmentation{}, fmt.Errorf("augmentation %q, expected %s", name, strings.Join(Presets(), ", "))
	}
	return p(), nil
}

// Validate says what is wrong with the settings: every fault, one per line.
func (a Augmentation) Validate() error {
	var faults []error
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("augmentation: "+format, args...))
		}
	}
	for _, p := range []struct {
		name  string
		value float64
	}{{"crop", a.CropProbability}, {"flip", a.FlipProbability}, {"jitter", a.JitterProbability}, {"grey", a.GreyProbability},
		{"blur", a.BlurProbability}, {"solarize", a.SolarizeProbability}} {
		demand(p.value >= 0 && p.value <= 1, "%s probability is %v, expected 0 to 1", p.name, p.value)
	}
	if a.CropProbability > 0 {
		demand(a.CropScale[0] > 0 && a.CropScale[0] <= a.CropScale[1] && a.CropScale[1] <= 1, "crop scale is %v, expected 0 < from <= to <= 1", a.CropScale)
		demand(a.CropRatio[0] > 0 && a.CropRatio[0] <= a.CropRatio[1] && finite(a.CropRatio[1]), "crop ratio is %v, expected 0 < from <= to", a.CropRatio)
	}
	for _, j := range []struct {
		name  string
		value float64
	}{{"brightness", a.Brightness}, {"contrast", a.Contrast}, {"saturation", a.Saturation}} {
		demand(j.value >= 0 && finite(j.value), "%s is %v, expected at least 0", j.name, j.value)
	}
	demand(a.Hue >= 0 && a.Hue <= 0.5, "hue is %v, expected 0 to 0.5", a.Hue)
	if a.BlurProbability > 0 {
		demand(a.BlurSigma[0] >= minSigma && a.BlurSigma[0] <= a.BlurSigma[1] && a.BlurSigma[1] <= maxSigma,
			"blur sigma is %v, expected %v <= from <= to <= %v", a.BlurSigma, minSigma, maxSigma)
	}
	demand(a.SolarizeThreshold >= 0 && a.SolarizeThreshold <= 1, "solarize threshold is %v, expected 0 to 1", a.SolarizeThreshold)
	for c := range 3 {
		demand(finite(a.Normalisation.Mean[c]) && a.Normalisation.Std[c] > 0 && finite(a.Normalisation.Std[c]),
			"normalisation of channel %d is mean %v, std %v, expected a finite mean and a std above 0", c, a.Normalisation.Mean[c], a.Normalisation.Std[c])
	}
	return errors.Join(faults...)
}

// minSigma and maxSigma bound the blur in pixels of a view of 224.
const minSigma, maxSigma = 0.01, 50

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// channels is the mean and the standard deviation of every channel of images that have so many.
func (n Normalisation) channels(channels int) (mean, std [3]float64) {
	if channels == 1 {
		return [3]float64{(n.Mean[0] + n.Mean[1] + n.Mean[2]) / 3}, [3]float64{(n.Std[0] + n.Std[1] + n.Std[2]) / 3}
	}
	return n.Mean, n.Std
}

// apply normalises the values of pixels in place, in float32 as torchvision does.
func (n Normalisation) apply(pixels []float32, channels int) {
	mean, std := n.channels(channels)
	augment.Normalise(pixels, channels, mean, std)
}
