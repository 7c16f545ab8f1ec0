package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"
)

// A flag that asks for more than any machine has is a mistake of usage, which says what it would take.
func TestAbsurdFlags(t *testing.T) {
	folder := makeData(t, files{"labels.csv": labels()})
	out := filepath.Join(t.TempDir(), "out")
	const huge = "9223372036854775807"
	for _, args := range [][]string{
		short(folder, out, "--batch", "1000000000"), short(folder, out, "--batch", huge), short(folder, out, "--width", "100000"), short(folder, out, "--width", huge),
		short(folder, out, "--projector", huge), short(folder, out, "--predictor", huge), short(folder, out, "--embedding", "1000000000000"),
		short(folder, out, "--steps", huge), short(folder, out, "--workers", "1000000000"), short(folder, out, "--batch", "100000", "--image-size", "16384"),
		{"--gaze", "tima", "--out", out, "--phantoms", "2000000000"}, {"relate", "--out", out, "--phantoms", "2000000000"},
		{"--gaze", "none", "--out", out, "--epochs", huge}, {"--gaze", "none", "--method", "moco", "--out", out, "--queue", huge},
		{"relate", "--out", out, "--permutations", huge}, {"relate", "--out", out, "--pairs", huge}, {"relate", "--out", out, "--workers", huge},
		{"--gaze", "none", "--out", out, "--memory", "64MiB", "--phantoms", "20000"},
	} {
		flag, value := args[len(args)-2], args[len(args)-1]
		o := gzpt(t, args...)
		if o.status != statusUsage || !strings.Contains(o.stderr, "error: "+flag+" "+value) || !strings.Contains(o.stderr, "would take at least") {
			t.Errorf("%s %s: status %d, %.400s", flag, value, o.status, o.stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("%s %s left a folder behind", flag, value)
		}
	}
	for _, size := range []string{"x", "1", "-1GiB", "1e30GiB", "nan", "8 GiB", "GiB"} {
		refuses(t, gzpt(t, short(folder, out, "--memory", size)...), statusUsage, "--memory")
	}
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, short(folder, run, "--memory", "512MiB")...)
	succeed(t, "embed", "--run", run, "--batch", huge, "--out", out) // there are 20 images
	says(t, gzpt(t, "evaluate", "--run", run, "--batch", huge, "--labels", "labels.csv:grade", "--split", "part", "--k", "3", "--trained-too"), "6 test items")
	editSettings(t, run, func(config map[string]any) { config["settings"].(map[string]any)["width"] = 1e9 })
	refuses(t, gzpt(t, "--resume", "--out", run), statusUsage, "--width 1000000000: ")
}

