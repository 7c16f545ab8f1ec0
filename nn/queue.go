package nn

import (
	"math"
	"math/rand/v2"

	"gzpt/kernels"
)

// queue is the keys of the items of earlier updates: the newest replace the oldest. It belongs to a checkpoint as a whole.
type queue struct {
	dev    kernels.Device
	keys   kernels.Tensor // rows of length 1
	items  []int32        // of every slot; noItem where the slot has none
	cursor []int32        // one element: the slot that is replaced next
}

// noItem marks a slot whose key is of no item: it is a candidate, never a positive.
const noItem = -1

// newQueue is random directions without items or, where n is above 0, with random ones of n items.
func newQueue(dev kernels.Device, slots, width, n int, seed uint64) *queue {
	q := &queue{dev: dev, keys: dev.New(dev.Type(), slots, width), items: make([]int32, slots), cursor: make([]int32, 1)}
	var g rand.PCG
	g.Seed(derive(seed, "queue", 0))
	random := rand.New(&g)
	keys := make([]float32, slots*width)
	for s := range slots {
		key := keys[s*width:][:width]
		var squares float64
		for i := range key {
			key[i] = float32(random.NormFloat64())
			squares += float64(key[i]) * float64(key[i])
		}
		for i := range key {
			key[i] /= float32(math.Sqrt(squares))
		}
	}
	dev.Write(q.keys, keys)
	for s := range q.items {
		q.items[s] = noItem
		if n > 0 {
			q.items[s] = int32(random.IntN(n))
		}
	}
	return q
}

// put replaces the oldest slots by keys [n,d], at most as many as there are slots.
func (q *queue) put(keys kernels.Tensor, items []int32) {
	width, slots := q.keys.Dim(1), len(q.items)
	for from := 0; from < len(items); {
		at := int(q.cursor[0])
		n := min(len(items)-from, slots-at)
		q.dev.Copy(q.keys.Slice(at*width, n, width), keys.Slice(from*width, n, width))
		copy(q.items[at:], items[from:from+n])
		from += n
		q.cursor[0] = int32((at + n) % slots)
	}
}

func (q *queue) state() []block {
	return []block{
		onDevice("queue.keys", q.keys),
		{name: "queue.items", ints: q.items, least: noItem, most: math.MaxInt32},
		{name: "queue.cursor", ints: q.cursor, most: int32(len(q.items) - 1)},
	}
}
