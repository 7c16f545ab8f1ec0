// Package trace records what a device does: each operation with its shape, the layer that it belongs to, the work that its
// definition asks for and the time that it took. [Device] is a device in front of another one; a network runs on it
// unchanged. An operation that the contract gains does not compile until it has a line here.
package trace

import (
	"fmt"
	"strings"
	"time"

	"gzpt/kernels"
)

// Call is one operation that a device has carried out.
type Call struct {
	// Operation is the method of kernels.Device.
	Operation string
	// Shape is what the work follows from, for people.
	Shape string
	// Layer is the parameter that an operand is, "" where none is one.
	Layer string
	Work
	Reading
}

// Clock times operations, one at a time.
type Clock interface {
	// Reset begins a recording, from which all times count.
	Reset()
	// Start begins an operation.
	Start()
	// Stop ends it, which is a method of kernels.Device with its work.
	Stop(operation string, w Work) Reading
}

// Reading is what a clock says of an operation.
type Reading struct {
	// Began is the time since the beginning of the recording, Took that of the operation.
	Began, Took time.Duration
	// Limit is what the time follows from, where the clock computes it from a model; "" where it was measured.
	Limit string
}

// wall is the clock on the wall. It waits for the device around each operation, so that work which was issued before counts
// nowhere; on a device that works behind the back of its caller the operations then follow each other with gaps.
type wall struct {
	device       kernels.Device
	reset, began time.Time
}

func (w *wall) Reset() { w.reset = time.Now() }

func (w *wall) Start() {
	_ = w.device.Sync() // an error stays the device's, and is told where its result is read
	w.began = time.Now()
}

func (w *wall) Stop(string, Work) Reading {
	_ = w.device.Sync()
	return Reading{Began: w.began.Sub(w.reset), Took: time.Since(w.began)}
}

// Device carries out operations on another device and, between Begin and End, records them.
type Device struct {
	passed
	device    kernels.Device
	clock     Clock
	recording bool
	calls     []Call
	// Layer is the layer that a tensor is a parameter of, "" for any other tensor; nil where nobody knows.
	Layer func(kernels.Tensor) string
}

var _ kernels.Device = (*Device)(nil)

// passed is what of a device is no operation on tensors: all of it goes to the device behind.
type passed interface {
	Name() string
	Type() kernels.Type
	Supports(t kernels.Type) bool
	New(t kernels.Type, dims ...int) kernels.Tensor
	Free(t kernels.Tensor)
	InUse() int64
	NewBuffer(n int) []float32
	FreeBuffer(b []float32)
	Sync() error
	Close()
}

// Products names what the device multiplies its tensors in, which a device may have a choice of: "float32" where it has none.
func (d *Device) Products() string {
	if chosen, ok := d.device.(interface{ Products() string }); ok {
		return chosen.Products()
	}
	return d.Type().String()
}

// New is a recorder in front of a device. A nil clock is the one on the wall.
func New(dev kernels.Device, clock Clock) *Device {
	if clock == nil {
		clock = &wall{device: dev}
	}
	return &Device{passed: dev, device: dev, clock: clock}
}

// Begin starts to record.
func (d *Device) Begin() {
	d.recording, d.calls = true, nil
	d.clock.Reset()
}

// End stops and gives what was recorded, in order.
func (d *Device) End() []Call {
	d.recording = false
	return d.calls
}

// start begins an operation.
func (d *Device) start() {
	if d.recording {
		d.clock.Start()
	}
}

// stop ends it; operands are those that may be parameters.
func (d *Device) stop(operation, shape string, w Work, operands ...kernels.Tensor) {
	if !d.recording {
		return
	}
	reading := d.clock.Stop(operation, w)
	d.calls = append(d.calls, Call{Operation: operation, Shape: shape, Layer: d.layer(operands), Work: w, Reading: reading})
}

// layer is that of the first operand that has one.
func (d *Device) layer(operands []kernels.Tensor) string {
	if d.Layer == nil {
		return ""
	}
	for _, t := range operands {
		if name := d.Layer(t); name != "" {
			return name
		}
	}
	return ""
}

// dimensions writes the shape of a tensor: 32x56x56x64.
func dimensions(t kernels.Tensor) string {
	if t.Rank() == 0 {
		return "-"
	}
	words := make([]string, t.Rank())
	for i := range words {
		words[i] = fmt.Sprint(t.Dim(i))
	}
	text := strings.Join(words, "x")
	if t.Type() == kernels.BFloat16 {
		text += " bfloat16"
	}
	return text
}

// taps writes the shape of a convolution: 32x56x56x64, 128 of 3x3/2 for 128 filters of 3x3 at stride 2.
func taps(x, w kernels.Tensor, c kernels.Conv) string {
	c = c.Resolved()
	text := fmt.Sprintf("%s, %d of %dx%d/%d", dimensions(x), w.Dim(0), w.Dim(1), w.Dim(2), c.Stride)
	if c.Dilation > 1 {
		text += fmt.Sprintf(" dilation %d", c.Dilation)
	}
	if c.Groups > 1 {
		text += fmt.Sprintf(" groups %d", c.Groups)
	}
	return text
}

// factors writes the shape of a matrix product: m x k by k x n.
func factors(c, a kernels.Tensor, p kernels.Product) string {
	depth := a.Dim(1)
	if p.TransA {
		depth = a.Dim(0)
	}
	return fmt.Sprintf("%dx%d by %dx%d", c.Dim(0), depth, depth, c.Dim(1))
}

// anchors writes the shape of a contrastive loss.
func anchors(q, k, queue kernels.Tensor) string {
	text := fmt.Sprintf("%s against %d", dimensions(q), k.Dim(0))
	if queue.Rank() > 0 {
		text += fmt.Sprintf("+%d", queue.Dim(0))
	}
	return text
}
