package nn

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"gzpt/cuda"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest/fardevice"
	"gzpt/kernels/trace"
	"gzpt/nn/data"
	"gzpt/nn/data/phantom"
)

// storedConfig is a training on square views by a method.
func storedConfig(method string) Config {
	c := tinyMethod(method, 18)
	c.Height, c.Width, c.Arch.Channels = 16, 16, 3
	return c
}

// newLoaded begins to load batches of views or images of phantoms, from the given one on.
func newLoaded(t *testing.T, dev kernels.Device, c Config, from int, images bool) *data.Loader {
	t.Helper()
	source, err := phantom.New(t.Context(), phantom.Options{Items: 10, ImageSize: c.Height, Channels: c.Arch.Channels})
	if err != nil {
		t.Fatal(err)
	}
	a := data.Medical()
	a.Hue, a.SolarizeProbability, a.SolarizeThreshold, a.GreyProbability = 0.1, 0.3, 0.5, 0.2
	loader, err := data.NewLoader(source, data.LoaderOptions{
		Batch: c.Batch, ImageSize: c.Height, Augmentation: a, Seed: 3, Position: from, Images: images, NewBuffer: dev.NewBuffer, FreeBuffer: dev.FreeBuffer, Depth: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return loader
}

// load trains a trainer on the next batches.
func load(t *testing.T, tr *Trainer, loader *data.Loader, steps int) {
	t.Helper()
	b := tinyBatch(tr.Config(), 0)
	for range steps {
		made, err := loader.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.Views, b.Images, b.Items = made.Views, made.Images, made.Indices
		if _, err := tr.Step(b); err != nil {
			t.Fatal(err)
		}
	}
}

// loaded trains some steps on batches of views or images, and gives the blocks of the checkpoint.
func loaded(t *testing.T, dev kernels.Device, c Config, steps int, images bool) []byte {
	t.Helper()
	loader := newLoaded(t, dev, c, 0, images)
	defer loader.Close()
	tr, err := NewTrainer(dev, c)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	load(t, tr, loader, steps)
	return blocksOf(t, state(t, tr))
}

// compareStored demands that a device trains on images as on views, to the bit, and gives everything back.
func compareStored(t *testing.T, dev kernels.Device, c Config, steps int) []byte {
	t.Helper()
	before := dev.InUse()
	views, images := loaded(t, dev, c, steps, false), loaded(t, dev, c, steps, true)
	if !bytes.Equal(views, images) && runtime.GOARCH == "amd64" {
		t.Errorf("%s: on images the training has other bits than on views", dev.Name())
	}
	if n := dev.InUse() - before; n != 0 {
		t.Errorf("%s: %d bytes were not given back", dev.Name(), n)
	}
	return images
}

// TestImagesTrainAsViews: on every tier and on a far device.
func TestImagesTrainAsViews(t *testing.T) {
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	for _, method := range Methods() {
		c := storedConfig(method)
		for _, d := range append(tiers(t), opened{"far", far}) {
			compareStored(t, d.dev, c, 3)
		}
		if method == "byol" || method == "simsiam" {
			c.Accumulate = 2
			compareStored(t, far, c, 4)
		}
	}
	if far.Buffers() != 0 {
		t.Errorf("%d buffers were not given back", far.Buffers())
	}
}

// TestCUDATrainsOnImages: the kernels of the GPU make the views of the host, to the bit, in float32 and in bfloat16 and under every
// order of warps.
func TestCUDATrainsOnImages(t *testing.T) {
	if raceEnabled {
		t.Skip("minutes under the race detector; TestCUDATrains and TestStepCarriesBytes stay")
	}
	for _, precision := range []string{"float32", "bfloat16"} {
		c := storedConfig("byol")
		c.Precision = precision
		var first []byte
		for seed := range schedules(3) {
			got := compareStored(t, openCUDA(t, seed, cuda.Settings{}), c, 1)
			if seed == 0 {
				first = got
			}
			if !bytes.Equal(got, first) {
				t.Errorf("%s, seed %d: other bits", precision, seed)
			}
		}
	}
}

// TestCUDAResumesOnImages: a training that is stopped after each step goes on to the bits of one that is not.
func TestCUDAResumesOnImages(t *testing.T) {
	if raceEnabled {
		t.Skip("a minute under the race detector; TestStepCarriesBytes, whose loader fills buffers of the device, stays")
	}
	c, dev := storedConfig("byol"), openCUDA(t, 0, cuda.Settings{})
	whole := loaded(t, dev, c, 2, true)
	var checkpoint []byte
	for k := range 2 {
		tr := newTrainer(t, dev, c)
		if k > 0 {
			if _, err := tr.Load(bytes.NewReader(checkpoint)); err != nil {
				t.Fatal(err)
			}
		}
		loader := newLoaded(t, dev, c, k, true)
		load(t, tr, loader, 1)
		loader.Close()
		checkpoint = state(t, tr)
	}
	if !bytes.Equal(blocksOf(t, checkpoint), whole) {
		t.Error("other bits than without a stop")
	}
}

// TestMakesViews: images serve better where the host does not reach the device, unless views are kept on the host or are no
// squares.
func TestMakesViews(t *testing.T) {
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	for _, method := range Methods() {
		for accumulate := 1; accumulate <= 2; accumulate++ {
			c := storedConfig(method)
			c.Accumulate = accumulate
			keeps := accumulate > 1 && (method == "simclr" || method == "moco")
			if got := newTrainer(t, far, c).MakesViews(); got == keeps {
				t.Errorf("%s, %d micro-batches: %v", method, accumulate, got)
			}
			for _, d := range tiers(t) {
				if d.name != "cuda" && newTrainer(t, d.dev, c).MakesViews() {
					t.Errorf("%s on %s makes views", method, d.name)
				}
			}
		}
	}
	if newTrainer(t, far, tiny(18)).MakesViews() {
		t.Error("views that are no squares are made on the device")
	}
}

// TestStepCarriesBytes: a step on images takes their bytes to the device, and some numbers a view, where a step on views takes all
// their pixels in float32.
func TestStepCarriesBytes(t *testing.T) {
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	c := storedConfig("byol")
	for name, dev := range map[string]kernels.Device{"far": far, "ptxsim": openCUDA(t, 0, cuda.Settings{})} {
		for _, images := range []bool{false, true} {
			if raceEnabled && name == "ptxsim" && !images {
				continue // TestCUDATrains has these goroutines
			}
			recorder := trace.New(dev, nil)
			recorder.Begin()
			loaded(t, recorder, c, 1, images)
			var floats, words, augmented int
			view := c.Batch * c.Height * c.Width * c.Arch.Channels
			image := kernels.Views{Side: data.Side(c.Height), Bits: 8}
			for _, call := range recorder.End() {
				switch {
				case call.Operation == "Write" && call.Bytes == float64(4*view):
					floats++
				case call.Operation == "WriteInt32" && call.Bytes == float64(c.Batch*4*image.Row(c.Arch.Channels)):
					words++
				case call.Operation == "Augment":
					augmented++
				}
			}
			if want := map[bool][3]int{false: {2, 0, 0}, true: {0, 1, 1}}[images]; [3]int{floats, words, augmented} != want {
				t.Errorf("%s, images %v: %d writes of pixels, %d of bytes, %d augmentations, expected %v", name, images, floats, words, augmented, want)
			}
		}
	}
}

// TestStepOnImagesIsSteady: once it has had a batch of images, a step waits for the device once, takes no memory of it, and on a CPU
// none of the host either.
func TestStepOnImagesIsSteady(t *testing.T) {
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	c := storedConfig("byol")
	c.Accumulate, c.Steps = 2, 100
	for _, d := range append(tiers(t), opened{"far", far}) {
		loader, tr := newLoaded(t, d.dev, c, 0, true), newTrainer(t, d.dev, c)
		made, err := loader.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b := tinyBatch(c, 0)
		b.Views, b.Images, b.Items = made.Views, made.Images, made.Indices
		step := func() {
			if _, err := tr.Step(b); err != nil {
				t.Fatal(err)
			}
		}
		step()
		inUse, waits := d.dev.InUse(), far.Waits()
		step()
		if d.name == "far" && far.Waits() != waits+1 {
			t.Errorf("a step waits %d times", far.Waits()-waits)
		}
		if d.dev.InUse() != inUse {
			t.Errorf("%s: a step takes %d bytes of the device", d.name, d.dev.InUse()-inUse)
		}
		if d.name == "avx2" || d.name == "avx512" {
			if n := testing.AllocsPerRun(4, step); n != 0 {
				t.Errorf("%s: %v allocations a step", d.name, n)
			}
		}
		loader.Close()
	}
}

// TestImagesPanics: batches of images that are none.
func TestImagesPanics(t *testing.T) {
	c := storedConfig("simclr")
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	good := kernels.Images{Views: kernels.Views{Side: 2, Bits: 8, Std: [3]float64{1, 1, 1}}, Words: make([]int32, 12), Table: make([]float64, 8*kernels.ViewColumns(0))}
	gathering := c
	gathering.Accumulate = 2
	for _, test := range []struct {
		want   string
		config Config
		change func(m *kernels.Images)
	}{
		{"nn: Step: Images does not have Batch images", c, func(m *kernels.Images) { m.Words = m.Words[1:] }},
		{"nn: Step: the table of Images does not have a row for each view", c, func(m *kernels.Images) { m.Table = m.Table[1:] }},
		{"nn: Step: views of images are squares", tiny(18), func(*kernels.Images) {}},
		{"nn: Step: the update keeps its views, which it must be given as pixels", gathering, func(*kernels.Images) {}},
	} {
		b := tinyBatch(test.config, 0)
		m := good
		m.Words, m.Table = slices.Clone(m.Words), slices.Clone(m.Table)
		test.change(&m)
		b.Views, b.Images = [2][]float32{}, &m
		tr := newTrainer(t, far, test.config)
		mustPanic(t, test.want, func() { tr.Step(b) })
	}
}
