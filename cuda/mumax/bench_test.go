//go:build cuda

package mumax

import "testing"

// BenchmarkWait is what it costs to hand a call to the thread of the context and to wait for it.
func BenchmarkWait(b *testing.B) {
	d := open(b).(*Device)
	nothing := func() error { return nil }
	b.ReportAllocs()
	for b.Loop() {
		if err := d.do("nothing", nothing); err != nil {
			b.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkIssue is what it costs to leave work for a stream to the thread, which every launch pays: the context's thread has less to do
// here than with a GPU.
func BenchmarkIssue(b *testing.B) {
	d := open(b).(*Device)
	nothing := func() {}
	b.ReportAllocs()
	for b.Loop() {
		if err := d.later("nothing", nothing); err != nil {
			b.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}
