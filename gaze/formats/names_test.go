package formats

import (
	"slices"
	"strings"
	"testing"
)

func TestMatchNames(t *testing.T) {
	listed := []string{"a/1.png", "a/2.png", "b/2.png", "3"}
	rows, err := MatchNames([]string{"3.jpg", "1.bmp", "b/2.png", "4.png"}, "namelist.txt", listed)
	if err != nil || !slices.Equal(rows, []int{3, 0, 2, -1}) {
		t.Errorf("%v, %v", rows, err)
	}
	for want, images := range map[string][]string{
		`namelist.txt: image "2.png" fits several names`:             {"2.png"},
		`namelist.txt:1: "a/1.png" fits the images "1.png" and "1.b`: {"1.png", "1.bmp"},
	} {
		if _, err := MatchNames(images, "namelist.txt", listed); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := MatchNames(nil, "namelist.txt", []string{"a", "a"}); err == nil || err.Error() != `namelist.txt:2: image "a" is listed already on line 1` {
		t.Error(err)
	}
}
