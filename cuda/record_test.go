package cuda

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/nn"
)

// watched counts what is asked of a driver, and loses changes of graphs where it is told to.
type watched struct {
	driver.Device
	calls     int            // of streams, but for waiting
	launches  int            // of graphs
	destroyed int            // graphs
	changes   map[string]int // of graphs, by what is changed
	lose      string         // what is
}

type watchedStream struct {
	driver.Stream
	device *watched
}

type watchedGraph struct {
	driver.Graph
	device *watched
}

func watch() *watched { return watchOver(ptxsim.Open(ptxsim.Options{})) }

func watchOver(d driver.Device) *watched { return &watched{Device: d, changes: map[string]int{}} }

func (w *watched) NewStream() (driver.Stream, error) {
	s, err := w.Device.NewStream()
	return &watchedStream{s, w}, err
}

func (w *watched) NewGraph(work []driver.Work) (driver.Graph, error) {
	g, err := w.Device.NewGraph(work)
	return &watchedGraph{g, w}, err
}

func (s *watchedStream) CopyIn(to driver.Pointer, from []byte) error {
	s.device.calls++
	return s.Stream.CopyIn(to, from)
}

func (s *watchedStream) CopyOut(to []byte, from driver.Pointer) error {
	s.device.calls++
	return s.Stream.CopyOut(to, from)
}

func (s *watchedStream) Copy(to, from driver.Pointer, bytes int) error {
	s.device.calls++
	return s.Stream.Copy(to, from, bytes)
}

func (s *watchedStream) Fill(to driver.Pointer, value uint32, words int) error {
	s.device.calls++
	return s.Stream.Fill(to, value, words)
}

func (s *watchedStream) Launch(l driver.Launch) error {
	s.device.calls++
	return s.Stream.Launch(l)
}

func (g *watchedGraph) Launch(on driver.Stream) error {
	g.device.launches++
	return g.Graph.Launch(on.(*watchedStream).Stream)
}

func (g *watchedGraph) Set(n int, w *driver.Work) error {
	what := w.Kind.String()
	if w.Kind == driver.Kernel {
		what = w.Function.Name()
	}
	g.device.changes[what]++
	if what == g.device.lose {
		return nil
	}
	return g.Graph.Set(n, w)
}

func (g *watchedGraph) Destroy() error {
	g.device.destroyed++
	return g.Graph.Destroy()
}

// absent is a driver that has memory and does nothing else, so that what remains is what the device asks of the host.
type absent struct{ *recorder }

type absentStream struct{ *recordingStream }

type absentGraph struct{}

func (a absent) NewStream() (driver.Stream, error) {
	s, err := a.Device.NewStream()
	return absentStream{&recordingStream{s, a.recorder}}, err
}

func (a absent) NewGraph([]driver.Work) (driver.Graph, error) { return absentGraph{}, nil }

func (absentStream) Launch(driver.Launch) error { return nil }

func (absentGraph) Set(int, *driver.Work) error { return nil }

func (absentGraph) Launch(driver.Stream) error { return nil }

func (absentGraph) Destroy() error { return nil }

func openWatched(t testing.TB, w *watched, settings Settings) *Device {
	t.Helper()
	dev, err := Open(w, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dev.Close) // once more does no harm
	return dev
}

// narrow is the settings of a small network.
func narrow(method string) nn.Config {
	c := nn.MethodConfig(method, nn.Arch{Depth: 18, Width: 2, Channels: 1})
	c.Height, c.Width, c.Batch, c.Steps = 16, 16, 4, 100
	c.ProjectorHidden, c.PredictorHidden, c.Embedding = 8, min(c.PredictorHidden, 8), 4
	if method == "moco" {
		c.MoCo.Queue = 18
	}
	c.LR = 1e-2
	return c
}

// run is a trainer with two batches in buffers of the device, which come in turn.
type run struct {
	testing.TB
	*nn.Trainer
	batches [2]*nn.Batch
}

func newRun(t testing.TB, dev kernels.Device, c nn.Config) *run {
	t.Helper()
	tr, err := nn.NewTrainer(dev, c)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{TB: t, Trainer: tr}
	g := rand.New(rand.NewPCG(1, 2))
	for n := range r.batches {
		b := &nn.Batch{Weights: func(i, j int) float32 { return float32((i + j) % 2) }, Drop: 0.5}
		for v := range b.Views {
			b.Views[v] = dev.NewBuffer(c.Batch * c.Height * c.Width * c.Arch.Channels)
			for i := range b.Views[v] {
				b.Views[v][i] = g.Float32()
			}
		}
		for i := range c.Batch {
			b.Items = append(b.Items, 10*n+i)
		}
		r.batches[n] = b
	}
	return r
}

