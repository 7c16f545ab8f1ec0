package nn

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzWeightFile: whatever a file of weights holds, it is refused or its tensors are those that it says, and a backbone is found
// in it or not.
func FuzzWeightFile(f *testing.F) {
	for _, path := range []string{"torchfile/testdata/views.pth", "torchfile/testdata/views.legacy.pth"} {
		content, err := os.ReadFile(filepath.FromSlash(path))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	text := `{"conv1.weight":{"dtype":"F32","shape":[1,1,1,1],"data_offsets":[0,4]}}`
	f.Add(append([]byte{byte(len(text)), 0, 0, 0, 0, 0, 0, 0}, text+"\x00\x00\x80\x3f"...))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "w")
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		w, err := OpenWeightFile(path)
		if err != nil {
			return
		}
		defer w.Close()
		for i, info := range w.Tensors() {
			if values, err := w.Floats(i); err == nil && len(values) != info.Len() {
				t.Fatalf("%v has %d values", info, len(values))
			}
		}
		w.Backbone() // whatever it finds
	})
}
