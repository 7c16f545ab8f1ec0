package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a run was trained on is not scored: by its name, by its pixels under another name, and by way of its weights alone.
func TestTrainedImagesAreNotScored(t *testing.T) {
	folder, work := makeData(t, files{"labels.csv": labels()}), t.TempDir()
	run := filepath.Join(work, "run")
	succeed(t, short(folder, run, "--labels", "labels.csv:grade")...) // on all of them
	weights := filepath.Join(run, "exported", "backbone.safetensors")
	const refused = "6 of 6 test images were trained on in "
	part := []string{"--labels", "labels.csv:grade", "--split", "part", "--k", "3"}
	refuses(t, gzpt(t, append([]string{"evaluate", "--run", run}, part...)...), 1, refused+run+`, "img14.png" first; --trained-too scores them`)
	refuses(t, gzpt(t, append([]string{"evaluate", "--weights", weights, "--data", folder, "--image-size", "16"}, part...)...), 1, refused)
	refuses(t, gzpt(t, append([]string{"evaluate", "--weights", weights, "--data", folder, "--image-size", "24"}, part...)...), 1, refused)
	says(t, gzpt(t, append([]string{"evaluate", "--run", run, "--trained-too"}, part...)...), "6 of 6 test images were trained on: these are no scores of new images", "6 test items")
	if !strings.Contains(readFile(t, run, "evaluate.json"), `"trained_test_items": 6`) {
		t.Error("evaluate.json does not count them")
	}
	renamed := filepath.Join(work, "renamed")
	if err := os.CopyFS(renamed, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := os.Rename(filepath.Join(renamed, "images", imageName(i)), filepath.Join(renamed, "images", "x"+imageName(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(renamed, "labels.csv"), []byte(strings.ReplaceAll(labels(), "img", "ximg")), 0o666); err != nil {
		t.Fatal(err)
	}
	refuses(t, gzpt(t, append([]string{"evaluate", "--run", run, "--data", renamed}, part...)...), 1, `"ximg14.png" first`)
	refuses(t, gzpt(t, append([]string{"evaluate", "--run", run, "--data", renamed, "--window", "10,200"}, part...)...), 1, `"ximg14.png" first`)
	const unknown = "cannot be told by their pixels"
	says(t, gzpt(t, append([]string{"evaluate", "--run", run, "--data", renamed, "--image-size", "24"}, part...)...), unknown)
	others := filepath.Join(work, "others") // of the same names
	pngs(t, filepath.Join(others, "images"), strings.Split("img00.png img01.png img02.png img03.png img12.png img14.png img15.png", " ")...)
	if err := os.WriteFile(filepath.Join(others, "labels.csv"), []byte("image,grade,part\nimg00.png,a,train\nimg01.png,b,train\nimg14.png,a,test\nimg15.png,b,test\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	o := gzpt(t, append([]string{"evaluate", "--run", run, "--data", others}, part...)...)
	if says(t, o, "2 train, 0 val, 2 test items"); strings.Contains(o.stderr, unknown) {
		t.Error("pixels of the same size are not compared")
	}
}

// Labels of another table leave the manifest its split, and say so.
func TestOtherLabelsKeepTheSplit(t *testing.T) {
	grades := "image,other\n"
	for i := range 20 {
		grades += imageName(i) + "," + []string{"x", "y"}[i/2%2] + "\n"
	}
	folder, run := makeData(t, files{"items.csv": strings.ReplaceAll(manifest(), ",fixations.csv", ","), "other.csv": grades}), filepath.Join(t.TempDir(), "run")
	says(t, gzpt(t, short(folder, run, "--labels", "other.csv:other")...), "items 20, training 12", "the split of items.csv kept beside other labels")
	says(t, gzpt(t, "evaluate", "--run", run, "--k", "3"), "2 classes of other.csv:other; 12 train, 2 val, 6 test items")
	says(t, gzpt(t, short(folder, run+"2", "--labels", "other.csv:other", "--split", "none")...), "items 20, training 20")
}

func TestEvaluateWarns(t *testing.T) {
	table := strings.NewReplacer("img00.png,g0", "img00.png,NaN", "img14.png,g0", "img14.png,n/a", "img15.png,g1", "img15.png,rare").Replace(labels())
	folder, run := makeData(t, files{"labels.csv": table}), filepath.Join(t.TempDir(), "run")
	succeed(t, short(folder, run, "--labels", "labels.csv:grade", "--split", "part")...)
	says(t, gzpt(t, "evaluate", "--run", run), "all 11 training items vote on every test item", "k-NN, k = 11", `class "rare" has no training items`,
		"g0 5/1/2, g1 6/1/2, rare 0/0/1; 2 items without a label are left out")
	if text := readFile(t, run, "evaluate.json"); !strings.Contains(text, `"k": 11`) || !strings.Contains(text, `"unlabelled_items": 2`) || !strings.Contains(text, `"warnings"`) {
		t.Errorf("evaluate.json is %s", text)
	}
	refuses(t, gzpt(t, "evaluate", "--run", run, "--labels", "labels.csv:patient", "--split", "part"), 1, "20 classes of 20 items: labels that name items, not classes; --labels")
	refuses(t, gzpt(t, "evaluate", "--run", run, "--split", "none"), 1, "the split has 0 train and 0 test items, expected some of each; --split COLUMN names it")
}

// Images with equal pixels in two parts of the split, or under two labels, are told.
func TestTwins(t *testing.T) {
	folder := makeData(t, files{"labels.csv": labels()})
	twin := func(from, to string) {
		if err := os.WriteFile(filepath.Join(folder, "images", to), []byte(readFile(t, folder, "images", from)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	twin("img00.png", "img14.png") // g0 in train and in test
	twin("img02.png", "img03.png") // g0 and g1 in train
	twin("img04.png", "img06.png") // no contradiction
	o := gzpt(t, short(folder, filepath.Join(t.TempDir(), "run"), "--labels", "labels.csv:grade", "--split", "part")...)
	says(t, o, `images "img00.png" and "img14.png" have equal pixels, but are in train and in test`, `images "img02.png" and "img03.png" have equal pixels, but have the labels "g0" and "g1"`)
	if strings.Count(o.stderr, "equal pixels") != 2 {
		t.Errorf("%s", o.stderr)
	}
}

// An image without gaze trains, is left out, or stops the run; no gaze at all is an error.
func TestWithoutGaze(t *testing.T) {
	some := strings.Join(strings.Split(fixationTable(), "\n")[:31], "\n") + "\n" // of 15 images
	folder, work := makeData(t, files{"fixations.csv": some}), t.TempDir()
	says(t, gzpt(t, onData(folder, filepath.Join(work, "a"))...), `5 of 20 images have no gaze and are alike to none: --without-gaze skip leaves them out; the first is "img15.png"`, "items 20, training 20")
	says(t, gzpt(t, onData(folder, filepath.Join(work, "b"), "--without-gaze", "skip")...), "5 of 20 images have no gaze and are left out", "items 15, training 15")
	says(t, gzpt(t, onData(folder, filepath.Join(work, "d"), "--exclude", "img0[0-3]*,img1[5-9]*")...), "9 excluded images", "items 11, training 11")
	for _, more := range [][]string{nil, {"--skip-bad"}} {
		refuses(t, gzpt(t, onData(folder, filepath.Join(work, "c"), append(more, "--without-gaze", "error")...)...), 1, `image "img15.png" has no gaze; 5 of 20 have none; --without-gaze plain or skip goes on`)
	}
}

// A run from before a manifest's split was kept beside other labels goes on as it began, on all of its items.
func TestRunFromBeforeSplitsWereKept(t *testing.T) {
	folder, run := makeData(t, files{"items.csv": strings.ReplaceAll(manifest(), ",fixations.csv", ","), "labels.csv": labels()}), filepath.Join(t.TempDir(), "run")
	args := []string{"--data", folder, "--gaze", "none", "--image-size", "16", "--width", "2", "--batch", "4", "--epochs", "2", "--stop-after", "1", "--out", run}
	succeed(t, append(args, "--labels", "labels.csv:grade", "--split", "none", "--group", "none")...)
	editSettings(t, run, func(config map[string]any) {
		settings := config["settings"].(map[string]any)
		settings["split"], settings["group"] = "", ""
		for _, name := range []string{"image-column", "exclude", "orientation", "window", "without-gaze"} {
			delete(settings, name)
		}
	})
	says(t, gzpt(t, "--resume", "--out", run), "items 20, training 20", "done")
	part := []string{"--labels", "labels.csv:grade", "--split", "part", "--k", "3"}
	refuses(t, gzpt(t, append([]string{"evaluate", "--run", run}, part...)...), 1, "6 of 6 test images were trained on")
}

// Tables as they are published: another column of names, validate, sep=, rows of separators alone.
func TestPublishedTables(t *testing.T) {
	table := strings.ReplaceAll(strings.ReplaceAll(labels(), ",val,", ",validate,"), "image,", "dicom_id,")
	table = "sep=;\r\n" + strings.ReplaceAll(strings.ReplaceAll(table, ",", ";"), "\n", "\r\n") + ";;;\r\n"
	folder, run := makeData(t, files{"mimic.csv": table}), filepath.Join(t.TempDir(), "run")
	args := short(folder, run, "--labels", "mimic.csv:grade", "--split", "part")
	refuses(t, gzpt(t, args...), 1, `mimic.csv:2: no column "image", but one "dicom_id"; --image-column COLUMN names it`)
	succeed(t, append(args, "--image-column", "dicom_id")...)
	says(t, gzpt(t, "evaluate", "--run", run, "--k", "3"), "12 train, 2 val, 6 test items")
}
