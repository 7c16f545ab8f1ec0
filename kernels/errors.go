package kernels

import "fmt"

// OutOfMemory is the failure of a device that lacks the memory that New or NewBuffer asked for.
type OutOfMemory struct {
	// Asked, Free and Total are bytes: of the one tensor, of what is there, of the whole memory.
	Asked, Free, Total int64
}

func (e *OutOfMemory) Error() string {
	return fmt.Sprintf("out of memory: %d bytes asked for, %d of %d there", e.Asked, e.Free, e.Total)
}
