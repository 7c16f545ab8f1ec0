package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"time"

	"gzpt/cmd/gzpt-train/internal/relatepage"
	"gzpt/kernels/input"
	"gzpt/nn/data"
	"gzpt/nn/data/picture"
	"gzpt/nn/rundir"
)

const (
	// thumbnailSide is the longer side of an image on the page, in pixels.
	thumbnailSide = 400
	// readersDrawn is how many readers of an image are drawn: more would hide each other.
	readersDrawn = 3
)

// writePage writes the report from relate.json, so that both say the same.
func (x *examined) writePage() error {
	text, err := input.ReadFile(x.dir.Diagnosis(), input.Document)
	if err != nil {
		return err
	}
	var found findings
	if err := rundir.ReadJSON(x.dir.Diagnosis(), &found); err != nil {
		return err
	}
	page := relatepage.Page{Title: found.name(), Command: x.begun.Command, Version: version(), Date: time.Now().Format(time.DateOnly), JSON: text,
		Items: map[int]relatepage.Item{}}
	if found.Labels != nil {
		page.LabelSource = x.relateSettings.data.LabelSource()
	}
	for _, pair := range append(found.Closest, found.Furthest...) {
		for _, i := range []int{pair.I, pair.J} {
			if page.Items[i], err = x.drawn(i); err != nil {
				return err
			}
		}
	}
	return rundir.WriteAside(x.dir.Page(), func(w io.Writer) error { return relatepage.Write(w, page) })
}

// drawn is an item as the page draws it.
func (x *examined) drawn(i int) (relatepage.Item, error) {
	item := relatepage.Item{Name: x.rows[i].Image, Label: x.rows[i].Label}
	picture, err := x.set.Image(i)
	switch {
	case errors.Is(err, data.ErrNoImage):
	case err != nil:
		return item, fmt.Errorf("image %q: %w", item.Name, err)
	default:
		item.Width, item.Height = float64(picture.Width), float64(picture.Height)
		if item.JPEG, err = thumbnail(picture); err != nil {
			return item, fmt.Errorf("image %q: %w", item.Name, err)
		}
	}
	if x.set.Recordings == nil {
		return item, nil
	}
	for _, r := range x.set.Recordings[i] {
		if len(r.Fixations) == 0 {
			continue
		}
		item.AllReaders++
		if len(item.Readers) == readersDrawn {
			continue
		}
		if item.Width == 0 {
			item.Width, item.Height = r.Width, r.Height
		}
		reader := relatepage.Reader{Name: r.Reader}
		for _, f := range r.Scaled(item.Width, item.Height).Fixations {
			reader.Fixations = append(reader.Fixations, relatepage.Fixation{X: f.X, Y: f.Y, Duration: f.Duration})
		}
		item.Readers = append(item.Readers, reader)
	}
	return item, nil
}

// thumbnail is an image small and as JPEG, its window in 8 bits.
func thumbnail(m *picture.Image) ([]byte, error) {
	if longer := max(m.Width, m.Height); longer > thumbnailSide {
		m = m.Resize(max(m.Width*thumbnailSide/longer, 1), max(m.Height*thumbnailSide/longer, 1))
	}
	value := func(k int) uint8 { return uint8(m.Fraction(k)*255 + 0.5) }
	picture := image.NewRGBA(image.Rect(0, 0, m.Width, m.Height))
	for p := range m.Width * m.Height {
		k := p * m.Channels
		last := m.Channels - 1 // 0 where all three are the grey value
		picture.SetRGBA(p%m.Width, p/m.Width, color.RGBA{value(k), value(k + min(1, last)), value(k + last), 255})
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: 80})
	return out.Bytes(), err
}
