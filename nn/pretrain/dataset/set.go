package dataset

import (
	"gzpt/gaze"
	"gzpt/gaze/formats"
	"gzpt/kernels/names"
	"gzpt/nn/data"
)

// Settings says what the items are and how large their views.
type Settings struct {
	// Path is a folder of images and gaze, or a manifest, as [data.List] takes it; "" means phantoms.
	Path string
	// Labels is "FILE:COLUMN", the labels to judge by, in the folder or elsewhere, or [data.ByFolders].
	Labels string
	// Split is the column of the table of labels with train, val or test, or "FILE:COLUMN" of another table; [data.NoColumn]
	// leaves out that of a manifest.
	Split string
	// Group is the column of what must stay together in a split, a patient.
	Group string
	// ImageColumn is the column of names in tables, "" for image, and Exclude patterns for images to leave out, see
	// [data.ListOptions].
	ImageColumn string
	Exclude     []string
	// Upright and Window say how stored pixels are seen, see [data.CacheOptions].
	Upright bool
	Window  string
	// AllowOutside lets a manifest name images and gaze outside its folder.
	AllowOutside bool
	// SkipBad lists and leaves out bad images and bad gaze; otherwise the first is an error.
	SkipBad bool
	// ImageSize is the side of the views in pixels, Channels 3 for colour or 1 for grey.
	ImageSize, Channels int
	// Cache is the folder for decoded images, "" for the user's, [NoCache] for none.
	Cache string
	// Workers is the number of goroutines that decode images, 0 for one per processor, and InFlight the bytes that their images
	// may take together, see [data.CacheOptions].
	Workers  int
	InFlight int64
	// Phantoms is the number of phantoms and Seed what they follow from, where there is no Path.
	Phantoms int
	Seed     uint64
	// Gaze says where the gaze lies and how it is read.
	Gaze Gaze
	// Progress, if not nil, is told how many images are decoded; never by two goroutines at once.
	Progress func(done, total int)
}

// Gaze says where the gaze of a data set lies and how it is read. SkipBad of Read and Align follow that of the data set.
type Gaze struct {
	// Path is a file or folder, "" for where the images are.
	Path  string
	Read  formats.ReadOptions
	Align formats.AlignOptions
	// Detector finds fixations in samples, see [gzpt/gaze/fixations.DetectAll]; "", also "auto", leaves a tracker's own as
	// they are.
	Detector string
	// Without says what becomes of an image without gaze.
	Without Without
}

// Without is what becomes of an image without gaze.
type Without string

// An image without gaze trains as in plain pre-training, which is meant where nothing else is said, is left out of the
// set, or is an error.
const (
	Plain Without = "plain"
	Skip  Without = "skip"
	Error Without = "error"
)

// Set is the items of a data set with their pixels and, once it is read, their gaze.
type Set struct {
	data.Source
	// Recordings is the gaze of each item; nil until it is read.
	Recordings [][]gaze.Recording
	// Files is where they come from, Dropped what was left out of them.
	Files   []File
	Dropped gaze.Dropped
	// Detector says what found the fixations.
	Detector string
	// Skips is what SkipBad left out, Notes what reading the gaze had to assume.
	Skips, Notes []string
	// Passed is what lies in the folder and is no item, Remarks what the list took from elsewhere than was asked.
	Passed  data.Passed
	Remarks []string
	// Bare is the names of the images without gaze that are in the set, or with Skip are not.
	Bare []string
	// Stored is where the pixels come from.
	Stored Stored

	excluded []data.Item // by the settings
	skipped  map[string]bool
	close    func() error
}

// Stored is what is to be known of where the pixels come from.
type Stored struct {
	// Decoded says why the images were decoded anew, "" where they came from the cache in the folder Cache.
	Decoded, Cache string
	// File is the cache file and Size its bytes.
	File string
	Size int64
	// Tagged is the names of the images whose files say that they are to be turned, and which are not.
	Tagged []string
	// Unused says that the images use a small part of the scale that they are stored on, and Suggested which window scales
	// them; "" where they use more of it.
	Unused, Suggested string
	// Window is that of the settings, with auto resolved to values.
	Window string
}

// File is a file of gaze that was read.
type File struct {
	File   string `json:"file"`
	Format string `json:"format"`
}

// Close gives back what the images need; the set must not be used any more.
func (d *Set) Close() error {
	if d.close == nil {
		return nil
	}
	return d.close()
}

// Images is the items for an index of names.
func (d *Set) Images() []names.Image {
	images := make([]names.Image, len(d.Items()))
	for i, item := range d.Items() {
		images[i] = names.Image{Name: item.Name, Path: item.Path}
	}
	return images
}

// Labels is the label of each item, nil where none has one.
func (d *Set) Labels() []string {
	labels, any := make([]string, len(d.Items())), false
	for i, item := range d.Items() {
		labels[i] = item.Label
		any = any || item.Label != ""
	}
	if !any {
		return nil
	}
	return labels
}

// skip records what was left out, once, however many readers of the same table say so.
func (d *Set) skip(problem error) {
	text := problem.Error()
	if d.skipped[text] {
		return
	}
	if d.skipped == nil {
		d.skipped = map[string]bool{}
	}
	d.skipped[text] = true
	d.Skips = append(d.Skips, text)
}
