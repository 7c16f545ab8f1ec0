package nn

import (
	"math"
	"math/rand/v2"

	"gzpt/kernels"
)

// MoCo is the settings of the method moco.
type MoCo struct {
	Contrast
	// KeyMomentum is the momentum of the key network in every update.
	KeyMomentum float64 `json:"key_momentum"`
	// Queue is the number of slots, at least the items of an update.
	Queue int `json:"queue"`
	// QueueStart says whose keys the random directions are that the slots hold at first: of no item ("empty"), or of items drawn
	// at random ("random"), as GzPT's code was released. Items is how many there are to draw from, the indices of a batch's
	// items being below it; 0 for an empty start.
	QueueStart string `json:"queue_start"`
	Items      int    `json:"items,omitempty"`
	// QueueSelf is how a row and the slots of its own item are related: "same", always positives, never dropped; or
	// "released", as GzPT's code was released, where they are dropped as the pairs of different items are, and where slot
	// number i is a positive of row number i whatever their items.
	QueueSelf string `json:"queue_self"`
}

// moco is MoCo v2 (Chen et al. 2020) with gaze positives. The query network makes the anchors of the first views; the key
// network, which follows it, the keys of the second ones, without a gradient. The candidates of an anchor are its own key
// and all slots of a queue of keys of earlier updates; its labels are its own key, slots of its item, and slots whose item
// counts as alike. See [contrast].
//
// In an update the key network follows first; then come keys, labels and loss, and at the end the keys enter the queue.
type moco struct {
	dev      kernels.Device
	settings MoCo
	batch    int
	follower follower
	queue    *queue
	keys     unitRows // of the whole update
	contrast *contrast
	gathered gathering
	query    *branch
	first    *branch // with several micro-batches an update: the first pass of a view through the query network
	key      *branch
}

func init() {
	methods["moco"] = recipe{
		defaults: func(c *Config) {
			c.ProjectorHidden, c.Embedding = c.Arch.Features(), 256
			c.MoCo = MoCo{
				Contrast:    Contrast{Temperature: 0.2, Normaliser: "global"},
				KeyMomentum: 0.999, Queue: 1280, QueueStart: "empty", QueueSelf: "same",
			}
		},
		validate: func(c Config, demand demand) {
			demand.predictor(c, false)
			demand.noTarget(c)
			c.MoCo.validate(demand)
			demand(c.MoCo.Queue >= c.Batch*c.Accumulate, "a queue of %d slots does not hold the %d keys of an update", c.MoCo.Queue, c.Batch*c.Accumulate)
		},
		build: newMoCo,
	}
}

func (s MoCo) validate(demand demand) {
	s.Contrast.validate(demand)
	demand(within(s.KeyMomentum, 0, 1), "key momentum is %v: expected 0 to 1", s.KeyMomentum)
	demand(s.QueueStart == "empty" || s.QueueStart == "random", "unknown queue start %q: expected empty or random", s.QueueStart)
	demand(s.QueueSelf == "same" || s.QueueSelf == "released", "unknown queue self %q: expected same or released", s.QueueSelf)
	demand((s.QueueStart == "random") == (s.Items > 0), "a queue start %q with %d items to draw from", s.QueueStart, s.Items)
}

func newMoCo(dev kernels.Device, c Config, r *report) method {
	h := heads{projector: []layerSpec{linear(c.ProjectorHidden, true), relu, linear(c.Embedding, true)}}
	query, key := newNetwork(dev, h.define(dev, c), true), newNetwork(dev, h.define(dev, c), false)
	initialise(dev, query.weights, c.Seed)
	rows := c.Batch * c.Accumulate
	m := &moco{
		dev: dev, settings: c.MoCo, batch: c.Batch, follower: follower{dev, query, key},
		queue: newQueue(dev, c.MoCo.Queue, c.Embedding, c.MoCo.Items, c.Seed), keys: newUnitRows(dev, rows, c.Embedding),
		contrast: newContrast(dev, c, c.MoCo.Contrast, kernels.OwnKey, rows, r), gathered: newGathering(dev, c, 1),
		query: newBranch(dev, query, training, c, h), key: newBranch(dev, key, following, c, h),
	}
	if c.Accumulate > 1 {
		m.first = newBranch(dev, query, rehearsing, c, h)
	}
	m.restart()
	return m
}

func (m *moco) gradients(b *microBatch) outcome {
	if b.index == 0 {
		m.follower.follow(m.settings.KeyMomentum)
	}
	items := m.gathered.take(b)
	query, at := m.query, b.index*m.batch
	if b.n > 1 {
		query = m.first
	}
	m.embed(query, b.images[0], 0, m.contrast.rows.part(at, m.batch))
	m.embed(m.key, b.images[1], 1, m.keys.part(at, m.batch))
	draw := b.pairs.draw(b.step / b.n)
	m.label(items, &draw)
	if b.index < b.n-1 {
		m.contrast.loss(len(items), m.keys.part(0, len(items)).rows, m.queue.keys)
	} else {
		m.contrast.lossAndGradient(m.keys.rows, m.queue.keys)
		m.backward(b)
	}
	return m.contrast.outcome(1 + m.settings.Queue)
}

// embed takes a view through a branch to normalised embeddings.
func (m *moco) embed(b *branch, x kernels.Tensor, view int, to unitRows) {
	b.forward(x)
	m.contrast.report.spread[view].take(m.dev, b.projected())
	to.take(m.dev, b.projected())
}

// backward takes the gradients of all anchors of the update back through the query network.
func (m *moco) backward(b *microBatch) {
	for i := range b.n {
		if b.n > 1 {
			m.gathered.again(b.images[0], i, 0)
			m.query.forward(b.images[0])
		}
		m.query.backward(m.contrast.gradientOf(i*m.batch, m.batch))
	}
}

// label makes the labels of the items: the own key of every row, then slots of the queue.
func (m *moco) label(items []int32, draw *drawing) {
	l := &m.contrast.labels
	l.begin()
	for i, item := range items {
		l.add(i, 1)
		for slot, other := range m.queue.items {
			if other != noItem {
				l.add(len(items)+slot, m.slotWeight(i, slot, int(item), int(other), draw))
			}
		}
		l.end()
	}
	l.upload()
}

// slotWeight is how much row i, of an item, and a slot, of another, count as alike.
func (m *moco) slotWeight(i, slot, item, other int, draw *drawing) float32 {
	switch released := m.settings.QueueSelf == "released"; {
	case released && draw.weights == nil: // MoCo v2 without gaze has no labels in the queue
		return 0
	case released && i == slot, !released && item == other:
		return 1
	case item == other && draw.dropped(item, other):
		return 0
	case item == other: // the relation of an item to itself
		return 1
	}
	return draw.weight(item, other)
}

// follow lets the keys of the update enter the queue.
func (m *moco) follow(k, n int) { m.queue.put(m.keys.rows, m.gathered.items) }

func (m *moco) restart() { m.follower.restart() }

func (m *moco) trained() *network { return m.follower.leader }

func (m *moco) networks() []namedNetwork {
	return []namedNetwork{{"query", m.follower.leader}, {"key", m.follower.net}}
}

func (m *moco) keepsViews() bool { return m.gathered.keepsViews() }

func (m *moco) state(n int) []block {
	all := m.queue.state()
	if n == 0 {
		return all
	}
	rows, keys := m.contrast.rows.part(0, n*m.batch), m.keys.part(0, n*m.batch)
	all = append(all, m.gathered.state(n, m.batch)...)
	return append(all, onDevice("update.embeddings", rows.rows), onDevice("update.norms", rows.norms), onDevice("update.keys", keys.rows))
}

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
