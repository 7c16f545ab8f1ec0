package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gzpt/kernels/npy"
)

// pageOf reads relate.html and checks what every page must be: balanced tags, nothing from elsewhere, and every number
// with the value that relate.json has at the path it names.
func pageOf(t *testing.T, out string) (page string, keys map[string]bool) {
	t.Helper()
	page = readFile(t, out, "relate.html")
	var root any
	numbers := json.NewDecoder(strings.NewReader(readFile(t, out, "relate.json")))
	numbers.UseNumber()
	if err := numbers.Decode(&root); err != nil {
		t.Fatal(err)
	}
	keys = map[string]bool{}
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict = true
	key, value := "", ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "script" || token.Name.Local == "link" || token.Name.Local == "iframe" {
				t.Errorf("the page has a %s", token.Name.Local)
			}
			key, value = "", ""
			for _, a := range token.Attr {
				switch a.Name.Local {
				case "data-key":
					key = a.Value
				case "value", "data-value":
					value = a.Value
				case "href", "src":
					if !strings.HasPrefix(a.Value, "data:") {
						t.Errorf("%s of a %s is %.40s", a.Name.Local, token.Name.Local, a.Value)
					}
				}
			}
			if key != "" {
				keys[key] = true
				if want := fmt.Sprint(valueAt(root, key)); want != value {
					t.Errorf("%s is %s on the page and %s in relate.json", key, value, want)
				}
			}
		case xml.CharData:
			if key != "" {
				shownNumber(t, key, value, string(token))
			}
			key = ""
		}
	}
	return page, keys
}

func valueAt(v any, path string) any {
	for _, k := range strings.Split(path, ".") {
		if list, ok := v.([]any); ok {
			i, _ := strconv.Atoi(k)
			v = list[i]
		} else {
			v = v.(map[string]any)[k]
		}
	}
	return v
}

// shownNumber demands that the text of a number is the number, rounded.
func shownNumber(t *testing.T, key, value, text string) {
	t.Helper()
	number, percent := strings.CutSuffix(strings.TrimPrefix(strings.TrimPrefix(text, "tau in use "), "suggested "), " %")
	shown, err := strconv.ParseFloat(number, 64)
	want, _ := strconv.ParseFloat(value, 64)
	tolerance := max(.0005, math.Abs(want)*.0005)
	if percent {
		shown, tolerance = shown/100, .0005
	}
	if err != nil || math.Abs(shown-want) > tolerance*1.0001 {
		t.Errorf("%s: %q is shown for %s", key, text, value)
	}
}

