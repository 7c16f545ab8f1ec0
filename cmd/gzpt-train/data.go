package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"gzpt/cmd/gzpt-train/internal/words"
	"gzpt/kernels/input"
	"gzpt/kernels/plain"
	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/data/picture"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain/dataset"
)

// dataSettings says what the items are and how large their views.
type dataSettings struct {
	dataset.Settings
	orientation string
	gaze        recordingSettings
}

const dataGroup = "Data"

func (s *dataSettings) addFlags(f *flags) {
	g := f.group(dataGroup)
	f.path(g, &s.Path, "data", "folder of images and gaze, or a manifest: `DIR`; without it, images are phantoms")
	g.StringVar(&s.Labels, "labels", "", "labels to judge by, in DIR or elsewhere: `FILE:COLUMN`, or folders, each image's own; only --gaze labels trains on them")
	g.StringVar(&s.Split, "split", "", "`COLUMN`, or FILE:COLUMN, with train, val or test; training leaves val and test out; none leaves out that of items.csv")
	g.StringVar(&s.Group, "group", "", "`COLUMN` of the patient, who is in one part of the split alone; none leaves out that of items.csv")
	g.StringVar(&s.ImageColumn, "image-column", "", "`COLUMN` of images' names in tables of labels (default: image)")
	g.Var((*listValue)(&s.Exclude), "exclude", "leave out images whose file or folder is called so: `PATTERN`[,PATTERN] as in '*_mask*', with a slash of the whole path")
	g.IntVar(&s.ImageSize, "image-size", 224, "side of the square views in pixels: `N` (phantoms: 32)")
	g.IntVar(&s.Channels, "channels", 3, "channels of the views: `N`, 3 for colour, 1 for grey")
	f.choice(g, &s.orientation, "orientation", []string{"stored", "upright"}, "turn images as their tag says: `HOW` (TIFF: always)")
	g.StringVar(&s.Window, "window", "", "stored values that become black and white: `LO,HI`, auto (the bits that are used) or percentile (0.5 and 99.5 % of each "+
		"image); default: the full scale of 8 or 16 bits")
	g.BoolVar(&s.AllowOutside, "allow-outside", false, "let a manifest name files outside its folder")
	g.BoolVar(&s.SkipBad, "skip-bad", false, "list and leave out bad images and bad gaze instead of stopping")
	g.Var((*cacheValue)(&s.Cache), "cache", "folder for decoded images: `DIR` (default: the user's cache folder); none: in memory alone")
	g.IntVar(&s.Phantoms, "phantoms", 1000, "number of phantoms: `N`")
}

// allowOfOldRun lets a run from before there was --allow-outside find what its manifest names.
func (s *dataSettings) allowOfOldRun(f *flags, recorded settings) {
	if _, known := recorded["allow-outside"]; !known && !f.given("allow-outside") {
		s.AllowOutside = true
	}
}

// anchor makes tables that lie outside the data's folder absolute, so that a run can be continued from another folder.
func (s *dataSettings) anchor() {
	for _, spec := range []*string{&s.Labels, &s.Split} {
		folder := s.Folder()
		file, column, found := data.CutColumn(folder, *spec)
		if !found || filepath.IsAbs(file) {
			continue // nowhere, or a run is continued that knows where
		}
		if folder != "" {
			if _, err := os.Stat(filepath.Join(folder, file)); err == nil {
				continue
			}
		}
		if absolute, err := filepath.Abs(file); err == nil {
			*spec = absolute + ":" + column
		}
	}
}

// validate finds what no package would report in terms of flags.
func (s *dataSettings) validate() error {
	switch {
	case s.ImageSize < 8 || s.ImageSize > picture.MaxSide/4:
		return usagef("--image-size %d: expected 8 to %d", s.ImageSize, picture.MaxSide/4)
	case s.Channels != 1 && s.Channels != 3:
		return usagef("--channels %d: expected 1 or 3", s.Channels)
	case s.Labels != "" && s.Labels != data.ByFolders && !s.hasColumn():
		return usagef("--labels %s: expected FILE:COLUMN or folders", s.Labels)
	case data.CheckWindow(s.Window) != nil:
		return usagef("--%w", data.CheckWindow(s.Window))
	case data.CheckPatterns(s.Exclude) != nil:
		return usagef("--exclude: %w", data.CheckPatterns(s.Exclude))
	case s.Path == "" && s.Phantoms < 16:
		return usagef("--phantoms %d: expected at least 16", s.Phantoms)
	case s.Path == "" && cmp.Or(s.Labels, s.Split, s.Group, s.Gaze.Path) != "":
		return usagef("--labels, --split, --group and --gaze-files are for --data; phantoms have their own")
	case s.Path == "" && (s.Window != "" || len(s.Exclude) > 0):
		return usagef("--window and --exclude are for the images of --data")
	}
	return nil
}

