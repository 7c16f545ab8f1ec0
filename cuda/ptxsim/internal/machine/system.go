package machine

// This file has what kernels ask of the system, by functions of CUDA C that PTX calls without their bodies: memory, and printf, whose
// format and values lie in memory.

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"gzpt/cuda/ptxsim/internal/syntax"
)

// heapBytes is the heap's size, which is that of CUDA where nobody asks for another, on a small device half of what is free.
const heapBytes = 8 << 20

// heap is one allocation of global memory from which kernels take parts. None is used again, so that a use after free shows.
type heap struct {
	sync.Mutex
	base  uint64
	size  uint64
	next  uint64
	parts map[uint64]uint64 // bytes by address, of those not given back
}

// prepareHeap makes the heap of a device at the first launch that may need it.
func (g *Global) prepareHeap() error {
	if g.heap != nil {
		return nil
	}
	size := min(heapBytes, (g.limit-g.used)/2)
	base, err := g.Alloc(size)
	if err == nil {
		g.heap = &heap{base: base, size: uint64(size), parts: map[uint64]uint64{}}
	}
	return err
}

// take is malloc: 0 where there is no room.
func (h *heap) take(bytes uint64) uint64 {
	h.Lock()
	defer h.Unlock()
	if bytes > h.size-h.next {
		return 0
	}
	at := h.base + h.next
	h.parts[at] = bytes
	h.next = min(h.size, (h.next+max(bytes, 1)+15)&^15)
	return at
}

// giveBack is free, and says how many bytes that are, and whether there was such a part.
func (h *heap) giveBack(at uint64) (bytes uint64, known bool) {
	h.Lock()
	defer h.Unlock()
	bytes, known = h.parts[at]
	delete(h.parts, at)
	return bytes, known
}

// callAllocator is a call of malloc.
func (c *compiler) callAllocator(arguments, results []*syntax.Operand) {
	size, result := c.locals[arguments[0].Variable], c.locals[results[0].Variable]
	c.allocates = true
	c.step().control = func(w *warp, g *group, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			at := w.block.launch.global.heap.take(number(w.local.lane(lane).data[size : size+8]))
			p, _ := w.local.access(lane, uint64(result), 8, true)
			putNumber(p, at)
		}
		g.pc++
	}
}

// callFree is a call of free. What is given back has no value any more.
func (c *compiler) callFree(arguments, _ []*syntax.Operand) {
	pointer := c.locals[arguments[0].Variable]
	c.allocates = true
	c.step().control = func(w *warp, g *group, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			at := number(w.local.lane(lane).data[pointer : pointer+8])
			if at == 0 {
				continue
			}
			bytes, known := w.block.launch.global.heap.giveBack(at)
			if !known {
				fail(lane, "free of %#x, which malloc has not given or which is free already", at)
			}
			for n := range bytes {
				w.forgetByte(globalSpace, lane, at+n)
			}
		}
		g.pc++
	}
}

// longestText is the most characters of a format, or of a text that is printed.
const longestText = 1 << 16

// callPrinter prints for each lane what it asks for. The result is the number of values.
func (c *compiler) callPrinter(arguments, results []*syntax.Operand) {
	format, values := c.locals[arguments[0].Variable], c.locals[arguments[1].Variable]
	c.step().control = func(w *warp, g *group, mask uint32) {
		for m := mask; m != 0; m &= m - 1 {
			lane := first(m)
			data := w.local.lane(lane).data
			text, count := w.printed(lane, w.text(lane, number(data[format:format+8])), number(data[values:values+8]))
			w.block.launch.print(text)
			for _, o := range results {
				at, size := c.locals[o.Variable], o.Variable.Bytes
				p, _ := w.local.access(lane, uint64(at), size, true)
				putNumber(p, uint64(count))
			}
		}
		g.pc++
	}
}

