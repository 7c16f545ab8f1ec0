package pretrain

import (
	"encoding/json"
	"testing"

	"gzpt/gaze/relation"
	"gzpt/nn"
	"gzpt/nn/data"
)

// The settings of runs before formats are printed as their version printed them.
func TestSettingsBeforeFormats(t *testing.T) {
	recorded := map[string]json.RawMessage{}
	text := `{"gaze": "heatmap-cc", "readers": "merge", "relation": "", "names": "", "tau-full": 1, "quantile": 0.99, "augment": "medical", "crop": 1,
		"crop-min": 0.5, "flip": 0.5, "jitter": 0.8, "brightness": 0.4, "contrast": 0.4, "saturation": 0.1, "hue": 0, "decolour": 0, "blur": 0.5, "solarize": 0}`
	if err := json.Unmarshal([]byte(text), &recorded); err != nil {
		t.Fatal(err)
	}
	s := DefaultSettings(nn.Arch{Depth: 18, Width: 64, Channels: 3})
	const views = " {medical [1 0.5 0.5 0.8 0.4 0.4 0.1 0 0 0.5 0] {1 [0.5 1] [0.75 1.3333333333333333] 0.5 0.8 0.4 0.4 0.1 0 0 0.5 [0.1 2] 0 0 " +
		"{[0.485 0.456 0.406] [0.229 0.224 0.225]}}} 224"
	for want, rule := range map[string]relation.Rule{
		"{heatmap-cc merge   threshold any 0.617 5 1 0.99 false 0.5}": {Kind: "threshold", Patients: "any", Tau: 0.617, PerItem: 5},
		"{heatmap-cc merge   top-k apart 0 3 1 0.99 true 0.5}":        {Kind: "top-k", Patients: "apart", K: 3, Mutual: true},
		"{heatmap-cc merge   quantile any 0.25 0 1 0.95 false 0.5}":   {Kind: "quantile", Patients: "any", Tau: 0.25, Quantile: 0.95},
		"{heatmap-cc merge   soft any 0.2 0 0.9 0.99 false 0.5}":      {Kind: "soft", Patients: "any", Tau: 0.2, Full: 0.9},
		"{heatmap-cc merge   threshold any 1e-07 0 1 0.99 false 0.5}": {Kind: "threshold", Patients: "any", Tau: 1e-7},
	} {
		if got := settingsBeforeFormats(recorded, &s, rule); got != want+views {
			t.Errorf("got  %s\nwant %s", got, want+views)
		}
	}
	s.Views, s.Drop, s.Network.Height = data.Augmentation{}, 0, 32
	recorded["augment"] = json.RawMessage(`"none"`)
	const none = "{heatmap-cc merge   threshold any 0 0 1 0.99 false 0} {none [1 0.5 0.5 0.8 0.4 0.4 0.1 0 0 0.5 0] {0 [0 0] [0 0] 0 0 0 0 0 0 0 0 [0 0] 0 0 " +
		"{[0 0 0] [0 0 0]}}} 32"
	if got := settingsBeforeFormats(recorded, &s, relation.Rule{Kind: "threshold", Patients: "any"}); got != none {
		t.Errorf("got  %s\nwant %s", got, none)
	}
}
