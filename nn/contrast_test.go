package nn

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/reference"
	"gzpt/nn/internal/named"
)

// dense is the labels as they were uploaded, in a matrix of the given columns.
func dense(t *testing.T, dev kernels.Device, l *labels, columns int) [][]float64 {
	t.Helper()
	on := l.onDevice()
	offsets, column, weights := kerneltest.Get(dev, on.Offsets), kerneltest.Get(dev, on.Columns), kerneltest.Get(dev, on.Weights)
	var rows [][]float64
	for r := range len(offsets) - 1 {
		row := make([]float64, columns)
		last := -1
		for e := int(offsets[r]); e < int(offsets[r+1]); e++ {
			if at := int(column[e]); at <= last {
				t.Errorf("row %d: column %d behind %d", r, at, last)
			}
			last = int(column[e])
			row[last] = weights[e]
		}
		rows = append(rows, row)
	}
	return rows
}

// alikeOdd is positives of different strength: items whose numbers differ by an odd number.
func alikeOdd(i, j int) float32 {
	if (i+j)%2 == 0 {
		return 0
	}
	return float32(2+i+j) / 32
}

// TestSimCLRLabels: rows of an update in one or several micro-batches have the labels of the definition.
func TestSimCLRLabels(t *testing.T) {
	dev := reference.New(kernels.Float64)
	items := []int32{5, 2, 7, 5, 0, 1, 3, 12} // one twice
	for _, blocks := range []string{"view1", "all"} {
		for _, accumulate := range []int{1, 2, 4} {
			for _, drop := range []float64{0, 0.5} {
				c := tinyMethod("simclr", 18)
				c.SimCLR.Blocks, c.Accumulate, c.Batch = blocks, accumulate, len(items)/accumulate
				s := newUpdate(dev, c).method.(*simclr)
				p := pairs{alikeOdd, drop, 3}
				draw := p.draw(6)
				s.label(items, &draw)
				rows := dense(t, dev, &s.contrast.labels, 2*len(items))
				place := func(r int) (item, view int) { return r/(2*c.Batch)*c.Batch + r%c.Batch, r / c.Batch % 2 }
				var sum float64
				for r, row := range rows {
					i, view := place(r)
					for column, got := range row {
						j, other := place(column)
						want := 0.0
						switch gaze := blocks == "all" || view == 0 && other == 0; {
						case i == j && view == other:
						case i == j, gaze && items[i] == items[j]:
							want = 1
						case gaze:
							want = float64(draw.weight(int(items[i]), int(items[j])))
						}
						if got != want {
							t.Errorf("%s, accumulate %d: label of row %d at column %d is %v, expected %v", blocks, accumulate, r, column, got, want)
						}
						sum += want
					}
				}
				out := s.contrast.outcome(len(rows) - 1)
				if want := sum/float64(len(rows)) - 1; len(rows) != 16 || math.Abs(out.positives-want) > 1e-12 || out.chance != math.Log(15) {
					t.Errorf("%d rows, %+v, expected %v positives", len(rows), out, want)
				}
			}
		}
	}
}

// TestMoCoLabels: the own key, and slots of the queue by how a row and its own item are related.
func TestMoCoLabels(t *testing.T) {
	dev := reference.New(kernels.Float64)
	items := []int32{4, 1, 2, 7}
	queue := []int32{4, 1, noItem, 5, 4, 2, 7, 0}
	for _, c := range []struct {
		self    string
		weights Weights
		drop    float64
		want    func(i, slot int, d *drawing) float64
	}{
		{"same", alikeOdd, 0.5, func(i, slot int, d *drawing) float64 {
			if items[i] == queue[slot] {
				return 1
			}
			return float64(d.weight(int(items[i]), int(queue[slot])))
		}},
		{"same", nil, 0, func(i, slot int, d *drawing) float64 {
			if items[i] == queue[slot] {
				return 1
			}
			return 0
		}},
		{"released", alikeOdd, 0.5, func(i, slot int, d *drawing) float64 {
			switch {
			case i == slot:
				return 1
			case items[i] != queue[slot]:
				return float64(d.weight(int(items[i]), int(queue[slot])))
			case d.dropped(int(items[i]), int(items[i])):
				return 0
			}
			return 1
		}},
		{"released", nil, 0, func(i, slot int, d *drawing) float64 { return 0 }},
	} {
		config := tinyMethod("moco", 18)
		config.MoCo.Queue, config.MoCo.QueueSelf = len(queue), c.self
		m := newUpdate(dev, config).method.(*moco)
		copy(m.queue.items, queue)
		p := pairs{c.weights, c.drop, 5}
		for step := range 8 {
			draw := p.draw(step)
			m.label(items, &draw)
			for i, row := range dense(t, dev, &m.contrast.labels, len(items)+len(queue)) {
				for column, got := range row {
					want := 0.0
					if slot := column - len(items); slot < 0 && column == i {
						want = 1
					} else if slot >= 0 && queue[slot] != noItem {
						want = c.want(i, slot, &draw)
					}
					if got != want {
						t.Errorf("%s: label of row %d at column %d is %v, expected %v", c.self, i, column, got, want)
					}
				}
			}
		}
	}
}

