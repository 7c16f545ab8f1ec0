package syntax

// This file holds instructions to the table of forms: modifiers in their order, operands of the right kind and type.

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Form is one line of the table.
type Form struct {
	text      string
	least     int    // target
	version   int    // of PTX, 10*major + minor
	exact     string // target, where only one has it
	leading   int    // modifiers that belong to the opcode and stay in front, the others have any order
	modifiers []modifier
	targets   []string
	sources   []string
}

type modifier struct {
	alternatives []string
	name         string
	optional     bool
}

// table maps opcodes to their forms.
var table = sync.OnceValue(func() map[string][]*Form {
	t := map[string][]*Form{}
	for line := range strings.Lines(forms) {
		if line = strings.TrimSpace(line); line != "" {
			opcodes, form := parseForm(line)
			for _, opcode := range opcodes {
				t[opcode] = append(t[opcode], form)
			}
		}
	}
	return t
})

// parseForm reads a line of the table. Opcodes joined by | are remembered as a modifier is, under the name op.
func parseForm(line string) (opcodes []string, f *Form) {
	f = &Form{text: line}
	left, right, _ := strings.Cut(line, ";")
	fields := strings.Fields(left)
	first, _, _ := strings.Cut(fields[0], ":")
	for _, field := range fields[1:] {
		if at, is := strings.CutPrefix(field, "@v"); is {
			f.version, _ = strconv.Atoi(at)
			continue
		}
		if at, is := strings.CutPrefix(field, "@"); is {
			f.least, _ = strconv.Atoi(strings.TrimRight(at, "a"))
			if strings.HasSuffix(at, "a") {
				f.exact = "sm_" + at
			}
			continue
		}
		f.modifiers = append(f.modifiers, parseModifier(field))
	}
	f.leading = leading(first)
	if len(f.modifiers) > 0 && (first == "cvt" && f.modifiers[0].name == "pack" || f.modifiers[0].name == "async") {
		f.leading = max(f.leading, 1)
	}
	targets, sources, _ := strings.Cut(right, "<")
	f.targets, f.sources = strings.Fields(targets), strings.Fields(sources)
	return strings.Split(first, "|"), f
}

func parseModifier(field string) (m modifier) {
	field, m.optional = strings.CutSuffix(field, "?")
	field, name, named := strings.Cut(field, ":")
	for named && strings.HasPrefix(name, ":") { // shared::cta:space
		more, rest, again := strings.Cut(name[1:], ":")
		field, name, named = field+"::"+more, rest, again
	}
	if strings.HasPrefix(field, "$") {
		field = lists[field[1:]]
	}
	m.alternatives = strings.Split(field, "|")
	if m.name = name; !named {
		m.name = m.alternatives[0]
	}
	return m
}

// match finds the form of an instruction. The text says what is wrong, empty if nothing is.
func (i *Instruction) match(module *Module) string {
	if i.Opcode == "call" {
		return i.matchCall()
	}
	choices := table()[i.Opcode]
	if why := unsupported[i.Opcode]; why != "" {
		return "is not supported: " + why
	} else if choices == nil {
		return "unknown instruction"
	}
	wrong := i.matchForms(choices, module, false)
	if wrong == unknownModifiers {
		wrong = i.matchForms(choices, module, true)
	}
	return wrong
}

const unknownModifiers = "modifiers that are unknown or not supported"

// unsupported are the instructions of the manual that have no form here, and why.
var unsupported = map[string]string{
	"tex": "textures", "tld4": "textures", "txq": "textures", "istypep": "textures", "suld": "surfaces", "sust": "surfaces", "sured": "surfaces",
	"suq": "surfaces", "multimem": "memory of several devices", "tcgen05": "the tensor memory of sm_100", "clusterlaunchcontrol": "clusters",
	"tensormap": "tensor maps that kernels change", "vmad": "video instructions beyond sums and comparisons of parts",
	"vset": "video instructions beyond sums and comparisons of parts", "vshl": "video instructions beyond sums and comparisons of parts",
	"vshr": "video instructions beyond sums and comparisons of parts",
}

