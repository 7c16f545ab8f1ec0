package nn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"gzpt/nn/tensorfile"
)

// FoundBackbone is a backbone in a file of weights, and what the file has around it.
type FoundBackbone struct {
	// Format is that of the file.
	Format string
	// Arch is the network that the names and shapes belong to.
	Arch Arch
	// Prefix is what the names of the backbone's tensors begin with in the file, "" for none. The keys of dictionaries
	// around it are part of it: "state_dict.module.encoder_q.".
	Prefix string
	// LeftOut is the names of the tensors that are not read: the classifier fc and other heads, and what does not have
	// the prefix, such as a second network or the state of an optimiser.
	LeftOut []string
	// Converted is the types of elements that become float32.
	Converted []tensorfile.Type
	// Provenance is where a file that a trainer exported comes from, nil for any other.
	Provenance *Provenance

	file    tensorfile.File
	names   naming
	index   map[string]int // the tensors under the prefix, by torchvision's names
	unknown error          // why there is no Arch
}

// naming is how a file calls the parts of a backbone: torchvision's names by those of the file; nil where they are the same.
type naming map[string]string

// sequential is the names of a torch.nn.Sequential of the children of torchvision's network.
var sequential = naming{"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4", "9": "fc"}

// torchvision is the name that torchvision has for a tensor.
func (n naming) torchvision(name string) string {
	first, rest, _ := strings.Cut(name, ".")
	if own, ok := n[first]; ok {
		return own + "." + rest
	}
	return name
}

// Backbone finds the one backbone of the file, a residual network under torchvision's names behind any prefix: its own
// names, or those of a torch.nn.Sequential of its children. Where the file holds a network and its moving average (MoCo's
// encoder_q and encoder_k, BYOL's online and target network, DINO's student and teacher), it is the network. An error says
// that there is none, or several, or that the network is none of those known here.
func (w *WeightFile) Backbone() (*FoundBackbone, error) {
	b, err := w.find()
	if err == nil {
		err = b.unknown
	}
	return b, err
}

func (w *WeightFile) find() (*FoundBackbone, error) {
	b := &FoundBackbone{Format: w.Format, Provenance: provenanceIn(w.Metadata), file: w.File, index: map[string]int{}}
	var err error
	if b.Prefix, b.names, err = findPrefix(w.Tensors()); err != nil {
		return nil, err
	}
	for i, t := range w.Tensors() {
		name, ok := strings.CutPrefix(t.Name, b.Prefix)
		own := b.names.torchvision(name)
		if !ok || isHead(own) {
			b.LeftOut = append(b.LeftOut, t.Name)
			continue
		}
		if k, ok := b.index[own]; ok {
			return nil, fmt.Errorf("the tensors %s and %s are the same of a residual network", w.Tensors()[k].Name, t.Name)
		}
		b.index[own] = i
		if t.Type.Floating() && t.Type != tensorfile.Float32 && !slices.Contains(b.Converted, t.Type) {
			b.Converted = append(b.Converted, t.Type)
		}
	}
	b.Arch, b.unknown = b.recognise()
	return b, nil
}

// findPrefix finds where the tensors of a backbone are.
func findPrefix(tensors []tensorfile.Info) (string, naming, error) {
	type place struct {
		prefix string
		names  naming
	}
	var found, averages []place
	for _, t := range tensors {
		for file, names := range map[string]naming{"layer1": nil, "4": sequential} {
			prefix, ok := strings.CutSuffix(t.Name, file+".0.conv1.weight")
			switch {
			case !ok || prefix != "" && !strings.HasSuffix(prefix, "."):
			case isAverage(prefix):
				averages = append(averages, place{prefix, names})
			default:
				found = append(found, place{prefix, names})
			}
		}
	}
	if len(found) == 0 {
		found = averages
	}
	if len(found) == 0 {
		return "", nil, errors.New("not a backbone: layer1.0.conv1.weight of a residual network is missing" + some(tensors))
	}
	if len(found) > 1 {
		return "", nil, fmt.Errorf("%d backbones, with the prefixes %q and %q among others: keep one", len(found), found[0].prefix, found[1].prefix)
	}
	return found[0].prefix, found[0].names, nil
}

