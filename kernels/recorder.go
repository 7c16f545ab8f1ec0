package kernels

// Recorder is a device that can take a whole list of operations at once. Where operations come again and again, such as those of
// a training step, that takes the host less time than one after the other. What is computed is the same.
type Recorder interface {
	Device
	// Record has the device note operations from now on. It begins them at Issue, at Stop, and where somebody waits for it: Read,
	// ReadFloat64, Sync, Free, FreeBuffer. Otherwise all holds that the contract says of operations.
	Record()
	// Issue begins the operations that were noted so far. It is worth it before the host does something long.
	Issue()
	// Stop is Issue, and ends the recording.
	Stop()
}

// Record is that of a device that has it. Other devices do operations as they come.
func Record(dev Device) {
	if r, ok := dev.(Recorder); ok {
		r.Record()
	}
}

// Issue is that of a device that has it.
func Issue(dev Device) {
	if r, ok := dev.(Recorder); ok {
		r.Issue()
	}
}

// Stop is that of a device that has it.
func Stop(dev Device) {
	if r, ok := dev.(Recorder); ok {
		r.Stop()
	}
}
