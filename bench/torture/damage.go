package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// drawDamage draws damage to a file that is there when the call begins: "run/items.csv:flip:120:3" turns bit 3 of byte 120,
// "cut:N" leaves N bytes, "zero:N" puts zeros in the place of up to 512 bytes from N on, "grow:N" adds N bytes, "gone:0"
// removes it, and "swap:0" puts that of a run in its place that is at another step.
func drawDamage(w *world, r *rand.Rand) func() (string, string, bool) {
	var begun []*work
	for _, k := range w.works {
		if len(files(w.state(k.start))) > 0 && k.start != "" && !k.unchecked {
			begun = append(begun, k)
		}
	}
	return endless(func() (string, string) {
		k := pick(r, begun...)
		name := pick(r, files(w.state(k.start))...)
		how := drawHow(r, filepath.Join(w.state(k.start), name))
		// An older checkpoint is as good for an export, which says of which step it is.
		if strings.HasPrefix(name, "run") && r.IntN(8) == 0 && !(k.name == "export" && strings.HasSuffix(name, "last.ckpt")) {
			how = "swap:0"
		}
		if strings.HasPrefix(name, "cache") {
			name = "cache/*" // its name follows from where the data lie
		}
		return k.name, filepath.ToSlash(name) + ":" + how
	})
}

// drawHow draws damage to a file.
func drawHow(r *rand.Rand, path string) string {
	size := int64(1)
	if info, err := os.Stat(path); err == nil {
		size = max(info.Size(), 1)
	}
	at := r.Int64N(size)
	if r.IntN(3) == 0 {
		at = min(at, r.Int64N(256)) // in what tells of the rest
	}
	switch how := pick(r, "flip", "flip", "flip", "cut", "zero", "grow", "gone"); how {
	case "flip":
		return fmt.Sprintf("flip:%d:%d", at, r.IntN(8))
	case "grow":
		return fmt.Sprintf("grow:%d", 1+r.Int64N(600))
	case "gone":
		return "gone:0"
	default:
		return fmt.Sprintf("%s:%d", how, at)
	}
}

// drawInput draws damage to a file of the input, as drawDamage does: "input/data/gaze.csv:flip:120:3".
func drawInput(w *world, r *rand.Rand) func() (string, string, bool) {
	return endless(func() (string, string) {
		k := must(w.work(pick(r, "pretrain", "relate", "matrix")))
		folder := "data"
		if k.name == "matrix" {
			folder = "scanpaths"
		}
		name := filepath.ToSlash(filepath.Join(folder, pick(r, files(filepath.Join(w.folder, folder))...)))
		return k.name, filepath.ToSlash(filepath.Join("input", name)) + ":" + drawHow(r, filepath.Join(w.folder, name))
	})
}

// input damages a file of the input. What comes of it may be another result; it must come, or be refused, as any does.
func (x *attempt) input() (verdict, error) {
	if err := x.ownInput(); err != nil {
		return verdict{}, err
	}
	name, how, _ := strings.Cut(x.fault, ":")
	path := x.within(name)
	whole, err := os.ReadFile(path)
	if err != nil {
		return verdict{}, fmt.Errorf("%w: %w", errFault, err)
	}
	if err := spoil(path, whole, how); err != nil {
		return verdict{}, err
	}
	e, err := x.call(x.withOwnInput(), options{})
	if err != nil {
		return verdict{}, err
	}
	switch why := e.astray(0, false); {
	case e.Hung:
		return verdict{hung, e.why()}, nil
	case why != "":
		return verdict{untold, why}, nil
	case e.Status == statusDone:
		return verdict{survived, ""}, nil
	}
	return x.heal(verdict{told, e.why()})
}

// damage damages a file, makes the call, puts the file right, and makes the call again.
func (x *attempt) damage() (verdict, error) {
	name, how, _ := strings.Cut(x.fault, ":")
	found, _ := filepath.Glob(x.within(name))
	if len(found) == 0 {
		return verdict{}, fmt.Errorf("%w: no file %s", errFault, name)
	}
	path := found[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		return verdict{}, fmt.Errorf("%w: %w", errFault, err)
	}
	before, err := os.Stat(path)
	if err != nil {
		return verdict{}, err
	}
	if how == "swap:0" {
		err = x.swap(name)
	} else {
		err = spoil(path, whole, how)
	}
	if err != nil {
		return verdict{}, err
	}
	// As a disk does it: no time tells.
	if err := os.Chtimes(path, before.ModTime(), before.ModTime()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return verdict{}, err
	}
	e, err := x.call(x.work.args, options{})
	if err != nil {
		return verdict{}, err
	}
	if e.Hung {
		return verdict{hung, e.why()}, nil
	}
	if why := e.astray(0, false); why != "" {
		return verdict{untold, why}, nil
	}
	if e.Status == statusDone {
		return x.accepted(e, name), nil
	}
	if err := os.WriteFile(path, whole, 0o666); err != nil {
		return verdict{}, err
	}
	return x.heal(verdict{told, e.why()})
}

// swap puts the file of another run in the place of the trial's: that of the stopped one for the finished one, and the other
// way round.
func (x *attempt) swap(name string) error {
	from := stopped
	if x.work.start == stopped {
		from = finished
	}
	text, err := os.ReadFile(filepath.Join(x.world.state(from), filepath.FromSlash(name)))
	if err != nil {
		return fmt.Errorf("%w: %w", errFault, err)
	}
	return os.WriteFile(x.within(name), text, 0o666)
}

// accepted judges a call that took a damaged file. What the call does not make may stay as it is.
func (x *attempt) accepted(e *ended, name string) verdict {
	var but []string
	if !x.work.owns {
		but = []string{name}
	}
	wrong := x.work.wrong(x.folder, but...)
	switch {
	case wrong == "":
		return verdict{survived, ""}
	case e.tells(name):
		return verdict{told, wrong + "; it says so"}
	}
	return verdict{lost, "takes it without a word, and " + wrong}
}

// spoil damages a file.
func spoil(path string, whole []byte, how string) error {
	parts := strings.Split(how, ":")
	var numbers []int
	for _, text := range parts[1:] {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return fmt.Errorf("%w: %s", errFault, how)
		}
		numbers = append(numbers, n)
	}
	damaged := append([]byte(nil), whole...)
	switch {
	case parts[0] == "gone":
		return os.Remove(path)
	case parts[0] == "flip" && len(numbers) == 2 && numbers[0] < len(damaged):
		damaged[numbers[0]] ^= 1 << (numbers[1] % 8)
	case parts[0] == "cut" && len(numbers) == 1 && numbers[0] <= len(damaged):
		damaged = damaged[:numbers[0]]
	case parts[0] == "zero" && len(numbers) == 1 && numbers[0] <= len(damaged):
		clear(damaged[numbers[0]:min(numbers[0]+512, len(damaged))])
	case parts[0] == "grow" && len(numbers) == 1:
		random := rand.New(rand.NewPCG(uint64(numbers[0]), 0))
		for range numbers[0] {
			damaged = append(damaged, byte(random.Uint32()))
		}
	default:
		return fmt.Errorf("%w: %s", errFault, how)
	}
	return os.WriteFile(path, damaged, 0o666)
}
