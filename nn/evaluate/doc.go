// Package evaluate says what frozen features are worth: k nearest neighbours and a linear probe on top of them, and the
// metrics of their predictions. [Backbone] judges the backbone in a file on images, [Judge] features that are there.
//
// Rows of features are items, labels are classes 0 .. classes-1, and a [Split] names rows by index; nothing that is
// learnt, chosen or measured for scaling ever sees a row of the test split. Everything is deterministic.
package evaluate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Features is a matrix of one feature vector per item, row-major.
type Features struct {
	Rows, Dim int
	Values    []float32
}

// Row is the features of item i.
func (f Features) Row(i int) []float32 { return f.Values[i*f.Dim : (i+1)*f.Dim] }

// check panics where the matrix, the labels or the rows asked for do not fit together.
func (f Features) check(op string, labels []int, classes int, rows ...[]int) {
	if f.Rows < 0 || f.Dim < 1 || len(f.Values) != f.Rows*f.Dim {
		panic("evaluate: " + op + ": features do not have Rows x Dim values")
	}
	if len(labels) != f.Rows || classes < 1 {
		panic("evaluate: " + op + ": one label per row, and at least one class")
	}
	for _, list := range rows {
		for _, i := range list {
			if i < 0 || i >= f.Rows || labels[i] < 0 || labels[i] >= classes {
				panic("evaluate: " + op + ": a row that does not exist or has no label below classes")
			}
		}
	}
}

// Prediction is the output of a classifier for some rows, in the order they were asked for.
type Prediction struct {
	Classes int
	// Class is the predicted class of each row, the lowest among equals.
	Class []int
	// Scores is rows x Classes, row-major: not negative, every row sums to 1.
	Scores []float64
}

// newPrediction takes the class of the highest score.
func newPrediction(scores []float64, classes int) Prediction {
	p := Prediction{Classes: classes, Scores: scores, Class: make([]int, len(scores)/classes)}
	for r := range p.Class {
		row := scores[r*classes : (r+1)*classes]
		for c, v := range row {
			if v > row[p.Class[r]] {
				p.Class[r] = c
			}
		}
	}
	return p
}

// Classes numbers the distinct labels: names in order (as numbers where all are, otherwise as words), and the number of
// each item's label in that order, -1 for an item without label ("").
func Classes(labels []string) (names []string, index []int) {
	numbers := map[string]float64{}
	numeric := true
	for _, l := range labels {
		if _, seen := numbers[l]; seen || l == "" {
			continue
		}
		v, err := strconv.ParseFloat(l, 64)
		numeric = numeric && err == nil && v == v
		numbers[l] = v
		names = append(names, l)
	}
	slices.SortFunc(names, func(a, b string) int {
		if numeric {
			return cmp.Or(cmp.Compare(numbers[a], numbers[b]), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
	number := map[string]int{"": -1}
	for i, name := range names {
		number[name] = i
	}
	index = make([]int, len(labels))
	for i, l := range labels {
		index[i] = number[l]
	}
	return names, index
}

// Doubts says what of some labels, "" for none, may not be as the user takes it: labels that measure, so that few items share one, and
// classes that may be one, see [Twins].
func Doubts(labels []string) (all []string) {
	classes, index := Classes(labels)
	labelled := 0
	for _, c := range index {
		if c >= 0 {
			labelled++
		}
	}
	if len(classes) > 2 && 2*len(classes) > labelled {
		all = append(all, fmt.Sprintf("%d labels of %d items: on average fewer than two share one; a column that measures has no classes", len(classes), labelled))
	}
	return append(all, Twins(classes)...)
}

// Twins says which of the classes may be one, written in two ways: their names differ in case alone, or as numbers not at all.
func Twins(classes []string) (all []string) {
	first := map[string]string{}
	for _, c := range classes {
		key := strings.ToLower(c)
		if v, err := strconv.ParseFloat(c, 64); err == nil {
			key = strconv.FormatFloat(v, 'g', -1, 64)
		}
		if other, ok := first[key]; ok {
			all = append(all, fmt.Sprintf("the labels %q and %q are two classes: are they one, written in two ways?", other, c))
			continue
		}
		first[key] = c
	}
	return all
}
