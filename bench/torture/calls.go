package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gzpt/bench/torture/tracer"
)

// drawMoments draws one to three signals at random moments: "SIGKILL@0.312,SIGTERM@0.804", in parts of the time that the call takes
// undisturbed; "SIGINT2" is sent twice.
func drawMoments(w *world, r *rand.Rand) func() (string, string, bool) {
	return endless(func() (string, string) {
		var parts []string
		for range 1 + r.IntN(3) {
			parts = append(parts, fmt.Sprintf("%s@%.3f", pick(r, "SIGKILL", "SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGINT2"), 1.1*r.Float64()))
		}
		return pick(r, w.works...).name, strings.Join(parts, ",")
	})
}

// moment sends signals to the call and to those that go on with it.
func (x *attempt) moment() (verdict, error) {
	hit := false
	var last *ended
	var sent syscall.Signal
	for _, part := range strings.Split(x.fault, ",") {
		name, at, _ := strings.Cut(part, "@")
		name, twice := strings.CutSuffix(name, "2")
		share, err := strconv.ParseFloat(at, 64)
		if err != nil || signals[name] == 0 {
			return verdict{}, fmt.Errorf("%w: %s", errFault, part)
		}
		sent = signals[name]
		before := listing(x.folder)
		e, err := x.proceed(options{signal: sent, delay: time.Duration(share * float64(x.work.took)), twice: twice})
		if err != nil {
			return verdict{}, err
		}
		last = e
		hit = hit || e.Signal == sent || e.Status == statusInterrupted
		if e.Signal == sent && sent != syscall.SIGKILL && listing(x.folder) == before && e.stderr == "" {
			e.Signal, e.Status = 0, statusInterrupted // before the program had begun
		}
		if e.astray(sent, false) != "" || e.Status == statusDone {
			break
		}
	}
	if !hit && last.Status == statusDone {
		return verdict{missed, ""}, nil
	}
	return x.conclude(last, sent, false)
}

// drawSignals draws signals before and behind the calls of each name: "renameat:3:SIGKILL", with a plus for behind.
func drawSignals(w *world, r *rand.Rand) func() (string, string, bool) {
	return drawCalls(w, r, func(string) []string { return []string{"SIGKILL", "SIGKILL+", "SIGTERM", "SIGHUP", "SIGINT"} })
}

// drawFailures draws failing calls of each name: "write:17:ENOSPC", with a star for all from that one on.
func drawFailures(w *world, r *rand.Rand) func() (string, string, bool) {
	return drawCalls(w, r, func(call string) []string {
		all := slices.Clone(failuresOf[call])
		for _, name := range failuresOf[call] {
			if name != "EINTR" { // which no system returns for ever
				all = append(all, name+"*")
			}
		}
		return all
	})
}

func drawCalls(w *world, r *rand.Rand, actions func(call string) []string) func() (string, string, bool) {
	var groups [][]trial
	for _, k := range w.works {
		for _, call := range slices.Sorted(maps.Keys(k.calls)) {
			var group []trial
			for n := range k.calls[call] {
				for _, action := range actions(call) {
					group = append(group, trial{work: k.name, fault: fmt.Sprintf("%s:%d:%s", call, n+1, action)})
				}
			}
			r.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
			groups = append(groups, group)
		}
	}
	r.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	return inTurn(groups)
}

// systemCall has something happen at one call.
func (x *attempt) systemCall() (verdict, error) {
	parts := strings.Split(x.fault, ":")
	if len(parts) != 3 {
		return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
	}
	n, err := strconv.Atoi(parts[1])
	name, after := strings.CutSuffix(parts[2], "+")
	name, ever := strings.CutSuffix(name, "*")
	a := tracer.Action{Fail: failures[name], Signal: signals[name], After: after}
	if err != nil || a.Fail == 0 && a.Signal == 0 {
		return verdict{}, fmt.Errorf("%w: %s", errFault, x.fault)
	}
	decide, happened := atCall(parts[0], n, ever, a)
	e, err := x.call(x.work.args, options{decide: decide})
	if err != nil {
		return verdict{}, err
	}
	if !*happened {
		return verdict{missed, ""}, nil
	}
	return x.conclude(e, a.Signal, false)
}
