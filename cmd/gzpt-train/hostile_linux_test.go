package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// mostResident is what a hostile input may cost, whatever it claims.
const mostResident = 600 << 20

// peak runs the command and returns its outcome with the memory that it had resident at most.
func peak(t *testing.T, args ...string) (outcome, int64) {
	t.Helper()
	c := command(t, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	c.Run() // the status tells
	used := c.ProcessState.SysUsage().(*syscall.Rusage)
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}, used.Maxrss << 10
}

// sparse makes a file that begins with a text and is as large as it is said.
func sparse(t *testing.T, path, head string, size int64) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(head), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, max(size, int64(len(head)))); err != nil {
		t.Fatal(err)
	}
}

// zeros is a PNG file of so many pixels that are all 0, which are small when they are packed.
func zeros(t *testing.T, path string, m image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
}

// zipped is a gzip file of a text and so many times another one.
func zipped(t *testing.T, path, head, again string, times int) {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(z, head)
	for range times {
		io.WriteString(z, again)
	}
	z.Close()
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// pngHeader is a PNG file that has a header alone.
func pngHeader(width, height uint32, depth, colour byte) string {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(chunk, width), height)
	chunk = append(chunk, depth, colour, 0, 0, 0)
	b := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), uint32(len(chunk)-4))
	b = binary.BigEndian.AppendUint32(append(b, chunk...), crc32.ChecksumIEEE(chunk))
	return string(b) + "\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e"
}

// physio is a BIDS data set whose samples are a gzip file.
func physio(t *testing.T, again string, times int) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "sub-01", "func")
	sparse(t, filepath.Join(folder, "sub-01_task-a_physio.json"),
		`{"PhysioType":"eyetrack","Columns":["timestamp","x_coordinate","y_coordinate"],"SamplingFrequency":1000,"StartTime":0,"RecordedEye":"right"}`, 0)
	sparse(t, filepath.Join(folder, "sub-01_task-a_events.json"),
		`{"StimulusPresentation":{"ScreenOrigin":["top","left"],"ScreenResolution":[1000,1000],"ScreenSize":[0.4,0.4],"ScreenDistance":0.6}}`, 0)
	zipped(t, filepath.Join(folder, "sub-01_task-a_physio.tsv.gz"), "0\t1\t1\n", again, times)
	return filepath.Dir(filepath.Dir(folder))
}