// outOfPlace finds a flag that says nothing of the images that there are: how many phantoms, of those of --data, and how files are
// read, of phantoms.
func outOfPlace(f *flags, phantoms bool) error {
	if !phantoms {
		if f.given("phantoms") {
			return usagef("--phantoms is for calls without --data, --gaze-files and --relation")
		}
		return nil
	}
	var found error
	for _, g := range f.groups {
		g.set.VisitAll(func(flag *pflag.Flag) {
			if flag.Changed && (g.title == recordingsGroup || slices.Contains([]string{"image-column", "orientation", "allow-outside"}, flag.Name)) {
				found = usagef("--%s is for --data; without it the images are phantoms, which have their own gaze", flag.Name)
			}
		})
	}
	return found
}

// parts is the memory that the data settings take: phantoms are all in memory, and every worker holds a square.
func (s *dataSettings) parts(workers int, phantoms bool) []nn.Part {
	const item, goroutine = 2 << 10, 8 << 10 // what a phantom and a goroutine take beside their pixels
	side := float64(data.Side(s.ImageSize))
	square := side * side * float64(s.Channels)
	parts := []nn.Part{{Setting: "workers", What: "what each worker holds", Bytes: float64(max(workers, 1)) * (square + goroutine)}}
	if phantoms {
		whole := float64(data.Side(2 * s.ImageSize))
		n := float64(s.Phantoms)
		parts = append(parts,
			nn.Part{Setting: "phantoms", What: "the phantoms", Bytes: n * (whole*whole*float64(s.Channels) + square + item)})
	}
	return parts
}

// hasColumn reports whether --labels is FILE:COLUMN.
func (s *dataSettings) hasColumn() bool {
	file, column, _ := data.CutColumn(s.Folder(), s.Labels)
	return file != "" && column != ""
}

// load opens the items and, if asked for, their gaze, and tells what was found.
func (s *dataSettings) load(ctx context.Context, e *environment, seed uint64, withGaze bool, workers int) (*dataset.Set, error) {
	if withGaze {
		if err := s.gaze.resolve(&s.Gaze); err != nil {
			return nil, err
		}
	}
	s.Seed, s.Workers, s.Progress = seed, workers, e.progress("images decoded")
	s.Upright = s.orientation == "upright"
	set, err := dataset.Open(ctx, s.Settings)
	if err != nil {
		return nil, err
	}
	if s.Path == "" {
		e.console.Info("the images are phantoms: --data DIR takes others", "items", len(set.Items()))
	}
	tellList(e, set)
	s.tellPixels(e, set)
	if withGaze {
		if err := set.ReadGaze(s.Settings); err != nil {
			set.Close()
			return nil, s.gaze.named(err)
		}
		tellNotes(e, set)
		s.gaze.tellBare(e, set)
	}
	tellSkips(e, set)
	return set, nil
}

// tellList says what the list of images passes over and what it took from elsewhere than was asked.
func tellList(e *environment, set *dataset.Set) {
	for _, remark := range set.Remarks {
		e.console.Info("data: " + remark)
	}
	if text := set.Passed.String(); set.Passed.Unasked() {
		e.console.Warn("passed over: " + text)
	} else if text != "" {
		e.console.Info("passed over: " + text)
	}
	for _, text := range set.Twins() {
		e.console.Warn(text)
	}
}

