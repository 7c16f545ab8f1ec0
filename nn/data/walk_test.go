package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPassedOver: what lies in a folder and is no item is counted in one line.
func TestPassedOver(t *testing.T) {
	run := `{"started": "2026-01-02T03:04:05Z", "settings": {"data": "."}}`
	for _, c := range []struct {
		name  string
		files map[string]string
		links map[string]string // name -> folder
		o     ListOptions
		want  string
		items int
	}{
		{"nothing", images("a.png", "labels.csv", "sub/b.png", ".c.gif", "gaze/x.asc"), nil, ListOptions{}, "", 2},
		{"files", images("a.png", "b.dcm", "sub/c.GIF", "d.gif", "e.nii.gz", "f_physio.tsv.gz", "IM0001"), nil, ListOptions{}, "5 files (without an extension 1, .dcm 1, .gif 2, .nii.gz 1)", 1},
		{"one file", images("a.png", "b.svg"), nil, ListOptions{}, "1 file (.svg 1)", 1},
		{"linked folders", images("d/a.png", "real/b.png"), map[string]string{"d/one": "real", "d/two": "real"}, ListOptions{}, "2 linked folders", 2},
		{"beside images", images("images/a.png", "b.png", "train/c.png", "d.csv"), nil, ListOptions{}, "2 images beside the folder images", 1},
		{"runs", with(with(images("a.png", "runs/a/views/1.png", "out/views/2.png"), "runs/a/config.json", run), "out/config.json", strings.Replace(run, "settings", "network", 1)), nil,
			ListOptions{}, "2 run directories", 1},
		{"another program's config", with(images("a.png", "x/b.png"), "x/config.json", `{"architectures": ["ViT"]}`), nil, ListOptions{}, "", 2},
		{"what is excluded", images("a.png", "a_mask.png", "x/b_mask.png", "c_mask.txt"), nil, ListOptions{Exclude: []string{"*_mask.*"}}, "2 excluded images", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := folder(t, c.files)
			for name, to := range c.links {
				if err := os.Symlink(filepath.Join(root, to), filepath.Join(root, name)); err != nil {
					t.Skip(err)
				}
			}
			list, err := List(root, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := list.Passed.String(); got != c.want || len(list.Items) != c.items {
				t.Errorf("passed over %q, expected %q; items %q", got, c.want, summary(list.Items))
			}
		})
	}
}

// TestNotes: labels that take the place of a manifest's say what is kept of it.
func TestNotes(t *testing.T) {
	root := folder(t, with(with(images("a/1.png", "b/1.png"), "items.csv", "image,split,group\na/1.png,train,p\nb/1.png,test,q\n"), "l.csv", "image,grade\na/1,x\n"))
	for _, c := range []struct {
		o    ListOptions
		want []string
	}{
		{ListOptions{Labels: "l.csv:grade"}, []string{"the groups of items.csv kept beside other labels", "the split of items.csv kept beside other labels"}},
		{ListOptions{Labels: "l.csv:grade", Split: NoColumn, Group: NoColumn}, nil},
		{ListOptions{}, nil},
	} {
		list, err := List(root, c.o)
		if err != nil || !slices.Equal(list.Notes, c.want) {
			t.Errorf("%+v: notes %q, %v; expected %q", c.o, list.Notes, err, c.want)
		}
	}
}

func TestListRefusesRunsAndPatterns(t *testing.T) {
	root := folder(t, with(images("views/1.png", "items.csv"), "config.json", `{"started": "now", "network": {}}`))
	if _, err := List(root, ListOptions{}); err == nil || !strings.Contains(err.Error(), "a run directory, expected a folder of images") {
		t.Errorf("a run directory: %v", err)
	}
	for _, pattern := range []string{"[", "", "a[b"} {
		if _, err := List(root, ListOptions{Exclude: []string{pattern}}); err == nil || !strings.Contains(err.Error(), "pattern") {
			t.Errorf("pattern %q: %v", pattern, err)
		}
	}
	flat := folder(t, images("a.png"))
	if _, err := List(flat, ListOptions{Labels: ByFolders}); err == nil || !strings.Contains(err.Error(), "no image lies in a folder of its class") {
		t.Errorf("no folders: %v", err)
	}
}
