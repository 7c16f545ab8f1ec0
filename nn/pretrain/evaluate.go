package pretrain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"gzpt/kernels"
	"gzpt/nn/data"
	"gzpt/nn/evaluate"
	"gzpt/nn/rundir"
)

// ErrTrained says that an encoder is to be measured on what it was trained on.
var ErrTrained = errors.New("were trained on")

// TrainedTestItems counts the test items with a label that a run was trained on. It knows them by their pixels, and by their
// names where sameNames says that these mean the images of the run, or where pixels are not known. If there are any, the error
// names the first, an [ErrTrained]. told says where it cannot know: pixels of another size or number of channels than those of
// the run have other checksums.
func TrainedTestItems(dir rundir.Dir, images data.Source, sameNames bool) (trained int, told string, err error) {
	was, err := ReadRecord(dir)
	if err != nil {
		return 0, "", err
	}
	rows, err := was.Rows(dir)
	if err != nil {
		return 0, "", err
	}
	names, pixels := map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		if r.Training {
			names[r.Image] = true
			pixels[withoutWindow(r.Pixels)] = true
		}
	}
	byName := sameNames || pixels[""]
	if n := was.Network; !byName && (images.Side() != data.Side(n.Height) || images.Channels() != n.Arch.Channels) {
		told = fmt.Sprintf("whether test images are among those that %s was trained on cannot be told by their pixels, which have another size or other "+
			"channels there", string(dir))
	}
	split, err := evaluate.SplitItems(images.Items())
	if err != nil {
		return 0, "", err
	}
	test, first := 0, ""
	for _, i := range split.Test {
		item, sum := images.Items()[i], withoutWindow(data.Checksum(images, i))
		if item.Label == "" {
			continue
		}
		test++
		if sum != "" && pixels[sum] || (byName || sum == "") && names[item.Name] {
			trained++
			first = cmp.Or(first, item.Name)
		}
	}
	if trained > 0 {
		err = fmt.Errorf("%d of %d test images %w in %s, %q first", trained, test, ErrTrained, string(dir), first)
	}
	return trained, told, err
}

// withoutWindow is the part of [data.Cache.Checksum] that says which image it is of, however it is shown.
func withoutWindow(sum string) string {
	sum, _, _ = strings.Cut(sum, "-")
	return sum
}

// Evaluate judges the backbone of the last checkpoint of a run, on images normalised as its views were unless the options say
// otherwise. The report says how far the run was. A backbone that is not of that checkpoint is refused, see [Check].
func Evaluate(ctx context.Context, dev kernels.Device, dir rundir.Dir, images data.Source, o evaluate.BackboneOptions) (*evaluate.Report, error) {
	was, _, err := Check(dir)
	if err != nil {
		return nil, err
	}
	o.Normalisation = cmp.Or(o.Normalisation, was.Views.Normalisation)
	report, err := evaluate.Backbone(ctx, dev, dir.Backbone(), images, o)
	if err != nil {
		return nil, err
	}
	if of := report.Found.Provenance; of != nil {
		report.Step, report.Steps = of.Step, of.Steps
		return report, nil
	}
	info, err := was.ReadCheckpoint(dir)
	if info != nil {
		report.Step, report.Steps = info.Steps, info.Config.Steps
	}
	return report, err
}
