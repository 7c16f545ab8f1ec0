// Package measuretest compares recordings by a measure, for the tests of the measures.
package measuretest

import (
	"context"
	"testing"

	"gzpt/gaze"
	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

// Prepared is what a measure, written with its parameters, computes the blocks of a relation by, over some paths.
func Prepared(tb testing.TB, spec string, paths []gaze.Recording) relation.Blocks {
	tb.Helper()
	m, s, err := measure.Parse(spec)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := m.Prepare(&measure.Work{Ctx: context.Background(), Device: gazetest.Device(tb), Paths: paths, Settings: s})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// Value is the similarity of two recordings by a measure.
func Value(tb testing.TB, spec string, a, b gaze.Recording) float64 {
	tb.Helper()
	dst := make([]float32, 4)
	if err := Prepared(tb, spec, []gaze.Recording{a, b}).Compute(relation.Span{N: 2}, relation.Span{N: 2}, dst); err != nil {
		tb.Fatal(err)
	}
	return float64(dst[1])
}

// Relate is the relation of items, items[i] being the recordings of item i, by a measure, written with its parameters.
func Relate(tb testing.TB, spec string, items [][]gaze.Recording) *relation.Relation {
	tb.Helper()
	paths, hasGaze := make([]gaze.Recording, len(items)), make([]bool, len(items))
	for i, recordings := range items {
		paths[i] = gaze.Merge(recordings)
		hasGaze[i] = paths[i].HasGaze()
	}
	d, err := relation.Begin(hasGaze, "", "")
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.Fill(context.Background(), Prepared(tb, spec, paths), nil); err != nil {
		tb.Fatal(err)
	}
	r, err := d.Complete()
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// Scanpaths are the measures of package scanpaths, which compare fixations pair by pair, with parameters that take other
// ways through them.
var Scanpaths = []string{
	"dtw", "dtw:duration=0.5", "eyenalysis", "frechet", "hausdorff", "levenshtein", "moments", "moments:drawing=released",
	"multimatch", "multimatch:grouping=yes", "multimatch:width=1920,height=1080", "scanmatch", "scanmatch:cols=12,rows=8,bin=0.1",
	"ss", "stde", "tde", "tde:k=1", "tima", "tima:resize=bilinear,order=lexical,share=20,clamp=800,screen=yes",
}
