package relation

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"gzpt/gaze"
	"gzpt/kernels/input"
	"gzpt/kernels/npy"
	"gzpt/kernels/plain"
)

// ReadReleased reads a relation matrix that other code made, such as GzPT's own release: a square .npy of float32,
// float64 or integers, and a name list, a text file with the image of every row on a line of its own, blank ones only at
// its end, or the items.csv of a run.
//
// The two halves of the matrix are averaged; a matrix that has zeros in all of one half is taken from the other. An item whose
// row and column are zeros has no gaze; the diagonal of the others is set to 1.
func ReadReleased(matrix, names string) (r *Relation, listed []string, doubts Doubts, err error) {
	if listed, err = ReadNames(names); err != nil {
		return nil, nil, doubts, err
	}
	dims, err := npy.Shape(matrix) // a matrix of another size is not read
	if err != nil {
		return nil, nil, doubts, err
	}
	if len(dims) != 2 || dims[0] != dims[1] {
		return nil, nil, doubts, gaze.Problem{File: matrix, Reason: fmt.Sprintf("an array of shape %v, expected a square matrix", dims)}
	}
	n := dims[0]
	if len(listed) != n {
		reason := fmt.Sprintf("%d names, expected %d: one for each row of %s", len(listed), n, matrix)
		return nil, nil, doubts, gaze.Problem{File: names, Line: min(len(listed), n) + 1, Reason: reason}
	}
	_, values, err := npy.ReadFile(matrix)
	if err != nil {
		return nil, nil, doubts, err
	}
	if k := notFinite(values); k >= 0 {
		reason := fmt.Sprintf("row %d, column %d is %g, expected a number", k/n, k%n, values[k])
		return nil, nil, doubts, gaze.Problem{File: matrix, Reason: reason}
	}
	r = &Relation{N: n, Values: values, HasGaze: make([]bool, n)}
	doubts.Distances = r.looksFar()
	doubts.Asymmetry = r.symmetrise()
	for i := range n {
		for j := range n {
			if r.At(i, j) != 0 && (i != j || n == 1) {
				r.HasGaze[i] = true
			}
		}
		r.Values[i*n+i] = 0
		if r.HasGaze[i] {
			r.Values[i*n+i] = 1
		}
	}
	return r, listed, doubts, nil
}

// Doubts is what may be wrong with a matrix of other code.
type Doubts struct {
	// Asymmetry is how far the two halves are apart at most.
	Asymmetry float64
	// Distances says that every item is at 0 from itself and further from all others, as in a matrix of distances.
	Distances bool
}

// looksFar reports whether the diagonal is 0 and all else above.
func (r *Relation) looksFar() bool {
	for i := range r.N {
		for j := range r.N {
			if v := r.At(i, j); i == j && v != 0 || i != j && !(v > 0) {
				return false
			}
		}
	}
	return r.N > 1
}

// symmetrise averages the two halves, or copies the one that is not all zeros.
func (r *Relation) symmetrise() (asymmetry float64) {
	upper, lower := false, false
	for i := range r.N {
		for j := i + 1; j < r.N; j++ {
			upper, lower = upper || r.At(i, j) != 0, lower || r.At(j, i) != 0
		}
	}
	for i := range r.N {
		for j := i + 1; j < r.N; j++ {
			a, b := float64(r.At(i, j)), float64(r.At(j, i))
			v := (a + b) / 2
			if upper != lower { // one of them is 0
				v = a + b
			} else {
				asymmetry = max(asymmetry, a-b, b-a)
			}
			r.Values[i*r.N+j], r.Values[j*r.N+i] = float32(v), float32(v)
		}
	}
	return asymmetry
}

// itemsHeader is how the items.csv of a run or a relation begins, which has the rows of the relation.npy beside it.
const itemsHeader = "image,"

// ReadNames reads a name list: a line a name, or the items.csv of a run or a relation.
func ReadNames(path string) ([]string, error) {
	f, err := input.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, r := nameList{path: path, lines: map[string]int{}}, bufio.NewReader(input.Limit(f, input.Table/8))
	if head, _ := r.Peek(len(itemsHeader)); string(head) == itemsHeader {
		err = l.readItems(r)
	} else {
		err = l.readLines(r)
	}
	if err == nil && len(l.names) == 0 {
		err = l.problem(0, "no name, expected that of an image on each line")
	}
	return l.names, err
}

// nameList is the names in the file at path, each with its line.
type nameList struct {
	path  string
	names []string
	lines map[string]int
}

