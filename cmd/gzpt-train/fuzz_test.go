package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzPhantomFlags: whatever flags a run on phantoms is given, they are refused or say a run that fits into the memory, and what
// config.json records of them says it again.
func FuzzPhantomFlags(f *testing.F) {
	for _, args := range []string{"--phantoms 60 --gaze heatmap-cc", "--phantoms=2000000000", "--width 100000 --batch 9223372036854775807", "--memory 64MiB --image-size 16384",
		"--gaze tima:eps=0.1 --tau 0.5 --rule soft --tau-full 1e-300", "--method moco --queue 9223372036854775807", "--epochs 9223372036854775807", "--workers 1000000000",
		"--crop nan", "--positives -0", "--memory 1e30GiB", "--lr inf --warmup 2", "--steps 3 --accumulate 4 --stop-after 99999999999"} {
		f.Add(args)
	}
	f.Fuzz(func(t *testing.T, line string) {
		v, err := find(verbs(), "pretrain")
		if err != nil {
			t.Fatal(err)
		}
		flags, settings := newFlags(v.name), &pretrainSettings{}
		flags.addCommon(&common{})
		settings.addFlags(flags)
		if flags.parse(strings.Fields(line)) != nil || settings.data.Path != "" || settings.resolve(flags) != nil || settings.fits(flags) != nil {
			return
		}
		total, t1 := 0.0, must(settings.settings())(t)
		for _, p := range append(t1.Network.Footprint(), settings.data.parts(settings.run.workers, true)...) {
			total += p.Bytes
		}
		if !(total <= float64(settings.run.memory.bytes())) {
			t.Fatalf("%q takes %g bytes", line, total)
		}
		recorded := flags.settings()
		text, err := json.Marshal(recorded)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		again, restored := newFlags(v.name), &pretrainSettings{}
		again.addCommon(&common{})
		restored.addFlags(again)
		again.merge()
		back := map[string]json.RawMessage{}
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if err := again.restore(back); err != nil {
			t.Fatalf("%q is recorded as %s: %v", line, text, err)
		}
	})
}

// must is a value whose making must not fail.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// FuzzRestore: whatever settings config.json has, they are refused or are set.
func FuzzRestore(f *testing.F) {
	f.Add(`{"phantoms": 60, "gaze": "tima", "memory": "9GiB"}`)
	f.Add(`{"batch": 1e9, "exclude": "[", "out": "\u0000"}`)
	f.Fuzz(func(t *testing.T, text string) {
		recorded := settings{}
		if json.Unmarshal([]byte(text), &recorded) != nil {
			return
		}
		flags, s := newFlags("pretrain"), &pretrainSettings{}
		flags.addCommon(&common{})
		s.addFlags(flags)
		flags.merge()
		if flags.restore(recorded) == nil && s.augment.apply() == nil {
			s.fits(flags) // whatever it says
		}
	})
}
