//go:build !linux

package bench

import "time"

// processorClock is the time on the wall, which is all that this system offers: on a loaded machine it counts the time of
// other processes too.
type processorClock struct{ start time.Time }

func newProcessorClock() (processorClock, error) { return processorClock{time.Now()}, nil }

func (c processorClock) now() time.Duration { return time.Since(c.start) }
