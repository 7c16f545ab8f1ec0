package memory

import (
	"syscall"
	"testing"
)

// Of a limit of addresses that is left counts, not what Go's runtime has taken of it.
func TestAddressSpace(t *testing.T) {
	const left = 1 << 30
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &before); err != nil {
		t.Fatal(err)
	}
	limit := before
	limit.Cur = uint64(taken()) + left
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
		t.Skip("a lower limit of addresses stands already: ", err)
	}
	got, ok := addressSpace()
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &before); err != nil {
		t.Fatal(err)
	}
	if !ok || got > left || got < left-left/8 { // it may have taken some more by now
		t.Errorf("%d bytes, %v, expected %d", got, ok, left)
	}
	if taken() < 64<<20 {
		t.Errorf("%d bytes are taken", taken())
	}
}
