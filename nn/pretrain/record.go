package pretrain

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"gzpt/kernels/checksum"
	"gzpt/nn"
	"gzpt/nn/internal/named"
	"gzpt/nn/rundir"
)

// Record is config.json: what a run is, so that it can be continued, repeated and told from others.
type Record struct {
	// Format is the version of the record; 0 in those from before there was one.
	Format int `json:"format"`
	Origin
	// Network is the settings that determine the training; its Data is the identity of what it trains on.
	Network nn.Config `json:"network"`
	TrainedOn
	// Init is the backbone that the run started from, "" for none.
	Init    string `json:"init,omitempty"`
	Device  string `json:"device"`
	Started string `json:"started"`
	// Checksums is that of each file that was written with the record, by its name; nil in records of older versions.
	Checksums map[string]string `json:"checksums,omitempty"`
}

const recordFormat = 1

// Origin is what whoever begins a run wants to have in its record.
type Origin struct {
	// Settings is the caller's own settings by name, such as flags.
	Settings map[string]json.RawMessage `json:"settings,omitempty"`
	// Measure is the gaze measure with every parameter, "" without gaze.
	Measure string `json:"measure,omitempty"`
	// Command and Folder are the exact command and where it was called, Version that of the program, Machine what its speed
	// and last bits depend on.
	Command string `json:"command,omitempty"`
	Folder  string `json:"folder,omitempty"`
	Version string `json:"version,omitempty"`
	Machine any    `json:"machine,omitempty"`
	// Skipped is the input that was left out.
	Skipped []string `json:"skipped,omitempty"`
}

// ErrRelation says that a folder holds a relation alone, which nothing was trained on.
var ErrRelation = errors.New("of a relation, expected that of a training")

// ReadRecord reads the record of a run. That of a relation alone is an [ErrRelation].
func ReadRecord(dir rundir.Dir) (*Record, error) {
	r := &Record{}
	sealed, err := rundir.ReadSealed(dir.Config(), r)
	if err != nil {
		return nil, err
	}
	if r.Checksums != nil && !sealed {
		return nil, fmt.Errorf("%s: %w: it has lost its checksum", dir.Config(), checksum.ErrDamaged)
	}
	if r.Format > recordFormat {
		return nil, fmt.Errorf("%s: format %d, this program reads up to %d", dir.Config(), r.Format, recordFormat)
	}
	if r.Network.Arch == (nn.Arch{}) && r.Settings != nil {
		return nil, fmt.Errorf("%s: the record %w", dir.Config(), ErrRelation)
	}
	return r, nil
}

// same demands that the settings are those of the run's record in a file, and names each that is not.
func (was *Record) same(file string, now Record) error {
	differences := named.Differences(named.Values(was.Network), named.Values(now.Network))
	if was.Format > 0 {
		differences = append(differences, named.Differences(was.TrainedOn.values(), now.TrainedOn.values())...)
		if was.Init != now.Init {
			differences = append(differences, named.Difference{Name: "init", A: was.Init, B: now.Init})
		}
	}
	var faults []error
	for _, d := range differences {
		faults = append(faults, fmt.Errorf("%s: %s is %s in the run, but %s here", file, d.Name, cmp.Or(d.A, "not set"), cmp.Or(d.B, "not set")))
	}
	return errors.Join(faults...)
}
