package fardevice_test

import (
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
	"gzpt/kernels/kerneltest/fardevice"
)

// TestSuite runs the suite on the far device, with some shapes: they are the reference's, which passes it with all.
func TestSuite(t *testing.T) {
	for _, typ := range []kernels.Type{kernels.Float32, kernels.Float64} {
		t.Run(typ.String(), func(t *testing.T) {
			if testing.Short() && typ == kernels.Float64 {
				t.Skip("it has the code and the goroutines of float32; run without -short")
			}
			kerneltest.Suite{Open: func(testing.TB) kernels.Device { return fardevice.New(fardevice.Options{Type: typ}) }, Allocates: true, Slow: true}.Run(t)
		})
	}
}

// TestIsLate: an operation is done when somebody waits; a source that must not be used again yet shows if it is, and one
// that may be does not.
func TestIsLate(t *testing.T) {
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	x := far.New(kernels.Float32, 2)
	for _, test := range []struct {
		name string
		src  []float32
		want float64
	}{{"a buffer", far.NewBuffer(4)[1:3], 9}, {"a slice", make([]float32, 2), 7}} {
		test.src[0] = 7
		far.Write(x, test.src)
		test.src[0] = 9
		if got := kerneltest.Get(far, x)[0]; got != test.want {
			t.Errorf("%s that held 7 and was used again at once: the tensor holds %v, want %v", test.name, got, test.want)
		}
		test.src[0] = 5
		if got := kerneltest.Get(far, x)[0]; got != test.want {
			t.Errorf("%s that was used again after a wait: the tensor holds %v, want %v", test.name, got, test.want)
		}
	}
}

// TestFails: the call that is told to fails, what comes before it is done, nothing after it, and the error stays.
func TestFails(t *testing.T) {
	const want = "far/float32: Fill: failed as it was told to"
	for at, text := range map[int]string{0: "", 1: "far/float32: New: failed as it was told to", 3: want} {
		far := fardevice.New(fardevice.Options{FailAt: at})
		x := far.New(kernels.Float32, 1)
		far.Fill(x, 1)
		far.Fill(x, 2)
		far.Fill(x, 3)
		got := []float64{-1}
		err := far.ReadFloat64(got, x)
		if text == "" && (err != nil || got[0] != 3) {
			t.Errorf("without a failure: %v, %v", got, err)
		}
		for range 2 {
			if text != "" && (err == nil || err.Error() != text || got[0] != -1) {
				t.Errorf("call %d fails: the tensor holds %v, error %v", at, got, err)
			}
			far.Fill(x, 4)
			err = far.Sync()
		}
		far.Free(x)
		if far.InUse() != 0 {
			t.Errorf("call %d fails: %d bytes in use", at, far.InUse())
		}
		far.Close()
	}
}

// TestCapacity: a tensor that does not fit is a failure with the figures; what is given back fits again.
func TestCapacity(t *testing.T) {
	far := fardevice.New(fardevice.Options{Capacity: 100})
	defer far.Close()
	x := far.New(kernels.Float32, 20)
	far.Free(x)
	y := far.New(kernels.Float32, 20)
	if err := far.Sync(); err != nil {
		t.Fatal(err)
	}
	z := far.New(kernels.Float32, 6)
	const want = "far/float32: New: out of memory: 24 bytes asked for, 20 of 100 there"
	if err := far.Read(make([]float32, 6), z); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	far.Free(y)
	far.Free(z)
	if far.InUse() != 0 {
		t.Errorf("%d bytes in use", far.InUse())
	}
}

// TestPoison: a buffer that was given back holds no number, and is not given back twice.
func TestPoison(t *testing.T) {
	far := fardevice.New(fardevice.Options{})
	defer far.Close()
	b := far.NewBuffer(2)
	far.FreeBuffer(b)
	if err := far.Sync(); err != nil {
		t.Fatal(err)
	}
	if b[0] == b[0] || b[1] == b[1] {
		t.Errorf("the buffer holds %v", b)
	}
	defer func() {
		if recover() == nil {
			t.Error("a buffer is given back twice")
		}
	}()
	far.FreeBuffer(b)
}
