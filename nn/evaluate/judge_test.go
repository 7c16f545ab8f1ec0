package evaluate

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/reference"
	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/data/phantom"
)

// items is two classes that one feature tells apart, eight to learn from, four to choose by and four to measure on.
func items() (list []data.Item, f Features) {
	f = Features{Rows: 16, Dim: 2}
	for i := range f.Rows {
		item := data.Item{Label: string(rune('a' + i%2)), Split: "train", File: "items.csv", Line: i + 2}
		switch {
		case i >= 12:
			item.Split = "test"
		case i >= 8:
			item.Split = "val"
		}
		list = append(list, item)
		f.Values = append(f.Values, float32(i%2)*2-1, float32(i)/16)
	}
	return list, f
}

func TestJudge(t *testing.T) {
	list, f := items()
	r, err := Judge(f, list, KNN{})
	if err != nil {
		t.Fatal(err)
	}
	if r.KNN.K != 8 || r.KNN.Accuracy != 1 && r.Probe.Accuracy != 1 || r.Train != 8 || r.Val != 4 || r.Test != 4 || !slices.Equal(r.Classes, []string{"a", "b"}) {
		t.Errorf("%+v", r)
	}
	for name, test := range map[string]struct {
		change func(item *data.Item)
		kind   error
		want   string
	}{
		"one class":     {func(item *data.Item) { item.Label = "a" }, ErrClasses, `all labels are "a", expected at least two classes among the labels`},
		"no label":      {func(item *data.Item) { item.Label = "" }, ErrClasses, "there are no labels"},
		"nothing to":    {func(item *data.Item) { item.Split = "train" }, ErrSplit, "0 test items"},
		"a leak":        {func(item *data.Item) { item.Group = "patient" }, ErrSplit, `group "patient" is in two parts of the split`},
		"another split": {func(item *data.Item) { item.Split = "tset" }, nil, `items.csv:2: image "": split "tset", expected train, val, test or nothing`},
	} {
		changed := slices.Clone(list)
		for i := range changed {
			test.change(&changed[i])
		}
		_, err := Judge(f, changed, KNN{})
		if err == nil || !strings.Contains(err.Error(), test.want) || test.kind != nil && !errors.Is(err, test.kind) {
			t.Errorf("%s: error %v, expected %q", name, err, test.want)
		}
	}
}

