package data

import "math"

// The steps of torchvision's ColorJitter, on fractions of full scale in place. Every result is kept within [0,1].

// clamp01 keeps a value within full scale.
func clamp01(v float32) float32 {
	if v < 0 {
		return 0
	}
	if v > 1 {
		return 1
	}
	return v
}

// luma is the brightness that the eye sees.
func luma(r, g, b float32) float32 { return 0.299*r + 0.587*g + 0.114*b }

// brighten: v = v f.
func brighten(pixels []float32, f float32) {
	for i, v := range pixels {
		pixels[i] = clamp01(v * f)
	}
}

// contrast: v = v f + m (1 - f), m the mean luma of the image.
func contrast(pixels []float32, channels int, f float32) {
	offset := float32(meanLuma(pixels, channels)) * (1 - f)
	for i, v := range pixels {
		pixels[i] = clamp01(v*f + offset)
	}
}

func meanLuma(pixels []float32, channels int) float64 {
	sum, n := 0.0, len(pixels)/channels
	if channels == 1 {
		for _, v := range pixels {
			sum += float64(v)
		}
		return sum / float64(n)
	}
	for i := 0; i+2 < len(pixels); i += 3 {
		p := pixels[i : i+3 : i+3]
		sum += float64(luma(p[0], p[1], p[2]))
	}
	return sum / float64(n)
}

// saturate: v = v f + l (1 - f), l the luma of the pixel; f = 0 makes the image grey.
func saturate(pixels []float32, f float32) {
	for i := 0; i+2 < len(pixels); i += 3 {
		p := pixels[i : i+3 : i+3]
		l := luma(p[0], p[1], p[2]) * (1 - f)
		p[0], p[1], p[2] = clamp01(p[0]*f+l), clamp01(p[1]*f+l), clamp01(p[2]*f+l)
	}
}

// turnHue turns the hue by a part of the colour circle; value and saturation (HSV) stay.
func turnHue(pixels []float32, turn float32) {
	for i := 0; i+2 < len(pixels); i += 3 {
		p := pixels[i : i+3 : i+3]
		r, g, b := p[0], p[1], p[2]
		most, least := max(r, g, b), min(r, g, b)
		chroma := most - least
		if chroma == 0 {
			continue
		}
		var sixths float32
		switch most {
		case r:
			sixths = (g - b) / chroma
		case g:
			sixths = 2 + (b-r)/chroma
		default:
			sixths = 4 + (r-g)/chroma
		}
		sixths += 6 * turn
		p[0] = hueChannel(sixths+5, most, chroma)
		p[1] = hueChannel(sixths+3, most, chroma)
		p[2] = hueChannel(sixths+1, most, chroma)
	}
}

// hueChannel is one channel of a colour: most - chroma max(0, min(k, 4-k, 1)), k = sixths mod 6.
func hueChannel(sixths, most, chroma float32) float32 {
	k := sixths - 6*float32(math.Floor(float64(sixths)/6))
	return most - chroma*max(0, min(k, 4-k, 1))
}

// solarize inverts the values from threshold on.
func solarize(pixels []float32, threshold float32) {
	for i, v := range pixels {
		if v >= threshold {
			pixels[i] = 1 - v
		}
	}
}
