package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"gzpt/cmd/gzpt-train/internal/rundir"
	"gzpt/gaze"
	"gzpt/nn/data"
)

// trainingItems is the indices of the items to pre-train on: all but those that the split keeps for validation and test,
// so that nothing is measured on an image whose gaze or pixels were trained on.
func trainingItems(items []data.Item) ([]int, error) {
	split, err := splitOf(items)
	if err != nil {
		return nil, err
	}
	held := make([]bool, len(items))
	for _, i := range slices.Concat(split.Validation, split.Test) {
		held[i] = true
	}
	var rows []int
	for i := range items {
		if !held[i] {
			rows = append(rows, i)
		}
	}
	return rows, nil
}

// itemRow is a line of a run's items.csv.
type itemRow struct {
	image, label, split, group string
	// training says that the run trains on the item.
	training  bool
	readers   int
	fixations int
	dwell     float64 // seconds
}

var itemColumns = []string{"image", "label", "split", "group", "training", "readers", "fixations", "dwell_s"}

func (r itemRow) fields() []string {
	return []string{r.image, r.label, r.split, r.group, strconv.FormatBool(r.training), strconv.Itoa(r.readers), strconv.Itoa(r.fixations),
		strconv.FormatFloat(r.dwell, 'f', 3, 64)}
}

// rows describes the items of a dataset.
func (d *dataset) rows() ([]itemRow, error) {
	training, err := trainingItems(d.items())
	if err != nil {
		return nil, err
	}
	rows := make([]itemRow, len(d.items()))
	for i, item := range d.items() {
		rows[i] = itemRow{image: item.Name, label: item.Label, split: item.Split, group: item.Group}
		if d.recordings != nil {
			rows[i].readers, rows[i].fixations, rows[i].dwell = summary(d.recordings[i])
		}
	}
	for _, i := range training {
		rows[i].training = true
	}
	return rows, nil
}

func summary(recordings []gaze.Recording) (readers, fixations int, dwell float64) {
	for _, r := range recordings {
		fixations += len(r.Fixations)
		dwell += r.Dwell()
	}
	return len(recordings), fixations, dwell
}

func writeItems(path string, rows []itemRow) error {
	return rundir.WriteAside(path, func(w io.Writer) error {
		table := csv.NewWriter(w)
		table.Write(itemColumns) // Error tells of any failure
		for _, r := range rows {
			table.Write(r.fields())
		}
		table.Flush()
		return table.Error()
	})
}

// readItems reads what writeItems wrote.
func readItems(path string) ([]itemRow, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(lines) == 0 || !slices.Equal(lines[0], itemColumns) {
		return nil, fmt.Errorf("%s:1: expected the columns %v", path, itemColumns)
	}
	rows := make([]itemRow, len(lines)-1)
	for i, line := range lines[1:] {
		r := itemRow{image: line[0], label: line[1], split: line[2], group: line[3], training: line[4] == "true"}
		var errs [3]error
		r.readers, errs[0] = strconv.Atoi(line[5])
		r.fixations, errs[1] = strconv.Atoi(line[6])
		r.dwell, errs[2] = strconv.ParseFloat(line[7], 64)
		for _, err := range errs {
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i+2, err)
			}
		}
		rows[i] = r
	}
	return rows, nil
}

// trainingRows is the indices of the rows that a run trains on.
func trainingRows(rows []itemRow) []int {
	var training []int
	for i, r := range rows {
		if r.training {
			training = append(training, i)
		}
	}
	return training
}

// sameItems demands that the items are still those that a run recorded in its file.
func sameItems(path string, recorded, now []itemRow) error {
	for i, r := range recorded {
		if i >= len(now) || !slices.Equal(r.fields(), now[i].fields()) {
			return fmt.Errorf("%s:%d: image %q, its split or its gaze has changed since the run began; --init starts a new run from its weights",
				path, i+2, r.image)
		}
	}
	if len(now) > len(recorded) {
		return fmt.Errorf("%s: image %q was not there when the run began; --init starts a new run from its weights", path, now[len(recorded)].image)
	}
	return nil
}
