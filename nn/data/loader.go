package data

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// LoaderOptions says which batches a loader makes.
type LoaderOptions struct {
	// Batch is the number of items of a batch. The items that are left at the end of an epoch when no full batch is, fewer
	// than Batch, are dropped; another order in the next epoch gives them their turn.
	Batch int
	// ImageSize is the side of the views in pixels.
	ImageSize    int
	Augmentation Augmentation
	// Items are the indices of the source's items to draw from, nil for all: the training split.
	Items []int
	Seed  uint64
	// Epoch and Position say where to begin, from 0: after a resume, the epoch and the number of its batches that are done.
	Epoch, Position int
	// Workers is the number of goroutines that make views, 0 for one per processor.
	Workers int
	// Depth is the number of batches made ahead, 0 for 3.
	Depth int
	// NewBuffer makes the memory of the views, and FreeBuffer takes it back when the loader closes: those of the device that
	// the batches go to. nil for ordinary memory.
	NewBuffer  func(n int) []float32
	FreeBuffer func(b []float32)
}

// defaultDepth hides the variation of single batches; a steady lack of speed no depth can hide.
const defaultDepth = 3

// Batch is two augmented views of some items. It is valid until the next call of Next or Close: whoever hands its views to a
// device that may read them later has waited for the device by then.
type Batch struct {
	// Views are the pixels, [B,ImageSize,ImageSize,Channels], normalised.
	Views [2][]float32
	// Indices are the items, by their index in the source.
	Indices []int
	// Epoch and Position are the batch's place: its epoch and its number in the epoch, from 0.
	Epoch, Position int
	// Wait is how long Next had to wait for it.
	Wait time.Duration
}

// Loader makes batches ahead, epoch after epoch without end. Their order and their pixels follow from the seed alone, not
// from the number of workers; a steady loader allocates nothing. Next and Close belong to one goroutine.
type Loader struct {
	source   Source
	options  LoaderOptions
	perEpoch int

	slots   []*slot
	current *slot // what Next has handed out
	next    int   // the number of the batch that Next hands out next
	failed  error

	lock      sync.Mutex
	wake      *sync.Cond // a slot has become free, or the loader closes
	closed    bool
	assigned  int // batches whose rows have all been given to workers
	row       int // the next row of batch number assigned
	epoch     int // whose order it is
	order     []int
	generator rand.PCG
	workers   sync.WaitGroup
}

// slot is room for a batch. Batch number n goes to slot n modulo the depth.
type slot struct {
	batch   Batch
	free    bool
	pending atomic.Int32 // rows not done
	faults  []error      // by row
	ready   chan struct{}
}

