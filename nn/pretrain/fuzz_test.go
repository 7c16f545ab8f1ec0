package pretrain

import (
	"os"
	"path/filepath"
	"testing"

	"gzpt/gaze/relation"
	"gzpt/nn/rundir"
)

// FuzzRecord: whatever config.json holds, it is refused or is a record that is written and read again as it is, whose settings
// can be checked and compared without anything being taken by their size.
func FuzzRecord(f *testing.F) {
	for _, name := range []string{"finished", "stopped"} {
		text, err := os.ReadFile(filepath.Join("testdata", name, "config.json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"format": 1, "network": {"method": "moco", "batch": 9223372036854775807, "arch": {"depth": 18, "width": 1e18}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := rundir.Dir(t.TempDir())
		if err := os.WriteFile(dir.Config(), text, 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := ReadRecord(dir)
		if err != nil {
			return
		}
		r.Network.Validate() // whatever it says
		for _, p := range r.Network.Footprint() {
			if !(p.Bytes >= 0) && r.Network.Validate() == nil {
				t.Fatalf("%+v", p)
			}
		}
		identity := settingsBeforeFormats(r.Settings, &Settings{Network: r.Network}, relation.Rule{})
		if err := rundir.WriteJSON(dir.Config(), r); err != nil {
			t.Fatal(err)
		}
		again, err := ReadRecord(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.same("config.json", *again); err != nil {
			t.Fatal(err)
		}
		if now := settingsBeforeFormats(again.Settings, &Settings{Network: again.Network}, relation.Rule{}); now != identity {
			t.Fatalf("%s became %s", identity, now)
		}
	})
}