func relateJSON(t *testing.T, out string) (found findings) {
	t.Helper()
	if err := json.Unmarshal([]byte(readFile(t, out, "relate.json")), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRelate(t *testing.T) {
	out := filepath.Join(t.TempDir(), "relation")
	evil := strings.ReplaceAll(labels(), ",g1,", `,"<script>&""'",`)
	folder := makeData(t, files{"fixations.csv": fixationTable(), "labels.csv": evil})
	o := succeed(t, "relate", "--data", folder, "--gaze", "heatmap-cc", "--labels", "labels.csv:grade", "--positives", "3", "--image-size", "16", "--out", out,
		"--compare", "tima:eps=0.1,rate=100,heatmap-cc", "--permutations", "5", "--pairs", "2")
	for _, want := range []string{"20 items, 20 with gaze", "quantiles", "same-label AUC", "tima:eps=0.1,rate=100  ", "ranked by the first 5"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("relate does not say %q:\n%s", want, o.stdout)
		}
	}
	dims, values, err := npy.ReadFile(filepath.Join(out, "relation.npy"))
	if err != nil || !slices.Equal(dims, []int{20, 20}) || values[0] != 1 {
		t.Errorf("relation.npy: %v, %v", dims, err)
	}
	page, keys := pageOf(t, out)
	for _, id := range []string{"signal", "taus", "distribution", "positives", "labels", "comparison", "closest", "furthest", "facts"} {
		if !strings.Contains(page, `id="`+id+`"`) {
			t.Errorf("the page has no %s", id)
		}
	}
	for _, key := range []string{"tau", "histogram.pairs.59", "histogram.same_label.0", "positives_histogram.0.items", "taus.0.tau", "labels.auc_low", "labels.precision_at.2.share",
		"labels.permuted.auc_same_label.sd", "comparison.1.timing.pairs_per_s", "closest.1.similarity", "timing.seconds", "dropped.outside"} {
		if !keys[key] {
			t.Errorf("the page does not show %s", key)
		}
	}
	if strings.Contains(page, "<script>") || !strings.Contains(page, "&lt;script&gt;") {
		t.Error("a label is not escaped")
	}
	found := relateJSON(t, out)
	if !strings.Contains(page, strings.NewReplacer("±", "±").Replace(found.Conclusion.Threshold)) || strings.Count(page, "data:image/jpeg;base64,") != 8 {
		t.Errorf("no conclusion, or not 8 images on the page")
	}
	if found.Detector == "" || len(found.Files) != 1 || found.Files[0].Format != "table" || len(found.Comparison) != 2 || found.Timing == nil {
		t.Errorf("%+v", found)
	}
	if left, _ := os.ReadDir(out); len(left) != 5 { // config.json, items.csv, relate.html, relate.json, relation.npy
		t.Errorf("%v", left)
	}
	if o := gzpt(t, "relate", "--resume", "--out", out); o.status != 1 || !strings.Contains(o.stderr, "is complete: there is nothing to resume") {
		t.Errorf("resume of what is done: %d %s", o.status, o.stderr)
	}
}

// Gaze alone: a file, a folder, a path of its own beside images; and phantoms.
// Labels that tell nothing apart are left out with a warning, and no run is trained by them.
func TestLabelsThatTellNothing(t *testing.T) {
	table := "image,one,none,name\n"
	for i := range 20 {
		table += fmt.Sprintf("%s,x,-,%d\n", imageName(i), i)
	}
	folder := makeData(t, files{"fixations.csv": fixationTable(), "labels.csv": table})
	for column, want := range map[string]string{
		"one": `all labels are "x", expected at least two classes`, "none": "there are no labels", "name": "20 classes of 20 items: labels that name items",
	} {
		out := filepath.Join(t.TempDir(), "out")
		o := succeed(t, "relate", "--data", folder, "--labels", "labels.csv:"+column, "--out", out)
		if !strings.Contains(o.stderr, "labels.csv:"+column+" are left out: "+want) || !strings.Contains(o.stdout, "Without labels the question") {
			t.Errorf("%s: %s%s", column, o.stderr, o.stdout)
		}
		run := filepath.Join(t.TempDir(), "run")
		o = gzpt(t, onData(folder, run, "--gaze", "labels", "--labels", "labels.csv:"+column)...)
		if o.status != statusFailed || !strings.Contains(o.stderr, "--labels FILE:COLUMN") {
			t.Errorf("%s: a run by labels: %d %s", column, o.status, o.stderr)
		}
	}
}

// What reading the gaze had to assume is told without images too, and labels that may be one in two ways by relate and --gaze labels.
func TestRelateTells(t *testing.T) {
	gaze, labels := "image,x [px],y [px],duration [s],width,height\n", "image,grade\n"
	for i := range 20 {
		gaze += fmt.Sprintf("%s,%d,%d,0.3,24,20\n", imageName(i), 2+i, 3)
		labels += fmt.Sprintf("%s,%s\n", imageName(i), []string{"1", "1.0", "2"}[i%3])
	}
	folder := t.TempDir()
	for name, text := range map[string]string{"g.csv": gaze, "h.csv": gaze, "labels.csv": labels} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const twins = `the labels "1" and "1.0" are two classes`
	o := succeed(t, "relate", "--data", folder, "--labels", "labels.csv:grade", "--out", filepath.Join(t.TempDir(), "out"))
	if !strings.Contains(o.stderr, "20 recordings of h.csv are those of g.csv") || !strings.Contains(o.stderr, twins) {
		t.Error(o.stderr)
	}
	distances, names := make([]float32, 400), ""
	for k := range distances {
		distances[k] = float32(max(k/20-k%20, k%20-k/20))
	}
	for i := range 20 {
		names += imageName(i) + "\n"
	}
	matrix, list := filepath.Join(folder, "d.npy"), filepath.Join(folder, "names.txt")
	if err := errors.Join(npy.WriteFile(matrix, []int{20, 20}, distances), os.WriteFile(list, []byte(names), 0o666)); err != nil {
		t.Fatal(err)
	}
	o = succeed(t, "relate", "--relation", matrix, "--names", list, "--out", filepath.Join(t.TempDir(), "out"))
	if !strings.Contains(o.stderr, "as distances are; expected larger values where images are more alike") {
		t.Error(o.stderr)
	}
	withImages := makeData(t, files{"labels.csv": labels})
	o = succeed(t, onData(withImages, filepath.Join(t.TempDir(), "run"), "--gaze", "labels", "--labels", "labels.csv:grade")...)
	if !strings.Contains(o.stderr, twins) {
		t.Error(o.stderr)
	}
}

func TestRelateWithoutImages(t *testing.T) {
	framed := "image,reader,x [px],y [px],duration [ms],width,height\n"
	for i := range 12 {
		for r := range 2 {
			framed += fmt.Sprintf("i%d.png,r%d,%d,%d,200,100,80\n", i, r, 5+8*i+r, 70-5*i-r)
		}
	}
	folder := t.TempDir()
	for name, text := range (files{"gaze.csv": framed, "labels.csv": "image,kind\n" + func() (s string) {
		for i := range 12 {
			s += fmt.Sprintf("i%d,k%d\n", i, i/4)
		}
		return s
	}()}) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	images := makeData(t, files{"elsewhere.txt": "no gaze"})
	beside := filepath.Join(t.TempDir(), "f.csv")
	if err := os.WriteFile(beside, []byte(fixationTable()), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args  []string
		items int
		key   string
	}{
		"file":       {[]string{"--data", filepath.Join(folder, "gaze.csv"), "--labels", "labels.csv:kind"}, 12, "labels.auc_same_label"},
		"folder":     {[]string{"--data", folder, "--labels", "labels.csv:kind"}, 12, "readers.auc_same_image"},
		"gaze files": {[]string{"--gaze-files", folder}, 12, "readers.images"},
		"elsewhere":  {[]string{"--data", images, "--gaze-files", beside, "--image-size", "16"}, 20, "closest.0.similarity"},
		"phantoms":   {[]string{"--phantoms", "40", "--image-size", "16"}, 40, "labels.auc_same_label"},
		"mean":       {[]string{"--data", folder, "--readers", "mean"}, 12, "readers.images"},
		"permuted":   {[]string{"--data", folder, "--gaze", "permuted:heatmap-cc", "--labels", "labels.csv:kind"}, 12, "labels.auc_same_label"},
		"labels":     {[]string{"--data", folder, "--gaze", "labels", "--labels", "labels.csv:kind"}, 12, "labels.auc_same_label"},
		"top-k":      {[]string{"--data", folder, "--rule", "top-k", "--positives", "3", "--mutual"}, 12, "rule.k"},
		"soft":       {[]string{"--data", folder, "--rule", "soft", "--tau", "0.2", "--tau-full", "0.9"}, 12, "rule.full"},
		"quantile":   {[]string{"--data", folder, "--rule", "quantile", "--quantile", "0.8"}, 12, "tau"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			args := append([]string{"relate", "--out", out, "--permutations", "2"}, c.args...)
			if !slices.Contains(args, "--gaze") {
				args = append(args, "--gaze", "heatmap-cc")
			}
			succeed(t, args...)
			_, keys := pageOf(t, out)
			if found := relateJSON(t, out); found.Items != c.items || found.WithGaze != c.items || !keys[c.key] {
				t.Errorf("%d items, %d with gaze, want %d; no %s on the page", found.Items, found.WithGaze, c.items, c.key)
			}
		})
	}
	for want, args := range map[string][]string{
		"names no image": {"--gaze-files", write(t, "x [px],y [px],duration [s],width,height\n1,2,3,10,10\n")},
		"unknown frame":  {"--gaze-files", write(t, "image,x [px],y [px],duration [s]\na,1,2,3\n")},
	} {
		if o := gzpt(t, append([]string{"relate", "--out", filepath.Join(t.TempDir(), "o")}, args...)...); o.status != 1 || !strings.Contains(o.stderr, want) {
			t.Errorf("status %d, %s; want %q", o.status, o.stderr, want)
		}
	}
}

