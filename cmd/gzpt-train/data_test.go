package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files is the text files of a data set by name.
type files map[string]string

// makeData writes a folder of 20 images with the given text files.
func makeData(t *testing.T, text files) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "images"), 0o777); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		m := image.NewGray(image.Rect(0, 0, 24, 20))
		for k := range m.Pix {
			m.Pix[k] = uint8(k*(i+1) + 7*i)
		}
		m.SetGray(i, i, color.Gray{255})
		f, err := os.Create(filepath.Join(folder, "images", imageName(i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, m); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	for name, content := range text {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func imageName(i int) string { return fmt.Sprintf("img%02d.png", i) }

// fixationTable is a gaze table with two fixations on every image.
func fixationTable() string {
	text := "image,x [px],y [px],duration [ms]\n"
	for i := range 20 {
		text += fmt.Sprintf("%s,%d,%d,200\n%s,%d,%d,%d\n", imageName(i), 1+i, 1+i/2, imageName(i), 20-i, 10, 100+10*i)
	}
	return text
}

// labels is a table of labels with a split: twelve items to train on, two to choose by, six to test on.
func labels() string {
	text := "image,grade,part,patient\n"
	for i := range 20 {
		part := "train"
		switch {
		case i >= 14:
			part = "test"
		case i >= 12:
			part = "val"
		}
		text += fmt.Sprintf("%s,g%d,%s,p%d\n", imageName(i), i%2, part, i)
	}
	return text
}

// manifest is an items.csv that names the gaze file.
func manifest() string {
	text := "image,label,split,gaze\n"
	for i, line := range strings.Split(strings.TrimSpace(labels()), "\n")[1:] {
		column := strings.Split(line, ",")
		text += fmt.Sprintf("%s,%s,%s,fixations.csv\n", imageName(i), column[1], column[2])
	}
	return text
}

// onData is flags for a moment's training on a folder.
func onData(folder, out string, more ...string) []string {
	args := []string{"--data", folder, "--gaze", "heatmap-cc", "--image-size", "16", "--width", "2", "--batch", "4", "--projector", "8", "--predictor", "8",
		"--embedding", "8", "--epochs", "1", "--out", out}
	return append(args, more...)
}

// withSide is a table of labels with a column side of three classes.
func withSide(table string) string {
	rows := strings.Split(strings.TrimSuffix(table, "\n"), "\n")
	for i := range rows {
		rows[i] += "," + []string{"side", "left", "right", "both"}[min(i, 1+i%3)]
	}
	return strings.Join(rows, "\n") + "\n"
}

func TestTrainEvaluateEmbedOnAFolder(t *testing.T) {
	routes := []struct {
		name string
		text files
		args []string
	}{
		{"labels beside the images", files{"fixations.csv": fixationTable(), "labels.csv": withSide(labels())}, []string{"--labels", "labels.csv:grade", "--split", "part", "--group", "patient"}},
		{"split in a file of its own", files{"fixations.csv": fixationTable(), "labels.csv": withSide(labels()), "parts.csv": labels()}, []string{"--labels", "labels.csv:grade", "--split", "parts.csv:part"}},
		{"manifest", files{"fixations.csv": fixationTable(), "items.csv": manifest()}, nil},
	}
	var first string
	for _, route := range routes {
		t.Run(route.name, func(t *testing.T) {
			folder, out := makeData(t, route.text), filepath.Join(t.TempDir(), "run")
			succeed(t, onData(folder, out, route.args...)...)
			items := readFile(t, out, "items.csv")
			if !strings.Contains(items, "img03.png,g1,train,") || !strings.Contains(items, "img15.png,g1,test,") || strings.Count(items, ",true,") != 12 {
				t.Errorf("items.csv:\n%s", items)
			}
			if backbone := backboneOf(t, out); first == "" {
				first = backbone
			} else if backbone != first {
				t.Error("the same images and gaze by another route give another backbone")
			}
			o := succeed(t, "evaluate", "--run", out, "--k", "3")
			if !strings.Contains(o.stdout, "2 classes") || !strings.Contains(o.stdout, "12 train, 2 val, 6 test items") || !strings.Contains(o.stdout, "k-NN, k = 3") {
				t.Errorf("evaluate prints %s", o.stdout)
			}
			if len(route.args) > 0 { // another column of the run's own table
				other := succeed(t, "evaluate", "--run", out, "--labels", "labels.csv:side", "--split", route.args[3])
				if !strings.Contains(other.stdout, "3 classes of labels.csv:side") {
					t.Errorf("evaluate on other labels prints %s", other.stdout)
				}
				refuses(t, gzpt(t, "evaluate", "--run", out, "--labels", "labels.csv:part", "--split", route.args[3]), 1,
					`all 12 training items are of the class "train": expected at least two classes to tell apart; --labels`)
			}
			if v := readFile(t, out, "evaluate.json"); !strings.Contains(v, `"macro_auc"`) || !strings.Contains(v, `"balanced_accuracy"`) {
				t.Errorf("evaluate.json is %s", v)
			}
		})
	}
}

func TestEmbed(t *testing.T) {
	folder, work := makeData(t, files{"fixations.csv": fixationTable()}), t.TempDir()
	run, features, again := filepath.Join(work, "run"), filepath.Join(work, "features"), filepath.Join(work, "again")
	succeed(t, onData(folder, run)...)
	succeed(t, "embed", "--run", run, "--out", features, "--pixels")
	succeed(t, "embed", "--weights", filepath.Join(run, "exported", "backbone.safetensors"), "--images", filepath.Join(folder, "images"), "--image-size", "16", "--out", again,
		"--batch", "7")
	if readFile(t, features, "features.npy") != readFile(t, again, "features.npy") {
		t.Error("the same images by way of a run and of a folder have other features")
	}
	if rows := strings.SplitAfterN(readFile(t, features, "items.csv"), "\n", 3); rows[0] != "image,label,split,group,pixels\n" || !strings.HasPrefix(rows[1], "img00.png,") {
		t.Errorf("the items of features are %q", rows[:2]) // no gaze was read, and of a folder nobody knows what was trained on
	}
	o := succeed(t, "inspect", filepath.Join(features, "features.npy"), filepath.Join(features, "pixels.npy"), run)
	for _, want := range []string{"array [20 16]", "array [20 16 16 3]", "step 5 of 5", "layer4.1.bn2.running_var", "array [20 20]"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("inspect does not say %q:\n%s", want, o.stdout)
		}
	}
	if o := gzpt(t, "embed", "--run", run, "--out", features); o.status != 1 || !strings.Contains(o.stderr, "never overwritten") {
		t.Errorf("an existing folder: status %d, %s", o.status, o.stderr)
	}
}

func TestExport(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long under the race detector, which shows nothing new here")
	}
	work := t.TempDir()
	run, out := filepath.Join(work, "run"), filepath.Join(work, "deep", "b.safetensors")
	trained := succeed(t, tiny(run, "--width", "64", "--steps", "1")...)
	o := succeed(t, "export", "--run", run, "--out", out)
	python := "import torch, torchvision, safetensors.torch\nmodel = torchvision.models.resnet18()\nmodel.load_state_dict(safetensors.torch.load_file("
	if !strings.Contains(o.stdout, python) || !strings.Contains(o.stdout, out) || !strings.Contains(trained.stdout, python) {
		t.Errorf("pretrain prints %q, export %q", trained.stdout, o.stdout)
	}
	if readFile(t, out) != backboneOf(t, run) {
		t.Error("the exported file differs from the run's")
	}
	if o := gzpt(t, "export", "--run", run, "--out", out); o.status != 1 || !strings.Contains(o.stderr, "never overwritten") {
		t.Errorf("an existing file: status %d, %s", o.status, o.stderr)
	}
}

func TestBadInput(t *testing.T) {
	replace := func(text, old, with string) string { return strings.Replace(text, old, with, 1) }
	tests := []struct {
		name string
		text files
		// spoil changes the folder further.
		spoil func(folder string) error
		args  []string
		want  string // in the error, and in the list of what --skip-bad leaves out
		fatal bool   // also with --skip-bad
	}{
		{name: "missing image", text: files{"fixations.csv": fixationTable(), "items.csv": replace(manifest(), "img02.png", "img77.png")},
			want: "items.csv:4: image \"img77.png\""},
		{name: "undecodable image", text: files{"fixations.csv": fixationTable()},
			spoil: func(folder string) error {
				return os.WriteFile(filepath.Join(folder, "images", "img03.png"), []byte("\x89PNG broken"), 0o666)
			},
			want: "img03.png"},
		{name: "gaze without image", text: files{"fixations.csv": fixationTable() + "img50.png,1,1,100\n"},
			want: "fixations.csv:42: gaze for image \"img50.png\", which is not among the images"},
		{name: "image without gaze", text: files{"fixations.csv": strings.ReplaceAll(fixationTable(), "img04.png,", "img05.png,")},
			args: []string{"--without-gaze", "error"}, want: "image \"img04.png\" has no gaze", fatal: true},
		{name: "coordinates outside", text: files{"fixations.csv": strings.ReplaceAll(replace(fixationTable(), "img06.png,7,", "img06.png,700,"), "img06.png,14,", "img06.png,1400,")},
			want: "fixations.csv:14: image \"img06.png\""},
		{name: "empty recording", text: files{"fixations.csv": replace(replace(fixationTable(), "img07.png,8,4,200", "img07.png,,,"), "img07.png,13,10,170\n", "")},
			want: "without fixations"},
		{name: "duplicate names", text: files{"fixations.csv": fixationTable(), "items.csv": manifest() + "img08.png,g0,train,fixations.csv\n"},
			want: "items.csv:22: image \"img08.png\""},
		{name: "wrong value", text: files{"fixations.csv": replace(fixationTable(), "img09.png,10,", "img09.png,ten,")},
			want: "fixations.csv:20:11:"},
		{name: "wrong header", text: files{"fixations.csv": replace(fixationTable(), "duration", "length")},
			want: "--gaze-files PATH says where it lies, --gaze none and labels need none", fatal: true},
		{name: "wrong header of a named format", text: files{"gaze.csv": replace(fixationTable(), "duration", "length")}, args: []string{"--format", "eyecrowd"},
			want: "gaze", fatal: true},
		{name: "wrong label column", text: files{"fixations.csv": fixationTable(), "labels.csv": labels()}, args: []string{"--labels", "labels.csv:size"},
			want: "labels.csv:1:", fatal: true},
		{name: "wrong word of a split", text: files{"fixations.csv": fixationTable(), "items.csv": replace(manifest(), "g1,train", "g1,trian")},
			want: "items.csv:3: image \"img01.png\": split \"trian\"", fatal: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder, work := makeData(t, test.text), t.TempDir()
			if test.spoil != nil {
				if err := test.spoil(folder); err != nil {
					t.Fatal(err)
				}
			}
			strict := gzpt(t, onData(folder, filepath.Join(work, "strict"), test.args...)...)
			if strict.status != 1 || !strings.Contains(strict.stderr, test.want) {
				t.Errorf("status %d, %s; expected %q", strict.status, strict.stderr, test.want)
			}
			out := filepath.Join(work, "lenient")
			lenient := gzpt(t, onData(folder, out, append(test.args, "--skip-bad")...)...)
			if test.fatal {
				if lenient.status != 1 {
					t.Errorf("--skip-bad: status %d, %s", lenient.status, lenient.stderr)
				}
				return
			}
			if lenient.status != 0 || !strings.Contains(lenient.stderr, test.want) || !strings.Contains(lenient.stderr, "left out") {
				t.Errorf("--skip-bad: status %d, %s; expected %q", lenient.status, lenient.stderr, test.want)
			}
			if lenient.status == 0 && !strings.Contains(readFile(t, out, "config.json"), `"skipped"`) {
				t.Error("config.json does not list what was left out")
			}
		})
	}
}

