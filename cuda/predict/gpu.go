package predict

// GPU is what is published of a GPU.
type GPU struct {
	// Name is what --gpu and pages call it.
	Name string
	// Capability is 10*major + minor, Targets the architectures that ptxas compiles kernels for there.
	Capability int
	Targets    []string
	// Multiprocessors and their highest clock in Hz.
	Multiprocessors int
	Clock           float64
	// MemoryBytes is the size of the memory, Bandwidth and L2Bandwidth the rates of memory and second cache, Link that of the
	// way to the host in one direction, in bytes a second.
	MemoryBytes            int
	Bandwidth, L2Bandwidth float64
	Link                   float64
	// Float32 and Float64 are the rates of multiply-adds on ordinary cores, TF32 and BFloat16 those of dense tensor cores, in
	// operations a second.
	Float32, Float64, TF32, BFloat16 float64
	// MMASync is the share of the rates of tensor cores that mma.sync reaches; the rest needs wgmma.
	MMASync float64
}

const (
	gigabyte  = 1e9
	teraflops = 1e12
	// l2BytesAClock is what the second cache of an A100 reads in a clock, by its white paper. None is published for H100
	// and H200, which are taken to read as much.
	l2BytesAClock = 5120
)

// The GPUs, by NVIDIA's data sheets of the SXM boards. Hopper's mma.sync reaches some 63 % of the rate of its tensor cores: 494 of
// 757 TFLOP/s on an H800 (arXiv 2501.12084).
var gpus = []GPU{
	{
		Name: "A100", Capability: 80, Targets: []string{"sm_80"}, Multiprocessors: 108, Clock: 1.41e9, MemoryBytes: 80 << 30,
		Bandwidth: 2039 * gigabyte, L2Bandwidth: l2BytesAClock * 1.41e9, Link: 31.5 * gigabyte,
		Float32: 19.5 * teraflops, Float64: 9.7 * teraflops, TF32: 156 * teraflops, BFloat16: 312 * teraflops, MMASync: 1,
	},
	{
		Name: "H100", Capability: 90, Targets: []string{"sm_90", "sm_90a"}, Multiprocessors: 132, Clock: 1.98e9, MemoryBytes: 80 << 30,
		Bandwidth: 3350 * gigabyte, L2Bandwidth: l2BytesAClock * 1.98e9, Link: 63 * gigabyte,
		Float32: 66.9 * teraflops, Float64: 33.5 * teraflops, TF32: 494.7 * teraflops, BFloat16: 989.4 * teraflops, MMASync: 0.63,
	},
	{
		Name: "H200", Capability: 90, Targets: []string{"sm_90", "sm_90a"}, Multiprocessors: 132, Clock: 1.98e9, MemoryBytes: 141 * gigabyte,
		Bandwidth: 4800 * gigabyte, L2Bandwidth: l2BytesAClock * 1.98e9, Link: 63 * gigabyte,
		Float32: 66.9 * teraflops, Float64: 33.5 * teraflops, TF32: 494.7 * teraflops, BFloat16: 989.4 * teraflops, MMASync: 0.63,
	},
}

// GPUs are those that times are predicted for.
func GPUs() []GPU { return append([]GPU(nil), gpus...) }

// Peak is the rate of multiply-adds that a training of a precision can reach, in operations a second: that of ordinary cores
// for float32, whose kernels are exact, and that of tensor cores for tf32 and bfloat16.
func (g GPU) Peak(precision string) float64 {
	switch precision {
	case "bfloat16":
		return g.BFloat16
	case "tf32":
		return g.TF32
	}
	return g.Float32
}
