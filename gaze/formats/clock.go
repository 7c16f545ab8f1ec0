package formats

// clock turns the times of a tracker's clock into seconds since the reader first saw the image: the first time asked for.
type clock map[[2]string]*showing

// showing is an image before a reader.
type showing struct {
	session     string
	begin, last float64
}

// since is the seconds from the first time that was asked for the image and the reader. A session is a stretch with a
// clock of its own; the next one goes on where the former ended, as a reader may see an image in several.
func (c clock) since(image, reader, session string, t float64) float64 {
	key := [2]string{image, reader}
	s, ok := c[key]
	if !ok {
		s = &showing{session: session, begin: t}
		c[key] = s
	}
	if s.session != session {
		s.session, s.begin = session, t-s.last
	}
	t -= s.begin
	s.last = max(s.last, t)
	return t
}

// reaches says that a fixation on an image for which since was asked lasts to a time, in seconds as since gives them.
func (c clock) reaches(image, reader string, t float64) {
	s := c[[2]string{image, reader}]
	s.last = max(s.last, t)
}
