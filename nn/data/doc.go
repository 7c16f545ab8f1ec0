// Package data turns image files into the batches that a training step takes: lists of items, decoded pixels, a cache on
// disk, augmented views, prefetch.
//
//	list, err := data.List("images", data.ListOptions{Labels: "labels.csv:grade", Split: "split"})
//	cache, err := data.OpenCache(ctx, list.Items, data.CacheOptions{Folder: "cache", ImageSize: 224, Channels: 3})
//	loader, err := data.NewLoader(cache, data.LoaderOptions{Batch: 32, ImageSize: 224, Augmentation: data.Medical(), Seed: 1})
//	batch, err := loader.Next(ctx) // batch.Views [2][B*224*224*3]float32, batch.Indices [B]int
//
// A [Source] is where pixels come from: a [Cache] of files, or made-up items such as package phantom's. For a device that makes views
// itself a batch holds stored values and how the views are made, see [LoaderOptions]; package gzpt/kernels/augment has the loops of
// both ways.
//
// # Pixels
//
// Images are rows of pixels from the top, pixels from the left, channels interleaved (HWC); a batch is NHWC. A pixel (x, y)
// covers the square from (x, y) to (x+1, y+1), so its centre is at (x+0.5, y+0.5), and an image of w x h pixels covers
// [0,w] x [0,h]. Gaze coordinates are in the same frame. Values are fractions of full scale, 0 to 1: 8-bit values are
// divided by 255, 16-bit ones by 65535, and never clipped, unless a window says which stored values are 0 and 1. An alpha
// channel is dropped, not composited: what a pixel's colour is does not depend on how opaque it is. Colour becomes grey by
// 0.299 R + 0.587 G + 0.114 B, grey becomes colour by repetition. TIFF images are turned as their tag of orientation says;
// that of other formats is ignored, as torchvision ignores it, unless images are to be upright. Package picture decodes.
//
// # Shape
//
// Images are squashed to a square, as the released method does: resize to S x S whatever the aspect ratio. The cache
// holds squares of side [Side](S), 8/7 of a view's, so that random crops still have detail; coordinates scale per axis.
//
// # Randomness
//
// Every random number follows from the run's seed, the epoch, the item and the view. So the batches do not depend on the
// number of workers, and a run that resumes at a batch continues with the same bits.
package data