func (r *run) step() {
	if _, err := r.Step(r.batches[r.StepsDone()%2]); err != nil {
		r.Fatal(err)
	}
}

// state is a checkpoint after some steps.
func (r *run) state(steps int) []byte {
	r.Helper()
	for range steps {
		r.step()
	}
	var b bytes.Buffer
	if err := r.Save(&b, nn.Position{}); err != nil {
		r.Fatal(err)
	}
	return b.Bytes()
}

// TestStepIsAFewLaunches: what a step asks of the driver is a graph of 64 calls, one of 256, one up to where it waits for the loss and
// one for the update. SimCLR and MoCo have one more up to where the host makes labels; MoCo's step is shorter than the others'.
func TestStepIsAFewLaunches(t *testing.T) {
	for method, want := range map[string]int{"byol": 4, "simsiam": 4, "simclr": 5, "moco": 4} {
		// What a step asks for follows from its shapes alone.
		w := watchOver(absent{newRecorder()})
		r := newRun(t, openWatched(t, w, Settings{}), narrow(method))
		r.state(6) // until the queue has come round
		w.calls, w.launches = 0, 0
		r.step()
		if w.calls != 0 || w.launches != want {
			t.Errorf("%s: %d calls and %d launches of graphs, expected %d launches", method, w.calls, w.launches, want)
		}
		w = watchOver(absent{newRecorder()})
		r = newRun(t, openWatched(t, w, Settings{WithoutGraphs: true}), narrow(method))
		w.calls = 0
		r.step()
		t.Logf("%s: %d graphs for %d calls", method, want, w.calls)
		if w.calls < 100 || w.launches != 0 {
			t.Errorf("%s: %d calls and %d launches of graphs without graphs", method, w.calls, w.launches)
		}
	}
}

// TestLostChangesAreSeen: whichever parameters change from step to step, a training in which they stay as they were has other bits:
// where pixels come from, the rates of the optimiser, the momentum of a target network, where a queue begins. So the trainings that
// have the bits of operations one by one have set them all.
func TestLostChangesAreSeen(t *testing.T) {
	SlowUnderRace(t)
	const steps = 5
	for method, expected := range map[string][]string{"byol": {"CopyIn", "adamw_wide", "ema_wide"}, "moco": {"CopyIn", "Copy", "adamw_wide"}} {
		if testing.Short() && method != "byol" {
			continue
		}
		w := watch()
		want := newRun(t, openWatched(t, w, Settings{}), narrow(method)).state(steps)
		for _, what := range expected {
			if w.changes[what] == 0 {
				t.Errorf("%s: nothing of %s has changed", method, what)
			}
		}
		t.Logf("%s: changes %v", method, w.changes)
		for what := range w.changes {
			lossy := watch()
			lossy.lose = what
			if bytes.Equal(newRun(t, openWatched(t, lossy, Settings{}), narrow(method)).state(steps), want) {
				t.Errorf("%s: %d changes of %s could be lost", method, w.changes[what], what)
			}
		}
	}
}

// TestRecordedStepAllocatesNothing: neither a step whose graphs are there, of any method, nor one without graphs takes memory.
func TestRecordedStepAllocatesNothing(t *testing.T) {
	for _, settings := range []Settings{{}, {WithoutGraphs: true}, {Products: TF32}} {
		if testing.Short() && settings != (Settings{}) {
			continue
		}
		for _, method := range nn.Methods() {
			for _, precision := range []string{"float32", "bfloat16"} {
				if testing.Short() && precision != "float32" {
					continue
				}
				dev, err := Open(newRecorder(), settings)
				if err != nil {
					t.Fatal(err)
				}
				c := narrow(method)
				c.Precision = precision
				if settings.Products == TF32 && precision == "float32" {
					c.Precision = "tf32"
				}
				r := newRun(t, dev, c)
				r.state(30) // until the lists have gone through the memory of each other
				if n := testing.AllocsPerRun(6, r.step); n != 0 {
					t.Errorf("%s, %s, %+v: %v allocations a step", method, c.Precision, settings, n)
				}
				dev.Close()
			}
		}
	}
}

// TestManyLists: what the suite asks of devices that record reaches graphs, and more lists than are kept.
func TestManyLists(t *testing.T) {
	var w *watched
	var dev *Device // the last
	kerneltest.Suite{Open: func(tb testing.TB) kernels.Device {
		w = watch()
		dev = openWatched(tb, w, Settings{})
		return dev
	}, Parts: []string{"Recorder"}}.Run(t)
	if w.launches == 0 || w.destroyed == 0 || len(dev.recording.plans) != mostPlans {
		t.Errorf("%d launches of graphs, %d destroyed, %d lists kept, expected some, some and %d", w.launches, w.destroyed, len(dev.recording.plans), mostPlans)
	}
}

