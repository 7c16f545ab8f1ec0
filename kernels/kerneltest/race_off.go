//go:build !race

package kerneltest

// raceDetector says that the race detector is on.
const raceDetector = false
