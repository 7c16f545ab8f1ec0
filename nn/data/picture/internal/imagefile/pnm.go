package imagefile

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
)

func init() {
	for _, magic := range []string{"P2", "P3", "P5", "P6"} {
		image.RegisterFormat("pnm", magic, decodePNM, decodePNMConfig)
	}
}

// pnm is a PGM or PPM file being read: a header of text, then values as text (P2, P3) or as one or two bytes (P5, P6).
type pnm struct {
	r             *bufio.Reader
	plain         bool
	channels      int
	width, height int
	most          int // the value that is white
}

var errPNM = errors.New("pnm: not a header of PGM or PPM, expected P2, P3, P5 or P6, width, height and greatest value")

func readPNM(r io.Reader) (*pnm, error) {
	p := &pnm{r: bufio.NewReader(r), channels: 1}
	var magic [2]byte
	if _, err := io.ReadFull(p.r, magic[:]); err != nil {
		return nil, err
	}
	switch string(magic[:]) {
	case "P2":
		p.plain = true
	case "P3":
		p.plain, p.channels = true, 3
	case "P5":
	case "P6":
		p.channels = 3
	default:
		return nil, errPNM
	}
	for _, v := range []*int{&p.width, &p.height, &p.most} {
		var err error
		if *v, err = p.number(); err != nil {
			return nil, err
		}
	}
	if p.width < 1 || p.height < 1 || p.most < 1 || p.most > math.MaxUint16 {
		return nil, fmt.Errorf("pnm: %d x %d pixels up to %d, expected at least 1 x 1 and 1 to 65535", p.width, p.height, p.most)
	}
	return p, nil
}

// number is the next number of text; blanks and comments, from # to the end of a line, come before it, and one character
// behind it is taken too: the blank that ends the header.
func (p *pnm) number() (int, error) {
	v, digits := 0, false
	for {
		c, err := p.r.ReadByte()
		switch {
		case err == io.EOF && digits:
			return v, nil
		case err != nil:
			return 0, unexpected(err)
		case c >= '0' && c <= '9':
			if v, digits = 10*v+int(c-'0'), true; v > math.MaxInt32 {
				return 0, errPNM
			}
			continue
		case c == '#':
			if _, err := p.r.ReadString('\n'); err != nil {
				return 0, unexpected(err)
			}
		case c != ' ' && (c < '\t' || c > '\r'):
			return 0, errPNM
		}
		if digits {
			return v, nil
		}
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// value is the next value of a pixel, scaled to full.
func (p *pnm) value(full int) (int, error) {
	var v int
	var err error
	if p.plain {
		v, err = p.number()
	} else {
		var b byte
		b, err = p.r.ReadByte()
		v = int(b)
		if p.most > math.MaxUint8 && err == nil {
			b, err = p.r.ReadByte()
			v = v<<8 | int(b)
		}
	}
	switch {
	case err != nil:
		return 0, unexpected(err)
	case v > p.most:
		return 0, fmt.Errorf("pnm: a value of %d, expected at most %d as the header says", v, p.most)
	case p.most == full:
		return v, nil
	}
	return int(math.RoundToEven(float64(v) * float64(full) / float64(p.most))), nil
}

func (p *pnm) model() color.Model {
	switch wide := p.most > math.MaxUint8; {
	case p.channels == 1 && wide:
		return color.Gray16Model
	case p.channels == 1:
		return color.GrayModel
	case wide:
		return color.NRGBA64Model
	}
	return color.NRGBAModel
}

func decodePNMConfig(r io.Reader) (image.Config, error) {
	p, err := readPNM(r)
	if err != nil {
		return image.Config{}, err
	}
	return image.Config{ColorModel: p.model(), Width: p.width, Height: p.height}, nil
}

func decodePNM(r io.Reader) (image.Image, error) {
	p, err := readPNM(r)
	if err != nil {
		return nil, err
	}
	full := math.MaxUint8
	if p.most > full {
		full = math.MaxUint16
	}
	at := image.Rect(0, 0, p.width, p.height)
	var m interface {
		image.Image
		Set(x, y int, c color.Color)
	}
	switch p.model() {
	case color.Gray16Model:
		m = image.NewGray16(at)
	case color.GrayModel:
		m = image.NewGray(at)
	case color.NRGBA64Model:
		m = image.NewNRGBA64(at)
	default:
		m = image.NewNRGBA(at)
	}
	var v [3]int
	for i := range p.width * p.height {
		for c := range v[:p.channels] {
			if v[c], err = p.value(full); err != nil {
				return nil, err
			}
		}
		m.Set(i%p.width, i/p.width, p.colour(v, full))
	}
	return m, nil
}

// colour is a pixel of values up to full.
func (p *pnm) colour(v [3]int, full int) color.Color {
	switch {
	case p.channels == 1 && full == math.MaxUint8:
		return color.Gray{Y: uint8(v[0])}
	case p.channels == 1:
		return color.Gray16{Y: uint16(v[0])}
	case full == math.MaxUint8:
		return color.NRGBA{uint8(v[0]), uint8(v[1]), uint8(v[2]), math.MaxUint8}
	}
	return color.NRGBA64{uint16(v[0]), uint16(v[1]), uint16(v[2]), math.MaxUint16}
}
