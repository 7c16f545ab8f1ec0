package memory

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{"8GiB": 8 << 30, "64MiB": 64 << 20, "1.5T": 3 << 39, "67108864": 64 << 20, "1e9B": 1e9, "100MB": 100_000_000,
		"": 0, "63MiB": 0, "1e30GiB": 0, "-1GiB": 0, "nanGiB": 0, "infGiB": 0, "8 GiB": 0, "8iB": 0, "GiB": 0} {
		got, err := Parse(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %d, %v, expected %d", text, got, err, want)
		}
	}
	if m := OfMachine(); m < Least || m > 1<<46 {
		t.Errorf("this machine has %d bytes", m)
	}
}