// Whatever a file claims or unfolds to, it is refused by name within a bounded memory.
func TestHostileInputsStaySmall(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes, and under the race detector a program takes more memory; run without -short")
	}
	const huge = 1 << 40
	with := func(name, head string, size int64) func(t *testing.T) string {
		return func(t *testing.T) string {
			folder := makeData(t, files{"labels.csv": labels()})
			sparse(t, filepath.Join(folder, name), head, size)
			return folder
		}
	}
	claims := func(name, head string, size int64) func(t *testing.T) string { return with("images/"+name, head, size) }
	drawn := func(n int, m func() image.Image) func(t *testing.T) string {
		return func(t *testing.T) string {
			folder := t.TempDir()
			first := filepath.Join(folder, "0.png")
			zeros(t, first, m())
			for i := 1; i < n; i++ {
				if err := os.Link(first, filepath.Join(folder, fmt.Sprint(i)+".png")); err != nil {
					t.Fatal(err)
				}
			}
			return folder
		}
	}
	for _, test := range []struct {
		name string
		make func(t *testing.T) string
		args string // DIR is what make made
		want string
	}{
		{"gzip of line feeds", func(t *testing.T) string { return physio(t, strings.Repeat("\n", 1<<24), 100) }, "relate --data DIR --gaze heatmap-cc", "physio.tsv.gz: "},
		{"gzip of rows", func(t *testing.T) string { return physio(t, strings.Repeat("1\t1\t1\n", 1<<20), 100) }, "relate --data DIR --gaze heatmap-cc", "physio.tsv.gz: more than"},
		{"gzip of one row", func(t *testing.T) string { return physio(t, strings.Repeat("1", 1<<24), 20) }, "relate --data DIR --gaze heatmap-cc", "physio.tsv.gz: a row of more than"},
		{"labels of a terabyte", with("l.csv", "image,grade\n", huge), "--data DIR --labels l.csv:grade", "l.csv: more than 128.0 MiB"},
		{"labels in one row", with("l.csv", "image,grade\n", 120<<20), "--data DIR --labels l.csv:grade", "l.csv: a row of more than 1.0 MiB"},
		{"labels behind a quotation mark", with("l.csv", "image,grade\n\"a", 120<<20), "--data DIR --labels l.csv:grade", "l.csv: a row of more than 1.0 MiB"},
		{"labels of many columns", with("l.csv", "image,grade"+strings.Repeat(",", 1<<19)+"\n", 0), "--data DIR --labels l.csv:grade", "l.csv:1: 524290 columns, expected at most"},
		{"labels in UTF-16", with("l.csv", "\xff\xfei\x00", 120<<20), "--data DIR --labels l.csv:grade", "l.csv: a row of more than 1.0 MiB"},
		{"labels of bad rows", with("l.csv", "image,grade\n"+strings.Repeat("x,\n", 1<<20), 0), "--data DIR --skip-bad --labels l.csv:grade", "after 100000 others"},
		{"labels of many rows", with("l.csv", "image,grade\n"+strings.Repeat(",\n", 1<<20)+strings.Repeat("a", 1<<20)+"\n", 0), "--data DIR --labels l.csv:grade", "l.csv:1048578: "},
		{"MicEye of a terabyte", with("g.txt", "a;b;[[", huge), "relate --data DIR --gaze-files DIR/g.txt --format miceye", "g.txt:1: "},
		{"names of a terabyte", with("n.txt", "a\n", huge), "relate --relation DIR/n.txt --names DIR/n.txt", "n.txt:2: "},
		{"a manifest of a terabyte", with("items.csv", "image,gaze\n", huge), "--data DIR --gaze none", "items.csv: more than 128.0 MiB"},
		{"gaze of a terabyte", with("gaze.csv", "image,x [px],y [px],duration [s]\n", huge), "relate --data DIR --format table", "gaze.csv: a row of more than 1.0 MiB"},
		{"JSON of brackets", with("g.json", `[{"other": `+strings.Repeat("[", 1<<20), 0), "relate --data DIR --gaze-files DIR/g.json --format gazesearch", "more than 1000 brackets"},
		{"JSON of lines", with("g.json", "["+strings.Repeat("\n", 1<<22), 0), "relate --data DIR --gaze-files DIR/g.json --format gazesearch", "lines within a value"},
		{"weights of a terabyte", with("w.safetensors", "\xff\xff\xff\xff\xff\x00\x00\x00{", huge), "embed --weights DIR/w.safetensors --data DIR", "expected 2 to"},
		{"a matrix of a terabyte", with("r.npy", "\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (524288, 524288), } \n", 80+(4<<38)), "relate --relation DIR/r.npy --names DIR/labels.csv", "names, expected 524288"},
		{"a matrix that claims one", with("r.npy", "\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (524288, 524288), } \n", 0), "inspect DIR/r.npy", "ends within the 274877906944 elements"},
		{"a run with a terabyte of settings", with("config.json", "{", huge), "inspect DIR", "config.json: more than 64.0 MiB"},
		{"PNG that claims pixels", claims("a.png", pngHeader(8000, 8000, 8, 2), 0), "--data DIR --gaze none", `8000 x 8000 pixels in a file of`},
		{"PNG that claims 16 bits", claims("a.png", pngHeader(8000, 8000, 16, 6), 1<<28), "--data DIR --gaze none", `million bytes, expected at most`},
		{"PNG of a terabyte", claims("a.png", pngHeader(8000, 8000, 8, 2), huge), "--data DIR --gaze none", "a file of 1.0 TiB, expected an image"},
		{"BMP that claims pixels", claims("a.bmp", "BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x18\x00"+strings.Repeat("\x00", 24), 0), "--data DIR --gaze none", "8000 x 8000 pixels in a file of"},
		{"PGM that claims pixels", claims("a.pgm", "P5 8000 8000 255 ", 0), "--data DIR --gaze none", "8000 x 8000 pixels in a file of"},
		{"TIFF whose directory is far", claims("a.tif", "II*\x00\xf0\xff\xff\xff", 0), "--data DIR --gaze none", `image "a.tif"`},
		{"PNG of the largest size", drawn(6, func() image.Image { return image.NewRGBA(image.Rect(0, 0, 8192, 8192)) }), "--data DIR --gaze none --image-size 16 --batch 2 --width 2 --steps 1", "done"},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := strings.Fields(strings.ReplaceAll(test.args, "DIR", test.make(t)))
			if args[0] != "inspect" {
				args = append(args, "--out", filepath.Join(t.TempDir(), "out"))
			}
			o, used := peak(t, args...)
			if (o.status == 1) == (test.want == "done") || !strings.Contains(o.stderr, test.want) {
				t.Errorf("status %d, %.500s; expected %q", o.status, o.stderr, test.want)
			}
			t.Logf("%d MiB", used>>20)
			if used > mostResident {
				t.Errorf("%d MiB resident, expected at most %d", used>>20, mostResident>>20)
			}
		})
	}
}

// What is no ordinary file is refused at once, wherever a file is read.
func TestOrdinaryFilesOnly(t *testing.T) {
	folder := makeData(t, files{"labels.csv": labels()})
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o666); err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, short(folder, run)...)
	place := func(path string) string { // of a copy of the run
		copied := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(copied, os.DirFS(run)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(copied, path)); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(filepath.Join(copied, path), 0o666); err != nil {
			t.Fatal(err)
		}
		return copied
	}
	out := filepath.Join(t.TempDir(), "out")
	for i, args := range [][]string{
		short(folder, out, "--labels", fifo+":grade"),
		short(folder, out, "--labels", "/dev/zero:grade"),
		short(folder, out, "--labels", folder+":grade"),
		short("/dev/zero", out),
		short(fifo, out),
		short(folder, out, "--init", fifo),
		{"relate", "--data", folder, "--gaze-files", fifo, "--out", out},
		{"relate", "--relation", fifo, "--names", filepath.Join(folder, "labels.csv"), "--out", out},
		{"relate", "--relation", fifo, "--names", fifo, "--out", out},
		{"embed", "--weights", fifo, "--data", folder, "--out", out},
		{"embed", "--weights", folder, "--data", folder, "--out", out},
		{"inspect", fifo}, {"inspect", "/dev/zero"},
		{"inspect", place("config.json")}, {"inspect", place("items.csv")}, {"inspect", place("checkpoints/last.ckpt")},
		{"inspect", place("exported/backbone.safetensors")},
		{"--resume", "--out", place("checkpoints/last.ckpt")}, {"--resume", "--out", place("items.csv")},
		{"--resume", "--out", place("metrics.jsonl")}, {"--resume", "--out", place("train.log")},
		{"export", "--run", place("checkpoints/last.ckpt"), "--out", out},
		{"evaluate", "--run", place("exported/backbone.safetensors"), "--labels", "labels.csv:grade", "--split", "part", "--trained-too"},
	} {
		args = slices.Clone(args)
		if k := slices.Index(args, out); k >= 0 {
			args[k] += strconv.Itoa(i) // what an earlier one may have begun
		}
		refuses(t, gzpt(t, args...), 1, "not a regular file but a ")
	}
}
