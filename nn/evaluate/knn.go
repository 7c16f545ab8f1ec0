package evaluate

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// KNN classifies by the k nearest training items in cosine similarity.
type KNN struct {
	// K is how many neighbours vote, 20 if 0; never more than there are training items.
	K int
	// Temperature T weighs a neighbour's vote by exp(similarity/T) (Wu et al., CVPR 2018, use 0.07); at 0 all votes are
	// equal. A negative number, of neighbours too, is a mistake of the caller.
	Temperature float64
}

// DefaultK is the number of neighbours of the zero KNN.
const DefaultK = 20

// Predict votes on every row of query with the rows of train. Neighbours of equal similarity are taken in the order of
// train. A vector of zeros, or one that is not finite, is an error.
func (k KNN) Predict(f Features, labels []int, classes int, train, query []int) (Prediction, error) {
	f.check("KNN.Predict", labels, classes, train)
	if k.K < 0 || !(k.Temperature >= 0) {
		panic("evaluate: KNN.Predict: neighbours and temperature are at least 0")
	}
	if len(train) == 0 {
		return Prediction{}, errors.New("no training items to be neighbours")
	}
	a, err := f.unit(train)
	if err != nil {
		return Prediction{}, err
	}
	b, err := f.unit(query)
	if err != nil {
		return Prediction{}, err
	}
	scores := make([]float64, len(query)*classes)
	if len(query) == 0 {
		return newPrediction(scores, classes), nil
	}
	var similarity mat.Dense
	similarity.Mul(b, a.T())
	order := make([]int, len(train))
	for r := range query {
		k.vote(scores[r*classes:(r+1)*classes], similarity.RawRowView(r), order, labels, train)
	}
	return newPrediction(scores, classes), nil
}

// vote adds up the votes of the nearest rows of train and scales them to sum 1.
func (k KNN) vote(scores, similarity []float64, order, labels, train []int) {
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(similarity[j], similarity[i]) })
	nearest := similarity[order[0]]
	total := 0.0
	for _, i := range order[:min(cmp.Or(k.K, DefaultK), len(order))] {
		weight := 1.0
		if k.Temperature > 0 {
			weight = math.Exp((similarity[i] - nearest) / k.Temperature)
		}
		scores[labels[train[i]]] += weight
		total += weight
	}
	for c := range scores {
		scores[c] /= total
	}
}

// unit is the given rows scaled to length 1.
func (f Features) unit(rows []int) (*mat.Dense, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	m := mat.NewDense(len(rows), f.Dim, nil)
	for r, i := range rows {
		dst := m.RawRowView(r)
		square := 0.0
		for c, v := range f.Row(i) {
			dst[c] = float64(v)
			square += dst[c] * dst[c]
		}
		if !(square > 0) || math.IsInf(square, 0) {
			return nil, notUsable(i)
		}
		for c := range dst {
			dst[c] /= math.Sqrt(square)
		}
	}
	return m, nil
}
