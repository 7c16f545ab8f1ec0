package formats

import (
	"fmt"
	"os"
	"testing"
)

func TestProbe(t *testing.T) {
	path := os.Getenv("PROBE")
	if path == "" {
		t.Skip()
	}
	set, err := Load(path, ReadOptions{Samples: os.Getenv("SAMPLES") != "", SkipBad: os.Getenv("SKIP") != "", ImageFrom: os.Getenv("FROM"), Format: os.Getenv("FORMAT")})
	if err != nil {
		fmt.Println("ERROR", err)
		return
	}
	fmt.Println(set.Formats, len(set.Recordings), "dropped:", set.Dropped)
	for i, s := range set.Skips {
		if i < 5 {
			fmt.Println("skip", s)
		}
	}
	fmt.Println("skips", len(set.Skips))
	for _, n := range set.Notes {
		fmt.Println("note", n)
	}
	for i, r := range set.Recordings {
		if i > 12 {
			break
		}
		lost := 0
		for _, s := range r.Samples {
			if s.Lost() {
				lost++
			}
		}
		fmt.Printf("%q/%q %gx%g screen=%v: %d fixations, dwell %.4f, %d samples (%d lost)\n", r.Image, r.Reader, r.Width, r.Height, r.Screen, len(r.Fixations), r.Dwell(), len(r.Samples), lost)
		for k, f := range r.Fixations {
			if k < 2 || k == len(r.Fixations)-1 {
				fmt.Printf("   %.4f %.4f %.4f+%.4f\n", f.X, f.Y, f.Start, f.Duration)
			}
		}
	}
}
