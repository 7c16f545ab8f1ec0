//go:build race

// Package race says whether the race detector is on.
package race

// Enabled says that the race detector is on. It slows Go ten times and sees no assembly, so the suite then leaves out what
// cannot show a race: where operands lie, non-finite values and the large shapes.
const Enabled = true
