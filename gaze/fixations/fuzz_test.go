package fixations

import "testing"

// FuzzDetector: whatever follows --fixations, it is refused or is a detector whose text, written out, means the same.
func FuzzDetector(f *testing.F) {
	for _, d := range Detectors() {
		f.Add(d.Name)
	}
	f.Add("idt:dispersion=1e309")
	f.Add("auto:")
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := ResolveDetector(text)
		if err != nil {
			return
		}
		if again, err := ResolveDetector(spec); err != nil || again != spec {
			t.Fatalf("%q is %q, and that %q, %v", text, spec, again, err)
		}
	})
}
