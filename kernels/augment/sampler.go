package augment

import (
	"math"

	"gzpt/kernels"
)

// Sampler resizes a part of a square image to a square view, antialiased as Pillow does it but between any two places, and
// without allocating. It belongs to one goroutine.
type Sampler[T Float] struct {
	side, size, channels int
	across, down         axis[T]
	row                  []T // one row of the view at the image's resolution
}

// NewSampler resizes images [side,side,channels] to views [size,size,channels].
func NewSampler[T Float](side, size, channels int) *Sampler[T] {
	return &Sampler[T]{side: side, size: size, channels: channels, across: newAxis[T](side, size), down: newAxis[T](side, size), row: make([]T, side*channels)}
}

// Sample writes the part of the image that t shows.
func (s *Sampler[T]) Sample(dst, image []T, t kernels.Part) {
	s.across.place(t.X, t.Width)
	s.down.place(t.Y, t.Height)
	begin, end := s.across.span()
	n, stride := s.channels, s.side*s.channels
	row := s.row[begin*n : end*n]
	for y := range s.size {
		first, weights := s.down.taps(y)
		combine(row, image[first*stride+begin*n:], stride, weights)
		out := dst[y*s.size*n : (y+1)*s.size*n]
		if n == 1 {
			s.acrossGrey(out)
		} else {
			s.acrossColour(out)
		}
		if t.Flip {
			mirror(out, n)
		}
	}
}

// combine is row = sum_k weights[k] * rows[k*stride:].
func combine[T Float](row, rows []T, stride int, weights []T) {
	n := len(row)
	w, a := weights[0], rows[:n]
	if len(weights) == 1 {
		for i, v := range a {
			row[i] = w * v
		}
		return
	}
	u, b := weights[1], rows[stride:][:n]
	for i, v := range a {
		row[i] = w*v + u*b[i]
	}
	for k, w := range weights[2:] {
		for i, v := range rows[(k+2)*stride:][:n] {
			row[i] += w * v
		}
	}
}

func (s *Sampler[T]) acrossGrey(out []T) {
	for x := range out {
		first, weights := s.across.taps(x)
		sum := T(0)
		for k, v := range s.row[first : first+len(weights)] {
			sum += weights[k] * v
		}
		out[x] = sum
	}
}

func (s *Sampler[T]) acrossColour(out []T) {
	for x := range s.size {
		first, weights := s.across.taps(x)
		pixels := s.row[3*first : 3*(first+len(weights))]
		var r, g, b T
		for _, w := range weights {
			r += w * pixels[0]
			g += w * pixels[1]
			b += w * pixels[2]
			pixels = pixels[3:]
		}
		p := out[3*x : 3*x+3 : 3*x+3]
		p[0], p[1], p[2] = r, g, b
	}
}

// mirror exchanges left and right of a row.
func mirror[T Float](row []T, channels int) {
	for i, j := 0, len(row)-channels; i < j; i, j = i+channels, j-channels {
		for c := range channels {
			row[i+c], row[j+c] = row[j+c], row[i+c]
		}
	}
}

// axis is the taps of one direction: pixel x of the view is the sum of weights[x*most:][:count[x]] times the pixels of the
// image from first[x] on.
type axis[T Float] struct {
	side, size, most int
	first, count     []int
	weights          []T
}

func newAxis[T Float](side, size int) axis[T] {
	most := 2*int(math.Ceil(max(1, float64(side)/float64(size)))) + 1
	return axis[T]{side: side, size: size, most: most, first: make([]int, size), count: make([]int, size), weights: make([]T, size*most)}
}

// place computes the taps of a part of the image, in fractions of it.
func (a *axis[T]) place(from, length float64) {
	scale := length * float64(a.side) / float64(a.size)
	reach := max(scale, 1)
	for x := range a.size {
		centre := from*float64(a.side) + (float64(x)+0.5)*scale
		first := min(max(int(centre-reach+0.5), 0), a.side-1) // of a part beyond the image, the nearest pixel
		end := max(min(int(centre+reach+0.5), a.side, first+a.most), first+1)
		weights := a.weights[x*a.most:][:end-first]
		sum := 0.0
		for k := range weights {
			w := max(0, 1-math.Abs(float64(first+k)+0.5-centre)/reach)
			weights[k] = T(w)
			sum += w
		}
		for k := range weights {
			weights[k] *= T(1 / sum)
		}
		a.first[x], a.count[x] = first, len(weights)
	}
}

func (a *axis[T]) taps(x int) (first int, weights []T) {
	return a.first[x], a.weights[x*a.most:][:a.count[x]]
}

// span is the pixels of the image that any tap touches.
func (a *axis[T]) span() (begin, end int) {
	return a.first[0], a.first[a.size-1] + a.count[a.size-1]
}
