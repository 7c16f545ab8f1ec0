package pretrain

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels/kerneltest/fardevice"
	"gzpt/kernels/trace"
	"gzpt/nn"
	"gzpt/nn/evaluate"
	"gzpt/nn/rundir"
)

// onFar is the trial on a far device, which the caller closes.
func (b *trial) onFar(o fardevice.Options) (*trial, *fardevice.Device) {
	far, moved := fardevice.New(o), *b
	moved.dev = far
	return &moved, far
}

// goOn resumes a run, trains to its end and judges its backbone; whatever it opens it closes.
func (b *trial) goOn(t *testing.T, path string) (*evaluate.Report, error) {
	r, err := Open(b.dev, path, b.Data, b.Settings, Options{Resume: true})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := r.Train(t.Context()); err != nil {
		return nil, err
	}
	o := evaluate.BackboneOptions{EncodeOptions: evaluate.EncodeOptions{ImageSize: 16}, Batch: 8, KNN: evaluate.KNN{K: 5}}
	return Evaluate(t.Context(), b.dev, r.Dir, b.set, o)
}

// related computes the relation of the trial's gaze.
func (b *trial) related(t *testing.T) error {
	r, err := Alike{By: "heatmap-cc"}.Relate(t.Context(), b.dev, b.set, RelateOptions{})
	if err == nil && !slices.Equal(r.Values, b.Relation.Values) {
		t.Error("another relation than the reference's")
	}
	return err
}

func weightsIn(t *testing.T, path string) [2]string {
	t.Helper()
	checkpoint, err := os.ReadFile(rundir.Dir(path).Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	return [2]string{string(checkpoint), backbone(t, path)}
}

// TestRunOnFarDevice: a run that is stopped, resumed and judged on a device that is out of the host's reach, with batches in
// buffers that it reads late, gives the bits and the report of the reference and leaves nothing behind.
func TestRunOnFarDevice(t *testing.T) {
	near := newTrial(t)
	b, far := near.onFar(fardevice.Options{})
	defer far.Close()
	if err := b.related(t); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	paths := [2]string{filepath.Join(folder, "near"), filepath.Join(folder, "far")}
	var reports [2]*evaluate.Report
	for i, trial := range []*trial{near, b} {
		trial.train(t, paths[i], Options{StopAfter: 2})
		report, err := trial.goOn(t, paths[i])
		if err != nil {
			t.Fatal(err)
		}
		reports[i] = report
	}
	if backbone(t, paths[0]) != backbone(t, paths[1]) {
		t.Error("another backbone than the reference's")
	}
	if reports[0].KNN.Accuracy != reports[1].KNN.Accuracy || reports[0].Probe.Accuracy != reports[1].Probe.Accuracy {
		t.Errorf("judged as %+v, on the reference as %+v", reports[1], reports[0])
	}
	if far.InUse() != 0 || far.Buffers() != 0 {
		t.Errorf("%d bytes and %d buffers were not given back", far.InUse(), far.Buffers())
	}
}

// TestRunCarriesBytes: a run on a device that is out of the host's reach takes images there as they are stored, and the device makes the
// views; where SimCLR keeps the views of an update, and on a device that the host reaches, they are made on the host.
func TestRunCarriesBytes(t *testing.T) {
	near := newTrial(t)
	for _, test := range []struct {
		name       string
		far        bool
		method     string
		accumulate int
		want       bool
	}{{"far", true, "byol", 2, true}, {"kept", true, "simclr", 2, false}, {"near", false, "byol", 1, false}} {
		b, far := near.onFar(fardevice.Options{})
		defer far.Close()
		if !test.far {
			b = near
		}
		c := &b.Network
		if test.method != c.Method {
			*c = nn.MethodConfig(test.method, c.Arch)
			c.Height, c.Width, c.Batch, c.ProjectorHidden, c.Embedding = 16, 16, 8, 4, 4
		}
		c.Accumulate, b.Epochs = test.accumulate, 1
		recorder := trace.New(b.dev, nil)
		traced := *b
		traced.dev = recorder
		recorder.Begin()
		traced.train(t, filepath.Join(t.TempDir(), "run"), Options{})
		augmented, pixels := 0, 0
		for _, call := range recorder.End() {
			switch {
			case call.Operation == "Augment":
				augmented++
			case call.Operation == "Write" && call.Bytes == float64(4*c.Batch*c.Height*c.Width*c.Arch.Channels):
				pixels++
			}
		}
		if (augmented > 0) != test.want || (pixels > 0) == test.want {
			t.Errorf("%s: %d augmentations, %d writes of pixels", test.name, augmented, pixels)
		}
	}
}

// TestRunOnFailingDevice: whichever call fails, a run that goes on ends in an error that names the device and an operation;
// its checkpoint and backbone are those of an end of an epoch.
func TestRunOnFailingDevice(t *testing.T) {
	near := newTrial(t)
	whole, far := near.onFar(fardevice.Options{})
	defer far.Close()
	start := filepath.Join(t.TempDir(), "run")
	var checkpoints, backbones []string // of the ends of epochs 2, 3 and 4
	keep := func(path string) {
		files := weightsIn(t, path)
		checkpoints, backbones = append(checkpoints, files[0]), append(backbones, files[1])
	}
	whole.train(t, start, Options{StopAfter: 2})
	keep(start)
	again := func() string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(path, os.DirFS(start)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := again()
	whole.train(t, path, Options{Resume: true, StopAfter: 3})
	keep(path)
	path = again()
	before := far.Calls()
	if _, err := whole.goOn(t, path); err != nil {
		t.Fatal(err)
	}
	calls := far.Calls() - before
	keep(path)

	tries, random := 200, rand.New(rand.NewPCG(3, 4))
	if testing.Short() {
		tries = 20
	}
	for range tries {
		at, path := 1+random.IntN(calls), again()
		b, far := near.onFar(fardevice.Options{FailAt: at})
		_, err := b.goOn(t, path)
		far.Close()
		if err == nil || !strings.Contains(err.Error(), "far/float32: ") {
			t.Fatalf("call %d of %d fails: error %v", at, calls, err)
		}
		files := weightsIn(t, path)
		if !slices.Contains(checkpoints, files[0]) || !slices.Contains(backbones, files[1]) {
			t.Errorf("call %d of %d fails: checkpoint or backbone are of no epoch", at, calls)
		}
		if far.InUse() != 0 || far.Buffers() != 0 {
			t.Errorf("call %d of %d fails: %d bytes and %d buffers were not given back", at, calls, far.InUse(), far.Buffers())
		}
		if _, err := os.Stat(rundir.Dir(path).Evaluation()); err == nil {
			t.Errorf("call %d of %d fails: there is an evaluation", at, calls)
		}
		os.RemoveAll(path)
	}
}
