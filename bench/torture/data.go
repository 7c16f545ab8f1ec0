package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

const (
	imagesMade              = 40
	imageWidth, imageHeight = 20, 16
)

// makeData makes a folder of small images with labels, a split and the gaze of one reader: the same in every call.
func makeData(folder string) error {
	random := rand.New(rand.NewPCG(7, 11))
	if err := os.MkdirAll(filepath.Join(folder, "images"), 0o777); err != nil {
		return err
	}
	var labels, gaze strings.Builder
	labels.WriteString("image,grade,split\n")
	gaze.WriteString("image,reader,x [px],y [px],duration [s],start [s],width,height\n")
	for i := range imagesMade {
		name := fmt.Sprintf("im%04d.png", i)
		if err := makeImage(filepath.Join(folder, "images", name), random); err != nil {
			return err
		}
		split := []string{"train", "train", "train", "val", "test"}[i%5]
		fmt.Fprintf(&labels, "%s,%c,%s\n", name, 'a'+rune(i%3), split)
		start := 0.0
		for range 5 + random.IntN(8) {
			duration := 0.1 + 0.4*random.Float64()
			fmt.Fprintf(&gaze, "%s,r1,%.2f,%.2f,%.3f,%.3f,%d,%d\n", name, imageWidth*random.Float64(), imageHeight*random.Float64(), duration, start, imageWidth, imageHeight)
			start += duration + 0.03
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "labels.csv"), []byte(labels.String()), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "gaze.csv"), []byte(gaze.String()), 0o666)
}

func makeImage(path string, random *rand.Rand) error {
	m := image.NewRGBA(image.Rect(0, 0, imageWidth, imageHeight))
	base := random.IntN(128)
	for y := range imageHeight {
		for x := range imageWidth {
			value := func() uint8 { return uint8(base + 3*x + 2*y + random.IntN(32)) }
			m.SetRGBA(x, y, color.RGBA{value(), value(), value(), 255})
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, m); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// scanpathsMade is enough for several blocks of a matrix.
const scanpathsMade = 300

// makeScanpaths makes gaze without images, whose matrix takes several blocks.
func makeScanpaths(path string) error {
	random := rand.New(rand.NewPCG(3, 5))
	var gaze strings.Builder
	gaze.WriteString("image,reader,x [px],y [px],duration [s],start [s],width,height\n")
	for i := range scanpathsMade {
		for k := range 4 {
			fmt.Fprintf(&gaze, "s%04d.png,r,%.1f,%.1f,.2,%.1f,100,100\n", i, 99*random.Float64(), 99*random.Float64(), 0.3*float64(k))
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(gaze.String()), 0o666)
}