// TestQueue: it starts as random directions without items or with random ones, and keys replace the oldest, also around the end.
func TestQueue(t *testing.T) {
	dev := reference.New(kernels.Float64)
	for n, most := range map[int]int32{0: noItem, 3: 2} {
		q := newQueue(dev, 50, 8, n, 1)
		keys := kerneltest.Get(dev, q.keys)
		for s, item := range q.items {
			var squares float64
			for _, v := range keys[s*8 : s*8+8] {
				squares += v * v
			}
			if math.Abs(squares-1) > 1e-6 || item > most || n == 0 != (item == noItem) {
				t.Fatalf("slot %d of item %d has a key of length^2 %v", s, item, squares)
			}
		}
		if n > 0 && (slices.Max(q.items) != 2 || slices.Min(q.items) != 0) {
			t.Errorf("items %v", q.items)
		}
		if other := newQueue(dev, 50, 8, n, 2); slices.Equal(keys, kerneltest.Get(dev, other.keys)) {
			t.Error("another seed gives the same keys")
		}
	}
	q := newQueue(dev, 5, 2, 0, 1)
	keys := dev.New(dev.Type(), 3, 2)
	for k := range 3 {
		kerneltest.Set(dev, keys, []float64{10 * float64(k), 1, 10*float64(k) + 1, 1, 10*float64(k) + 2, 1})
		q.put(keys, []int32{int32(10 * k), int32(10*k + 1), int32(10*k + 2)})
	}
	want := []int32{12, 20, 21, 22, 11}
	if !slices.Equal(q.items, want) || q.cursor[0] != 4 {
		t.Errorf("items %v, cursor %d, expected %v and 4", q.items, q.cursor[0], want)
	}
	for s, v := range kerneltest.Get(dev, q.keys) {
		if s%2 == 0 && v != float64(want[s/2]) {
			t.Errorf("slot %d has the key of item %v, expected %d", s/2, v, want[s/2])
		}
	}
}

// TestAccumulatedContrast: an update of two micro-batches is that of one large batch. Batch normalisation sees the same where
// the micro-batches hold the same images and every label of the first has its twin in the second.
func TestAccumulatedContrast(t *testing.T) {
	const half, updates = 4, 3
	twins := func(i, j int) float32 { // the numbers of the items of a half lie in 0..99, those of the other in 100..199
		return float32((i%100 + j%100) % 2)
	}
	for _, method := range []string{"simclr", "moco"} {
		for _, normaliser := range []string{"global", "anchor"} {
			for _, blocks := range []string{"view1", "all"} {
				dev := reference.New(kernels.Float64)
				c := tinyMethod(method, 18)
				c.Batch, c.Accumulate, c.Steps = 2*half, 1, updates
				if method == "moco" {
					c.MoCo.Normaliser = normaliser
				} else {
					c.SimCLR.Normaliser, c.SimCLR.Blocks = normaliser, blocks
				}
				large := newTrainer(t, dev, c)
				c.Batch, c.Accumulate, c.Steps = half, 2, 2*updates
				small := newTrainer(t, dev, c)
				for u := range updates {
					first := tinyBatch(c, u)
					first.Weights = twins
					second, both := *first, *first
					second.Items, both.Items = nil, nil
					for _, item := range first.Items {
						second.Items = append(second.Items, 100+item)
					}
					both.Items = append(slices.Clone(first.Items), second.Items...)
					for v, pixels := range first.Views {
						both.Views[v] = append(slices.Clone(pixels), pixels...)
					}
					want, err := large.Step(&both)
					if err != nil {
						t.Fatal(err)
					}
					m, err := small.Step(first)
					if err != nil || m.Updated || m.GradNorm != 0 {
						t.Fatalf("%+v, %v", m, err)
					}
					got, err := small.Step(&second)
					if err != nil {
						t.Fatal(err)
					}
					got.Step = want.Step
					for _, pair := range [][2]*float64{{&got.Loss, &want.Loss}, {&got.GradNorm, &want.GradNorm}} {
						if math.Abs(*pair[0]-*pair[1]) > 1e-9*math.Abs(*pair[1]) {
							t.Errorf("%s %s %s, update %d: %v, in one batch %v", method, normaliser, blocks, u, *pair[0], *pair[1])
						}
						*pair[0] = *pair[1]
					}
					got.EmbeddingStd = want.EmbeddingStd // that of a micro-batch
					if got != want {
						t.Errorf("%s, update %d: %+v, in one batch %+v", method, u, got, want)
					}
				}
				closeBlocks(t, fmt.Sprint(method, " ", normaliser, " ", blocks), dev, small, large)
			}
		}
	}
}