// Features of images do not depend on how many are decoded before and encoded at a time, and everything is given back to the device.
func TestBackbone(t *testing.T) {
	dev := reference.New(kernels.Float32)
	defer dev.Close()
	set, err := phantom.New(t.Context(), phantom.Options{Items: 40, ImageSize: 16, Channels: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := nn.DefaultConfig(nn.Arch{Depth: 18, Width: 1, Channels: 1})
	c.Height, c.Width = 16, 16
	trainer, err := nn.NewTrainer(dev, c)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	weights := filepath.Join(t.TempDir(), "backbone.safetensors")
	if err := nn.ExportBackbone(weights, trainer); err != nil {
		t.Fatal(err)
	}
	before := dev.InUse()
	var first []float32
	for _, batch := range []int{1, 7, 64} {
		encoder, err := OpenEncoder(dev, weights, set, batch, 16)
		if err != nil {
			t.Fatal(err)
		}
		for _, decoded := range []int{0, 1, 9, 1000} {
			done, seen := 0, 0
			f, err := encode(t.Context(), encoder, set, EncodeOptions{
				ImageSize: 16, Progress: func(n, total int) { done = n },
				Seen: func(pixels []float32) error { seen += len(pixels); return nil },
			}, decoded)
			if err != nil || f.Rows != 40 || f.Dim != 8 || done != 40 || seen != 40*16*16 {
				t.Fatalf("%d x %d features, %d done, %d pixels, %v", f.Rows, f.Dim, done, seen, err)
			}
			if first == nil {
				first = f.Values
			} else if !slices.Equal(first, f.Values) {
				t.Errorf("%d at a time, %d decoded before, give other features", batch, decoded)
			}
		}
		encoder.Close()
	}
	r, err := Backbone(t.Context(), dev, weights, set, BackboneOptions{EncodeOptions: EncodeOptions{ImageSize: 16}, Batch: 8, Labels: "phantoms"})
	if err != nil || r.Labels != "phantoms" || r.Test == 0 || r.Backbone != weights || dev.InUse() != before {
		t.Errorf("%+v, %v, %d bytes left on the device", r, err, dev.InUse()-before)
	}
	colour, err := phantom.New(t.Context(), phantom.Options{Items: 40, ImageSize: 16, Channels: 3, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenEncoder(dev, weights, colour, 8, 16); !errors.Is(err, ErrChannels) || dev.InUse() != before {
		t.Errorf("a backbone for grey images on coloured ones: %v, %d bytes left", err, dev.InUse()-before)
	}
}

func TestTwins(t *testing.T) {
	for classes, want := range map[string]int{"a b c": 0, "G0 g0 g1": 1, "1 1.0 2": 1, "1 2 10": 0, "01 1 1e0": 2, "Nan nan": 1} {
		if got := Twins(strings.Fields(classes)); len(got) != want {
			t.Errorf("%s: %q", classes, got)
		}
	}
	list, f := items()
	list[0].Label = strings.ToUpper(list[0].Label)
	r, err := Judge(f, list, KNN{K: 3})
	if err != nil || !slices.Contains(r.Warnings, `the labels "A" and "a" are two classes: are they one, written in two ways?`) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestDoubts(t *testing.T) {
	for labels, want := range map[string]string{
		"a b a b": "", "a b - c": "3 labels of 3 items", "1.5 2 3 3 -": "3 labels of 4 items", "1 2 3 3 1 2": "", "a b": "", "g G g G": "written in two ways", "": "",
	} {
		words := strings.Fields(strings.ReplaceAll(labels, "-", `""`))
		for i := range words {
			words[i] = strings.Trim(words[i], `"`)
		}
		got := Doubts(words)
		if len(got) > 1 || (len(got) == 0) != (want == "") || !strings.Contains(strings.Join(got, ""), want) {
			t.Errorf("%q: %q, expected %q", labels, got, want)
		}
	}
}

func TestCheckClasses(t *testing.T) {
	for labels, want := range map[string]error{
		"": ErrClasses, "a a a": ErrClasses, "a - -": ErrClasses, "a b c": ErrNames, "a b - c": ErrNames, "a b a": nil, "a b": nil, "1 2 3 3 -": nil,
	} {
		words := strings.Fields(labels)
		for i := range words {
			words[i] = strings.TrimPrefix(words[i], "-")
		}
		if err := CheckClasses(words); !errors.Is(err, want) {
			t.Errorf("%s: error %v, expected %v", labels, err, want)
		}
	}
}

// What makes scores mean less is said, and what was used is in the report.
func TestJudgeWarns(t *testing.T) {
	for name, c := range map[string]struct {
		knn    KNN
		change func(i int, item *data.Item)
		want   []string // parts of the warnings
		k      int
	}{
		"nothing":                     {KNN{K: 3}, func(int, *data.Item) {}, nil, 3},
		"all vote":                    {KNN{}, func(int, *data.Item) {}, []string{"all 8 training items vote on every test item"}, 8},
		"as many as there are":        {KNN{K: 8}, func(int, *data.Item) {}, []string{"all 8 training items vote"}, 8},
		"all vote by their likeness":  {KNN{K: 9, Temperature: 0.1}, func(int, *data.Item) {}, nil, 8},
		"a class that is not tested":  {KNN{K: 3}, func(i int, item *data.Item) { item.Label = relabel(i, 2, item.Label) }, []string{`class "c" has no test items`}, 3},
		"a class of test items alone": {KNN{K: 3}, func(i int, item *data.Item) { item.Label = relabel(i, 13, item.Label) }, []string{`class "c" has no training items: none of its 1 test items`}, 3},
	} {
		list, f := items()
		for i := range list {
			c.change(i, &list[i])
		}
		r, err := Judge(f, list, c.knn)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Warnings) != len(c.want) || r.KNN.K != c.k {
			t.Errorf("%s: k %d, warnings %q, expected %q", name, r.KNN.K, r.Warnings, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(r.Warnings[i], want) {
				t.Errorf("%s: warning %q, expected %q", name, r.Warnings[i], want)
			}
		}
	}
	list, f := items()
	list[3].Label, list[9].Label = "", ""
	r, err := Judge(f, list, KNN{K: 3})
	if err != nil || r.Unlabelled != 2 || !slices.Equal(r.Counts, []ClassCount{{4, 2, 2}, {3, 1, 2}}) {
		t.Errorf("%+v, %v", r, err)
	}
	for i := range list {
		list[i].Label = string(rune('a' + i))
	}
	if _, err := Judge(f, list, KNN{}); !errors.Is(err, ErrNames) || !strings.Contains(err.Error(), "16 classes of 16 items") {
		t.Errorf("a class an item: %v", err)
	}
}

// A probe that ends before its minimum says so, as does the choice of its strength.
func TestJudgeWarnsOfTheProbe(t *testing.T) {
	list, f := items()
	const weights, strength = "linear probe: L-BFGS ended before the minimum", "linear probe: 6 of the 6 fits that L2"
	for _, c := range []struct {
		probe Probe
		want  []string
	}{
		{Probe{}, nil},
		{Probe{Iterations: 1}, []string{weights, strength}},
		{Probe{Iterations: 1, L2: []float64{1}}, []string{weights}},
	} {
		r, err := judge(f, list, KNN{K: 3}, c.probe)
		if err != nil || len(r.Warnings) != len(c.want) {
			t.Errorf("%+v: %q, %v", c.probe, r.Warnings, err)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(r.Warnings[i], want) {
				t.Errorf("%+v: warning %q, expected %q", c.probe, r.Warnings[i], want)
			}
		}
	}
}

// relabel makes item k of the class c.
func relabel(i, k int, label string) string {
	if i == k {
		return "c"
	}
	return label
}