// print writes a text whole.
func (l *Launch) print(text string) {
	if l.output == nil {
		return
	}
	l.printing.Lock()
	defer l.printing.Unlock()
	fmt.Fprint(l.output, text)
}

// peek reads a value of a lane at a generic address.
func (w *warp) peek(lane int, at uint64, bytes int) (value uint64) {
	var address wideRow
	address[lane] = at
	w.visitGeneric(1<<lane, &address, access{bytes: bytes, read: true}, func(_ int, p []byte) { value = number(p) })
	return value
}

// text reads a string that ends with a zero.
func (w *warp) text(lane int, at uint64) string {
	var s strings.Builder
	for n := uint64(0); ; n++ {
		if n == longestText {
			fail(lane, "a text of printf has no end")
		}
		c := byte(w.peek(lane, at+n, 1))
		if c == 0 {
			return s.String()
		}
		s.WriteByte(c)
	}
}

// values are what printf was given, one after the other, each aligned to its size.
type values struct {
	warp  *warp
	lane  int
	at    uint64
	count int
}

func (v *values) next(bytes uint64) uint64 {
	v.at = (v.at + bytes - 1) &^ (bytes - 1)
	value := v.warp.peek(v.lane, v.at, int(bytes))
	v.at += bytes
	v.count++
	return value
}

// printed puts the values at an address into a format.
func (w *warp) printed(lane int, format string, at uint64) (string, int) {
	v := &values{warp: w, lane: lane, at: at}
	var s strings.Builder
	for {
		before, rest, more := strings.Cut(format, "%")
		s.WriteString(before)
		if !more {
			return s.String(), v.count
		}
		format = v.print(&s, rest)
	}
}

// print writes one value by the format that stands behind a percent sign, and returns the rest.
func (v *values) print(s *strings.Builder, format string) string {
	directive, long := "%", false
	for n := 0; n < len(format); n++ {
		switch c := format[n]; c {
		case '*':
			directive += fmt.Sprint(int32(v.next(4)))
		case 'h', 't', 'j', 'z', 'l', 'L':
			long = long || c != 'h' // a short one comes as an int
		case 'd', 'i', 'u', 'x', 'X', 'o', 'c':
			v.printWhole(s, directive, c, long)
			return format[n+1:]
		case 'e', 'E', 'f', 'F', 'g', 'G', 'a', 'A':
			v.printFloat(s, directive, c)
			return format[n+1:]
		case 's':
			fmt.Fprintf(s, directive+"s", v.warp.text(v.lane, v.next(8)))
			return format[n+1:]
		case 'p':
			fmt.Fprintf(s, directive+"s", fmt.Sprintf("%#x", v.next(8)))
			return format[n+1:]
		case '%':
			s.WriteByte('%')
			return format[n+1:]
		default:
			if !strings.ContainsRune("-+ #0123456789.", rune(c)) {
				s.WriteString(directive + format[n:n+1]) // no directive of C
				return format[n+1:]
			}
			directive += string(c)
		}
	}
	return ""
}

func (v *values) printWhole(s *strings.Builder, directive string, verb byte, long bool) {
	bytes := uint64(4)
	if long && verb != 'c' {
		bytes = 8
	}
	value := v.next(bytes)
	switch {
	case verb != 'd' && verb != 'i':
		if verb == 'u' {
			verb = 'd'
		}
		fmt.Fprintf(s, directive+string(verb), value)
	case bytes == 8:
		fmt.Fprintf(s, directive+"d", int64(value))
	default:
		fmt.Fprintf(s, directive+"d", int32(value))
	}
}

func (v *values) printFloat(s *strings.Builder, directive string, verb byte) {
	x := math.Float64frombits(v.next(8))
	switch verb {
	case 'a', 'A':
		verb += 'x' - 'a'
	case 'g', 'G':
		if !strings.Contains(directive, ".") {
			directive += ".6"
		}
	}
	fmt.Fprintf(s, directive+string(verb), x)
}