// closeBlocks compares weights, moments and a queue of two trainers; running statistics move once a micro-batch.
func closeBlocks(t *testing.T, name string, dev kernels.Device, a, b *Trainer) {
	t.Helper()
	as, bs := a.blocks(0), b.blocks(0)
	for i := range as {
		if as[i].tensor.Rank() == 0 {
			if !slices.Equal(as[i].ints, bs[i].ints) {
				t.Errorf("%s: %s is %v, in one batch %v", name, as[i].name, as[i].ints, bs[i].ints)
			}
			continue
		}
		if as[i].name == "encoder.statistics" || as[i].name == "query.statistics" || as[i].name == "key.statistics" {
			continue
		}
		x, y := kerneltest.Get(dev, as[i].tensor), kerneltest.Get(dev, bs[i].tensor)
		for j := range x {
			if math.Abs(x[j]-y[j]) > 1e-6*(1+math.Abs(y[j])) {
				t.Errorf("%s: element %d of %s is %v, in one batch %v", name, j, as[i].name, x[j], y[j])
				break
			}
		}
	}
}

// TestChance: embeddings that are all the same have the loss that a step calls chance.
func TestChance(t *testing.T) {
	for _, method := range []string{"simclr", "moco"} {
		dev := reference.New(kernels.Float64)
		c := tinyMethod(method, 18)
		c.Accumulate = 2
		tr := newTrainer(t, dev, c)
		last := map[string]string{"simclr": "projector.4", "moco": "projector.2"}[method]
		dev.Fill(tr.method.trained().weights.named(last+".weight"), 0)
		dev.Fill(tr.method.trained().weights.named(last+".bias"), 1)
		want := []float64{math.Log(7), math.Log(15)}
		if m, ok := tr.method.(*moco); ok {
			m.restart()
			dev.Fill(m.queue.keys, 0.5) // of length 1 in four dimensions
			want = []float64{math.Log(19), math.Log(19)}
		}
		for k := range want {
			m := train(t, tr, k, 1)
			if m.Chance != want[k] || math.Abs(m.Loss-m.Chance) > 1e-9 {
				t.Errorf("%s, micro-batch %d: loss %v, chance %v, expected %v", method, k, m.Loss, m.Chance, want[k])
			}
		}
	}
}

// TestRunningStatisticsMoveOnce: a view that goes through the network twice in an update counts once.
func TestRunningStatisticsMoveOnce(t *testing.T) {
	for _, method := range []string{"simclr", "moco"} {
		var want []float64
		for _, accumulate := range []int{1, 2} {
			dev := reference.New(kernels.Float64)
			c := tinyMethod(method, 18)
			c.Accumulate, c.LR = accumulate, 0
			tr := newTrainer(t, dev, c)
			train(t, tr, 0, 2)
			net := tr.method.trained()
			got := append(kerneltest.Get(dev, net.statistics.block), float64(net.tracked))
			if accumulate == 1 {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%s: statistics of two micro-batches in one update differ from those in two", method)
			}
		}
	}
}

