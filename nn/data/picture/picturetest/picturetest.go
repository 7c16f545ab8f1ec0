// Package picturetest has image files and the pixels that Pillow sees in them, for tests.
package picturetest

import (
	_ "embed"
	"encoding/json"
	"sync"
	"testing"
)

// Case is an image file and what Pillow sees in it, from make_pillow.py, images as encoders write them, or make_field.py, as
// devices do.
type Case struct {
	Name                          string
	File, Pixels, Grey            []byte
	Width, Height, Channels, Bits int
	// Tolerance is how far decoders may be apart, in levels.
	Tolerance int
	Resized   []struct {
		Width, Height int
		Pixels        []byte
	}
}

var (
	//go:embed pillow.json
	pillow []byte
	//go:embed field.json
	field []byte
)

var cases = sync.OnceValues(func() (all []Case, err error) {
	for _, text := range [][]byte{pillow, field} {
		var golden struct{ Cases []Case }
		if err := json.Unmarshal(text, &golden); err != nil {
			return nil, err
		}
		all = append(all, golden.Cases...)
	}
	return all, nil
})

// Cases is all of them.
func Cases(t testing.TB) []Case {
	t.Helper()
	all, err := cases()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
