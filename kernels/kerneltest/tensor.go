package kerneltest

import "gzpt/kernels"

// Set copies values into a tensor of the device, rounded once to its type.
func Set(dev kernels.Device, t kernels.Tensor, values []float64) { dev.WriteFloat64(t, values) }

// Get is the elements of a tensor of the device. It panics with the device's error where that has failed.
func Get(dev kernels.Device, t kernels.Tensor) []float64 {
	values := make([]float64, t.Len())
	if err := dev.ReadFloat64(values, t); err != nil {
		panic("kerneltest: Get: " + err.Error())
	}
	return values
}
