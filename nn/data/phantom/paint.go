package phantom

import (
	"math"
	"math/rand/v2"
)

// paint makes the pixels of a scene, [side,side,channels].
func paint(r *rand.Rand, s *Scene, side, channels int) []uint8 {
	values := make([]float64, side*side)
	background := between(r, 0.03, 0.12)
	for i := range values {
		values[i] = background
	}
	c := &canvas{values: values, side: side}
	c.organ(r, s.Organ)
	for _, v := range s.Vessels {
		c.vessel(v, between(r, 0.08, 0.18))
	}
	for _, e := range s.Spots {
		c.spot(e, between(r, 0.12, 0.25))
	}
	grain, height := newNoise(r, 0.025), between(r, 0.22, 0.32)
	for _, e := range s.Lesion {
		c.lesion(e, grain, height)
	}
	return c.pixels(r, channels)
}

// canvas is a grey image being painted, in fractions of full scale.
type canvas struct {
	values []float64
	side   int
}

// over calls each with the pixels within reach of a place, in fractions of the side.
func (c *canvas) over(x, y, reach float64, each func(x, y float64, value *float64)) {
	n := float64(c.side)
	limit := func(v float64) int { return int(min(max(v*n, 0), n)) }
	for i := limit(y - reach); i < limit(y+reach+1/n); i++ {
		for j := limit(x - reach); j < limit(x+reach+1/n); j++ {
			each((float64(j)+0.5)/n, (float64(i)+0.5)/n, &c.values[i*c.side+j])
		}
	}
}

// organ paints the ground: a level, shading to one side, and a texture of three octaves.
func (c *canvas) organ(r *rand.Rand, e Ellipse) {
	level, shading, contrast := between(r, 0.3, 0.6), between(r, 0, 0.4), between(r, 0.15, 0.35)
	sin, cos := math.Sincos(between(r, 0, 2*math.Pi))
	scale := between(r, 0.08, 0.2)
	octaves := []noise{newNoise(r, scale), newNoise(r, scale/2), newNoise(r, scale/4)}
	c.over(e.X, e.Y, max(e.A, e.B)+0.05, func(x, y float64, v *float64) {
		ground := level + shading*((x-e.X)*cos+(y-e.Y)*sin)
		weight := contrast
		for _, o := range octaves {
			ground += weight * (o.at(x, y) - 0.5)
			weight /= 2
		}
		*v += edge(e.depth(x, y), 0.02) * (ground - *v)
	})
}

// spot paints a harmless spot, which fades out.
func (c *canvas) spot(e Ellipse, height float64) {
	c.over(e.X, e.Y, 2.5*e.A, func(x, y float64, v *float64) {
		rho := 1 - e.depth(x, y)/min(e.A, e.B)
		*v += height * math.Exp(-rho*rho)
	})
}

// vessel paints a thin bright line.
func (c *canvas) vessel(v Vessel, height float64) {
	painted := make([]float64, len(c.values)) // so that the line is not brighter where its pieces overlap
	for k := range 60 {
		px, py := v.at(float64(k) / 59)
		c.over(px, py, 3*v.Width, func(x, y float64, value *float64) {
			d := math.Hypot(x-px, y-py) / v.Width
			at := int(y*float64(c.side))*c.side + int(x*float64(c.side))
			if add := height * math.Exp(-d*d); add > painted[at] {
				*value += add - painted[at]
				painted[at] = add
			}
		})
	}
}

// at is a point of the vessel's course, from 0 to 1.
func (v Vessel) at(t float64) (x, y float64) {
	a, b, c := (1-t)*(1-t), 2*t*(1-t), t*t
	return a*v.X[0] + b*v.X[1] + c*v.X[2], a*v.Y[0] + b*v.Y[1] + c*v.Y[2]
}

// lesion paints a part of a lesion: a sharp border, and grain within.
func (c *canvas) lesion(e Ellipse, grain noise, height float64) {
	c.over(e.X, e.Y, e.A+0.03, func(x, y float64, v *float64) {
		*v += edge(e.depth(x, y), 0.006) * height * (0.4 + 1.2*grain.at(x, y))
	})
}

// edge rises from 0 to 1 over a border of the given half-width.
func edge(depth, width float64) float64 { return 1 / (1 + math.Exp(-depth/width*2)) }

// pixels adds the noise of a sensor, and a tint where there is colour.
func (c *canvas) pixels(r *rand.Rand, channels int) []uint8 {
	tint := [3]float64{1, 1, 1}
	if channels == 3 {
		tint = [3]float64{between(r, 0.95, 1.15), between(r, 0.8, 0.95), between(r, 0.75, 0.95)}
	}
	noise := between(r, 0.01, 0.03)
	out := make([]uint8, 0, len(c.values)*channels)
	for _, v := range c.values {
		v += noise * r.NormFloat64()
		for k := range channels {
			out = append(out, uint8(min(max(v*tint[k], 0), 1)*255+0.5))
		}
	}
	return out
}

// noise is smooth random values between 0 and 1 on a grid of random phase, interpolated (value noise).
type noise struct {
	scale, x, y float64 // the grid's spacing and origin
	n           int
	grid        []float64
}

func newNoise(r *rand.Rand, scale float64) noise {
	n := int(math.Ceil(1/scale)) + 3
	o := noise{scale: scale, x: r.Float64(), y: r.Float64(), n: n, grid: make([]float64, n*n)}
	for i := range o.grid {
		o.grid[i] = r.Float64()
	}
	return o
}

// at is the value at a place of the phantom.
func (o *noise) at(x, y float64) float64 {
	u, v := x/o.scale+o.x, y/o.scale+o.y
	i, j := int(v), int(u)
	fu, fv := smooth(u-float64(j)), smooth(v-float64(i))
	g := o.grid[i*o.n+j:]
	return (g[0]*(1-fu)+g[1]*fu)*(1-fv) + (g[o.n]*(1-fu)+g[o.n+1]*fu)*fv
}

// smooth has no slope at 0 and 1.
func smooth(t float64) float64 { return t * t * (3 - 2*t) }
