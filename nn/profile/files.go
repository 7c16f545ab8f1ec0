package profile

import (
	"encoding/json"
	"io"

	"gzpt/nn"
)

// Report is the steps of several devices, with what they have in common.
type Report struct {
	// Version, Command, Machine and Date say how and when the profile was made.
	Version string `json:"version"`
	Command string `json:"command"`
	Machine string `json:"machine"`
	Date    string `json:"date"`
	// Settings are those of the training; Steps is how many of it were recorded.
	Settings nn.Config `json:"settings"`
	Steps    int       `json:"steps"`
	Devices  []*Step   `json:"devices"`
}

// WriteJSON writes the report. Times are in seconds, bytes and operations those of a step, shares from 0 to 1.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// event is one of the Trace Event Format, which Perfetto and Chrome read. Times are in microseconds.
type event struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Time     float64        `json:"ts"`
	Duration float64        `json:"dur,omitempty"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Details  map[string]any `json:"args,omitempty"`
}

// The two threads of a device in a trace.
const (
	stepThread = iota + 1
	operationThread
)

// WriteTrace writes the recorded steps as a trace: a process for each device, on which a thread has the steps, one behind
// the other, and another the operations.
func (r *Report) WriteTrace(w io.Writer) error {
	trace := struct {
		Events []event `json:"traceEvents"`
		Unit   string  `json:"displayTimeUnit"`
	}{Unit: "ms"}
	for i, s := range r.Devices {
		process := i + 1
		name := s.Device
		if s.Predicted {
			name += " (predicted)"
		}
		about := func(kind, text string, thread int) {
			trace.Events = append(trace.Events, event{Name: kind, Phase: "M", Process: process, Thread: thread, Details: map[string]any{"name": text}})
		}
		about("process_name", name, 0)
		about("thread_name", "steps", stepThread)
		about("thread_name", "operations", operationThread)
		trace.Events = append(trace.Events, s.events(process)...)
	}
	return json.NewEncoder(w).Encode(trace)
}

// events are the steps and operations as events.
func (s *Step) events(process int) []event {
	const micro = 1e6
	var events []event
	var from float64
	for n, calls := range s.Calls {
		var end float64
		step := len(events)
		events = append(events, event{Name: "step", Category: "step", Phase: "X", Time: from * micro, Process: process, Thread: stepThread,
			Details: map[string]any{"number": n + 1}})
		for _, c := range calls {
			details := map[string]any{"shape": c.Shape, "gflop": c.Operations / 1e9, "megabytes": c.Bytes / 1e6}
			if c.Layer != "" {
				details["layer"] = c.Layer
			}
			if c.Limit != "" {
				details["limit"] = c.Limit
			}
			events = append(events, event{Name: c.Operation, Category: "operation", Phase: "X", Time: (from + c.Began.Seconds()) * micro,
				Duration: c.Took.Seconds() * micro, Process: process, Thread: operationThread, Details: details})
			end = max(end, (c.Began + c.Took).Seconds())
		}
		events[step].Duration = end * micro
		from += end
	}
	return events
}
