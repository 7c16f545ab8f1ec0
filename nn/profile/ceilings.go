package profile

import (
	"slices"
	"time"

	"gzpt/kernels"
)

// Ceilings is what a device can do at most.
type Ceilings struct {
	// Peak is the rate of multiply-adds in registers, in GFLOP/s; 0 where nobody knows it.
	Peak float64 `json:"peak_gflops"`
	// Copies are the rates of copies of several sizes, the smallest first: what fits into a cache is copied faster.
	Copies []Copy `json:"copies"`
	// Source says where the numbers come from: "measured in this process", "published".
	Source string `json:"source"`
}

// Copy is the rate of a copy that moves Bytes bytes, read and written together, in GB/s.
type Copy struct {
	Bytes float64 `json:"bytes"`
	Rate  float64 `json:"gbytes_per_s"`
}

// Bandwidth is the rate of the smallest copy that moves at least so many bytes, or else of the largest one, in GB/s; 0 where
// nobody knows one.
func (c Ceilings) Bandwidth(bytes float64) float64 {
	if len(c.Copies) == 0 {
		return 0
	}
	for _, copied := range c.Copies {
		if copied.Bytes >= bytes {
			return copied.Rate
		}
	}
	return c.Memory()
}

// Memory is the rate of the largest copy, 0 where nobody knows one.
func (c Ceilings) Memory() float64 {
	if len(c.Copies) == 0 {
		return 0
	}
	return c.Copies[len(c.Copies)-1].Rate
}

// best takes the faster of two measurements of the same ceilings.
func (c Ceilings) best(d Ceilings) Ceilings {
	c.Copies = slices.Clone(c.Copies)
	c.Peak = max(c.Peak, d.Peak)
	for i := range c.Copies {
		c.Copies[i].Rate = max(c.Copies[i].Rate, d.Copies[i].Rate)
	}
	return c
}

// MeasureCopy is the rate of a copy inside the memory of a device that moves so many bytes, in GB/s; the fastest of several.
func MeasureCopy(dev kernels.Device, bytes int) float64 {
	n := bytes / 2 / dev.Type().Size()
	from, to := dev.New(dev.Type(), n), dev.New(dev.Type(), n)
	defer dev.Free(from)
	defer dev.Free(to)
	best := time.Duration(1 << 62)
	for range 10 {
		_ = dev.Sync() // an error stays the device's, and is told where a result is read
		began := time.Now()
		dev.Copy(to, from)
		_ = dev.Sync()
		best = min(best, time.Since(began))
	}
	return rate(float64(from.Bytes()+to.Bytes()), best.Seconds())
}
