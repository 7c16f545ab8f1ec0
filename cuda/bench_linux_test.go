package cuda

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gzpt/nn"
)

// BenchmarkStepOnHost is the processor time that the host's share of a training step takes, without graphs and with them, in turn:
// checks, arguments, notes and their comparison, without the driver and without the GPU. It depends on how many calls a step
// has, not on how large the tensors are.
func BenchmarkStepOnHost(b *testing.B) {
	for _, method := range nn.Methods() {
		for _, depth := range []int{18, 50} {
			b.Run(fmt.Sprintf("device=absent/method=%s/resnet=%d", method, depth), func(b *testing.B) {
				runtime.LockOSThread() // whose time is taken
				defer runtime.UnlockOSThread()
				c := narrow(method)
				c.Arch.Depth, c.Batch, c.Steps = depth, 2, 1<<30
				w := watch()
				counted := newRun(b, openWatched(b, w, Settings{WithoutGraphs: true}), c)
				w.calls = 0
				counted.step()
				var runs [2]*run
				for i, settings := range []Settings{{WithoutGraphs: true}, {}} {
					dev, err := Open(absent{newRecorder()}, settings)
					if err != nil {
						b.Fatal(err)
					}
					defer dev.Close()
					runs[i] = newRun(b, dev, c)
					runs[i].state(30)
				}
				var spent [2]time.Duration
				b.ReportAllocs()
				for b.Loop() {
					for i, r := range runs {
						before := threadTime(b)
						r.step()
						spent[i] += threadTime(b) - before
					}
				}
				b.ReportMetric(float64(w.calls), "calls/step")
				for i, name := range []string{"us/step", "us/step-of-graphs"} {
					b.ReportMetric(spent[i].Seconds()*1e6/float64(b.N), name)
				}
			})
		}
	}
}

// threadTime is the time that the thread has spent on a processor.
func threadTime(b *testing.B) time.Duration {
	var spent unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &spent); err != nil {
		b.Fatal(err)
	}
	return time.Duration(spent.Nano())
}