// matchForms finds the form among the choices, with the modifiers in its order or, as the assembler takes them too, in any.
func (i *Instruction) matchForms(choices []*Form, module *Module, anyOrder bool) string {
	wrong := unknownModifiers
	for _, form := range choices {
		with, fits := form.matchModifiers(i.Modifiers, anyOrder)
		if !fits {
			continue
		}
		if form.least > module.Capability() || form.exact != "" && form.exact != module.Target {
			wrong = fmt.Sprintf("target %s does not have it", module.Target)
			continue
		}
		if form.version > 10*module.Version[0]+module.Version[1] {
			wrong = fmt.Sprintf("version %d.%d does not have it", module.Version[0], module.Version[1])
			continue
		}
		if with["scope"] == "cluster" && module.Capability() < 90 {
			wrong = fmt.Sprintf("target %s has no clusters", module.Target)
			continue
		}
		i.With = with
		if wrong = i.matchOperands(form); wrong == "" {
			i.Form = form
			return ""
		}
	}
	return wrong
}

// matchModifiers tries the modifiers against the form, which is small enough for trying every way.
func (f *Form) matchModifiers(given []string, anyOrder bool) (map[string]string, bool) {
	with := map[string]string{}
	if anyOrder {
		given = f.ordered(given)
	}
	if !matchModifiers(f.modifiers, given, with) {
		return nil, false
	}
	return with, true
}

// leading is the number of modifiers that an opcode is told by.
func leading(opcode string) int {
	switch opcode {
	case "mul", "mad", "madc", "mul24", "mad24", "div", "dp2a", "shf", "brx", "wgmma":
		return 1
	case "wmma":
		return 2
	case "cp", "mbarrier", "bar", "barrier", "fence", "membar", "cvta", "createpolicy", "setmaxnreg":
		return math.MaxInt
	}
	return 0
}

// ordered puts modifiers in the order of the form. Types keep theirs, which tells what they are of, and so do layouts and .xor.popc.
func (f *Form) ordered(given []string) []string {
	kind := func(text string) int {
		_, is := typeSizes[Type(text)]
		switch {
		case is:
			return 1
		case text == "row" || text == "col":
			return 2
		case text == "xor" || text == "and" || text == "popc":
			return 3
		}
		return 0
	}
	rank := func(text string) int {
		of := kind(text)
		return slices.IndexFunc(f.modifiers, func(m modifier) bool {
			return of > 0 && kind(m.alternatives[0]) == of || slices.Contains(m.alternatives, text)
		})
	}
	given = slices.Clone(given)
	slices.SortStableFunc(given[min(f.leading, len(given)):], func(a, b string) int { return rank(a) - rank(b) })
	return given
}

func matchModifiers(want []modifier, given []string, with map[string]string) bool {
	if len(want) == 0 {
		return len(given) == 0
	}
	if len(given) > 0 && slices.Contains(want[0].alternatives, given[0]) && matchModifiers(want[1:], given[1:], with) {
		with[want[0].name] = given[0]
		return true
	}
	return want[0].optional && matchModifiers(want[1:], given, with)
}

// matchCall checks the shape of a call: results, function, arguments, prototype.
func (i *Instruction) matchCall() string {
	if len(i.Modifiers) > 1 || len(i.Modifiers) == 1 && i.Modifiers[0] != "uni" {
		return "unknown modifiers"
	}
	i.With = map[string]string{}
	rest := i.Operands
	if len(rest) > 0 && rest[0].Kind == ListOperand {
		rest = rest[1:]
	}
	if len(rest) == 0 || rest[0].Kind != FunctionOperand && rest[0].Kind != RegisterOperand {
		return "expected the name of a function"
	}
	target := rest[0]
	var results, arguments []*Operand
	if i.Operands[0].Kind == ListOperand {
		results = i.Operands[0].List
	}
	if rest = rest[1:]; len(rest) > 0 && rest[0].Kind == ListOperand {
		arguments, rest = rest[0].List, rest[1:]
	}
	if target.Kind == RegisterOperand {
		if len(rest) != 1 {
			return "expected a prototype"
		}
		return ""
	}
	if len(rest) != 0 {
		return "too many operands"
	}
	if wrong := matchArguments("results", results, target.Function.Returns); wrong != "" {
		return wrong
	}
	return matchArguments("arguments", arguments, target.Function.Params)
}