// TestRecordedFailure: a kernel that fails in a list of its own, when a graph is made, and when one is launched again has the error
// that it has without graphs, and the device does nothing more.
func TestRecordedFailure(t *testing.T) {
	failure := func(settings Settings, before int) string {
		dev, err := Open(ptxsim.Open(ptxsim.Options{BlockInstructions: 1000}), settings)
		if err != nil {
			t.Fatal(err)
		}
		defer dev.Close()
		x, out := dev.New(kernels.Float32, 1<<20), dev.New(kernels.Float64, 1)
		list := func(elements int) error {
			dev.Fill(x, 1)
			dev.ReLU(x.Slice(0, 8), x.Slice(8, 8))
			dev.SumSquares(out, x.Slice(0, elements))
			dev.Fill(out, 0)
			return dev.Sync()
		}
		dev.Record()
		for range before {
			if err := list(1024); err != nil {
				t.Fatal(err)
			}
		}
		first := list(1 << 20)
		if first == nil {
			t.Fatal("the kernel does not fail")
		}
		if again := list(8); again == nil || again.Error() != first.Error() {
			t.Errorf("then %v, expected %v", again, first)
		}
		dev.Stop()
		dev.Free(x)
		text, _, _ := strings.Cut(first.Error(), ".ptx:") // behind it is which of its threads was first
		return text
	}
	want := failure(Settings{WithoutGraphs: true}, 0)
	if want != "cuda/float32: SumSquares: kernel block_sums: ptxsim: Launch: block_sums, reduction" {
		t.Errorf("error %q", want)
	}
	for before := range 4 { // lists that end well
		if testing.Short() && before%2 == 1 {
			continue
		}
		if got := failure(Settings{}, before); got != want {
			t.Errorf("after %d lists: %q, expected %q", before, got, want)
		}
	}
}

// faulty is a driver of which a call fails.
type faulty struct {
	*watched
	call string
}

func (f *faulty) err(call string) error {
	if call == f.call {
		return fmt.Errorf("no %s", call)
	}
	return nil
}

type faultyGraph struct {
	driver.Graph
	device *faulty
}

func (f *faulty) NewGraph(work []driver.Work) (driver.Graph, error) {
	if err := f.err("NewGraph"); err != nil {
		return nil, &driver.WorkError{Number: 1, Err: err}
	}
	g, err := f.watched.NewGraph(work)
	return faultyGraph{g, f}, err
}

func (f *faulty) AllocHost(bytes int) ([]byte, error) {
	if err := f.err("AllocHost"); err != nil {
		return nil, err
	}
	return f.watched.AllocHost(bytes)
}

func (g faultyGraph) Set(n int, w *driver.Work) error {
	if err := g.device.err("Set"); err != nil {
		return &driver.WorkError{Number: n, Err: err}
	}
	return g.Graph.Set(n, w)
}

func (g faultyGraph) Launch(s driver.Stream) error {
	if err := g.device.err("Launch"); err != nil {
		return err
	}
	return g.Graph.Launch(s)
}

func (g faultyGraph) Destroy() error {
	if err := g.device.err("Destroy"); err != nil {
		return err
	}
	return g.Graph.Destroy()
}

// TestRecordingFails: whatever a driver fails to do for a recording is the device's error, and stays it.
func TestRecordingFails(t *testing.T) {
	for call, want := range map[string]string{
		"NewGraph": "SumSquares: kernel block_sums: no NewGraph", "Set": "SumSquares: kernel block_sums: no Set",
		"Launch": "Sync: no Launch", "AllocHost": "Write: no AllocHost", "Destroy": "Sync: no Destroy",
	} {
		f := &faulty{watch(), call}
		dev, err := Open(f, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		x, out := dev.New(kernels.Float32, 64), dev.New(kernels.Float64, 1)
		dev.Record()
		for n := range 4 * mostPlans {
			if call == "AllocHost" {
				dev.Write(x, make([]float32, 64))
			}
			dev.Fill(x, 1)
			dev.SumSquares(out, x.Slice(0, 8+n%2))
			if call == "Destroy" {
				for range n / 2 {
					dev.Fill(out, 0)
				}
			}
			_ = dev.Sync()
		}
		if err := dev.Sync(); err == nil || err.Error() != "cuda/float32: "+want {
			t.Errorf("%s: error %v, expected %s", call, err, want)
		}
		dev.Close()
	}
}
