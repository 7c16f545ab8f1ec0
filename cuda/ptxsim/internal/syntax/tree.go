// Package syntax reads PTX: text to a tree whose names are resolved and whose instructions fit the forms of the PTX
// manual, each with its modifiers named. What it accepts ptxas accepts too, among the instructions that it knows; those
// are listed in forms.go, and any other is refused.
package syntax

// This file is the tree.

import (
	"slices"
	"strings"
)

// Type is one of the fundamental types of PTX.
type Type string

// Size is the number of bytes of a value; 0 for a predicate.
func (t Type) Size() int { return typeSizes[t] }

// Bits is the size of an element of a matrix.
func (t Type) Bits() int {
	switch t {
	case "b1":
		return 1
	case "u4", "s4":
		return 4
	}
	return 8 * t.Size()
}

// Pair is the type of the halves of a pair, empty for other types.
func (t Type) Pair() Type {
	if half, is := strings.CutSuffix(string(t), "x2"); is {
		return Type(half)
	}
	return ""
}

// Float says whether the type is a floating-point one, of which the packed pairs are not.
func (t Type) Float() bool {
	return t == "f16" || t == "f32" || t == "f64" || t == "bf16" || t == "e4m3" || t == "e5m2"
}

// fundamental says whether variables may have the type.
func (t Type) fundamental() bool {
	return t == "f16" || slices.Contains(strings.Split(lists["scalar"], "|"), string(t))
}

// Signed says whether the type is a signed integer.
func (t Type) Signed() bool { return t[0] == 's' }

var typeSizes = map[Type]int{
	"pred": 0, "b8": 1, "u8": 1, "s8": 1, "b16": 2, "u16": 2, "s16": 2, "f16": 2, "bf16": 2, "b32": 4, "u32": 4, "s32": 4, "f32": 4,
	"f16x2": 4, "bf16x2": 4, "u16x2": 4, "s16x2": 4, "tf32": 4, "b64": 8, "u64": 8, "s64": 8, "f64": 8, "b128": 16,
	"e4m3x2": 2, "e5m2x2": 2, "e4m3": 1, "e5m2": 1,
	"u4": 0, "s4": 0, "b1": 0, // less than a byte each
}

// Module is a file of PTX.
type Module struct {
	File      string
	Version   [2]int
	Target    string // sm_80
	Variables []*Variable
	Functions []*Function
}

// Capability is the number in the target, 90 for sm_90a.
func (m *Module) Capability() int {
	n := 0
	for _, c := range strings.TrimPrefix(m.Target, "sm_") {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// Variable is memory with a name.
type Variable struct {
	Name     string
	Space    string // global, const, shared, local, param
	Type     Type
	Align    int
	Bytes    int  // in all; 0 for an array without length
	Unsized  bool // extern .shared s[]
	Extern   bool
	Input    bool // a parameter that a function is given
	Initial  []byte
	Pointers []Pointer // addresses inside Initial
	Line     int
	Owner    *Function // nil for a variable of the module
}

// Pointer says that an initialiser holds the address of a symbol at some byte.
type Pointer struct {
	At, Bytes int
	Symbol    any // *Variable or *Function
	Addend    int64
	Generic   bool
}

// Register is a declared register.
type Register struct {
	Name  string
	Type  Type
	Index int // in Function.Registers
}

// Function is an entry or a function.
type Function struct {
	Name          string
	Entry         bool
	Line          int
	Params        []*Variable
	Returns       []*Variable
	Locals        []*Variable // declared inside, of every space
	Registers     []*Register // those that instructions name
	Body          []*Instruction
	Defined       bool
	MaxThreads    [3]int // 0 where nothing is said
	NeedThreads   [3]int
	NeedCluster   [3]int // blocks
	MaxCluster    int    // blocks, 0 where nothing is said
	BranchTargets [][]int

	ExplicitCluster bool // a launch must say the size of the cluster
}

// Instruction is one statement.
type Instruction struct {
	Line      int
	Guard     *Register // nil without
	GuardNot  bool
	Opcode    string
	Modifiers []string
	Operands  []*Operand
	Form      *Form
	With      map[string]string // the named modifiers of the form
}

// Has says whether a named modifier is present.
func (i *Instruction) Has(name string) bool { return i.With[name] != "" }

// Text is the opcode with its modifiers.
func (i *Instruction) Text() string {
	return strings.Join(append([]string{i.Opcode}, i.Modifiers...), ".")
}

// OperandKind tells operands apart.
type OperandKind uint8

// The kinds of operands.
const (
	RegisterOperand  OperandKind = iota
	PairOperand                  // p|q: Register and Second
	IntegerOperand               // Value
	FloatOperand                 // Value holds the bits, of a float64 where Double
	SpecialOperand               // Name: %tid.x
	VariableOperand              // Variable + Value
	FunctionOperand              // Function
	LabelOperand                 // Value: the index of the instruction
	TargetsOperand               // Value: the index in Function.BranchTargets
	AddressOperand               // [base + Value], base one of Register, Variable, nothing; of a tensor map with List, coordinates
	VectorOperand                // List
	ListOperand                  // List, of a call's arguments
	SinkOperand                  // _
	PrototypeOperand             // of an indirect call
)

// Operand is what an instruction works on.
type Operand struct {
	Kind     OperandKind
	Not      bool // !p
	Register *Register
	Second   *Register
	Value    uint64
	Double   bool
	Name     string
	Variable *Variable
	Function *Function
	List     []*Operand
}
