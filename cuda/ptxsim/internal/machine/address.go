package machine

// This file finds the memory behind addresses: by the space that an instruction names, or by the window in which a
// generic address lies.

import "strings"

// The windows of shared and local memory among the generic addresses. All others are global.
const (
	sharedWindow = 1 << 60
	localWindow  = 2 << 60
	windowMask   = 15 << 60
)

type space uint8

const (
	globalSpace space = iota // constants too, which lie in global memory
	sharedSpace
	localSpace
	genericSpace
	argumentSpace
)

func spaceOf(name string) space {
	name, _, _ = strings.Cut(name, "::")
	switch name {
	case "global", "const":
		return globalSpace
	case "shared":
		return sharedSpace
	case "local":
		return localSpace
	case "param":
		return localSpace // of calls; the entry's is argumentSpace
	}
	return genericSpace
}

// access is what a request does with its bytes. Strong ones (volatile, relaxed, atomic) may meet those of other threads.
type access struct {
	bytes   int
	write   bool
	read    bool
	strong  bool
	release bool
}

// visit calls f with the memory of each lane of the mask, lowest lane first, after all checks.
func (w *warp) visit(s space, mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	switch s {
	case globalSpace:
		w.visitGlobal(mask, address, a, f)
	case sharedSpace:
		w.visitShared(mask, address, a, f)
	case localSpace:
		w.visitLocal(mask, address, a, f)
	case argumentSpace:
		w.visitArguments(mask, address, a, f)
	default:
		w.visitGeneric(mask, address, a, f)
	}
}

func (w *warp) visitGeneric(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	var shared, local uint32
	var inside wideRow
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		switch address[lane] & windowMask {
		case sharedWindow:
			shared |= 1 << lane
		case localWindow:
			local |= 1 << lane
		}
		inside[lane] = address[lane] &^ windowMask
	}
	if shared != 0 {
		w.visitShared(shared, &inside, a, f)
	}
	if local != 0 {
		w.visitLocal(local, &inside, a, f)
	}
	if global := mask &^ (shared | local); global != 0 {
		w.visitGlobal(global, address, a, f)
	}
}

func (w *warp) visitLocal(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		f(lane, w.local.access(lane, address[lane], a.bytes, a.write))
	}
	w.counts[w.pc].LocalBytes += uint64(a.bytes * onesCount(mask))
}

// visitArguments reads the block of arguments of the launch.
func (w *warp) visitArguments(mask uint32, address *wideRow, a access, f func(lane int, p []byte)) {
	arguments := w.block.launch.Arguments
	for m := mask; m != 0; m &= m - 1 {
		lane := first(m)
		at := address[lane]
		if at > uint64(len(arguments)) || at+uint64(a.bytes) > uint64(len(arguments)) {
			fail(lane, "out of bounds: %d bytes at %d of %d bytes of arguments", a.bytes, at, len(arguments))
		}
		if at%uint64(a.bytes) != 0 {
			fail(lane, "misaligned: %d bytes at %d of the arguments", a.bytes, at)
		}
		f(lane, arguments[at:at+uint64(a.bytes)])
	}
}
