package bench

import (
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// processorClock tells the time that the threads of this process have spent on a processor. It is read thread by thread:
// that brings the clock of a running thread up to date, while the clock of the process lags by up to a tick for each.
type processorClock []int32

// newProcessorClock is the clock of the threads that there are now.
func newProcessorClock() (processorClock, error) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, err
	}
	var clock processorClock
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return nil, err
		}
		clock = append(clock, int32(^id<<3|6)) // 6: processor time (CPUCLOCK_SCHED) of one thread (CPUCLOCK_PERTHREAD)
	}
	return clock, nil
}

// now is the time spent by all threads of the clock; one that has ended counts nothing. The calls are raw, so that the
// goroutine keeps its place on the processor.
func (c processorClock) now() time.Duration {
	var total time.Duration
	for _, id := range c {
		var spent unix.Timespec
		unix.RawSyscall(unix.SYS_CLOCK_GETTIME, uintptr(id), uintptr(unsafe.Pointer(&spent)), 0)
		total += time.Duration(spent.Nano())
	}
	return total
}
