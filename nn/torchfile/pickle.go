package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// What a pickle makes is nil for None, a bool, int64, float64 or string, or one of these.
type (
	tuple []any
	list  struct{ items []any }
	// dict is a dictionary of any kind, with its entries in order. A key that comes twice is found by who reads it.
	dict  struct{ entries []entry }
	entry struct{ key, value any }
	// long is an integer of more than 8 bytes, two's complement, little-endian.
	long string
	// function is what a name of the pickle stands for when it is called.
	function func(arguments tuple) (any, error)
)

// maxInstructions bounds the work and, with maxPickle, the memory of a pickle. A tensor of a state dictionary takes about
// 40 instructions and 150 bytes.
const (
	maxInstructions = 1 << 22
	maxPickle       = 64 << 20
)

// machine runs a pickle: a program for a stack of values and a memo of numbered values.
type machine struct {
	in    *input
	stack []any
	marks []int // heights of the stack
	memo  map[uint64]any
	done  int // instructions, and the items that they copied
	// persistent is the value of an identifier that refers to something outside the pickle.
	persistent func(id any) (any, error)
}

// The instructions of pickles of protocols 2 to 5, as far as a dictionary of tensors has them. Names are those of Python's
// pickletools.
const (
	opMark            = '('
	opStop            = '.'
	opPop             = '0'
	opPopMark         = '1'
	opBinFloat        = 'G'
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opBinInt2         = 'M'
	opNone            = 'N'
	opBinPersID       = 'Q'
	opReduce          = 'R'
	opBinString       = 'T'
	opShortBinString  = 'U'
	opBinUnicode      = 'X'
	opAppend          = 'a'
	opBuild           = 'b'
	opGlobal          = 'c'
	opAppends         = 'e'
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opSetItem         = 's'
	opTuple           = 't'
	opSetItems        = 'u'
	opEmptyTuple      = ')'
	opEmptyList       = ']'
	opEmptyDict       = '}'
	opProto           = 0x80
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opLong1           = 0x8a
	opBinBytes        = 'B'
	opShortBinBytes   = 'C'
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
)

// maxProtocol is the newest protocol whose instructions are known here.
const maxProtocol = 5

// unpickle runs the pickle that begins where in stands and returns its value; in is then behind it.
func unpickle(in *input, persistent func(id any) (any, error)) (any, error) {
	m := &machine{in: in, memo: map[uint64]any{}, persistent: persistent}
	for ; m.done < maxInstructions; m.done++ {
		at := in.at
		op, err := in.byte()
		if err != nil {
			return nil, err
		}
		if op == opStop {
			if len(m.stack) != 1 || len(m.marks) > 0 {
				return nil, fmt.Errorf("the pickle ends at byte %d with %d values, expected 1", at, len(m.stack))
			}
			return m.stack[0], nil
		}
		if err := m.do(op); err != nil {
			if _, ok := errors.AsType[*endError](err); ok {
				return nil, err
			}
			return nil, fmt.Errorf("the pickle at byte %d: %w", at, err)
		}
	}
	return nil, fmt.Errorf("the pickle has more than %d instructions", maxInstructions)
}

