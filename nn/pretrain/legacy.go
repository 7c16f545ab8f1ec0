package pretrain

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"gzpt/gaze/relation"
	"gzpt/nn/data"
)

// identityBeforeFormats is the identity of a run whose record has no format: it keeps old runs resuming. recorded has every
// flag of the run by name; rule is the one that the relation filled in.
func identityBeforeFormats(rows []Row, r *relation.Relation, recorded map[string]json.RawMessage, s *Settings, rule relation.Rule) string {
	h := sha256.New()
	hashData(h, rows, r)
	fmt.Fprintln(h, settingsBeforeFormats(recorded, s, rule))
	return sum(h)
}

// settingsBeforeFormats is the settings as that identity hashed them: structs as package fmt prints them. These are the
// structs as they were, for good. All such runs were begun by gzpt-train: what its flags had and the typed settings do not
// is taken from the record.
func settingsBeforeFormats(recorded map[string]json.RawMessage, s *Settings, rule relation.Rule) string {
	f := flags(recorded)
	gaze := struct {
		gaze, readers, relation, names, rule, patients string
		tau, positives, full, quantile                 float64
		mutual                                         bool
		drop                                           float64
	}{
		f.text("gaze"), f.text("readers"), f.text("relation"), f.text("names"), rule.Kind, rule.Patients,
		rule.Tau, rule.PerItem, f.number("tau-full"), f.number("quantile"), rule.Mutual, s.Drop,
	}
	switch rule.Kind {
	case "top-k":
		gaze.positives = float64(rule.K)
	case "quantile":
		gaze.quantile = rule.Quantile
	case "soft":
		gaze.full = rule.Full
	}
	views := struct {
		preset  string
		changes []float64
		viewsBeforeFormats
	}{f.text("augment"), nil, frozenViews(s.Views)}
	for _, name := range []string{"crop", "crop-min", "flip", "jitter", "brightness", "contrast", "saturation", "hue", "decolour", "blur", "solarize"} {
		views.changes = append(views.changes, f.number(name))
	}
	return fmt.Sprintf("%v %v %v", gaze, views, s.Network.Height)
}

// viewsBeforeFormats is data.Augmentation as it was.
type viewsBeforeFormats struct {
	crop                                                float64
	scale, ratio                                        [2]float64
	flip, jitter, brightness, contrast, saturation, hue float64
	grey, blur                                          float64
	sigma                                               [2]float64
	solarize, threshold                                 float64
	normalisation                                       struct{ mean, std [3]float64 }
}

func frozenViews(a data.Augmentation) viewsBeforeFormats {
	v := viewsBeforeFormats{
		a.CropProbability, a.CropScale, a.CropRatio, a.FlipProbability, a.JitterProbability, a.Brightness, a.Contrast, a.Saturation, a.Hue,
		a.GreyProbability, a.BlurProbability, a.BlurSigma, a.SolarizeProbability, a.SolarizeThreshold, struct{ mean, std [3]float64 }{},
	}
	v.normalisation.mean, v.normalisation.std = a.Normalisation.Mean, a.Normalisation.Std
	return v
}

// flags is the flags of gzpt-train as a record has them.
type flags map[string]json.RawMessage

// text is the value of a flag that is text, "" where it is missing.
func (f flags) text(name string) string {
	var text string
	if json.Unmarshal(f[name], &text) != nil {
		return ""
	}
	return text
}

// number is the value of a flag that is a number, 0 where it is missing.
func (f flags) number(name string) float64 {
	var v float64
	if json.Unmarshal(f[name], &v) != nil {
		return 0
	}
	return v
}