// A manifest names files below its folder alone, links resolved, unless it is allowed more; a run from before there was such
// a flag goes on.
func TestManifestStaysInItsFolder(t *testing.T) {
	folder := makeData(t, nil)
	elsewhere := makeData(t, files{"gaze.csv": "image,x [px],y [px],duration [s]\nimg00.png,1,2,0.3\n"})
	link := filepath.Join(folder, "images", "link.png")
	if err := os.Symlink(filepath.Join(elsewhere, "images", "img00.png"), link); err != nil {
		t.Skip(err)
	}
	relative, err := filepath.Rel(folder, elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	list := func(rows ...string) {
		t.Helper()
		text := "image,gaze\n"
		for i := range 6 {
			text += imageName(i) + ",\n"
		}
		if err := os.WriteFile(filepath.Join(folder, "items.csv"), []byte(text+strings.Join(rows, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const outside = "lies outside the manifest's folder"
	for _, name := range []string{filepath.Join(elsewhere, "images", "img09.png"), filepath.ToSlash(filepath.Join(relative, "images", "img09.png")), "link.png", "images/../images/link.png"} {
		list(name + ",")
		out := filepath.Join(t.TempDir(), "out")
		refuses(t, gzpt(t, short(folder, out)...), statusFailed, outside+", "+folder+"; --allow-outside lets it")
		says(t, gzpt(t, short(folder, out, "--skip-bad")...), "left out: ", outside)
		out += "2"
		succeed(t, short(folder, out, "--allow-outside")...)
		succeed(t, "--resume", "--out", out)
		editSettings(t, out, func(config map[string]any) { delete(config["settings"].(map[string]any), "allow-outside") })
		succeed(t, "--resume", "--out", out)
		succeed(t, "embed", "--run", out, "--out", filepath.Join(t.TempDir(), "features"))
	}
	list("img07.png," + filepath.Join(elsewhere, "gaze.csv"))
	args := []string{"relate", "--data", folder, "--gaze", "heatmap-cc", "--permutations", "0", "--image-size", "16", "--out", filepath.Join(t.TempDir(), "out")}
	refuses(t, gzpt(t, args...), statusFailed, outside)
	refuses(t, gzpt(t, append(args, "--allow-outside")...), statusFailed, "a file with a recording of image")
}

// Of a file that is not one of ours no error shows a line.
func TestForeignFilesAreNotQuoted(t *testing.T) {
	const secret = "s3cret"
	folder := makeData(t, files{"labels.csv": labels()})
	texts := map[string]string{
		"shadow": "root:" + secret + "a:19000:0:99999:7:::\ndaemon:" + secret + "b:1::\n", "commas": secret + "a," + secret + "b," + secret + "b\n" + secret + "c," + secret + "d,1\n",
		"json":  `{"` + secret + `": "` + secret + `"}`,
		"twice": secret + "\n" + secret + "\n", "tabs": secret + "\t" + secret + "x\n1\t2\n", "quotes": "\"" + secret + "\"x,\n",
	}
	for name, text := range texts {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		run := t.TempDir()
		for _, copied := range []string{"config.json", "items.csv", "metrics.jsonl"} {
			if err := os.WriteFile(filepath.Join(run, copied), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		list := makeData(t, files{"items.csv": "image,gaze\nimg00.png," + file + "\n"})
		for i, args := range [][]string{
			{"--labels", file + ":grade"}, {"--labels", "labels.csv:grade", "--split", file + ":part"}, {"--gaze", "tima", "--gaze-files", file},
			{"--gaze", "tima", "--gaze-files", file, "--format", "table"}, {"--gaze", "tima", "--gaze-files", file, "--format", "eyecrowd"},
			{"--gaze", "tima", "--gaze-files", file, "--format", "eyelink"}, {"--gaze", "tima", "--gaze-files", file, "--format", "gazesearch"},
			{"--gaze", "tima", "--gaze-files", file, "--format", "miceye"}, {"--gaze", "tima", "--gaze-files", file, "--format", "inbreast"},
			{"--gaze", "tima", "--gaze-files", file, "--format", "oai"}, {"--gaze", "tima", "--gaze-files", file, "--gaze-map", "x=a,y=b,t=c"}, {"--init", file},
			{"relate", "--relation", file, "--names", file}, {"embed", "--weights", file}, {"inspect", file}, {"inspect", run}, {"evaluate", "--run", run},
			{"export", "--run", run}, {"--data", file}, {"--data", list, "--gaze", "tima", "--allow-outside"}, {"--resume"},
		} {
			switch out := filepath.Join(t.TempDir(), "out"); args[0] {
			case "inspect":
			case "evaluate", "export":
				args = append(args, "--out", out)
			case "--resume":
				args = append(args, "--out", run)
			case "embed", "relate":
				args = append(args, "--data", folder, "--out", out)
			case "--data":
				args = append(args, "--gaze", "none", "--out", out)
				if i := len(args) - 5; args[i] == "tima" { // the flag once
					args = append(args[:i-1:i-1], args[i+1:]...)
				}
			default:
				if args[0] != "--gaze" {
					args = append(args, "--gaze", "none")
				}
				args = append(args, "--data", folder, "--image-size", "16", "--out", out)
			}
			if o := gzpt(t, args...); o.status == statusDone || strings.Contains(o.stdout+o.stderr, secret) {
				t.Errorf("%s, call %d, %q: status %d, %s%s", name, i, args, o.status, o.stdout, o.stderr)
			}
		}
	}
}

// Names cannot move the cursor, begin a line or turn the direction of writing: on the terminal, in the log and on a page.
func TestTextsAreShownEscaped(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has no such names")
	}
	const forged = "e\x1b]0;T\a\r\x1b[2K\nerror: FORGED \u202egnp\u2066\x7f"
	folder := makeData(t, files{"labels.csv": labels(), "gaze.csv": "image,reader,x [px],y [px],duration [s]\n"})
	rename := func(old, name string) {
		t.Helper()
		if err := os.Rename(filepath.Join(folder, old), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	rename("images/img03.png", "images/"+forged+".png")
	text := ""
	for i := range 20 {
		name := imageName(i)
		if i == 3 {
			name = "\"" + forged + ".png\""
		}
		text += name + ",\"" + forged + "\"," + []string{"1,2", "9,9", "17,3"}[i%3] + ",0.3\n"
	}
	if err := os.WriteFile(filepath.Join(folder, "gaze.csv"), []byte("image,reader,x [px],y [px],duration [s]\n"+text), 0o666); err != nil {
		t.Fatal(err)
	}
	escaped := func(what, text string) {
		t.Helper()
		for _, r := range text {
			if r != '\n' && !unicode.IsGraphic(r) {
				t.Fatalf("%s has %q: %.2000q", what, r, text)
			}
		}
		if strings.Contains(text, "\nerror: FORGED") {
			t.Errorf("%s has a line of its own: %q", what, text)
		}
	}
	out := func(name string) string { return filepath.Join(t.TempDir(), name) }
	broken := filepath.Join(folder, "images", "b"+forged+".png")
	if err := os.WriteFile(broken, []byte("broken"), 0o666); err != nil {
		t.Fatal(err)
	}
	run := out("run")
	for _, args := range [][]string{
		short(folder, out("a")), short(folder, run, "--skip-bad", "--labels", "labels.csv:grade"), short(folder, out("c"), "--labels", "labels.csv:"+forged),
		short(folder, out("d"), "--log-format", "json"), short(folder, out("e"+forged), "--labels", "no"+forged+":x"), {"inspect", run}, {"inspect", folder}, {forged}, {"--" + forged},
		{"inspect", broken}, {"cache", "list"}, {"evaluate", "--run", run, "--labels", "labels.csv:" + forged},
	} {
		o := gzpt(t, args...)
		escaped("the output of "+args[0], o.stdout+o.stderr)
	}
	escaped("train.log", readFile(t, run, "train.log"))
	editSettings(t, run, func(config map[string]any) { config["command"], config["version"] = forged, forged })
	escaped("inspect", gzpt(t, "inspect", run).stdout)
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	relation := out("relation")
	o := gzpt(t, "relate", "--data", folder, "--gaze", "heatmap-cc", "--permutations", "0", "--image-size", "16", "--without-gaze", "plain", "--pairs", "40", "--out", relation)
	escaped("relate", o.stdout+o.stderr)
	if o.status != statusDone {
		t.Fatalf("status %d, %s", o.status, o.stderr)
	}
	page := readFile(t, relation, "relate.html")
	escaped("the page", strings.ReplaceAll(page, "\t", " "))
	if !strings.Contains(page, `FORGED \u202egnp`) {
		t.Error("the name is not on the page")
	}
}
