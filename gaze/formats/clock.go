package formats

// clock turns the times of a tracker's clock into seconds since an image was shown: the first time asked for in that
// showing. It has the tracker's time then, by image, reader and part.
type clock map[[3]string]float64

// since is the seconds from the first time that was asked for the showing of an entry.
func (c clock) since(e entry, t float64) float64 {
	key := [3]string{e.image, e.reader, e.part}
	begin, ok := c[key]
	if !ok {
		begin = t
		c[key] = t
	}
	return t - begin
}
