//go:build !race

package data

// raceEnabled: the race detector allocates.
const raceEnabled = false
