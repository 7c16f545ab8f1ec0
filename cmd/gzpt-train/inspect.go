package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gzpt/kernels/checksum"
	"gzpt/kernels/input"
	"gzpt/kernels/npy"
	"gzpt/kernels/plain"
	"gzpt/nn"
	"gzpt/nn/pretrain"
	"gzpt/nn/rundir"
	"gzpt/nn/torchfile"
)

const aboutInspect = `
Says what each PATH holds: a run directory, a checkpoint, a file of weights (safetensors, PyTorch's .pth or .pt) or a .npy
file. Checkpoints, and what else has a checksum, are verified as a whole. What a file is follows from its content, not from its name.
`

func buildInspect(*flags) work {
	return func(_ context.Context, e *environment, args []string) error {
		if len(args) == 0 {
			return usagef("inspect needs the path of a run directory or a file")
		}
		for _, path := range args {
			if err := inspect(e.stdout, path); err != nil {
				return err
			}
		}
		return nil
	}
}

func inspect(w io.Writer, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return inspectRun(w, path)
	}
	head := make([]byte, 16)
	f, err := input.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch start := string(head[:n]); {
	case strings.HasPrefix(start, "gzptckpt"):
		return inspectCheckpoint(w, path)
	case strings.HasPrefix(start, "\x93NUMPY"):
		return inspectArray(w, path)
	case n > 8 && head[8] == '{' || torchfile.Recognise(head[:n]):
		return inspectTensors(w, path)
	}
	return fmt.Errorf("%s: neither a run directory, a checkpoint, a safetensors, PyTorch nor .npy file", path)
}

// inspectRun shows all of a run that can be read, and returns what of it is damaged or does not belong together.
func inspectRun(w io.Writer, path string) error {
	d, err := rundir.Open(path)
	if err != nil {
		return err
	}
	c, err := pretrain.ReadRecord(d)
	if errors.Is(err, pretrain.ErrRelation) {
		return inspectRelation(w, path)
	}
	faults := []error{err}
	if errors.Is(err, checksum.ErrDamaged) { // it may tell something all the same
		var text []byte
		if text, err = input.ReadFile(d.Config(), input.Document); err == nil {
			c = &pretrain.Record{}
			err = json.Unmarshal(text, c)
		}
	}
	if err != nil {
		return errors.Join(faults...)
	}
	fmt.Fprintf(w, "%s: run of %s\n  command: %s\n  started: %s\n", plain.Text(path), plain.Text(c.Version), plain.Text(c.Command), plain.Text(c.Started))
	if list, err := pretrain.ReadRows(d.Items()); err == nil {
		fmt.Fprintf(w, "  items: %d, %d of them to train on\n", len(list), len(pretrain.Training(list)))
	} else {
		faults = append(faults, err)
	}
	if text := c.Unchecked(d); text != "" {
		fmt.Fprintf(w, "  %s\n", plain.Text(text))
	}
	for _, file := range []string{d.Checkpoint(), d.Backbone(), d.Relation()} {
		if _, err := os.Stat(file); err != nil {
			fmt.Fprintf(w, "%s: not there\n", plain.Text(file))
			continue
		}
		faults = append(faults, inspect(w, file))
	}
	faults = append(faults, c.CheckFiles(d))
	if _, err := os.Stat(d.Checkpoint()); err == nil && faults[0] == nil {
		_, _, err := pretrain.Check(d)
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// inspectRelation is inspectRun for the folder of a relation.
func inspectRelation(w io.Writer, path string) error {
	d := rundir.Dir(path)
	r, err := readRelateRecord(d)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: relation of %s\n  command: %s\n  started: %s\n", plain.Text(path), plain.Text(r.Version), plain.Text(r.Command), plain.Text(r.Started))
	list, err := pretrain.ReadRows(d.Items())
	if err == nil {
		fmt.Fprintf(w, "  items: %d, %d of them to train on\n", len(list), len(pretrain.Training(list)))
	}
	faults := []error{err}
	if _, err := os.Stat(d.Relation()); err != nil {
		fmt.Fprintf(w, "%s: not there\n", plain.Text(d.Relation()))
	} else {
		faults = append(faults, inspect(w, d.Relation()))
	}
	return errors.Join(append(faults, (&pretrain.Record{Checksums: r.Checksums}).CheckFiles(d))...)
}

func inspectCheckpoint(w io.Writer, path string) error {
	c, err := nn.ReadCheckpointInfo(path)
	if err != nil {
		return err
	}
	settings, err := json.MarshalIndent(c.Config, "  ", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(w, "%s: checkpoint, format %d, whole, written on %s\n  %s, %s\n  step %d of %d, %d updates, epoch %d, batch %d of the next epoch, state %s\n  settings: %s\n",
		plain.Text(path), c.Version, plain.Text(c.Device), c.Config.Method, c.Config.Arch, c.Steps, c.Config.Steps, c.Updates, c.Position.Epoch, c.Position.Batch, plain.Text(c.State), settings)
	return nil
}

func inspectArray(w io.Writer, path string) error {
	dims, err := npy.Shape(path)
	if err != nil {
		return err
	}
	elements := 1
	for _, d := range dims {
		elements *= d
	}
	fmt.Fprintf(w, "%s: array %v, %d elements\n", plain.Text(path), dims, elements)
	return nil
}

func inspectTensors(w io.Writer, path string) error {
	f, err := nn.OpenWeightFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	total := 0
	for _, t := range f.Tensors() {
		total += t.Len()
	}
	fmt.Fprintf(w, "%s: %s, %d tensors, %d elements\n", plain.Text(path), f.Format, len(f.Tensors()), total)
	if of := f.Provenance(); of != nil {
		fmt.Fprintf(w, "  of step %d of %d, of the checkpoint with the state %s\n", of.Step, of.Steps, plain.Text(cmp.Or(of.State, "that is not known")))
	}
	if found, err := f.Backbone(); err == nil {
		fmt.Fprintf(w, "  a backbone: %s\n", plain.Text(fmt.Sprint(found)))
	} else {
		fmt.Fprintf(w, "  %s\n", plain.Error(err))
	}
	for _, t := range f.Tensors() {
		fmt.Fprintf(w, "  %-40s %s %v\n", plain.Text(t.Name), t.Type, t.Shape)
	}
	if err := f.Verify(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
