package pretrain

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"gzpt/gaze"
	"gzpt/kernels/input"
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
	// Pixels is the checksum of the item's pixels as the views are made of them, "" where it is not known.
	Pixels string
}

var rowColumns = []string{"image", "label", "split", "group", "training", "readers", "fixations", "dwell_s", "pixels"}

// columnsBeforePixels is the number of columns that files had before they had checksums.
const columnsBeforePixels = 8

// fields is all of the row but its pixels: what the identity of a run is made from.
func (r Row) fields() []string {
	return []string{r.Image, r.Label, r.Split, r.Group, strconv.FormatBool(r.Training), strconv.Itoa(r.Readers), strconv.Itoa(r.Fixations),
		strconv.FormatFloat(r.Dwell, 'f', 3, 64)}
}

// Rows describes the items of a source; recordings is the gaze of each, nil where there is none. The error names an
// item whose split is no word of a split. It panics if there are recordings of more or fewer items.
func Rows(images data.Source, recordings [][]gaze.Recording) ([]Row, error) {
	items := images.Items()
	if recordings != nil && len(recordings) != len(items) {
		panic("pretrain: Rows: recordings of each item, in their order")
	}
	split, err := evaluate.SplitItems(items)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(items))
	for i, item := range items {
		rows[i] = Row{Image: item.Name, Label: item.Label, Split: item.Split, Group: item.Group, Training: true, Pixels: data.Checksum(images, i)}
		if recordings == nil {
			continue
		}
		rows[i].Readers = len(gaze.ByReader(recordings[i]))
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
	return writeTable(path, rowColumns, rows, func(r Row) []string { return append(r.fields(), r.Pixels) })
}

// WriteShown writes items.csv for images whose features a network gave. It leaves out the columns of gaze, which nobody read, and
// that of training, which is known only of the images of a run.
func WriteShown(path string, rows []Row) error {
	columns := []string{"image", "label", "split", "group", "pixels"}
	return writeTable(path, columns, rows, func(r Row) []string { return []string{r.Image, r.Label, r.Split, r.Group, r.Pixels} })
}

func writeTable(path string, columns []string, rows []Row, fields func(Row) []string) error {
	return rundir.WriteAside(path, func(w io.Writer) error {
		table := bufio.NewWriter(w)
		writeSheet(table, columns) // Flush tells of any failure
		for _, r := range rows {
			writeSheet(table, fields(r))
		}
		return table.Flush()
	})
}

// ReadRows reads what WriteRows wrote.
func ReadRows(path string) ([]Row, error) {
	f, err := input.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table := newSheetReader(f)
	rows, err := readRows(table)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, table.line, err)
	}
	return rows, nil
}

func readRows(table *sheetReader) ([]Row, error) {
	columns, err := table.row()
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !slices.Equal(columns, rowColumns) && !slices.Equal(columns, rowColumns[:columnsBeforePixels]) {
		return nil, fmt.Errorf("expected the columns %v", rowColumns)
	}
	var rows []Row
	for {
		fields, err := table.row()
		if err == io.EOF {
			return rows, nil
		}
		if err == nil && len(fields) != len(columns) {
			err = fmt.Errorf("%d fields, expected %d as in the header", len(fields), len(columns))
		}
		if err != nil {
			return nil, err
		}
		r, err := parseRow(fields)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
}

func parseRow(fields []string) (Row, error) {
	r := Row{Image: fields[0], Label: fields[1], Split: fields[2], Group: fields[3], Training: fields[4] == "true"}
	if len(fields) > columnsBeforePixels {
		r.Pixels = fields[columnsBeforePixels]
	}
	var errs [3]error
	r.Readers, errs[0] = strconv.Atoi(fields[5])
	r.Fixations, errs[1] = strconv.Atoi(fields[6])
	r.Dwell, errs[2] = strconv.ParseFloat(fields[7], 64)
	return r, errors.Join(errs[:]...)
}

// ErrChanged says that the items are not those that a run began with.
var ErrChanged = errors.New("since the run began")

// SameRows demands that what a run trains on is still what was recorded in the file at path, and returns the names of
// the items that have another label, which nothing is trained on. Pixels are compared where both are known.
func SameRows(path string, recorded, now []Row) (relabelled []string, err error) {
	for i, r := range recorded {
		if i >= len(now) {
			return nil, fmt.Errorf("%s:%d: image %q is gone %w", path, i+2, r.Image, ErrChanged)
		}
		if what := r.difference(now[i]); what != "" {
			return nil, fmt.Errorf("%s:%d: image %q%s %w", path, i+2, r.Image, what, ErrChanged)
		}
		if r.Label != now[i].Label {
			relabelled = append(relabelled, r.Image)
		}
	}
	if len(now) > len(recorded) {
		return nil, fmt.Errorf("%s: image %q is new %w", path, now[len(recorded)].Image, ErrChanged)
	}
	return relabelled, nil
}

// difference is what of an item has changed, but for its label; "" for nothing.
func (r Row) difference(now Row) string {
	a, b := r.fields(), now.fields()
	switch {
	case r.Image != now.Image:
		return fmt.Sprintf(" has changed its place: %q is in it", now.Image)
	case r.Split != now.Split || r.Training != now.Training:
		return fmt.Sprintf(": its split has changed from %q to %q", r.Split, now.Split)
	case r.Group != now.Group:
		return fmt.Sprintf(": its group has changed from %q to %q", r.Group, now.Group)
	case !slices.Equal(a[5:], b[5:]):
		return ": its gaze has changed"
	case r.Pixels != now.Pixels && r.Pixels != "" && now.Pixels != "":
		return ": its pixels have changed"
	}
	return ""
}

// CheckGroups demands that no group is both trained on and kept for validation or test, or in both of these.
func CheckGroups(rows []Row) error {
	part := func(r Row) string {
		word, _ := data.SplitWord(r.Split)
		return cmp.Or(word, "train") // what is in no part is trained on
	}
	first := map[string]Row{}
	for _, r := range rows {
		a, seen := first[r.Group]
		switch {
		case r.Group == "":
		case !seen:
			first[r.Group] = r
		case part(a) != part(r):
			return fmt.Errorf("%w: group %q is in two parts of the split: image %q in %s, image %q in %s", evaluate.ErrSplit, r.Group, a.Image, part(a), r.Image, part(r))
		}
	}
	return nil
}
