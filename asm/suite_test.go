package asm_test

import (
	"testing"

	"gzpt/asm"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// open starts the CPU device of a tier.
func open(tb testing.TB, tier string) kernels.Device {
	dev, err := asm.Open(tier)
	if err != nil {
		tb.Fatal(err)
	}
	return dev
}

// shortened is tiers, the last of them where tests are short, as under the race detector: to that all tiers are the same Go.
func shortened(tiers []string) []string {
	if testing.Short() && len(tiers) > 1 {
		return tiers[len(tiers)-1:]
	}
	return tiers
}

// TestSuite runs the conformance suite on every assembly tier of this machine. The first tier, the reference, runs it in
// its own package.
func TestSuite(t *testing.T) {
	for _, tier := range shortened(asm.Tiers()[1:]) {
		t.Run(tier, func(t *testing.T) {
			kerneltest.Run(t, func(tb testing.TB) kernels.Device { return open(tb, tier) })
		})
	}
}

// FuzzConv2D compares all convolution operations of every tier with the reference on any geometry.
func FuzzConv2D(f *testing.F) {
	var devices []kernels.Device
	for _, tier := range shortened(asm.Tiers()) {
		devices = append(devices, open(f, tier))
	}
	for _, seed := range [][11]uint8{
		{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 6, 8, 3, 32, 2, 2, 0, 1, 0, 0}, {1, 9, 4, 12, 15, 2, 2, 1, 1, 0, 0},
		{1, 12, 12, 3, 6, 6, 6, 1, 3, 0, 0}, {1, 7, 7, 4, 9, 2, 2, 0, 2, 1, 1}, {0, 3, 3, 3, 3, 0, 0, 2, 0, 0, 2},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], seed[5], seed[6], seed[7], seed[8], seed[9], seed[10])
	}
	f.Fuzz(func(t *testing.T, n, h, w, c, k, r, s, stride, pad, dilation, groups uint8) {
		group := 1 + int(groups)%4
		g := kerneltest.Geometry{
			N: int(n) % 4, H: 1 + int(h)%20, W: 1 + int(w)%20, C: group * (1 + int(c)%40), K: group * (1 + int(k)%40),
			R: 1 + int(r)%7, S: 1 + int(s)%7,
			Conv: kernels.Conv{Stride: 1 + int(stride)%4, Pad: int(pad) % 6, Dilation: 1 + int(dilation)%3, Groups: group},
		}
		for _, dev := range devices {
			kerneltest.CheckConv2D(t, dev, g)
		}
	})
}

// FuzzContrast compares the contrastive loss of every tier with the reference at any sizes, some of several tiles.
func FuzzContrast(f *testing.F) {
	var devices []kernels.Device
	for _, tier := range shortened(asm.Tiers()) {
		devices = append(devices, open(f, tier))
	}
	f.Add(uint16(3), uint16(5), uint16(4), uint8(6), uint8(0), false)
	f.Add(uint16(130), uint16(65), uint16(0), uint8(33), uint8(4), true)
	f.Add(uint16(70), uint16(0), uint16(600), uint8(17), uint8(5), false)
	f.Fuzz(func(t *testing.T, anchors, keys, queue uint16, depth, form uint8, symmetric bool) {
		c := kernels.Contrast{Scale: 1.25, Keys: kernels.Keys(form % 3), Normaliser: kernels.Normaliser(form / 3 % 2)}
		for _, dev := range devices {
			kerneltest.CheckContrast(t, dev, int(anchors)%300, int(keys)%700, int(queue)%700-1, int(depth)%140, c, symmetric)
		}
	})
}
