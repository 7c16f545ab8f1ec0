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

	"gzpt/kernels"
)

// LoaderOptions says which batches a loader makes.
type LoaderOptions struct {
	// Batch is the number of items of a batch. At the end of an epoch fewer than Batch items may be left over: they are dropped,
	// and have their turn in the order of another epoch.
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
	// Images has batches hold images as they are stored, and how their views are made, for a device that makes them: the same
	// views, to the bit where the device has those of package augment. The source must be one of stored values, see [Stored].
	Images bool
	// NewBuffer makes the memory of the views or images, and FreeBuffer takes it back when the loader closes: those of the device that
	// the batches go to. nil for ordinary memory.
	NewBuffer  func(n int) []float32
	FreeBuffer func(b []float32)
}

// defaultDepth hides the variation of single batches; a steady lack of speed no depth can hide.
const defaultDepth = 3

// Batch is two augmented views of some items. It is valid until the next call of Next or Close: whoever hands its views to a
// device that may read them later has waited for the device by then.
type Batch struct {
	// Views are the pixels, [B,ImageSize,ImageSize,Channels], normalised; nil in a batch of images.
	Views [2][]float32
	// Images are B images and how their views are made, the first ones of all, then the second ones; nil in a batch of views.
	Images *kernels.Images
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
	stored   StoredSource // the source where batches are of images, otherwise nil
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
	buffers [][]float32 // of the views or images
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
	if o.Images {
		l.stored = Stored(source)
		if l.stored == nil {
			panic("data: NewLoader: Images needs a source of stored values")
		}
	}
	augmenters := make([]*Augmenter, o.Workers)
	for i := range augmenters {
		augmenters[i] = NewAugmenter(o.Augmentation, source.Side(), o.ImageSize, source.Channels())
	}
	for range o.Depth {
		l.slots = append(l.slots, l.newSlot(augmenters[0]))
	}
	for _, augmenter := range augmenters {
		var image []float32
		if l.stored == nil {
			image = make([]float32, source.Side()*source.Side()*source.Channels())
		}
		l.workers.Go(func() { l.work(augmenter, image) })
	}
	return l, nil
}

// newSlot takes the memory of a batch.
func (l *Loader) newSlot(g *Augmenter) *slot {
	o := &l.options
	s := &slot{free: true, faults: make([]error, o.Batch), ready: make(chan struct{}, 1)}
	s.batch.Indices = make([]int, o.Batch)
	if l.stored == nil {
		for v := range s.batch.Views {
			s.batch.Views[v] = o.NewBuffer(o.Batch * o.ImageSize * o.ImageSize * l.source.Channels())
			s.buffers = append(s.buffers, s.batch.Views[v])
		}
		return s
	}
	m := &kernels.Images{Views: g.Views(l.stored.Bits()), Table: make([]float64, len(s.batch.Views)*o.Batch*g.Columns())}
	s.buffers = [][]float32{o.NewBuffer(o.Batch * m.Row(l.source.Channels()))}
	m.Words = kernels.Int32s(s.buffers[0])
	s.batch.Images = m
	return s
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
		for _, b := range s.buffers {
			l.options.FreeBuffer(b)
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

// work makes one row after the other; image is room for an item's pixels.
func (l *Loader) work(augmenter *Augmenter, image []float32) {
	for {
		s, row := l.take()
		if s == nil {
			return
		}
		if l.stored != nil {
			s.faults[row] = l.storedRow(&s.batch, row, augmenter)
		} else {
			s.faults[row] = l.viewsOf(&s.batch, row, augmenter, image)
		}
		if s.pending.Add(-1) == 0 {
			s.ready <- struct{}{}
		}
	}
}

// viewsOf makes the views of a row.
func (l *Loader) viewsOf(b *Batch, row int, augmenter *Augmenter, image []float32) error {
	o, item := &l.options, b.Indices[row]
	if err := l.source.Pixels(image, item); err != nil {
		return err
	}
	values := o.ImageSize * o.ImageSize * l.source.Channels()
	for v, view := range b.Views {
		augmenter.View(view[row*values:(row+1)*values], image, o.Seed, b.Epoch, item, v)
	}
	return nil
}

// storedRow takes the image of a row as it is stored, and draws how its views are made.
func (l *Loader) storedRow(b *Batch, row int, augmenter *Augmenter) error {
	o, m, item := &l.options, b.Images, b.Indices[row]
	words, columns := len(m.Words)/o.Batch, augmenter.Columns()
	window, err := l.stored.Words(m.Words[row*words:(row+1)*words], item)
	if err != nil {
		return err
	}
	for v := range b.Views {
		augmenter.Row(m.Table[(v*o.Batch+row)*columns:][:columns], window, o.Seed, b.Epoch, item, v)
	}
	return nil
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
