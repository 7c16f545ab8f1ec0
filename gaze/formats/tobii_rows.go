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
	row := rowFrame{image: e.image, reader: e.reader, session: b.text(b.session), time: b.now, begin: b.now}
	row.on = b.media == "" || e.image != "" && !strings.EqualFold(e.image, tobiiCalibration) && !b.pictureless()
	if row.fixation, err = b.fixation(v, row); err != nil {
		return err
	}
	begins, err := v.see(row)
	if err != nil || !row.on {
		return err
	}
	e.part, e.order = v.seen.part(), b.now-v.seen.begin
	if err := b.frame(&e, v.point); err != nil {
		return err
	}
	if begins && b.fixations { // also an image on which nothing was fixated has been seen
		none := e
		none.none = true
		if err := b.collector.add(b.place(), none); err != nil {
			return err
		}
	}
	if b.fixations && row.fixation == "" {
		return nil
	}
	x, y, err := b.read(e, v.point)
	if err != nil {
		return err
	}
	if !b.fixations {
		return b.addSample(e, x, y)
	}
	e.fixation.X, e.fixation.Y = x, y
	if v.pending == nil && b.duration != "" {
		if e.fixation.Duration, err = b.seconds(b.duration, b.durationUnit, 0); err != nil {
			return err
		}
	}
	v.fixate(b.place(), e)
	return nil
}

// fixation is what tells the fixation that the row belongs to from others, "" where it belongs to none.
func (b *tobii) fixation(v *tobiiView, row rowFrame) (string, error) {
	if !b.fixations || v.kind != "" && !strings.EqualFold(b.text(v.kind), "fixation") {
		return "", nil
	}
	index := b.text(v.index)
	switch {
	case index == "" && v.kind != "":
		return "", b.at(v.index, "the number of the fixation")
	case index == "":
		return "", nil
	}
	return row.reader + "\x00" + row.session + "\x00" + index, nil
}

func (b *tobii) addSample(e entry, x, y float64) error {
	valid, err := b.valid()
	if err != nil {
		return err
	}
	e = e.sampled(x, y)
	if !valid {
		e.lose(e.sample, &b.source.set.Dropped.Invalid)
	}
	return b.collector.add(b.place(), e)
}

// frame is the frame of the row's positions.
func (b *tobii) frame(e *entry, p tobiiPoint) (err error) {
	if p.image != "" {
		return nil
	}
	if p.kind == "dacspx" && b.onScreen() {
		if left, err := b.position(b.presentedX); err == nil { // otherwise reading the position says so
			top, _ := b.position(b.presentedY)
			e.place = &gaze.Place{X: left, Y: top}
		}
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
