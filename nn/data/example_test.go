package data_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"gzpt/nn/data"
	"gzpt/nn/data/phantom"
)

// An epoch of a loop of one's own, on the two views of made-up images, and a picture of what it sees of the first image, with the
// gaze on it.
func Example() {
	set, err := phantom.New(context.Background(), phantom.Options{Items: 40, ImageSize: 32, Channels: 1, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	loader, err := data.NewLoader(set, data.LoaderOptions{Batch: 16, ImageSize: 32, Augmentation: data.Medical(), Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer loader.Close()
	for range loader.BatchesPerEpoch() { // nn.Config.Steps is a multiple of it
		b, err := loader.Next(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("batch", b.Position, "of", len(b.Indices), "items and", len(b.Views[0])+len(b.Views[1]), "pixels")
	}

	folder, err := os.MkdirTemp("", "views")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	paths, err := data.DumpViews(folder, set, data.DumpOptions{
		Items: []int{0}, ImageSize: 32, Augmentation: data.Medical(), Seed: 1, Gaze: set.Gaze,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(filepath.Base(paths[0]))
	// Output:
	// batch 0 of 16 items and 32768 pixels
	// batch 1 of 16 items and 32768 pixels
	// 000-phantom-00000.png
}
