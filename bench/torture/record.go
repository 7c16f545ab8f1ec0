package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
)

// record is the trials that were made of one program, in a file: a line of JSON each, behind one that says what they are of. A
// torture that was stopped goes on behind them.
type record struct {
	file *os.File
	done map[string]verdict
}

// subject is what trials are made of. Those of another one say nothing about it.
type subject struct {
	Program string `json:"program"` // its checksum
	Torture string `json:"torture"` // and that of what tries it
	Seed    uint64 `json:"seed"`
}

type line struct {
	Trial   string  `json:"trial"`
	Outcome outcome `json:"outcome"`
	Note    string  `json:"note,omitempty"`
}

// openRecord opens the record at path, and begins it anew where it is of another subject.
func openRecord(path string, of subject) (*record, error) {
	r := &record{done: map[string]verdict{}}
	if err := r.read(path, of); err != nil {
		return nil, err
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if len(r.done) == 0 {
		mode |= os.O_TRUNC
	}
	var err error
	if r.file, err = os.OpenFile(path, mode, 0o666); err != nil {
		return nil, err
	}
	if len(r.done) == 0 {
		err = r.write(of)
	}
	return r, err
}

// read takes up the lines of a file; the last one may be cut off.
func (r *record) read(path string, of subject) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	var was subject
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &was) != nil || was != of {
		return nil
	}
	for lines.Scan() {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) == nil && l.Trial != "" {
			r.done[l.Trial] = verdict{l.Outcome, l.Note}
		}
	}
	return lines.Err()
}

func (r *record) write(v any) error {
	text, err := json.Marshal(v)
	if err == nil {
		_, err = r.file.Write(append(text, '\n'))
	}
	return err
}

// add records a trial that was made.
func (r *record) add(t trial, v verdict) error {
	r.done[t.String()] = v
	return r.write(line{t.String(), v.outcome, v.note})
}

// checksum is that of a file.
func checksum(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}
