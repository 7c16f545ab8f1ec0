package nn

import "strconv"

// Provenance is where an exported backbone comes from.
type Provenance struct {
	// Step is the micro-batches that had been made of Steps.
	Step, Steps int
	// State is CheckpointInfo.State of the checkpoint that has the same weights, "" where none was written.
	State string
}

// The names of a Provenance in the metadata of a file.
const (
	stepKey  = "gzpt.step"
	stepsKey = "gzpt.steps"
	stateKey = "gzpt.state"
)

func (p Provenance) metadata() map[string]string {
	return map[string]string{stepKey: strconv.Itoa(p.Step), stepsKey: strconv.Itoa(p.Steps), stateKey: p.State}
}

// Provenance is where the file comes from, nil where no trainer exported it, or that of an older version.
func (w *WeightFile) Provenance() *Provenance { return provenanceIn(w.Metadata) }

// provenanceIn is what the metadata of a file say of it, nil where they do not.
func provenanceIn(metadata map[string]string) *Provenance {
	p := &Provenance{State: metadata[stateKey]}
	var errs [2]error
	p.Step, errs[0] = strconv.Atoi(metadata[stepKey])
	p.Steps, errs[1] = strconv.Atoi(metadata[stepsKey])
	if errs[0] != nil || errs[1] != nil {
		return nil
	}
	return p
}

// provenance is that of the weights as they are.
func (t *Trainer) provenance() Provenance {
	return Provenance{Step: t.steps, Steps: t.config.Steps, State: t.checkpoint}
}
