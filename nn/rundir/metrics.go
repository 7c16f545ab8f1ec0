package rundir

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"gzpt/kernels/input"
)

// Metrics is metrics.jsonl, a line of JSON for each step.
type Metrics struct {
	file *os.File
}

// OpenMetrics opens the file to go on behind its line for step, the last one that a checkpoint knows of; lines of later
// steps, which will be made again, are removed. The file must have the lines of the steps 1 to step.
func OpenMetrics(path string, step int) (*Metrics, error) {
	f, err := input.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	end, err := endOfStep(f, step)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Metrics{f}, nil
}

// endOfStep is where in the file the line of a step ends.
func endOfStep(f io.Reader, step int) (end int64, err error) {
	records := input.NewRecords(f)
	r := bufio.NewReader(records)
	for line := 1; line <= step; line++ {
		records.Next()
		text, err := r.ReadBytes('\n')
		if err != nil {
			return 0, fmt.Errorf("line %d: missing or cut off, but the checkpoint has made %d steps", line, step)
		}
		var m struct{ Step int }
		if err := json.Unmarshal(text, &m); err != nil || m.Step != line {
			return 0, fmt.Errorf("line %d: expected the metrics of step %d", line, line)
		}
		end += int64(len(text))
	}
	return end, nil
}

// Append adds a line.
func (m *Metrics) Append(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", m.file.Name(), err)
	}
	_, err = m.file.Write(append(line, '\n'))
	return err
}

// Sync brings the lines to the disk: before a checkpoint, so that no checkpoint knows more steps than the file.
func (m *Metrics) Sync() error { return m.file.Sync() }

// Close closes the file.
func (m *Metrics) Close() error { return m.file.Close() }