// write makes a CSV file.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// A matrix of other code, with and without the images, by relate and by pretrain.
func TestReadyMadeRelation(t *testing.T) {
	const n = 16 // the images 4 to 19
	values, list := make([]float32, n*n), ""
	for i := range n {
		list += fmt.Sprintf("some/folder/img%02d.jpg\n", i+4)
		for j := range n {
			values[i*n+j] = 1 - float32(math.Abs(float64(i-j)))/n
		}
	}
	folder := makeData(t, files{"labels.csv": labels()})
	matrix, names := filepath.Join(folder, "sim.npy"), filepath.Join(folder, "namelist.txt")
	if err := npy.WriteFile(matrix, []int{n, n}, values); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(names, []byte(list), 0o666); err != nil {
		t.Fatal(err)
	}
	ready := []string{"--relation", matrix, "--names", names}
	withImages, alone := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	succeed(t, append([]string{"relate", "--data", folder, "--labels", "labels.csv:grade", "--image-size", "16", "--out", withImages, "--permutations", "3"}, ready...)...)
	pageOf(t, withImages)
	if found := relateJSON(t, withImages); found.Items != 20 || found.WithGaze != 16 || found.Labels.Items != 16 {
		t.Errorf("%+v", found.Diagnosis)
	}
	succeed(t, append([]string{"relate", "--labels", write(t, "image,l\nimg04,x\nimg05,x\nimg06,y\n") + ":l", "--out", alone, "--permutations", "3"}, ready...)...)
	pageOf(t, alone)
	if found := relateJSON(t, alone); found.Items != 16 || found.WithGaze != 16 || found.Labels.Items != 3 {
		t.Errorf("%+v", found.Diagnosis)
	}
	run := filepath.Join(t.TempDir(), "run")
	args := slices.DeleteFunc(onData(folder, run, ready...), func(s string) bool { return s == "--gaze" || s == "heatmap-cc" })
	succeed(t, append(args, "--tau", "0.7", "--drop", "0", "--epochs", "2", "--stop-after", "1")...)
	succeed(t, "--resume", "--out", run)
	positives := 0.0
	for _, line := range metricsOf(t, run, 10) {
		positives += line["positives_per_anchor"]
	}
	if positives < 3 {
		t.Errorf("%g positives an anchor in 10 steps, expected 0.3 a step or more", positives)
	}
	for want, args := range map[string][]string{
		"--relation FILE and --names FILE belong together": {"--relation", matrix},
		"--relation and --gaze are two sources":            append([]string{"--gaze", "tima"}, ready...),
		"none of its names is among the images":            {"--data", folder, "--image-size", "16", "--relation", matrix, "--names", write(t, strings.ReplaceAll(list, "img", "other"))},
		":2: the name on line 1 once more":                 {"--relation", matrix, "--names", write(t, strings.ReplaceAll(list, "img05", "img04"))},
		"only with the measures of recordings":             append([]string{"--compare", "all"}, ready...),
	} {
		if o := gzpt(t, append([]string{"relate", "--out", filepath.Join(t.TempDir(), "o")}, args...)...); o.status == 0 || !strings.Contains(o.stderr, want) {
			t.Errorf("status %d, %s; want %q", o.status, o.stderr, want)
		}
	}
}

