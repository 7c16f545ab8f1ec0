package pretrain

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"gzpt/gaze"
	"gzpt/nn/data"
	"gzpt/nn/evaluate"
	"gzpt/nn/rundir"
)

// Row is a line of items.csv: an item, whether it is trained on, and its gaze in numbers.
type Row struct {
	Image, Label, Split, Group string
	// Training says that the run trains on the item: all but those that the split keeps for validation and test, so that
	// nothing is measured on an image whose gaze or pixels were trained on.
	Training  bool
	Readers   int
	Fixations int
	Dwell     float64 // seconds
}

var rowColumns = []string{"image", "label", "split", "group", "training", "readers", "fixations", "dwell_s"}

func (r Row) fields() []string {
	return []string{r.Image, r.Label, r.Split, r.Group, strconv.FormatBool(r.Training), strconv.Itoa(r.Readers), strconv.Itoa(r.Fixations),
		strconv.FormatFloat(r.Dwell, 'f', 3, 64)}
}

// Rows describes items; recordings is the gaze of each, nil where there is none. The error names an item whose split is no
// word of a split.
func Rows(items []data.Item, recordings [][]gaze.Recording) ([]Row, error) {
	split, err := evaluate.SplitItems(items)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(items))
	for i, item := range items {
		rows[i] = Row{Image: item.Name, Label: item.Label, Split: item.Split, Group: item.Group, Training: true}
		if recordings == nil {
			continue
		}
		rows[i].Readers = len(recordings[i])
		for _, r := range recordings[i] {
			rows[i].Fixations += len(r.Fixations)
			rows[i].Dwell += r.Dwell()
		}
	}
	for _, i := range slices.Concat(split.Validation, split.Test) {
		rows[i].Training = false
	}
	return rows, nil
}

// Training is the indices of the rows that a run trains on.
func Training(rows []Row) []int {
	var training []int
	for i, r := range rows {
		if r.Training {
			training = append(training, i)
		}
	}
	return training
}

// groups is the group of each row.
func groups(rows []Row) []string {
	words := make([]string, len(rows))
	for i, r := range rows {
		words[i] = r.Group
	}
	return words
}

// WriteRows writes items.csv.
func WriteRows(path string, rows []Row) error {
	return rundir.WriteAside(path, func(w io.Writer) error {
		table := csv.NewWriter(w)
		table.Write(rowColumns) // Error tells of any failure
		for _, r := range rows {
			table.Write(r.fields())
		}
		table.Flush()
		return table.Error()
	})
}

// ReadRows reads what WriteRows wrote.
func ReadRows(path string) ([]Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(lines) == 0 || !slices.Equal(lines[0], rowColumns) {
		return nil, fmt.Errorf("%s:1: expected the columns %v", path, rowColumns)
	}
	rows := make([]Row, len(lines)-1)
	for i, line := range lines[1:] {
		r := Row{Image: line[0], Label: line[1], Split: line[2], Group: line[3], Training: line[4] == "true"}
		var errs [3]error
		r.Readers, errs[0] = strconv.Atoi(line[5])
		r.Fixations, errs[1] = strconv.Atoi(line[6])
		r.Dwell, errs[2] = strconv.ParseFloat(line[7], 64)
		for _, err := range errs {
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i+2, err)
			}
		}
		rows[i] = r
	}
	return rows, nil
}

// ErrChanged says that the items are not those that a run began with.
var ErrChanged = errors.New("since the run began")

// SameRows demands that the items are still those that were recorded in the file at path.
func SameRows(path string, recorded, now []Row) error {
	for i, r := range recorded {
		if i >= len(now) || !slices.Equal(r.fields(), now[i].fields()) {
			return fmt.Errorf("%s:%d: image %q, its split or its gaze has changed %w", path, i+2, r.Image, ErrChanged)
		}
	}
	if len(now) > len(recorded) {
		return fmt.Errorf("%s: image %q is new %w", path, now[len(recorded)].Image, ErrChanged)
	}
	return nil
}
