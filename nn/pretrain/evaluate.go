package pretrain

import (
	"context"
	"errors"
	"io/fs"

	"gzpt/kernels"
	"gzpt/nn"
	"gzpt/nn/data"
	"gzpt/nn/evaluate"
	"gzpt/nn/rundir"
)

// Evaluate judges the backbone of the last checkpoint of a run. The report says how far the run was.
func Evaluate(ctx context.Context, dev kernels.Device, dir rundir.Dir, images data.Source, o evaluate.BackboneOptions) (*evaluate.Report, error) {
	report, err := evaluate.Backbone(ctx, dev, dir.Backbone(), images, o)
	if err != nil {
		return nil, err
	}
	c, err := nn.ReadCheckpointInfo(dir.Checkpoint())
	if errors.Is(err, fs.ErrNotExist) {
		return report, nil
	}
	if err != nil {
		return nil, err
	}
	report.Step, report.Steps = c.Steps, c.Config.Steps
	return report, nil
}
