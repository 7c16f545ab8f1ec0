//go:build !linux || !amd64

package tracer

// Run cannot trace here.
func Run(Command) (Result, error) { return Result{}, ErrUnsupported }
