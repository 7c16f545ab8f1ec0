package dataset

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/nn/data"
)

// folder is a data set of four images with fixations on each, and tables of labels and of a split.
func folder(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	gaze, labels, split := "image,x [px],y [px],duration [ms],width,height\n", "image,grade\n", "image,part\n"
	for i := range 4 {
		name := fmt.Sprintf("%d.png", i)
		f, err := os.Create(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 24, 20))); err != nil {
			t.Fatal(err)
		}
		f.Close()
		gaze += fmt.Sprintf("%s,%d,5,200,24,20\n", name, i+1)
		labels += fmt.Sprintf("%s,g%d\n", name, i%2)
		split += fmt.Sprintf("%s,%s\n", name, []string{"train", "test"}[i/2])
	}
	for name, text := range map[string]string{"gaze.csv": gaze, "labels.csv": labels, "split.csv": split} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestOpen(t *testing.T) {
	root := folder(t)
	s := Settings{Path: root, Labels: "labels.csv:grade", Split: "split.csv:part", ImageSize: 16, Channels: 1, Cache: t.TempDir()}
	set, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if err := set.ReadGaze(s); err != nil {
		t.Fatal(err)
	}
	if set.Stored.Decoded == "" || set.Stored.Cache != s.Cache || len(set.Items()) != 4 || !slices.Equal(set.Labels(), []string{"g0", "g1", "g0", "g1"}) {
		t.Errorf("%+v: %v", set, set.Labels())
	}
	for i, item := range set.Items() {
		r := set.Recordings[i]
		if item.Name != fmt.Sprintf("%d.png", i) || item.Split != []string{"train", "test"}[i/2] || len(r) != 1 || len(r[0].Fixations) != 1 || r[0].Fixations[0].X != float64(i+1) {
			t.Errorf("%+v with %+v", item, r)
		}
	}
	if len(set.Files) != 1 || set.Files[0].Format != "table" || set.Detector == "" {
		t.Errorf("files %v, detector %q", set.Files, set.Detector)
	}
	again, err := Open(t.Context(), s)
	if err != nil || again.Stored.Decoded != "" {
		t.Fatalf("the cache is not used: %q, %v", again.Stored.Decoded, err)
	}
	again.Close()
	s.Gaze.Detector = "idt" // needs samples in degrees
	if err := set.ReadGaze(s); err != nil && !errors.Is(err, ErrDetector) {
		t.Error(err)
	}
}

// A split is a column or one of another file, also where its name has colons.
func TestSplitWithColons(t *testing.T) {
	root := folder(t)
	table := "image,grade: II,set: a:b\n0.png,x,train\n1.png,y,train\n2.png,x,val\n3.png,y,test\n"
	if err := os.WriteFile(filepath.Join(root, "colons.csv"), []byte(table), 0o666); err != nil {
		t.Fatal(err)
	}
	s := Settings{Path: root, Labels: "colons.csv:grade: II", ImageSize: 16, Channels: 1, Cache: t.TempDir()}
	for _, s.Split = range []string{"set: a:b", "colons.csv:set: a:b"} {
		set, err := Open(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		set.Close()
		for i, item := range set.Items() {
			if want := []string{"train", "train", "val", "test"}[i]; item.Split != want || item.Label != []string{"x", "y"}[i%2] {
				t.Errorf("%s: %+v, expected %s", s.Split, item, want)
			}
		}
	}
	for split, want := range map[string]string{
		"splt.csv:part":  `no column "splt.csv:part", there are: image, grade: II, set: a:b; nor is there a file splt.csv with a column "part"`,
		"split.csv:fold": `split.csv:1: no column "fold", there are: image, part`,
		"fold":           `no column "fold", there are: image, grade: II, set: a:b`,
	} {
		s.Split = split
		if _, err := Open(t.Context(), s); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: error %v, expected %q", split, err, want)
		}
	}
	s.Labels, s.Split = "", "splt.csv:part"
	if _, err := Open(t.Context(), s); err == nil || !strings.HasSuffix(err.Error(), `nor is there a file splt.csv with a column "part"`) {
		t.Errorf("error %v", err)
	}
}

func TestSkipBad(t *testing.T) {
	root := folder(t)
	if err := os.WriteFile(filepath.Join(root, "4.png"), []byte("no image"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := Settings{Path: root, ImageSize: 16, Channels: 1, Cache: t.TempDir()}
	if _, err := Open(t.Context(), s); err == nil || !strings.Contains(err.Error(), "4.png") {
		t.Errorf("error %v", err)
	}
	s.SkipBad = true
	set, err := Open(t.Context(), s)
	if err != nil || len(set.Items()) != 4 || len(set.Skips) != 1 {
		t.Fatalf("%+v, %v", set, err)
	}
	set.Close()
}

func TestGazeAlone(t *testing.T) {
	root := folder(t)
	s := Settings{Path: filepath.Join(root, "gaze.csv"), Labels: "labels.csv:grade"}
	for path, want := range map[string]bool{root: true, s.Path: false, filepath.Join(root, "labels.csv"): true} {
		if has, err := HasImages(path); err != nil || has != want {
			t.Errorf("%s has images: %v, %v", path, has, err)
		}
	}
	set, err := GazeAlone(s)
	if err != nil || !slices.Equal(set.Labels(), []string{"g0", "g1", "g0", "g1"}) || len(set.Recordings) != 4 {
		t.Fatalf("%+v, %v", set, err)
	}
	if _, err := set.Image(0); !errors.Is(err, data.ErrNoImage) {
		t.Errorf("an image that is not at hand: %v", err)
	}
	named, err := Named(Settings{Gaze: Gaze{Path: root}, Labels: "labels.csv:grade"}, []string{"2.png", "1.png", "0.png", "3.png"})
	if err != nil || !slices.Equal(named.Labels(), []string{"g0", "g1", "g0", "g1"}) {
		t.Errorf("%+v, %v", named, err)
	}
	frameless := filepath.Join(t.TempDir(), "g.csv")
	if err := os.WriteFile(frameless, []byte("image,x [px],y [px],duration [ms]\na.png,1,2,100\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := GazeAlone(Settings{Path: frameless}); err == nil || !strings.Contains(err.Error(), "g.csv:2: gaze for image \"a.png\" in pixels of an unknown frame") {
		t.Errorf("error %v", err)
	}
}

func TestPhantoms(t *testing.T) {
	set, err := Open(t.Context(), Settings{Phantoms: 20, ImageSize: 16, Channels: 1, Seed: 2})
	if err != nil || len(set.Recordings) != 20 || set.Labels() == nil || set.ReadGaze(Settings{}) != nil || set.Close() != nil {
		t.Errorf("%+v, %v", set, err)
	}
	for want, s := range map[string]Settings{"phantoms": {}, "items.csv:label": {Path: "x"}, "a.csv:b": {Path: "x", Labels: "a.csv:b"}} {
		if got := s.LabelSource(); got != want {
			t.Errorf("labels of %+v come from %q, expected %q", s, got, want)
		}
	}
}
