package nn

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"gzpt/kernels/input"
	"gzpt/nn/safetensors"
	"gzpt/nn/tensorfile"
	"gzpt/nn/torchfile"
)

// WeightFile is an open file of weights.
type WeightFile struct {
	tensorfile.File
	// Format is "safetensors", "PyTorch, zip" or "PyTorch, legacy".
	Format string
	// Metadata is the texts that a safetensors file has beside its tensors.
	Metadata map[string]string
	verify   func() error
	close    func() error
}

// OpenWeightFile opens a file of weights: safetensors, or what PyTorch's torch.save wrote (.pth, .pt, .ckpt), in either of its
// forms. Which it is follows from the content, not from the name. The error names the file.
func OpenWeightFile(path string) (*WeightFile, error) {
	file, err := input.Open(path)
	if err != nil {
		return nil, err
	}
	w, err := newWeightFile(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	w.close = file.Close
	return w, nil
}

// Verify reads the whole file and demands that it has the checksum that it was written with, if it was written with one.
func (w *WeightFile) Verify() error {
	if w.verify == nil {
		return nil
	}
	return w.verify()
}

// Close closes the file.
func (w *WeightFile) Close() error { return w.close() }

func newWeightFile(file *os.File) (*WeightFile, error) {
	stat, err := file.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, 9)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case n == len(head) && head[8] == '{': // the length before it may look like the beginning of a pickle
		f, err := safetensors.Open(file, stat.Size())
		if err != nil {
			return nil, err
		}
		return &WeightFile{File: f, Format: "safetensors", Metadata: f.Metadata(), verify: f.Verify}, nil
	case torchfile.Recognise(head[:n]):
		f, err := torchfile.Open(file, stat.Size())
		if err != nil {
			return nil, err
		}
		return &WeightFile{File: f, Format: "PyTorch, " + f.Form()}, nil
	}
	return nil, errors.New("neither a safetensors file nor one of PyTorch's torch.save")
}

// Provenance is where an exported backbone comes from.
type Provenance struct {
	// Step is the micro-batches that had been made of Steps.
	Step, Steps int
	// State is CheckpointInfo.State of the checkpoint that has the same weights, "" where none was written.
	State string
}

// The names of a Provenance in the metadata of a file.
const (
	stepKey  = "gzpt.step"
	stepsKey = "gzpt.steps"
	stateKey = "gzpt.state"
)

func (p Provenance) metadata() map[string]string {
	return map[string]string{stepKey: strconv.Itoa(p.Step), stepsKey: strconv.Itoa(p.Steps), stateKey: p.State}
}

// Provenance is where the file comes from, nil where no trainer exported it, or that of an older version.
func (w *WeightFile) Provenance() *Provenance { return provenanceIn(w.Metadata) }

// provenanceIn is what the metadata of a file say of it, nil where they do not.
func provenanceIn(metadata map[string]string) *Provenance {
	p := &Provenance{State: metadata[stateKey]}
	var errs [2]error
	p.Step, errs[0] = strconv.Atoi(metadata[stepKey])
	p.Steps, errs[1] = strconv.Atoi(metadata[stepsKey])
	if errs[0] != nil || errs[1] != nil {
		return nil
	}
	return p
}
