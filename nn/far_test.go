package nn

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/kerneltest/fardevice"
	"gzpt/kernels/reference"
	"gzpt/nn/data"
	"gzpt/nn/data/phantom"
)

// farWork is what a run does with a device, from one checkpoint on: it loads the checkpoint, makes two steps, writes
// checkpoint and backbone over what is there, loads the backbone into an encoder and encodes some images, as embed and
// evaluate do. Whatever it opens it closes.
func farWork(dev kernels.Device, dir string, c Config, features []float32) error {
	tr, err := NewTrainer(dev, c)
	if err != nil {
		return err
	}
	defer tr.Close()
	if _, err := LoadCheckpoint(checkpointIn(dir), tr); err != nil {
		return err
	}
	for range 2 {
		if _, err := tr.Step(tinyBatch(c, tr.StepsDone())); err != nil {
			return err
		}
	}
	if err := SaveCheckpoint(checkpointIn(dir), tr, Position{Batch: tr.StepsDone()}); err != nil {
		return err
	}
	if err := ExportBackbone(backboneIn(dir), tr); err != nil {
		return err
	}
	e := tr.Encoder(2)
	defer e.Close()
	loaded, err := LoadEncoder(dev, backboneIn(dir), 3, c.Height, c.Width)
	if err != nil {
		return err
	}
	defer loaded.Close()
	images := tinyBatch(c, 9).Views[0]
	return errors.Join(e.Encode(features, images), loaded.Encode(features, images))
}

func checkpointIn(dir string) string { return filepath.Join(dir, "last.ckpt") }
func backboneIn(dir string) string   { return filepath.Join(dir, "backbone.safetensors") }

