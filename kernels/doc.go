// Package kernels is the contract between networks and the hardware they run on.
//
// A [Tensor] is a dense block of numbers in the memory of one device. A [Device] carries out one documented operation
// per method on tensors; the doc comment of a method is the loop that it computes. Package reference implements the
// contract in portable Go and is the oracle; package asm implements it in AVX2 and AVX-512 assembly. Every
// implementation passes the one suite of package kerneltest.
//
// # Layout
//
// Activations are NHWC (item, row, column, channel), convolution weights KRSC (output channel, kernel row, kernel
// column, input channel), matrices row-major. A BatchNorm, a bias or a ReLU treats an activation as the matrix
// [N*H*W, C]: its last dimension is the channel, all the others together are the rows.
//
// # Order, memory, errors
//
// The operations of a device run in the order of issue, perhaps after the call has returned; Read, ReadFloat64 and Sync wait
// for them. Memory belongs to one device, may be out of the host's reach, and is given back by Free or, all at once, by the
// Close of a [Scope]. A device that has failed does nothing any more, and says so wherever it is waited for. Operations
// allocate nothing once a shape has been seen. Unless a method says otherwise its operands must not overlap, except that an output may be
// exactly the same tensor as an input of the same shape where the method says "in place".
//
// Gradients of parameters accumulate (+=), so that two views and several micro-batches add up; gradients of
// activations are overwritten (=).
//
// A caller's mistake (shape, element type, option) panics with a constant text such as
// "kernels: Conv2D: ...". NaN and infinity are values like any other: no operation panics on them, hides them, or
// reads a NaN as a number.
package kernels