// some is the first names of a file, for an error.
func some(tensors []tensorfile.Info) string {
	if len(tensors) == 0 {
		return "; the file holds no tensor"
	}
	var names []string
	for _, t := range tensors[:min(3, len(tensors))] {
		names = append(names, t.Name)
	}
	return fmt.Sprintf("; the file holds %d tensors: %.200s", len(tensors), strings.Join(names, ", "))
}

// words is the words of a name: those of state_dict.encoder_q are state, dict, encoder and q.
func words(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) })
}

// isAverage reports whether a prefix is that of a network that follows another.
func isAverage(prefix string) bool {
	return slices.ContainsFunc(words(prefix), func(w string) bool {
		return slices.Contains([]string{"k", "key", "ema", "target", "teacher", "momentum"}, w)
	})
}

// isHead reports whether a tensor belongs to what stands on a backbone, or beside it in training.
func isHead(name string) bool {
	first, _, _ := strings.Cut(name, ".")
	return slices.ContainsFunc(words(first), func(w string) bool {
		return slices.Contains([]string{"fc", "head", "heads", "classifier", "classification", "linear", "mlp", "proj", "projector", "projection",
			"predictor", "prediction", "prototypes", "logits", "queue"}, w)
	})
}

// lookup finds a tensor by torchvision's name.
func (b *FoundBackbone) lookup(name string) (t tensorfile.Info, ok bool) {
	i, ok := b.index[name]
	if ok {
		t = b.file.Tensors()[i]
	}
	return t, ok
}

// recognise is the network that the names and shapes of the convolutions belong to.
func (b *FoundBackbone) recognise() (Arch, error) {
	stem, ok := b.lookup("conv1.weight")
	if !ok || len(stem.Shape) != 4 {
		return Arch{}, errors.New("not a backbone: conv1.weight of a residual network is missing")
	}
	var counts [4]int
	for s := range counts {
		for {
			if _, ok := b.lookup(fmt.Sprintf("layer%d.%d.conv1.weight", s+1, counts[s])); !ok {
				break
			}
			counts[s]++
		}
	}
	_, bottleneck := b.lookup("layer1.0.conv3.weight")
	for depth, blocks := range stages {
		a := Arch{Depth: depth, Width: stem.Shape[0], Channels: stem.Shape[1]}
		if blocks == counts && a.bottleneck() == bottleneck {
			if err := a.Validate(); err != nil {
				return Arch{}, err
			}
			return a, nil
		}
	}
	return Arch{}, fmt.Errorf("not a known backbone: its stages have %v blocks", counts)
}

// String says in one line what was found and what is left out.
func (b *FoundBackbone) String() string {
	s := fmt.Sprintf("%v from %s", b.Arch, b.Format)
	if b.Prefix != "" {
		s += fmt.Sprintf(", names with the prefix %q", b.Prefix)
	}
	if b.names != nil {
		s += ", in the order of a torch.nn.Sequential"
	}
	for i, t := range b.Converted {
		s += []string{", ", " and "}[min(i, 1)] + string(t)
	}
	if len(b.Converted) > 0 {
		s += " turned into float32"
	}
	if len(b.LeftOut) > 0 {
		s += "; left out: " + b.leftOut()
	}
	return s
}

// leftOut counts what is left out by the first part of its name that is not the backbone's.
func (b *FoundBackbone) leftOut() string {
	var groups []string
	counts := map[string]int{}
	for _, name := range b.LeftOut {
		shared := 0 // up to the last dot at which the names are the same
		for i := 0; i < len(name) && i < len(b.Prefix) && name[i] == b.Prefix[i]; i++ {
			if name[i] == '.' {
				shared = i + 1
			}
		}
		first, _, _ := strings.Cut(name[shared:], ".")
		group := name[:shared] + first
		if counts[group]++; counts[group] == 1 {
			groups = append(groups, group)
		}
	}
	const most = 8
	var texts []string
	for _, group := range groups[:min(most, len(groups))] {
		texts = append(texts, fmt.Sprintf("%.80s (%d)", group, counts[group]))
	}
	if more := len(groups) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(texts, ", ")
}
