package gaze

import "math"

// PixelsPerDegree is how many pixels a degree of visual angle covers along one side of a screen, on average over that
// side:
//
//	(pixels / 2) / degrees(atan2(size / 2, distance))
//
// pixels is the side's length in pixels, size the same in metres (or any unit), distance that of the eye from the screen
// in the same unit. It is the inverse of the px2deg of REMoDNaV (Dar, Wagner & Hanke, Behavior Research Methods 2021). It
// is 0, not known, where an argument is not a positive number.
func PixelsPerDegree(pixels, size, distance float64) float64 {
	if !positive(pixels) || !positive(size) || !positive(distance) {
		return 0
	}
	return pixels / 2 / degrees(math.Atan2(size/2, distance))
}

// Degrees is the visual angle between the middle of a screen's side and a position on it, positive to the right and down:
//
//	degrees(atan2(position - (pixels-1)/2, distance * pixels / size))
//
// position and pixels are in pixels, size and distance in one unit of length. The positions of the pixels are their
// centres, 0 to pixels-1, as in pix2deg of pymovements (Krakowczyk et al., ETRA 2023).
func Degrees(position, pixels, size, distance float64) float64 {
	return degrees(math.Atan2(position-(pixels-1)/2, distance*pixels/size))
}

// Position is the inverse of Degrees: the position in pixels that is seen at a visual angle.
func Position(angle, pixels, size, distance float64) float64 {
	return math.Tan(angle*math.Pi/180)*distance*pixels/size + (pixels-1)/2
}

func degrees(radians float64) float64 { return radians * 180 / math.Pi }

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 1) }
