//go:build !amd64 || noasm

package asm

import "gzpt/kernels"

func assemblyTiers() []string { return nil }

func openAssembly(string) kernels.Device { panic("asm: this build has no assembly") }

func contrastKept(int, bool) bool { return false }
