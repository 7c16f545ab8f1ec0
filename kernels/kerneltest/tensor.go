package kerneltest

import "gzpt/kernels"

// Set copies values into a tensor of the device: exactly into a float64 tensor in host memory, otherwise rounded to
// float32.
func Set(dev kernels.Device, t kernels.Tensor, values []float64) {
	if t.Type() == kernels.Float64 {
		if copy(t.Float64(), values); len(values) != t.Len() {
			panic("kerneltest: Set: length of the values differs from the tensor's")
		}
		return
	}
	rounded := make([]float32, len(values))
	for i, v := range values {
		rounded[i] = float32(v)
	}
	dev.Write(t, rounded)
}

// Get is the elements of a tensor of the device.
func Get(dev kernels.Device, t kernels.Tensor) []float64 {
	values := make([]float64, t.Len())
	dev.ReadFloat64(values, t)
	return values
}
