package cuda_test

import (
	"errors"
	"math"
	"testing"

	"gzpt/cuda/ptxsim"
	"gzpt/kernels"
	"gzpt/kernels/kerneltest"
)

// TestOutOfMemory: a tensor that does not fit is a failure with the figures, which stays; what depends on it does nothing,
// and everything can be given back.
func TestOutOfMemory(t *testing.T) {
	dev := open(t, ptxsim.Options{MemoryBytes: 4096})
	defer dev.Close()
	fits := dev.New(kernels.Float32, 256)
	dev.Free(fits)
	x, y, z := dev.New(kernels.Float32, 512), dev.New(kernels.Float32, 1024), dev.New(kernels.Float32, 1024)
	dev.Copy(z, y)
	const want = "cuda/float32: New: out of memory: 4096 bytes asked for, 2048 of 4096 there"
	values := []float32{7}
	for range 2 {
		err := dev.Read(values, x.Slice(0, 1))
		var out *kernels.OutOfMemory
		if err == nil || err.Error() != want || !errors.As(err, &out) || values[0] != 7 {
			t.Fatalf("error %v, values %v, expected %s", err, values, want)
		}
		dev.Fill(x, 1)
	}
	for _, tensor := range []kernels.Tensor{x, y, z} {
		dev.Free(tensor)
	}
	if dev.InUse() != 0 {
		t.Errorf("%d bytes in use", dev.InUse())
	}
}

// TestFails: an operation that its driver refuses makes the device fail for good, with its name in the error.
func TestFails(t *testing.T) {
	driver := ptxsim.Open(ptxsim.Options{BlockInstructions: 200})
	dev := openOver(t, driver)
	x, out := dev.New(kernels.Float32, 1<<20), dev.New(kernels.Float64, 1)
	dev.Fill(x, 1)
	if err := dev.Sync(); err != nil {
		t.Fatal(err)
	}
	dev.SumSquares(out, x) // its threads take more instructions than that
	const want = "cuda/float32: SumSquares: kernel block_sums: "
	for range 2 {
		if err := dev.Sync(); err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
			t.Fatalf("error %v, expected %s...", err, want)
		}
		dev.Fill(x, 2)
	}
	dev.Free(x)
	dev.Free(out)
	dev.Close()
}

// TestSchedules: sums of two stages over many parts give the same bits whatever the order that warps and blocks run in, and
// the value of float64.
func TestSchedules(t *testing.T) {
	const rows, channels = 3000, 5
	values := kerneltest.Fill("schedules", -1, 1, rows, channels)
	var first []float64
	for seed := range uint64(4) {
		dev := open(t, ptxsim.Options{Seed: seed, Workers: 1 + int(seed)%3})
		x, moments := dev.New(kernels.Float32, rows, channels), dev.New(kernels.Float64, 2, channels)
		db, sum := dev.New(kernels.Float32, channels), dev.New(kernels.Float64, 1)
		kerneltest.Set(dev, x, values)
		dev.ChannelMoments(moments, x)
		dev.AddBiasBackward(db, x)
		dev.SumSquares(sum, x)
		got := append(append(kerneltest.Get(dev, moments), kerneltest.Get(dev, db)...), kerneltest.Get(dev, sum)...)
		if first == nil {
			first = got
		}
		for i, v := range got {
			if math.Float64bits(v) != math.Float64bits(first[i]) {
				t.Errorf("seed %d: result %d is %v, before %v", seed, i, v, first[i])
			}
		}
		dev.Close()
	}
	var squares float64
	for _, v := range values {
		squares += float64(float32(v)) * float64(float32(v))
	}
	if got := first[len(first)-1]; math.Abs(got-squares) > 1e-12*squares {
		t.Errorf("the sum of squares is %v, want %v", got, squares)
	}
}
