package main

import (
	"github.com/spf13/pflag"

	"gzpt/asm"
	"gzpt/kernels"
)

// deviceName is the device that a verb computes on.
type deviceName string

// addFlag adds the flag of the device to a group.
func (d *deviceName) addFlag(f *flags, g *pflag.FlagSet) {
	f.choice(g, (*string)(d), "device", []string{"auto", "cpu", "cuda"}, "`DEVICE` to compute on; this build has no cuda")
}

// open opens the device.
func (d deviceName) open() (kernels.Device, error) {
	if d == "cuda" {
		return nil, usagef("--device cuda: this build has the CPU alone: expected auto or cpu")
	}
	return asm.Open("")
}
