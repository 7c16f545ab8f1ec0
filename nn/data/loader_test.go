package data

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gzpt/nn/data/picture"
)

// madeUp is a source of random squares, some of which cannot be read.
type madeUp struct {
	items    []Item
	side     int
	squares  [][]float32
	bad      map[int]error
	delay    time.Duration
	requests atomic.Int64
	active   atomic.Int64 // requests at this moment
}

func newMadeUp(n, side int) *madeUp {
	s := &madeUp{side: side}
	for i := range n {
		s.items = append(s.items, Item{Name: fmt.Sprintf("made-up-%d", i)})
		square := make([]float32, side*side)
		for k := range square {
			square[k] = float32((i*31+k*17)%101) / 100
		}
		s.squares = append(s.squares, square)
	}
	return s
}

func (s *madeUp) Items() []Item                       { return s.items }
func (s *madeUp) Size(int) (int, int)                 { return s.side, s.side }
func (s *madeUp) Side() int                           { return s.side }
func (s *madeUp) Channels() int                       { return 1 }
func (s *madeUp) Image(i int) (*picture.Image, error) { return nil, errors.New("made up") }
func (s *madeUp) Pixels(dst []float32, i int) error {
	s.requests.Add(1)
	s.active.Add(1)
	defer s.active.Add(-1)
	time.Sleep(s.delay)
	copy(dst, s.squares[i])
	return s.bad[i]
}