func (l *nameList) problem(line int, format string, a ...any) error {
	return gaze.Problem{File: l.path, Line: line, Reason: fmt.Sprintf(format, a...)}
}

func (l *nameList) add(name string, line int) error {
	if l.lines[name] > 0 {
		return l.problem(line, "the name on line %d once more", l.lines[name])
	}
	l.lines[name] = line
	l.names = append(l.names, name)
	return nil
}

// readItems reads the first column of a table, below its header.
func (l *nameList) readItems(r io.Reader) error {
	table := csv.NewReader(r)
	for header := true; ; header = false {
		fields, err := table.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w, expected a table with the names of images in its first column", l.path, err)
		}
		line, _ := table.FieldPos(0)
		switch name := plain.Restored(fields[0]); {
		case header:
		case strings.TrimSpace(name) == "":
			return l.problem(line, "no name, expected that of an image")
		default:
			if err := l.add(name, line); err != nil {
				return err
			}
		}
	}
}

// readLines reads a name a line; blank lines are at the end alone.
func (l *nameList) readLines(r io.Reader) error {
	blank, s := 0, bufio.NewScanner(r)
	for line := 1; s.Scan(); line++ {
		name := strings.TrimSpace(strings.TrimPrefix(s.Text(), "\ufeff"))
		switch {
		case name == "" && blank == 0:
			blank = line
		case name == "":
		case blank > 0:
			return l.problem(blank, "a blank line, expected the name of an image")
		default:
			if err := l.add(name, line); err != nil {
				return err
			}
		}
	}
	if err := s.Err(); err != nil {
		return l.problem(len(l.names)+1, "%v, expected the name of an image", err)
	}
	return nil
}

// Select is the relation of other items: item i is the item rows[i] of this one, or has no gaze where that is -1.
func (r *Relation) Select(rows []int) *Relation {
	if inOrder(rows, r.N) {
		return r // as large as it may be, it is not copied
	}
	out := newRelation(len(rows))
	for i, a := range rows {
		if a < 0 || !r.HasGaze[a] {
			continue
		}
		out.HasGaze[i] = true
		for j, b := range rows {
			if b >= 0 {
				out.Values[i*out.N+j] = r.At(a, b)
			}
		}
	}
	return out
}

// inOrder reports whether rows is 0, 1 .. n-1.
func inOrder(rows []int, n int) bool {
	for i, row := range rows {
		if row != i {
			return false
		}
	}
	return len(rows) == n
}

// Open maps the relation of n items that a run wrote to a file; where files cannot be mapped it is read. Close gives it back. A
// matrix of another size, and an entry that is not a number, are errors.
func Open(path string, n int) (*Relation, error) {
	r := &Relation{N: n}
	m, err := npy.OpenMapped(path, false)
	var dims []int
	if err == nil {
		dims, r.Values, r.mapped = m.Dims, m.Data, m
	} else if dims, r.Values, err = npy.ReadFile(path); err != nil {
		return nil, err
	}
	if !slices.Equal(dims, []int{n, n}) {
		err = fmt.Errorf("an array of shape %v, expected [%d %d]: a row for each item", dims, n, n)
	} else {
		r.gazeFromDiagonal()
		err = r.Check()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), r.Close())
	}
	return r, nil
}

// FromValues is the relation of a matrix as a run writes it: an item has gaze where its diagonal entry is not 0.
func FromValues(n int, values []float32) *Relation {
	if len(values) != n*n {
		panic("relation: FromValues: a relation has n*n values")
	}
	r := &Relation{N: n, Values: values}
	r.gazeFromDiagonal()
	return r
}

func (r *Relation) gazeFromDiagonal() {
	r.HasGaze = make([]bool, r.N)
	for i := range r.N {
		r.HasGaze[i] = r.At(i, i) != 0
	}
}

// Check demands that a relation has a number for every two of its items.
func (r *Relation) Check() error {
	if len(r.Values) != r.N*r.N || len(r.HasGaze) != r.N {
		return fmt.Errorf("a relation of %d items has %d similarities and says of %d whether they have gaze", r.N, len(r.Values), len(r.HasGaze))
	}
	if k := notFinite(r.Values); k >= 0 {
		return fmt.Errorf("row %d, column %d is %g, expected a number", k/r.N, k%r.N, r.Values[k])
	}
	return nil
}

// notFinite is the first value that is NaN or infinite, or -1.
func notFinite(values []float32) int {
	return slices.IndexFunc(values, func(v float32) bool { return !finite(float64(v)) })
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
