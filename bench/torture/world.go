package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"gzpt/bench/torture/tracer"
)

// world is the program, its input, and what it makes of it undisturbed.
type world struct {
	program string // its path
	folder  string // of everything that the torture writes
	// patience is how long a call may run that takes a moment undisturbed.
	patience time.Duration
	works    []*work
	// mounts says that file systems can be mounted.
	mounts bool
	// tell, if not nil, is given every call that has ended.
	tell func(*ended)
}

// work is a call of the program whose result is known.
type work struct {
	name string
	// start is the state that a trial begins from, "" for an empty folder.
	start string
	args  []string
	// goOn is what continues the call where repeating it is refused; nil where there is nothing to continue.
	goOn []string
	// unchecked says that the state is of a version that had no checksums: damage to it cannot be told.
	unchecked bool
	// results is the files that must have the same bits whatever happened; owns says that the call makes all of them.
	results []string
	owns    bool

	golden map[string]string
	took   time.Duration
	calls  map[string]int // on files of the trial, by name
	bytes  int64          // written and set aside
	made   int            // new names
}

const (
	stopped  = "stopped"
	finished = "finished"
	related  = "related"
	begun    = "begun"
	placed   = "placed"
	old      = "old"
)

// oldRun is a run of a version before checksums, where the project's source is at hand.
const oldRun = "nn/pretrain/testdata/stopped"

// works is the calls that are tried. Those of one name before the dash are of one result.
func works() []*work {
	data := []string{"--data", "../../data", "--labels", "labels.csv:grade", "--gaze", "heatmap-cc", "--image-size", "16", "--cache", "cache"}
	pretrain := func(out string, more ...string) []string {
		return slices.Concat(data, []string{"--split", "split", "--batch", "8", "--width", "2", "--projector", "8", "--embedding", "8",
			"--positives", "3", "--checkpoint-every", "1ns", "--epochs", "2", "--out", out}, more)
	}
	resume := func(out string) []string { return []string{"--resume", "--cache", "cache", "--out", out} }
	run := func(out string, more ...string) (files []string) {
		for _, name := range []string{"checkpoints/last.ckpt", "exported/backbone.safetensors", "relation.npy", "items.csv", "metrics.jsonl"} {
			files = append(files, out+"/"+name)
		}
		return append(files, more...)
	}
	ofRun := []string{"--run", "run", "--cache", "cache"}
	relation := func(out string) []string {
		return []string{out + "/relation.npy", out + "/items.csv", out + "/relate.json"}
	}
	relate := slices.Concat([]string{"relate", "--compare", "tima,dhash", "--permutations", "2", "--pairs", "2", "--out", "rel"}, data)
	relateOn := []string{"relate", "--resume", "--cache", "cache", "--out", "rel"}
	matrix := []string{"relate", "--data", "../../scanpaths", "--gaze", "tima", "--permutations", "0", "--pairs", "1", "--out", "mat"}
	matrixOn := []string{"relate", "--resume", "--out", "mat"}
	features := []string{"features/features.npy", "features/items.csv"}
	embed := slices.Concat([]string{"embed", "--out", "features"}, ofRun)
	all := []*work{
		{name: "pretrain", args: pretrain("run", "--predictor", "8"), goOn: resume("run"), results: run("run"), owns: true},
		{name: "resume", start: stopped, args: resume("run"), results: run("run"), owns: true},
		{name: "resume-done", start: finished, args: resume("run"), results: run("run"), owns: true},
		{name: "pretrain-placed", start: placed, args: pretrain("run", "--predictor", "8"), goOn: resume("run"), results: run("run"), owns: true},
		{name: "moco", args: pretrain("moco", "--method", "moco", "--queue", "16", "--accumulate", "2"), goOn: resume("moco"), results: run("moco"), owns: true},
		{name: "evaluate", start: finished, args: slices.Concat([]string{"evaluate"}, ofRun), results: run("run", "run/evaluate.json")},
		{name: "embed", start: finished, args: embed, results: run("run", features...)},
		{name: "export", start: finished, args: []string{"export", "--run", "run", "--out", "exported.safetensors"}, results: run("run", "exported.safetensors")},
		{name: "inspect", start: finished, args: []string{"inspect", "run", "run/checkpoints/last.ckpt", "run/exported/backbone.safetensors", "run/relation.npy"}, results: run("run")},
		{name: "relate", args: relate, goOn: relateOn, results: relation("rel"), owns: true},
		{name: "relate-resume", start: related, args: relateOn, results: relation("rel"), owns: true},
		{name: "relate-placed", start: placed, args: relate, goOn: relateOn, results: relation("rel"), owns: true},
		{name: "matrix", args: matrix, goOn: matrixOn, results: relation("mat"), owns: true},
		{name: "matrix-resume", start: begun, args: matrixOn, results: relation("mat"), owns: true},
	}
	if _, err := os.Stat(oldRun); err == nil {
		all = append(all, &work{name: "old", start: old, args: resume("old"), results: run("old"), owns: true, unchecked: true})
	}
	return all
}

func (w *world) work(name string) (*work, error) {
	for _, k := range w.works {
		if k.name == name {
			return k, nil
		}
	}
	return nil, fmt.Errorf("no work %q", name)
}

func (w *world) state(name string) string { return filepath.Join(w.folder, "states", name) }

