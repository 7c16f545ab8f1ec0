package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"

	"gzpt/bench/torture/tracer"
)

// drawDisks draws room on the disk: "bytes:N" for so many bytes more, "names:N" for so many new files and folders, "file:N" for
// no file larger than that, "open:N" for so many open files, "mount:N" for a file system of its own with so many bytes more than there are.
func drawDisks(w *world, r *rand.Rand) func() (string, string, bool) {
	forms := []string{"bytes", "bytes", "names", "file", "open"}
	if w.mounts {
		forms = append(forms, "mount", "mount")
	}
	return endless(func() (string, string) {
		k := pick(r, w.works...)
		switch form := pick(r, forms...); form {
		case "names":
			return k.name, fmt.Sprintf("names:%d", r.IntN(k.made+1))
		case "open":
			return k.name, fmt.Sprintf("open:%d", fewestOpen+r.IntN(24))
		default:
			return k.name, fmt.Sprintf("%s:%d", form, r.Int64N(max(k.bytes, 1<<16)))
		}
	})
}

// fewestOpen is open files that a Go program needs for itself.
const fewestOpen = 8

func (x *attempt) disk() (verdict, error) {
	form, number, _ := strings.Cut(x.fault, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
	}
	switch form {
	case "bytes":
		room := &room{bytes: n, names: 1 << 30}
		return x.cramped(room, options{decide: room.decide})
	case "names":
		room := &room{bytes: 1 << 40, names: int(n)}
		return x.cramped(room, options{decide: room.decide})
	case "file":
		return x.cramped(nil, options{fileSize: uint64(n) + 1})
	case "open":
		return x.cramped(nil, options{openFiles: uint64(n)})
	case "mount":
		return x.mounted(n)
	}
	return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
}

// cramped makes the call where there is little room, and then where there is enough.
func (x *attempt) cramped(r *room, o options) (verdict, error) {
	e, err := x.call(x.work.args, o)
	if err != nil {
		return verdict{}, err
	}
	if e.Status == statusDone && (r == nil || !r.short) && x.work.wrong(x.folder) == "" {
		return verdict{missed, ""}, nil // there was room for all
	}
	return x.conclude(e, 0, false)
}

// room is what a disk has left. What is removed gives nothing back, as where it goes to a snapshot.
type room struct {
	bytes int64
	names int
	short bool // it was not enough
}

func (r *room) decide(c tracer.Call) tracer.Action {
	if c.Makes {
		if r.names == 0 {
			r.short = true
			return tracer.Action{Fail: syscall.ENOSPC}
		}
		r.names--
	}
	switch {
	case c.Bytes <= r.bytes:
		r.bytes -= c.Bytes
		return tracer.Action{}
	case r.bytes == 0 || c.Name == "fallocate":
		r.short = true
		return tracer.Action{Fail: syscall.ENOSPC}
	}
	left := r.bytes
	r.bytes, r.short = 0, true
	return tracer.Action{Limit: left}
}

// mounted makes the trial on a file system of its own.
func (x *attempt) mounted(more int64) (v verdict, err error) {
	held, err := sizeOf(x.folder)
	if err != nil {
		return v, err
	}
	if err := x.remove(); err != nil {
		return v, err
	}
	const page = 4096
	unmount, err := mountMemory(x.folder, (held+more)/page*page+page)
	if err != nil {
		return v, err
	}
	defer unmount()
	if err := x.world.fill(x.folder, x.work); err != nil {
		return verdict{missed, ""}, nil // not even room for what there was
	}
	e, err := x.call(x.work.args, options{})
	if err != nil {
		return v, err
	}
	if e.Status == statusDone && x.work.wrong(x.folder) == "" {
		return verdict{missed, ""}, nil
	}
	if err := growMemory(x.folder, 64<<20); err != nil {
		return v, err
	}
	return x.conclude(e, 0, false)
}