func TestLabelsAsPositives(t *testing.T) {
	folder, out := makeData(t, files{"items.csv": strings.ReplaceAll(manifest(), ",fixations.csv", ",")}), filepath.Join(t.TempDir(), "run")
	succeed(t, onData(folder, out, "--gaze", "labels")...)
	if m := metricsOf(t, out, 3); m[0]["positives_per_anchor"] <= 0 {
		t.Errorf("no positives by label: %v", m[0])
	}
	folder = makeData(t, nil)
	if o := gzpt(t, onData(folder, out+"2", "--gaze", "labels")...); o.status != 1 || !strings.Contains(o.stderr, "no image has a label") {
		t.Errorf("without labels: status %d, %s", o.status, o.stderr)
	}
}

func TestResumeFromAnotherFolder(t *testing.T) {
	folder, work := makeData(t, files{"fixations.csv": fixationTable()}), t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "grades.csv"), []byte(labels()), 0o666); err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(work, folder)
	if err != nil {
		t.Fatal(err)
	}
	c := command(t, onData(relative, "run", "--labels", "grades.csv:grade", "--split", "part", "--epochs", "2", "--stop-after", "1")...)
	c.Dir = work
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	succeed(t, "--resume", "--out", filepath.Join(work, "run"))
	metricsOf(t, filepath.Join(work, "run"), 6)
}

func TestGroupsThatLeakAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ old, with, want string }{
		"train and test":      {"test,p15", "test,p1", `group "p1" is in two parts of the split: image "img01.png" in train, image "img15.png" in test`},
		"val and test":        {"test,p15", "test,p12", `group "p12" is in two parts of the split`},
		"no part, so trained": {"g0,train,p2", "g0,,p16", `group "p16" is in two parts of the split: image "img02.png" in train`},
	} {
		folder, out := makeData(t, files{"fixations.csv": fixationTable(), "labels.csv": strings.ReplaceAll(labels(), c.old, c.with)}), filepath.Join(t.TempDir(), "run")
		o := gzpt(t, onData(folder, out, "--labels", "labels.csv:grade", "--split", "part", "--group", "patient")...)
		if o.status != 1 || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%s: status %d, %s", name, o.status, o.stderr)
		}
	}
}

func TestResumeRefusesChangedItems(t *testing.T) {
	folder, out := makeData(t, files{"fixations.csv": fixationTable()}), filepath.Join(t.TempDir(), "run")
	succeed(t, onData(folder, out, "--epochs", "2", "--stop-after", "1")...)
	if err := os.Remove(filepath.Join(folder, "images", "img19.png")); err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(fixationTable(), "img19.png", "img18.png")
	if err := os.WriteFile(filepath.Join(folder, "fixations.csv"), []byte(changed), 0o666); err != nil {
		t.Fatal(err)
	}
	if o := gzpt(t, "--resume", "--out", out); o.status != 1 || !strings.Contains(o.stderr, "items.csv:20: image \"img18.png\"") {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
}