// farStart is a folder with the checkpoint and the backbone of a run that has made a step, as a device writes them.
func farStart(t *testing.T, dev kernels.Device, c Config) string {
	t.Helper()
	dir := t.TempDir()
	tr := newTrainer(t, dev, c)
	defer tr.Close()
	train(t, tr, 0, 1)
	if err := errors.Join(SaveCheckpoint(checkpointIn(dir), tr, Position{Batch: 1}), ExportBackbone(backboneIn(dir), tr)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// written is the bytes of both files in a folder.
func written(t *testing.T, dir string) [2][]byte {
	t.Helper()
	var files [2][]byte
	for i, path := range []string{checkpointIn(dir), backboneIn(dir)} {
		var err error
		if files[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// state that does not depend on the name of the device: the blocks of a checkpoint.
func blocksOf(t *testing.T, checkpoint []byte) []byte {
	t.Helper()
	_, data, err := verifyCheckpoint(bytes.NewReader(checkpoint))
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint[data : len(checkpoint)-4]
}

// TestFarTrains: a training with checkpoint, resume, export and encoding on a device that is out of the host's reach gives
// the bits of the reference, and leaves no byte behind on any device.
func TestFarTrains(t *testing.T) {
	for _, by := range [][2]string{{"byol", "adamw"}, {"byol", "lars"}, {"simsiam", "adamw"}, {"simclr", "adamw"}, {"moco", "adamw"}} {
		c := tinyMethod(by[0], 18)
		c.Optimiser, c.Accumulate = DefaultOptimiser(by[1]), 2
		far := fardevice.New(fardevice.Options{})
		defer far.Close()
		var files [2][2][]byte
		var features [2][]float32
		for i, dev := range []kernels.Device{reference.New(kernels.Float32), far} {
			dir := farStart(t, dev, c)
			features[i] = make([]float32, c.Batch*c.Arch.Features())
			if err := farWork(dev, dir, c, features[i]); err != nil {
				t.Fatal(err)
			}
			files[i] = written(t, dir)
			if n := dev.InUse(); n != 0 {
				t.Errorf("%s: %d bytes were not given back", dev.Name(), n)
			}
		}
		if !bytes.Equal(blocksOf(t, files[0][0]), blocksOf(t, files[1][0])) || !bytes.Equal(files[0][1], files[1][1]) {
			t.Errorf("%s: checkpoint or backbone differ from the reference's", by)
		}
		if !slices.Equal(features[0], features[1]) {
			t.Errorf("%s: the features differ from the reference's", by)
		}
	}
}

// TestMemoryGoesBack: what trainers and encoders took, every tier has again.
func TestMemoryGoesBack(t *testing.T) {
	c := tiny(18)
	features := make([]float32, c.Batch*c.Arch.Features())
	for _, d := range tiers(t) {
		before := d.dev.InUse()
		if err := farWork(d.dev, farStart(t, d.dev, c), c, features); err != nil {
			t.Fatal(err)
		}
		if n := d.dev.InUse() - before; n != 0 {
			t.Errorf("%s: %d bytes were not given back", d.name, n)
		}
	}
}

// TestFarFails: whichever call fails, the work ends in an error that names the device and an operation, its files are
// whole, old or new, and all memory is given back.
func TestFarFails(t *testing.T) {
	for _, method := range Methods() {
		t.Run(method, func(t *testing.T) {
			c := tinyMethod(method, 18)
			c.Accumulate = 2
			farFails(t, c)
		})
	}
}

func farFails(t *testing.T, c Config) {
	whole := fardevice.New(fardevice.Options{})
	defer whole.Close()
	dir := farStart(t, whole, c)
	old := written(t, dir)
	features := make([]float32, c.Batch*c.Arch.Features())
	before := whole.Calls()
	if err := farWork(whole, dir, c, features); err != nil {
		t.Fatal(err)
	}
	calls, done := whole.Calls()-before, written(t, dir)

	tries, random := 200, rand.New(rand.NewPCG(1, 2))
	if testing.Short() {
		tries = 20 // by each method
	}
	for range tries {
		at := 1 + random.IntN(calls)
		for i, path := range []string{checkpointIn(dir), backboneIn(dir)} {
			if err := os.WriteFile(path, old[i], 0o666); err != nil {
				t.Fatal(err)
			}
		}
		far := fardevice.New(fardevice.Options{FailAt: at})
		err := farWork(far, dir, c, features)
		far.Close()
		if err == nil || !strings.Contains(err.Error(), far.Name()+": ") {
			t.Fatalf("call %d of %d fails: error %v", at, calls, err)
		}
		now := written(t, dir)
		for i := range now {
			if !bytes.Equal(now[i], old[i]) && !bytes.Equal(now[i], done[i]) {
				t.Errorf("call %d of %d fails: file %d is neither the old nor the new one", at, calls, i)
			}
		}
		if n := far.InUse(); n != 0 {
			t.Errorf("call %d of %d fails: %d bytes were not given back", at, calls, n)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
			t.Errorf("call %d of %d fails: %d files are left, %v", at, calls, len(entries), err)
		}
	}
}

// TestFarMemory: where the memory of the device does not suffice the error says how much is asked for and there.
func TestFarMemory(t *testing.T) {
	c := tiny(18)
	far := fardevice.New(fardevice.Options{Capacity: 1 << 16})
	defer far.Close()
	_, err := NewTrainer(far, c)
	var memory *kernels.OutOfMemory
	if !errors.As(err, &memory) || memory.Asked <= memory.Free || memory.Total != 1<<16 {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"nn: trainer: far/float32: New: out of memory", fmt.Sprint(memory.Asked), "batch", "image"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q, expected one with %q", err, want)
		}
	}
	if n := far.InUse(); n != 0 {
		t.Errorf("%d bytes were not given back", n)
	}
}

// TestStepWaitsOnce: a step waits for the device once, with an update and without.
func TestStepWaitsOnce(t *testing.T) {
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	for _, method := range Methods() {
		c := tinyMethod(method, 18)
		c.Accumulate = 2
		tr := newTrainer(t, far, c)
		defer tr.Close()
		for k := range c.Steps {
			before := far.Waits()
			train(t, tr, k, 1)
			if n := far.Waits() - before; n != 1 {
				t.Errorf("%s: step %d waits %d times", method, k, n)
			}
		}
	}
}

// TestLoaderWithFarBuffers trains from a loader whose batches lie in buffers of the device, which it reads as late as it
// may, and from one with ordinary memory: a batch that the loader makes anew too early would show.
func TestLoaderWithFarBuffers(t *testing.T) {
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	c := tiny(18)
	c.Height, c.Width, c.Steps = 16, 16, 12
	options := data.LoaderOptions{Batch: c.Batch, ImageSize: 16, Augmentation: data.Medical(), Depth: 1}
	source, err := phantom.New(t.Context(), phantom.Options{Items: 10, ImageSize: 16, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	var losses [2][]float64
	for i := range losses {
		if i == 1 {
			options.NewBuffer, options.FreeBuffer = far.NewBuffer, far.FreeBuffer
		}
		loader, err := data.NewLoader(source, options)
		if err != nil {
			t.Fatal(err)
		}
		tr := newTrainer(t, far, c)
		b := tinyBatch(c, 0)
		for range c.Steps {
			made, err := loader.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			b.Views = made.Views
			m, err := tr.Step(b)
			if err != nil {
				t.Fatal(err)
			}
			losses[i] = append(losses[i], m.Loss)
		}
		loader.Close()
		tr.Close()
	}
	if !slices.Equal(losses[0], losses[1]) {
		t.Errorf("from ordinary memory the losses are %v, from buffers %v", losses[0], losses[1])
	}
	if far.Buffers() != 0 || far.InUse() != 0 {
		t.Errorf("%d buffers and %d bytes were not given back", far.Buffers(), far.InUse())
	}
}

// TestGoldenOnFarDevice: what PyTorch gives holds out of the host's reach too. The far device has the bits of the reference,
// which passes all golden values; here are the networks and the beginning of a training.
func TestGoldenOnFarDevice(t *testing.T) {
	if testing.Short() {
		t.Skip("the portable device takes seconds for a golden network; run without -short")
	}
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	var networks []kerneltest.NetworkGolden
	kerneltest.LoadGolden(t, "networks.json", &networks)
	for _, g := range networks {
		t.Run(fmt.Sprintf("resnet%d/width=%d", g.Depth, g.Width), func(t *testing.T) { goldenNetwork(t, far, g, far.Type(), exactly(far, g.Depth)) })
	}
	var trajectories []kerneltest.TrajectoryGolden
	kerneltest.LoadGolden(t, "trajectories.json", &trajectories)
	t.Run("trajectory", func(t *testing.T) { goldenTrajectory(t, far, trajectories[0], 5) })
}
