package pretrain

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"

	"gzpt/gaze/similarity"
	"gzpt/nn/data"
	"gzpt/nn/internal/named"
)

// TrainedOn is the settings that make batches of items and their relation. A field that is added to any of them must mean
// at zero what was before.
type TrainedOn struct {
	Views data.Augmentation `json:"views"`
	// Positives is nil for a run without a relation.
	Positives *PositivesRecord `json:"positives,omitempty"`
}

// PositivesRecord is a rule, with what it left to the relation filled in, and the share that is dropped.
type PositivesRecord struct {
	Rule similarity.Rule `json:"rule"`
	Drop float64         `json:"drop"`
}

// identity names what a run trains on: a checkpoint is refused by a run on other items, another relation, other views or
// other positives. It is a hash of the items, of the relation, and of every setting that is not zero under its name.
func identity(rows []Row, r *similarity.Relation, t TrainedOn) string {
	h := sha256.New()
	hashData(h, rows, r)
	values := t.values()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(h, "%s %s\n", name, values[name])
	}
	return sum(h)
}

// values is every setting that is not zero, by name.
func (t TrainedOn) values() map[string]string {
	values := named.Values(t)
	maps.DeleteFunc(values, func(_, value string) bool { return value == "0" || value == `""` || value == "false" })
	return values
}

func hashData(h hash.Hash, rows []Row, r *similarity.Relation) {
	for _, row := range rows {
		fmt.Fprintf(h, "%q\n", row.fields())
	}
	if r != nil {
		binary.Write(h, binary.LittleEndian, r.Values) // a hash takes everything
	}
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// identityBeforeFormats is the identity of a run whose record has no format. It was a hash of structs as package fmt prints
// them; these are the structs as they were, for good. All such runs were begun by gzpt-train: what its flags had and the
// typed settings do not is taken from the record. recorded has every flag by name.
func identityBeforeFormats(rows []Row, r *similarity.Relation, recorded map[string]json.RawMessage, s *Settings, rule similarity.Rule) string {
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
	h := sha256.New()
	hashData(h, rows, r)
	fmt.Fprintf(h, "%v %v %v\n", gaze, views, s.Network.Height)
	return sum(h)
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
