package checksum

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// Whatever byte of a file is changed, its content is refused or is what it was.
func TestDamagedJSON(t *testing.T) {
	want := map[string]any{"lr": 0.001, "name": "x, \"crc32c\": \"00000000\"", "list": []any{1.0, 2.0}}
	good, err := MarshalJSON(want)
	if err != nil || !json.Valid(good) {
		t.Fatalf("%q is no JSON, %v", good, err)
	}
	refused := 0
	for at := range good {
		for _, bit := range []byte{1, 8, 0x20} {
			bad := bytes.Clone(good)
			bad[at] ^= bit
			got := map[string]any{}
			switch err := UnmarshalJSON(bad, &got); {
			case errors.Is(err, ErrDamaged):
				refused++
			case err != nil: // no JSON any more
			default:
				maps.DeleteFunc(got, func(name string, _ any) bool { return want[name] == nil }) // the checksum under another name
				if a, _ := json.Marshal(got); string(a) != string(must(json.Marshal(want))) {
					t.Fatalf("%q is read as %v", bad, got)
				}
			}
		}
	}
	if refused < len(good) {
		t.Errorf("only %d changes were seen by the checksum", refused)
	}
	if err := UnmarshalJSON([]byte(`{"lr": 0.001, "crc32c": "01234567"}`), &struct{}{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("an object that was written anew, with the old checksum: %v", err)
	}
	var old struct{ LR float64 }
	if err := UnmarshalJSON([]byte(`{"lr": 0.5}`), &old); err != nil || old.LR != 0.5 {
		t.Errorf("an object without a checksum: %v, %v", old, err)
	}
}

func must(text []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return text
}

func TestCheckFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("123456789"), 0o666); err != nil {
		t.Fatal(err)
	}
	if sum, err := File(path); err != nil || sum != "e3069283" { // the check value of CRC-32C
		t.Errorf("checksum %s, %v", sum, err)
	}
	if err := errors.Join(CheckFile(path, "e3069283"), CheckFile(path, "")); err != nil {
		t.Error(err)
	}
	if err := CheckFile(path, "e3069284"); !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v", err)
	}
}
