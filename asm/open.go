package asm

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"gzpt/kernels"
	"gzpt/kernels/reference"
)

// referenceTier is the tier that every build and machine has.
const referenceTier = "reference"

// Tiers lists the tiers of this build on this machine, from the plainest to the fastest; the first is "reference".
func Tiers() []string { return append([]string{referenceTier}, assemblyTiers()...) }

// Open starts the CPU device of a tier. The empty string means the tier that GZPT_CPU names, or without it the fastest
// one. A tier that the machine or the build lacks is an error, never a silent fallback.
func Open(tier string) (kernels.Device, error) {
	tiers := Tiers()
	asked := tier
	if tier == "" {
		asked = os.Getenv("GZPT_CPU")
		tier = asked
	}
	if tier == "" {
		tier = tiers[len(tiers)-1]
	}
	if !slices.Contains(tiers, tier) {
		return nil, fmt.Errorf("asm: no CPU tier %q here: this machine and build have %s", asked, strings.Join(tiers, ", "))
	}
	if tier == referenceTier {
		return reference.New(kernels.Float32), nil
	}
	return openAssembly(tier), nil
}