// tellPixels says where the pixels are kept, and what of them may not be as the user takes it. The window, once it is
// known, is what the run records.
func (s *dataSettings) tellPixels(e *environment, set *dataset.Set) {
	p := set.Stored
	if p.File != "" {
		decoded := "before"
		if p.Decoded != "" {
			decoded = "now (" + p.Decoded + ")"
		}
		e.console.Info("pixel cache", "file", p.File, "size", input.Bytes(p.Size), "decoded", decoded)
	}
	if n := len(p.Tagged); n > 0 {
		e.console.Warn(fmt.Sprintf("%d of %d images have an orientation tag that is not applied, the first %q: --orientation upright turns them", n, len(set.Items()), p.Tagged[0]))
	}
	if p.Unused != "" {
		e.console.Warn(fmt.Sprintf("%s: --window %s scales them", p.Unused, p.Suggested))
	}
	s.Window = p.Window
}

// tellDoubts says what of labels may not be as the user takes it.
func (e *environment) tellDoubts(labels []string) {
	for _, text := range evaluate.Doubts(labels) {
		e.console.Warn(text)
	}
}

// tellNotes says what was assumed of the gaze, and what of it may not be as the user takes it.
func tellNotes(e *environment, set *dataset.Set) {
	for _, note := range set.Notes {
		e.console.Info("gaze: " + note)
	}
}

func tellSkips(e *environment, set *dataset.Set) {
	if len(set.Skips) > 0 {
		e.console.Warn("input left out", "count", len(set.Skips))
	}
	for _, text := range set.Skips {
		e.console.Warn("left out: " + text)
	}
}

// progress shows how much of something is done.
func (e *environment) progress(what string) func(done, total int) {
	return func(done, total int) {
		e.console.Progress(float64(done)/float64(total), fmt.Sprintf("%s %d/%d", what, done, total))
	}
}

const aboutCache = `
Decoded images are kept, so that the next run on them begins at once: one file for each list of images, size of the views, number
of channels and orientation. A file is made anew where an image has changed, whatever its time says.

  gzpt-train cache          the same as list
  gzpt-train cache list     where the files lie, how large they are, and of which images
  gzpt-train cache clear    remove them; runs make them anew when they need them
`

// cacheActs is what cache does, the first where nothing is said.
var cacheActs = []string{"list", "clear"}

func buildCache(f *flags) work {
	var folder string
	g := f.group("What")
	g.Var((*cacheValue)(&folder), "cache", "folder for decoded images: `DIR` (default: the user's cache folder)")
	return func(_ context.Context, e *environment, args []string) error {
		act := "list"
		if len(args) > 0 {
			act = args[0]
		}
		if len(args) > 1 || !slices.Contains(cacheActs, act) {
			return usagef("cache %s: expected list or clear%s", act, words.DidYouMean(act, cacheActs))
		}
		if folder == dataset.NoCache {
			return usagef("--cache %s: expected a folder", folder)
		}
		folder, err := dataset.CacheFolder(folder)
		if err != nil {
			return err
		}
		if act == "clear" {
			removed, err := data.ClearCaches(folder)
			fmt.Fprintf(e.stdout, "%s: %s removed\n", plain.Text(folder), cachesText(removed))
			return err
		}
		files, err := data.Caches(folder)
		if err != nil {
			return err
		}
		listCaches(e.stdout, folder, files)
		return nil
	}
}

// cachesText is how many files of what size.
func cachesText(files []data.CacheFile) string {
	var total int64
	for _, f := range files {
		total += f.Size
	}
	if len(files) == 1 {
		return "1 file of " + input.Bytes(total)
	}
	return fmt.Sprintf("%d files of %s", len(files), input.Bytes(total))
}

func listCaches(w io.Writer, folder string, files []data.CacheFile) {
	fmt.Fprintf(w, "%s: %s\n", plain.Text(folder), cachesText(files))
	for _, f := range files {
		fmt.Fprintf(w, "%s  %10s  %s  ", f.Written.Format(time.DateTime), input.Bytes(f.Size), plain.Text(f.Path))
		if f.Fault != "" {
			fmt.Fprintf(w, "of no use: %s\n", plain.Text(f.Fault))
			continue
		}
		fmt.Fprintf(w, "%d images of %d x %d x %d, the first %s\n", f.Images, f.Side, f.Side, f.Channels, plain.Text(f.First))
	}
}
