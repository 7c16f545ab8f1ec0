package formats

import (
	"errors"
	"fmt"
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
	if len(c.skips) == maxSkips {
		return fmt.Errorf("%w; this is the one after %d others, expected a better file", err, maxSkips)
	}
	c.skips = append(c.skips, p)
	return nil
}

// maxSkips bounds what is listed of a file.
const maxSkips = 100_000

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