func matchArguments(what string, given []*Operand, want []*Variable) string {
	if len(given) != len(want) {
		return fmt.Sprintf("%d %s, expected %d", len(given), what, len(want))
	}
	for n, o := range given {
		if o.Kind != VariableOperand || o.Variable.Space != "param" {
			return "only variables of space .param can be " + what
		}
		if o.Variable.Bytes != want[n].Bytes {
			return fmt.Sprintf("%s has %d bytes, expected %d", o.Variable.Name, o.Variable.Bytes, want[n].Bytes)
		}
	}
	return ""
}

func (i *Instruction) matchOperands(f *Form) string {
	given := i.Operands
	classes := slices.Concat(f.targets, f.sources)
	if len(given) > len(classes) {
		return fmt.Sprintf("%d operands, expected %d", len(given), len(classes))
	}
	for n, class := range classes {
		class, optional := strings.CutSuffix(class, "?")
		if n >= len(given) {
			if !optional {
				return fmt.Sprintf("%d operands, expected %d", len(given), len(classes))
			}
			continue
		}
		if wrong := i.matchOperand(class, given[n], n < len(f.targets)); wrong != "" {
			return fmt.Sprintf("operand %d: %s", n+1, wrong)
		}
	}
	return i.matchNumbers(len(f.targets))
}

// matchNumbers checks the literals that only some values suit.
func (i *Instruction) matchNumbers(targets int) string {
	switch {
	case i.Opcode == "bar" && i.Modifiers[0] != "warp" || i.Opcode == "barrier" && !i.Has("cluster"):
		if o := i.Operands[targets]; o.Kind == IntegerOperand && o.Value > 15 {
			return fmt.Sprintf("barrier %d, expected 0 to 15", o.Value)
		}
	case i.Opcode == "wgmma" && i.Has("A"):
		return i.matchScales()
	case i.Has("bulk") && i.Has("hint") != i.hinted():
		return "a cache policy and .L2::cache_hint go together"
	case i.Opcode == "cp" && len(i.Operands) > 2 && !i.Has("bulk"):
		size := i.Operands[2].Value
		if size != 16 && (i.With["cache"] != "ca" || size != 4 && size != 8) {
			return fmt.Sprintf("a copy of %d bytes", size)
		}
	case i.Opcode == "mbarrier" && i.Has("order") != i.Has("scope"):
		return "order and scope go together"
	case i.Opcode == "lop3":
		if table := i.Operands[4].Value; table > 255 {
			return fmt.Sprintf("table %d, expected 0 to 255", table)
		}
	}
	return ""
}

// matchScales checks the numbers that end wgmma: 1 or -1 to multiply A and B with, then 0 or 1 for those that are transposed.
func (i *Instruction) matchScales() string {
	for n, o := range i.Operands[4:] {
		switch value := int64(o.Value); {
		case n < 2 && value != 1 && value != -1:
			return fmt.Sprintf("%d as a scale, expected 1 or -1", value)
		case n >= 2 && value != 0 && value != 1:
			return fmt.Sprintf("%d, expected 1 for a transposed matrix or 0", value)
		}
	}
	return ""
}

// hinted says whether the last operand is a cache policy.
func (i *Instruction) hinted() bool {
	if len(i.Operands) == 0 {
		return false
	}
	last := i.Operands[len(i.Operands)-1]
	return last.Kind == RegisterOperand && last.Register.Type.Size() == 8
}

// typeOf is the type that a class means in this instruction.
func (i *Instruction) typeOf(class string) Type {
	switch {
	case class == "W":
		t := i.With["T"]
		return Type(t[:1] + strconv.Itoa(2*8*Type(t).Size()))
	case i.With[class] != "" && strings.ToUpper(class) == class:
		return Type(i.With[class])
	}
	return Type(class)
}

