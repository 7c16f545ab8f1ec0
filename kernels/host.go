package kernels

// HostWrite is Write and WriteFloat64 of a device that computes in host memory.
func HostWrite[E float32 | float64](dst Tensor, src []E) {
	switch dst.Type() {
	case Float32:
		convert(dst.Float32(), src)
	case Float64:
		convert(dst.Float64(), src)
	case Int32:
		convert(dst.Int32(), src)
	case BFloat16:
		to := dst.BFloat16()
		for i, v := range src {
			to[i] = ToBFloat16(float64(v))
		}
	}
}

// HostRead is Read and ReadFloat64 of a device that computes in host memory.
func HostRead[E float32 | float64](dst []E, src Tensor) {
	switch src.Type() {
	case Float32:
		convert(dst, src.Float32())
	case Float64:
		convert(dst, src.Float64())
	case Int32:
		convert(dst, src.Int32())
	case BFloat16:
		for i, b := range src.BFloat16() {
			dst[i] = E(FromBFloat16(b))
		}
	}
}

func convert[A, B float32 | float64 | int32](dst []A, src []B) {
	for i, v := range src {
		dst[i] = A(v)
	}
}
