package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/bmp"

	"gzpt/kernels/npy"
)

// disc is a picture of 32 x 32 pixels, a bright disc on noise; value makes a pixel of 0 to 210.
func disc(i int, value func(v int) color.Color) image.Image {
	m := image.NewRGBA64(image.Rect(0, 0, 32, 32))
	for k := range 32 * 32 {
		x, y, v := k%32-16, k/32-16, (k*7919+i*104729)%61
		if radius := 5 + 5*(i%2); x*x+y*y < radius*radius {
			v += 150
		}
		m.Set(k%32, k/32, value(v))
	}
	return m
}

func grey8(v int) color.Color { return color.Gray{Y: uint8(v)} }

// pngs writes pictures under their names into a folder.
func pngs(t *testing.T, folder string, names ...string) {
	t.Helper()
	for i, name := range names {
		m := image.NewGray(image.Rect(0, 0, 32, 32))
		from := disc(i, grey8)
		for k := range m.Pix {
			m.Pix[k] = color.GrayModel.Convert(from.At(k%32, k/32)).(color.Gray).Y
		}
		var b bytes.Buffer
		path := filepath.Join(folder, name)
		if err := errors.Join(png.Encode(&b, m), os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, b.Bytes(), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
}

// short is flags for two steps on a folder without gaze.
func short(folder, out string, more ...string) []string {
	args := []string{"--data", folder, "--gaze", "none", "--image-size", "16", "--width", "2", "--batch", "4", "--projector", "8", "--predictor", "8",
		"--embedding", "8", "--steps", "2", "--out", out}
	return append(args, more...)
}

// says demands that a command succeeds and says all of some texts.
func says(t *testing.T, o outcome, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if o.status != 0 || !strings.Contains(o.stderr+o.stdout, text) {
			t.Errorf("status %d, %s%s; expected %q", o.status, o.stdout, o.stderr, text)
		}
	}
}

// refuses demands that a command fails and says why.
func refuses(t *testing.T, o outcome, status int, text string) {
	t.Helper()
	if o.status != status || !strings.Contains(o.stderr, text) {
		t.Errorf("status %d, %s; expected %d and %q", o.status, o.stderr, status, text)
	}
}

// viewOf is the grey value in the middle of the first whole image that a run drew.
func viewOf(t *testing.T, run string) int {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(run, "views", "*.png"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no views: %v", err)
	}
	m, err := png.Decode(strings.NewReader(readFile(t, paths[0])))
	if err != nil {
		t.Fatal(err)
	}
	return int(color.GrayModel.Convert(m.At(50, 50)).(color.Gray).Y)
}

// Pictures that are replaced by others of the same size and time are decoded anew: written over, and put in their place.
func TestReplacedPicturesAreSeen(t *testing.T) {
	folder, work, cache := t.TempDir(), t.TempDir(), t.TempDir()
	write := func(value uint8, aside string) {
		for i := range 4 {
			m := image.NewGray(image.Rect(0, 0, 32, 32))
			for k := range m.Pix {
				m.Pix[k] = value + uint8(i)
			}
			path := filepath.Join(folder, fmt.Sprintf("a%d.bmp", i))
			f, err := os.Create(path + aside)
			if err != nil {
				t.Fatal(err)
			}
			old := time.Unix(1.7e9, 0)
			if err := errors.Join(bmp.Encode(f, m), f.Close(), os.Chtimes(path+aside, old, old), os.Rename(path+aside, path)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for k, step := range []struct {
		value uint8
		aside string
	}{{10, ""}, {200, ""}, {90, ".new"}} {
		write(step.value, step.aside)
		run := filepath.Join(work, fmt.Sprint(k))
		succeed(t, short(folder, run, "--augment", "none", "--dump-views", "1", "--cache", cache)...)
		if got := viewOf(t, run); got != int(step.value) {
			t.Errorf("the run trains on %d, the files have %d", got, step.value)
		}
	}
}

// Twelve bits in sixteen are told, and a window that the run has found is the run's for good.
func TestWindowOfARun(t *testing.T) {
	folder, work := t.TempDir(), t.TempDir()
	for i := range 8 {
		m := image.NewGray16(image.Rect(0, 0, 32, 32))
		for k := range 32 * 32 {
			v := color.GrayModel.Convert(disc(i, grey8).At(k%32, k/32)).(color.Gray).Y
			m.SetGray16(k%32, k/32, color.Gray16{Y: 17 * uint16(v)}) // up to 3570
		}
		var b bytes.Buffer
		if err := errors.Join(png.Encode(&b, m), os.WriteFile(filepath.Join(folder, fmt.Sprintf("x%d.png", i)), b.Bytes(), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	spread := func(args ...string) float64 {
		out := filepath.Join(t.TempDir(), "e")
		succeed(t, append([]string{"embed", "--pixels", "--out", out}, args...)...)
		_, pixels, err := npy.ReadFile(filepath.Join(out, "pixels.npy"))
		if err != nil {
			t.Fatal(err)
		}
		mean, square := 0.0, 0.0
		for _, v := range pixels {
			mean += float64(v) / float64(len(pixels))
			square += float64(v) * float64(v) / float64(len(pixels))
		}
		return math.Sqrt(square - mean*mean)
	}
	plain, scaled := filepath.Join(work, "plain"), filepath.Join(work, "scaled")
	says(t, gzpt(t, short(folder, plain)...), "no image of 16 bits uses more than 12 of them", "--window auto scales them")
	if o := succeed(t, short(folder, scaled, "--window", "auto")...); strings.Contains(o.stderr, "--window") {
		t.Errorf("a run with a window is told of it: %s", o.stderr)
	}
	if !strings.Contains(readFile(t, scaled, "config.json"), `"window": "0,4095"`) {
		t.Error("config.json has not the window that was found")
	}
	if a, b := spread("--run", plain), spread("--run", scaled); !(a < 0.2 && b > 0.8) {
		t.Errorf("the encoder of the run sees a spread of %v, with the window %v", a, b)
	}
	succeed(t, "--resume", "--out", scaled, "--window", "auto")
	refuses(t, gzpt(t, "--resume", "--out", scaled, "--window", "0,3000"), 2, "--window 0,3000, but the run has 0,4095")
	says(t, gzpt(t, short(folder, filepath.Join(work, "p"), "--window", "percentile")...), "done")
	refuses(t, gzpt(t, short(folder, filepath.Join(work, "q"), "--window", "7")...), 2, `--window "7", expected auto, percentile, or LO,HI`)
}

// tagged is a JPEG file whose EXIF says how it is to be turned.
func tagged(t *testing.T, m image.Image, orientation byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string([]byte{orientation}) + "\x00\x00\x00\x00\x00\x00\x00"
	head := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return append(head, b.Bytes()[2:]...)
}

// Gaze that was recorded on pictures as viewers show them fits once these are turned, and a tag that is not applied is told.
func TestOrientation(t *testing.T) {
	folder, work := t.TempDir(), t.TempDir()
	gaze := "image,x [norm],y [norm],duration [s]\n"
	for i := range 8 {
		m := image.NewGray(image.Rect(0, 0, 48, 32))
		for y := 4; y < 10; y++ {
			for x := 6; x < 12; x++ {
				m.SetGray(x, y, color.Gray{Y: 250})
			}
		}
		name, x, y, tag := fmt.Sprintf("c%d.jpg", i), 9./48, 7./32, byte(1)
		if i < 4 {
			tag, x, y = 6, (32-7.)/32, 9./48
		}
		if err := os.WriteFile(filepath.Join(folder, name), tagged(t, m, tag), 0o666); err != nil {
			t.Fatal(err)
		}
		gaze += fmt.Sprintf("%s,%.4f,%.4f,0.3\n", name, x, y)
	}
	if err := os.WriteFile(filepath.Join(folder, "gaze.csv"), []byte(gaze), 0o666); err != nil {
		t.Fatal(err)
	}
	const told = `4 of 8 images have an orientation tag that is not applied, the first "c0.jpg": --orientation upright turns them`
	for orientation, want := range map[string]bool{"stored": true, "upright": false} {
		out := filepath.Join(work, orientation)
		o := succeed(t, "relate", "--data", folder, "--gaze", "heatmap-cc", "--image-size", "16", "--orientation", orientation, "--out", out)
		if strings.Contains(o.stderr, told) != want {
			t.Errorf("%s: %s", orientation, o.stderr)
		}
		e := filepath.Join(work, orientation+"-e")
		run := filepath.Join(work, orientation+"-run")
		succeed(t, short(folder, run, "--orientation", orientation)...)
		succeed(t, "embed", "--run", run, "--pixels", "--out", e)
		_, pixels, err := npy.ReadFile(filepath.Join(e, "pixels.npy"))
		if err != nil {
			t.Fatal(err)
		}
		// Upright, the spot at (9,7) of 48 x 32 is at (25,9) of 32 x 48: column 12 and row 3 of 16.
		if bright := pixels[(3*16+12)*3] > 0; bright == want {
			t.Errorf("%s: the spot is where viewers show it: %v", orientation, bright)
		}
	}
}

// What a folder holds and is no item is told in one line, and run directories are never data, even to themselves.
func TestPassedOverAndRuns(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	pngs(t, folder, "a.png", "b.png", "c.png", "sub/d.png", "e.jfif", "f.pgm", "g.gif", "h.dcm", "x_mask.png")
	pngs(t, elsewhere, "z.png")
	if err := os.Symlink(elsewhere, filepath.Join(folder, "linked")); err != nil {
		t.Skip(err)
	}
	run := filepath.Join(folder, "runs", "a")
	o := gzpt(t, "--data", folder, "--gaze", "none", "--image-size", "16", "--width", "2", "--batch", "3", "--epochs", "2", "--stop-after", "1", "--dump-views", "3",
		"--exclude", "*_mask*", "--out", run)
	says(t, o, "passed over: 2 files (.dcm 1, .gif 1), 1 linked folder, 1 excluded image", "items 6, training 6")
	says(t, gzpt(t, "--resume", "--out", run), "1 run directory", "resumed", "done")
	refuses(t, gzpt(t, short(run, filepath.Join(t.TempDir(), "r"))...), 1, "a run directory, expected a folder of images")
	refuses(t, gzpt(t, short(folder, "r", "--exclude", "[")...), 2, `--exclude: pattern "["`)
}

// A data set such as BUSI: classes are folders, masks lie beside the images.
func TestClassFolders(t *testing.T) {
	folder, run := t.TempDir(), filepath.Join(t.TempDir(), "run")
	var names []string
	for _, part := range []string{"train", "test"} {
		for i := range 8 {
			class := []string{"benign", "malignant"}[i%2]
			names = append(names, fmt.Sprintf("%s/%s/%s (%d).png", part, class, class, i))
			names = append(names, fmt.Sprintf("%s/%s/%s (%d)_mask.png", part, class, class, i))
		}
	}
	slices.Sort(names)
	pngs(t, folder, names...)
	says(t, gzpt(t, short(folder, run, "--labels", "folders", "--exclude", "*_mask*")...), "training 8", "16 excluded images", "the split is that of the first folders")
	says(t, gzpt(t, "evaluate", "--run", run, "--k", "3"), "2 classes of folders; 8 train, 0 val, 8 test items", "benign 4/0/4, malignant 4/0/4")
}

// A run that goes on has the pixels that it began with, while labels may be corrected and the folder moved.
func TestResumeAfterChanges(t *testing.T) {
	start := func(t *testing.T) (folder, run string) {
		folder, run = makeData(t, files{"labels.csv": labels()}), filepath.Join(t.TempDir(), "run")
		succeed(t, "--data", folder, "--labels", "labels.csv:grade", "--split", "part", "--gaze", "none", "--image-size", "16", "--width", "2", "--batch", "4",
			"--epochs", "2", "--stop-after", "1", "--out", run)
		return folder, run
	}
	t.Run("pixels", func(t *testing.T) {
		folder, run := start(t)
		other := readFile(t, folder, "images", "img06.png")
		if err := os.WriteFile(filepath.Join(folder, "images", "img05.png"), []byte(other), 0o666); err != nil {
			t.Fatal(err)
		}
		refuses(t, gzpt(t, "--resume", "--out", run), 1, `items.csv:7: image "img05.png": its pixels have changed since the run began`)
	})
	t.Run("a file, not its pixels", func(t *testing.T) {
		folder, run := start(t)
		path := filepath.Join(folder, "images", "img05.png")
		m, err := png.Decode(strings.NewReader(readFile(t, path)))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := errors.Join((&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, m), os.WriteFile(path, b.Bytes(), 0o666)); err != nil {
			t.Fatal(err)
		}
		says(t, gzpt(t, "--resume", "--out", run), "done")
	})
	t.Run("a label", func(t *testing.T) {
		folder, run := start(t)
		corrected := strings.Replace(labels(), "img00.png,g0", "img00.png,g1", 1)
		if err := os.WriteFile(filepath.Join(folder, "labels.csv"), []byte(corrected), 0o666); err != nil {
			t.Fatal(err)
		}
		says(t, gzpt(t, "--resume", "--out", run), `1 of 20 labels have changed since the run began, that of "img00.png" first`, "done")
	})
	t.Run("the split", func(t *testing.T) {
		folder, run := start(t)
		changed := strings.Replace(labels(), "img14.png,g0,test", "img14.png,g0,train", 1)
		if err := os.WriteFile(filepath.Join(folder, "labels.csv"), []byte(changed), 0o666); err != nil {
			t.Fatal(err)
		}
		refuses(t, gzpt(t, "--resume", "--out", run), 1, `image "img14.png": its split has changed from "test" to "train"`)
	})
	t.Run("the folder", func(t *testing.T) {
		folder, run := start(t)
		moved := filepath.Join(t.TempDir(), "moved")
		if err := os.Rename(folder, moved); err != nil {
			t.Fatal(err)
		}
		refuses(t, gzpt(t, "--resume", "--out", run), 1, folder)
		says(t, gzpt(t, "--resume", "--out", run, "--data", moved), "done")
	})
}

func TestCacheVerb(t *testing.T) {
	folder, cache := makeData(t, nil), filepath.Join(t.TempDir(), "kept")
	says(t, gzpt(t, "cache", "--cache", cache), cache+": 0 files of 0 bytes")
	o := gzpt(t, short(folder, filepath.Join(t.TempDir(), "r"), "--cache", cache)...)
	says(t, o, "pixel cache: file "+cache+"/pixels-", "KiB, decoded now (no cache yet)")
	says(t, gzpt(t, "cache", "list", "--cache", cache), cache+": 1 file of ", "20 images of 19 x 19 x 3, the first "+filepath.Join(folder, "images", "img00.png"))
	says(t, gzpt(t, "cache", "clear", "--cache", cache), cache+": 1 file of ")
	says(t, gzpt(t, "cache", "clear", "--cache", cache), cache+": 0 files of 0 bytes removed")
	refuses(t, gzpt(t, "cache", "cler"), 2, "cache cler: expected list or clear; did you mean clear?")
	says(t, gzpt(t, "help", "cache"), "gzpt-train cache clear", "--cache DIR")
}