// make makes the input and the states that trials begin from, and finds what every work gives undisturbed.
func (w *world) make() error {
	for _, name := range []string{"data", "scanpaths", "states", "trials"} {
		if err := os.RemoveAll(filepath.Join(w.folder, name)); err != nil {
			return err
		}
	}
	if err := makeData(filepath.Join(w.folder, "data")); err != nil {
		return err
	}
	if err := makeScanpaths(filepath.Join(w.folder, "scanpaths", "gaze.csv")); err != nil {
		return err
	}
	w.works = works()
	if err := errors.Join(w.makeStates(), w.makeBegun(), w.makePlaced()); err != nil {
		return err
	}
	for _, k := range w.works {
		if err := w.know(k); err != nil {
			return fmt.Errorf("%s, undisturbed: %w", k.name, err)
		}
	}
	return w.agree()
}

// makeStates makes the folders that a stopped run, a finished run and a finished matrix leave.
func (w *world) makeStates() error {
	pretrain, relate := must(w.work("pretrain")).args, must(w.work("relate")).args
	for _, s := range []struct {
		name string
		args []string
	}{{stopped, append(slices.Clone(pretrain), "--stop-after", "1")}, {finished, pretrain}, {related, relate}} {
		folder := w.state(s.name)
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		e, err := w.call(folder, s.args, options{})
		if err != nil {
			return err
		}
		if e.Status != statusDone {
			return fmt.Errorf("%v: status %d: %s", s.args, e.Status, e.why())
		}
	}
	// As a call leaves it that was killed when it had the matrix.
	return errors.Join(os.Remove(filepath.Join(w.state(related), "rel", "relate.html")), os.Remove(filepath.Join(w.state(related), "rel", "relate.json")))
}

// makeBegun makes the folder that a call leaves which was interrupted while it computed a matrix.
func (w *world) makeBegun() error {
	folder := w.state(begun)
	for try := range 50 {
		if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o777)); err != nil {
			return err
		}
		e, err := w.call(folder, must(w.work("matrix")).args, options{signal: syscall.SIGINT, delay: time.Duration(10+10*try) * time.Millisecond})
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(folder, "mat", "relation.npy.blocks")); err == nil && e.Status == statusInterrupted {
			return nil
		}
	}
	return errors.New("no call of relate was interrupted while it computed its matrix")
}

// makePlaced makes a folder whose OUT is there already: a link to an empty folder, and an empty folder. And one with an old run.
func (w *world) makePlaced() error {
	folder := w.state(placed)
	err := errors.Join(os.MkdirAll(filepath.Join(folder, "disk"), 0o777), os.MkdirAll(filepath.Join(folder, "rel"), 0o777),
		os.Symlink("disk", filepath.Join(folder, "run")))
	if _, missing := os.Stat(oldRun); missing == nil {
		err = errors.Join(err, os.CopyFS(filepath.Join(w.state(old), "old"), os.DirFS(oldRun)))
	}
	return err
}

// must is a work that is there.
func must(k *work, err error) *work {
	if err != nil {
		panic(err)
	}
	return k
}

// know finds what a work gives, how long it takes, and which calls it makes.
func (w *world) know(k *work) error {
	for _, traced := range []bool{false, true} {
		folder, err := w.begin("golden-"+k.name, k)
		if err != nil {
			return err
		}
		var o options
		k.calls, k.bytes, k.made = map[string]int{}, 0, 0
		if traced {
			o.decide = k.count
			o.env = []string{"GOMAXPROCS=1"}
		}
		start := time.Now()
		e, err := w.call(folder, k.args, o)
		if traced && errors.Is(err, tracer.ErrUnsupported) {
			return nil // the trials that want it are left out, and the table says so
		}
		if err != nil {
			return err
		}
		if e.Status != statusDone {
			return fmt.Errorf("status %d: %s", e.Status, e.why())
		}
		found, err := k.found(folder)
		if err != nil {
			return err
		}
		if !traced {
			k.took, k.golden = time.Since(start), found
		} else if difference := k.difference(found); difference != "" {
			return fmt.Errorf("twice the same call gives two results: %s", difference)
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}

func (k *work) count(c tracer.Call) tracer.Action {
	k.calls[c.Name]++
	k.bytes += c.Bytes
	if c.Makes {
		k.made++
	}
	return tracer.Action{}
}

// agree demands that what must be the same in several works is.
func (w *world) agree() error {
	seen := map[string]string{}
	for _, k := range w.works {
		for name, text := range k.golden {
			if was, ok := seen[name]; ok && was != text {
				return fmt.Errorf("%s, undisturbed: another %s than before", k.name, name)
			}
			seen[name] = text
		}
	}
	return nil
}

// begin makes the folder of a trial, in the state that the work begins from.
func (w *world) begin(name string, k *work) (folder string, err error) {
	folder = filepath.Join(w.folder, "trials", name)
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", err
	}
	return folder, w.fill(folder, k)
}

func (w *world) fill(folder string, k *work) error {
	if k.start == "" {
		return nil
	}
	return os.CopyFS(folder, os.DirFS(w.state(k.start)))
}

// found is the results in a folder but some, without what is of the moment; the error names one that is missing.
func (k *work) found(folder string, but ...string) (map[string]string, error) {
	found := map[string]string{}
	for _, name := range k.results {
		if slices.Contains(but, name) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		found[name] = lasting(name, text, folder)
	}
	return found, nil
}

// difference names a result that is not the golden one, "" for none. Some may differ.
func (k *work) difference(found map[string]string, but ...string) string {
	for _, name := range slices.Sorted(maps.Keys(k.golden)) {
		if found[name] != k.golden[name] && !slices.Contains(but, name) {
			return name + " differs"
		}
	}
	return ""
}

// wrong says what of the results in a folder, but some, is not golden.
func (k *work) wrong(folder string, but ...string) string {
	found, err := k.found(folder, but...)
	if errors.Is(err, fs.ErrNotExist) {
		return "a file is missing: " + err.Error()
	}
	if err != nil {
		return err.Error()
	}
	return k.difference(found, but...)
}
