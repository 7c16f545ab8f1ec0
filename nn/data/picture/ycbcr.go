package picture

import "image"

// unpackYCbCr converts the luma and chroma of a JPEG image, or of a lossy WebP one, to red, green and blue.
//
// Where chroma has half the columns, half the rows or both, it is interpolated linearly: a pixel takes 3/4 of the chroma
// sample that covers it and 1/4 of the next nearest one, per axis, with libjpeg's rounding ("fancy upsampling", the
// default of libjpeg, libwebp, Pillow and OpenCV). Repeating samples instead, as image.YCbCr does, shifts colours at edges
// by tens of levels. Other ratios are rare and are repeated, by libjpeg too, and so are two columns of samples or fewer.
//
// JPEG uses the full range of values; WebP, like video, 16 to 235 for luma and 16 to 240 for chroma (ITU-R BT.601), which
// the image package does not know.
func unpackYCbCr(m *image.YCbCr, webp bool) *Image {
	b := m.Bounds()
	dst := New(b.Dx(), b.Dy(), 3, 8)
	u := newUpsampler(m, webp)
	convert := rgb
	if webp {
		convert = rgbVideo
	}
	for y := range dst.Height {
		cb, cr := u.row(m.Cb, u.rows[0], y), u.row(m.Cr, u.rows[1], y)
		luma := m.Y[y*m.YStride : y*m.YStride+dst.Width]
		out := dst.Pix8[3*y*dst.Width:]
		for x, l := range luma {
			out[3*x], out[3*x+1], out[3*x+2] = convert(int32(l), int32(cb[x])-128, int32(cr[x])-128)
		}
	}
	return dst
}

// rgb is the conversion of JFIF (ITU-T T.871): constants in units of 1/65536, each product rounded.
func rgb(y, cb, cr int32) (r, g, b uint8) {
	const half = 1 << 15
	return clamp8(y + (91881*cr+half)>>16), clamp8(y + (-22554*cb-46802*cr+half)>>16), clamp8(y + (116130*cb+half)>>16)
}

// rgbVideo is the conversion of BT.601 from its limited range, in the same units.
func rgbVideo(y, cb, cr int32) (r, g, b uint8) {
	const half = 1 << 15
	l := 76309*(y-16) + half
	return clamp8((l + 104597*cr) >> 16), clamp8((l - 25675*cb - 53279*cr) >> 16), clamp8((l + 132201*cb) >> 16)
}

func clamp8(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

// upsampler brings rows of chroma samples to the width of the image.
type upsampler struct {
	ratio                image.YCbCrSubsampleRatio
	stride               int
	columns, lines       int // of chroma samples
	width                int
	sums                 []int32 // of two rows, weighted 3 : 1
	rows                 [2][]uint8
	acrossTwo, downTwo   bool
	acrossStep, downStep int // where samples are repeated
}

func newUpsampler(m *image.YCbCr, webp bool) *upsampler {
	b := m.Bounds()
	u := &upsampler{ratio: m.SubsampleRatio, stride: m.CStride, width: b.Dx(), acrossStep: 1, downStep: 1}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		u.acrossTwo, u.acrossStep = true, 2
	case image.YCbCrSubsampleRatio420:
		u.acrossTwo, u.acrossStep, u.downTwo, u.downStep = true, 2, true, 2
	case image.YCbCrSubsampleRatio440:
		u.downTwo, u.downStep = true, 2
	case image.YCbCrSubsampleRatio411:
		u.acrossStep = 4
	case image.YCbCrSubsampleRatio410:
		u.acrossStep, u.downStep = 4, 2
	}
	u.columns = (b.Dx() + u.acrossStep - 1) / u.acrossStep
	u.lines = (b.Dy() + u.downStep - 1) / u.downStep
	if u.columns <= 2 && u.acrossTwo && !webp {
		u.acrossTwo, u.downTwo = false, false
	}
	u.sums = make([]int32, u.columns)
	for i := range u.rows {
		u.rows[i] = make([]uint8, u.columns*u.acrossStep)
	}
	return u
}

// row is row y of the image in the samples of one plane; dst is room for it.
func (u *upsampler) row(plane, dst []uint8, y int) []uint8 {
	line := y / u.downStep
	near := plane[line*u.stride : line*u.stride+u.columns]
	switch {
	case u.downTwo:
		next := line - 1 + 2*(y%2)
		next = min(max(next, 0), u.lines-1)
		far := plane[next*u.stride : next*u.stride+u.columns]
		for i, v := range near {
			u.sums[i] = 3*int32(v) + int32(far[i])
		}
		if u.acrossTwo {
			upsampleBoth(dst, u.sums)
			return dst
		}
		for i, s := range u.sums {
			dst[i] = uint8((s + 1 + int32(y%2)) >> 2)
		}
		return dst
	case u.acrossTwo:
		upsampleAcross(dst, near)
		return dst
	}
	for x := range u.width {
		dst[x] = near[x/u.acrossStep]
	}
	return dst[:u.width]
}

// upsampleAcross doubles a row; at its ends there is nothing to interpolate with.
func upsampleAcross(dst, src []uint8) {
	last := len(src) - 1
	for i, v := range src {
		s := 3 * int32(v)
		dst[2*i], dst[2*i+1] = v, v
		if i > 0 {
			dst[2*i] = uint8((s + int32(src[i-1]) + 1) >> 2)
		}
		if i < last {
			dst[2*i+1] = uint8((s + int32(src[i+1]) + 2) >> 2)
		}
	}
}

// upsampleBoth doubles a row of sums that are four times as large as samples.
func upsampleBoth(dst []uint8, sums []int32) {
	last := len(sums) - 1
	for i, v := range sums {
		left, right := sums[max(i-1, 0)], sums[min(i+1, last)]
		dst[2*i] = uint8((3*v + left + 8) >> 4)
		dst[2*i+1] = uint8((3*v + right + 7) >> 4)
	}
}