// do carries out one instruction.
func (m *machine) do(op byte) error {
	switch op {
	case opProto:
		protocol, err := m.in.byte()
		if err == nil && protocol > maxProtocol {
			err = fmt.Errorf("protocol %d of pickle, expected at most %d", protocol, maxProtocol)
		}
		return err
	case opFrame:
		_, err := m.in.bytes(8) // the length of a part of the pickle, for readers that fetch it at once
		return err
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opPop:
		_, err := m.pop()
		return err
	case opPopMark:
		_, err := m.popMark()
		return err
	case opNone:
		return m.push(nil)
	case opNewTrue, opNewFalse:
		return m.push(op == opNewTrue)
	case opBinFloat, opBinInt, opBinInt1, opBinInt2, opLong1:
		return m.number(op)
	case opBinString, opShortBinString, opBinUnicode, opShortBinUnicode, opBinUnicode8, opBinBytes, opShortBinBytes:
		return m.text(op)
	case opEmptyTuple, opTuple, opTuple1, opTuple2, opTuple3:
		return m.tuple(op)
	case opEmptyList:
		return m.push(&list{})
	case opEmptyDict:
		return m.push(&dict{})
	case opAppend, opAppends, opSetItem, opSetItems, opBuild:
		return m.fill(op)
	case opBinPut, opLongBinPut, opMemoize:
		return m.put(op)
	case opBinGet, opLongBinGet:
		return m.get(op)
	case opGlobal, opStackGlobal, opReduce, opBinPersID:
		return m.outside(op)
	}
	return fmt.Errorf("instruction %#02x is none that a dictionary of tensors has", op)
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

var errStack = errors.New("the stack is empty")

// pop takes the top of the stack, but nothing below the last mark.
func (m *machine) pop() (any, error) {
	n := len(m.stack) - 1
	if n < 0 || len(m.marks) > 0 && n < m.marks[len(m.marks)-1] {
		return nil, errStack
	}
	v := m.stack[n]
	m.stack = m.stack[:n]
	return v, nil
}

// popN takes the n topmost values, the lowest first.
func (m *machine) popN(n int) (tuple, error) {
	values := make(tuple, n)
	for i := n - 1; i >= 0; i-- {
		var err error
		if values[i], err = m.pop(); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// popMark takes the values above the last mark, and the mark.
func (m *machine) popMark() (tuple, error) {
	if len(m.marks) == 0 {
		return nil, errors.New("no mark on the stack")
	}
	mark := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	values := append(tuple{}, m.stack[mark:]...)
	m.stack = m.stack[:mark]
	return values, nil
}

// number pushes the number that follows an instruction.
func (m *machine) number(op byte) error {
	switch op {
	case opBinFloat:
		b, err := m.in.bytes(8)
		if err != nil {
			return err
		}
		return m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case opLong1:
		n, err := m.in.unsigned(1)
		if err != nil {
			return err
		}
		b, err := m.in.bytes(n)
		if err != nil {
			return err
		}
		if n > 8 {
			return m.push(long(b))
		}
		var v int64
		for i, x := range b {
			v |= int64(x) << (8 * i)
		}
		shift := 64 - 8*n // the sign is that of the last byte
		return m.push(v << shift >> shift)
	case opBinInt:
		v, err := m.in.unsigned(4)
		if err != nil {
			return err
		}
		return m.push(int64(int32(v)))
	}
	width := 1
	if op == opBinInt2 {
		width = 2
	}
	v, err := m.in.unsigned(width)
	if err != nil {
		return err
	}
	return m.push(int64(v))
}

// text pushes the string that follows an instruction, behind its length. The byte strings of Python 2 are strings too.
func (m *machine) text(op byte) error {
	width := 4
	switch op {
	case opShortBinString, opShortBinUnicode, opShortBinBytes:
		width = 1
	case opBinUnicode8:
		width = 8
	}
	n, err := m.in.unsigned(width)
	if err != nil {
		return err
	}
	b, err := m.in.bytes(n)
	if err != nil {
		return err
	}
	return m.push(string(b))
}

func (m *machine) tuple(op byte) (err error) {
	var values tuple
	switch op {
	case opTuple:
		values, err = m.popMark()
	case opEmptyTuple:
		values = tuple{}
	default:
		values, err = m.popN(int(op) - opTuple1 + 1)
	}
	if err != nil {
		return err
	}
	return m.push(values)
}

// fill adds the topmost values to the list or dictionary below them.
func (m *machine) fill(op byte) (err error) {
	var values tuple
	switch op {
	case opAppends, opSetItems:
		values, err = m.popMark()
	case opSetItem:
		values, err = m.popN(2)
	default:
		values, err = m.popN(1)
	}
	if err != nil {
		return err
	}
	below, err := m.pop()
	if err != nil {
		return err
	}
	switch c := below.(type) {
	case *list:
		if op != opAppend && op != opAppends {
			return errors.New("a list is filled as a dictionary")
		}
		c.items = append(c.items, values...)
	case *dict:
		if op == opBuild { // attributes of an OrderedDict, such as the versions of a module's state
			break
		}
		if op != opSetItem && op != opSetItems || len(values)%2 != 0 {
			return errors.New("a dictionary is filled with something else than pairs")
		}
		for i := 0; i < len(values); i += 2 {
			c.entries = append(c.entries, entry{values[i], values[i+1]})
		}
	default:
		return fmt.Errorf("%s is filled, expected a list or a dictionary", describe(below))
	}
	return m.push(below)
}

// put remembers the top of the stack.
func (m *machine) put(op byte) error {
	key, err := uint64(len(m.memo)), error(nil)
	switch op {
	case opBinPut:
		key, err = m.in.unsigned(1)
	case opLongBinPut:
		key, err = m.in.unsigned(4)
	}
	if err != nil {
		return err
	}
	v, err := m.pop()
	if err != nil {
		return err
	}
	m.memo[key] = v
	return m.push(v)
}

// get pushes what was remembered.
func (m *machine) get(op byte) error {
	width := 1
	if op == opLongBinGet {
		width = 4
	}
	key, err := m.in.unsigned(width)
	if err != nil {
		return err
	}
	v, ok := m.memo[key]
	if !ok {
		return fmt.Errorf("value %d was not remembered", key)
	}
	return m.push(v)
}

// outside carries out the instructions that reach out of the pickle: names, calls, identifiers.
func (m *machine) outside(op byte) (err error) {
	var v any
	switch op {
	case opGlobal:
		v, err = m.global()
	case opStackGlobal:
		v, err = m.stackGlobal()
	case opReduce:
		v, err = m.reduce()
	case opBinPersID:
		if v, err = m.pop(); err == nil {
			v, err = m.persistent(v)
		}
	}
	if err != nil {
		return err
	}
	return m.push(v)
}

// global is what two lines name, a module and a name in it.
func (m *machine) global() (any, error) {
	module, err := m.in.line()
	if err != nil {
		return nil, err
	}
	name, err := m.in.line()
	if err != nil {
		return nil, err
	}
	return global(module, name)
}

// stackGlobal is what the two topmost strings name.
func (m *machine) stackGlobal() (any, error) {
	names, err := m.popN(2)
	if err != nil {
		return nil, err
	}
	module, okModule := names[0].(string)
	name, okName := names[1].(string)
	if !okModule || !okName {
		return nil, errors.New("a global that is not named by strings")
	}
	return global(module, name)
}

// reduce is a function of a tuple of arguments.
func (m *machine) reduce() (any, error) {
	call, err := m.popN(2)
	if err != nil {
		return nil, err
	}
	f, okFunction := call[0].(function)
	arguments, okArguments := call[1].(tuple)
	if !okFunction || !okArguments {
		return nil, fmt.Errorf("a call of %s with %s", describe(call[0]), describe(call[1]))
	}
	for _, a := range arguments {
		if l, ok := a.(*list); ok {
			m.done += len(l.items) // which the function may copy, in every call that the memo makes with it
		}
	}
	return f(arguments)
}