func newLoader(t testing.TB, s Source, o LoaderOptions) *Loader {
	t.Helper()
	l, err := NewLoader(s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// copied is a batch that stays.
type copied struct {
	views           [2][]float32
	indices         []int
	epoch, position int
}

// take copies the next n batches.
func take(t testing.TB, l *Loader, n int) []copied {
	t.Helper()
	var all []copied
	for range n {
		b, err := l.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, copied{[2][]float32{slices.Clone(b.Views[0]), slices.Clone(b.Views[1])}, slices.Clone(b.Indices), b.Epoch, b.Position})
	}
	return all
}

func sameBatches(a, b []copied) bool {
	return slices.EqualFunc(a, b, func(a, b copied) bool {
		return slices.Equal(a.views[0], b.views[0]) && slices.Equal(a.views[1], b.views[1]) && slices.Equal(a.indices, b.indices) &&
			a.epoch == b.epoch && a.position == b.position
	})
}

// TestLoaderIsDeterministic: for any number of workers, depth and GOMAXPROCS, and from any batch on, the bits are the same.
func TestLoaderIsDeterministic(t *testing.T) {
	source := newMadeUp(11, 19)
	o := LoaderOptions{Batch: 3, ImageSize: 16, Augmentation: Medical(), Seed: 5, Workers: 1, Depth: 1}
	want := take(t, newLoader(t, source, o), 10)
	for _, workers := range []int{1, 2, 7, 0} {
		for _, depth := range []int{1, 2, 5, 0} {
			o.Workers, o.Depth = workers, depth
			if !sameBatches(take(t, newLoader(t, source, o), 10), want) {
				t.Errorf("%d workers, depth %d: other batches", workers, depth)
			}
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for n := range want {
		o.Epoch, o.Position = n/3, n%3
		if !sameBatches(take(t, newLoader(t, source, o), 10-n), want[n:]) {
			t.Errorf("from batch %d on: other batches", n)
		}
	}
	o.Epoch, o.Position = 1, 3 // at the end of an epoch, which is the beginning of the next
	if !sameBatches(take(t, newLoader(t, source, o), 4), want[6:]) {
		t.Error("from the end of an epoch on: other batches")
	}
	o.Epoch, o.Position, o.Seed = 0, 0, 6
	if other := take(t, newLoader(t, source, o), 1); slices.Equal(other[0].indices, want[0].indices) || slices.Equal(other[0].views[0], want[0].views[0]) {
		t.Error("another seed gives the same batch")
	}
}

// TestLoaderBuffers: the views lie in buffers that the loader is given, and goes back with once.
func TestLoaderBuffers(t *testing.T) {
	var given [][]float32
	o := LoaderOptions{Batch: 3, ImageSize: 16, Augmentation: Medical(), Depth: 2}
	o.NewBuffer = func(n int) []float32 {
		given = append(given, make([]float32, n))
		return given[len(given)-1]
	}
	back := 0
	o.FreeBuffer = func(b []float32) {
		if !slices.ContainsFunc(given, func(g []float32) bool { return &g[0] == &b[0] }) {
			t.Error("a buffer goes back that was not given")
		}
		back++
	}
	source := newMadeUp(11, 19)
	l := newLoader(t, source, o)
	for range 5 {
		b, err := l.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, view := range b.Views {
			if !slices.ContainsFunc(given, func(g []float32) bool { return &g[0] == &view[0] && len(g) == len(view) }) {
				t.Error("a view lies elsewhere")
			}
		}
	}
	l.Close()
	l.Close()
	if len(given) != 4 || back != 4 {
		t.Errorf("%d buffers were asked for and %d went back, expected 2 views of 2 batches", len(given), back)
	}
}

// TestEpochs: an epoch holds no item twice and all but a rest smaller than a batch, in another order than the one before.
func TestEpochs(t *testing.T) {
	source := newMadeUp(23, 8)
	items := []int{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21}
	l := newLoader(t, source, LoaderOptions{Batch: 4, ImageSize: 4, Augmentation: Medical(), Items: items, Seed: 1})
	if l.BatchesPerEpoch() != 2 {
		t.Fatalf("%d batches an epoch", l.BatchesPerEpoch())
	}
	var orders [][]int
	counts := map[int]int{}
	for epoch := range 40 {
		var order []int
		for position, b := range take(t, l, 2) {
			if b.epoch != epoch || b.position != position {
				t.Fatalf("batch %d of epoch %d says %d of %d", position, epoch, b.position, b.epoch)
			}
			order = append(order, b.indices...)
		}
		orders = append(orders, slices.Clone(order))
		slices.Sort(order)
		if len(slices.Compact(order)) != 8 {
			t.Errorf("epoch %d holds an item twice: %v", epoch, orders[epoch])
		}
		for _, i := range order {
			if !slices.Contains(items, i) {
				t.Fatalf("item %d was not asked for", i)
			}
			counts[i]++
		}
	}
	if slices.Equal(orders[0], orders[1]) {
		t.Error("two epochs have the same order")
	}
	for _, i := range items { // 29 of 40 epochs on average, with a standard deviation of 2.8
		if counts[i] < 15 {
			t.Errorf("item %d came in %d of 40 epochs", i, counts[i])
		}
	}
}

// TestBatchesAreTheAugmentersViews: what a batch holds is what Augmenter.View gives for the same counters.
func TestBatchesAreTheAugmentersViews(t *testing.T) {
	source := newMadeUp(5, 19)
	l := newLoader(t, source, LoaderOptions{Batch: 2, ImageSize: 16, Augmentation: Medical(), Seed: 9, Epoch: 3})
	g := NewAugmenter(Medical(), 19, 16, 1)
	for _, b := range take(t, l, 3) {
		for row, item := range b.indices {
			for v := range 2 {
				want := make([]float32, 256)
				g.View(want, source.squares[item], 9, b.epoch, item, v)
				if !slices.Equal(b.views[v][row*256:][:256], want) {
					t.Errorf("epoch %d, item %d, view %d: other pixels", b.epoch, item, v)
				}
			}
		}
	}
}

// settled waits until the number of goroutines is back to what it was.
func settled(t *testing.T, before int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// TestCloseEndsTheWorkers: at any moment, more than once, and also after an error.
func TestCloseEndsTheWorkers(t *testing.T) {
	before := runtime.NumGoroutine()
	source := newMadeUp(9, 8)
	source.delay = 3 * time.Millisecond
	for taken := range 6 {
		l := newLoader(t, source, LoaderOptions{Batch: 2, ImageSize: 4, Augmentation: Medical(), Workers: 5})
		take(t, l, taken)
		l.Close()
		if n := source.active.Load(); n > 0 {
			t.Errorf("after Close, %d workers are at work", n)
		}
		l.Close()
		if _, err := l.Next(t.Context()); !errors.Is(err, errClosed) {
			t.Errorf("after Close, Next gives error %v", err)
		}
	}
	settled(t, before)
	source.bad = map[int]error{4: errors.New("a hole in the disk")}
	l := newLoader(t, source, LoaderOptions{Batch: 9, ImageSize: 4, Augmentation: Medical(), Workers: 5})
	for range 2 {
		if _, err := l.Next(t.Context()); !errors.Is(err, source.bad[4]) || !strings.Contains(err.Error(), `image "made-up-4"`) {
			t.Errorf("error %v, expected one that names the image", err)
		}
	}
	l.Close()
	settled(t, before)
}

// TestInterruptedNext: a context that is done ends the wait and loses no batch.
func TestInterruptedNext(t *testing.T) {
	source := newMadeUp(6, 8)
	o := LoaderOptions{Batch: 3, ImageSize: 4, Augmentation: Medical(), Seed: 2, Workers: 1, Depth: 1}
	want := take(t, newLoader(t, source, o), 2)
	source.delay = 20 * time.Millisecond
	l := newLoader(t, source, o)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if !sameBatches(take(t, l, 2), want) {
		t.Error("after an interruption the batches are others")
	}
}

// TestWaitIsMeasured: it is the time that the training stood still: long where pixels are slow, next to nothing where the
// batch was ready.
func TestWaitIsMeasured(t *testing.T) {
	source := newMadeUp(4, 8)
	source.delay = 50 * time.Millisecond
	l := newLoader(t, source, LoaderOptions{Batch: 2, ImageSize: 4, Augmentation: Medical(), Workers: 1, Depth: 1})
	take(t, l, 1)
	begin := time.Now()
	b, err := l.Next(t.Context()) // makes room for the batch that it then waits for
	if err != nil {
		t.Fatal(err)
	}
	if stood := time.Since(begin); b.Wait > stood || b.Wait < 50*time.Millisecond {
		t.Errorf("a batch that takes 100 ms was waited for %v, measured as %v", stood, b.Wait)
	}
	source = newMadeUp(4, 8)
	l = newLoader(t, source, LoaderOptions{Batch: 2, ImageSize: 4, Augmentation: Medical(), Depth: 2})
	for source.requests.Load() < 4 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	if b, err := l.Next(t.Context()); err != nil || b.Wait > 50*time.Millisecond {
		t.Errorf("a batch that was ready was waited for %v, %v", b.Wait, err)
	}
}

// TestPrefetchHasADepth: no more batches are made ahead than there is room for.
func TestPrefetchHasADepth(t *testing.T) {
	source := newMadeUp(40, 8)
	l := newLoader(t, source, LoaderOptions{Batch: 2, ImageSize: 4, Augmentation: Medical(), Workers: 3, Depth: 4})
	take(t, l, 1)
	time.Sleep(30 * time.Millisecond)
	if n := source.requests.Load(); n != 8 {
		t.Errorf("%d items were read for 4 batches of 2", n)
	}
}

func TestBadLoaders(t *testing.T) {
	source := newMadeUp(3, 8)
	if _, err := NewLoader(source, LoaderOptions{Batch: 4, ImageSize: 4, Augmentation: Medical()}); err == nil || err.Error() != "3 items do not fill a batch of 4" {
		t.Errorf("error %v", err)
	}
	if _, err := NewLoader(source, LoaderOptions{Batch: 1, ImageSize: 4}); err == nil || !strings.Contains(err.Error(), "normalisation") {
		t.Errorf("error %v", err)
	}
	for name, o := range map[string]LoaderOptions{
		"no batch":      {ImageSize: 4},
		"no size":       {Batch: 1},
		"no such item":  {Batch: 1, ImageSize: 4, Augmentation: Medical(), Items: []int{3}},
		"item below 0":  {Batch: 1, ImageSize: 4, Augmentation: Medical(), Items: []int{-1}},
		"epoch below 0": {Batch: 1, ImageSize: 4, Augmentation: Medical(), Epoch: -1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			NewLoader(source, o)
		}()
	}
}

// TestLoaderAllocatesNothing: neither from memory nor from a file.
func TestLoaderAllocatesNothing(t *testing.T) {
	items := pictures(t, 8)
	for k := range 4 {
		memory, images := k%2, k/2 == 1
		c := openCache(t, items, CacheOptions{Folder: t.TempDir(), ImageSize: 14, Channels: 3, Memory: memory})
		l := newLoader(t, c, LoaderOptions{Batch: 2, ImageSize: 14, Augmentation: Medical(), Images: images})
		next := func() {
			if _, err := l.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			next()
		}
		least := testing.AllocsPerRun(30, next)
		for range 2 { // on a busy machine a worker may begin late, or the collector empty the cache's pool
			least = min(least, testing.AllocsPerRun(30, next))
		}
		if least > 0 && !raceEnabled {
			t.Errorf("memory %d, images %v: %v allocations a batch", memory, images, least)
		}
	}
}

func TestEachReturnsTheLowestError(t *testing.T) {
	for k, workers := range []int{1, 2, 2, 8, 8} {
		done := make([]atomic.Int32, 100)
		err := Each(t.Context(), 100, workers, func(i int) error {
			done[i].Add(1)
			if i >= 20 && i%10 == 3 {
				if i == 23 || k%2 == 0 { // the lowest fails last, or first
					time.Sleep(time.Duration(i-20) * time.Millisecond)
				}
				return fmt.Errorf("error %d", i)
			}
			return nil
		})
		if err == nil || err.Error() != "error 23" {
			t.Errorf("%d workers: %v", workers, err)
		}
		for i := range 24 {
			if n := done[i].Load(); n != 1 {
				t.Errorf("%d workers: work %d was done %d times", workers, i, n)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ctx, 5, 2, func(int) error { t.Error("work is begun"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := Each(t.Context(), 0, 2, func(int) error { return errors.New("none") }); err != nil {
		t.Errorf("error %v", err)
	}
}

// TestDerive: purposes and counters matter, and their order does; numbers are as they always were, so that a run that is
// resumed by a later version goes on with the same bits.
func TestDerive(t *testing.T) {
	seen := map[[2]uint64]string{}
	for name, args := range map[string]struct {
		seed     uint64
		purpose  string
		counters []uint64
	}{
		"a": {1, "view", []uint64{1, 2}}, "b": {1, "view", []uint64{2, 1}}, "c": {2, "view", []uint64{1, 2}}, "d": {1, "order", []uint64{1, 2}},
		"e": {1, "view", []uint64{1}}, "f": {1, "view", nil},
	} {
		a, b := Derive(args.seed, args.purpose, args.counters...)
		if other, ok := seen[[2]uint64{a, b}]; ok {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[[2]uint64{a, b}] = name
	}
	// SHA-256 of 0100000000000000 "view" 0200000000000000 0300000000000000, its first 16 bytes, little-endian.
	if a, b := Derive(1, "view", 2, 3); a != wantDerived[0] || b != wantDerived[1] {
		t.Errorf("derived %#x, %#x, expected %#x", a, b, wantDerived)
	}
}

var wantDerived = [2]uint64{0x9118d33c4948c6f4, 0xe95054104705239a}