// TestMethodDefaults: heads and constants are those that GzPT trains with.
func TestMethodDefaults(t *testing.T) {
	contrast := func(temperature float64) Contrast { return Contrast{temperature, "global"} }
	for _, c := range []struct {
		method                           string
		projector, predictor, embedding  int
		simclr                           SimCLR
		moco                             MoCo
		projectorLayers, predictorLayers []string
	}{
		{"simsiam", 2048, 512, 2048, SimCLR{}, MoCo{}, []string{
			"0.weight[2048 512]", "1.weight[2048]", "1.bias[2048]", "3.weight[2048 2048]", "4.weight[2048]", "4.bias[2048]", "6.weight[2048 2048]",
		}, []string{"0.weight[512 2048]", "1.weight[512]", "1.bias[512]", "3.weight[2048 512]", "3.bias[2048]"}},
		{"simclr", 512, 0, 128, SimCLR{contrast(0.07), "view1"}, MoCo{}, []string{
			"0.weight[512 512]", "1.weight[512]", "1.bias[512]", "3.weight[128 512]", "4.weight[128]", "4.bias[128]",
		}, nil},
		{"moco", 512, 0, 256, SimCLR{}, MoCo{contrast(0.2), 0.999, 1280, "empty", 0, "same"}, []string{
			"0.weight[512 512]", "0.bias[512]", "2.weight[256 512]", "2.bias[256]",
		}, nil},
	} {
		config := MethodConfig(c.method, Arch{18, 64, 3})
		if err := config.Validate(); err != nil {
			t.Errorf("%s: %v", c.method, err)
		}
		if config.ProjectorHidden != c.projector || config.PredictorHidden != c.predictor || config.Embedding != c.embedding || config.SimCLR != c.simclr || config.MoCo != c.moco {
			t.Errorf("%s: %+v", c.method, config)
		}
		config.Height, config.Width, config.Batch = 32, 32, 2
		var projector, predictor []string
		for _, p := range newTrainer(t, reference.New(kernels.Float32), config).method.trained().weights.parameters {
			if name, ok := strings.CutPrefix(p.name, projectorPrefix); ok {
				projector = append(projector, fmt.Sprint(name, p.dims))
			} else if name, ok := strings.CutPrefix(p.name, predictorPrefix); ok {
				predictor = append(predictor, fmt.Sprint(name, p.dims))
			}
		}
		if !slices.Equal(projector, c.projectorLayers) || !slices.Equal(predictor, c.predictorLayers) {
			t.Errorf("%s: projector %v, predictor %v", c.method, projector, predictor)
		}
	}
}

// TestSettingsOfMethods: a checkpoint names what a method's settings are and refuses others; those of BYOL have no part of
// other methods.
func TestSettingsOfMethods(t *testing.T) {
	if keys := named.Values(tiny(18)); keys["target_momentum"] != "0.99" || keys["simclr.temperature"] != "" || keys["moco.queue"] != "" || keys["moco"] != "" {
		t.Errorf("settings of BYOL: %v", keys)
	}
	here := tinyMethod("moco", 18)
	other := here
	other.MoCo.Temperature, other.MoCo.QueueStart, other.MoCo.Items = 0.1, "random", 7
	byol := tiny(18)
	for want, file := range map[string]Config{
		"moco.temperature is 0.1 in the file, expected 0.2\n":        other,
		`moco.queue_start is "random" in the file, expected "empty"`: other,
		"moco.items is 7 in the file, expected none":                 other,
		"moco.queue is none in the file, expected 18":                byol,
		`method is "byol" in the file, expected "moco"`:              byol,
	} {
		if err := sameConfig(file, here); err == nil || !strings.Contains(err.Error()+"\n", want) {
			t.Errorf("error %v, expected one with %q", err, want)
		}
	}
}

// TestAccumulatedDraws: which positives are dropped follows from the update and the pair, however many micro-batches there are.
func TestAccumulatedDraws(t *testing.T) {
	for _, method := range []string{"simclr", "moco"} {
		dev := reference.New(kernels.Float64)
		c := tinyMethod(method, 18)
		c.Steps = 6
		small := c
		small.Batch, small.Accumulate, small.Steps = 2, 2, 12
		whole, parts := newTrainer(t, dev, c), newTrainer(t, dev, small)
		for u := range 6 {
			b := tinyBatch(c, u)
			b.Items = []int{3 * u, 3*u + 1, 3*u + 2, 3*u + 3} // the last one comes again
			b.Weights, b.Drop = alikeOdd, 0.5
			want, err := whole.Step(b)
			if err != nil {
				t.Fatal(err)
			}
			var got Metrics
			for k := range 2 {
				part := *b
				part.Items = b.Items[2*k : 2*k+2]
				for v, pixels := range b.Views {
					part.Views[v] = pixels[k*len(pixels)/2 : (k+1)*len(pixels)/2]
				}
				if got, err = parts.Step(&part); err != nil {
					t.Fatal(err)
				}
			}
			if math.Abs(got.PositivesPerAnchor-want.PositivesPerAnchor) > 1e-9 || got.Chance != want.Chance || got.LR != want.LR {
				t.Errorf("%s, update %d: %+v, in one batch %+v", method, u, got, want)
			}
		}
	}
}
