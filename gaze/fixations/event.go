package fixations

import "fmt"

// Event is what the eye does at a sample.
type Event uint8

const (
	// Lost is a sample without a valid position.
	Lost Event = iota
	// Fixation is a sample of a fixation that is long enough.
	Fixation
	// Saccade is a fast movement from one place to another.
	Saccade
	// Glissade is the wobble of the eye at the end of a saccade, a post-saccadic oscillation.
	Glissade
	// Unclassified is a valid sample that the detector has no name for: between fixations, of a fixation too short, of
	// noise.
	Unclassified
)

// String is the event's name in lower case.
func (e Event) String() string {
	names := [...]string{"lost", "fixation", "saccade", "glissade", "unclassified"}
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("event %d", uint8(e))
}

// stretch is an event that lasts from sample first of a trace up to, not including, sample end.
type stretch struct {
	first, end int
	event      Event
	// place is the sample that a fixation's position is taken from, counted from 1; 0 takes the mean of all.
	place int
}
