package cuda

import (
	"fmt"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/nn"
)

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

// BenchmarkStepOnHost is the host's share of a training step: checks, arguments, notes and their comparison, without the driver and
// without the GPU. It depends on how many calls a step has, not on how large the tensors are.
func BenchmarkStepOnHost(b *testing.B) {
	for _, method := range nn.Methods() {
		for _, depth := range []int{18, 50} {
			w := watch()
			c := narrow(method)
			c.Arch.Depth, c.Batch, c.Steps = depth, 2, 1<<30
			counted := newRun(b, openWatched(b, w, Settings{WithoutGraphs: true}), c)
			w.calls = 0
			counted.step()
			for _, without := range []bool{true, false} {
				b.Run(fmt.Sprintf("device=absent/method=%s/resnet=%d/graphs=%v", method, depth, !without), func(b *testing.B) {
					dev, err := Open(absent{newRecorder()}, Settings{WithoutGraphs: without})
					if err != nil {
						b.Fatal(err)
					}
					defer dev.Close()
					r := newRun(b, dev, c)
					for range 30 {
						r.step()
					}
					b.ReportAllocs()
					for b.Loop() {
						r.step()
					}
					b.ReportMetric(float64(w.calls), "calls/op")
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*w.calls), "ns/call")
				})
			}
		}
	}
}
