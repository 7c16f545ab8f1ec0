package formats

import (
	"fmt"

	"gzpt/gaze"
)

// MatchNames finds images in a list of names: rows[i] is the index in listed of images[i], or -1 where the list lacks it.
// Names are compared as Align does. file is the list, a name a line; an image that fits several names of it, or two
// images that fit one, are errors that say so.
func MatchNames(images []string, file string, listed []string) (rows []int, err error) {
	candidates := make([]Image, len(listed))
	for i, name := range listed {
		candidates[i] = Image{Name: name, File: file, Line: i + 1}
	}
	var c problems
	lookup, err := c.index(candidates)
	if err != nil {
		return nil, err
	}
	rows = make([]int, len(images))
	taken := map[int]int{}
	for i, name := range images {
		rows[i] = -1
		for k, key := range nameKeys {
			row, ok := lookup[k][key(name)]
			if !ok {
				continue
			}
			if row < 0 {
				return nil, gaze.Problem{File: file, Reason: fmt.Sprintf("image %q fits several names, expected names with their folders", name)}
			}
			if first, ok := taken[row]; ok {
				return nil, gaze.Problem{File: file, Line: row + 1, Reason: fmt.Sprintf("%q fits the images %q and %q, expected names with their folders", listed[row], images[first], name)}
			}
			taken[row], rows[i] = i, row
			break
		}
	}
	return rows, nil
}