// An interrupted call keeps its blocks, and continued gives the same matrix and the same report.
func TestRelateResumes(t *testing.T) {
	work := t.TempDir()
	whole, cut := filepath.Join(work, "whole"), filepath.Join(work, "cut")
	phantoms := "2000" // enough for some blocks before the interruption
	if testing.Short() {
		phantoms = "600" // under the race detector that is slow enough
	}
	args := []string{"relate", "--phantoms", phantoms, "--image-size", "8", "--gaze", "tima", "--permutations", "3", "--compare", "heatmap-cc", "--out"}
	succeed(t, append(args, whole)...)
	interrupted := false
	for try := range 40 {
		c := command(t, append(args, cut)...)
		if try > 0 {
			c = command(t, append(args, cut, "--resume")...) // the same arguments; --out alone will do
		}
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if !interrupted {
			waitFor(t, filepath.Join(cut, "relation.npy.part"))
			time.Sleep(50 * time.Millisecond) // some blocks
			c.Process.Signal(os.Interrupt)
		}
		if got := status(t, c.Wait()); got == 130 {
			interrupted = true
			if kept, err := filepath.Glob(filepath.Join(cut, "relation.npy*")); len(kept) == 0 || !strings.Contains(stderr.String(), "relate --resume --out "+cut) {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			if o := gzpt(t, append(args, cut)...); o.status != 1 || !strings.Contains(o.stderr, "--resume continues") {
				t.Fatalf("begun again: %d %s", o.status, o.stderr)
			}
			if o := gzpt(t, "relate", "--resume", "--out", cut, "--gaze", "heatmap-cc"); o.status != 2 || !strings.Contains(o.stderr, "--gaze heatmap-cc, but the run has tima") {
				t.Fatalf("resumed as another: %d %s", o.status, o.stderr)
			}
		} else if got != 0 {
			t.Fatalf("status %d: %s", got, stderr.String())
		} else {
			break
		}
	}
	if !interrupted {
		t.Skip("the machine is too fast: the call was done before it was interrupted")
	}
	if readFile(t, whole, "relation.npy") != readFile(t, cut, "relation.npy") || readFile(t, whole, "items.csv") != readFile(t, cut, "items.csv") {
		t.Error("another relation than without the interruption")
	}
	a, b := relateJSON(t, whole), relateJSON(t, cut)
	if fmt.Sprintf("%+v", a.Labels.Control) != fmt.Sprintf("%+v", b.Labels.Control) || a.Conclusion != b.Conclusion || len(b.Comparison) != 2 {
		t.Errorf("another report than without the interruption:\n%+v\n%+v", a.Conclusion, b.Conclusion)
	}
	page, _ := pageOf(t, cut)
	if strings.Contains(page, "--resume</code>") || !strings.Contains(page, "--permutations 3 --compare heatmap-cc --out "+cut+"</code>") {
		t.Error("the page does not have the command that began the call")
	}
}

// waitFor waits until a file is there.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
	t.Fatalf("%s did not come", path)
}

