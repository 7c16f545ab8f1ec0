package cuda

import (
	"errors"
	"fmt"
	"slices"

	"gzpt/cuda/internal/driver"
)

// recording notes the work of operations, to issue it as a whole. A list of work that is like one of before is a CUDA graph, for
// which the host makes one call. Every parameter of every work is compared with what the graph has, and those that differ are set
// first: what is done is always what was noted. A list that is like no other is issued one by one, for it may be the only one of its
// kind; when the next one comes, they get a graph.
type recording struct {
	on      bool
	list    list    // what is not issued yet
	longest int     // the list is issued when it is so long
	plans   []*plan // at most mostPlans, the one used last at the end
	staging staging // host memory of the driver's, which graphs copy from and to when they are launched
}

const (
	// mostPlans is how many lists are kept: a trainer has some five, more where an update has several micro-batches.
	mostPlans = 32
	// firstLength is the length of the first list after a wait: short, so that the GPU has work while the host notes the rest. Each
	// further list is lengthen times as long as the one before, as most work takes a GPU longer than the host needs to note it.
	firstLength = 64
	lengthen    = 4
)

// list is work in order.
type list struct {
	notes     []note
	arguments []byte // of its kernels; where it has grown, the first ones lie in memory of before
}

// note is work and the operation that it belongs to.
type note struct {
	driver.Work
	op string
}

// plan is a list that was issued, and its graph from the second time on.
type plan struct {
	list
	graph driver.Graph
}

// Record has operations noted from now on, unless the settings say otherwise.
func (d *Device) Record() {
	d.recording.on = !d.settings.WithoutGraphs
	d.recording.longest = firstLength
}

// Issue begins what was noted.
func (d *Device) Issue() { d.issue("Issue") }

// Stop is Issue, and ends the recording.
func (d *Device) Stop() {
	d.issue("Stop")
	d.recording.on = false
}

// do issues or notes work, unless the device has failed.
func (d *Device) do(op string, w driver.Work) {
	switch {
	case d.err != nil:
	case d.recording.on:
		r := &d.recording
		if r.list.add(op, w); len(r.list.notes) == r.longest {
			r.longest *= lengthen
			d.issue(op)
		}
	default:
		d.failIn(op, &w, w.On(d.stream))
	}
}

// failIn is fail for work, which names a kernel.
func (d *Device) failIn(op string, w *driver.Work, err error) {
	if err != nil && w.Kind == driver.Kernel {
		err = fmt.Errorf("kernel %s: %w", w.Function.Name(), err)
	}
	d.fail(op, err)
}

// add notes work. The arguments of a kernel are copied.
func (l *list) add(op string, w driver.Work) {
	from := len(l.arguments)
	l.arguments = append(l.arguments, w.Arguments...)
	w.Arguments = l.arguments[from:]
	l.notes = append(l.notes, note{w, op})
}

func (l *list) clear() { l.notes, l.arguments = l.notes[:0], l.arguments[:0] }

// alike reports whether a graph of one list can be changed to do the other.
func (l *list) alike(other *list) bool {
	if len(l.notes) != len(other.notes) {
		return false
	}
	for i := range l.notes {
		if !l.notes[i].Alike(&other.notes[i].Work) {
			return false
		}
	}
	return true
}

// issue begins what was noted; op is what asks for it.
func (d *Device) issue(op string) {
	r := &d.recording
	if len(r.list.notes) == 0 {
		return
	}
	defer r.list.clear()
	if d.err != nil {
		return
	}
	p := r.plan()
	if p == nil {
		d.issueNew(op)
		return
	}
	if p.graph == nil {
		d.makeGraph(op, p)
	} else {
		d.setChanged(p)
	}
	p.list, r.list = r.list, p.list
	if d.err == nil {
		d.failOf(op, p.notes, p.graph.Launch(d.stream))
	}
}

// plan is that of a list like the one that was noted, the last used first; nil where there is none. It has then been used last.
func (r *recording) plan() *plan {
	for i, p := range slices.Backward(r.plans) {
		if p.alike(&r.list) {
			r.plans = append(slices.Delete(r.plans, i, i+1), p)
			return p
		}
	}
	return nil
}

// issueNew issues a list one by one and keeps it, in place of the one that was not used for longest.
func (d *Device) issueNew(op string) {
	r := &d.recording
	for i := range r.list.notes {
		if n := &r.list.notes[i]; d.err == nil {
			d.failIn(n.op, &n.Work, n.On(d.stream))
		}
	}
	p := &plan{}
	if len(r.plans) == mostPlans {
		p.list = d.forget(op, r.plans[0])
		r.plans = slices.Delete(r.plans, 0, 1)
	}
	p.list, r.list = r.list, p.list
	r.plans = append(r.plans, p)
}

// forget gives the graph of a plan back, and leaves the memory of its list.
func (d *Device) forget(op string, p *plan) list {
	if p.graph != nil && d.err == nil {
		if d.fail(op, d.stream.Synchronize()); d.err == nil { // it may be under way
			d.fail(op, p.graph.Destroy())
		}
	}
	p.clear()
	return p.list
}

// makeGraph makes the graph of a plan, of the work that was noted.
func (d *Device) makeGraph(op string, p *plan) {
	notes := d.recording.list.notes
	work := make([]driver.Work, len(notes))
	for i := range notes {
		work[i] = notes[i].Work
	}
	graph, err := d.driver.NewGraph(work)
	d.failOf(op, notes, err)
	p.graph = graph
}

// setChanged gives a graph the parameters that were noted.
func (d *Device) setChanged(p *plan) {
	for i := range p.notes {
		if n := &d.recording.list.notes[i]; !n.Same(&p.notes[i].Work) && d.err == nil {
			d.failOf(n.op, d.recording.list.notes, p.graph.Set(i, &n.Work))
		}
	}
}

// failOf is fail for a graph, with the operation of the work that has failed where that is known.
func (d *Device) failOf(op string, notes []note, err error) {
	if err == nil {
		return
	}
	var of *driver.WorkError
	if errors.As(err, &of) {
		n := &notes[of.Number]
		d.failIn(n.op, &n.Work, of.Err)
		return
	}
	d.fail(op, err)
}

// stageForGraph is stage while operations are recorded. Blocks of all sizes are kept, because the same transfers come again.
func (d *Device) stageForGraph(op string, bytes int) []byte {
	b := d.recording.staging.next()
	if cap(*b) >= bytes {
		return (*b)[:bytes]
	}
	size := max(bytes, 2*cap(*b))
	if *b != nil { // what used it has been waited for
		d.fail(op, d.driver.FreeHost(*b))
	}
	*b = nil
	if d.err == nil {
		made, err := d.driver.AllocHost(size)
		d.fail(op, err)
		*b = made
	}
	if d.err != nil {
		return make([]byte, bytes)
	}
	return (*b)[:bytes]
}