// NewLoader begins to make batches. It panics if the options are out of range, and returns an error where there are fewer
// items than a batch takes or the augmentation is not valid.
func NewLoader(source Source, o LoaderOptions) (*Loader, error) {
	if o.Batch < 1 || o.ImageSize < 1 || o.Epoch < 0 || o.Position < 0 || o.Workers < 0 || o.Depth < 0 {
		panic("data: NewLoader: Batch and ImageSize are at least 1, the others at least 0")
	}
	if err := o.Augmentation.Validate(); err != nil {
		return nil, err
	}
	if o.Items == nil {
		o.Items = indices(len(source.Items()))
	}
	for _, i := range o.Items {
		if i < 0 || i >= len(source.Items()) {
			panic("data: NewLoader: Items are indices of the source's items")
		}
	}
	if len(o.Items) < o.Batch {
		return nil, fmt.Errorf("%d items do not fill a batch of %d", len(o.Items), o.Batch)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Depth == 0 {
		o.Depth = defaultDepth
	}
	if o.NewBuffer == nil {
		o.NewBuffer, o.FreeBuffer = func(n int) []float32 { return make([]float32, n) }, func([]float32) {}
	}
	l := &Loader{source: source, options: o, perEpoch: len(o.Items) / o.Batch, epoch: -1, order: make([]int, len(o.Items))}
	l.wake = sync.NewCond(&l.lock)
	l.next = o.Epoch*l.perEpoch + o.Position
	l.assigned = l.next
	values := o.Batch * o.ImageSize * o.ImageSize * source.Channels()
	for range o.Depth {
		s := &slot{free: true, faults: make([]error, o.Batch), ready: make(chan struct{}, 1)}
		s.batch = Batch{Views: [2][]float32{o.NewBuffer(values), o.NewBuffer(values)}, Indices: make([]int, o.Batch)}
		l.slots = append(l.slots, s)
	}
	for range o.Workers {
		augmenter := NewAugmenter(o.Augmentation, source.Side(), o.ImageSize, source.Channels())
		image := make([]float32, source.Side()*source.Side()*source.Channels())
		l.workers.Go(func() { l.work(augmenter, image) })
	}
	return l, nil
}

// indices is 0 .. n-1.
func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// BatchesPerEpoch is the number of full batches of an epoch.
func (l *Loader) BatchesPerEpoch() int { return l.perEpoch }

// Next hands out the next batch; the one before it is made anew. It waits until the batch is there or ctx is done; after
// ctx has interrupted it, the next call waits for the same batch. The error of an item whose pixels cannot be read names
// it, and ends the loader.
func (l *Loader) Next(ctx context.Context) (*Batch, error) {
	if l.failed != nil {
		return nil, l.failed
	}
	if l.current != nil {
		l.release(l.current)
		l.current = nil
	}
	s := l.slots[l.next%len(l.slots)]
	begin := time.Now()
	select {
	case <-s.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.batch.Wait = time.Since(begin)
	for i, err := range s.faults {
		if err != nil {
			l.failed = fmt.Errorf("image %q: %w", l.source.Items()[s.batch.Indices[i]].Name, err)
			return nil, l.failed
		}
	}
	l.current = s
	l.next++
	return &s.batch, nil
}

var errClosed = errors.New("data: the loader is closed")

// Close ends the workers, waits for them and gives the buffers back. Next then returns an error.
func (l *Loader) Close() {
	l.failed = errClosed
	l.lock.Lock()
	l.closed = true
	l.wake.Broadcast()
	l.lock.Unlock()
	l.workers.Wait()
	for _, s := range l.slots {
		for _, view := range s.batch.Views {
			l.options.FreeBuffer(view)
		}
	}
	l.slots = nil
}

// release gives a slot back to the workers.
func (l *Loader) release(s *slot) {
	l.lock.Lock()
	s.free = true
	l.wake.Broadcast()
	l.lock.Unlock()
}

// work makes the views of one row after the other; image is room for an item's pixels.
func (l *Loader) work(augmenter *Augmenter, image []float32) {
	o := &l.options
	values := o.ImageSize * o.ImageSize * l.source.Channels()
	for {
		s, row := l.take()
		if s == nil {
			return
		}
		item := s.batch.Indices[row]
		if s.faults[row] = l.source.Pixels(image, item); s.faults[row] == nil {
			for v, view := range s.batch.Views {
				augmenter.View(view[row*values:(row+1)*values], image, o.Seed, s.batch.Epoch, item, v)
			}
		}
		if s.pending.Add(-1) == 0 {
			s.ready <- struct{}{}
		}
	}
}

// take is the next row to make; a nil slot means that there is none any more.
func (l *Loader) take() (*slot, int) {
	l.lock.Lock()
	defer l.lock.Unlock()
	s := l.slots[l.assigned%len(l.slots)]
	for l.row == 0 && !s.free && !l.closed {
		l.wake.Wait()
		s = l.slots[l.assigned%len(l.slots)] // another worker may have begun it
	}
	if l.closed {
		return nil, 0
	}
	if l.row == 0 {
		l.begin(s)
	}
	row := l.row
	l.row++
	if l.row == l.options.Batch {
		l.row = 0
		l.assigned++
	}
	return s, row
}

// begin makes a slot the batch number assigned.
func (l *Loader) begin(s *slot) {
	b := l.options.Batch
	s.free = false
	s.pending.Store(int32(b))
	s.batch.Epoch, s.batch.Position = l.assigned/l.perEpoch, l.assigned%l.perEpoch
	if s.batch.Epoch != l.epoch {
		l.epoch = s.batch.Epoch
		l.shuffle()
	}
	copy(s.batch.Indices, l.order[s.batch.Position*b:(s.batch.Position+1)*b])
}

// shuffle puts the items into the order of the epoch: Fisher and Yates with numbers that follow from seed and epoch.
func (l *Loader) shuffle() {
	copy(l.order, l.options.Items)
	l.generator.Seed(Derive(l.options.Seed, "order", uint64(l.epoch)))
	for i := len(l.order) - 1; i > 0; i-- {
		j := int(l.generator.Uint64() % uint64(i+1)) // the bias of the remainder is below 2^-40 for any list in memory
		l.order[i], l.order[j] = l.order[j], l.order[i]
	}
}
