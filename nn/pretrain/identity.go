package pretrain

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"

	"gzpt/gaze/relation"
	"gzpt/nn/data"
	"gzpt/nn/internal/named"
)

// TrainedOn is the settings that make batches of items and their relation. A field that is added to any of them must mean
// at zero what was before.
type TrainedOn struct {
	Views data.Augmentation `json:"views"`
	// Positives is nil for a run without a relation.
	Positives *PositivesRecord `json:"positives,omitempty"`
}

// PositivesRecord is a rule, with what it left to the relation filled in, and the share that is dropped.
type PositivesRecord struct {
	Rule relation.Rule `json:"rule"`
	Drop float64       `json:"drop"`
}

// identity names what a run trains on: a checkpoint is refused by a run on other items, another relation, other views or
// other positives. It is a hash of the items, of the relation, and of every setting that is not zero under its name.
func identity(rows []Row, r *relation.Relation, t TrainedOn) string {
	h := sha256.New()
	hashData(h, rows, r)
	values := t.values()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(h, "%s %s\n", name, values[name])
	}
	return sum(h)
}

// values is every setting that is not zero, by name.
func (t TrainedOn) values() map[string]string {
	values := named.Values(t)
	maps.DeleteFunc(values, func(_, value string) bool { return value == "0" || value == `""` || value == "false" })
	return values
}

func hashData(h hash.Hash, rows []Row, r *relation.Relation) {
	for _, row := range rows {
		fmt.Fprintf(h, "%q\n", row.fields())
	}
	if r != nil {
		binary.Write(h, binary.LittleEndian, r.Values) // a hash takes everything
	}
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }
