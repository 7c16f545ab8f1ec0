package rundir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"gzpt/kernels/checksum"
	"gzpt/kernels/input"
)

// Metrics is metrics.jsonl, a line of JSON for each step. Each has a last member "crc32c", the checksum of the line before it.
type Metrics struct {
	file    *os.File
	damaged []int
}

// OpenMetrics opens the file to go on behind its line for step, the last one that a checkpoint knows of; lines of later
// steps, which will be made again, are removed. The file must have the lines of the steps 1 to step. A line whose checksum
// does not fit stays, see Damaged: no bit of the run follows from it.
func OpenMetrics(path string, step int) (*Metrics, error) {
	f, err := input.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	end, damaged, err := endOfStep(f, step)
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
	return &Metrics{f, damaged}, nil
}

// Damaged is the numbers of the lines, from 1, that are not what was written.
func (m *Metrics) Damaged() []int { return m.damaged }

// endOfStep is where in the file the line of a step ends, and which lines before are damaged. Behind a damaged line others may
// be missing, as where its line feed has become another byte.
func endOfStep(f io.Reader, step int) (end int64, damaged []int, err error) {
	records := input.NewRecords(f)
	r := bufio.NewReader(records)
	for line, made := 1, 0; made < step; line++ {
		records.Next()
		text, err := r.ReadBytes('\n')
		if err != nil && (damaged != nil || bytes.Contains(text, []byte(lineSeal))) { // a line feed has become another byte
			return end, append(damaged, line), nil
		}
		if err != nil {
			return 0, nil, fmt.Errorf("line %d: missing or cut off, but the checkpoint has made %d steps", line, step)
		}
		var m struct{ Step int }
		switch {
		case !intactLine(text) || json.Unmarshal(text, &m) != nil:
			damaged = append(damaged, line)
			made++
		case m.Step == made+1:
			made++
		case damaged != nil && m.Step > made+1 && m.Step <= step:
			made = m.Step
		case damaged != nil && m.Step > step:
			return end, damaged, nil
		default:
			return 0, nil, fmt.Errorf("line %d: expected the metrics of step %d", line, made+1)
		}
		end += int64(len(text))
	}
	return end, damaged, nil
}

const lineSeal = `,"crc32c":`

// intactLine reports whether the checksum of a line fits; those of older versions have none.
func intactLine(text []byte) bool {
	at := bytes.LastIndex(text, []byte(lineSeal))
	return at < 0 || string(text[at:]) == sealOfLine(text[:at])
}

// sealOfLine is how a line ends. The checksum is a number, so that all that a line has are numbers.
func sealOfLine(body []byte) string {
	return lineSeal + strconv.FormatUint(uint64(checksum.Of(body)), 10) + "}\n"
}

// Append adds a line.
func (m *Metrics) Append(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", m.file.Name(), err)
	}
	body := line[:len(line)-len("}")]
	_, err = m.file.Write(append(body, sealOfLine(body)...))
	return err
}

// Sync brings the lines to the disk: before a checkpoint, so that no checkpoint knows more steps than the file.
func (m *Metrics) Sync() error { return m.file.Sync() }

// Close closes the file.
func (m *Metrics) Close() error { return m.file.Close() }
