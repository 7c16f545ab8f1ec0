// Package kerneltest is the one suite that every device passes. [Run] compares each operation of a device with the
// float64 reference on exactly the same inputs, within bounds that follow from the sums of absolute products; checks
// what an operation may touch (operands flush against unmapped pages, canaries, aliasing), how NaN and infinity
// travel, that gradients accumulate and nothing is allocated; and checks the golden values.
//
// Package fardevice beside it is a device whose tensors the host cannot reach, which stands in for a GPU.
//
// It also holds what other packages' tests need of the golden files: [Fill] repeats their inputs, [Probe] compares
// outputs, [ChannelsLast] and [ChannelsFirst] convert layouts.
package kerneltest
