package cuda

import "testing"

// SlowUnderRace leaves a test out under the race detector, which makes the interpreter ten times as slow. What runs at a time there is
// the blocks of a kernel, whichever kernel it is: the tests that stay, and those of the interpreter, launch enough of them.
func SlowUnderRace(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("minutes under the race detector; other tests launch kernels there")
	}
}
