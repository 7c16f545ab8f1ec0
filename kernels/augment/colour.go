package augment

import "math"

// The steps of torchvision's ColorJitter, on fractions of full scale in place. Every result is kept within [0,1].

// clamp01 keeps a value within full scale.
func clamp01[T Float](v T) T {
	if v < 0 {
		return 0
	}
	if v > 1 {
		return 1
	}
	return v
}

// luma is the brightness that the eye sees.
func luma[T Float](r, g, b T) T { return 0.299*r + 0.587*g + 0.114*b }

// brighten: v = v f.
func brighten[T Float](pixels []T, f T) {
	for i, v := range pixels {
		pixels[i] = clamp01(v * f)
	}
}

// contrast: v = v f + m (1 - f), m the mean luma of the view.
func contrast[T Float](pixels []T, mean float64, f T) {
	offset := T(mean) * (1 - f)
	for i, v := range pixels {
		pixels[i] = clamp01(v*f + offset)
	}
}

func meanLuma[T Float](pixels []T, channels int) float64 {
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
func saturate[T Float](pixels []T, f T) {
	for i := 0; i+2 < len(pixels); i += 3 {
		p := pixels[i : i+3 : i+3]
		l := luma(p[0], p[1], p[2]) * (1 - f)
		p[0], p[1], p[2] = clamp01(p[0]*f+l), clamp01(p[1]*f+l), clamp01(p[2]*f+l)
	}
}

// turnHue turns the hue by a part of the colour circle; value and saturation (HSV) stay.
func turnHue[T Float](pixels []T, turn T) {
	for i := 0; i+2 < len(pixels); i += 3 {
		p := pixels[i : i+3 : i+3]
		r, g, b := p[0], p[1], p[2]
		most, least := max(r, g, b), min(r, g, b)
		chroma := most - least
		if chroma == 0 {
			continue
		}
		var sixths T
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
func hueChannel[T Float](sixths, most, chroma T) T {
	k := sixths - 6*T(math.Floor(float64(sixths)/6))
	return most - chroma*max(0, min(k, 4-k, 1))
}

// solarize inverts the values from threshold on.
func solarize[T Float](pixels []T, threshold T) {
	for i, v := range pixels {
		if v >= threshold {
			pixels[i] = 1 - v
		}
	}
}

// Normalise: v = (v - mean) / std, channel by channel; grey takes the first.
func Normalise[T Float](pixels []T, channels int, mean, std [3]float64) {
	m0, m1, m2 := T(mean[0]), T(mean[1]), T(mean[2])
	s0, s1, s2 := T(std[0]), T(std[1]), T(std[2])
	if channels == 1 {
		for i, v := range pixels {
			pixels[i] = (v - m0) / s0
		}
		return
	}
	for i := 0; i+2 < len(pixels); i += 3 {
		p := pixels[i : i+3 : i+3]
		p[0], p[1], p[2] = (p[0]-m0)/s0, (p[1]-m1)/s1, (p[2]-m2)/s2
	}
}
