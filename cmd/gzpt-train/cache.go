package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"gzpt/nn/data"
	"gzpt/nn/pretrain/dataset"
)

const aboutCache = `
Decoded images are kept, so that the next run on them begins at once: one file for each list of images, size of the views, number
of channels and orientation. A file is made anew where an image has changed, whatever its time says.

  gzpt-train cache          the same as list
  gzpt-train cache list     where the files lie, how large they are, and of which images
  gzpt-train cache clear    remove them; runs make them anew when they need them
`

func buildCache(f *flags) work {
	var folder string
	g := f.group("What")
	f.path(g, &folder, "cache", "folder for decoded images: `DIR` (default: the user's cache folder)")
	return func(_ context.Context, e *environment, args []string) error {
		act := "list"
		if len(args) > 0 {
			act = args[0]
		}
		if words := []string{"list", "clear"}; len(args) > 1 || act != words[0] && act != words[1] {
			return usagef("cache %s: expected list or clear%s", act, didYouMean(act, words))
		}
		folder, err := dataset.CacheFolder(folder)
		if err != nil {
			return err
		}
		if act == "clear" {
			removed, err := data.ClearCaches(folder)
			fmt.Fprintf(e.stdout, "%s: %s removed\n", folder, cachesText(removed))
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
		return "1 file of " + bytesText(total)
	}
	return fmt.Sprintf("%d files of %s", len(files), bytesText(total))
}

func listCaches(w io.Writer, folder string, files []data.CacheFile) {
	fmt.Fprintf(w, "%s: %s\n", folder, cachesText(files))
	for _, f := range files {
		fmt.Fprintf(w, "%s  %10s  %s  ", f.Written.Format(time.DateTime), bytesText(f.Size), f.Path)
		if f.Fault != "" {
			fmt.Fprintf(w, "of no use: %s\n", f.Fault)
			continue
		}
		fmt.Fprintf(w, "%d images of %d x %d x %d, the first %s\n", f.Images, f.Side, f.Side, f.Channels, f.First)
	}
}