// relate shows the relation and the positives that pretrain trains on with the same flags, whatever the rule; of a top-k
// those among the images that are trained on.
func TestRelateShowsWhatPretrainTakes(t *testing.T) {
	folder := makeData(t, files{"fixations.csv": fixationTable(), "labels.csv": labels()})
	for name, rule := range map[string][]string{
		"threshold": {"--tau", "0.5"},
		"positives": {"--positives", "3"},
		"top-k":     {"--rule", "top-k", "--positives", "2"},
		"mutual":    {"--rule", "top-k", "--positives", "3", "--mutual", "--patients", "apart"},
		"soft":      {"--rule", "soft", "--positives", "6"},
		"quantile":  {"--rule", "quantile", "--quantile", "0.8", "--patients", "apart"},
		"permuted":  {"--gaze", "permuted:heatmap-cc", "--positives", "3"},
	} {
		rule = append(rule, "--labels", "labels.csv:grade", "--split", "part", "--group", "patient")
		run, out := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "out")
		o := succeed(t, onData(folder, run, append(rule, "--epochs", "1")...)...)
		if !slices.Contains(rule, "--gaze") {
			rule = append(rule, "--gaze", "heatmap-cc")
		}
		succeed(t, append([]string{"relate", "--data", folder, "--image-size", "16", "--seed", seedOf(t, run), "--out", out, "--permutations", "2"}, rule...)...)
		if readFile(t, run, "relation.npy") != readFile(t, out, "relation.npy") || readFile(t, run, "items.csv") != readFile(t, out, "items.csv") {
			t.Errorf("%s: another relation than that of the run", name)
		}
		found := relateJSON(t, out)
		p := found.Positives
		by := fmt.Sprintf("tau %.4g", found.Tau)
		if k := slices.Index(rule, "top-k"); k >= 0 {
			by = "k " + rule[k+2]
		}
		if want := fmt.Sprintf("%s, per item %.4g, median %g, most %d, share of items without %.4g\n", by, p.Mean, p.Median, p.Most, p.None); !strings.Contains(o.stderr, want) {
			t.Errorf("%s: relate has %s, the run says %s", name, want, o.stderr)
		}
		if name == "top-k" && p.Least < 2 {
			t.Errorf("%s: %+v counts images that are not trained on", name, p)
		}
	}
}

