package formats

import (
	"math"

	"gzpt/gaze"
)

// follower makes fixations of the rows of a tracker, one a sample, each of which says what is before the reader and to which
// fixation it belongs: a fixation for every showing that it reaches into, cut to it.
type follower struct {
	*collector
	seen screening
	// key is the fixation that the last row belonged to, "" where it did to none; from is when it began, wherever.
	key  string
	from float64
	now  float64
	// pending is what of it is on the present showing: begun at, until it left the snapshot that it is mapped to, infinity
	// while it has not. origin is when the showing began.
	pending              *entry
	where                place
	begun, origin, until float64
	// mapped says that rows without a position are off a snapshot, otherwise they lack it.
	mapped bool
	// lasting says that rows have the durations of fixations; without, they last until a row that is not their own.
	lasting bool
}

// rowFrame is what a row says of itself.
type rowFrame struct {
	image, reader, session string
	on                     bool   // the image is before the reader
	fixation               string // what tells its fixation from others, "" for none
	time, begin            float64
}

// see moves on to a row, adds the fixation that ends with it, and reports whether a showing begins.
func (f *follower) see(row rowFrame) (begins bool, err error) {
	f.now = row.time
	if key := row.fixation; key == "" || key != f.key {
		err = f.source.pass(f.flush(open))
		f.key, f.from = key, row.begin
	}
	changed := f.seen.see(row.image, row.reader, row.session, row.on, row.time)
	if err == nil && changed {
		err = f.source.pass(f.flush(row.time))
	}
	return changed && row.on, err
}

// fixate begins what of the row's fixation is on the present showing, or gives it the position that it has lacked so far.
func (f *follower) fixate(at place, e entry) {
	lost := math.IsNaN(e.fixation.X) || math.IsNaN(e.fixation.Y)
	p := f.pending
	if p == nil {
		f.pending, f.where = &e, at
		f.begun, f.origin, f.until = max(f.from, f.seen.begin), f.seen.begin, open
		return
	}
	if without := math.IsNaN(p.fixation.X) || math.IsNaN(p.fixation.Y); without && !lost {
		p.fixation.X, p.fixation.Y = e.fixation.X, e.fixation.Y
		if f.mapped {
			f.begun = f.now
		}
	} else if f.mapped && !lost {
		f.until = open
	} else if f.mapped && !without && math.IsInf(f.until, 1) {
		f.until = f.now
	}
}

// flush adds what of a fixation is on a showing, which ends at a time or goes on.
func (f *follower) flush(end float64) error {
	if f.pending == nil {
		return nil
	}
	e := *f.pending
	f.pending = nil
	e.fixation.Start = f.from
	if !f.lasting {
		e.fixation.Duration = max(f.now-f.from, 0)
	}
	var some bool
	if e.fixation, some = during(e.fixation, f.begun, min(end, f.until)); !some {
		return nil
	}
	e.fixation.Start -= f.origin
	e.order = e.fixation.Start
	return f.collector.add(f.where, e)
}

// sampled is the entry of a sample, lost where it has no position.
func (e entry) sampled(x, y float64) entry {
	e.sample = &gaze.Sample{X: x, Y: y, Time: e.order}
	return e
}
