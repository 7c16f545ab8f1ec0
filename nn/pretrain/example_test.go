package pretrain_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"gzpt/gaze/relation"
	"gzpt/kernels"
	"gzpt/kernels/reference"
	"gzpt/nn"
	"gzpt/nn/pretrain"
	"gzpt/nn/pretrain/dataset"
)

// BYOL with gaze on one's own images and one's own relation.
func Example() {
	dev := reference.New(kernels.Float32) // asm.Open gives the fastest device of the machine
	defer dev.Close()
	folder := ownImages()
	defer os.RemoveAll(folder)
	images, err := dataset.Open(context.Background(), dataset.Settings{Path: folder, ImageSize: 16, Channels: 1, Cache: filepath.Join(folder, ".cache")})
	if err != nil {
		log.Fatal(err)
	}
	defer images.Close()

	// R[i,j] says how alike the gaze on images i and j is: what similarity.Relate gives, or a matrix of one's own.
	n := len(images.Items())
	alike := relation.FromValues(n, make([]float32, n*n))
	for i := range n {
		for j := range n {
			alike.Values[i*n+j] = 1 - float32((i+j)%2)
		}
		alike.HasGaze[i] = true
	}

	s := pretrain.DefaultSettings(nn.Arch{Depth: 18, Width: 4, Channels: 1})
	s.Network.Height, s.Network.Width, s.Network.Batch, s.Epochs = 16, 16, 4, 2
	s.Network.ProjectorHidden, s.Network.PredictorHidden = 16, 16
	s.Rule, s.Drop = relation.Rule{Tau: 0.5}, 0
	run, err := pretrain.Open(dev, filepath.Join(folder, "runs", "first"), pretrain.Data{Images: images, Relation: alike}, s, pretrain.Options{
		Observer: pretrain.Observer{Epoch: func(e pretrain.Epoch) {
			fmt.Printf("epoch %d: step %d of %d\n", e.Number, e.Step, e.Steps)
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer run.Close()
	if err := run.Train(context.Background()); err != nil { // Options{Resume: true} goes on where it was interrupted
		log.Fatal(err)
	}
	backbone, err := os.Stat(run.Dir.Backbone())
	fmt.Println(backbone.Name(), err)
	// Output:
	// epoch 1: step 2 of 4
	// epoch 2: step 4 of 4
	// backbone.safetensors <nil>
}

// ownImages is a folder of eight images.
func ownImages() string {
	folder, err := os.MkdirTemp("", "images")
	if err != nil {
		log.Fatal(err)
	}
	for i := range 8 {
		m := image.NewGray(image.Rect(0, 0, 20, 20))
		for k := range m.Pix {
			m.Pix[k] = uint8(k * (i + 3))
		}
		m.SetGray(i, i, color.Gray{255})
		f, err := os.Create(filepath.Join(folder, fmt.Sprintf("%d.png", i)))
		if err != nil {
			log.Fatal(err)
		}
		if err := png.Encode(f, m); err != nil {
			log.Fatal(err)
		}
		f.Close()
	}
	return folder
}
