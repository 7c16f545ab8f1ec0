//go:build race

package nn

// raceEnabled: the race detector makes the interpreter of GPU kernels ten times as slow.
const raceEnabled = true
