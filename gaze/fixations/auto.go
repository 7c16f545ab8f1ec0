package fixations

import "gzpt/gaze"

func init() {
	registerDetector(Detector{
		Name:   "auto",
		About:  "idt where the pixels in a degree are known for every valid sample, released where they are not",
		choose: chooseByResolution,
	})
}

func chooseByResolution(r gaze.Recording) string {
	for _, s := range r.Samples {
		if !s.Lost() && !s.Resolution.Or(r.Resolution).Known() {
			return "released"
		}
	}
	return "idt"
}
