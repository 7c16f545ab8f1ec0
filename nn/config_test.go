package nn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// A setting that a record lacks has its default, that of the record's own architecture and optimiser.
func TestAbsentSettingsHaveTheirDefaults(t *testing.T) {
	c := DefaultConfig(Arch{Depth: 50, Width: 8, Channels: 1})
	c.Optimiser, c.LR, c.Accumulate = DefaultOptimiser("lars"), 0, 3
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"projector_hidden", "target_momentum", "schedule", "batch", "warmup_ratio", "trust", "decay_weights_only"} {
		var got Config
		if err := json.Unmarshal(without(t, text, name), &got); err != nil || got != c {
			t.Errorf("without %s: %+v, %v, expected %+v", name, got, err, c)
		}
	}
	moco := MethodConfig("moco", Arch{Depth: 18, Width: 8, Channels: 1})
	moco.MoCo.QueueSelf = "released"
	if text, err = json.Marshal(moco); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"temperature", "key_momentum", "queue", "queue_start", "embedding"} {
		var got Config
		if err := json.Unmarshal(without(t, text, name), &got); err != nil || got != moco {
			t.Errorf("without %s: %+v, %v, expected %+v", name, got, err, moco)
		}
	}
	var got Config
	for _, name := range []string{"queue", "trust_region"} {
		newer := strings.Replace(string(text), `"trust"`, `"`+name+`":1,"trust"`, 1)
		if err := json.Unmarshal([]byte(newer), &got); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a setting %s that this version lacks: error %v", name, err)
		}
	}
}

// without is a JSON text without the member of a name, wherever it is.
func without(t *testing.T, text []byte, name string) []byte {
	t.Helper()
	from := bytes.Index(text, []byte(`"`+name+`":`))
	if from < 0 {
		t.Fatalf("%s has no %s", text, name)
	}
	n := bytes.IndexAny(text[from:], ",}")
	if text[from+n] == ',' {
		return append(bytes.Clone(text[:from]), text[from+n+1:]...)
	}
	return append(bytes.Clone(text[:from-1]), text[from+n:]...)
}

// Every change of the arithmetic is told but for the third and the fourth, which byol and simsiam do not see.
func TestSameBits(t *testing.T) {
	for _, method := range Methods() {
		for arithmetic := firstArithmetic; arithmetic <= Arithmetic+1; arithmetic++ {
			info := CheckpointInfo{Arithmetic: arithmetic, Config: Config{Method: method}}
			want := arithmetic == 4 || (arithmetic == 2 || arithmetic == 3) && (method == "byol" || method == "simsiam")
			if got := info.SameBits(); got != want {
				t.Errorf("%s, arithmetic %d: %v, expected %v", method, arithmetic, got, want)
			}
		}
	}
}

// A checkpoint of before there was a setting, or a number of the arithmetic, loads as if it had been written with the
// setting's default and arithmetic 1.
func TestCheckpointWithoutALaterSetting(t *testing.T) {
	c := tiny(18)
	tr := newTrainer(t, reference.New(kernels.Float32), c)
	train(t, tr, 0, 1)
	whole := state(t, tr)
	for _, test := range []struct {
		name       string
		change     func(header []byte) []byte
		arithmetic int
	}{
		{"setting", func(h []byte) []byte { return without(t, h, "warmup_ratio") }, Arithmetic},
		{"no arithmetic", func(h []byte) []byte { return without(t, h, "arithmetic") }, 1},
		{"a later arithmetic", func(h []byte) []byte {
			return bytes.Replace(without(t, h, "arithmetic"), []byte(`"steps":1,`), []byte(`"arithmetic":99,"steps":1,`), 1)
		}, 99},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "old.ckpt")
			if err := os.WriteFile(path, reheaded(whole, test.change), 0o666); err != nil {
				t.Fatal(err)
			}
			info, err := ReadCheckpointInfo(path)
			if err != nil || info.Arithmetic != test.arithmetic || info.Config != tr.Config() {
				t.Fatalf("%+v, %v, expected arithmetic %d", info, err, test.arithmetic)
			}
			other := newTrainer(t, reference.New(kernels.Float32), c)
			if _, err := LoadCheckpoint(path, other); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(state(t, other), whole) {
				t.Error("it loads another state")
			}
		})
	}
}

// reheaded is a checkpoint with another header.
func reheaded(checkpoint []byte, change func(header []byte) []byte) []byte {
	size := binary.LittleEndian.Uint32(checkpoint[fixedHeader-4:])
	header := change(checkpoint[fixedHeader : fixedHeader+int(size)])
	b := binary.LittleEndian.AppendUint32(bytes.Clone(checkpoint[:fixedHeader-4]), uint32(len(header)))
	return seal(append(append(b, header...), checkpoint[fixedHeader+int(size):]...))
}