func (i *Instruction) matchOperand(class string, o *Operand, target bool) string {
	switch class {
	case "[]":
		return i.matchAddress(o)
	case "[map]":
		return i.matchCoordinates(o)
	case "offsets":
		return i.matchVector(o, "b16", i.dimensions()-2, false, false)
	case "imm":
		return expectKind(o, IntegerOperand, "a whole number")
	case "sink":
		return expectKind(o, SinkOperand, "_")
	case "label":
		return expectKind(o, LabelOperand, "a label")
	case "targets":
		return expectKind(o, TargetsOperand, "the name of .branchtargets")
	case "any":
		return i.matchAny(o, target)
	case "frag":
		return i.matchVector(o, "b32", map[string]int{"x1": 1, "x2": 2, "x4": 4}[i.With["count"]], false, target)
	case "mma", "wmma":
		return i.matchFragment(o, target)
	case "pred|pred":
		return matchPair(o, "pred", "pred")
	case "predicate":
		if o.Kind != IntegerOperand && !(o.Kind == SpecialOperand && specials[o.Name] == "pred") {
			return matchRegister(o, "pred", false, target)
		}
		return ""
	case "!pred":
		if o.Kind == IntegerOperand {
			return ""
		}
		return matchRegister(o, "pred", false, target)
	}
	if first, second, pair := strings.Cut(class, "|"); pair {
		return matchPair(o, i.typeOf(first), Type(second))
	}
	if rest, vector := strings.CutPrefix(class, "*"); vector {
		kind, wide := strings.CutPrefix(rest, "~")
		if count := map[string]int{"v2": 2, "v4": 4, "v8": 8}[i.With["vec"]]; count > 0 {
			if t := i.typeOf(kind); t.Size()*count > 16 {
				return "a vector of more than 16 bytes"
			}
			return i.matchVector(o, i.typeOf(kind), count, wide, target)
		}
		class = rest
	}
	kind, wide := strings.CutPrefix(class, "~")
	if o.Kind == SpecialOperand && i.Opcode == "cvt" && !i.typeOf("T").Float() && specials[o.Name].Size() == i.typeOf(kind).Size() && !target {
		return "" // whole numbers of special registers are converted without a mov
	}
	if o.Not {
		return "this predicate cannot be negated"
	}
	return matchRegister(o, i.typeOf(kind), wide, target)
}

func expectKind(o *Operand, kind OperandKind, what string) string {
	if o.Kind != kind {
		return "expected " + what
	}
	return ""
}

// dimensions is that of a tensor map.
func (i *Instruction) dimensions() int { return int(i.With["dim"][0] - '0') }

func (i *Instruction) matchCoordinates(o *Operand) string {
	if o.Kind != AddressOperand || o.List == nil {
		return "expected a tensor map with coordinates"
	}
	if o.Register == nil || o.Register.Type.Size() != 8 || o.Register.Type.Float() {
		return "expected the generic address of a tensor map in a register"
	}
	return i.matchVector(&Operand{Kind: VectorOperand, List: o.List}, "b32", i.dimensions(), false, false)
}

func (i *Instruction) matchAddress(o *Operand) string {
	if o.Kind != AddressOperand || o.List != nil {
		return "expected an address"
	}
	if r := o.Register; r != nil && r.Type != "b64" && r.Type != "u64" && r.Type != "s64" && r.Type != "b32" && r.Type != "u32" && r.Type != "s32" {
		return fmt.Sprintf("register %s of type .%s as an address", r.Name, r.Type)
	}
	if o.Variable != nil && o.Variable.Input && i.Opcode == "st" {
		return fmt.Sprintf("%s is given to the function and cannot be written", o.Variable.Name)
	}
	space, _, _ := strings.Cut(i.With["space"], "::")
	if v := o.Variable; v != nil && space != "" && v.Space != space && i.Opcode != "cp" {
		return fmt.Sprintf("%s lies in space .%s, expected .%s", v.Name, v.Space, space)
	}
	return ""
}

// halved are the special registers of which mov takes the low half too.
var halved = regexp.MustCompile(`^%n?(tid|ctaid)\.`)

