//go:build race

package cuda_test

// raceEnabled: the race detector makes the interpreter ten times as slow.
const raceEnabled = true
