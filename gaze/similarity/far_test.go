package similarity

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze/internal/gazetest"
	"gzpt/gaze/similarity/internal/measure"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest/fardevice"
	"gzpt/kernels/reference"
)

// TestRelateOnFarDevice: every measure gives the bits of the reference on a device that is out of the host's reach, and leaves
// no byte behind on either.
func TestRelateOnFarDevice(t *testing.T) {
	near, far := reference.New(kernels.Float32), fardevice.New(fardevice.Options{})
	defer far.Close()
	items := gazetest.Some(30)
	for _, m := range Measures() {
		for _, readers := range []string{"merge", "mean"} {
			want, err := Relate(context.Background(), near, items, RelateOptions{Measure: m.Name, Readers: readers})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Relate(context.Background(), far, items, RelateOptions{Measure: m.Name, Readers: readers})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Values, want.Values) {
				t.Errorf("%s, %s: another matrix", m.Name, readers)
			}
			if near.InUse() != 0 || far.InUse() != 0 {
				t.Errorf("%s, %s: %d and %d bytes were not given back", m.Name, readers, near.InUse(), far.InUse())
			}
		}
	}
}

// TestRelateOnFailingDevice: whichever call fails, the relation ends in an error that names the device and an operation, a
// relation that is there stays as it is, and on a good device the same call goes on to the same bits.
func TestRelateOnFailingDevice(t *testing.T) {
	const n = measure.ProductSide + 40 // several blocks, and strips of those on the diagonal
	items := gazetest.Some(n)
	file := filepath.Join(t.TempDir(), "relation.npy")
	relate := func(o fardevice.Options) (*fardevice.Device, error) {
		t.Helper()
		far := fardevice.New(o)
		r, err := Relate(context.Background(), far, items, RelateOptions{Measure: "dhash", File: file})
		if err == nil {
			err = r.Close()
		}
		if n := far.InUse(); n != 0 {
			t.Errorf("%d bytes were not given back", n)
		}
		far.Close()
		return far, err
	}
	whole, err := relate(fardevice.Options{})
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= whole.Calls(); at++ {
		for _, left := range []string{".part", ".blocks"} { // nothing is left of the last call
			if err := os.Remove(file + left); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
		_, err := relate(fardevice.Options{FailAt: at})
		if err == nil || !strings.Contains(err.Error(), "gaze measure dhash: far/float32: ") {
			t.Fatalf("call %d of %d fails: error %v", at, whole.Calls(), err)
		}
		if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, good) {
			t.Fatalf("call %d of %d fails: the relation that was there has changed, %v", at, whole.Calls(), err)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := relate(fardevice.Options{}); err != nil { // goes on where the last failure left it
		t.Fatal(err)
	}
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, good) {
		t.Errorf("the relation that goes on after a failure differs, %v", err)
	}
}

// TestRelateOutOfMemory: the error says what is there and what takes less.
func TestRelateOutOfMemory(t *testing.T) {
	far := fardevice.New(fardevice.Options{Capacity: 1000})
	defer far.Close()
	_, err := Relate(context.Background(), far, gazetest.Some(30), RelateOptions{Measure: "heatmap-cc"})
	if err == nil || !strings.Contains(err.Error(), "of 1000 there") || !strings.Contains(err.Error(), "fewer images") {
		t.Errorf("error %v", err)
	}
}
