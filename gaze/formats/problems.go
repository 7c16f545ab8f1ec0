package formats

import (
	"errors"
	"math"

	"gzpt/gaze"
)

// problems decides what a problem does: end the reading with an error, or be listed.
type problems struct {
	skipBad bool
	skips   []gaze.Problem
}

// pass lists a Problem and returns nil if bad input is to be skipped. Any other error, and a Problem otherwise, comes
// back as it is.
func (c *problems) pass(err error) error {
	if err == nil {
		return nil // before anything is allocated: this is asked of every row
	}
	var p gaze.Problem
	if !c.skipBad || !errors.As(err, &p) {
		return err
	}
	c.skips = append(c.skips, p)
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
