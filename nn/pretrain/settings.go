package pretrain

import (
	"errors"
	"fmt"

	"gzpt/gaze/relation"
	"gzpt/nn"
	"gzpt/nn/data"
)

// Settings is everything that determines the result of a run on given data.
type Settings struct {
	// Network says what is trained and how. Its Steps and WarmupSteps follow from Epochs and Warmup, its Data and MoCo.Items
	// from the data.
	Network nn.Config
	// Epochs is the length of the run in passes through the items that are trained on; 0 leaves it to Network.Steps.
	Epochs int
	// Warmup is the share of the run in which the learning rate rises, 0 to 1.
	Warmup float64
	// Views says how the two views of an image are made.
	Views data.Augmentation
	// Rule makes positives of the relation, and Drop leaves out each of them with this probability in a step.
	Rule relation.Rule
	Drop float64
	// Init, if not "", is a file of weights, as [nn.LoadBackbone] opens them, whose backbone the run starts from.
	Init string
}

// DefaultSettings is [MethodSettings] of BYOL.
func DefaultSettings(a nn.Arch) Settings { return MethodSettings("byol", a) }

// MethodSettings is the settings of a method, one of [nn.Methods], for a backbone: 100 epochs, views that keep a lesion a
// lesion, four positives an image on average, half of which are left out in a step.
func MethodSettings(method string, a nn.Arch) Settings {
	return Settings{
		Network: nn.MethodConfig(method, a), Epochs: 100, Warmup: 0.1, Views: data.Medical(), Rule: relation.Rule{PerItem: UsualPositives}, Drop: UsualDrop,
	}
}

const (
	// UsualPositives is how many positives an item has, on average, where a measure has no threshold of its own.
	UsualPositives = 4
	// UsualDrop is the share of positives that GzPT was released to leave out in a step.
	UsualDrop = 0.5
)

// ErrNoUpdate says that a run is shorter than an update of its weights.
var ErrNoUpdate = errors.New("the weights would never change")

// ErrFewItems says that a run has fewer items than a batch takes.
var ErrFewItems = errors.New("do not fill a batch")

// network is the settings of the training on some of the listed items; identity names them.
func (s *Settings) network(items, listed int, identity string) (nn.Config, error) {
	c := s.Network
	if items < c.Batch {
		return c, fmt.Errorf("%d items to train on %w of %d", items, ErrFewItems, c.Batch)
	}
	if s.Epochs > 0 {
		c.Steps = s.Epochs * (items / c.Batch)
	}
	c.WarmupSteps = int(s.Warmup * float64(c.Steps))
	c.Data = identity
	if c.MoCo.QueueStart == "random" {
		c.MoCo.Items = listed
	}
	return c, nil
}

// Validate says what is wrong with the settings that depend neither on the data nor on its relation: every fault, one per
// line.
func (s *Settings) Validate() error {
	c := s.Network
	c.Steps, c.WarmupSteps = max(c.Steps, s.Epochs), 0
	if c.MoCo.QueueStart == "random" {
		c.MoCo.Items = 1 // that there are items is seen when there is data
	}
	var faults []error
	if !(s.Warmup >= 0 && s.Warmup <= 1) {
		faults = append(faults, fmt.Errorf("pretrain: warm-up %g, expected a share of the run, 0 to 1", s.Warmup))
	}
	if !(s.Drop >= 0 && s.Drop <= 1) {
		faults = append(faults, fmt.Errorf("pretrain: drop %g, expected 0 to 1", s.Drop))
	}
	if c.Height != c.Width {
		faults = append(faults, fmt.Errorf("pretrain: views of %d x %d pixels, expected squares", c.Height, c.Width))
	}
	return errors.Join(append(faults, c.Validate(), s.Views.Validate())...)
}
