package formats

import (
	"cmp"
	"math"
	"strings"

	"gzpt/gaze"
)

// add adds what the present row says, in each view.
func (b *tobii) add() (err error) {
	if b.noGaze() {
		return nil
	}
	if b.now, err = b.seconds(b.time, b.unit, math.Inf(-1)); err != nil {
		return err
	}
	for i := range b.views {
		if err := b.look(&b.views[i]); err != nil {
			return err
		}
	}
	return nil
}

// look adds what the present row says in a view.
func (b *tobii) look(v *tobiiView) (err error) {
	e := entry{image: v.point.image, reader: cmp.Or(b.text(b.reader), b.above.reader, b.text(b.session))}
	if e.image == "" {
		e.image = b.text(b.media)
	}
	session := b.text(b.session)
	off := b.media != "" && (e.image == "" || strings.EqualFold(e.image, tobiiCalibration) || b.pictureless())
	if v.fixating, err = b.follow(v, tobiiKey{e.reader, session, v.point.image}); err != nil {
		return err
	}
	changed := v.seen.see(e.image, e.reader, session, !off, b.now)
	if changed && v.pending != nil {
		if err := b.source.pass(b.flush(v, b.now)); err != nil {
			return err
		}
	}
	if off {
		return nil
	}
	e.part, e.order = v.seen.part(), b.now-v.seen.begin
	if err := b.frame(&e, v.point); err != nil {
		return err
	}
	if !b.fixations {
		return b.addSample(e, v.point)
	}
	if changed { // also an image on which nothing was fixated has been seen
		none := e
		none.none = true
		if err := b.collector.add(b.place(), none); err != nil {
			return err
		}
	}
	if v.fixating {
		return b.fixate(v, e)
	}
	return nil
}

// follow reads which fixation the row belongs to, if it does, and adds the one that has ended.
func (b *tobii) follow(v *tobiiView, key tobiiKey) (fixating bool, err error) {
	if b.fixations {
		index := b.text(v.index)
		fixating = v.kind == "" && index != "" || v.kind != "" && strings.EqualFold(b.text(v.kind), "fixation")
		if key[3] = index; fixating && index == "" {
			return false, b.at(v.index, "the number of the fixation")
		}
	}
	if v.fixating && fixating && key == v.key {
		return true, nil
	}
	err = b.source.pass(b.flush(v, open))
	v.key, v.from = key, b.now
	return fixating, err
}

func (b *tobii) addSample(e entry, p tobiiPoint) (err error) {
	sample := gaze.Sample{Time: e.order}
	if sample.X, sample.Y, err = b.read(e, p); err != nil {
		return err
	}
	valid, err := b.valid()
	if err != nil {
		return err
	}
	if !valid {
		e.lose(&sample, &b.source.set.Dropped.Invalid)
	}
	e.sample = &sample
	return b.collector.add(b.place(), e)
}

// fixate begins what of a fixation is on the present showing, or gives it the position that it has lacked so far.
func (b *tobii) fixate(v *tobiiView, e entry) (err error) {
	f := &e.fixation
	if f.X, f.Y, err = b.read(e, v.point); err != nil {
		return err
	}
	lost := math.IsNaN(f.X) || math.IsNaN(f.Y)
	mapping := v.point.image != "" // a row without a position is not mapped
	if p := v.pending; p != nil {
		if math.IsNaN(p.fixation.X) || math.IsNaN(p.fixation.Y) {
			p.fixation.X, p.fixation.Y = f.X, f.Y
			if mapping && !lost {
				v.begun = b.now
			}
		}
		switch {
		case mapping && !lost:
			v.until = open
		case mapping && math.IsInf(v.until, 1) && !math.IsNaN(p.fixation.X):
			v.until = b.now
		}
		return nil
	}
	if b.duration != "" {
		if f.Duration, err = b.seconds(b.duration, b.durationUnit, 0); err != nil {
			return err
		}
	}
	v.pending, v.begun, v.origin, v.until, v.at = &e, max(v.from, v.seen.begin), v.seen.begin, open, b.place()
	return nil
}

// flush adds what of a fixation is on a showing, which ends at a time or goes on.
func (b *tobii) flush(v *tobiiView, end float64) error {
	if v.pending == nil {
		return nil
	}
	e := *v.pending
	v.pending = nil
	f := &e.fixation
	f.Start = v.from
	if b.duration == "" {
		f.Duration = max(b.now-v.from, 0)
	}
	*f = during(*f, v.begun, min(end, v.until))
	f.Start -= v.origin
	e.order = f.Start
	return b.collector.add(v.at, e)
}

// frame is the frame of the row's positions.
func (b *tobii) frame(e *entry, p tobiiPoint) (err error) {
	if p.image != "" {
		return nil
	}
	if p.kind == "dacspx" && b.onScreen() {
		e.width, e.height, err = b.table.frame(b.presentedWidth, b.presentedHeight)
		return err
	}
	e.screen = p.kind == "dacspx" || b.media == ""
	switch {
	case e.screen && b.screenWidth != "" && b.screenHeight != "":
		e.width, e.height, err = b.table.frame(b.screenWidth, b.screenHeight)
	case e.screen && b.screenBoth != "":
		var ok bool
		if e.width, e.height, ok = screenSize(b.text(b.screenBoth)); !ok {
			return b.at(b.screenBoth, "a size in pixels, as 1920 x 1080")
		}
	case e.screen:
		e.width, e.height = b.above.width, b.above.height
	case !e.screen && b.presentedWidth != "" && b.presentedHeight != "" && !missing(b.text(b.presentedWidth)):
		e.width, e.height, err = b.table.frame(b.presentedWidth, b.presentedHeight)
	case !e.screen && b.width != "" && b.height != "" && !missing(b.text(b.width)):
		e.width, e.height, err = b.table.frame(b.width, b.height)
	case p.kind == "mcsnorm":
		e.width, e.height = 1, 1
	}
	return err
}

// read is the row's position in its frame.
func (b *tobii) read(e entry, p tobiiPoint) (x, y float64, err error) {
	if x, err = b.position(p.x); err != nil {
		return x, y, err
	}
	if y, err = b.position(p.y); err != nil {
		return x, y, err
	}
	switch {
	case p.kind == "mcsnorm":
		return x * e.width, y * e.height, nil
	case p.kind == "dacspx" && b.onScreen():
		left, err := b.number(b.presentedX, "the left edge of the image on the screen", -maxFrame)
		if err != nil {
			return x, y, err
		}
		top, err := b.number(b.presentedY, "the upper edge of the image on the screen", -maxFrame)
		if err != nil {
			return x, y, err
		}
		return x - left, y - top, nil
	}
	return x, y, nil
}

// valid reports whether an eye was found; a file without validity only has positions where one was.
func (b *tobii) valid() (bool, error) {
	if b.left == "" && b.right == "" {
		return true, nil
	}
	for _, column := range []string{b.left, b.right} {
		if column == "" || missing(b.text(column)) {
			continue
		}
		if valid, err := b.tobiiValid(column); valid || err != nil {
			return valid, err
		}
	}
	return false, nil
}

// tobiiValid reads the validity of an eye: "Valid" or "Invalid", or how sure the tracker is, from 0, certain, to 4, not
// found; from 2 on it may be the other eye.
func (t *table) tobiiValid(column string) (bool, error) {
	switch strings.ToLower(t.text(column)) {
	case "valid", "0", "1":
		return true, nil
	case "invalid", "2", "3", "4":
		return false, nil
	}
	return false, t.at(column, "Valid or Invalid, or 0 to 4")
}