// matchAny checks the operands of mov and cvta, which take addresses, special registers and vectors too.
func (i *Instruction) matchAny(o *Operand, target bool) string {
	t := Type(i.With["T"])
	switch o.Kind {
	case VectorOperand:
		if i.Opcode != "mov" || t[0] != 'b' {
			return "a vector, expected one value"
		}
		each := t.Size() / max(1, len(o.List))
		if len(o.List) != 2 && len(o.List) != 4 || each < 2 && each*len(o.List) != t.Size() {
			return fmt.Sprintf("a vector of %d", len(o.List))
		}
		return i.matchVector(o, Type("b"+strconv.Itoa(8*each)), len(o.List), false, target)
	case SpecialOperand:
		if target {
			return "expected a register"
		}
		if s := specials[o.Name]; s.Size() != t.Size() && !(t.Size() == 2 && halved.MatchString(o.Name)) || t.Float() {
			return fmt.Sprintf("%s has type .%s", o.Name, s)
		}
		return ""
	case VariableOperand, FunctionOperand:
		if target || t.Size() < 4 || t.Float() {
			return "expected a register"
		}
		return ""
	}
	return matchRegister(o, t, false, target)
}

func (i *Instruction) matchVector(o *Operand, t Type, count int, wide, target bool) string {
	list := o.List
	if o.Kind != VectorOperand && count == 1 {
		list = []*Operand{o}
	}
	if len(list) != count {
		return fmt.Sprintf("expected a vector of %d", count)
	}
	for _, element := range list {
		if element.Not {
			return "a predicate in a vector"
		}
		if wrong := matchRegister(element, t, wide, target); wrong != "" {
			return wrong
		}
	}
	return ""
}

func matchPair(o *Operand, first, second Type) string {
	if o.Kind != PairOperand {
		return matchRegister(o, first, false, true)
	}
	if o.Second != nil && o.Second.Type != second {
		return fmt.Sprintf("register %s has type .%s, expected .%s", o.Second.Name, o.Second.Type, second)
	}
	if o.Register == nil {
		return ""
	}
	return matchRegister(&Operand{Kind: RegisterOperand, Register: o.Register}, first, false, true)
}

// matchRegister checks a register, or for a source a literal, against a type.
func matchRegister(o *Operand, t Type, wide, target bool) string {
	switch o.Kind {
	case RegisterOperand:
		return matchType(o.Register, t, wide)
	case SinkOperand:
		if target {
			return ""
		}
	case IntegerOperand:
		if !target && !t.Float() && t != "pred" && !strings.HasPrefix(string(t), "bf16") && !strings.HasPrefix(string(t), "f16") {
			return ""
		}
	case FloatOperand:
		if !target && (t == "f32" || t == "f64" || t[0] == 'b' && t.Size() >= 4 && t != "bf16x2") {
			return ""
		}
	case VariableOperand, SpecialOperand:
		return "expected a register or number, which only mov makes of a name"
	}
	if target {
		return fmt.Sprintf("expected a register of type .%s", t)
	}
	return fmt.Sprintf("expected a register or number of type .%s", t)
}

// matchType checks a register's type: of equal size, or larger where wide, and a float only for a float.
func matchType(r *Register, t Type, wide bool) string {
	fits := r.Type.Size() == t.Size() || wide && r.Type.Size() > t.Size()
	switch {
	case r.Type == "pred" || t == "pred":
		fits = r.Type == t
	case r.Type[0] == 'b' && len(r.Type) == 3 || t[0] == 'b' && t != "bf16" && t != "bf16x2":
		if wide && r.Type.Size() != t.Size() && r.Type.Float() {
			fits = false
		}
	case t == "bf16" || t == "bf16x2" || t == "f16x2" || t == "u16x2" || t == "s16x2" || t == "tf32":
		fits = false // these live in registers of bits
		if t == "u16x2" || t == "s16x2" {
			fits = r.Type.Size() == 4 && !r.Type.Float()
		}
	default:
		fits = fits && r.Type.Float() == t.Float()
		if t.Float() {
			fits = r.Type == t
		}
	}
	if !fits {
		return fmt.Sprintf("register %s has type .%s, expected .%s", r.Name, r.Type, t)
	}
	return ""
}

// Targets is the number of operands that the instruction writes.
func (f *Form) Targets() int { return len(f.targets) }
