package main

import (
	"fmt"
	"math/rand/v2"
)

// kind is a kind of faults.
type kind struct {
	name string
	// title is what the table calls it.
	title string
	// share is how often it is drawn beside the others.
	share int
	// draw begins a list of its faults: each call gives a work and a fault of it, or ok false where there is none left.
	draw func(w *world, r *rand.Rand) func() (work, fault string, ok bool)
	run  func(*attempt) (verdict, error)
}

func kinds() []kind {
	return []kind{
		{"moment", "a signal at a random moment", 4, drawMoments, (*attempt).moment},
		{"signal", "a signal at a system call", 5, drawSignals, (*attempt).systemCall},
		{"failure", "a system call that fails", 5, drawFailures, (*attempt).systemCall},
		{"power", "a power cut", 3, drawCuts, (*attempt).powerCut},
		{"disk", "a disk that fills", 3, drawDisks, (*attempt).disk},
		{"damage", "a file that is damaged", 6, drawDamage, (*attempt).damage},
		{"input", "a file of the input that is damaged", 2, drawInput, (*attempt).input},
		{"stream", "an output that cannot be written", 1, drawStreams, (*attempt).stream},
		{"share", "four processes at once", 1, drawShares, (*attempt).share},
		{"clock", "times of files far off", 1, drawClocks, (*attempt).clock},
		{"threads", "1 to 16 threads", 1, drawThreads, (*attempt).threads},
	}
}

func kindOf(name string) (kind, error) {
	for _, k := range kinds() {
		if k.name == name {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("no kind of faults %q", name)
}

// drawing is the order in which trials are made: it follows from the seed.
type drawing struct {
	random *rand.Rand
	kinds  []kind
	next   []func() (string, string, bool)
	shares int
}

func (w *world) drawing(seed uint64) *drawing {
	d := &drawing{random: rand.New(rand.NewPCG(seed, 1)), kinds: kinds()}
	for i, k := range d.kinds {
		d.next = append(d.next, k.draw(w, rand.New(rand.NewPCG(seed, uint64(2+i)))))
		d.shares += k.share
	}
	return d
}

// draw is the next trial, ok false where there is none left.
func (d *drawing) draw() (t trial, ok bool) {
	for d.shares > 0 {
		at, i := d.random.IntN(d.shares), 0
		for at >= d.kinds[i].share {
			at -= d.kinds[i].share
			i++
		}
		if work, fault, ok := d.next[i](); ok {
			return trial{d.kinds[i].name, work, fault}, true
		}
		d.shares -= d.kinds[i].share
		d.kinds[i].share = 0
	}
	return trial{}, false
}

// endless is a list of faults that does not end.
func endless(one func() (work, fault string)) func() (string, string, bool) {
	return func() (string, string, bool) {
		work, fault := one()
		return work, fault, true
	}
}

// pick is one of some values.
func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// inTurn is a list that takes one of each group in turn, until all are empty.
func inTurn(groups [][]trial) func() (work, fault string, ok bool) {
	at := 0
	return func() (string, string, bool) {
		for range groups {
			i := at % len(groups)
			at++
			if n := len(groups[i]); n > 0 {
				t := groups[i][n-1]
				groups[i] = groups[i][:n-1]
				return t.work, t.fault, true
			}
		}
		return "", "", false
	}
}
