package main

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"gzpt/bench/torture/tracer"
)

// drawCuts draws power cuts before the calls of each name: "renameat:3:cut".
func drawCuts(w *world, r *rand.Rand) func() (string, string, bool) {
	return drawCalls(w, r, func(string) []string { return []string{"cut"} })
}

// powerCut kills the program at a call, and of what it has written since the file was last synced takes some away.
func (x *attempt) powerCut() (verdict, error) {
	parts := strings.Split(x.fault, ":")
	if len(parts) != 3 || parts[2] != "cut" {
		return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
	}
	kill, happened := atCall(parts[0], n, false, tracer.Action{Signal: syscall.SIGKILL})
	p := &power{synced: map[string][]byte{}, dirty: map[string]bool{}, mapped: map[string]bool{}}
	e, err := x.call(x.work.args, options{decide: func(c tracer.Call) tracer.Action {
		a := kill(c)
		if !*happened {
			p.follow(c)
		}
		return a
	}})
	if err != nil {
		return verdict{}, err
	}
	if !*happened {
		return verdict{missed, ""}, nil
	}
	seed := fnv.New64()
	seed.Write([]byte(x.fault))
	if err := p.lose(rand.New(rand.NewPCG(seed.Sum64(), 0))); err != nil {
		return verdict{}, err
	}
	return x.conclude(e, syscall.SIGKILL, false)
}

// power knows what a disk without power would still have: of each file what was there when it was last synced. Names are taken
// to be on the disk at once, which is the harder case: a name that comes before what the file holds.
type power struct {
	synced map[string][]byte // nil for nothing
	dirty  map[string]bool   // written since
	mapped map[string]bool   // and by memory
}

// follow is told every call before it happens.
func (p *power) follow(c tracer.Call) {
	if _, known := p.synced[c.Path]; !known && c.Name == "openat" {
		p.synced[c.Path] = contentOf(c.Path)
	}
	switch c.Name {
	case "openat":
		if c.Makes {
			p.dirty[c.Path] = true
		}
	case "write", "pwrite64", "ftruncate", "copy_file_range":
		p.dirty[c.Path] = true
	case "mmap":
		p.mapped[c.Path], p.dirty[c.Path] = true, true
	case "fsync", "fdatasync":
		p.sync(c.Path)
	case "msync":
		for path := range p.mapped {
			p.sync(path)
			p.dirty[path] = true // what is written from now on comes without a call
		}
	case "renameat", "renameat2":
		rename(p.synced, c)
		rename(p.dirty, c)
		rename(p.mapped, c)
	case "unlinkat":
		delete(p.synced, c.Path)
		delete(p.dirty, c.Path)
		delete(p.mapped, c.Path)
	}
}

// rename gives what is known of a file to its new name, also where that is nothing.
func rename[V any](known map[string]V, c tracer.Call) {
	if v, ok := known[c.From]; ok {
		known[c.Path] = v
	} else {
		delete(known, c.Path)
	}
	delete(known, c.From)
}

func (p *power) sync(path string) {
	p.synced[path] = contentOf(path)
	delete(p.dirty, path)
}

// lose takes from about half of the files that were not synced what was written since.
func (p *power) lose(r *rand.Rand) error {
	for _, path := range slices.Sorted(maps.Keys(p.dirty)) {
		if info, err := os.Lstat(path); !p.dirty[path] || err != nil || !info.Mode().IsRegular() || r.IntN(2) == 0 {
			continue
		}
		if err := os.WriteFile(path, p.synced[path], 0o666); err != nil {
			return err
		}
	}
	return nil
}

// contentOf is what a file holds, nil where it is none.
func contentOf(path string) []byte {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	text, _ := os.ReadFile(path)
	return text
}
