package data

import (
	"fmt"
	"testing"
)

// BenchmarkView times one view with every step of an augmentation switched on, or as a preset has it.
func BenchmarkView(b *testing.B) {
	all := Medical()
	all.JitterProbability, all.BlurProbability, all.Saturation = 1, 1, 0.1
	for _, size := range []int{64, 224} {
		for _, c := range []struct {
			name         string
			augmentation Augmentation
		}{{"medical", Medical()}, {"every-step", all}} {
			b.Run(fmt.Sprintf("%s/%dx%dx3", c.name, size, size), func(b *testing.B) {
				side := Side(size)
				image, dst := make([]float32, side*side*3), make([]float32, size*size*3)
				for i := range image {
					image[i] = float32(i%97) / 96
				}
				g := NewAugmenter(c.augmentation, side, size, 3)
				b.ReportAllocs()
				item := 0
				for b.Loop() {
					item++
					g.View(dst, image, 1, 0, item, 0)
				}
			})
		}
	}
}

// BenchmarkItem times what the host does for an item of a batch: both views, or its image as it is stored and how both are made.
func BenchmarkItem(b *testing.B) {
	const size = 224
	items := pictures(b, 3)
	c := openCache(b, []Item{items[0], items[2]}, CacheOptions{ImageSize: size, Channels: 3})
	for _, images := range []bool{false, true} {
		b.Run(fmt.Sprintf("images=%v/%dx%dx3", images, size, size), func(b *testing.B) {
			l := newLoader(b, c, LoaderOptions{Batch: 1, ImageSize: size, Augmentation: Medical(), Workers: 1, Images: images})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.Next(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
