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
