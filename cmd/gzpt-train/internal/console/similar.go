package console

import (
	"fmt"
	"log/slog"
	"regexp"
	"time"
)

// mostSimilar is how many warnings of one kind are shown; the log has all of them.
const mostSimilar = 10

// particular is what differs between warnings of one kind: quoted names, paths and numbers.
var particular = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\S*[0-9/\\]\S*`)

// kinds counts warnings by what they have in common.
type kinds struct {
	seen    map[string]int
	example map[string]string // of those that were not shown
	hidden  []string          // kinds in the order of their first warning that was not shown
}

// show reports whether a warning is among the first of its kind.
func (k *kinds) show(message string) bool {
	kind := particular.ReplaceAllString(message, "*")
	if k.seen == nil {
		k.seen, k.example = map[string]int{}, map[string]string{}
	}
	k.seen[kind]++
	if k.seen[kind] <= mostSimilar {
		return true
	}
	if _, ok := k.example[kind]; !ok {
		k.example[kind] = message
		k.hidden = append(k.hidden, kind)
	}
	return false
}

// tellHidden says how many warnings of each kind were not shown since it was last asked.
func (c *Console) tellHidden() {
	for _, kind := range c.kinds.hidden {
		n := c.kinds.seen[kind] - mostSimilar
		c.print(slog.NewRecord(time.Now(), slog.LevelWarn, fmt.Sprintf("%d more like this: %s", n, c.kinds.example[kind]), 0))
		c.kinds.seen[kind] = mostSimilar
		delete(c.kinds.example, kind)
	}
	c.kinds.hidden = nil
}
