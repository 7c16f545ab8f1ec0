package formats

import (
	"fmt"

	"gzpt/gaze"
	"gzpt/kernels/names"
)

// MatchNames finds images in a list of names: rows[i] is the index in listed of the name that means images[i], or -1 where
// the list lacks it. Names mean images as package names says of those given elsewhere. file is the list, a name a line; a name that is listed twice
// or fits several images, or two that mean one image, are errors that say so. Names of other images are passed over.
func MatchNames(images []names.Image, file string, listed []string) (rows []int, err error) {
	index := names.New(images)
	rows = make([]int, len(images))
	for i := range rows {
		rows[i] = -1
	}
	lines := map[string]int{}
	for row, name := range listed {
		problem := func(format string, args ...any) error {
			return gaze.Problem{File: file, Line: row + 1, Reason: fmt.Sprintf(format, args...)}
		}
		if line, ok := lines[names.Clean(name)]; ok {
			return nil, problem("image %q is listed already on line %d", name, line)
		}
		lines[names.Clean(name)] = row + 1
		i, err := index.FindElsewhere(name)
		if names.IsMissing(err) {
			continue
		}
		if err != nil {
			return nil, problem("image %q %v", name, err)
		}
		if rows[i] >= 0 {
			return nil, problem("image %q means %q, as %q on line %d does", name, images[i].Name, listed[rows[i]], rows[i]+1)
		}
		rows[i] = row
	}
	return rows, nil
}