// seedOf is the seed of a run.
func seedOf(t *testing.T, run string) string {
	t.Helper()
	var config struct{ Settings map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(readFile(t, run, "config.json")), &config); err != nil {
		t.Fatal(err)
	}
	return string(config.Settings["seed"])
}

// Every rule trains, and resumed gives the bits of the run that was not stopped.
func TestRulesResume(t *testing.T) {
	fewer := labels() // patients of six images each in the training part
	for i := range 12 {
		fewer = strings.Replace(fewer, fmt.Sprintf("train,p%d\n", i), fmt.Sprintf("train,q%d\n", i%2), 1)
	}
	folder := makeData(t, files{"fixations.csv": fixationTable(), "labels.csv": fewer})
	backbones := map[string]string{}
	for name, rule := range map[string][]string{
		"top-k":    {"--rule", "top-k", "--positives", "2", "--mutual"},
		"quantile": {"--rule", "quantile", "--quantile", "0.7"},
		"soft":     {"--rule", "soft", "--positives", "6", "--tau-full", "0.95"},
		"apart":    {"--positives", "6", "--patients", "apart"},
		"within":   {"--tau", "-1", "--patients", "within"},
	} {
		whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
		rule = append(rule, "--labels", "labels.csv:grade", "--split", "part", "--group", "patient", "--drop", "0.2", "--epochs", "2")
		succeed(t, onData(folder, whole, rule...)...)
		succeed(t, onData(folder, cut, append(rule, "--stop-after", "1")...)...)
		succeed(t, "--resume", "--out", cut)
		if backboneOf(t, whole) != backboneOf(t, cut) {
			t.Errorf("%s: resumed to other bits", name)
		}
		backbones[backboneOf(t, whole)] = name
		positives := 0.0
		for _, line := range metricsOf(t, whole, 6) {
			positives += line["positives_per_anchor"]
		}
		if positives == 0 {
			t.Errorf("%s: no positives", name)
		}
	}
	if len(backbones) != 5 {
		t.Errorf("two rules train to the same bits: %d different", len(backbones))
	}
}

// The folder of a relation is no damaged run, nor the other way round: each is told for what it is.
func TestRelationIsNoRun(t *testing.T) {
	work := t.TempDir()
	relation, run := filepath.Join(work, "relation"), filepath.Join(work, "run")
	succeed(t, "relate", "--phantoms", "20", "--gaze", "dhash", "--permutations", "0", "--out", relation)
	succeed(t, tiny(run, "--steps", "1")...)
	for _, args := range [][]string{
		{"evaluate", "--run", relation}, {"embed", "--run", relation, "--out", filepath.Join(work, "features")}, {"export", "--run", relation}, {"--resume", "--out", relation},
	} {
		refuses(t, gzpt(t, args...), 1, filepath.Join(relation, "config.json")+": the record of a relation, expected that of a training")
	}
	refuses(t, gzpt(t, "relate", "--resume", "--out", run), 1, filepath.Join(run, "config.json")+": the record of a training, expected that of a relation")
	o := succeed(t, "inspect", relation)
	says(t, o, relation+": relation of ", "items: 20", "array [20 20]")
	if strings.Contains(o.stdout, "not there") {
		t.Errorf("inspect misses in a relation what only a run has:\n%s", o.stdout)
	}
	if err := os.WriteFile(filepath.Join(relation, "items.csv"), []byte("image\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	refuses(t, gzpt(t, "inspect", relation), 1, "items.csv")
}
