package console

import (
	"strings"
	"time"
	"unicode/utf8"

	"gzpt/kernels/plain"
)

const (
	barWidth       = 10
	redrawInterval = 100 * time.Millisecond
	clearLine      = "\r\x1b[K"
)

// Progress shows on a terminal, and nowhere else, that the share done (0 to 1) of something is behind us, with a text
// beside the bar. It replaces the previous progress line; any other line removes it.
func (c *Console) Progress(done float64, text string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now := time.Now()
	if c.options.Width == 0 || now.Sub(c.redraw) < redrawInterval {
		return
	}
	c.redraw, c.bar = now, true
	full := min(max(int(done*barWidth), 0), barWidth)
	line := "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "] " + plain.Text(text)
	c.show(clearLine + truncate(line, c.options.Width-1))
}

// Finish removes the progress line and says how many warnings were not shown.
func (c *Console) Finish() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.clear()
	c.tellHidden()
}

func (c *Console) clear() {
	if c.bar {
		c.show(clearLine)
		c.bar = false
	}
}

// truncate cuts a line to a number of characters.
func truncate(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(width, 0)])
}
