package formats

import (
	"slices"
	"strings"
	"testing"

	"gzpt/kernels/names"
)

func TestMatchNames(t *testing.T) {
	images := func(list ...string) (images []names.Image) {
		for _, name := range list {
			images = append(images, names.Image{Name: name, Path: "/set/images/" + name})
		}
		return images
	}
	listed := []string{"images/1.png", "a/2.png", `b\2.png`, "3", "other/4.png", "1.2.840.7"}
	rows, err := MatchNames(images("3.jpg", "1.bmp", "b/2.png", "4.png", "1.2.840.7.dcm", "1.2.840.dcm"), "namelist.txt", listed)
	if err != nil || !slices.Equal(rows, []int{3, 0, 2, -1, 5, -1}) {
		t.Errorf("%v, %v", rows, err)
	}
	rows, err = MatchNames(images("1.jpg", "2.jpg"), "namelist.txt", []string{`D:\else\2.png`, "some/folder/1"})
	if err != nil || !slices.Equal(rows, []int{1, 0}) {
		t.Errorf("%v, %v", rows, err)
	}
	for _, c := range []struct {
		images, listed []string
		want           string
	}{
		{[]string{"a/2.png", "b/2.png"}, []string{"a/2.png", "2"}, `namelist.txt:2: image "2" fits several images; expected a name with its folder, for one of a/2.png, b/2.png`},
		{[]string{"a/1.png"}, []string{"1.png", "a/1.png"}, `namelist.txt:2: image "a/1.png" means "a/1.png", as "1.png" on line 1 does`},
		{[]string{"1.png"}, []string{"a/1.png", "b/1.png"}, `namelist.txt:2: image "b/1.png" means "1.png", as "a/1.png" on line 1 does`},
		{nil, []string{"a", `.\a`}, `namelist.txt:2: image ".\\a" is listed already on line 1`},
	} {
		if _, err := MatchNames(images(c.images...), "namelist.txt", c.listed); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, expected %s", err, c.want)
		}
	}
}
