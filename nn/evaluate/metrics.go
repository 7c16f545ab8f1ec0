package evaluate

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Scores sums up a prediction.
type Scores struct {
	Items            int     `json:"items"`
	Accuracy         float64 `json:"accuracy"`
	BalancedAccuracy float64 `json:"balanced_accuracy"`
	MacroAUC         float64 `json:"macro_auc"`
	// Confusion counts items by true class (row) and predicted class (column).
	Confusion [][]int `json:"confusion"`
}

// Score is all metrics of a prediction; truth has the true class of each of its rows.
func Score(truth []int, p Prediction) Scores {
	return Scores{
		Items:            len(truth),
		Accuracy:         Accuracy(truth, p.Class),
		BalancedAccuracy: BalancedAccuracy(truth, p.Class, p.Classes),
		MacroAUC:         MacroAUC(truth, p.Scores, p.Classes),
		Confusion:        Confusion(truth, p.Class, p.Classes),
	}
}

// Confusion is a classes x classes table: how many items of class row were predicted as class column.
func Confusion(truth, predicted []int, classes int) [][]int {
	if len(truth) != len(predicted) {
		panic("evaluate: Confusion: one prediction per item")
	}
	table := make([][]int, classes)
	for c := range table {
		table[c] = make([]int, classes)
	}
	for i, c := range truth {
		if c < 0 || c >= classes || predicted[i] < 0 || predicted[i] >= classes {
			panic("evaluate: Confusion: a class that does not exist")
		}
		table[c][predicted[i]]++
	}
	return table
}

// Accuracy is the share of items that are predicted right, 0 of none.
func Accuracy(truth, predicted []int) float64 {
	if len(truth) != len(predicted) {
		panic("evaluate: Accuracy: one prediction per item")
	}
	if len(truth) == 0 {
		return 0
	}
	right := 0
	for i, c := range truth {
		if predicted[i] == c {
			right++
		}
	}
	return float64(right) / float64(len(truth))
}

// BalancedAccuracy is the mean over the classes that occur of the share of their items that are predicted right (recall);
// guessing gets 1/classes however unequal the classes are (Brodersen et al., ICPR 2010).
func BalancedAccuracy(truth, predicted []int, classes int) float64 {
	sum, occurring := 0.0, 0
	for c, row := range Confusion(truth, predicted, classes) {
		total := 0
		for _, n := range row {
			total += n
		}
		if total > 0 {
			sum += float64(row[c]) / float64(total)
			occurring++
		}
	}
	if occurring == 0 {
		return 0
	}
	return sum / float64(occurring)
}

// MacroAUC is the mean over classes of the area under the ROC curve of one class against the rest, scores being items x
// classes. A class that no item or every item has is left out; 0.5 where none remains.
func MacroAUC(truth []int, scores []float64, classes int) float64 {
	if len(scores) != len(truth)*classes || floats.HasNaN(scores) {
		panic("evaluate: MacroAUC: scores are items x classes, none of them NaN")
	}
	column, member := make([]float64, len(truth)), make([]bool, len(truth))
	sum, used := 0.0, 0
	for c := range classes {
		for i, t := range truth {
			column[i], member[i] = scores[i*classes+c], t == c
		}
		if area, ok := auc(column, member); ok {
			sum += area
			used++
		}
	}
	if used == 0 {
		return 0.5
	}
	return sum / float64(used)
}

// auc is the area under the ROC curve by the rank sum of the members (Mann & Whitney 1947), equal scores sharing the mean
// of their ranks; false if there are no members or nothing else.
func auc(scores []float64, member []bool) (float64, bool) {
	order := make([]int, len(scores))
	members := 0
	for i := range order {
		order[i] = i
		if member[i] {
			members++
		}
	}
	others := len(scores) - members
	if members == 0 || others == 0 {
		return 0, false
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	ranks := 0.0
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && scores[order[to]] == scores[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			if member[i] {
				ranks += float64(from+1+to) / 2 // the mean of the ranks from+1 .. to
			}
		}
		from = to
	}
	m := float64(members)
	return (ranks - m*(m+1)/2) / (m * float64(others)), true
}
