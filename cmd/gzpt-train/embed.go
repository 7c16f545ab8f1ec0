package main

import (
	"context"
	"fmt"
	"path/filepath"

	"gzpt/kernels/npy"
	"gzpt/nn/evaluate"
	"gzpt/nn/pretrain"
	"gzpt/nn/rundir"
)

const aboutEmbed = `
Writes the features of images: OUT/features.npy, n x d float32, and OUT/items.csv, a line for each row: image, label, split, group
and a checksum of its pixels. The images are those of a run, or of any folder; they are resized to squares and normalised as
torchvision's Compose([Resize((N, N)), ToTensor(), Normalize(mean, std)]) does with ImageNet's mean and std (of a run that a
program of your own began: with those of its views).

  gzpt-train embed --run runs/a --out features
  gzpt-train embed --run runs/a --images FOLDER --out features
  gzpt-train embed --weights resnet18.safetensors --images FOLDER --image-size 224 --out features
`

func buildEmbed(f *flags) work {
	s := &subject{}
	s.addFlags(f)
	var out, images string
	var pixels bool
	g := f.group("Features")
	f.path(g, &out, "out", "folder to make: `DIR`; an existing one is never overwritten")
	f.path(g, &images, "images", "folder of images, the same as --data: `DIR`")
	g.BoolVar(&pixels, "pixels", false, "write OUT/pixels.npy too, n x H x W x C float32, what the encoder saw")
	return func(ctx context.Context, e *environment, args []string) error {
		switch {
		case len(args) > 0:
			return usagef("unexpected argument %q", args[0])
		case out == "":
			return usagef("--out DIR is missing: the folder to make")
		case images != "" && f.given("data"):
			return usagef("--images and --data are the same: give one")
		}
		if images != "" {
			if err := f.all.Set("data", images); err != nil {
				return err
			}
		}
		if err := s.resolve(f); err != nil {
			return err
		}
		if err := rundir.Creatable(out); err != nil {
			return err
		}
		return s.embed(ctx, e, f, out, pixels)
	}
}

func (s *subject) embed(ctx context.Context, e *environment, f *flags, out string, withPixels bool) error {
	dev, set, err := s.open(ctx, e, f)
	if err != nil {
		return err
	}
	defer dev.Close()
	defer set.Close()
	encoder, err := evaluate.OpenEncoder(dev, s.weights, set, s.batch, s.data.ImageSize)
	if err != nil {
		return err
	}
	defer encoder.Close()
	s.tell(e, encoder.Found())
	rows, err := pretrain.Rows(set, nil)
	if err != nil {
		return err
	}
	var all []float32
	o := s.encoding(e)
	if withPixels {
		o.Seen = func(pixels []float32) error {
			all = append(all, pixels...)
			return nil
		}
	}
	features, err := evaluate.Encode(ctx, encoder, set, o)
	if err != nil {
		return err
	}
	e.console.Finish()
	_, err = rundir.Create(out, func(dir rundir.Dir) error {
		if err := npy.WriteFile(filepath.Join(string(dir), "features.npy"), []int{features.Rows, features.Dim}, features.Values); err != nil {
			return err
		}
		if withPixels {
			dims := []int{features.Rows, s.data.ImageSize, s.data.ImageSize, s.data.Channels}
			if err := npy.WriteFile(filepath.Join(string(dir), "pixels.npy"), dims, all); err != nil {
				return err
			}
		}
		return pretrain.WriteShown(dir.Items(), rows)
	})
	if err == nil {
		fmt.Fprintf(e.stdout, "%d x %d features of %s written to %s\n", features.Rows, features.Dim, encoder, out)
	}
	return err
}
